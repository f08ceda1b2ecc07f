"""How long dossiers took: counted by hand, by every dimension, as of then, and by verify's path."""

import random
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import polars as pl
import pytest

from hub import registry
from hub.clock import to_us
from hub.definitions.fact import MARKS, PAYMENT, SUPPLEMENT
from hub.figures.compute import QuestionError, compute, read_question
from hub.figures.dues import find_waits
from hub.figures.handling import KEPT, Ranked, read_handled
from hub.figures.official import as_known
from hub.figures.terms import Sums
from hub.proof.explain import explain
from hub.proof.finding import Findings
from hub.proof.minutes import Minutes
from hub.proof.verify import _compare_minutes
from hub.reference.spent import minutes_spent
from hub.store.reading import Reading
from stream_jobs.facts.dossier import CLOCKED
from stream_jobs.worked import dossier, received
from stream_jobs.worked_handling import ANEW, HOURS, LISTS, PAUSED, events, policy
from tests.conftest import Hub
from tests.parts import lists
from tests.unit.reference.test_working import CALENDAR, instant

MEAN, MEDIAN, P90 = (f"dossier_handling_{name}" for name in ("mean", "median", "p90"))
MINUTES = {"A": 30, "B": 450, "C": 450, "D": 510, "E": 570}
OTHER_HOURS = {"valid_from": "2020-01-01", "valid_to": "", "unit": "H57.2"}
TABLES = {**LISTS, "calendar": CALENDAR}


@pytest.fixture
def may(tmp_path: Path) -> Iterator[Hub]:
    opened = Hub(tmp_path)
    opened.reference = opened.reference.with_tables(LISTS)
    opened.send("dossier", *events())
    yield opened
    opened.close()


def said(hub: Hub, name: str, **asked: str) -> list[tuple[Any, ...]]:
    figures = hub.kpi(name, **{"period": "2023-05"} | asked)
    return [(*f["dims"].values(), f["numerator"], f["denominator"], f["value"]) for f in figures]


def test_each_dossier_took_what_was_counted_by_hand(may: Hub) -> None:
    with may.store.reading() as reading:
        book = may.book(reading)
        for code, minutes in MINUTES.items():
            assert explain(book, code)["handling"]["working_minutes"] == minutes, code
        waits = explain(book, "D")["handling"]["waits"]
        assert [(w["kind"], w["begun_at"][8:16], w["ended_at"][8:16]) for w in waits] == [
            ("supplement", "18T08:00", "23T08:00"),
            ("payment", "23T08:30", "23T09:30"),
        ]
        assert explain(book, "F")["handling"]["working_minutes"] is None


def test_by_procedure_field_and_day(may: Hub) -> None:
    listed = [
        {
            "code": c,
            "name_vi": "",
            "field_vi": f,
            "service_level": "full",
            "valid_from": "2020-01-01",
        }
        | {"valid_to": "", "source": ""}
        for c, f in (("1.005129", "Đất đai"), ("2.000001", "Hộ tịch"))
    ]
    may.reference = may.reference.with_tables({"procedures": listed})
    assert said(may, MEAN, by="procedure") == [
        ("1.005129", 1440, 4, "6.000000"),  # 30, 450, 450, 510
        ("2.000001", 570, 1, "9.500000"),
    ]
    assert said(may, MEAN, by="field") == [
        ("Hộ tịch", 570, 1, "9.500000"),
        ("Đất đai", 1440, 4, "6.000000"),
    ]
    assert said(may, MEDIAN, field="Đất đai") == [(900, 1, "7.500000")]  # (450 + 450) / 2 minutes
    assert said(may, MEDIAN, by="day") == [
        ("2023-05-17", 60, 1, "0.500000"),
        ("2023-05-18", 900, 1, "7.500000"),
        ("2023-05-19", 1140, 1, "9.500000"),
        ("2023-05-22", 900, 1, "7.500000"),
        ("2023-05-23", 1020, 1, "8.500000"),
    ]
    assert said(may, P90, by="month", period="2023") == [("2023-05", 1140, 1, "9.500000")]
    assert said(may, MEAN, at="2023-05-19T11:30:00+07:00") == [(1050, 3, "5.833333")]


