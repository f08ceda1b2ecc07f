"""Files of departments: every row is an item under the contract, and wrong ones come back."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from hub import registry
from hub.access.keys import Sender
from hub.access.scope import Scope
from hub.definitions.admission import BodyError
from hub.definitions.coded import coded
from hub.definitions.contract import Contract
from hub.repair.following import rejections
from hub.sheets.files import (
    admit_file,
    corrections,
    errors,
    is_table,
    judge_file,
    shown_code,
    table_of,
)
from tests.conftest import Hub

DOSSIER = registry.contracts()["dossier"]
READING = registry.contracts()["reading"]
TITLES = {f.name: f.doc.vi for f in DOSSIER.fields}
ROW = {
    "event_id": "1",
    "dossier_code": "H57.132-230517-0001",
    "occurred_at": "17/05/2023 08:00",
    "kind": "received",
    "received_by": "H57.132",
    "procedure_code": "1.005129",
    "service_level": "full",
    "channel": "online",
    "due_at": "2023-05-24T17:00:00+07:00",
}


def as_csv(rows: list[dict[str, str]], titles: dict[str, str] = TITLES) -> bytes:
    out = io.StringIO()
    names = list(dict.fromkeys(n for row in rows for n in row))
    writer = csv.writer(out)
    writer.writerow([titles.get(n, n) for n in names])
    writer.writerows([[row.get(n, "") for n in names] for row in rows])
    return out.getvalue().encode()


@pytest.mark.parametrize("titles", [TITLES, {}])
def test_rows_are_items_whether_columns_have_titles_or_names(titles: dict[str, str]) -> None:
    found = admit_file(DOSSIER, as_csv([ROW, ROW | {"event_id": "2"}], titles))
    assert found.rejected == []
    assert found.indexes == [1, 2]
    first = found.events.row(0, named=True)
    assert (first["dossier_code"], first["channel"]) == (ROW["dossier_code"], "online")
    assert first["occurred_at"] == 1_684_285_200_000_000
    assert first["satisfied"] is None


def test_each_wrong_row_is_named_by_row_and_column() -> None:
    rows = [ROW, ROW | {"channel": "pigeon"}, ROW | {"due_at": "mai"}, ROW | {"received_by": ""}]
    found = admit_file(DOSSIER, as_csv(rows))
    assert found.indexes == [1]
    assert [(v.index, v.field, v.rule) for v in found.rejected] == [
        (2, "channel", "unknown_value"),
        (3, "due_at", "malformed_instant"),
        (4, "received_by", "required"),
    ]
    assert f"dòng 3, cột {TITLES['channel']}" in found.rejected[0].message_vi
    assert "dòng 4" in found.rejected[1].message_vi
    assert "row 5" in found.rejected[2].message_en


def test_a_reception_may_leave_its_due_date_empty() -> None:
    found = admit_file(DOSSIER, as_csv([ROW | {"due_at": ""}]))
    assert found.rejected == []
    assert found.events.row(0, named=True)["due_at"] is None


def test_numbers_and_truth_are_read_as_people_write_them() -> None:
    titles = {f.name: f.doc.vi for f in READING.fields}
    row = {
        "event_id": "1",
        "station_code": "ST01",
        "measured_at": "2023-05-17T05:00:00+07:00",
        "quantity": "salinity",
        "value": "4,5",
        "unit": "g/L",
    }
    found = admit_file(READING, as_csv([row], titles))
    assert found.rejected == []
    assert found.events["value"].to_list() == [4500]
    rated = {k: ROW[k] for k in ("event_id", "dossier_code", "occurred_at")} | {"kind": "rated"}
    rows = [rated | {"satisfied": said} for said in ("Có", "không", "1", "maybe")]
    found = admit_file(DOSSIER, as_csv(rows))
    assert found.events["satisfied"].to_list() == [True, False, True]
    assert [v.rule for v in found.rejected] == ["not_a_boolean"]


CONTRACTS = registry.contracts()


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=list(CONTRACTS))
def test_a_value_of_a_closed_set_may_be_called_as_people_call_it(contract: Contract) -> None:
    reads = {c.field: c.reads for c in table_of(contract).columns}
    for f in contract.sent:
        words = coded(contract, f.name).words
        if not words or f.kind != "text":
            continue
        assert set(words) <= set(f.limits["enum"])
        for code in f.limits["enum"]:
            for name in (code, shown_code(contract, f.name, code), *words.get(code, ())):
                assert reads[f.name](name) == reads[f.name](name.upper()) == code, name
        assert reads[f.name]("bồ câu") == "bồ câu"  # which the contract refuses


def test_a_value_outside_of_a_closed_set_is_refused_in_the_sender_s_words() -> None:
    (v,) = admit_file(DOSSIER, as_csv([ROW | {"channel": "bồ câu"}])).rejected
    assert "“bồ câu” ngoài danh sách; chỉ nhận counter (trực tiếp), online (trực" in v.message_vi


@pytest.mark.parametrize("written", ["Được tiếp nhân", "duoc tiep nhan", "recieved"])
def test_a_near_word_of_a_closed_set_is_offered_in_place_of_the_list(written: str) -> None:
    (v,) = admit_file(DOSSIER, as_csv([ROW | {"kind": written}])).rejected
    assert v.message_vi.endswith(
        f"“{written}” ngoài danh sách; gần giống, ví dụ received (được tiếp nhận)?"
    )
    assert v.message_en.endswith(f"“{written}” is not on the list; near, such as received?")


def test_a_table_of_the_drop_folder_is_read_over_http_too() -> None:
    """A reporter sends the same table by whichever way."""
    titles = "Đơn vị báo cáo;Dịch vụ;Hình thức;Địa bàn;Kỳ;Lần báo cáo;Số giao dịch;Số khách hàng;"
    rows = "NH01;nước;tiền mặt;H57;05/2023;1;1000;900;50.000.000"
    admitted = admit_file(registry.contracts()["payment"], f"{titles}Số tiền\n{rows}\n".encode())
    assert admitted.rejected == []
    (event,) = admitted.events.select("service", "period", "revision", "amount_vnd").rows()
    assert event == ("water", "2023-05", 1, 50_000_000)


def test_a_workbook_is_read_too(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Danh sách hồ sơ"])
    sheet.append([TITLES[n] for n in ROW])
    sheet.append(list(ROW.values()))
    book.save(tmp_path / "f.xlsx")
    found = judge_file(DOSSIER, (tmp_path / "f.xlsx").read_bytes())
    assert (found.rejected, found.indexes) == ([], [2])


def test_a_file_that_cannot_be_read_as_a_whole_is_refused_as_a_whole() -> None:
    for data, rule in (
        (b"a,b\n1,2\n", "missing_header"),
        (as_csv([ROW]).split(b"\n")[0], "empty"),
        (b"PK\x03\x04junk", "malformed_xlsx"),
        (b"", "missing_header"),
    ):
        with pytest.raises(BodyError) as raised:
            admit_file(DOSSIER, data)
        assert raised.value.rule == rule, data[:20]
        assert raised.value.status == 400


def test_a_row_that_cannot_be_read_is_not_said_to_lack_a_name_that_no_row_needs() -> None:
    row = {k: v for k, v in ROW.items() if k != "event_id"} | {"occurred_at": "hôm qua"}
    (verdict,) = admit_file(DOSSIER, as_csv([row])).rejected
    assert [f.field for f in verdict.each()] == ["occurred_at"]


def test_json_and_tables_are_told_apart() -> None:
    assert not is_table(b' [{"a":1}]')
    assert not is_table(b'\xef\xbb\xbf{"a":1}\n{"a":2}')
    assert is_table(as_csv([ROW]))
    assert is_table(b"PK\x03\x04")


def test_what_was_rejected_comes_back_and_corrected_is_taken(hub: Hub) -> None:
    formula = "=cmd|' /C calc'!A0"
    rows = [ROW, ROW | {"event_id": "2", "channel": "pigeon"}, ROW | {"dossier_code": formula}]
    body = as_csv(rows)
    sender = Sender("tester")
    answer = hub.gateway.accept(DOSSIER, sender, body, judge=admit_file).body
    assert (answer["accepted"], len(answer["rejected"])) == (1, 2)
    hub.runner.catch_up()
    kept = hub.log.receipt(answer["receipt"])
    assert kept is not None
    said = errors(DOSSIER, rejections(hub.log, hub.seals.opener(), answer["receipt"], kept))
    back: list[dict[str, Any]] = list(csv.DictReader(io.StringIO(said.removeprefix("\ufeff"))))
    assert [r["Dòng"] for r in back] == ["3", "4"]
    assert back[0]["Cột sai"] == TITLES["channel"]
    assert "chỉ nhận" in back[0]["Lý do từ chối"]
    assert back[1][TITLES["dossier_code"]] == f"'{formula}"
    corrected = said.replace("pigeon", "post").replace(f"'{formula}", "H57.132-230517-0003")
    again = hub.gateway.accept(DOSSIER, sender, corrected.encode(), judge=admit_file).body
    assert (again["accepted"], again["rejected"]) == (2, [])


@pytest.mark.parametrize("value", [12.345, 1.234, 0.123, 0.0, -0.5, 1e-3, 1234567, 13.69])
def test_a_number_is_written_as_it_is_read_again(value: float) -> None:
    item = {"event_id": "+1", "station_code": "'=1", "quantity": "-x", "value": value}
    one = {"event_id": "r:0", "index": 0, "field": "", "message_vi": "", "message_en": ""}
    said = errors(READING, [one | {"original": json.dumps(item)}])
    header, row = csv.reader(io.StringIO(said.removeprefix("\ufeff")))
    text = dict(zip(header, row, strict=True))
    read = {c.field: c.reads for c in table_of(READING).columns}
    title = {c.field: c.headers[0] for c in table_of(READING).columns}
    for name, was in item.items():
        assert not text[title[name]].startswith(("+", "=", "-x"))
        found = read[name](text[title[name]])
        assert float(found) == value if name == "value" else found == was


@pytest.mark.parametrize("line", [b"[" * 3_000 + b"]" * 3_000, b'{"event_id": "\\ud800"}', b"\xff"])
def test_whatever_was_rejected_can_be_written(line: bytes) -> None:
    one = {"event_id": "r:0", "index": 0, "field": "", "message_vi": "", "message_en": ""}
    said = errors(DOSSIER, [one | {"original": line.decode(errors="replace")}])
    assert said.encode().count(b"\r\n") == 2


def test_a_row_of_another_unit_is_kept_with_what_it_said(hub: Hub) -> None:
    sender = Sender("tester", Scope(units=frozenset({"H99"})))
    answer = hub.gateway.accept(DOSSIER, sender, as_csv([ROW]), judge=admit_file).body
    assert [v["rule"] for v in answer["rejected"]] == ["unit_not_allowed"]
    kept = hub.log.receipt(answer["receipt"])
    assert kept is not None
    (one,) = rejections(hub.log, hub.seals.opener(), answer["receipt"], kept)
    assert ROW["dossier_code"] in one["original"]


def test_a_file_of_corrections_names_its_items(hub: Hub) -> None:
    rows = [ROW, ROW | {"event_id": "2", "channel": "pigeon"}]
    answer = hub.gateway.accept(DOSSIER, Sender("tester"), as_csv(rows), judge=admit_file).body
    kept = hub.log.receipt(answer["receipt"])
    assert kept is not None
    said = errors(
        DOSSIER, rejections(hub.log, hub.seals.opener(), answer["receipt"], kept)
    ).replace("pigeon", "post")
    ((name, item),) = corrections(DOSSIER, said.encode())
    assert name == f"{answer['receipt']}:2"  # the row of the file, less one
    assert isinstance(item, bytes)
    assert json.loads(item)["channel"] == "post"
    with pytest.raises(BodyError) as raised:
        corrections(DOSSIER, as_csv([ROW]))
    assert raised.value.rule == "missing_header"
