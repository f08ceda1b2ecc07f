"""The shared warehouse: its tables are what the store's SQL and the hub's answers say.

They are read by DuckDB, through metadata and manifests read as the table spec says. Each snapshot
that names a cut is whole, the cuts of a table never go back, no commit lies beside another, and
what readers of plain files are told to read is what the table has.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import polars as pl
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot

from hub.definitions.fact import Fact
from hub.figures.book import Book
from hub.figures.compute import QuestionError, read_question
from hub.figures.official import figures
from hub.figures.past import Past
from hub.opening import OpenHub
from hub.store.cuts import NoCutError, find_cut
from hub.warehouse.contents import MONTH, Content, contents
from hub.warehouse.laying import (
    AT,
    CUT,
    DIGESTS,
    Warehouse,
    differing,
    digests,
    later,
    open_warehouse,
)
from hub.warehouse.retaining import data_files, delete_orphans
from tests.chaos.output import Output
from tests.chaos.receiving import Receiving
from tests.parts.iceberg import by_duckdb, files_by_hand

FIGURES = ("kpi", "period", "numerator", "denominator", "value", "status")
EARLIER_MAX = 2  # snapshots of figures that are asked for again, as of their cut
Rows = Counter[tuple[Any, ...]]


class SharedWarehouse(Output):
    """Iceberg tables."""

    setting = "warehouse_dir"
    words = ("warehouse", "write")
    goes_midway = True
    seconds = 1.0

    def check(self, hub: OpenHub, _: Mapping[str, Receiving]) -> tuple[str, list[str]]:
        """See `Output.check`."""
        wrong: list[str] = []
        listed = contents(hub.store.definitions, hub.kpis)
        with open_warehouse(hub.settings.store_url, self.folder) as warehouse:
            tables = {c.name: found for c in listed if (found := warehouse.find(c.name))}
            wrong += [f"{c.name} was never written" for c in listed if c.name not in tables]
            snapshots, rows = Counter[str](), 0
            for content in listed:
                if content.name in tables:
                    table = tables[content.name]
                    wrong += [f"{content.name}: {line}" for line in _history(table, content)]
                    snapshots[content.name] = len(table.snapshots())
            with hub.store.reading() as reading:
                for name, wanted in _wanted(hub, hub.book(reading), tables):
                    there = _read(tables[name], wanted[0])
                    wrong += _other(name, wanted[1], there)
                    rows += there.total()
                text, more = _earlier(hub.book(reading), tables["figure"], hub)
                wrong += more
            wrong += self._as_told(tables)
            orphans = _without_orphans(warehouse, listed)
            wrong += [f"{c.name}: {m}" for c in listed for m in differing(tables[c.name], c)]
        said = f"{len(tables)} tables, {sum(snapshots.values())} snapshots,"
        said += f" {rows:,} rows as SQL and answers say; {text}; {orphans} files of no snapshot"
        return said, wrong

    def _as_told(self, tables: Mapping[str, Table]) -> list[str]:
        """Hold what readers of plain files are told against the tables."""
        said = json.loads((self.folder / "contents.json").read_text("utf-8"))
        told = {t["name"]: sorted(str(self.folder / f) for f in t["files"]) for t in said["tables"]}
        return [
            f"{name}: contents.json names other files than the table"
            for name, table in tables.items()
            if told.get(name) != sorted(files_by_hand(table))
        ]


def _history(table: Table, content: Content) -> Iterator[str]:
    """Look at every snapshot that is kept."""
    before, cut = None, ""
    for snapshot in sorted(table.snapshots(), key=lambda s: s.sequence_number or 0):
        if before is not None and snapshot.parent_snapshot_id != before:
            yield f"snapshot {snapshot.snapshot_id} lies beside another"
        before = snapshot.snapshot_id
        said = _said(snapshot)
        if CUT not in said:
            continue  # it is part of a commit, and of no reader's use
        if later(cut, said[CUT]):
            yield f"a snapshot of {said[CUT]} follows one of {cut}"
        cut = said[CUT]
        whole: Any = pl.from_arrow(table.scan(snapshot_id=snapshot.snapshot_id).to_arrow())
        frame = whole.select(content.schema.names()).cast(content.schema)
        if digests(frame.sort(MONTH, *content.key)) != json.loads(said[DIGESTS]):
            yield f"the snapshot of {cut} is not whole"
    if before is None or before != table.metadata.current_snapshot_id or not cut:
        yield "no snapshot with a cut is the present one"


def _said(snapshot: Snapshot) -> dict[str, str]:
    return dict(snapshot.summary.additional_properties) if snapshot.summary is not None else {}


def _wanted(
    hub: OpenHub, book: Book, tables: Mapping[str, Table]
) -> Iterator[tuple[str, tuple[str, Rows]]]:
    """Give what a table must hold, with the columns as DuckDB is asked for them."""
    for fact in hub.store.definitions.facts.values():
        if fact.shown:
            yield f"fact_{fact.contract}", _of_fact(fact, book, tables[f"fact_{fact.contract}"])
    cells = book.reading.rows(
        "SELECT cell_set, period, dims, SUM(count), SUM(value) FROM cell"
        " GROUP BY cell_set, period, dims HAVING SUM(count) <> 0"
    )
    columns = "cell_set, period, dims, count, value"
    yield "cell", (columns, Counter((s, p, d, int(n), int(v)) for s, p, d, n, v in cells))
    # As at the last instant at which anything was written: nothing was applied since.
    at = max(
        int(said[AT]) for t in tables.values() for s in t.snapshots() if AT in (said := _said(s))
    )
    columns = ", ".join(FIGURES)
    begun = book.reading.rows("SELECT DISTINCT SUBSTR(period, 1, 4) FROM cell")
    years = {y for (y,) in begun if y > "1900"}
    years |= {row[0] for row in by_duckdb(files_by_hand(tables["figure"]), "period")}
    yield "figure", (columns, _answers(hub, book, years, at))
    closings = book.reading.rows("SELECT COUNT(*) FROM closing")
    if closings[0][0] == 0:
        yield "official_figure", (columns, Counter())
        yield "edition", ("report, period", Counter())


def _of_fact(fact: Fact, book: Book, table: Table) -> tuple[str, Rows]:
    """Give what SQL says of a contract's facts, instants as microseconds."""
    kinds = {f.name: str(f.field_type) for f in table.schema().fields}
    names = list(fact.shown)
    asked = [f"epoch_us({n})" if kinds[n] == "timestamptz" else f'"{n}"' for n in names]
    listed = ", ".join(f'"{n}"' for n in names)
    found = book.reading.rows(f"SELECT entity, is_disputed, {listed} FROM {fact.table}")
    flags = [n for n in names if kinds[n] == "boolean"]
    wanted: Rows = Counter()
    for entity, is_disputed, *values in found:
        row = dict(zip(names, values, strict=True))
        if all(v is None for v in values):
            continue  # everything of it was taken back
        row |= {n: bool(row[n]) for n in flags if row[n] is not None}
        wanted[entity, bool(is_disputed), *row.values()] += 1
    return f"code, is_disputed, {', '.join(asked)}", wanted


