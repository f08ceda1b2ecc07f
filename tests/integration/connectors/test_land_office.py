"""An outbox in a department's PostgreSQL: nothing lost, nothing twice, nothing written there."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from connectors.land_office.connector import CONNECTOR, TABLE
from deploy.local.services.postgres import Postgres
from hub import registry
from hub.clock import system_clock
from hub.connecting.connection import Connection
from hub.connecting.feeds import Context, UpstreamError
from hub.connecting.polled import PolledFeed, PolledSettings, Position
from hub.opening import OpenHub, open_hub
from hub.proof.verify import verify
from hub.settings import Settings
from hub.sheets.mapping import FileMapping
from tests.parts import lists
from tests.parts.small import in_this_process
from tests.parts.starting import start_hub
from tests.parts.waiting import until

KILLS = int(os.environ.get("HUB_TEST_KILLS", "4"))
_numbers = count()
OUTBOX = """
CREATE TABLE hub_outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tx xid8 NOT NULL DEFAULT pg_current_xact_id(),
  ma_ho_so text, su_kien text, thoi_diem timestamp, noi_nhan text, noi_giai_quyet text,
  ma_tthc text, muc_do text, kenh text, han_tra timestamptz, nguoi_nop text);
CREATE INDEX ON hub_outbox (tx, id);
"""
INSERT = (
    "INSERT INTO hub_outbox (ma_ho_so, su_kien, thoi_diem, noi_nhan, ma_tthc, muc_do, kenh,"
    " han_tra, nguoi_nop) VALUES (%s, %s, %s, 'H57.132', '1.005129', 'Toàn trình', 'Trực tuyến',"
    " '2025-05-24 17:00+07', 'Nguyễn Văn Mẫu') RETURNING id"
)


class Registry:
    """A land office's database, with an owner who writes and a login that reads."""

    def __init__(self, postgres: Postgres) -> None:
        self.postgres, self.name = postgres, f"dat_dai_{next(_numbers)}"
        self._owner = f"postgresql://lgsp@127.0.0.1:{postgres.port}/"
        with psycopg.connect(f"{self._owner}lgsp", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {self.name}".encode())
            connection.execute(f"CREATE ROLE {self.name}_doc LOGIN".encode())
        with self.connect() as connection:
            connection.execute(OUTBOX)
            connection.execute(f"GRANT SELECT ON hub_outbox TO {self.name}_doc".encode())

    def connect(self) -> "psycopg.Connection[Any]":
        """Connect as the owner, who writes; a transaction begins with the first statement."""
        return psycopg.connect(f"{self._owner}{self.name}")

    def url(self, who: str = "") -> str:
        who = who or f"{self.name}_doc"
        return f"postgresql+psycopg://{who}@127.0.0.1:{self.postgres.port}/{self.name}"

    def add(self, connection: "psycopg.Connection[Any]", number: int) -> int:
        code = f"H57.132-250517-{number:04}"
        row = connection.execute(INSERT, (code, "TIEP_NHAN", "2025-05-17 08:00")).fetchone()
        assert row is not None
        return int(row[0])


@pytest.fixture
def land(postgres: Postgres) -> Registry:
    return Registry(postgres)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[OpenHub]:
    with open_hub(Settings(data_dir=tmp_path / "hub", breaker_seconds=0)) as found:
        yield found


class Read:
    """A connection of the hub to a registry."""

    def __init__(self, hub: OpenHub, land: Registry, **changed: Any) -> None:
        given = {"url": land.url(), "poll_seconds": 0.01, "pause_seconds": 0, **changed}
        self.feed = PolledFeed(TABLE, PolledSettings(**given), Context(hub.log, system_clock))
        source, contract = registry.sources()["land_office"], registry.contracts()["dossier"]
        seal = hub.seals().seal
        self.connection = Connection(
            source, contract, self.feed, hub.log, system_clock, hub.settings, seal
        )
        self.connection.stopping.set()  # so that it does not wait after an error

    def carry(self) -> int:
        """Carry what is there; give the number of rows."""
        total = 0
        while (rows := self.connection.step(1)) > 0:
            total += rows
        return total


@pytest.fixture
def read(hub: OpenHub, land: Registry) -> Iterator[Callable[..., Read]]:
    made = []

    def make(**changed: Any) -> Read:
        made.append(Read(hub, land, **changed))
        return made[-1]

    yield make
    for one in made:
        one.feed.close()


def ledger(hub: OpenHub) -> dict[str, int]:
    hub.runner.catch_up()
    with hub.store.reading() as reading:
        rows = reading.rows("SELECT class, SUM(count) FROM ledger GROUP BY 1")
    return {str(c): int(n) for c, n in rows}


def codes(hub: OpenHub) -> list[str]:
    hub.runner.catch_up()
    with hub.store.reading() as reading:
        rows = reading.rows("SELECT entity FROM fact_dossier ORDER BY 1")
    return [str(code) for (code,) in rows]


def heartbeat(read: Read, hub: OpenHub) -> str:
    assert read.connection.step(1) == 0
    return str(hub.log.checkpoint("heartbeat:land_office"))


@pytest.mark.parametrize("commit", ["tx", ""])
def test_transactions_that_commit_in_reversed_order_are_both_read(
    hub: OpenHub, land: Registry, read: Callable[..., Read], commit: str
) -> None:
    """The first takes its key, the second takes the next and commits, then the first commits."""
    running = read(commit=commit)
    with land.connect() as first, land.connect() as second:
        assert land.add(first, 1) == 1
        assert land.add(second, 2) == 2
        second.commit()
        until(lambda: _settled(running), "what is committed is looked at")
        seen = codes(hub)
        # Below the oldest transaction nothing is final yet; by key alone, the second is there.
        assert seen == ([] if commit else ["H57.132-250517-0002"])
        waiting = running.feed.load().waiting
        assert waiting == ({"held_rows": 1} if commit else {"open_gaps": 1})
        first.commit()
    running.carry()
    assert codes(hub) == ["H57.132-250517-0001", "H57.132-250517-0002"]
    assert ledger(hub) == {"applied": 2}
    assert set(running.feed.load().waiting.values()) == {0}


def _settled(running: Read) -> bool:
    running.carry()
    return running.feed.load().reads > 1


def test_a_source_that_counts_transactions_anew_is_read_again_as_repeats(
    hub: OpenHub, land: Registry, read: Callable[..., Read]
) -> None:
    with land.connect() as owner:
        land.add(owner, 1)
    read(commit="tx").carry()
    hub.log.set_checkpoints({"land_office:position": Position(1, 10**12).dump()})
    with land.connect() as owner:
        land.add(owner, 2)
    read(commit="tx").carry()
    assert ledger(hub) == {"applied": 2, "duplicate": 1}


def test_the_simulator_says_what_must_come_of_its_outbox(hub: OpenHub, tmp_path: Path) -> None:
    """An SQLite file, opened to be read: another database by the same lane."""
    file = tmp_path / "outbox.sqlite3"
    command = [sys.executable, "-m", "connectors.land_office.simulator", "--file", str(file)]
    done = subprocess.run([*command, "--seed", "3"], capture_output=True, text=True, check=True)
    said = json.loads(done.stdout)
    settings = PolledSettings(url=f"sqlite:///{file}", poll_seconds=0.01, pause_seconds=0)
    feed = CONNECTOR.open(settings, Context(hub.log, system_clock))
    source, contract = registry.sources()["land_office"], registry.contracts()["dossier"]
    seal = hub.seals().seal
    carrying = Connection(source, contract, feed, hub.log, system_clock, hub.settings, seal)
    while carrying.step(1):
        pass
    feed.close()
    counted = ledger(hub)
    assert counted == {
        "applied": said["received"] + said["resolved"],
        "quarantined": said["rejected"],
    }
    assert len(codes(hub)) == said["received"]


def test_a_rolled_back_key_is_given_up_in_the_end(
    hub: OpenHub, land: Registry, read: Callable[..., Read]
) -> None:
    with land.connect() as owner:
        land.add(owner, 1)
        owner.rollback()
        land.add(owner, 2)
    running = read(commit="", gap_seconds=1)
    running.carry()
    assert running.feed.load().waiting == {"open_gaps": 1}

    def given_up() -> bool:
        running.carry()
        return running.feed.load().waiting == {"open_gaps": 0}

    until(given_up, "the gap is given up")
    assert ledger(hub) == {"applied": 1}


def test_a_login_that_can_write_is_refused_by_what_it_can_write_to(
    hub: OpenHub, land: Registry, read: Callable[..., Read]
) -> None:
    with land.connect() as owner:
        land.add(owner, 1)
    said = heartbeat(read(url=land.url("lgsp")), hub)
    assert "hub_outbox" in said
    assert "SELECT alone" in said
    assert ledger(hub) == {}
    with land.connect() as owner:
        owner.execute(f"GRANT UPDATE (su_kien) ON hub_outbox TO {land.name}_doc".encode())
    assert "hub_outbox" in heartbeat(read(), hub), "a right to one column is one, too"
    # The operator may take it all the same; transactions are read-only besides.
    taken = read(may_write=True)
    taken.carry()
    assert ledger(hub) == {"applied": 1}
    with taken.feed._guest.asking() as connection:
        shown = connection.exec_driver_sql("SHOW transaction_read_only").scalar_one()
    assert shown == "on"


def test_the_source_is_spared(hub: OpenHub, land: Registry, read: Callable[..., Read]) -> None:
    with land.connect() as owner:
        for number in range(25):
            land.add(owner, number)
    running = read(commit="tx", batch_rows=10, pause_seconds=0.2, timeout_seconds=3)
    begun = time.monotonic()
    assert running.carry() == 25
    assert time.monotonic() - begun >= 0.4, "a pause after each full batch"
    load = running.feed.load()
    assert load.reads >= 3
    with psycopg.connect(land.url("postgres").replace("+psycopg", "")) as owner:
        ask = "SELECT application_name, state, count(*) OVER () FROM pg_stat_activity"
        ask += f" WHERE usename = '{land.name}_doc'"
        rows = owner.execute(ask.encode()).fetchall()
    assert rows == [("lgsp-hub land_office", "idle", 1)], "one connection, no open transaction"
    with running.feed._guest.asking() as connection:
        assert connection.exec_driver_sql("SHOW statement_timeout").scalar_one() == "3s"
    assert '"load": {"reads"' in str(hub.log.checkpoint("heartbeat:land_office"))


def test_a_slow_statement_ends_by_its_timeout_and_is_tried_again(
    hub: OpenHub, land: Registry, read: Callable[..., Read]
) -> None:
    with land.connect() as owner:
        land.add(owner, 1)
        owner.commit()
        owner.execute("LOCK TABLE hub_outbox IN ACCESS EXCLUSIVE MODE")
        running = read(timeout_seconds=0.3)
        assert "timeout" in heartbeat(running, hub)
        owner.rollback()
    running.carry()
    assert ledger(hub) == {"applied": 1}


def test_only_columns_that_are_mapped_leave_the_source(
    hub: OpenHub, land: Registry, read: Callable[..., Read]
) -> None:
    with land.connect() as owner:
        land.add(owner, 1)
        owner.execute("INSERT INTO hub_outbox (su_kien, nguoi_nop) VALUES ('XONG', 'Mẫu B')")
    running = read()
    delivery = running.feed.fetch(1)
    assert delivery is not None
    assert len(delivery.records) == 2
    assert not any("Mẫu" in r.original.decode() for r in delivery.records)
    typed = running.feed._typed
    assert typed is not None
    statement, _ = running.feed._select(typed)
    assert "nguoi_nop" not in str(statement)


def test_a_column_that_is_gone_stops_the_feed_by_name_and_nothing_is_lost(
    hub: OpenHub, land: Registry, read: Callable[..., Read]
) -> None:
    running = read()
    with land.connect() as owner:
        land.add(owner, 1)
        owner.execute("ALTER TABLE hub_outbox RENAME thoi_diem TO luc_xay_ra")
    said = heartbeat(running, hub)
    assert "Thời điểm xảy ra" in said
    renamed = TABLE.mapping.model_dump(mode="json")
    for column in renamed["columns"]:
        column["header"] = {"thoi_diem": "luc_xay_ra"}.get(column["header"], column["header"])
    mapping = FileMapping.model_validate(renamed)
    context = Context(hub.log, system_clock, mapping=lambda: mapping)
    settings = PolledSettings(url=land.url(), poll_seconds=0.01)
    mended = PolledFeed(TABLE, settings, context)
    delivery = mended.fetch(1)
    mended.close()
    assert delivery is not None
    assert [r.verdict for r in delivery.records] == [None]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"table": "khac"}, "khac"),
        ({"commit": "khac"}, "khac"),
        ({"key": "nguoi_nop"}, "whole number"),
        ({"url": "postgresql+psycopg://doc@127.0.0.1:1/x"}, "127.0.0.1"),
    ],
)
def test_what_cannot_be_read_is_told(
    land: Registry, read: Callable[..., Read], changed: dict[str, str], said: str
) -> None:
    with land.connect() as owner:
        land.add(owner, 1)
    feed = read(**{"poll_seconds": 60, **changed}).feed
    for _ in range(2):  # and again: it does not look well in between
        with pytest.raises(UpstreamError, match=said):
            feed.fetch(1)


