"""Verify: recompute everything from the log by another path (`recount`), and name what differs.

Measures are evaluated by SQLite over the recomputed facts, as nothing in apply does it.
"""

import gc
import json
import multiprocessing
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from functools import partial
from pathlib import Path

from hub.apply.fold import IS_PRESENT
from hub.apply.set_aside import TOO_LARGE
from hub.clock import DAY_US, day_of, day_start, iso, iso_day
from hub.definitions.fact import Fact, Measure, day_sql
from hub.definitions.own.alert import ALERT
from hub.figures.aliases import Aliased, columns
from hub.figures.book import Book
from hub.figures.closing import closings
from hub.figures.dues import CLOCKS
from hub.figures.handling import MINUTES, measured, read_handled
from hub.figures.installed import Installed
from hub.figures.official import recheck
from hub.log.log import Log, Receipt
from hub.proof.aliasing import ReadAgain, recount_aliases
from hub.proof.dating import Dating
from hub.proof.finding import Findings
from hub.proof.flagging import recount_flags
from hub.proof.in_columns import compare_columns
from hub.proof.minutes import Minutes
from hub.proof.recount import (
    Progress,
    Recount,
    deal,
    read_again,
    recount_acts,
    recount_alerts,
    recount_facts,
    recount_rejections,
)
from hub.proof.sample import Sample
from hub.reference.spent import LISTS
from hub.store.reading import Reading, Row, dims_text
from hub.store.store import Store
from hub.store.tables import LANES

LANE_MODULUS = 2**32
# The checkpoints that hold when verify last ran, wholly or on a sample, and what it found.
STATEMENT, SAMPLE_STATEMENT = "verify", "verify:sample"
DIFFERENCES_SHOWN_MAX = 100


def state(log: Log, findings: Findings, begun: int, sample: Sample | None) -> None:
    """Leave in the log when verify ran and what it found, for the metrics of those who serve."""
    name, share = (STATEMENT, 1) if sample is None else (SAMPLE_STATEMENT, sample.share)
    said = {"at": iso(begun), "differences": len(findings.differences), "share": share}
    log.set_checkpoints({name: json.dumps(said)})


def verify(
    log: Log,
    store: Store,
    installed: Installed,
    progress: Progress = lambda *_: None,
    sample: Sample | None = None,
) -> Findings:
    """Compare facts, cells, ledger and quarantine with what the log says, up to the position.

    Of a sample: the facts of the entities in it with the log, the cells of the periods in it with
    the stored facts, and what was received with what was acknowledged.
    """
    findings = Findings()
    context = multiprocessing.get_context("spawn")
    with (
        tempfile.TemporaryDirectory(prefix="hub-verify-") as folder,
        store.reading() as reading,
        # Without the collector: what a process reads lives until it is returned.
        ProcessPoolExecutor(
            min(os.cpu_count() or 1, 8), mp_context=context, initializer=gc.disable
        ) as pool,
    ):
        # Before a topic is read: of what is acknowledged later the records may stand behind.
        acknowledged = log.receipts()
        recount = Recount(log)
        for name, fact in store.facts.items():
            contract = store.definitions.contracts[name]
            path = Path(folder) / name
            path.mkdir()
            findings.events += deal(reading, contract, recount, path, progress, sample)
            database = recount_facts(
                store.definitions, fact, reading, path, pool, recount, progress
            )
            _compare_facts(reading, fact, database, findings, sample)
            if sample is None:
                _compare_cells(reading, fact, database, findings, progress)
                _compare_flags(installed.book(reading), fact, database, findings)
                again = partial(read_again, contract, path, is_open=log.is_open)
                _compare_aliases(Aliased(reading), fact, database, again, findings)
                _compare_dues(installed.book(reading), fact, database, findings)
                _compare_minutes(installed.book(reading), fact, database, findings)
            else:
                _compare_some_cells(reading, fact, findings, sample)
            compare_columns(reading, fact, findings)
            database.close()
        before = recount.records
        recount_rejections(reading, recount)
        closed, loaded, declared = recount_acts(reading, recount)
        _compare_closings(reading, closed, findings, installed if sample is None else None)
        _compare_lists(reading, loaded, findings)
        _compare_declarations(reading, declared, findings)
        _compare_alerts(reading, recount_alerts(reading, recount), findings)
        findings.events += recount.records - before
        if sample is None:
            _compare_rows(reading, recount.quarantine, findings)
            _compare_sums(reading, "ledger", recount.ledger, findings)
            _compare_sums(reading, "arrival", recount.arrivals, findings)
            _compare_sums(reading, "lateness", recount.lateness, findings)
        _compare_received(reading, recount, acknowledged, findings)
        findings.read = recount.records
    return findings


