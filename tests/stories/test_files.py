"""A department with only a spreadsheet: checks it, sends it, corrects what came back."""

import base64
import hashlib
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.gateway.signing import verify
from tests.laws.test_files import ROW, as_csv
from tests.parts.pushed import Pushed, pushed
from tests.parts.waiting import until
from tests.stories.conftest import Served


def upload(served: Served, body: bytes, contract: str = "dossier") -> httpx.Response:
    return httpx.post(
        f"{served.url}/v1/files/{contract}",
        content=body,
        headers={"Authorization": f"Bearer {served.key}", "Content-Type": "text/csv"},
        timeout=30,
    )


def test_a_file_is_checked_sent_corrected_and_sent_again(served: Served, tmp_path: Path) -> None:
    rows = [ROW, ROW | {"event_id": "2", "channel": "pigeon", "dossier_code": "H57.2"}]
    file = tmp_path / "hồ sơ.csv"
    file.write_bytes(as_csv(rows))
    checked = served.run("check", str(file), "--contract", "dossier")
    assert checked.returncode == 1
    assert f"{file}:3: unknown_value channel pigeon: dòng 3" in checked.stdout
    sent = upload(served, file.read_bytes())
    assert (sent.status_code, sent.json()["accepted"]) == (202, 1)
    assert "dòng 3" in sent.json()["rejected"][0]["message_vi"]
    path = f"/v1/receipts/{sent.json()['receipt']}/errors.csv"
    assert b"pigeon" in served.get(path).content, "the value that is wrong is told"
    assert b"H57.2" not in served.get(path).content, "the row is its sender's"
    back = httpx.get(served.url + path, headers={"Authorization": f"Bearer {served.key}"})
    assert back.headers["content-type"].startswith("text/csv")
    file.write_bytes(back.content.replace(b"pigeon", b"post"))
    assert served.run("check", str(file), "--contract", "dossier").returncode == 0
    assert upload(served, file.read_bytes()).json()["accepted"] == 1
    served.settle()
    until(
        lambda: served.figure("dossier_received_new", period="2023")["numerator"] == 2,
        "both rows are counted",
    )


def test_a_file_is_tried_and_what_was_passed_over_is_named(served: Served) -> None:
    header, row = as_csv([ROW | {"event_id": "t", "dossier_code": "H57.T"}]).splitlines()[:2]
    file = b"\n".join((header + b",Ghi ch\xc3\xba", row + b",x", b""))
    url = f"{served.url}/v1/files/dossier"
    key = {"Authorization": f"Bearer {served.key}", "Content-Type": "text/csv"}
    tried = httpx.post(url, params={"dry_run": "1"}, content=file, headers=key, timeout=30)
    said = tried.json()
    assert (tried.status_code, said["dry_run"], said["accepted"]) == (200, True, 1)
    assert any("Ghi chú" in line["message_vi"] for line in said["understood"])
    changed = {f["kpi"]: f for f in said["would_change"]["figures"] if f["period"] == "2023"}
    assert changed["dossier_received_new"]["after"]["numerator"] == 1
    assert "receipt" not in said
    served.settle()
    assert served.get("/v1/kpis/dossier_received_new?period=2023").json()["figures"] == []
    wrong = httpx.post(url, params={"dry_run": "yes"}, content=file, headers=key, timeout=30)
    assert (wrong.status_code, wrong.json()["parameter"]) == (400, "dry_run")
    sent = httpx.post(url, content=file, headers=key, timeout=30)
    assert (sent.status_code, sent.json()["accepted"]) == (202, 1)
    assert any("Ghi chú" in line["message_vi"] for line in sent.json()["understood"])


def test_what_is_no_file_or_of_no_contract_is_said(served: Served, tmp_path: Path) -> None:
    refused = upload(served, b"a,b\n1,2\n")
    assert (refused.status_code, refused.json()["title"]) == (400, "missing_header")
    assert upload(served, as_csv([ROW]), "nothing").status_code == 404
    assert served.get("/v1/receipts/none/errors.csv").status_code == 404
    (tmp_path / "empty.json").write_text("")
    for name, code in (("empty.json", 1), ("none.json", 2)):
        done = served.run("check", str(tmp_path / name), "--contract", "dossier")
        assert done.returncode == code


