"""Apply: position and effects together, one writer, nothing lost."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from hub import registry
from hub.apply import applier as apply
from hub.apply import entities
from hub.apply.applier import RETRIES_MAX
from hub.apply.change import Change
from hub.apply.intake import Taken
from hub.apply.set_aside import EVENTS_PER_ENTITY_MAX
from hub.definitions.contract import Contract
from hub.definitions.own.rejection import REJECTION
from hub.store.reading import Reading
from hub.store.troubles import FencedError, VersionMismatchError
from hub.store.writing import Writing
from stream_jobs.worked import dossier, paid, received, salinity
from tests.conftest import Hub
from tests.parts.depth import rounds
from tests.parts.small import Json, Prepared, Sent, Small
from tests.parts.small import received as acknowledged

DOSSIER = registry.contracts()["dossier"]
READING = registry.contracts()["reading"]
STEPS = [
    "instant",
    "swap_positions",
    "keep_cut",
    "check_build",
    "check_definition",
    "write_facts",
    "write_cells",
    "add_ledger",
    "add_arrivals",
    "touch",
    "quarantine",
    "close_periods",
    "keep_lists",
    "keep_declarations",
    "keep_alerts",
    "add_lateness",
    "hear",
    "notify",
]


@pytest.fixture
def folders(tmp_path: Path) -> Callable[[], Path]:
    """Give a new folder at each call."""
    numbers = count()
    return lambda: tmp_path / str(next(numbers))


@pytest.fixture
def small(folders: Callable[[], Path]) -> Iterator[Small]:
    with Small(folders()) as opened:
        yield opened


def sent(*events: Json) -> list[Sent]:
    return [Sent("s", 20_400, e) for e in events]


FIRST = sent(salinity("ST01", "2023-03-01T05:00", 4.5), salinity("ST01", "2023-03-01T06:00", 1.5))
REVISED = FIRST[0].event | {"event_id": "r", "value": 2, "revised_at": "2023-03-02T00:00:00Z"}
SECOND = sent(REVISED, FIRST[1].event, salinity("ST02", "2023-03-01T05:00", 9))


def begin(small: Small) -> None:
    """Apply the first readings; the second ones wait."""
    small.append(READING, FIRST)
    small.apply(READING, 1)
    small.append(READING, SECOND)


BEGUN = Prepared(begin)
CALM = Prepared(lambda small: small.apply(READING, 1), after=BEGUN)


def test_steps_are_all_that_apply_writes() -> None:
    public = {n for n in vars(Writing) if not n.startswith("_")}
    assert public == set(STEPS)


def test_a_second_writer_is_fenced_and_changes_nothing(small: Small) -> None:
    stale = small.applier()
    small.append(READING, FIRST)
    batches = small.log.read(READING.topic, 0)
    small.applier().apply(READING, batches)
    before = small.raw()
    with pytest.raises(FencedError, match="no longer at 0"):
        stale.apply(READING, batches)
    assert small.raw() == before
    small.append(READING, SECOND)
    more = small.log.read(READING.topic, 2)
    small.applier().apply(READING, more)
    before = small.raw()
    for again in (batches, more, batches + more):
        with pytest.raises(FencedError):
            stale.apply(READING, again)
        assert small.raw() == before


def test_a_writer_ahead_of_the_position_is_fenced_too(small: Small) -> None:
    """A batch may not be skipped, not even where nothing was applied yet."""
    small.append(READING, FIRST)
    small.append(READING, SECOND)
    first, second = small.log.read(READING.topic, 0)
    before = small.raw()
    with pytest.raises(FencedError):
        small.applier().apply(READING, [second])
    assert small.raw() == before
    small.applier().apply(READING, [first])
    small.applier().apply(READING, [second])
    assert small.verify().differences == []


def test_another_log_has_its_own_position(small: Small) -> None:
    small.append(READING, FIRST)
    batches = small.log.read(READING.topic, 0)
    small.applier().apply(READING, batches)
    with small.store.reading() as reading:
        mine = small.log.identity(READING.topic)
        assert reading.positions(mine, READING.topic) == {0: 2}
        assert reading.positions("another", READING.topic) == {}


@pytest.mark.parametrize("comes", [pytest.param("before", marks=pytest.mark.slow), "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_crash_at_any_statement_leaves_nothing_behind(
    folders: Callable[[], Path], monkeypatch: pytest.MonkeyPatch, step: str, comes: str
) -> None:
    with CALM.open(folders()) as calm, BEGUN.open(folders()) as struck:
        before = struck.raw()
        written = getattr(Writing, step)
        crashes = []

        def crash(self: Writing, *given: Any) -> None:
            if comes == "after":
                written(self, *given)
            crashes.append(step)
            raise RuntimeError("power cut")

        with monkeypatch.context() as patched:
            patched.setattr(Writing, step, crash)
            with pytest.raises(RuntimeError, match="power cut"):
                struck.apply(READING, 1)
        assert crashes == [step]
        assert struck.raw() == before
        struck.apply(READING, 1)
        assert _without_names(struck.raw()) == _without_names(calm.raw())
        assert struck.verify().differences == []


def _without_names(tables: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Leave out the log's identity."""
    named = [t for t in tables if t == "position" or t.startswith("cut")]
    return tables | {t: [row[1:] for row in tables[t]] for t in named}


