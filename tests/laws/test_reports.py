"""Reports add up, whatever happened: within a row, over rows, from one period to the next.

What a report says is read again here in plain Python, dossier by dossier, from the events and by
the words of the form. Nothing of the hub is used for it.
"""

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from hub import registry
from hub.clock import to_us
from hub.figures.book import Book
from hub.figures.official import as_known
from hub.reports.filled import Broken, Filled, count_broken, fill, read_report_question
from hub.store.reading import Reading
from tests.parts import lists
from tests.parts.depth import rounds
from tests.parts.small import Json, Sent, Small
from tests.unit.reports.test_filled import UNITS, listed

FIRST = datetime.fromisoformat("2022-12-25T00:00:00+07:00")
HOURS = 24 * 70
ENDS = ("resolved", "refused", "withdrawn", "stopped", "returned")
PERIODS = ("2022", "2022-12", "2023-01", "2023-02", "2023-W01", "2023-01-31", "2023-Q1", "2023")
COLUMNS = [f"c{i}" for i in range(1, 12)]
HOUR = timedelta(hours=1)
LONG_AFTER = to_us(datetime.fromisoformat("2026-01-15T10:00:00+07:00"))


@st.composite
def histories(draw: st.DrawFn) -> list[Json]:
    """Write what happened to some dossiers, each thing at an hour of its own."""
    events: list[Json] = []
    for i in range(draw(st.integers(1, 6))):
        hours = draw(st.lists(st.integers(0, HOURS), min_size=1, max_size=5, unique=True))
        for n, hour in enumerate(hours):
            kind = draw(st.sampled_from(["received", "received", "due_changed", *ENDS]))
            kind = "received" if n == 0 else kind
            event: Json = {
                "event_id": f"e{i}-{n}",
                "dossier_code": f"D{i}",
                "kind": kind,
                "occurred_at": (FIRST + hour * HOUR).isoformat(),
            }
            due = FIRST + draw(st.integers(hour, HOURS + 200)) * HOUR
            if kind == "due_changed" or (kind == "received" and draw(st.booleans())):
                event["due_at"] = due.isoformat()
            if kind == "received":
                event["received_by"] = draw(st.sampled_from([u[0] for u in UNITS[1:]]))
                event["channel"] = draw(st.sampled_from(["online", "counter", "post"]))
                event["procedure_code"] = draw(st.sampled_from(["1.005129", "2.000001"]))
                event["service_level"] = "full"
            if draw(st.booleans()):
                event["resolved_by"] = draw(st.sampled_from([u[0] for u in UNITS[1:]]))
            events.append(event)
    return draw(st.permutations(events))


def instant(text: str) -> datetime:
    """Read an instant."""
    return datetime.fromisoformat(text)


def span(period: str) -> tuple[datetime, datetime]:
    """Give the first instant of a period, and the first one after it."""
    begins = {
        "2022": ("2022-01-01", "2023-01-01"),
        "2022-12": ("2022-12-01", "2023-01-01"),
        "2023-01": ("2023-01-01", "2023-02-01"),
        "2023-02": ("2023-02-01", "2023-03-01"),
        "2023-W01": ("2023-01-02", "2023-01-09"),
        "2023-01-31": ("2023-01-31", "2023-02-01"),
        "2023-Q1": ("2023-01-01", "2023-04-01"),
        "2023": ("2023-01-01", "2024-01-01"),
    }
    first, after = (instant(f"{day}T00:00:00+07:00") for day in begins[period])
    return first, after


def read_plainly(events: list[Json], period: str) -> dict[str, dict[str, int]]:
    """Fill Biểu 06a by unit that resolves, event by event: columns by the unit's code."""
    start, end = span(period)
    rows: dict[str, dict[str, int]] = {}
    by_code: dict[str, list[Json]] = {}
    for event in sorted(events, key=lambda e: instant(e["occurred_at"])):
        by_code.setdefault(event["dossier_code"], []).append(event)
    for happened in by_code.values():
        unit, columns = read_one(happened, start, end)
        row = rows.setdefault(unit, dict.fromkeys(COLUMNS, 0))
        for column in columns:
            row[column] += 1
    return {unit: row for unit, row in rows.items() if any(row.values())}


def read_one(happened: list[Json], start: datetime, end: datetime) -> tuple[str, list[str]]:
    """Say in which columns one dossier is counted, and for which unit; in the order of events."""
    reception = [e for e in happened if e["kind"] == "received"][-1]
    received = instant(reception["occurred_at"])
    resolvers = [e["resolved_by"] for e in happened if "resolved_by" in e]
    unit = resolvers[-1] if resolvers else reception["received_by"]
    dues = [e["due_at"] for e in happened if e["kind"] in ("received", "due_changed")
            and "due_at" in e]  # fmt: skip
    due: date | None = instant(dues[-1]).date() if dues else None
    ends = [e for e in happened if e["kind"] in ENDS]
    if any(e["kind"] == "resolved" for e in ends):
        ends = [e for e in ends if e["kind"] != "returned"]
    ended = instant(ends[-1]["occurred_at"]) if ends else None
    left = max(ended, received) if ended else None
    if received >= end or (left and left < start):
        return unit, []
    columns = ["c1"]
    if received < start:
        columns.append("c4")
    else:
        columns.append("c2" if reception["channel"] == "online" else "c3")
    if ended and left and left < end:
        early = due is not None and ended.date() < due
        late = due is not None and ended.date() > due
        return unit, [*columns, "c5", "c6" if early else "c8" if late else "c7"]
    is_overdue = due is not None and end.date() > due
    return unit, [*columns, "c9", "c11" if is_overdue else "c10"]