def test_a_file_is_tried_corrected_where_it_was_wrong_and_sent_as_a_whole(served: Served) -> None:
    rows = [ROW | {"event_id": f"c{n}", "dossier_code": f"H57.C{n}"} for n in range(3)]
    rows[1] |= {"channel": "bồ câu", "occurred_at": "17/05/2023"}
    file = as_csv(rows)
    url = f"{served.url}/v1/files/dossier"
    key = {"Authorization": f"Bearer {served.key}"}
    plain = httpx.post(f"{url}?dry_run=1", content=file, headers=key, timeout=30).json()
    assert "table" not in plain, "what a file holds is shown where it is asked for"
    tried = httpx.post(f"{url}?dry_run=1&rows=1", content=file, headers=key, timeout=30)
    assert tried.headers["cache-control"] == "no-store"
    table = tried.json()["table"]
    assert [(r["index"], r["row"]) for r in table["rows"]] == [(2, 3)]
    texts = table["rows"][0]["texts"]
    assert (texts["channel"], texts["kind"]) == ("bồ câu", "Được tiếp nhận")
    assert texts["due_at"] == "24/05/2023 17:00"
    assert {c["field"] for c in table["columns"]} == set(rows[0])

    cells = [{"index": 2, "field": "channel", "text": "Trực tuyến"}]
    cells += [{"index": 2, "field": "occurred_at", "text": "17/05/2023 8h30"}]
    body = {"file": base64.b64encode(file).decode(), "cells": cells}
    headers = {**key, "Content-Type": "application/vnd.lgsp.corrected-file+json"}
    again = httpx.post(f"{url}?dry_run=1&rows=1", json=body, headers=headers, timeout=30).json()
    assert (again["accepted"], again["rejected"], again["table"]["rows"]) == (3, [], [])
    sent = httpx.post(url, json=body, headers=headers, timeout=30)
    assert (sent.status_code, sent.json()["accepted"]) == (202, 3)
    keys = served.get("/.well-known/jwks.json").json()
    said = verify(sent.json()["signed"], keys)
    assert said["sha256"] == hashlib.sha256(file).hexdigest(), "the file as its sender has it"
    typed = '[[2,"channel","Trực tuyến"],[2,"occurred_at","17/05/2023 8h30"]]'
    assert said["typed_sha256"] == hashlib.sha256(typed.encode()).hexdigest()

    wrongs: list[Any] = [{"cells": []}, [], {**body, "cells": [{"index": 1}]}, {**body, "x": 1}]
    for wrong in wrongs:
        refused = httpx.post(url, json=wrong, headers=headers, timeout=30)
        assert (refused.status_code, refused.json()["title"]) == (400, "malformed_corrections")
    nowhere = {**body, "cells": [{"index": 9, "field": "channel", "text": "x"}]}
    refused = httpx.post(url, json=nowhere, headers=headers, timeout=30)
    assert (refused.status_code, refused.json()["title"]) == (400, "no_such_cell")
    unclear = httpx.post(f"{url}?dry_run=1&rows=yes", content=file, headers=key, timeout=30)
    assert (unclear.status_code, unclear.json()["parameter"]) == (400, "rows")


def test_rows_without_names_of_their_own_are_named_by_what_they_say(tmp_path: Path) -> None:
    """A clerk's table has no event ids: sent again it counts once, and a corrected row anew."""
    titles = "Mã trạm;Thời điểm đo;Đại lượng đo;Giá trị;Đơn vị đo"
    right = "ST01;02/03/2023 05:00;salinity;1,25;g/L"
    wrong = "ST01;02/03/2023 06:00;salinity;odd;g/L"
    first = f"{titles}\n{right}\n{wrong}\n"
    with pushed(tmp_path / "hub") as hub:
        body = hub.post("/v1/files/reading", first.encode(), "province").json()
        assert (body["accepted"], len(body["rejected"])) == (1, 1)
        assert any("không có cột Mã sự kiện" in u["message_vi"] for u in body["understood"])
        again = hub.post("/v1/files/reading", f"{first}\n".encode(), "province").json()
        assert (again["accepted"], again["duplicates"]) == (0, 1)
        # What is given back to correct names its row, so that it comes in once.
        rows = hub.ask(f"/v1/receipts/{body['receipt']}/errors.csv", "province").text
        kept = hub.post(
            "/v1/quarantine/corrections/reading", rows.replace("odd", "1.3").encode(), "province"
        ).json()
        assert (len(kept["fixed"]), kept["refused"]) == (1, [])