@pytest.mark.parametrize("is_new", [True, False])
def test_a_fact_that_changed_meanwhile_is_read_again(
    small: Small, monkeypatch: pytest.MonkeyPatch, is_new: bool
) -> None:
    small.append(READING, FIRST)
    if not is_new:
        small.apply(READING, 1)
        small.append(READING, SECOND)
    tries: list[Change] = []

    def find_change(
        fact: Any, contract: Contract, taken: Taken, reading: Reading, shard: int
    ) -> Change:
        change = found(fact, contract, taken, reading, shard)
        tries.append(change)
        if len(tries) == 1:
            # As if somebody else had written between reading and writing.
            if is_new:
                assert change.created is not None
                change.created = pl.concat([change.created, change.created[:1]])
            else:
                with small.store.administering() as other:
                    other.exec_driver_sql("UPDATE fact_reading SET version = version + 1")
        return change

    found = entities.find_change
    monkeypatch.setattr(apply, "find_change", find_change)
    small.apply(READING, 1)
    assert len(tries) == 2
    assert small.verify().differences == []
    with small.store.reading() as reading:
        versions = reading.rows("SELECT version, events FROM fact_reading ORDER BY 1, 2")
    assert versions == ([(1, 1), (1, 1)] if is_new else [(1, 1), (2, 1), (3, 2)])


def test_retries_have_a_limit(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    small.append(READING, FIRST)
    before = small.raw()
    tries = []

    def never(*_: Any) -> None:
        tries.append(1)
        raise VersionMismatchError("fact_reading")

    with monkeypatch.context() as patched:
        patched.setattr(Writing, "write_facts", never)
        with pytest.raises(VersionMismatchError):
            small.apply(READING, 1)
    assert len(tries) == RETRIES_MAX
    assert small.raw() == before
    small.apply(READING, 1)
    assert small.verify().differences == []


def test_an_entity_takes_so_many_events_and_no_more(hub: Hub) -> None:
    assert EVENTS_PER_ENTITY_MAX == 1_000
    many = [dossier("BIG", "processing", "2023-05-01") for _ in range(1_003)]
    hub.send("dossier", received("BIG", "2023-05-01"), received("SMALL", "2023-05-01"), *many[:500])
    hub.send("dossier", *many[500:])
    hub.send("dossier", *many[:3], dossier("SMALL", "resolved", "2023-05-02"))
    with hub.store.reading() as reading:
        kept = reading.rows("SELECT entity, events FROM fact_dossier ORDER BY 1")
        rows = reading.rows(
            "SELECT rule, field, value, sender, contract, message_vi, message_en FROM quarantine"
        )
        ledger: dict[str, int] = {}
        for _, _, _, kind, _, n in reading.table("ledger"):
            ledger[kind] = ledger.get(kind, 0) + n
    assert kept == [("BIG", 1_000), ("SMALL", 2)]
    assert [r[:5] for r in rows] == [
        ("entity_too_large", "dossier_code", "BIG", "tester", "dossier")
    ] * 4
    assert all("1000" in r[5] and "1000" in r[6] and r[5] != r[6] for r in rows)
    assert ledger == {"applied": 1_002, "quarantined": 4, "duplicate": 3}
    assert sum(ledger.values()) == sum(acknowledged(hub.log).values())


def test_rejections_are_applied_and_fenced_as_events_are(hub: Hub) -> None:
    hub.post("dossier", {"kind": "x"}, received("A", "2023-05-01"))
    hub.runner.catch_up()
    batches = hub.log.read(REJECTION.topic, 0)
    applier = apply.Applier(hub.store, hub.log.identity, lambda: hub.now)
    with pytest.raises(FencedError):
        applier.apply(REJECTION, batches)
    with hub.store.reading() as reading:
        assert reading.rows("SELECT COUNT(*) FROM quarantine") == [(1,)]


@settings(
    derandomize=True,
    max_examples=rounds(8, quick=3),
    phases=[Phase.explicit, Phase.generate],
)
@given(st.data())
def test_ledger_is_receipts_per_sender_and_day(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Received = applied + duplicate + conflict + quarantined + retracted, by sender and day."""
    hub = Hub(tmp_path_factory.mktemp("hub"))
    start = hub.now
    good = {
        "dossier": received("A", "2023-05-01"),
        "payment": paid("cash", "2023", customers=1, amount=1),
        "reading": salinity("ST01", "2023-05-01", 1.5),
    }
    for _ in range(data.draw(st.integers(1, 6))):
        name = data.draw(st.sampled_from(sorted(good)))
        sender = data.draw(st.sampled_from(["s", "t"]))
        ids = data.draw(st.lists(st.sampled_from(["1", "2", "3", "\n"]), min_size=1, max_size=5))
        items = [good[name] | {"event_id": i} for i in ids]
        if name == "dossier":
            items[0]["channel"] = data.draw(st.sampled_from(["online", "post", "pigeon"]))
            withdrawal = dossier("A", "retracted", "2023-05-02", retracts="1")
            items += data.draw(st.sampled_from([[], [withdrawal]]))
        hub.now = start.replace(day=data.draw(st.integers(14, 16)))
        hub.post(name, *items, sender=sender)
        if data.draw(st.booleans()):
            hub.runner.catch_up()
    hub.runner.catch_up()
    counted: dict[tuple[str, str, int], int] = {}
    with hub.store.reading() as reading:
        for contract, sender, day, kind, _, n in reading.table("ledger"):
            assert n >= 0, kind
            key = (contract, sender, day)
            counted[key] = counted.get(key, 0) + n
    assert counted == acknowledged(hub.log)
    hub.close()
