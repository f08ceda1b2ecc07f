"""Writing: one transaction of apply, in which position, facts, cells and ledger move together."""

from collections.abc import Mapping
from datetime import date

import polars as pl
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.clock import DAY_US, day_start, iso_day
from hub.definitions.fact import Fact, Measure, day_sql
from hub.log.cut import read_cut
from hub.log.succession import Succession
from hub.store.database import Database
from hub.store.packing import pack
from hub.store.reading import dims_text, parse_dims
from hub.store.tables import (
    BUILD,
    LANES,
    alert_event,
    arrival,
    cell,
    closing,
    cut,
    cut_aside,
    cut_heard,
    declaration,
    definition,
    heard,
    lateness,
    ledger,
    notice,
    position,
    quarantine,
    reference_list,
    touched,
)
from hub.store.troubles import DefinitionChangedError, FencedError, VersionMismatchError

SPANS_MAX = 20


class Writing:
    """One transaction of apply.

    `fact_tables` and `digests` are, by contract, where facts are and what decides their figures.
    `succession` tells which log goes on from one that a closed period's cut names.
    """

    def __init__(
        self,
        connection: Connection,
        database: Database,
        fact_tables: Mapping[str, sa.Table],
        digests: Mapping[str, str],
        succession: Succession,
    ) -> None:
        self._succession = succession
        self._c = connection
        self._database = database
        self._fact_tables = fact_tables
        self._digests = digests

    def instant(self, now: int) -> int:
        """Give this commit's instant: now, or where the clock went back, just after the last."""
        latest = self._c.execute(sa.select(sa.func.max(cut.c.at))).scalar()
        return now if latest is None else max(now, int(latest) + 1)

    def swap_positions(
        self, log: str, topic: str, spans: dict[int, tuple[int, int]], at: int
    ) -> None:
        """Move positions of partitions over spans, all together.

        Raises `FencedError` where one is not at its span's start.
        """
        mine = {"log": log, "topic": topic}
        begun = [
            {**mine, "partition": p, "next_offset": 0, "committed_at": at}
            for p, (expected, _) in spans.items()
            if expected == 0
        ]
        if begun:
            self._database.merge(self._c, position, pl.DataFrame(begun), {})
        named = {p: position.c.partition == p for p in spans}
        at_start = [named[p] & (position.c.next_offset == start) for p, (start, _) in spans.items()]
        ends = [(named[p], following) for p, (_, following) in spans.items()]
        moved = self._c.execute(
            position.update()
            .where(*(position.c[n] == v for n, v in mine.items()), sa.or_(*at_start))
            .values(next_offset=sa.case(*ends), committed_at=at)
        )
        if moved.rowcount != len(spans):
            starts = ", ".join(f"{start} (partition {p})" for p, (start, _) in spans.items())
            raise FencedError(f"{topic} is no longer at {starts}")

    def keep_cut(
        self,
        log: str,
        topic: str,
        followings: dict[int, int],
        at: int,
        aside: pl.DataFrame,
        heard_each: pl.DataFrame | None,
    ) -> None:
        """Keep where this commit stands, and what a figure as of then cannot be folded from.

        What stands before a closed period's cut is kept apart from what stands after, so that the
        cut can be read even where it was no commit of this store.
        """
        rows = [(log, topic, p, n, at) for p, n in followings.items()]
        schema = ["log", "topic", "partition", "next_offset", "at"]
        self._merge(cut, pl.DataFrame(rows, schema=schema, orient="row"), {})
        ends = {p: [n] for p, n in followings.items()}
        for (text,) in self._c.execute(sa.select(closing.c.cut)):
            for place, n in self._succession.brought_up(read_cut(text)).positions.items():
                if place[:2] == (log, topic) and n < followings.get(place[2], 0):
                    ends[place[2]].append(n)
        count, latest = pl.len().cast(pl.Int64).alias("count"), pl.col("accepted_at", "horizon")
        for table, records, summed in (
            (cut_aside, aside, count),
            (cut_heard, heard_each, latest.max()),
        ):
            if records is not None and len(records):
                keys = [c.name for c in table.primary_key if c.name in records.columns]
                named = records.with_columns(
                    pl.lit(log).alias("log"), pl.lit(topic).alias("topic"), _next_of(ends)
                )
                named = named.group_by("log", "topic", "next_offset", *keys).agg(summed)
                self._merge(table, named, {})

    def check_build(self, expected: str | None) -> None:
        """Raise `VersionMismatchError` where a rebuild has put other tables here since reading."""
        query = sa.select(definition.c.digest).where(definition.c.contract == BUILD)
        if self._c.execute(query).scalar() != expected:
            raise VersionMismatchError("a rebuild has put other tables in force")

    def check_definition(self, fact: Fact) -> None:
        """Raise `DefinitionChangedError` where the store's figures follow other definitions."""
        query = sa.select(definition.c.digest).where(definition.c.contract == fact.contract)
        stored = self._c.execute(query).scalar()
        if stored != self._digests[fact.contract]:
            raise DefinitionChangedError(f"{fact.contract}: the store follows other definitions")

    def write_facts(
        self, fact: Fact, created: pl.DataFrame | None, changed: pl.DataFrame | None
    ) -> None:
        """Write fact rows; raise `VersionMismatchError` where one is not as it was read.

        Frames hold the table's columns, with states as they are read.
        """
        table = self._fact_tables[fact.contract]
        if created is not None and len(created):
            try:
                self._database.insert(self._c, table, _packed(fact, created))
            except sa.exc.IntegrityError as error:
                raise VersionMismatchError(fact.table) from error
        if changed is not None and len(changed):
            done = self._database.update(self._c, table, _packed(fact, changed))
            if done != len(changed):
                raise VersionMismatchError(fact.table)

    def write_cells(self, fact: Fact, cells: pl.DataFrame | None) -> None:
        """Add to cells, in the order of their keys, and take recomputed measures anew.

        A cell that nothing is in any more stays, with a count of zero; readers pass over it.
        """
        if cells is None or not len(cells):
            return
        sums = ("count", "value", "disputed", *LANES)
        self._database.merge(self._c, cell, cells, dict.fromkeys(sums, "+"))
        # What is taken anew of the same facts by the same dimensions is taken in one query.
        together: dict[tuple[str, tuple[str, ...]], list[Measure]] = {}
        for measure in fact.measures:
            for dims in measure.sets if measure.is_recomputed else ():
                together.setdefault((measure.when, dims), []).append(measure)
        for (at, dims), measures in together.items():
            self._recompute(fact, at, dims, measures, cells)

    def _recompute(
        self,
        fact: Fact,
        at: str,
        dims: tuple[str, ...],
        measures: list[Measure],
        cells: pl.DataFrame,
    ) -> None:
        names = [m.cell_set(dims) for m in measures]
        touched = cells.filter(pl.col("cell_set").is_in(names))
        if not len(touched):
            return
        condition, values = _days_among(at, touched["period"])
        if dims:
            firsts = sorted({parse_dims(d)[dims[0]] or "" for d in touched["dims"]})
            among, named = self._database.among(dims[0], firsts)
            condition, values = f"{among} AND {condition}", {**values, **named}
        taken = ",".join(f"{m.value} FILTER (WHERE {m.where})" for m in measures)
        rows = self._c.execute(
            sa.text(
                f"SELECT {','.join([day_sql(at), *dims, taken])} FROM {fact.table}"
                f" WHERE {condition} GROUP BY {','.join(['1', *dims])}"
            ),
            values,
        ).fetchall()
        present = {
            (name, iso_day(day), dims_text(dict(zip(dims, rest, strict=False)))): int(value or 0)
            for day, *rest in rows
            for name, value in zip(names, rest[len(dims) :], strict=True)
        }
        keys = touched.select("cell_set", "period", "dims").rows()
        fresh = touched.with_columns(
            pl.Series("value", [present.get(k, 0) for k in keys], pl.Int64)
        )
        self._database.merge(self._c, cell, fresh, {"value": "="})

    def add_ledger(self, rows: pl.DataFrame) -> None:
        """Add to the ledger: (contract, sender, day, class, shard, count)."""
        self._merge(ledger, rows, {"count": "+"})

    def add_arrivals(self, rows: pl.DataFrame | None) -> None:
        """Add to the arrivals: (contract, sender, party, span, day, shard, count)."""
        self._merge(arrival, rows, {"count": "+"})

    def touch(
        self, fact: Fact, shard: int, at: int, cells: pl.DataFrame | None, arrivals: pl.DataFrame
    ) -> None:
        """Note in which months of a contract this commit changes figures.

        That is where something is added to a cell, or taken anew of its facts; and where events
        arrived. Where a fact of the past has its digest changed alone, no figure is another one.
        """
        months = [arrivals.select(pl.col("day").cast(pl.Date).dt.strftime("%Y-%m").alias("month"))]
        if cells is not None:
            anew = [m.cell_set(dims) for m in fact.measures if m.is_recomputed for dims in m.sets]
            is_other = (pl.col("count") != 0) | (pl.col("value") != 0)
            other = cells.filter(is_other | pl.col("cell_set").is_in(anew))
            months.append(other.select(pl.col("period").str.head(len("2023-05")).alias("month")))
        rows = (
            pl.concat(months)
            .unique()
            .select(
                pl.lit(fact.contract).alias("contract"),
                "month",
                pl.lit(shard).alias("shard"),
                pl.lit(at).alias("at"),
            )
        )
        self._merge(touched, rows, {"at": "max"})

    def add_lateness(self, rows: pl.DataFrame | None) -> None:
        """Add to the late ledger: (contract, sender, day, bucket, shard, count)."""
        self._merge(lateness, rows, {"count": "+"})

    def hear(self, rows: pl.DataFrame | None) -> None:
        """Note when senders were heard: (contract, sender, shard, accepted_at, horizon)."""
        self._merge(heard, rows, {"accepted_at": "max", "horizon": "max"})

    def quarantine(self, rows: pl.DataFrame) -> None:
        """Keep rejected items; one that is there already stays as it is."""
        self._merge(quarantine, rows, {})

    def notify(self, rows: pl.DataFrame | None) -> None:
        """Leave notices for whoever publishes them: (event_id, datum)."""
        self._merge(notice, rows, {})

    def close_periods(self, rows: pl.DataFrame | None) -> None:
        """Keep which periods were closed; one that is there already stays as it is."""
        self._merge(closing, rows, {})

    def keep_lists(self, rows: pl.DataFrame | None) -> None:
        """Keep lists that were loaded; one that is there already stays as it is."""
        self._merge(reference_list, rows, {})

    def keep_declarations(self, rows: pl.DataFrame | None) -> None:
        """Keep what senders declared; one that is there already stays as it is."""
        self._merge(declaration, rows, {})

    def keep_alerts(self, rows: pl.DataFrame | None) -> None:
        """Keep what became of alerts; one that is there already stays as it is."""
        self._merge(alert_event, rows, {})

    def _merge(self, table: sa.Table, rows: pl.DataFrame | None, rules: dict[str, str]) -> None:
        if rows is not None and len(rows):
            self._database.merge(self._c, table, rows, rules)


