"""A department with only a spreadsheet: checks it, sends it, corrects what came back."""

from pathlib import Path

import httpx

from tests.laws.test_files import ROW, as_csv
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
    back = served.get(f"/v1/receipts/{sent.json()['receipt']}/errors.csv")
    assert back.headers["content-type"].startswith("text/csv")
    file.write_bytes(back.content.replace(b"pigeon", b"post"))
    assert served.run("check", str(file), "--contract", "dossier").returncode == 0
    assert upload(served, file.read_bytes()).json()["accepted"] == 1
    served.settle()
    until(
        lambda: served.figure("dossier_received_new", period="2023")["numerator"] == 2,
        "both rows are counted",
    )


def test_what_is_no_file_or_of_no_contract_is_said(served: Served, tmp_path: Path) -> None:
    refused = upload(served, b"a,b\n1,2\n")
    assert (refused.status_code, refused.json()["title"]) == (400, "missing_header")
    assert upload(served, as_csv([ROW]), "nothing").status_code == 404
    assert served.get("/v1/receipts/none/errors.csv").status_code == 404
    (tmp_path / "empty.json").write_text("")
    for name, code in (("empty.json", 1), ("none.json", 2)):
        done = served.run("check", str(tmp_path / name), "--contract", "dossier")
        assert done.returncode == code
