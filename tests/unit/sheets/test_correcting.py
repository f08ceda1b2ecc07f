"""What is typed in the place of cells: read by itself, and no longer a doubt on its column."""

import pytest

from hub import registry
from hub.clock import iso
from hub.definitions.admission import BodyError
from hub.sheets.files import admit_file
from tests.laws.test_files import ROW, as_csv

DOSSIER = registry.contracts()["dossier"]
PAYMENT = registry.contracts()["payment"]
READING = registry.contracts()["reading"]


def test_a_corrected_cell_takes_the_place_of_what_stood_there() -> None:
    data = as_csv([ROW, ROW | {"event_id": "2", "channel": "bồ câu"}])
    assert [v.index for v in admit_file(DOSSIER, data).rejected] == [2]
    file = admit_file(DOSSIER, data, corrections={(2, "channel"): "Trực tuyến"})
    assert file.rejected == []
    assert file.events["channel"].to_list() == ["online", "online"]


def test_one_cell_that_cast_doubt_on_its_column_casts_none_when_corrected() -> None:
    rows = [ROW | {"event_id": str(n), "occurred_at": f"0{n}/05/2023 08:00"} for n in (1, 2, 3)]
    rows[1]["occurred_at"] = "05/13/2023 08:00"
    data = as_csv(rows)
    assert {v.rule for v in admit_file(DOSSIER, data).rejected} == {"order_of_days"}
    assert len(admit_file(DOSSIER, data).rejected) == 3
    file = admit_file(DOSSIER, data, corrections={(2, "occurred_at"): "13/05/2023 08:00"})
    assert file.rejected == []
    days = [str(iso(at))[:10] for at in file.events["occurred_at"]]
    assert days == ["2023-05-01", "2023-05-13", "2023-05-03"]


def test_what_is_typed_is_read_by_itself_and_not_in_the_unit_of_its_column() -> None:
    row = {
        "reporter": "NH01", "service": "electricity", "method": "cash", "area": "H57",
        "period": "2023-05", "revision": "1", "transactions": "1", "customers": "1",
    }  # fmt: skip
    rows = [
        row | {"event_id": "1", "amount_vnd": "2,5"},
        row | {"event_id": "2", "amount_vnd": "x"},
    ]
    titles = {f.name: f.doc.vi for f in PAYMENT.fields} | {"amount_vnd": "Số tiền (triệu đồng)"}
    data = as_csv(rows, titles)
    assert [v.field for v in admit_file(PAYMENT, data).rejected] == ["amount_vnd"]
    file = admit_file(PAYMENT, data, corrections={(2, "amount_vnd"): "3.000.000"})
    assert file.rejected == []
    assert file.events["amount_vnd"].to_list() == [2_500_000, 3_000_000]


def test_a_column_that_the_file_lacks_is_set_beside_it() -> None:
    row = {k: v for k, v in ROW.items() if k != "received_by"}
    data = as_csv([row, row | {"event_id": "2", "kind": "processing"}])
    assert [(v.index, v.field) for v in admit_file(DOSSIER, data).rejected] == [(1, "received_by")]
    file = admit_file(DOSSIER, data, corrections={(1, "received_by"): "H57.132"})
    assert file.rejected == []
    assert file.events["received_by"].to_list() == ["H57.132", None]


def test_a_correction_that_is_wrong_is_named_and_one_of_no_cell_is_refused() -> None:
    data = as_csv([ROW, ROW | {"event_id": "2", "channel": "bồ câu"}])
    (v,) = admit_file(DOSSIER, data, corrections={(2, "channel"): "quạ"}).rejected
    assert (v.index, v.field, v.value) == (2, "channel", "quạ")
    for nowhere in ((7, "channel"), (1, "colour")):
        with pytest.raises(BodyError) as raised:
            admit_file(DOSSIER, data, corrections={nowhere: "x"})
        assert raised.value.rule == "no_such_cell"


def test_what_is_typed_shows_nothing_of_its_column() -> None:
    row = {
        "station_code": "ST01", "measured_at": "17/05/2023 05:00", "quantity": "salinity",
        "value": "4,5", "unit": "g/L",
    }  # fmt: skip
    data = as_csv([row, row | {"measured_at": "17/05/2023 06:00", "value": "hỏng"}], {})
    file = admit_file(READING, data, corrections={(2, "value"): "12.5"})
    assert file.rejected == []
    assert file.events["value"].to_list() == [4_500, 12_500]