def _packed(fact: Fact, facts: pl.DataFrame) -> pl.DataFrame:
    packed = pack(fact.contract, facts["state"])
    return facts.with_columns(pl.Series("state", packed, pl.Binary))


def _days_among(at: str, days: pl.Series) -> tuple[str, dict[str, int]]:
    """Write the condition that an instant is on one of some days, with its parameters.

    One late event is no reason to read all days between it and the others; of very many days all
    between the first and the last are read.
    """
    starts = sorted({day_start(date.fromisoformat(day)) for day in days})
    firsts = [n for n in starts if n - DAY_US not in set(starts)]
    if len(firsts) > SPANS_MAX:
        firsts, starts = firsts[:1], [*range(firsts[0], starts[-1] + 1, DAY_US)]
    lasts = [n for n in starts if n + DAY_US not in set(starts)]
    spans = list(zip(firsts, lasts, strict=True))
    condition = " OR ".join(f"({at} >= :a{i} AND {at} < :b{i})" for i in range(len(spans)))
    values: dict[str, int] = {}
    for i, (first, last) in enumerate(spans):
        values |= {f"a{i}": first, f"b{i}": last + DAY_US}
    return f"({condition})", values


def _next_of(ends: dict[int, list[int]]) -> pl.Expr:
    """Give, of a record's partition, the first of some offsets that is beyond it."""
    out = pl.lit(None, pl.Int64)
    for partition, offsets in ends.items():
        for n in sorted(offsets, reverse=True):
            is_before = (pl.col("partition") == partition) & (pl.col("offset") < n)
            out = pl.when(is_before).then(n).otherwise(out)
    return out.alias("next_offset")
