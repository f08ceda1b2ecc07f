"""Originals: sealed wherever they are, opened for their sender alone, erased with their key."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub import registry
from hub.access.keys import Sender
from hub.access.seals import Seals, open_file
from hub.apply.rebuild import Rebuild
from hub.archive import writing
from hub.clock import iso, to_us
from hub.definitions.originals import SEALED, Original, in_log
from hub.definitions.own.rejection import REJECTION
from hub.opening import OpenHub, open_hub
from hub.proof.verify import verify
from hub.repair import items as rejected
from hub.repair.erasing import erase
from hub.repair.items import Item, Wanted
from hub.repair.repair import Repair, RepairError
from hub.settings import Settings
from stream_jobs.worked import received
from tests.conftest import Hub
from tests.parts import lists, stores
from tests.parts.same import digests
from tests.parts.small import in_this_process
from tests.parts.waiting import SECONDS_MAX

DOSSIER = registry.contracts()["dossier"]
BAD = received("B", "2023-05-03") | {"channel": "pigeon"}
DAYS = 30
NOW = datetime(2026, 3, 10, 5, tzinfo=UTC)


def repairs(hub: Hub) -> Repair:
    return Repair(hub.store, hub.log, lists.installed(), lambda: hub.now, hub.seals)


def reject(hub: Hub, *names: str) -> None:
    """Have dossiers of these names rejected, and applied."""
    bad = [BAD | {"event_id": n} for n in names]
    hub.gateway.accept(DOSSIER, Sender("tester"), json.dumps(bad).encode())
    hub.runner.catch_up()


def items(hub: Hub) -> list[Item]:
    with hub.store.reading() as reading:
        return list(rejected.all_items(reading, hub.seals.opener(), Wanted()))


def erased(hub: Hub) -> int:
    return erase(hub.store, hub.log, hub.seals, to_us(hub.now), DAYS)


def test_opened_again_in_one_process_the_keys_keep_their_locks(tmp_path: Path) -> None:
    """Closing a file drops a process's locks on it; another process then takes its WAL away."""

    def opened() -> Seals:
        return Seals(open_file(tmp_path / "seals.sqlite3"), lambda: NOW)

    first = opened()
    first.seal("a", "item", b"bytes")
    opened()
    own = "from pathlib import Path; from hub.access.seals import *; import sys;"
    own += "s = Seals(open_file(Path(sys.argv[1])), None);"
    own += "s._database.writer.dispose(); s._database.reader.dispose()"
    path = str(tmp_path / "seals.sqlite3")
    subprocess.run([sys.executable, "-c", own, path], check=True, timeout=SECONDS_MAX)
    kept = first.seal("b", "item", b"others")
    assert opened().opener()("b", "item", kept) == Original(b"others")


def test_an_original_is_opened_by_its_own_name_and_sender_alone(hub: Hub) -> None:
    kept = hub.seals.seal("a", "item", b"bytes")
    assert kept.startswith(SEALED)
    assert kept != hub.seals.seal("a", "item", b"bytes")
    opens = hub.seals.opener()
    assert opens("a", "item", kept) == Original(b"bytes")
    assert opens("b", "item", kept) == Original()
    assert opens("a", "other", kept) == Original()


def test_what_a_foreign_producer_writes_in_the_place_of_an_original_breaks_nothing(
    hub: Hub,
) -> None:
    key = hub.seals.seal("a", "item", b"bytes").split(":")[1]
    opens = hub.seals.opener()
    for kept in ("x", "seal1:", f"seal1:{key}", f"seal1:{key}:", f"seal1:{key}:ủ", "seal1:k:AAAA"):
        assert opens("a", "item", kept) == Original(), kept


def test_what_was_kept_before_there_were_seals_can_be_read(hub: Hub) -> None:
    opens = hub.seals.opener()
    assert opens("a", "item", "Ynl0ZXM=") == Original(b"bytes")
    assert opens("a", "lgsp.dossier.v1/0/3", in_log(b"bytes")) == Original()


def test_keys_are_of_a_sender_and_a_day_and_shared_by_processes(hub: Hub) -> None:
    other = Seals(stores.keys_of(hub.folder, hub.store), lambda: hub.now)
    keys = [s.seal(who, "x", b"").split(":")[1] for s in (hub.seals, other) for who in ("a", "b")]
    assert keys[:2] == keys[2:]
    assert keys[0] != keys[1]
    hub.now += timedelta(days=1)
    assert hub.seals.seal("a", "x", b"").split(":")[1] not in keys
    assert other.opener()("a", "x", hub.seals.seal("a", "x", b"y")).raw == b"y"