def _compare_facts(
    reading: Reading,
    fact: Fact,
    database: sqlite3.Connection,
    findings: Findings,
    sample: Sample | None,
) -> None:
    names = ",".join(["entity", "is_disputed", "held", *LANES, *fact.types])
    query = f"SELECT {names} FROM {fact.table} ORDER BY entity"
    mine = iter(database.execute(query))
    theirs = reading.stream(query)
    if sample is not None:
        theirs = (r for r in theirs if sample.has(r[0].partition("|")[0].encode()))
    ours, stored = next(mine, None), next(theirs, None)
    while ours is not None or stored is not None:
        findings.facts += 1
        if stored is None or (ours is not None and ours[0] < stored[0]):
            findings.differ(f"fact {fact.contract}/{ours[0]}", "nothing", ours[1:])  # type: ignore[index]
            ours = next(mine, None)
        elif ours is None or stored[0] < ours[0]:
            findings.differ(f"fact {fact.contract}/{stored[0]}", stored[1:], "nothing")
            stored = next(theirs, None)
        else:
            if ours != stored:
                findings.differ(f"fact {fact.contract}/{ours[0]}", stored[1:], ours[1:])
            ours, stored = next(mine, None), next(theirs, None)


def cell_rows(
    rows: Callable[[str], Iterable[Row]],
    fact: Fact,
    measure: Measure,
    dims: tuple[str, ...],
    condition: str = "",
) -> dict[Row, Row]:
    """Compute one measure's cells over facts in SQL: (period, dims) -> (count, value, …)."""
    value = measure.value if measure.is_recomputed else f"SUM({measure.value})"
    group = ",".join(["1", *dims])
    lanes = ",".join(f"SUM({lane}) % {LANE_MODULUS}" for lane in LANES)
    day = day_sql(measure.when)
    summed = rows(
        f"SELECT {','.join([day, *dims])}, COUNT(*), {value}, SUM(is_disputed), {lanes}"
        f" FROM {fact.table} WHERE ({measure.where}){condition} GROUP BY {group}"
    )
    cells = {}
    k = 1 + len(dims)
    for row in summed:
        key = (iso_day(row[0]), dims_text(dict(zip(dims, row[1:k], strict=True))))
        cells[key] = tuple(int(n) for n in row[k:])
    return cells


def _compare_cells(
    reading: Reading,
    fact: Fact,
    database: sqlite3.Connection,
    findings: Findings,
    progress: Progress,
) -> None:
    total = sum(len(m.sets) for m in fact.measures)
    done = 0
    known = set()
    for measure in fact.measures:
        for dims in measure.sets:
            cell_set = measure.cell_set(dims)
            known.add(cell_set)
            ours = cell_rows(database.execute, fact, measure, dims)
            _differ_cells(cell_set, reading.cells(cell_set), ours, findings)
            done += 1
            progress(f"{fact.contract} cells", done, total)
    for cell_set in reading.cell_sets(f"{fact.contract}."):
        if cell_set not in known:
            findings.differ(f"cells {cell_set}", "cells", "no such measure")


def _compare_flags(
    book: Book, fact: Fact, database: sqlite3.Connection, findings: Findings
) -> None:
    """Compare what quality control flags of the stored facts with a recount over the log's."""
    thresholds = book.thresholds_of(fact)
    if not thresholds or fact.checked is None:
        return
    checked, measure = fact.checked, fact.measure(fact.checked.measure)
    names = ",".join(["entity", checked.place, checked.quantity, measure.when, checked.value])
    rows = database.execute(f"SELECT {names} FROM {fact.table} WHERE {measure.where}").fetchall()
    ours = recount_flags(rows, thresholds)
    start, until = min((r[3] for r in rows), default=0), max((r[3] for r in rows), default=0) + 1
    listed = book.flags.listed(fact, thresholds, start, until)
    stored = {(flag.entity, test) for flag in listed for test in flag.tests}
    for entity, test in sorted(ours ^ stored):
        is_ours = (entity, test) in ours
        said = ("nothing", test) if is_ours else (test, "nothing")
        findings.differ(f"flag {fact.contract}/{entity}", *said)


def _compare_aliases(
    reading: Aliased,
    fact: Fact,
    database: sqlite3.Connection,
    again: ReadAgain,
    findings: Findings,
) -> None:
    """Compare which codes are one thing, and what they are together, with a recount of both.

    In `database` each thing stands in the place of its codes afterwards: so it counts.
    """
    contract = reading.definitions.contracts[fact.contract]
    parts, things = recount_aliases(contract, fact, database, again)
    changes = reading.changes(fact)
    if changes.is_empty() and not things:
        return
    was, now = changes.filter(~IS_PRESENT), changes.filter(IS_PRESENT)
    stored: dict[str, Row] = {r[0]: r for r in now.select(columns(fact)).rows()}
    for code in sorted(parts ^ set(was["entity"])):
        is_ours = code in parts
        said = ("alone", "part of another") if is_ours else ("part of another", "alone")
        findings.differ(f"alias {fact.contract}/{code}", *said)
    for name in sorted(stored.keys() | things.keys()):
        if stored.get(name) != things.get(name):
            both = stored.get(name, "nothing"), things.get(name, "nothing")
            findings.differ(f"alias {fact.contract}/{name}", *both)
    database.executemany(f"DELETE FROM {fact.table} WHERE entity = ?", [(code,) for code in parts])
    names = columns(fact)
    marks = ",".join("?" * len(names))
    sql = f"INSERT INTO {fact.table} ({','.join(names)}) VALUES ({marks})"
    database.executemany(sql, things.values())