def test_over_units_all_values_count_together(may: Hub) -> None:
    """A unit's median is that of all dossiers below it, and not of its parts' medians."""
    dated = {"valid_from": "2020-01-01", "valid_to": "", "source": ""}
    listed = [
        {"code": c, "name_vi": c, "level": level, "parent": parent, **dated}
        for c, level, parent in (
            ("H57", "province", ""),
            ("H57.2", "department", "H57"),
            ("H57.3", "department", "H57"),
        )
    ]
    may.reference = may.reference.with_tables({"units": listed, "lineage": []})
    # Monday 7:30 to 9:30: 120 minutes; of the whole six: 30 120 450 450 510 570.
    other = received("H", "2023-05-22T07:30") | {"resolved_by": "H57.3"}
    may.send("dossier", other, dossier("H", "resolved", "2023-05-22T09:30"))
    assert said(may, MEDIAN, by="unit") == [
        ("H57.2", 900, 1, "7.500000"),
        ("H57.3", 240, 1, "2.000000"),
    ]
    assert said(may, MEDIAN, unit="H57") == [(900, 1, "7.500000")]
    assert said(may, P90, unit="H57") == [(1140, 1, "9.500000")]
    assert said(may, MEAN, unit="H57") == [(2130, 6, "5.916667")]
    with pytest.raises(QuestionError, match="cannot be dealt out"):
        said(may, MEDIAN, unit="H57", view="rebased")


def test_a_unit_s_own_hours_and_an_unlisted_procedure(may: Hub) -> None:
    night = {"opens": "08:00", "closes": "12:00", **OTHER_HOURS}
    may.reference = may.reference.with_tables({"hours": [*HOURS, night], "clock_policies": []})
    # A: 8:00 to 8:30; B: 240 on Wednesday; without a policy a wait is taken off.
    with may.store.reading() as reading:
        book = may.book(reading)
        took = {c: explain(book, c)["handling"]["working_minutes"] for c in "ABDE"}
    assert took == {"A": 30, "B": 240, "D": 300, "E": 120 + 60 + 60}


def test_without_lists_there_is_no_figure(hub: Hub) -> None:
    tables = {n: rows for n, rows in hub.reference.tables.items() if n != "hours"}
    hub.reference = type(hub.reference)(tables, hub.reference.forms)
    hub.send("dossier", *events())
    (figure,) = hub.kpi(MEDIAN, period="2023-05")
    assert figure["value"] is None
    assert [lack["list"] for lack in figure["lacks"]] == ["hours"]


def test_as_of_then_and_what_is_kept_of_months(may: Hub) -> None:
    before = {name: said(may, name) for name in (MEAN, MEDIAN, P90)}
    with may.store.reading() as reading:
        assert list(reading.kept[KEPT]) == ["2023-05"]
    may.now = may.now.replace(day=16)
    # B's wait comes late: Wednesday 9:00 to Thursday 7:45 is not B's: 60 and 15 are left.
    late = [
        dossier("B", "supplement_requested", "2023-05-17T09:00"),
        dossier("B", "supplemented", "2023-05-18T07:45"),
    ]
    may.send("dossier", *late)
    assert said(may, MEAN) == [(2010 - 450 + 75, 5, "5.450000")]
    assert said(may, MEDIAN) == [(900, 1, "7.500000")]
    with may.store.reading() as reading:
        now = to_us(may.now)
        then = as_known(may.book(reading), to_us(may.now.replace(day=15)), now)
        for name, was in before.items():
            kpi = registry.kpis()[name]
            question = read_question(kpi, {"period": "2023-05"}, now)
            (figure,) = compute(kpi, question, then)
            assert [(figure.numerator, figure.denominator, figure.value)] == was
        frame = read_handled(CLOCKED, then, question.period.start, question.period.end)
        assert dict(frame.select("entity", "minutes").rows()) == MINUTES