def payments(month: str, amounts: dict[str, str]) -> bytes:
    """Write a table of a sender who knows no revisions."""
    head = "Đơn vị báo cáo;Dịch vụ;Hình thức;Địa bàn;Kỳ;Số giao dịch;Số khách hàng;Số tiền"
    rows = [f"{who};học phí;điểm thu;H57;{month};310;290;{vnd}" for who, vnd in amounts.items()]
    return "\n".join([head, *rows, ""]).encode()


def held(hub: Pushed) -> dict[str, tuple[int, int]]:
    """Give amount and revision that count, by reporter."""
    with hub.hub.store.reading() as reading:
        rows = reading.rows("SELECT reporter, amount_vnd, revision FROM fact_payment")
    return {who: (amount, revision) for who, amount, revision in rows}


def replaced(body: Any) -> list[str]:
    """Give what an answer says of rows that replace others."""
    lines = [u["message_vi"] for u in body["understood"]]
    return [line for line in lines if "thay số liệu đã báo" in line]


SCHOOLS = ("TRUONG1", "TRUONG2", "TRUONG3", "TRUONG4")
FIRST = payments("09/2021", dict.fromkeys(SCHOOLS, "31.000.000"))
SECOND = payments("09/2021", dict.fromkeys(SCHOOLS, "32.400.000"))


def test_a_corrected_table_without_revisions_replaces_all_its_rows(tmp_path: Path) -> None:
    """K8: four of four, not those that a digest favours; the same again counts once."""
    with pushed(tmp_path / "hub") as hub:

        def send(file: bytes, query: str = "") -> tuple[int, int, list[str]]:
            answer = hub.post(f"/v1/files/payment{query}", file, "province")
            assert answer.status_code == (200 if query else 202), answer.text
            body = answer.json()
            assert (body["rejected"], body.get("conflicts", [])) == ([], [])
            return body["accepted"], body.get("duplicates", 0), replaced(body)

        assert send(FIRST) == (4, 0, [])
        assert send(FIRST) == (0, 4, [])
        assert held(hub) == dict.fromkeys(SCHOOLS, (31_000_000, 0))
        # What is tried says the same, and changes nothing.
        told = send(SECOND, "?dry_run=1")
        assert held(hub) == dict.fromkeys(SCHOOLS, (31_000_000, 0))
        accepted, duplicates, lines = send(SECOND)
        assert (accepted, duplicates) == (4, 0)
        assert told == (4, 0, lines)
        assert lines[0].startswith("4 dòng thay số liệu đã báo trước đó")
        assert lines[0].endswith(": dòng 2; dòng 3; dòng 4; dòng 5")
        assert held(hub) == dict.fromkeys(SCHOOLS, (32_400_000, 1))
        assert send(SECOND) == (0, 4, [])
        # Back to what was said first: a third report, not the first one again.
        accepted, duplicates, lines = send(FIRST)
        assert (accepted, duplicates, len(lines)) == (4, 0, 1)
        assert held(hub) == dict.fromkeys(SCHOOLS, (31_000_000, 2))
        # One row of a file is other than what is known, and three are not.
        assert send(FIRST.replace(b"31.000.000", b"33.000.000", 1))[:2] == (1, 3)
        assert held(hub)["TRUONG1"] == (33_000_000, 3)
        with hub.hub.store.reading() as reading:
            ledger = reading.rows("SELECT class, SUM(count) FROM ledger GROUP BY 1")
        assert {str(c) for c, n in ledger if n} == {"applied", "duplicate"}


def test_what_would_change_counts_only_what_is_new(tmp_path: Path) -> None:
    with pushed(tmp_path / "hub") as hub:
        hub.post("/v1/files/payment", FIRST, "province")

        def would_be(file: bytes) -> list[Any]:
            body = hub.post("/v1/files/payment?dry_run=1", file, "province").json()
            figures = body["would_change"]["figures"]
            return [
                f["after"]["numerator"]
                for f in figures
                if (f["kpi"], f["period"]) == ("payment_amount", "2021-09")
            ]

        assert would_be(FIRST) == []
        assert would_be(SECOND) == [4 * 32_400_000]