def test_killed_many_times_while_transactions_commit_in_any_order(
    hub: OpenHub, land: Registry, tmp_path: Path
) -> None:
    """`hub connect land_office` in a process of its own; `HUB_TEST_KILLS` says how often."""
    chance = random.Random(KILLS)
    environment = {
        **os.environ,
        "HUB_DATA_DIR": str(tmp_path / "hub"),
        "HUB_LAND_OFFICE_URL": land.url(),
        "HUB_LAND_OFFICE_COMMIT": "tx",
        "HUB_LAND_OFFICE_BATCH_ROWS": "20",
        "HUB_LAND_OFFICE_PAUSE_SECONDS": "0.01",
        "HUB_LAND_OFFICE_POLL_SECONDS": "0.02",
    }
    expected: list[str] = []
    process = start_hub("connect", "land_office", env=environment)
    try:
        for number in range(KILLS):
            before = hub.log.checkpoint("land_office:position")
            writers = [land.connect() for _ in range(4)]
            for i in range(120):
                writer = chance.choice(writers)
                land.add(writer, number * 1000 + i)
                if chance.random() < 0.3:
                    writer.commit()
            chance.shuffle(writers)
            for writer in writers:
                writer.commit()
                writer.close()
            expected += [f"H57.132-250517-{number * 1000 + i:04}" for i in range(120)]
            until(
                lambda before=before: hub.log.checkpoint("land_office:position") != before,  # type: ignore[misc]
                "something is read",
            )
            process.kill()
            process.wait()
            process = start_hub("connect", "land_office", env=environment)
        until(lambda: len(codes(hub)) == len(expected), "all is read")
    finally:
        process.terminate()
        process.wait(30)
    assert codes(hub) == sorted(expected)
    counted = ledger(hub)
    assert counted["applied"] == len(expected)
    assert set(counted) <= {"applied", "duplicate"}
    with in_this_process():
        assert verify(hub.log, hub.store, lists.installed(), lambda *_: None).differences == []
