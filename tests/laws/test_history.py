"""As of a kept cut, every figure is what it was, to the byte, whatever came since."""

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from hub import registry
from hub.clock import VIETNAM, to_us
from hub.figures.compute import QuestionError, read_as_of, read_question
from hub.figures.kpi import Kpi
from hub.figures.official import answer, as_known
from hub.store.cuts import NoCutError, find_cut, thin
from hub.store.statements import place_since
from stream_jobs.worked import dossier, paid, received, salinity
from tests.guards.test_guards import deliveries
from tests.parts import lists
from tests.parts.small import NOW, Sent, Small

DAY = timedelta(days=1)
START = NOW.astimezone(VIETNAM)
EVERY = 2  # of so many commits, one is asked about
ACCEPTED = "2025-11"  # the day 20,400 and those after it
MIDDAY = "2023-05-12T10:00:00+07:00"


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Small]:
    with Small(tmp_path / "small") as opened:
        yield opened


def questions(kpi: Kpi) -> list[dict[str, str]]:
    """Ask for whole figures and parts, for past periods and open ones, within a day too."""
    asked = [{"period": "2023"}, {"period": "2023-05", "at": MIDDAY}]
    if kpi.group == "source":
        asked = [{"period": ACCEPTED}]
    asked += [{"period": asked[0]["period"], "by": name} for name in kpi.dims]
    return [*asked, {"period": "2023-03", "by": "day"}]


def answers(small: Small, as_of: str | None, now: datetime, of: str = "") -> dict[str, str]:
    """Answer every question, as a page does or as of an instant; `now` is when it is asked."""
    out = {}
    known = {} if as_of is None else {"as_of": as_of}
    with small.store.reading() as reading:
        book = as_known(lists.installed().book(reading), read_as_of(known, to_us(now)), to_us(now))
        for kpi in (k for k in registry.kpis().values() if k.id.startswith(of)):
            for given in questions(kpi):
                question = read_question(kpi, {**given, **known}, to_us(now))
                out[f"{kpi.id} {given}"] = json.dumps(answer(kpi, question, book))
    return out


def figures(said: dict[str, str], name: str) -> str:
    return repr([f["value"] for f in json.loads(said[name])["figures"]])