def test_verify_counts_by_itself(may: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """What columns count wrongly is named."""
    names = ("entity", CLOCKED.unit, CLOCKED.procedure, "received_at", "ended_at", "waits")
    fact = registry.facts()["dossier"]
    with may.store.reading() as reading:
        book = may.book(reading)
        where = "end_kind = 'resolved' AND received_at IS NOT NULL"
        rows = reading.rows(f"SELECT {','.join(names)} FROM {fact.table} WHERE {where}")
        assert Minutes(book.reference.tables).of(rows) == MINUTES
        for clause, differing in (("+ 0", []), ("+ 1", list("ABCDE"))):
            findings = Findings()
            monkeypatch.setattr(
                "hub.figures.handling.minutes_spent",
                lambda *given, by=int(clause[2:]): minutes_spent(*given) + by,
            )
            _compare_minutes(book, fact, _Rows(reading), findings)  # type: ignore[arg-type]
            assert [d.partition(":")[0][-1] for d in findings.differences] == differing


class _Rows:
    """Stands for a database of recounted facts: those of the store."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._found: list[Any] = []

    def execute(self, sql: str) -> "_Rows":
        self._found = self._reading.rows(sql)
        return self

    def fetchall(self) -> list[Any]:
        return self._found


def test_columns_and_days_walked_through_agree() -> None:
    """Made-up dossiers, with waits that overlap, of weekends, nights and Tết, by both paths."""
    rng = random.Random(7)
    tables = {
        **TABLES,
        "hours": [
            *HOURS,
            {"opens": "08:00", "closes": "12:00", **OTHER_HOURS},
            {"opens": "09:00", "closes": "10:00", **OTHER_HOURS, "unit": "H57.3"}
            | {"valid_from": "2023-02-01"},
        ],
        "clock_policies": [
            policy("1", **PAUSED),
            policy("2", **ANEW),
            policy("3", on_supplement="go_on", on_payment="restart"),
        ],
    }
    first = instant("2023-01-10 00:00")
    assert first is not None
    minute, rows = 60_000_000, []
    for i in range(400):
        begun = first + rng.randrange(60 * 24 * 40) * minute + rng.randrange(minute)
        ended = begun + rng.randrange(-60, 60 * 24 * 30) * minute
        at = [begun + rng.randrange(-100, 60 * 24 * 35) * minute for _ in range(rng.randrange(7))]
        marks = [f"{t}{mark}" for t, mark in sorted((t, rng.choice(MARKS)) for t in at)]
        waited = ",".join(marks) if any(m[-1] in (SUPPLEMENT, PAYMENT) for m in marks) else None
        rows.append(
            (f"{i}", f"H57.{rng.randrange(1, 4)}", f"{rng.randrange(5)}", begun, ended, waited)
        )
    schema = ["entity", "unit", "procedure", "received_at", "ended_at", "waits"]
    things = pl.DataFrame(rows, schema, orient="row")
    columns = minutes_spent(tables, things, find_waits(CLOCKED, things)).to_list()
    walked = Minutes(tables).of(rows)
    assert dict(zip(things["entity"].to_list(), columns, strict=True)) == walked
    assert len({*columns}) > 150


@pytest.mark.parametrize("n", range(1, 24))
def test_ranks_are_those_of_sorted_values(n: int) -> None:
    rng = random.Random(n)
    values = [rng.randrange(9) for _ in range(n)]
    counted: Sums = {(str(v),): values.count(v) for v in set(values)}
    twice = {p: Ranked(CLOCKED, percent=p).ranked(counted)[()] for p in (50, 90)}
    assert twice[50] == 2 * median(values)
    # The least value that at least nine tenths do not exceed.
    least = min(v for v in values if sum(w <= v for w in values) * 10 >= 9 * n)
    assert twice[90] == 2 * least


def test_demo_lists_hold_hours() -> None:
    assert {"hours", "clock_policies"} <= lists.reference().tables.keys()