def filled(book: Book, name: str, **asked: str) -> Filled:
    """Fill a report long after."""
    report = registry.reports()[name]
    return fill(report, read_report_question(report, asked, LONG_AFTER), book)


def by_code(report: Filled) -> dict[str, dict[str, int]]:
    """Give the eleven columns by the row's code."""
    return {
        line.code: dict(zip(COLUMNS, line.counts[: len(COLUMNS)], strict=True))
        for line in report.lines
    }


law = settings(
    derandomize=True,
    max_examples=rounds(40, quick=10),
    # Shrinking would take minutes; a dozen events can be read as they are.
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@law
@given(histories())
def test_a_report_is_what_its_words_say_and_adds_up(events: list[Json]) -> None:
    with TemporaryDirectory() as folder, Small(Path(folder) / "small") as small:
        take(small, events)
        with small.store.reading() as reading:
            book = book_of(reading)
            before: Filled | None = None
            for period in PERIODS:
                of_units, of_procedures = (filled(book, n, period=period) for n in ("06a", "06b"))
                assert by_code(of_units) == read_plainly(events, period)
                assert of_units.broken() == of_procedures.broken() == []
                assert of_units.total == of_procedures.total
                if period == "2023-01":
                    check_overdue(book)
                    before = of_units
                if period == "2023-02" and before is not None:
                    assert of_units.total[3] == before.total[8]


@law
@given(histories(), st.data())
def test_a_report_as_it_was_known_is_that_of_then(events: list[Json], data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(events)))
    with TemporaryDirectory() as folder, Small(Path(folder) / "small") as small:
        take(small, events[:first])
        known_at = to_us(small.now)
        small.now += HOUR
        take(small, events[first:])
        with small.store.reading() as reading:
            now = to_us(small.now) + 1
            book = as_known(book_of(reading), known_at, now) if first else book_of(reading)
            known = events[:first] if first else events
            received = {e["dossier_code"] for e in known if e["kind"] == "received"}
            known = [e for e in known if e["dossier_code"] in received]
            for period in PERIODS:
                assert by_code(filled(book, "06a", period=period)) == read_plainly(known, period)


def check_overdue(book: Book) -> None:
    """What is overdue by a computed due date is so by the same rule as by one that was sent."""
    fact = book.facts["dossier"]
    assert fact.clocked is not None
    facts = book.reading.facts(fact, ["entity", *fact.types], "1 = 1")
    for name, sql in fact.clocked.dated.items():
        again = facts.select(pl.sql_expr(sql).cast(pl.Int64).alias("again"))["again"]
        assert again.to_list() == facts[name].to_list(), name


def take(small: Small, events: list[Json]) -> None:
    """Append and apply events."""
    contract = registry.contracts()["dossier"]
    if events:
        small.append(contract, [Sent("one_stop", 19_500, e) for e in events])
        small.apply(contract, 1_000)


def book_of(reading: Reading) -> Book:
    """Open the book, with the lists of three units and two procedures."""
    installed = lists.installed()
    return Book(reading, installed.definitions, installed.lists.with_tables(listed()))


def test_what_does_not_add_up_is_named(tmp_path: Path) -> None:
    """A column that forgets some dossiers breaks its equations, and says by how much."""
    with Small(tmp_path / "small") as small:
        take(small, [reception("D1", "2023-01-02"), reception("D2", "2023-01-03", "post")])
        with small.store.reading() as reading:
            report = registry.reports()["06a"]
            columns = tuple(
                replace(c, where=c.where.replace(", 'post'", "")) if c.id == "c3" else c
                for c in report.columns
            )
            question = read_report_question(report, {"period": "2023-01"}, to_us(small.now))
            wrong = fill(replace(report, columns=columns), question, book_of(reading))
        without_rows = replace(wrong, lines=())
    assert Broken("c1 = sum of rows", "total", 2, 0) in without_rows.broken()
    broken = [Broken("c1 = c2 + c3 + c4", code, 2, 1) for code in ("H57.1", "total")]
    assert wrong.broken() == broken
    assert wrong.public()["broken"][0]["equation"] == "c1 = c2 + c3 + c4"


def reception(code: str, day: str, channel: str = "counter") -> Json:
    """Write a reception by H57.1."""
    return {
        "event_id": f"r{code}",
        "dossier_code": code,
        "kind": "received",
        "occurred_at": f"{day}T08:00:00+07:00",
        "received_by": "H57.1",
        "channel": channel,
        "procedure_code": "1.005129",
        "service_level": "full",
    }


def test_what_does_not_add_up_is_counted_for_this_month_and_the_last(tmp_path: Path) -> None:
    with Small(tmp_path / "small") as small:
        take(small, [reception("D1", "2023-01-02"), reception("D2", "2023-01-03", "post")])
        report = registry.reports()["06a"]
        columns = tuple(replace(c, where="1 = 1") if c.id == "c2" else c for c in report.columns)
        greedy = replace(report, columns=columns)
        with small.store.reading() as reading:
            book = book_of(reading)
            february = to_us(datetime.fromisoformat("2023-02-10T00:00:00+07:00"))
            both = registry.reports().values()
            assert count_broken(both, book, february) == 0
            # By hand, of January: c2 counts both, so c1 = c2 + c3 + c4 is 2 = 4, in the row and in
            # the total. Of February: both are carried over, and it is again 2 = 4. The total of the
            # other form is another one, twice.
            wrong = [greedy, registry.reports()["06b"]]
            assert count_broken(wrong, book, february) == 2 + 2 + 2