def _compare_dues(book: Book, fact: Fact, database: sqlite3.Connection, findings: Findings) -> None:
    """Compare what counts by computed due dates with a recount over the log's facts."""
    clocked = fact.clocked
    if clocked is None or not book.reference.tables.get(CLOCKS):
        return
    dated = (clocked.due, *clocked.dated)
    ours: dict[str, Row] = {}
    unsent = set()
    dating = Dating(book.reference.tables)
    extra = (f"{clocked.unit} AS unit", f"{clocked.procedure} AS procedure")
    names = ["entity", "unit", "procedure", *fact.types]
    sql = f"SELECT {','.join(['entity', *extra, *fact.types])} FROM {fact.table}"
    for row in database.execute(f"{sql} WHERE {clocked.begun} IS NOT NULL"):
        values = dict(zip(names, row, strict=True))
        sent, due = values[clocked.due], dating.due(clocked, values)
        if _day_of(sent) == _day_of(due):
            continue
        values[clocked.due] = due
        clocked.judge(values)
        ours[values["entity"]] = tuple(values[n] for n in dated)
        if sent is None:
            unsent.add(values["entity"])
    for is_computed, known in ((True, ours), (False, {e: ours[e] for e in unsent})):
        changes = book.dues.changes(fact, is_computed=is_computed).filter(IS_PRESENT)
        stored = {e: tuple(row) for e, *row in changes.select("entity", *dated).rows()}
        for entity in sorted(known.keys() | stored.keys()):
            if known.get(entity) != stored.get(entity):
                name = f"due {fact.contract}/{entity}"
                findings.differ(name, stored.get(entity, "sent"), known.get(entity, "sent"))


def _day_of(at: int | None) -> int | None:
    return None if at is None else day_of(at)


def _compare_minutes(
    book: Book, fact: Fact, database: sqlite3.Connection, findings: Findings
) -> None:
    """Compare how long things took by the stored facts with a recount over the log's."""
    clocked = fact.clocked
    if clocked is None or book.reference.missing(LISTS):
        return
    measure = measured(clocked, fact)
    names = ("entity", clocked.unit, clocked.procedure, clocked.begun, clocked.ended)
    listed = ",".join([*names, clocked.waits])
    rows = database.execute(f"SELECT {listed} FROM {fact.table} WHERE {measure.where}").fetchall()
    ours = Minutes(book.reference.tables).of(rows)
    ends = [row[4] for row in rows] or [0]
    handled = read_handled(clocked, book, min(ends), max(ends) + 1)
    stored = dict(handled.select("entity", MINUTES).rows())
    for entity in sorted(ours.keys() | stored.keys()):
        a, b = stored.get(entity, "nothing"), ours.get(entity, "nothing")
        if a != b:
            findings.differ(f"minutes {fact.contract}/{entity}", a, b)


def _differ_cells(
    cell_set: str, stored: dict[Row, Row], ours: dict[Row, Row], findings: Findings
) -> None:
    findings.cells += len(ours.keys() | stored.keys())
    for key in sorted(ours.keys() | stored.keys()):
        if ours.get(key) != stored.get(key):
            name = f"cell {cell_set}/{key[0]}/{key[1]}"
            findings.differ(name, stored.get(key, "nothing"), ours.get(key, "nothing"))


def _compare_some_cells(reading: Reading, fact: Fact, findings: Findings, sample: Sample) -> None:
    """Compare the cells of the sample's periods with the stored facts."""
    for measure in (m for m in fact.measures if m.sets):
        periods = _periods(reading, fact, measure)
        for dims in measure.sets:
            cell_set = measure.cell_set(dims)
            known = periods | {p for (p,) in reading.rows(_PERIODS_OF, s=cell_set)}
            for period in sorted(p for p in known if sample.has(f"{cell_set}/{p}".encode())):
                condition = f" AND {measure.when} >= :a AND {measure.when} < :b"
                start = day_start(date.fromisoformat(period))
                rows = partial(reading.rows, a=start, b=start + DAY_US)
                ours = cell_rows(rows, fact, measure, dims, condition)
                _differ_cells(cell_set, reading.cells(cell_set, period), ours, findings)