def commits(small: Small) -> Iterator[None]:
    """Apply everything that may happen to events, a commit at a time, an hour after another."""
    payments = [
        paid("cashless", "2023-05", customers=1, amount=10),
        paid("cashless", "2023-05", customers=3, amount=30, revision=2),
        paid("cash", "2023", customers=9, amount=90),
        paid("cashless", "2023", customers=2, amount=20),
    ]
    given = {**deliveries(7), "payment": [Sent("payments", 20_400, e) for e in payments]}
    queues = {name: list(sent) for name, sent in given.items()}
    sizes = {name: max(1, len(sent) // 4) for name, sent in queues.items()}
    while any(queues.values()):
        for name, queue in queues.items():
            batch, queues[name] = queue[: sizes[name]], queue[sizes[name] :]
            if batch:
                contract = registry.contracts()[name]
                small.append(contract, batch)
                small.apply(contract, 1_000)
                yield
                small.now += timedelta(hours=1)


@pytest.mark.slow
def test_as_of_a_commit_every_figure_is_what_it_was(small: Small) -> None:
    known = {}
    for i, _ in enumerate(commits(small)):
        if i % EVERY == 0:
            known[small.now.isoformat()] = answers(small, None, small.now)
    assert len(known) > 2
    assert len({figures(v, "dossier_received {'period': '2023'}") for v in known.values()}) > 2
    assert len({figures(v, "source_clean_share {'period': '2025-11'}") for v in known.values()}) > 2
    for at, then in known.items():
        now_asked = answers(small, at, small.now)
        assert now_asked == then, [
            (k, then[k], now_asked[k]) for k in then if then[k] != now_asked[k]
        ][:3]


def test_between_commits_the_one_before_answers(small: Small) -> None:
    contract = registry.contracts()["dossier"]
    for code in "AB":
        small.append(contract, [Sent("s", 20_400, received(code, "2023-05-02"))])
        small.apply(contract, 1)
        small.now += DAY
    said = answers(small, (START + DAY / 2).isoformat(), small.now, "dossier_received")
    body = json.loads(said["dossier_received_new {'period': '2023'}"])
    assert body["as_of"] == START.isoformat()
    assert body["figures"][0]["numerator"] == 1
    assert body["figures"][0]["cut"] == "dossier=1"


def test_before_the_first_commit_and_after_now_nothing_is_said(small: Small) -> None:
    contract = registry.contracts()["dossier"]
    small.append(contract, [Sent("s", 20_400, received("A", "2023-05-02"))])
    small.apply(contract, 1)
    with pytest.raises(QuestionError, match="is not kept"):
        answers(small, (START - DAY).isoformat(), small.now)
    with pytest.raises(QuestionError, match="yet to come"):
        answers(small, (START + DAY).isoformat(), small.now)


def test_where_the_clock_goes_back_cuts_do_not(small: Small) -> None:
    contract = registry.contracts()["dossier"]
    for code, step in (("A", -DAY), ("B", DAY * 1.5), ("C", DAY)):
        small.append(contract, [Sent("s", 20_400, received(code, "2023-05-02"))])
        small.apply(contract, 1)
        small.now += step
    later = small.now
    with small.store.reading() as reading:
        rows = reading.rows("SELECT at, next_offset FROM cut ORDER BY at")
    assert [n for _, n in rows] == [1, 2, 3]
    assert rows[1][0] == rows[0][0] + 1
    said = answers(small, START.isoformat(), later, "dossier_received")
    assert json.loads(said["dossier_received_new {'period': '2023'}"])["figures"][0]["cut"] == (
        "dossier=1"
    )


@pytest.mark.parametrize("then", [{}, {0: 5, 1: 3}, {1: 4, 4: 2}])
def test_what_changed_since_is_found_by_its_place_and_by_an_index(then: dict[int, int]) -> None:
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE f (log_partition, log_offset)")
        database.execute("CREATE INDEX place ON f (log_partition, log_offset)")
        places = [(p, n) for p in range(-1, 7) for n in range(8)]
        database.executemany("INSERT INTO f VALUES (?, ?)", places)
        query = f"SELECT * FROM f WHERE {place_since(then)}"
        found = database.execute(query).fetchall()
        plan = database.execute(f"EXPLAIN QUERY PLAN {query}").fetchall()
    assert sorted(found) == [(p, n) for p, n in places if n >= then.get(p, 0) or p < 0]
    assert not any(row[-1].startswith("SCAN") for row in plan)


@pytest.mark.slow
def test_a_withdrawn_and_a_conflicting_event_are_undone_too(small: Small) -> None:
    contract = registry.contracts()["dossier"]
    opened = received("A", "2023-05-02")
    ended = dossier("A", "resolved", "2023-05-10")
    kept: list[tuple[str, dict[str, str]]] = []
    for event in (
        opened,
        ended,
        ended | {"occurred_at": "2023-05-11T00:00:00Z"},
        dossier("A", "retracted", "2023-05-12", retracts=ended["event_id"]),
        opened,
    ):
        small.append(contract, [Sent("s", 20_400, event)])
        small.apply(contract, 1)
        kept.append((small.now.isoformat(), answers(small, None, small.now, "dossier_on")))
        small.now += DAY / 12
    for at, then in kept:
        assert answers(small, at, small.now, "dossier_on") == then


def test_a_maximum_is_that_of_then(small: Small) -> None:
    contract = registry.contracts()["reading"]
    high = salinity("ST01", "2023-03-01T05:00", 4.5)
    lower = high | {"event_id": "r", "value": 2, "revised_at": "2023-04-01T00:00:00Z"}
    said = []
    for event in (high, lower, salinity("ST01", "2023-03-01T06:00", 9)):
        small.append(contract, [Sent("s", 20_400, event)])
        small.apply(contract, 1)
        said.append((small.now.isoformat(), answers(small, None, small.now, "salinity")))
        small.now += DAY / 12
    assert len({figures(then, "salinity_max {'period': '2023'}") for _, then in said}) == 3
    for at, then in said:
        assert answers(small, at, small.now, "salinity") == then


def test_repeats_since_are_not_counted(small: Small) -> None:
    contract = registry.contracts()["dossier"]
    opened = received("A", "2023-05-02")
    said = []
    for _ in range(3):
        small.append(contract, [Sent("s", 20_400, opened)])
        small.apply(contract, 1)
        said.append((small.now.isoformat(), answers(small, None, small.now, "source")))
        small.now += DAY / 12
    assert len({figures(then, "source_clean_share {'period': '2025-11'}") for _, then in said}) == 3
    for at, then in said:
        assert answers(small, at, small.now, "source") == then


def test_completeness_is_that_of_then(small: Small) -> None:
    contract = registry.contracts()["dossier"]
    name = "dossier_received {'period': '2023'}"
    said = []
    for day in ("10", "11", "12"):
        small.append(contract, [Sent("one_stop", 20_400, received(day, f"2023-05-{day}"))])
        small.apply(contract, 1)
        then = answers(small, None, small.now, "dossier_received")
        said.append((small.now.isoformat(), then, json.loads(then[name])["figures"][0]))
        small.now += DAY / 12
    assert len({figure["completeness"] for _, _, figure in said}) == 3
    for at, then, _ in said:
        assert answers(small, at, small.now, "dossier_received") == then


def test_older_cuts_are_kept_by_the_hour_and_by_the_day(small: Small) -> None:
    contract = registry.contracts()["reading"]
    stamps = []
    for i in range(6):
        small.append(contract, [Sent("s", 20_400, salinity("ST01", f"2023-05-0{i + 1}T05:00", 2))])
        small.apply(contract, 1)
        stamps.append(to_us(small.now))
        small.now += timedelta(minutes=25)

    def kept(asked_at: datetime) -> list[int | None]:
        out: list[int | None] = []
        with small.store.reading() as reading:
            for stamp in stamps:
                try:
                    out.append(stamps.index(find_cut(reading, stamp, to_us(asked_at)).at))
                except NoCutError:
                    out.append(None)
        return out

    # Commits at 10:00, 10:25, 10:50, 11:15, 11:40 and 12:05.
    assert kept(START + DAY) == [0, 1, 2, 3, 4, 5]
    assert kept(START + 10 * DAY) == [None, None, 2, 2, 4, 5]
    assert kept(START + 200 * DAY) == [None, None, None, None, None, 5]


@pytest.mark.slow
def test_cuts_that_do_not_answer_are_deleted_and_the_others_answer_as_before(small: Small) -> None:
    known: dict[str, dict[str, str] | None] = {}
    for i, _ in enumerate(commits(small)):
        small.now += timedelta(hours=5)
        if i % 3 == 0:
            known[small.now.isoformat()] = None
    later = small.now + 120 * DAY
    for at in known:
        known[at] = _or_nothing(small, at, later)
    with small.store.reading() as reading:
        ((before,),) = reading.rows("SELECT COUNT(*) FROM cut")
    gone = thin(small.store, to_us(later))
    assert gone > 0
    with small.store.reading() as reading:
        ((after,),) = reading.rows("SELECT COUNT(*) FROM cut")
        rows = "SELECT COUNT(*) FROM {0} WHERE NOT EXISTS (SELECT 1 FROM cut WHERE"
        rows += " cut.topic = {0}.topic AND cut.next_offset = {0}.next_offset)"
        left = [reading.rows(rows.format(t))[0][0] for t in ("cut_aside", "cut_heard")]
    assert left == [0, 0]
    assert after == before - gone
    assert thin(small.store, to_us(later)) == 0
    assert {at: _or_nothing(small, at, later) for at in known} == known
    assert len([v for v in known.values() if v]) > 2
    assert small.verify().differences == []


def _or_nothing(small: Small, at: str, now: datetime) -> dict[str, str] | None:
    try:
        return answers(small, at, now, "source") | answers(small, at, now, "dossier_received")
    except QuestionError:
        return None


@pytest.mark.slow
def test_figures_of_a_past_page_add_up(small: Small) -> None:
    stamps: list[datetime] = []
    for _ in commits(small):
        stamps.append(small.now)
    for at in stamps[::4]:
        said = answers(small, at.isoformat(), small.now, "dossier_")
        for kpi in ("dossier_received_new", "dossier_in_progress", "dossier_overdue"):
            (whole,) = json.loads(said[f"{kpi} {{'period': '2023'}}"])["figures"] or [
                {"numerator": 0}
            ]
            parts = json.loads(said[f"{kpi} {{'period': '2023', 'by': 'unit'}}"])["figures"]
            assert sum(p["numerator"] for p in parts) == whole["numerator"]
