"""Versions of a KPI: which one is in force on which days, and what a list may say of it."""

from dataclasses import replace
from datetime import date

import pytest

from hub import registry
from hub.clock import to_us
from hub.definitions.contract import Doc
from hub.figures.compute import Question, compute
from hub.figures.kpi import Kpi, Version
from hub.figures.versions import DEFINITIONS, spans, with_version
from hub.reference.periods import parse_period
from stream_jobs.worked import received
from tests.conftest import Hub

OWN = registry.kpis()["dossier_received_new"]
RESOLVED = registry.kpis()["dossier_resolved"]
SECOND = Version("2", Doc("thử", "a trial"), RESOLVED.numerator, None, ())
KPI = replace(OWN, versions=(SECOND,))


def row(version: str, first: str, last: str = "") -> dict[str, str]:
    """Write a row of the list."""
    own = {"kpi": KPI.id, "version": version, "valid_from": first, "valid_to": last}
    return {**own, "source": "test"}


def test_the_first_version_is_in_force_where_no_row_says_another() -> None:
    assert spans("1", []) == [{"from": None, "to": None}]
    rows = [row("2", "2024-01-01", "2025-01-01"), row("3", "2026-01-01")]
    assert spans("1", rows) == [
        {"from": None, "to": "2024-01-01"},
        {"from": "2025-01-01", "to": "2026-01-01"},
    ]
    assert spans("2", rows) == [{"from": "2024-01-01", "to": "2025-01-01"}]
    assert spans("3", rows) == [{"from": "2026-01-01", "to": None}]
    assert spans("2", [row("2", "2024-01-01", "2025-01-01")]) == spans("2", rows)
    assert spans("1", [row("2", "2024-01-01", "2025-01-01")])[1] == {
        "from": "2025-01-01",
        "to": None,
    }


def test_a_new_version_ends_the_one_before_and_rewrites_nothing() -> None:
    rows = with_version([], KPI.id, "2", date(2024, 1, 1), "An")
    rows = with_version(rows, KPI.id, "1", date(2025, 1, 1), "Bình")
    said = [(r["version"], r["valid_from"], r["valid_to"], r["source"]) for r in rows]
    assert said == [
        ("2", "2024-01-01", "2025-01-01", "An"),
        ("1", "2025-01-01", "", "Bình"),
    ]
    for day in (date(2025, 1, 1), date(2024, 6, 1)):
        with pytest.raises(ValueError, match="2025-01-01"):
            with_version(rows, KPI.id, "2", day, "An")
    # What is said of another KPI stands in nobody's way.
    assert len(with_version(rows, "another", "2", date(2024, 1, 1), "An")) == 3


def _told(hub: Hub, kpi: Kpi, period: str) -> tuple[str | None, str | None, str | None]:
    with hub.store.reading() as reading:
        question = Question(parse_period(period), to_us(hub.now))
        (figure,) = compute(kpi, question, hub.book(reading))
    return figure.value, figure.version, figure.version_until


def test_a_period_goes_by_the_version_of_its_first_day(hub: Hub) -> None:
    # Three were received and none was resolved: a count of 3 by the first, of 0 by the second.
    hub.send("dossier", *(received(f"D{i}", f"2024-0{i}-15") for i in (5, 6, 7)))
    hub.reference = hub.reference.with_tables({DEFINITIONS: [row("2", "2024-06-15")]})
    assert _told(hub, KPI, "2024-05") == ("1", "1", None)
    assert _told(hub, KPI, "2024-06") == ("1", "1", "2024-06-15")
    assert _told(hub, KPI, "2024-07") == ("0", "2", None)
    assert _told(hub, KPI, "2024") == ("3", "1", "2024-06-15")
    # A KPI of one version is as it was.
    assert _told(hub, OWN, "2024-07")[1] is None


def test_a_version_in_force_that_nobody_installed_gives_no_other_ones_figure(hub: Hub) -> None:
    hub.send("dossier", received("A", "2024-07-15"))
    hub.reference = hub.reference.with_tables({DEFINITIONS: [row("9", "2024-07-01")]})
    with hub.store.reading() as reading:
        question = Question(parse_period("2024-07"), to_us(hub.now))
        (figure,) = compute(KPI, question, hub.book(reading))
    assert figure.value is None
    assert figure.lacks is not None
    assert "version 9" in figure.public()["lacks"][0]["message_en"]


def test_versions_that_cannot_be_are_refused() -> None:
    contract = registry.contracts()["dossier"]
    with pytest.raises(TypeError, match="two versions of one name"):
        replace(KPI, versions=(SECOND, SECOND)).named("x", contract)
    with pytest.raises(TypeError, match="must divide"):
        replace(KPI, versions=(replace(SECOND, denominator=OWN.numerator),)).named("x", contract)
    assert KPI.of_version("2").of_version("1") == KPI
