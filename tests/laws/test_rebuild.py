"""A rebuild beside the tables in force: equal ones change places, others are named and wait."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from hub import registry
from hub.apply.applier import Applier
from hub.apply.rebuild import NothingBuiltError, Rebuild
from hub.figures.past import Past
from hub.locks import AlreadyRunningError
from hub.log.slices import Slice
from hub.store.alike import alike
from hub.store.cuts import latest_cut
from hub.store.differences import CELLS, LINES_MAX
from hub.store.packing import pack
from hub.store.sqlite import Sqlite
from hub.store.store import Store
from hub.store.tables import BUILD, HISTORY
from hub.store.troubles import DefinitionChangedError, VersionMismatchError
from stream_jobs.worked import dossier, received, salinity
from tests.parts.small import NOW, Json, Prepared, Sent, Small, in_this_process

DOSSIER = registry.contracts()["dossier"]
READING = registry.contracts()["reading"]
KEPT = ("api_key", "receipt", "checkpoint", "figure", "notice")


def sent(*events: Json, sender: str = "s") -> list[Sent]:
    return [Sent(sender, 20_400, e) for e in events]


def dossiers(first: int, following: int) -> list[Sent]:
    out = []
    for i in sorted(range(first, following), key=lambda i: i % 3):  # a batch a sender
        out += sent(received(f"D{i:04}", f"2023-05-{1 + i % 28:02}"), sender=f"s{i % 3}")
        out += sent(dossier(f"D{i:04}", "resolved", "2023-06-20"), sender=f"s{i % 3}")
    return out


def begin(small: Small) -> None:
    """Put something of everything into a store, in several shards."""
    taken_back = received("T", "2023-05-08")
    small.append(DOSSIER, dossiers(0, 40))
    small.append(DOSSIER, dossiers(0, 3))  # repeats
    small.append(DOSSIER, sent(taken_back, taken_back | {"channel": "post"}))
    small.append(
        DOSSIER, sent(dossier("T", "retracted", "2023-05-12", retracts=taken_back["event_id"]))
    )
    small.append(READING, sent(*(salinity("ST01", f"2023-03-0{d}T05:00", d) for d in (1, 2))))
    for shard, contract in enumerate((DOSSIER, READING)):
        small.applier().apply(contract, small.log.read(contract.topic, 0), shard=shard)


BEGUN = Prepared(begin)
pytestmark = pytest.mark.slow  # each builds all tables anew


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Small]:
    """A store in which there is something of everything, in several shards."""
    with BEGUN.open(tmp_path / "small") as opened:
        yield opened


def rebuild(small: Small) -> Rebuild:
    return Rebuild(small.log, small.store, lambda: NOW)


def tamper(store: Store, *statements: str) -> None:
    with store.administering() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))


def second_of(small: Small) -> Path:
    return small._folder / "store.sqlite3-rebuild"


def build_of(small: Small) -> str | None:
    with small.store.reading() as reading:
        return reading.build()


def test_equal_tables_change_places_and_nothing_is_left_beside(small: Small) -> None:
    before = small.said(by_day=True)
    with small.store.reading() as reading:
        positions = reading.rows("SELECT log, topic, partition, next_offset FROM position")
        shards = {r[0] for r in reading.rows("SELECT DISTINCT shard FROM cell")}
    assert shards == {0, 1}
    found = rebuild(small).build()
    assert (found.count, found.lines) == (0, [])
    assert build_of(small) is not None
    assert not second_of(small).exists()
    after = small.said(by_day=True)
    # Shards are told apart here only where senders were heard.
    assert {k: v for k, v in after.items() if k != "heard"} == {
        k: v for k, v in before.items() if k != "heard"
    }
    with small.store.reading() as reading:
        assert {r[0] for r in reading.rows("SELECT DISTINCT shard FROM cell")} == {0}
        again = reading.rows("SELECT log, topic, partition, next_offset FROM position")
        assert sorted(again) == sorted(positions)
    # Applying goes on where it was.
    small.append(DOSSIER, dossiers(40, 45))
    small.apply(DOSSIER, 1)
    with in_this_process():
        assert small.verify().differences == []
    assert rebuild(small).build().count == 0


def test_what_is_not_applied_is_not_rebuilt(small: Small) -> None:
    small.append(DOSSIER, dossiers(70, 72))
    with small.store.reading() as reading:
        at = reading.totals()
    assert rebuild(small).build().count == 0
    with small.store.reading() as reading:
        assert reading.totals() == at
    small.apply(DOSSIER, 1)
    with in_this_process():
        assert small.verify().differences == []


def test_indexes_and_keys_are_those_of_tables_that_were_never_rebuilt(
    small: Small, tmp_path: Path
) -> None:
    query = "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY 1, 2"
    with small.store.reading() as reading:
        before = reading.rows(query)
    rebuild(small).build()
    with small.store.reading() as reading:
        assert reading.rows(query) == before


def test_what_is_no_figure_is_kept(small: Small) -> None:
    tamper(
        small.store,
        "INSERT INTO api_key (id, name, key_hash, units, contracts, created_at)"
        " VALUES ('k', 'n', 'h', '', '', 1)",
        "INSERT INTO checkpoint VALUES ('c', 'v')",
        "INSERT INTO figure VALUES ('f', 7, x'00', 's', 1)",
        "INSERT INTO receipt VALUES ('r', 's', 'dossier', 1, 1, 0, NULL, '', '', '{}')",
    )
    with small.store.reading() as reading:
        before = {t: reading.rows(f"SELECT * FROM {t}") for t in KEPT}
    assert all(before.values())
    rebuild(small).build()
    with small.store.reading() as reading:
        assert {t: reading.rows(f"SELECT * FROM {t}") for t in KEPT} == before


def test_what_is_alike_is_known_at_once_and_only_at_the_same_positions(small: Small) -> None:
    tamper(small.store, "UPDATE fact_reading SET milli = milli + 1, quality = NULL")
    assert rebuild(small).build().count
    facts = small.store.facts
    none = {f"fact {n}" for n in facts} - {"fact dossier", "fact reading"}
    rest = {*none, "fact dossier", CELLS}
    assert alike(small.store.database, facts) == rest
    tamper(small.store, "UPDATE fact_dossier SET channel = NULL WHERE entity = 'D0001'")
    assert alike(small.store.database, facts) == rest - {"fact dossier"}
    # Of the same sums over shards, in other rows.
    tamper(small.store, "UPDATE cell SET shard = shard + 7")
    assert CELLS in alike(small.store.database, facts)
    tamper(small.store, "UPDATE cell SET d3 = d3 + 1 WHERE period = '2023-05-05'")
    assert alike(small.store.database, facts) == none
    small.append(DOSSIER, dossiers(80, 81))
    small.apply(DOSSIER, 1)
    assert alike(small.store.database, facts) == set()


FLIPS = {
    "cell dossier.received/received_by/2023-05-05/received_by=H57.1: in force (": (
        "UPDATE cell SET count = count + 1 WHERE cell_set = 'dossier.received/received_by'"
        " AND period = '2023-05-05'"
    ),
    "cell gone.measure/2023-05-05/: in force (": (
        "INSERT INTO cell VALUES ('gone.measure', '2023-05-05', '', 0, 1, 1, 0, 0, 0, 0, 0)"
    ),
    "fact dossier/D0003: in force (": (
        "UPDATE fact_dossier SET d2 = d2 + 1 WHERE entity = 'D0003'"
    ),
    "fact dossier/D0004: in force nothing": "DELETE FROM fact_dossier WHERE entity = 'D0004'",
    "fact dossier/X: in force (": ("UPDATE fact_dossier SET entity = 'X' WHERE entity = 'D0005'"),
    "ledger dossier/s1/applied: in force (": (
        "UPDATE ledger SET count = count - 1 WHERE sender = 's1' AND class = 'applied'"
    ),
    "arrival dossier/s2/": "UPDATE arrival SET count = count + 1 WHERE sender = 's2'",
    "heard reading/s: in force (": "UPDATE heard SET horizon = 1 WHERE contract = 'reading'",
    "quarantine q: in force (": (
        "INSERT INTO quarantine VALUES ('q', 's', 'dossier', 1, 0, 'r', 'f', 'v', 'm', 'm', 'o')"
    ),
}


@pytest.mark.parametrize("named", FLIPS)
def test_whatever_is_flipped_is_named_and_mended_when_approved(small: Small, named: str) -> None:
    good = small.said(by_day=True)
    tamper(small.store, FLIPS[named])
    before = small.raw()
    found = rebuild(small).build()
    assert found.count >= 1
    assert [line for line in found.lines if line.startswith(named)], found.lines
    # Nothing is changed until somebody says so.
    assert small.raw() == before
    assert second_of(small).exists()
    assert rebuild(small).approve() == found.count
    assert not second_of(small).exists()
    mended = small.said(by_day=True)
    for one in (good, mended):
        del one["heard"]
    assert mended == good
    with in_this_process():
        assert small.verify().differences == []


def test_what_comes_between_building_and_approving_is_in_it(small: Small) -> None:
    tamper(small.store, FLIPS["fact dossier/D0004: in force nothing"])
    assert rebuild(small).build().count
    small.append(DOSSIER, [*dossiers(50, 60), *sent(dossier("D0004", "returned", "2023-07-01"))])
    small.apply(DOSSIER, 3)
    rebuild(small).approve()
    with in_this_process():
        assert small.verify().differences == []


def test_many_differences_are_counted_and_the_first_are_named(small: Small) -> None:
    tamper(small.store, "UPDATE fact_dossier SET d0 = d0 + 1", "UPDATE cell SET value = value + 1")
    found = rebuild(small).build()
    assert found.count > LINES_MAX == len(found.lines)


def test_what_was_built_can_be_dropped(small: Small) -> None:
    assert rebuild(small).discard() is False
    tamper(small.store, "UPDATE fact_dossier SET d0 = d0 + 1")
    rebuild(small).build()
    before = small.raw()
    assert rebuild(small).discard() is True
    assert not second_of(small).exists()
    assert small.raw() == before
    with pytest.raises(NothingBuiltError, match="run `hub rebuild` first"):
        rebuild(small).approve()


def test_of_other_definitions_it_is_built_and_waits(small: Small) -> None:
    """The store in force keeps to what it was computed by until the switch is approved."""
    good = small.said(by_day=True)
    tamper(
        small.store,
        "UPDATE definition SET digest = 'other' WHERE contract = 'dossier'",
        "DELETE FROM cell WHERE cell_set = 'dossier.left/received_by'",
    )
    with pytest.raises(DefinitionChangedError):
        small.store.check_definitions()
    found = rebuild(small).build()
    assert found.count
    assert all("cell dossier.left/received_by" in line for line in found.lines)
    with pytest.raises(DefinitionChangedError):
        small.store.check_definitions()
    rebuild(small).approve()
    small.store.check_definitions()
    assert small.said(by_day=True)["cells"] == good["cells"]


def test_a_store_with_another_column_is_compared_and_replaced(small: Small) -> None:
    tamper(small.store, "ALTER TABLE fact_dossier DROP COLUMN citizen_unit",
           "ALTER TABLE fact_dossier ADD COLUMN old_one TEXT")  # fmt: skip
    found = rebuild(small).build()
    assert found.lines == ["columns of fact_dossier: in force ['old_one'], anew ['citizen_unit']"]
    rebuild(small).approve()
    with in_this_process():
        assert small.verify().differences == []


def test_a_store_that_kept_no_history_gets_the_one_that_the_rebuild_made(small: Small) -> None:
    """A store of an earlier version: what its cuts would say is not known, and the present is."""
    tamper(small.store, *(f"DELETE FROM {t.name}" for t in HISTORY))
    rebuild(small).build()
    with small.store.reading() as reading:
        known = latest_cut(reading)
        places = reading.rows("SELECT log, topic, partition, next_offset FROM position")
        assert known is not None
        assert known.positions == {tuple(place): n for *place, n in places}
        then = {row[1]: row[3:] for row in Past(reading, known).table("heard")}
        assert then == {row[1]: row[3:] for row in reading.table("heard")}


def test_approving_needs_what_is_finished_and_of_these_definitions(small: Small) -> None:
    tamper(small.store, "UPDATE fact_dossier SET d0 = d0 + 1")
    rebuild(small).build()
    second = small.store.second()
    tamper(second, "UPDATE definition SET digest = 'other' WHERE contract = 'reading'")
    with pytest.raises(DefinitionChangedError):
        rebuild(small).approve()
    tamper(second, "DELETE FROM checkpoint")
    with pytest.raises(NothingBuiltError, match="not finished"):
        rebuild(small).approve()
    second.close()


def test_one_rebuild_runs_at_a_time(small: Small) -> None:
    with small.store.database.alone("rebuild") as is_mine:
        assert is_mine
        with pytest.raises(AlreadyRunningError, match="another"):
            rebuild(small).build()


def test_who_read_the_old_tables_writes_nothing_to_the_new_ones(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that read before the switch and writes after it reads again first."""
    nothing = pack("dossier", [b""])[0].hex()
    tamper(
        small.store,
        f"UPDATE fact_dossier SET state = x'{nothing}', events = 0 WHERE entity = 'D0001'",
    )
    assert rebuild(small).build().count
    small.append(DOSSIER, sent(dossier("D0001", "rated", "2023-07-01", satisfied=True)))
    mismatches: list[str] = []
    writing = small.store.writing

    def switched_between() -> Any:
        # At this moment the change is worked out, from what the old tables said.
        monkeypatch.setattr(small.store, "writing", writing)
        rebuild(small).approve()
        return writing()

    once = Applier._apply_once

    def counted(self: Applier, *given: Any) -> None:
        try:
            once(self, *given)
        except VersionMismatchError as error:
            mismatches.append(str(error))
            raise

    monkeypatch.setattr(Applier, "_apply_once", counted)
    monkeypatch.setattr(small.store, "writing", switched_between)
    small.apply(DOSSIER, 100)
    assert mismatches == ["a rebuild has put other tables in force"]
    with in_this_process():
        assert small.verify().differences == []


