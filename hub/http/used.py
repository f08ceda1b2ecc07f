"""Used: which pages, reports, work lists, alerts and tables show a KPI, and by which version.

All of it is derived: pages from the questions in their own modules, reports from the columns that
are the same count (`tests/laws/test_used.py` holds that they are), alerts and the overview from the
year's targets, work lists from the KPI in whose words they are asked.
"""

from functools import cache
from importlib import resources
from typing import Any

from hub import registry
from hub.alerts.series import Missed
from hub.figures.book import Book
from hub.figures.kpi import FIRST, Kpi

IN_FORCE = "in_force"  # of the period that is asked: what `hub definitions enact` put in force
TARGETS = "targets"  # the list, by its form's name
_PAGES = resources.files("hub") / "page"
_OF_ANY = "ask"  # the page that asks for any KPI, and so names none


def uses_of(kpi: Kpi, book: Book) -> dict[str, Any]:
    """Say where a KPI is used.

    `uses` has all of it, each with the version that it counts by: `in_force`, or the name of the
    one that it keeps to. `beside` are reports, indices and alerts that count the same events by
    terms of their own.
    """
    is_aimed = any(row["kpi"] == kpi.id for row in book.reference.tables.get(TARGETS, ()))
    reports = [
        name
        for name, report in registry.reports().items()
        if any(kpi.id == side.partition(".")[0] for c in report.counted for side in c.counts_as)
    ]
    rules = registry.alert_rules()
    alerts = [name for name, rule in rules.items() if is_aimed and isinstance(rule.series, Missed)]
    worklists = [name for name, one in registry.worklists().items() if one.kpi.id == kpi.id]
    found = [("page", page, IN_FORCE) for page in _pages_of(kpi, is_aimed=is_aimed)]
    found += [("alert", name, IN_FORCE) for name in alerts]
    found += [("target", TARGETS, IN_FORCE)] if is_aimed else []
    found += [("open_data", kpi.id, IN_FORCE)] if kpi.opened is not None else []
    found += [("report", name, FIRST) for name in reports]
    found += [("worklist", name, FIRST) for name in worklists]
    return {
        "uses": [{"kind": kind, "id": name, "version": version} for kind, name, version in found],
        "worklists": worklists,
        "reports": reports,
        "alerts": alerts,
        "is_open_data": kpi.opened is not None,
        "beside": _beside(kpi, {*reports, *alerts}),
    }


def _beside(kpi: Kpi, same: set[str]) -> list[dict[str, str]]:
    if kpi.contract is None:
        return []
    found = [("report", name, one.contract) for name, one in registry.reports().items()]
    found += [("index", name, one.contract) for name, one in registry.indexes().items()]
    found += [
        ("alert", name, rule.series.contract) for name, rule in registry.alert_rules().items()
    ]
    return [
        {"kind": kind, "id": name}
        for kind, name, contract in found
        if contract == kpi.contract and name not in same
    ]


def _pages_of(kpi: Kpi, *, is_aimed: bool) -> list[str]:
    """Name the pages that show a KPI, or ask for any."""
    group = registry.installed().groups[kpi.group]
    pages = {page for page, text in _texts().items() if f'"{kpi.id}"' in text}
    pages |= {"board"} if group.place is not None else set()
    pages |= {"overview"} if is_aimed else set()
    return sorted({*pages, _OF_ANY})


@cache
def _texts() -> dict[str, str]:
    """Read the modules of each page, and the parts that groups bring to the board."""
    texts = {
        folder.name: "".join(m.read_text("utf-8") for m in folder.iterdir() if m.name[-3:] == ".js")
        for folder in _PAGES.iterdir()
        if folder.is_dir() and (folder / f"{folder.name}.js").is_file()
    }
    parts = [g.part.read_text("utf-8") for g in registry.installed().groups.values() if g.part]
    return {**texts, "board": texts["board"] + "".join(parts)}