def test_the_same_corrected_table_at_the_same_time_counts_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pushed(tmp_path / "hub") as hub:
        hub.post("/v1/files/payment", FIRST, "province")
        with monkeypatch.context() as patched:
            patched.setattr(hub.hub.runner, "catch_up", lambda: 0)
            # Neither is applied when the other is counted on.
            patched.setattr("hub.http.sending.applied", lambda *_: lambda: True)
            answers = [hub.post("/v1/files/payment", SECOND, "province").json() for _ in range(2)]
        assert [(a["accepted"], a["duplicates"]) for a in answers] == [(4, 0), (0, 4)]
        hub.hub.runner.catch_up()
        assert held(hub) == dict.fromkeys(SCHOOLS, (32_400_000, 1))


def test_a_table_without_revisions_waits_for_what_came_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.http.sending.APPLIED_SECONDS_MAX", 0.1)
    with pushed(tmp_path / "hub") as hub:
        with monkeypatch.context() as patched:
            patched.setattr(hub.hub.runner, "catch_up", lambda: 0)
            assert hub.post("/v1/files/payment", FIRST, "province").status_code == 202
            for query in ("", "?dry_run=1"):
                answer = hub.post(f"/v1/files/payment{query}", SECOND, "province")
                assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
                said = answer.json()
                assert said["title"] == "still_applying"
                assert "hãy gửi lại tệp sau ít giây" in said["message_vi"]
                assert "send the file again in some seconds" in said["message_en"]
            # Who counts himself need not wait.
            counts = SECOND.replace("Số tiền".encode(), "Số tiền;Lần điều chỉnh".encode())
            counts = counts.replace(b"32.400.000", b"32.400.000;1")
            assert hub.post("/v1/files/payment", counts, "province").status_code == 202
        hub.hub.runner.catch_up()
        assert hub.post("/v1/files/payment", SECOND, "province").json()["duplicates"] == 4


def test_a_wrong_row_of_a_table_without_revisions_is_corrected_and_takes_the_next(
    tmp_path: Path,
) -> None:
    with pushed(tmp_path / "hub") as hub:
        hub.post("/v1/files/payment", FIRST, "province")
        wrong = SECOND.replace("điểm thu".encode(), "đổi hàng".encode(), 1)
        body = hub.post("/v1/files/payment", wrong, "province").json()
        assert (body["accepted"], len(body["rejected"])) == (3, 1)
        rows = hub.ask(f"/v1/receipts/{body['receipt']}/errors.csv", "province").text
        right = rows.replace("đổi hàng", "điểm thu").encode()
        fixed = hub.post("/v1/quarantine/corrections/payment", right, "province").json()
        assert (len(fixed["fixed"]), fixed["refused"]) == (1, [])
        ids = {"ids": fixed["fixed"]}
        sent = hub.post("/v1/quarantine/replay", ids, "province")
        assert sent.status_code == 200, sent.text
        assert held(hub) == dict.fromkeys(SCHOOLS, (32_400_000, 1))
        # The same rows as a file: they are known by now.
        again = hub.post("/v1/files/payment", right, "province").json()
        assert (again["accepted"], again["duplicates"], again["rejected"]) == (0, 1, [])


def test_figures_of_others_are_not_told_by_what_would_replace_them(tmp_path: Path) -> None:
    with pushed(tmp_path / "hub") as hub:
        hub.post("/v1/files/payment", FIRST, "province")
        answers = [hub.post("/v1/files/payment?dry_run=1", f, "NH01") for f in (FIRST, SECOND)]
        same, other = ([r["rule"] for r in a.json()["rejected"]] for a in answers)
        assert same == other == ["reporter_not_allowed"] * 4
        assert [replaced(a.json()) for a in answers] == [[], []]


def test_two_figures_of_one_thing_in_a_table_without_revisions_are_both_refused(
    tmp_path: Path,
) -> None:
    with pushed(tmp_path / "hub") as hub:
        hub.post("/v1/files/payment", FIRST, "province")
        both = SECOND + SECOND.splitlines()[1].replace(b"32.400.000", b"9.000.000") + b"\n"
        for query in ("?dry_run=1", ""):
            body = hub.post(f"/v1/files/payment{query}", both, "province").json()
            wrong = [(v["rule"], v["index"], v["value"]) for v in body["rejected"]]
            assert wrong == [("two_values", 1, "32.400.000"), ("two_values", 5, "9.000.000")]
            assert body["accepted"] == 3
        assert held(hub)["TRUONG1"] == (31_000_000, 0)