class PowerCutError(BaseException):
    """Nothing may catch it."""


# What a rebuild does to anything that outlives it.
TOUCHED: list[tuple[Any, str]] = [
    (Sqlite, "drop_second"),
    (Sqlite, "second"),
    (Store, "check_definitions"),
    (Store, "name_build"),
    (Applier, "apply"),
    (Rebuild, "_compare"),
    (Sqlite, "take_over"),
    (Store, "close"),
]


class Points:
    """Numbers the calls that touch something; before or after one of them the power is cut."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.called: list[str] = []
        self.cut_at: tuple[int, str] | None = None
        for owner, name in TOUCHED:
            monkeypatch.setattr(owner, name, self._wrapped(getattr(owner, name), name))

    def _wrapped(self, call: Callable[..., Any], name: str) -> Callable[..., Any]:
        def wrapped(*given: Any, **named: Any) -> Any:
            number = len(self.called)
            self.called.append(name)
            if self.cut_at == (number, "before"):
                raise PowerCutError
            result = call(*given, **named)
            if self.cut_at == (number, "after"):
                raise PowerCutError
            return result

        return wrapped


@pytest.mark.slow
def test_after_a_crash_at_any_step_one_set_of_tables_is_in_force_and_the_next_run_succeeds(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = Points(monkeypatch)
    said = small.said(by_day=True)
    del said["heard"]
    assert rebuild(small).build().count == 0
    calls = list(points.called)
    assert {n for _, n in TOUCHED} == set(calls)
    number = 0
    while number < len(calls):
        for comes in ("before", "after"):
            points.called.clear()
            points.cut_at = (number, comes)
            with pytest.raises(PowerCutError):
                rebuild(small).build()
            points.cut_at = None
            now = small.said(by_day=True)
            del now["heard"]
            assert now == said, (number, comes)
            if number % 2:  # approved or begun anew, it ends well
                try:
                    rebuild(small).approve()
                except NothingBuiltError:
                    assert rebuild(small).build().count == 0
            else:
                assert rebuild(small).build().count == 0
            assert not second_of(small).exists()
        number += 1
    assert len({build_of(small), None}) == 2
    with in_this_process():
        assert small.verify().differences == []


def test_while_others_wait_little_is_applied(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where much came until the lock was had, it is given back, and had again later."""
    monkeypatch.setattr("hub.apply.rebuild.LAST_EVENTS_MAX", 4)
    replacing = Sqlite.replacing
    tries: list[int] = []

    def late(self: Sqlite) -> Any:
        if not tries:
            small.append(DOSSIER, dossiers(100, 110))
            small.apply(DOSSIER, 1)
        tries.append(1)
        return replacing(self)

    monkeypatch.setattr(Sqlite, "replacing", late)
    held: list[int] = []
    apply = Applier.apply

    def watched(self: Applier, contract: Any, slices: list[Slice], shard: int = 0) -> None:
        if len(tries) == 1 and self._store is not small.store:
            held.append(sum(s.count for s in slices))
        apply(self, contract, slices, shard)

    monkeypatch.setattr(Applier, "apply", watched)
    assert rebuild(small).build().count == 0
    assert len(tries) == 2
    assert sum(held) == 20  # applied after the lock was given back, before it was had again
    with in_this_process():
        assert small.verify().differences == []


def test_facts_of_what_came_after_the_comparison_are_compared_before_the_switch(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    replacing = Sqlite.replacing
    came: list[int] = []

    def late(self: Sqlite) -> Any:
        if not came:
            came.append(1)
            small.append(DOSSIER, dossiers(100, 103))
            small.apply(DOSSIER, 1)
            tamper(small.store, "UPDATE fact_dossier SET d2 = d2 + 1 WHERE entity = 'D0101'")
        return replacing(self)

    monkeypatch.setattr(Sqlite, "replacing", late)
    before = build_of(small)
    found = rebuild(small).build()
    assert found.count == 1
    assert found.lines[0].startswith("fact dossier/D0101: in force (")
    assert build_of(small) == before
    assert rebuild(small).approve() == 1
    assert build_of(small) != before
    with in_this_process():
        assert small.verify().differences == []


def test_no_contract_is_named_as_the_row_that_names_a_build() -> None:
    assert BUILD not in registry.contracts()
    assert not BUILD.isidentifier()
