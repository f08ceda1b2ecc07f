"""Trials: what events, or other reference data, would change, before anything is committed.

Events are applied by the same code in a transaction that is then rolled back, so that what is said
is what would come; only what others send meanwhile can make it different.
"""

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from hub.apply import intake
from hub.apply.applier import RETRIES_MAX
from hub.apply.change import Change
from hub.apply.entities import find_change
from hub.clock import day_of, iso_day
from hub.definitions.contract import Contract
from hub.definitions.fact import Fact
from hub.figures.book import Book, years
from hub.figures.compute import Question
from hub.figures.figure import AS_TRIED, Figure
from hub.figures.installed import Installed
from hub.figures.kpi import Kpi
from hub.figures.official import figures
from hub.log.log import Log
from hub.log.slices import Origin, Slice, join, slice_of_one
from hub.log.submitting import encode
from hub.reference.periods import Period, parse_period
from hub.store.reading import Reading
from hub.store.store import Store
from hub.store.troubles import VersionMismatchError

Said = dict[tuple[str, str], Figure]


@dataclass
class Trial:
    """What would change: whole figures and cells, before and after, and what becomes of events.

    `classes` counts events of the trial by the class that the ledger would give them, less those
    of stored events that would change theirs.
    """

    figures: list[dict[str, Any]] = field(default_factory=list)
    cells: list[dict[str, Any]] = field(default_factory=list)
    classes: dict[str, int] = field(default_factory=dict)


def try_events(
    store: Store,
    log: Log,
    installed: Installed,
    contract: Contract,
    events: pl.DataFrame,
    sender: str,
    now: int,
) -> Trial:
    """Tell what events that keep their contract would change, sent now by a sender."""
    for _ in range(RETRIES_MAX - 1):
        with suppress(VersionMismatchError):  # others changed the same facts meanwhile
            return _try_events(store, log, installed, contract, events, sender, now)
    return _try_events(store, log, installed, contract, events, sender, now)


def _try_events(
    store: Store,
    log: Log,
    installed: Installed,
    contract: Contract,
    events: pl.DataFrame,
    sender: str,
    now: int,
) -> Trial:
    fact = store.facts[contract.name]
    trial = Trial()
    taken = intake.take(contract, join([_slice(log, contract, events, sender, now)]))
    with store.trying() as (writing, reading):
        book = installed.book(reading)
        change = find_change(fact, contract, taken, reading, 0)
        assert change.cells is not None
        periods = _periods(book, _touched(fact, change))
        before = whole_figures(book, installed.kpis.values(), periods, now)
        cells_before = _cells(reading, change.cells)
        writing.write_facts(fact, change.created, change.changed)
        writing.write_cells(fact, change.cells)
        writing.add_ledger(change.ledger)
        writing.add_arrivals(change.arrivals)
        writing.add_lateness(change.lateness)
        writing.hear(change.heard)
        after = whole_figures(installed.book(reading), installed.kpis.values(), periods, now)
        trial.figures = differing(before, after)
        cells_after = _cells(reading, change.cells)
    for key in sorted(cells_before.keys() | cells_after.keys()):
        old, new = cells_before.get(key, (0, 0)), cells_after.get(key, (0, 0))
        if old != new:
            named = dict(zip(("cell_set", "period", "dims"), key, strict=True))
            trial.cells.append(
                {
                    **named,
                    "count": {"before": old[0], "after": new[0]},
                    "value": {"before": old[1], "after": new[1]},
                }
            )
    counted = change.ledger.group_by("class").agg(pl.col("count").sum()).sort("class")
    trial.classes = {str(name): int(n) for name, n in counted.rows() if n}
    return trial


def try_reference(
    book: Book, kpis: Collection[Kpi], tables: Mapping[str, list[dict[str, str]]], now: int
) -> Trial:
    """Tell which figures would be others with some tables of reference data in place of theirs."""
    changed = Book(book.reading, book.definitions, book.lists.with_tables(tables))
    # This year's figures follow the lists even where there are no events yet.
    texts = dict.fromkeys((iso_day(day_of(now))[:4], *(year for year, _ in years(book))))
    periods = [parse_period(text) for text in texts]
    periods += [c.period for c in book.closings]
    before = whole_figures(book, kpis, periods, now)
    return Trial(differing(before, whole_figures(changed, kpis, periods, now)))


def _slice(log: Log, contract: Contract, events: pl.DataFrame, sender: str, now: int) -> Slice:
    """Put events where the log would take them next."""
    batch = encode(contract, sender, events, "", now)
    place = max(log.ends(contract.topic).items())
    datums = (batch.payload, batch.ends)
    return slice_of_one(contract.topic, place, Origin(sender, now, ""), batch.schema_id, datums)


def _touched(fact: Fact, change: Change) -> list[str]:
    """List days of cells that change, and periods of facts that have their own."""
    own = {m.period for m in fact.measures if m.period}
    columns = [f[p] for f in (change.created, change.changed) if f is not None for p in own]
    columns += [change.cells["period"]] if change.cells is not None else []
    return sorted({str(p) for column in columns for p in column.drop_nulls().unique()})


def _periods(book: Book, found: list[str]) -> list[Period]:
    """List the years and months that change, and periods that are closed."""
    texts = [t for p in found for t in (p[:4], p[:7])] + [c.period.text for c in book.closings]
    texts += [year for year, _ in years(book)]
    return [parse_period(t) for t in dict.fromkeys(texts)]


def _cells(reading: Reading, touched: pl.DataFrame) -> dict[tuple[str, str, str], tuple[int, int]]:
    wanted = set(touched.select("cell_set", "period", "dims").rows())
    return {
        (cell_set, period, dims): (row[0], row[1])
        for cell_set, start in {(c, p) for c, p, _ in wanted}
        for (period, dims), row in reading.cells(cell_set, start).items()
        if (cell_set, period, dims) in wanted
    }


def whole_figures(book: Book, kpis: Collection[Kpi], periods: list[Period], now: int) -> Said:
    """Give each KPI's undimensioned figure of each period, by (period, KPI)."""
    return {
        (period.text, kpi.id): figure
        for period in periods
        for kpi in kpis
        for figure in figures(kpi, Question(period, now), book)
    }


def differing(before: Said, after: Said) -> list[dict[str, Any]]:
    """List figures that say something else: value, status, or what it is restated to."""
    out = []
    for key in sorted(before.keys() | after.keys()):
        old, new = _plain(before.get(key)), _plain(after.get(key))
        if old != new:
            out.append({"period": key[0], "kpi": key[1], "before": old, "after": new})
    return out


def _plain(figure: Figure | None) -> dict[str, Any] | None:
    if figure is None:
        return None
    said = figure.public(AS_TRIED)
    if "restatement" in said:
        other = said["restatement"]
        said["restatement"] = {n: other[n] for n in ("value", "numerator", "denominator")}
    return said
