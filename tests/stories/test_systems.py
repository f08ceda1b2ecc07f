"""The catalogue of systems over HTTP and by the command: who sees it, as JSON, CSV and XLSX."""

import csv
import io
from pathlib import Path

import pytest
from openpyxl import load_workbook

from tests.parts.pushed import pushed
from tests.stories.conftest import Served


def test_a_departments_key_does_not_see_it_and_an_officers_does(tmp_path: Path) -> None:
    with pushed(tmp_path / "hub") as hub:
        refused = hub.ask("/v1/systems", "H57.1")
        assert refused.status_code == 403
        assert refused.json()["title"] == "not_yours"
        assert hub.ask("/v1/systems", headers={"X-Forwarded-For": "10.1.2.3"}).status_code == 401
        body = hub.ask("/v1/systems", "officer").json()
        (ours,) = [s for s in body["systems"] if s["id"] == "H57.1"]
        assert ours["findings"] == ["never_heard", "no_owner", "no_grounds"]
        assert "hub_H57.1" not in str(body)  # a key is told by its id alone
        text = hub.ask("/v1/systems?format=csv", "officer").content.decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
        assert [r["Mã hệ thống"] for r in rows] == [s["id"] for s in body["systems"]]
        (row,) = [r for r in rows if r["Mã hệ thống"] == "H57.1"]
        assert row["Loại"] == "Bên gửi"
        assert row["Cần xem"].split("; ")[0] == "Chưa từng gửi"
        book = load_workbook(io.BytesIO(hub.ask("/v1/systems?format=xlsx", "officer").content))
        assert book.active is not None
        assert book.active.max_row == len(rows) + 1


@pytest.fixture
def hub(tmp_path: Path) -> Served:
    return Served(tmp_path / "hub")


def test_who_has_a_key_is_described_later_and_the_act_is_in_the_audit_log(hub: Served) -> None:
    hub.create_key("so-a", "--all")
    key_id = hub.run("keys", "list").stdout.split()[0]
    assert hub.run("keys", "describe", key_id).returncode == 2
    assert hub.run("keys", "describe", "none", "--owner", "Sở A").returncode == 1
    long = hub.run("keys", "describe", key_id, "--purpose", "a" * 501)
    assert long.returncode == 2
    assert "500" in long.stderr
    assert hub.run("keys", "describe", key_id, "--purpose", "a\nb").returncode == 2
    assert hub.run("keys", "describe", key_id, "--owner", "Sở A").returncode == 0
    listed = hub.run("keys", "list").stdout
    assert "owner=Sở A" in listed
    assert hub.run("audit", "verify").returncode == 0