def test_an_open_item_is_kept_however_old_it_is(hub: Hub) -> None:
    reject(hub, "a")
    hub.now += timedelta(days=400)
    assert erased(hub) == 0
    (item,) = items(hub)
    assert json.loads(item.original or b"") == BAD | {"event_id": "a"}


@pytest.mark.parametrize("way", ["discarded", "replayed"])
def test_an_ended_item_is_erased_after_the_stated_time(hub: Hub, way: str) -> None:
    reject(hub, "a")
    hub.now += timedelta(days=100)
    (item,) = items(hub)
    if way == "discarded":
        repairs(hub).discard([item], "an", "test 0912345678")
    else:
        repairs(hub).fix(item, {"channel": "online"}, "an")
        assert len(repairs(hub).replay(items(hub), "an", hub.gateway)) == 1
    hub.runner.catch_up()
    hub.now += timedelta(days=DAYS)
    assert erased(hub) == 0, "not later than so many days: it is kept"
    hub.now += timedelta(days=1)
    assert erased(hub) == 1 + (way == "replayed"), "the correction has a key of its own day"
    (item,) = items(hub)
    assert (item.original, item.content, item.state) == (None, None, way)
    assert item.kept.erased_at == to_us(hub.now)
    assert "0912345678" not in str(item.acts)
    verdict = item.verdict()
    assert verdict is not None
    assert verdict.rule == "original_erased"
    assert str(iso(to_us(hub.now))) in verdict.message_vi
    assert erased(hub) == 0


def test_what_of_a_day_is_open_keeps_the_others_of_it(hub: Hub) -> None:
    reject(hub, "a", "b")
    first, second = items(hub)
    repairs(hub).discard([first], "an", "test")
    hub.now += timedelta(days=DAYS + 2)
    assert erased(hub) == 0
    repairs(hub).discard([second], "an", "test")
    hub.now += timedelta(days=DAYS + 2)
    assert erased(hub) == 1


def test_nothing_is_erased_while_rejected_items_are_not_applied(hub: Hub) -> None:
    """After tables were lost nobody knows yet what is open."""
    reject(hub, "a")
    repairs(hub).discard(items(hub), "an", "test")
    hub.now += timedelta(days=DAYS + 2)
    bad = json.dumps([BAD]).encode()
    hub.gateway.accept(DOSSIER, Sender("tester"), bad)
    assert erased(hub) == 0
    hub.runner.catch_up()
    assert erased(hub) == 1


def test_an_erased_item_can_be_repaired_by_sending_it_whole(hub: Hub) -> None:
    reject(hub, "a")
    hub.seals.destroy(hub.seals.older_than(10**6))
    (item,) = items(hub)
    with pytest.raises(RepairError, match="whole"):
        repairs(hub).fix(item, {"channel": "online"}, "an")
    repairs(hub).fix(item, json.dumps(received("A", "2023-05-03")).encode(), "an")


def test_nothing_that_is_compared_changes_when_a_key_is_destroyed(tmp_path: Path) -> None:
    """Log, tables, archive, and what is made of them again, are the same to the last byte."""
    with open_hub(Settings(data_dir=tmp_path / "hub"), lambda: NOW) as hub:
        gateway = hub.gateway()
        bad = [received("A", "2023-05-03"), BAD, {"kind": "x", "họ tên": "Lê Nam"}]
        gateway.accept(DOSSIER, Sender("tester"), json.dumps(bad).encode())
        gateway.close()
        hub.runner.catch_up()
        writing.archive(hub.log, hub.store, tmp_path / "archive")
        before = compared(hub, tmp_path)
        hub.seals().destroy(hub.seals().older_than(10**6))
        with hub.store.reading() as reading:
            kept = list(rejected.all_items(reading, hub.seals().opener(), Wanted()))
        assert [i.original for i in kept] == [None, None]
        assert compared(hub, tmp_path) == before
        assert Rebuild(hub.log, hub.store, lambda: NOW).build().count == 0
        assert compared(hub, tmp_path) == before


def compared(hub: OpenHub, tmp_path: Path) -> dict[str, object]:
    with in_this_process():
        findings = verify(hub.log, hub.store, hub.installed)
    assert (findings.differences, findings.read) == ([], 3)
    assert writing.check(hub.log, hub.store, tmp_path / "archive") == []
    files = [p for p in (tmp_path / "archive").rglob("*") if p.is_file()]
    log_bytes = [s.payload for s in hub.log.read(REJECTION.topic, 0)]
    archived = {p.name: p.read_bytes() for p in files}
    return {**digests(hub.store, of_one_log=True), **archived, "log": log_bytes}
