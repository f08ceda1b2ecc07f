"""Whatever is asked, columns say what the database does: after any history, lost or damaged."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import polars as pl
import pytest

from hub import registry
from hub.board.board import ask_first, board
from hub.clock import to_us
from hub.columns import columns as making
from hub.columns import frames
from hub.columns.asking import Row
from hub.columns.columns import Columns
from hub.columns.files import find_base
from hub.columns.frames import Base
from hub.columns.sums import Kept
from hub.figures.compute import QuestionError, read_question
from hub.figures.kpi import Kpi
from hub.figures.made_of import Wanted, facts
from hub.figures.official import answer, as_known
from hub.reference.periods import parse_period
from hub.reports.filled import fill, read_report_question
from hub.store.reading import FactTables, Reading
from hub.store.store import Store
from stream_jobs.worked import dossier, received
from tests.laws.test_history import commits
from tests.parts import lists
from tests.parts.small import Sent, Small

DOSSIER = "dossier"
# Of each kind of term and fact one.
ASKED = (
    "dossier_on_time_share",
    "dossier_overdue",
    "payment_amount",
    "salinity_hours_over_1",
    "salinity_mean",
    "stations_reporting_share",
)
BEGUN = 6  # commits, before the base is made
AT = {"period": "2023-05", "at": "2023-05-12T10:00:00+07:00"}


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Small]:
    with Small(tmp_path / "small") as opened:
        keep_in(opened.store, tmp_path / "columns")
        yield opened


def keep_in(store: Store, folder: Path) -> None:
    """Keep the columns of a store in files of a folder, opened anew."""
    store.columns = {n: Columns(f, store.digests[n], folder) for n, f in store.facts.items()}


@contextmanager
def in_sql(store: Store) -> Iterator[Reading]:
    """Read a snapshot that has no columns."""
    with store.reading() as reading:
        yield Reading(
            reading.connection, reading.database, store.definitions, {}, store.succession, {}
        )


def questions(kpi: Kpi) -> Iterator[dict[str, str]]:
    """Ask by everything, in pairs too, within a day, by roles and views."""
    yield from ({"period": "2023"}, AT, {**AT, "at": "2023-05-04T10:00:00+07:00"})
    for name in (*kpi.dims, "day", "month"):
        yield {"period": "2023", "by": name}
        yield {**AT, "by": name}
    for role in kpi.roles:
        yield {"period": "2023", "by": "unit,month", "role": role}
    if "procedure" in kpi.dims:
        yield {"period": "2023", "by": "unit,procedure", "view": "rebased"}
        yield {"period": "2023", "by": "day", "unit": "H57.1"}
        yield {"period": "2023", "channel": "online", "by": "procedure"}


def said(reading: Reading, now: int, as_of: int | None = None) -> dict[str, str]:
    """Answer every question, every list in every order, and every report."""
    book = as_known(lists.installed().book(reading), as_of, now)
    out = {}
    for kpi in (registry.kpis()[name] for name in ASKED):
        for asked in questions(kpi):
            question = read_question(kpi, asked, now)
            out[f"{kpi.id} {asked}"] = json.dumps(answer(kpi, question, book))
        if not kpi.lists_facts:
            continue
        question = read_question(kpi, {"period": "2023"}, now)
        for wanted in (Wanted(), Wanted(limit=2, sort="-numerator"), Wanted(1, 3)):
            out[f"{kpi.id} {wanted}"] = json.dumps(facts(kpi, question, book, wanted))
    for report in registry.reports().values():
        for asked in ({"period": "2023-05"}, {"period": "2023-05", "unit": "H57.1"}):
            try:
                filled = fill(report, read_report_question(report, asked, now), book)
            except QuestionError as error:
                out[f"{report.id} {asked}"] = str(error)
            else:
                out[f"{report.id} {asked}"] = repr((filled.lines, filled.total))
    return out


def differing(ours: dict[str, str], theirs: dict[str, str]) -> list[tuple[str, str, str]]:
    return [(k, ours[k], theirs[k]) for k in theirs if ours[k] != theirs[k]][:2]


@pytest.mark.slow
def test_after_every_commit_columns_say_what_the_database_does(
    small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Every few commits a base is made again, and what is kept is read by who starts.
    monkeypatch.setattr(frames, "WORN_MIN", 4)
    bases = set()
    for number, _ in enumerate(commits(small)):
        now = to_us(small.now)
        if number % 3 == 1:
            small.store.tend_columns()
        if number % 4 == 3:
            keep_in(small.store, tmp_path / "columns")
        with small.store.reading() as reading:
            made = reading.frames(small.store.facts[DOSSIER])
            bases.add(0 if made is None else len(made.base.facts))
            ours = said(reading, now) if number % 3 == 2 else None
        if ours is not None:
            with in_sql(small.store) as reading:
                assert not differing(ours, said(reading, now))
    assert len(bases) > 2
    assert not small.verify().differences


@pytest.mark.slow
def test_what_a_base_said_once_goes_on_with_what_changed_since(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = known = 0
    bases = set()
    get = Kept.get

    def counted(kept: Kept, question: object, ask: Callable[[], list[Row]]) -> list[Row]:
        nonlocal asked, known
        asked, known = asked + 1, known + (question in kept._rows)
        return get(kept, question, ask)

    for number, _ in enumerate(commits(small)):
        now = to_us(small.now)
        if number == BEGUN:
            monkeypatch.setattr(frames, "WORN_MIN", 1)
            small.store.tend_columns()
            monkeypatch.setattr(frames, "WORN_MIN", 10_000)
            monkeypatch.setattr(Kept, "get", counted)
        if number >= BEGUN and number % 3 == 0:
            with small.store.reading() as reading:
                ours = said(reading, now)
                made = reading.frames(small.store.facts[DOSSIER])
                assert made is not None
                bases.add(len(made.base.facts))
                assert not made.is_worn
            with in_sql(small.store) as reading:
                assert not differing(ours, said(reading, now))
    assert len(bases) == 1
    assert known > asked // 2


@pytest.mark.slow
def test_the_past_is_the_same_from_columns(small: Small) -> None:
    at = []
    for _ in commits(small):
        at.append(to_us(small.now))
    now = to_us(small.now)
    for as_of in at[2::5]:
        with small.store.reading() as reading:
            ours = said(reading, now, as_of)
        with in_sql(small.store) as reading:
            assert not differing(ours, said(reading, now, as_of))


def received_by(reading: Reading, fact: str = DOSSIER) -> dict[str, int]:
    """Count what was received, by who received it."""
    found = reading.definitions.facts[fact]
    measure = found.measure("dossier.received")
    rows = reading.sum_facts(found, measure, ("received_by",), {}, (None, 2**62))
    return {row[0]: row[1] for row in rows}


def give(small: Small, *codes: str) -> None:
    contract = registry.contracts()[DOSSIER]
    small.append(contract, [Sent("s", 20_400, received(c, "2023-05-02")) for c in codes])
    small.apply(contract, 1)
    small.now += timedelta(minutes=1)


def file_of(folder: Path) -> Path:
    (path,) = folder.glob(f"{DOSSIER}.*.parquet")
    return path


@pytest.mark.parametrize("harm", ["missing", "cut short", "edited", "another's", "of another form"])
def test_a_file_that_is_not_whole_is_made_again(small: Small, tmp_path: Path, harm: str) -> None:
    folder = tmp_path / "columns"
    give(small, "A", "B")
    small.store.tend_columns()
    path = file_of(folder)
    whole = path.read_bytes()
    if harm == "missing":
        path.unlink()
    elif harm == "cut short":
        path.write_bytes(whole[: len(whole) // 2])
    elif harm == "edited":
        at = len(whole) // 3
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    elif harm == "another's":
        path.write_bytes((folder / path.name).read_bytes()[::-1])
    else:
        path.write_bytes(b"PAR1")
    # Who runs already answers as before, and whoever starts reads the database.
    with small.store.reading() as reading:
        assert sum(received_by(reading).values()) == 2
    running = small.store.columns
    keep_in(small.store, folder)
    with small.store.reading() as reading:
        assert sum(received_by(reading).values()) == 2
    small.store.columns = running
    small.store.tend_columns()
    found = find_base(folder, small.store.facts[DOSSIER])
    assert found is not None
    assert len(found[1].base.facts) == 2


def test_what_is_behind_is_brought_up_and_what_is_of_other_tables_is_not_used(
    small: Small, tmp_path: Path
) -> None:
    give(small, "A", "B")
    small.store.tend_columns()
    give(small, "C")
    keep_in(small.store, tmp_path / "columns")
    with small.store.reading() as reading:
        made = reading.frames(small.store.facts[DOSSIER])
        assert made is not None
        assert (len(made.base.facts), len(made.changes)) == (2, 1)
        assert sum(received_by(reading).values()) == 3
    # An older copy of the database is put back, and goes on another way: same offsets, other facts.
    with small.store.administering() as c:
        c.exec_driver_sql("UPDATE cut SET at = at + 1")
        c.exec_driver_sql("UPDATE fact_dossier SET received_by = 'other' WHERE entity LIKE '%A'")
    keep_in(small.store, tmp_path / "columns")
    with small.store.reading() as reading:
        assert received_by(reading)["other"] == 1


def test_what_people_see_first_is_asked_of_new_columns(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "WORN_MIN", 1)
    give(small, "A", "B")
    told = [small.store.tend_columns() for _ in range(2)]
    give(small, "C", "D", "E")
    told += [small.store.tend_columns() for _ in range(2)]
    assert told == [True, False, True, False]
    asked: list[Any] = []
    get = Kept.get

    def watched(kept: Kept, question: Any, ask: Callable[[], list[Row]]) -> list[Row]:
        def noted() -> list[Row]:
            asked.append(question)
            return ask()

        return get(kept, question, noted)

    monkeypatch.setattr(Kept, "get", watched)
    kpis, now = registry.kpis().values(), to_us(small.now)
    with small.store.reading() as reading:
        shown = ask_first(lists.installed().book(reading), kpis, now, ())
    figure = next(one.figure for one in shown if one.kpi == "dossier_received_new")
    assert (figure.numerator, asked != []) == (5, True)
    asked.clear()
    with small.store.reading() as reading:
        again = board(lists.installed().book(reading), kpis, parse_period("2023"), now + 1, ())
    assert [one.kpi for one in again] == [one.kpi for one in shown]
    assert asked == []


def test_tables_that_a_rebuild_put_in_force_have_columns_of_their_own(small: Small) -> None:
    give(small, "A", "B")
    with small.store.reading() as reading:
        assert sum(received_by(reading).values()) == 2
    small.store.name_build("another")
    with small.store.administering() as c:
        c.exec_driver_sql("DELETE FROM fact_dossier WHERE entity LIKE '%A'")
    with small.store.reading() as reading:
        assert sum(received_by(reading).values()) == 1


def test_verify_names_the_fact_whose_columns_differ(small: Small) -> None:
    give(small, "A", "B")
    small.store.tend_columns()
    assert not small.verify().differences
    columns = small.store.columns[DOSSIER]
    made = columns._known[-1]
    wrong = (
        made.facts()
        .collect()
        .with_columns(
            pl.when(pl.col("entity").str.ends_with("A"))
            .then(pl.lit("late", pl.Categorical()))
            .otherwise("channel")
            .alias("channel")
        )
    )
    columns._known[:] = [frames.Frames.of(made.standing, Base(wrong))]
    (line,) = small.verify().differences
    assert line.startswith("columns dossier/")
    assert "A: stored" in line


def test_a_snapshot_is_read_as_it_was_after_others_went_on(small: Small) -> None:
    give(small, "A")
    with small.store.reading() as older:
        assert older.totals()
        give(small, "B")
        with small.store.reading() as newer:
            assert sum(received_by(newer).values()) == 2
        small.store.tend_columns()
        assert sum(received_by(older).values()) == 1


def test_who_asks_while_columns_are_made_waits_for_them(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "EVENTS_AT_ONCE_MAX", 1)
    give(small, "A", "B")
    fact = small.store.facts[DOSSIER]
    reads: list[int] = []
    is_read, may_go_on = threading.Event(), threading.Event()
    changed = FactTables.changed

    def slowly(*asked: Any) -> Iterator[Row]:
        reads.append(1)
        is_read.set()
        assert may_go_on.wait(30)
        return changed(*asked)

    monkeypatch.setattr(FactTables, "changed", slowly)
    counted: list[int] = []

    def ask() -> None:
        with small.store.reading() as reading:
            reading.totals()
            asking.wait()
            counted.append(sum(received_by(reading).values()))
            assert reading.frames(fact) is not None

    asking = threading.Barrier(3)
    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert is_read.wait(30)
    may_go_on.set()
    for thread in threads:
        thread.join(30)
    assert (counted, reads) == ([2, 2, 2], [1])


def test_an_older_snapshot_is_read_without_what_newer_ones_have(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "EVENTS_AT_ONCE_MAX", 1)
    fact = small.store.facts[DOSSIER]
    give(small, "A", "B")
    with small.store.reading() as older:
        assert older.totals()
        give(small, "C", "D")
        small.store.tend_columns()
        with small.store.reading() as newer:
            made = newer.frames(fact)
        assert sum(received_by(older).values()) == 2
    with small.store.reading() as reading:
        assert sum(received_by(reading).values()) == 4
        assert reading.frames(fact) is made


def test_entities_with_one_hash_are_told_apart_by_name() -> None:
    fact = registry.facts()[DOSSIER]
    schema = frames.schema_of(fact)
    base = Base(pl.DataFrame([{"entity": e} for e in "ABC"], schema=schema))
    with mock.patch.object(pl.Series, "hash", lambda s: pl.Series([7] * len(s), dtype=pl.UInt64)):
        assert base.rows_of(pl.Series(["C", "X", "A"])).tolist() == [2, 0]


@pytest.mark.slow
def test_readers_beside_an_applier_see_whole_commits(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "WORN_MIN", 5)
    wrong: list[tuple[int, int]] = []
    asked = []
    ended = threading.Event()

    def ask() -> None:
        while not ended.is_set():
            with small.store.reading() as reading:
                total = reading.totals().get(registry.contracts()[DOSSIER].topic, 0)
                counted = sum(received_by(reading).values())
                asked.append(total)
            if total != counted:
                wrong.append((total, counted))

    def tend() -> None:
        while not ended.is_set():
            small.store.tend_columns()

    threads = [threading.Thread(target=work) for work in (ask, ask, tend)]
    for thread in threads:
        thread.start()
    for number in range(30):
        give(small, f"D{number}")
    ended.set()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(set(asked)) > 3


def test_pages_by_key_hold_every_fact_once_in_any_order(small: Small) -> None:
    contract = registry.contracts()[DOSSIER]
    events = [received(f"D{i}", "2023-05-02", due=f"2023-05-{3 + i % 4:02}") for i in range(9)]
    events += [dossier(f"D{i}", "resolved", f"2023-05-{10 + i % 2}") for i in range(0, 9, 2)]
    small.append(contract, [Sent("s", 20_400, e) for e in events])
    small.apply(contract, 1)
    kpi = registry.kpis()["dossier_received_new"]
    question = read_question(kpi, {"period": "2023"}, to_us(small.now))
    for name in ("due_at", "ended_at", "overdue_us", "numerator"):
        for sort in (name, f"-{name}"):
            with small.store.reading() as reading:
                book = lists.installed().book(reading)
                listed, after = [], ""
                while True:
                    body = facts(kpi, question, book, Wanted(0, 2, sort, after))
                    listed += body["facts"]
                    after = body["next"]
                    if after is None:
                        break
            assert len({row["entity"] for row in listed}) == len(listed) == 9
            values = [row[name] for row in listed]
            there = [v for v in values if v is not None]
            assert values == sorted(there, reverse=sort != name) + [None] * (9 - len(there))
