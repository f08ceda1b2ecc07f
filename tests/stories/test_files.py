"""A department with only a spreadsheet: checks it, sends it, corrects what came back."""

from pathlib import Path

import httpx

from tests.laws.test_files import ROW, as_csv
from tests.parts.pushed import pushed
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