_PERIODS_OF = "SELECT DISTINCT period FROM cell WHERE cell_set = :s"


def _periods(reading: Reading, fact: Fact, measure: Measure) -> set[str]:
    """List the periods in which facts count."""
    day = day_sql(measure.when)
    rows = reading.rows(f"SELECT DISTINCT {day} FROM {fact.table} WHERE {measure.where}")
    return {iso_day(d) for (d,) in rows}


def _compare_closings(
    reading: Reading, ours: dict[str, Row], findings: Findings, installed: Installed | None
) -> None:
    """Compare what was closed; where asked, compute closed figures again at their cuts."""
    stored = {r[0]: r[1:] for r in reading.closings()}
    for name in sorted(ours.keys() | stored.keys()):
        if ours.get(name) != stored.get(name):
            findings.differ(f"closing {name}", stored.get(name), ours.get(name))
    if installed is not None:
        book = installed.book(reading)
        for closing in closings(reading):
            for what, kept, found in recheck(closing, book, installed.kpis.values()):
                findings.differ(f"closing {closing.event_id} {what}", kept, found)


def _compare_lists(reading: Reading, ours: dict[str, Row], findings: Findings) -> None:
    stored = {r[0]: (*r[1:], reading.list_rows(r[0])) for r in reading.lists()}
    for event_id in sorted(ours.keys() | stored.keys()):
        if ours.get(event_id) != stored.get(event_id):
            kept, found = (r.get(event_id, ("nothing",))[:2] for r in (stored, ours))
            findings.differ(f"list {event_id}", kept, found)


def _compare_declarations(reading: Reading, ours: dict[str, Row], findings: Findings) -> None:
    stored = {r[0]: r[1:] for r in reading.declarations()}
    for event_id in sorted(ours.keys() | stored.keys()):
        if ours.get(event_id) != stored.get(event_id):
            kept, found = (r.get(event_id, "nothing") for r in (stored, ours))
            findings.differ(f"declaration {event_id}", kept, found)


def _compare_alerts(reading: Reading, ours: dict[str, Row], findings: Findings) -> None:
    names = [f.name for f in ALERT.fields if f.name != "recorded_at"]
    stored = {r["event_id"]: tuple(r[n] for n in names) for r in reading.alert_events()}
    for key in sorted(ours.keys() | stored.keys()):
        if ours.get(key) != stored.get(key):
            findings.differ(f"alert {key}", stored.get(key, "nothing"), ours.get(key, "nothing"))


def _compare_rows(reading: Reading, ours: dict[str, Row], findings: Findings) -> None:
    # What apply set aside as too large is compared by the ledger's counts.
    stored = {
        r[0]: (r[1], r[2], r[3], r[-1]) for r in reading.table("quarantine") if TOO_LARGE not in r
    }
    for key in sorted(ours.keys() | stored.keys()):
        if ours.get(key) != stored.get(key):
            name = f"quarantine {key}"
            findings.differ(name, stored.get(key, "nothing"), ours.get(key, "nothing"))


def _compare_sums(reading: Reading, table: str, ours: dict[Row, int], findings: Findings) -> None:
    stored: dict[Row, int] = {}
    for row in reading.table(table):
        stored[row[:-2]] = stored.get(row[:-2], 0) + int(row[-1])
    for key in sorted(ours.keys() | stored.keys()):
        if ours.get(key, 0) != stored.get(key, 0):
            name = f"{table} {'/'.join(str(k) for k in key)}"
            findings.differ(name, stored.get(key, 0), ours.get(key, 0))


def _compare_received(
    reading: Reading, recount: Recount, acknowledged: Iterable[Receipt], findings: Findings
) -> None:
    """Hold the ledger against the log's own count, and the log against what was acknowledged."""
    classed: dict[Row, int] = {}
    for _, sender, day, _, _, count in reading.table("ledger"):
        classed[(sender, day)] = classed.get((sender, day), 0) + int(count)
    _compare_counts("received", classed, recount.received, findings)
    if recount.is_all_applied:
        # A record without a receipt was never acknowledged: its sender sends it again. A receipt
        # with more records than it says was appended again after a failure half-way, by a spool:
        # the ledger counts them as duplicates.
        for r in acknowledged:
            found = recount.receipts.get(r.id, 0)
            if found < r.accepted + r.rejected:
                name = f"receipt {r.id} of {r.sender}/{iso_day(r.day)}"
                findings.differ(name, r.accepted + r.rejected, found)


def _compare_counts(
    name: str, stored: dict[Row, int], counted: dict[Row, int], findings: Findings
) -> None:
    for sender, day in sorted(stored.keys() | counted.keys()):
        a, b = stored.get((sender, day), 0), counted.get((sender, day), 0)
        if a != b:
            findings.differ(f"{name} {sender}/{iso_day(day)}", a, b)
