"""Where the catalogue says that a KPI is used, it is: reports count the same, pages ask for it."""

import re
from pathlib import Path

import pytest

from hub import registry
from hub.clock import to_us
from hub.figures.compute import Question, compute
from hub.figures.kpi import Kpi
from hub.http.used import uses_of
from hub.reference.periods import parse_period
from hub.reports.filled import fill
from hub.reports.report import Report
from tests.conftest import Hub

KPIS = registry.kpis()
REPORTS = registry.reports()
PERIODS = ("2022", "2023", "2023-H1", "2023-Q1", *(f"2023-{n:02}" for n in range(1, 13)))
NAMED = ("dossier_code", "same_as", "event_id", "retracts")
NUMBERS_MIN = 2
PAGES = Path(registry.__file__).parent / "page"


@pytest.fixture
def worked(hub: Hub) -> Hub:
    """All that KPIs of dossiers are worked by hand on, each example by names of its own."""
    own = [kpi for kpi in KPIS.values() if kpi.contract == "dossier"]
    for n, example in enumerate(e for kpi in own for e in kpi.examples):
        events = example.events
        named = [
            {k: f"X{n}-{v}"[-64:] if k in NAMED else v for k, v in event.items()}
            for event in events
        ]
        if named:
            hub.send("dossier", *named)
    return hub


def side_of(hub: Hub, kpi: Kpi, period: str, side: str) -> int:
    with hub.store.reading() as reading:
        found = compute(kpi, Question(parse_period(period), to_us(hub.now)), hub.book(reading))
    return int(getattr(found[0], side)) if found else 0


@pytest.mark.parametrize("name", REPORTS)
def test_a_column_that_counts_as_a_kpi_is_the_same_number(worked: Hub, name: str) -> None:
    """Each that says so; and no other column is a KPI's figure without saying so."""
    report: Report = REPORTS[name]
    said = {(c.id, side) for c in report.counted for side in c.counts_as}
    assert {side.partition(".")[0] for _, side in said} <= KPIS.keys()
    totals = {}
    with worked.store.reading() as reading:
        for period in PERIODS:
            question = Question(parse_period(period), to_us(worked.now))
            totals[period] = fill(report, question, worked.book(reading)).public()["total"]
    assert any(total["c1"] > 3 for total in totals.values())
    own = [k for k in KPIS.values() if k.contract == report.contract and k.scale == 1]
    same: dict[tuple[str, str], int] = {}  # with how many different numbers there are of it
    for kpi in own:
        for side in ("numerator", "denominator"):
            if side == "denominator" and kpi.denominator is None:
                continue
            counted = [side_of(worked, kpi, period, side) for period in PERIODS]
            for column in report.counted:
                if counted == [totals[p][column.id] for p in PERIODS]:
                    same[column.id, f"{kpi.id}.{side}"] = len(set(counted))
    assert {pair: same.get(pair, 0) for pair in said if same.get(pair, 0) < NUMBERS_MIN} == {}
    # What is the same over so many different numbers is no chance.
    assert {pair for pair, numbers in same.items() if numbers > NUMBERS_MIN} <= said


def test_pages_that_name_a_kpi_are_named_by_it_and_no_others(worked: Hub) -> None:
    with worked.store.reading() as reading:
        book = worked.book(reading)
        pages = {
            kpi.id: {u["id"] for u in uses_of(kpi, book)["uses"] if u["kind"] == "page"}
            for kpi in KPIS.values()
        }
        uses = {kpi.id: uses_of(kpi, book) for kpi in KPIS.values()}
    quoted = re.compile(r'"([a-z]+_[a-z0-9_]+)"')
    asked = {
        (folder.parent.name, name)
        for folder in PAGES.glob("*/*.js")
        for name in quoted.findall(folder.read_text("utf-8"))
        if name in KPIS and (folder.parent / f"{folder.parent.name}.js").is_file()
    }
    assert asked
    for page, name in asked:
        assert page in pages[name], (page, name)
    for name, found in uses.items():
        lists = [n for n, one in registry.worklists().items() if one.kpi.id == name]
        assert found["worklists"] == lists
        assert found["is_open_data"] == (KPIS[name].opened is not None)
        kinds = {u["kind"] for u in found["uses"]}
        # What judges a figure by its target shows it: both follow from the list of targets.
        assert ("alert" in kinds) == ("target" in kinds) == ("overview" in pages[name])
    assert any("alert" in {u["kind"] for u in found["uses"]} for found in uses.values())
