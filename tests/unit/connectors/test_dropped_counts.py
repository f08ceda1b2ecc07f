"""Papers and feedback come from their simulators, by their connectors, to the figures planned."""

from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from connectors.documents import simulator as documents
from connectors.feedback import simulator as feedback
from connectors.feedback.pseudonym import Pseudonyms
from hub import registry
from hub.connecting.connection import Connection
from hub.connecting.dropping import drop
from hub.connecting.feeds import Context, Feed, UpstreamError
from hub.settings import Settings
from tests.conftest import Hub

NOW = datetime(2026, 1, 14, 3, tzinfo=UTC)
FILES = 4


def carried(hub: Hub, name: str, feed: Feed, steps: int) -> None:
    """Let a connector read what is there, and apply it."""
    source = registry.sources()[name]
    contract = registry.contracts()[source.contract]
    settings = Settings(data_dir=hub.folder, breaker_share_max=0.2)
    made = Connection(source, contract, feed, hub.log, lambda: hub.now, settings, hub.seals.seal)
    for _ in range(steps):
        made.step(2)
    hub.runner.catch_up()


def opened(hub: Hub, name: str, **settings: Any) -> Feed:
    """Open a connector's feed on a folder, whose files are complete at once."""
    connector = registry.connectors()[name]
    chosen = connector.settings(**settings, settle_seconds=0)
    return connector.open(chosen, Context(hub.log, lambda: hub.now))


def whole(hub: Hub, kpi: str, **asked: str) -> int:
    """Give the numerator of a figure."""
    (figure,) = hub.kpi(kpi, **asked)
    return int(figure["numerator"])


def test_papers_come_to_what_was_planned_and_secrets_to_nothing(hub: Hub, tmp_path: Path) -> None:
    folder = tmp_path / "drop"
    folder.mkdir()
    drops = documents.plan(7, FILES, date(2026, 1, 13))
    for one in drops:
        drop(folder, one)
    carried(hub, "documents", opened(hub, "documents", folder=folder), FILES + 1)
    levels = ("province", "commune")
    shares = [hub.kpi(f"document_online_share_{level}", period="2026")[0] for level in levels]
    assert sum(f["denominator"] for f in shares) == sum(d.handled for d in drops)
    assert sum(f["numerator"] for f in shares) == sum(d.online for d in drops)
    assert whole(hub, "document_handled", period="2026") == sum(d.handled for d in drops)
    with hub.store.reading() as reading:
        rules = [row[0] for row in reading.rows("SELECT rule FROM quarantine")]
    assert len(rules) == sum(d.rejected for d in drops)
    assert rules.count("state_secret") == sum(d.secret for d in drops) > 0
    # A file without revisions replaces what was reported before.
    header = "Mã đơn vị;Cấp;Ngày;Văn bản đã xử lý;Xử lý trực tuyến"
    (folder / "again.csv").write_text(f"{header}\nH57.1;Cấp tỉnh;13/01/2026;5000;5000\n")
    carried(hub, "documents", opened_knowing(hub, folder), 2)
    (of_one,) = hub.kpi("document_handled", period="2026-01-13", unit="H57.1")
    assert of_one["numerator"] == 5000


def opened_knowing(hub: Hub, folder: Path) -> Feed:
    """Open the feed of papers so that it knows what is applied."""
    connector = registry.connectors()["documents"]
    known = partial(hub.store.known, "document")
    return connector.open(
        connector.settings(folder=folder, settle_seconds=0),
        Context(hub.log, lambda: hub.now, known=known),
    )


def test_forms_of_one_matter_count_once_by_any_channel(hub: Hub, tmp_path: Path) -> None:
    folder = tmp_path / "drop"
    folder.mkdir()
    key = feedback.write_key(folder, 7)
    drops = feedback.plan(7, FILES, NOW)
    for one in drops:
        drop(folder, one)
    carried(hub, "feedback", opened(hub, "feedback", folder=folder, key_file=key), FILES + 1)
    last = drops[-1]
    assert whole(hub, "feedback_received", period="2026") == last.matters
    assert whole(hub, "feedback_duplicate_forms", period="2026") == last.forms - last.matters > 0
    with hub.store.reading() as reading:
        assert len(reading.rows("SELECT rule FROM quarantine")) == last.rejected > 0
    hub.log.close()
    kept = b"".join(p.read_bytes() for p in hub.folder.glob("*.sqlite3*"))
    assert [phone for phone in last.people if phone[1:].encode() in kept] == []
    beside = b"".join(p.read_bytes() for p in (folder / "failed").glob("*.txt"))
    assert [phone for phone in last.people if phone.encode() in beside] == []


@pytest.mark.parametrize("written", ["0912 345 678", "+84912345678", "(84) 912.345.678"])
def test_a_number_is_one_person_however_it_is_written(written: str) -> None:
    made = Pseudonyms(b"k" * 32)
    assert made.person(written) == made.person("0912345678")
    assert made.person(made.person(written)) == made.person(written)
    assert made.person("0912345679") != made.person(written)
    assert Pseudonyms(b"l" * 32).person(written) != made.person(written)


def test_without_a_key_nothing_is_read(tmp_path: Path) -> None:
    with pytest.raises(UpstreamError, match="HUB_FEEDBACK_KEY_FILE"):
        Pseudonyms.read(tmp_path / "none")
    (tmp_path / "short").write_bytes(b"k" * 31)
    with pytest.raises(UpstreamError, match="at least 32"):
        Pseudonyms.read(tmp_path / "short")


def test_a_correction_keeps_its_pseudonym_and_none_is_typed(tmp_path: Path) -> None:
    again = registry.sources()["feedback"].again
    assert again is not None
    row = '{"Mã phản ánh": "PA-1", "Kênh tiếp nhận": "app", "Lĩnh vực": "Môi trường",'
    row += ' "Thời điểm tiếp nhận": "05/05/2025 08:00", "Mã người gửi": '
    made = Pseudonyms(b"k" * 32).person("0912345678")
    kept = again.read(f'{row}"{made}"}}'.encode(), b"")
    assert isinstance(kept, list)
    typed = again.read(f'{row}"0912345678"}}'.encode(), b"")
    assert not isinstance(typed, list)
    assert "0912345678" not in typed.message_vi + typed.value