def _answers(hub: OpenHub, book: Book, years: set[str], at: int) -> Rows:
    """Give what the hub answers about years."""
    wanted: Rows = Counter()
    for year in years:
        for kpi in hub.kpis.values():
            try:
                listed = figures(kpi, read_question(kpi, {"period": year}, at), book)
            except QuestionError:
                continue  # it is asked of another kind of period
            for figure in listed:
                said = figure.public()
                value = said.get("value")
                exact = None if value is None else Decimal(str(value)).quantize(Decimal("1e-9"))
                numbers = (said.get("numerator"), said.get("denominator"))
                wanted[kpi.id, year, *numbers, exact, said.get("status")] += 1
    return wanted


def _read(table: Table, columns: str) -> Rows:
    return Counter(by_duckdb(files_by_hand(table), columns))


def _other(name: str, wanted: Rows, there: Rows) -> list[str]:
    return [f"{name}: lacks {row}" for row in (wanted - there)] + [
        f"{name}: has, and the store has not, {row}" for row in (there - wanted)
    ]


def _earlier(book: Book, table: Table, hub: OpenHub) -> tuple[str, list[str]]:
    """Ask for figures again as of the cuts of snapshots from before the present one."""
    asked, wrong = 0, []
    for snapshot in reversed(table.snapshots()[:-1]):
        said = _said(snapshot)
        if CUT not in said or asked == EARLIER_MAX:
            continue
        try:
            past = Past(book.reading, find_cut(book.reading, int(said[AT]), int(said[AT])))
        except NoCutError:
            continue
        totals = ",".join(f"{t.split('.')[1]}={n}" for t, n in past.totals().items())
        if totals != said[CUT]:
            continue  # cuts are not all kept
        whole: Any = pl.from_arrow(table.scan(snapshot_id=snapshot.snapshot_id).to_arrow())
        there: Rows = Counter(whole.select(FIGURES).iter_rows())
        years = set(whole["period"])
        wanted = _answers(hub, book.on(past), years, int(said[AT]))
        wrong += _other(f"figure as of {said[CUT]}", wanted, there)
        asked += 1
    return f"{asked} earlier cuts asked for again", wrong


def _without_orphans(warehouse: Warehouse, listed: list[Content]) -> int:
    """Delete what no snapshot names, as if it were old; count it. Tables are read afterwards."""
    deleted = 0
    for content in listed:
        table = warehouse.find(content.name)
        if table is not None:
            deleted += len(delete_orphans(table, -1))
            assert all(p.is_file() for p in data_files(table)), content.name
    return deleted


STRUCK = SharedWarehouse
