"""The store: facts, cells, ledger and position in one SQL database, behind a narrow interface.

`writing()` is one transaction of apply; `reading()` is one snapshot, so that all figures of an
answer come from one cut. Any process may read; the position's compare-and-swap fences a second
writer.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from importlib import resources
from typing import Any, cast

import polars as pl
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.engine import Connection, Engine

from hub.clock import DAY_US, day_start, iso_day
from hub.definitions import revisions
from hub.definitions.contract import Contract
from hub.definitions.fact import Fact, Measure, day_sql
from hub.definitions.installed import Definitions
from hub.log.cut import read_cut
from hub.store.database import Database, open_database
from hub.store.tables import (
    DERIVED,
    HISTORY,
    LANES,
    arrival,
    cell,
    closing,
    cut,
    cut_aside,
    cut_heard,
    definition,
    fact_table,
    heard,
    lateness,
    ledger,
    metadata,
    notice,
    position,
    quarantine,
)
from hub.troubles import TroubleError

Row = tuple[Any, ...]
# From a first instant, or none, up to another; or the same in periods, where facts have their own.
Span = tuple[int | None, int] | tuple[str, str]
# Another number where stored events are written in another form.
STATE_FORM = 2


# The row of `definition` that names a set of tables which a rebuild made; no contract is named so.
BUILD = "~build"


class FencedError(Exception):
    """Another writer moved the position: this one must stop, its batch is not applied."""


class VersionMismatchError(Exception):
    """A fact changed between reading and writing; nothing was written, the batch may be retried."""


class StoreUnavailableError(TroubleError):
    """The database could not be reached, or went away; whether it committed is unknown."""


class DefinitionChangedError(TroubleError):
    """The store was computed by other definitions than the ones installed."""


class Store:
    """Opens a store, brings its tables up to date and checks what its figures were computed by."""

    def __init__(
        self, url: str, definitions: Definitions, database: Database | None = None
    ) -> None:
        self.definitions = definitions
        self.facts = facts = definitions.facts
        self._fact_metadata = sa.MetaData()
        self.fact_tables = {n: fact_table(f, self._fact_metadata) for n, f in facts.items()}
        self.digests = {n: definition_digest(f, definitions.contracts[n]) for n, f in facts.items()}
        # Figures of closed periods that were computed: they do not change.
        self.kept: dict[str, Any] = {}
        self.database = database or open_database(url)
        with self._begun(self.database.writer) as connection:
            # Several processes may start at once: one brings the tables up to date, others wait.
            self.database.lock(connection, "migrations")
            config = Config()
            config.set_main_option(
                "script_location", str(resources.files("hub.store") / "migrations")
            )
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            self._fact_metadata.create_all(connection)

    @contextmanager
    def _begun(self, engine: Engine) -> Iterator[Connection]:
        with self.named_errors(), engine.begin() as connection:
            yield connection

    @contextmanager
    def named_errors(self) -> Iterator[None]:
        """Turn the database's errors into the few that callers tell apart."""
        try:
            yield
        except sa.exc.DBAPIError as error:
            if self.database.is_serialization(error):
                raise VersionMismatchError(str(error.orig)) from error
            if self.database.is_unavailable(error):
                raise StoreUnavailableError(str(error.orig)) from error
            raise

    def check_definitions(self) -> None:
        """Raise `DefinitionChangedError` where the store's figures follow other definitions."""
        with self._begun(self.database.writer) as connection:
            self.database.lock(connection, "definitions")
            rows = connection.execute(sa.text("SELECT contract, digest FROM definition"))
            stored = {r[0]: r[1] for r in rows}
            for name, digest in self.digests.items():
                if name not in stored:
                    connection.execute(
                        sa.text("INSERT INTO definition VALUES (:c, :d)"),
                        {"c": name, "d": digest},
                    )
                elif stored[name] != digest:
                    raise DefinitionChangedError(
                        f"{name}: definitions changed since these figures were computed;"
                        " run `hub rebuild`"
                    )

    def clear_derived(self) -> None:
        """Drop everything that comes from the log, facts included, and what was known when."""
        with self._begun(self.database.writer) as connection:
            self._fact_metadata.drop_all(connection)
            for table in (*DERIVED, *HISTORY):
                self.database.empty(connection, table)
            self._fact_metadata.create_all(connection)

    @contextmanager
    def writing(self) -> Iterator["Writing"]:
        """Open one transaction of apply; it commits as a whole or not at all."""
        with self._begun(self.database.writer) as connection:
            yield Writing(connection, self)

    @contextmanager
    def trying(self) -> Iterator[tuple["Writing", "Reading"]]:
        """Open a transaction that never commits: to write in it, and to read what that gives."""
        # Of one snapshot: else what others commit meanwhile would look like what is tried.
        with self.named_errors(), self.database.trier.connect() as connection:
            transaction = connection.begin()
            try:
                yield Writing(connection, self), Reading(connection, self)
            finally:
                transaction.rollback()

    @contextmanager
    def reading(self) -> Iterator["Reading"]:
        """Open one snapshot."""
        with self._begun(self.database.reader) as connection:
            yield Reading(connection, self)

    def second(self) -> "Store":
        """Open the second set of tables beside these, an empty one where there is none."""
        with self.named_errors():
            database = self.database.second()
        return Store("", self.definitions, database)

    def name_build(self, name: str) -> None:
        """Name this set of tables, so that who read another one writes nothing to it."""
        with self._begun(self.database.writer) as connection:
            connection.execute(definition.insert().values(contract=BUILD, digest=name))

    @contextmanager
    def replacing(self) -> Iterator["Reading"]:
        """Put the second set in the place of this one, at the end, in one transaction.

        Meanwhile nobody else writes; what is read here is the last that these tables say. Raises
        `TablesInUseError`.
        """
        tables = [t.name for t in DERIVED if t is not notice]
        with self.named_errors(), self.database.replacing() as connection:
            yield Reading(connection, self)
            if not connection.execute(sa.select(cut.c.at).limit(1)).first():
                # Made by a version that kept no history: what the log itself says of it is all.
                tables += [t.name for t in HISTORY]
            names = [*tables, *(t.name for t in self.fact_tables.values())]
            self.database.take_over(connection, names)

    @contextmanager
    def administering(self) -> Iterator[Connection]:
        """Open a transaction on the tables that are not figures."""
        with self._begun(self.database.writer) as connection:
            yield connection

    def close(self) -> None:
        """Close all connections."""
        self.database.writer.dispose()
        self.database.reader.dispose()


def definition_digest(fact: Fact, contract: Contract) -> str:
    """Digest what decides a fact's figures: schema, columns, picks and measures."""
    spec = contract.spec
    said = {
        "state": STATE_FORM,
        "schema": revisions.latest(fact.contract).plain,
        "order": [spec.entity, spec.occurred, spec.order_first, contract.kinds],
        "retracting": spec.retracting_kind,
        "types": fact.types,
        "picks": {n: str(e) for n, e in fact.picks.items()},
        "aggregates": {n: str(e) for n, e in fact.aggregates.items()},
        "columns": {n: str(e) for n, e in fact.columns.items()},
        "measures": [repr(m) for m in fact.measures],
    }
    return hashlib.blake2b(json.dumps(said, default=str).encode(), digest_size=8).hexdigest()


def dims_text(dims: dict[str, Any]) -> str:
    """Write a cell's dimensions: `channel=online,service_level=full`; unknown is empty."""
    return ",".join(f"{k}={'' if v is None else v}" for k, v in dims.items())


def parse_dims(text: str) -> dict[str, str | None]:
    """Read what `dims_text` wrote."""
    pairs = (p.partition("=") for p in text.split(",") if p)
    return {k: v or None for k, _, v in pairs}


def sum_facts_sql(
    fact: Fact,
    measure: Measure,
    by: Sequence[str],
    where: dict[str, str],
    span: Span,
) -> tuple[str, dict[str, Any]]:
    """Write what sums a measure over facts: rows (by…, count, value), and the named values."""
    start, until = span
    conditions = [f"({measure.where})", f"{measure.when} < :until"]
    values: dict[str, Any] = {"until": until}
    if start is not None:
        conditions.append(f"{measure.when} >= :start")
        values["start"] = start
    for i, (column, value) in enumerate(where.items()):
        conditions.append(f"{column} = :v{i}")
        values[f"v{i}"] = value
    value = measure.value if measure.is_recomputed else f"SUM({measure.value})"
    group = f" GROUP BY {','.join(by)}" if by else ""
    sql = (
        f"SELECT {','.join([*by, 'COUNT(*)', value])} FROM {fact.table}"
        f" WHERE {' AND '.join(conditions)}{group}"
    )
    return sql, values


def _next_of(ends: dict[int, list[int]]) -> pl.Expr:
    """Give, of a record's partition, the first of some offsets that is beyond it."""
    out = pl.lit(None, pl.Int64)
    for partition, offsets in ends.items():
        for n in sorted(offsets, reverse=True):
            is_before = (pl.col("partition") == partition) & (pl.col("offset") < n)
            out = pl.when(is_before).then(n).otherwise(out)
    return out.alias("next_offset")


class Writing:
    """One transaction of apply."""

    def __init__(self, connection: Connection, store: Store) -> None:
        self._c = connection
        self._store = store
        self._database = store.database

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
            for place, n in read_cut(text).positions.items():
                if place[:2] == (log, topic) and n < followings.get(place[2], 0):
                    ends[place[2]].append(n)
        count, latest = pl.len().cast(pl.Int64).alias("count"), pl.col("accepted_at", "horizon")
        for table, found, summed in (
            (cut_aside, aside, count),
            (cut_heard, heard_each, latest.max()),
        ):
            if found is not None and len(found):
                keys = [c.name for c in table.primary_key if c.name in found.columns]
                named = found.with_columns(
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
        if stored != self._store.digests[fact.contract]:
            raise DefinitionChangedError(f"{fact.contract}: the store follows other definitions")

    def write_facts(
        self, fact: Fact, created: pl.DataFrame | None, changed: pl.DataFrame | None
    ) -> None:
        """Write fact rows; raise `VersionMismatchError` where one is not as it was read.

        Frames hold the table's columns.
        """
        table = self._store.fact_tables[fact.contract]
        if created is not None and len(created):
            try:
                self._database.insert(self._c, table, created)
            except sa.exc.IntegrityError as error:
                raise VersionMismatchError(fact.table) from error
        if changed is not None and len(changed):
            done = self._database.update(self._c, table, changed)
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
        days = touched["period"]
        firsts = sorted({parse_dims(d)[dims[0]] or "" for d in touched["dims"]})
        condition, values = self._database.among(dims[0], firsts)
        taken = ",".join(f"{m.value} FILTER (WHERE {m.where})" for m in measures)
        found = self._c.execute(
            sa.text(
                f"SELECT {day_sql(at)}, {','.join(dims)}, {taken} FROM {fact.table}"
                f" WHERE {condition} AND {at} >= :start AND {at} < :until"
                f" GROUP BY 1, {','.join(dims)}"
            ),
            {
                **values,
                "start": day_start(date.fromisoformat(str(days.min()))),
                "until": day_start(date.fromisoformat(str(days.max()))) + DAY_US,
            },
        ).fetchall()
        present = {
            (name, iso_day(day), dims_text(dict(zip(dims, rest, strict=False)))): int(value or 0)
            for day, *rest in found
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
        """Add to the arrivals: (contract, sender, day, shard, count)."""
        self._merge(arrival, rows, {"count": "+"})

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

    def _merge(self, table: sa.Table, rows: pl.DataFrame | None, rules: dict[str, str]) -> None:
        if rows is not None and len(rows):
            self._database.merge(self._c, table, rows, rules)


class Reading:
    """One snapshot of the store."""

    def __init__(self, connection: Connection, store: Store) -> None:
        self._c = connection
        self._store = store

    @property
    def definitions(self) -> Definitions:
        """The definitions that the store was opened with."""
        return self._store.definitions

    @property
    def kept(self) -> dict[str, Any]:
        """What readers of this store keep for one another, because it does not change."""
        return self._store.kept

    def rows(self, sql: str, **values: Any) -> list[Row]:
        """Run a query with named values and give its rows."""
        return [tuple(r) for r in self._c.execute(sa.text(sql), values)]

    def build(self) -> str | None:
        """Name this set of tables, where a rebuild made it."""
        query = sa.select(definition.c.digest).where(definition.c.contract == BUILD)
        return self._c.execute(query).scalar()

    def columns(self, table: str) -> list[str]:
        """List the columns that a table has."""
        return list(self._c.execute(sa.text(f"SELECT * FROM {table} LIMIT 0")).keys())

    def positions(self, log: str, topic: str) -> dict[int, int]:
        """Give the next offset by partition of one log's topic."""
        query = sa.select(position.c.partition, position.c.next_offset).where(
            position.c.log == log, position.c.topic == topic
        )
        return {partition: int(n) for partition, n in self._c.execute(query)}

    def totals(self) -> dict[str, int]:
        """Give the next offset by topic, summed over partitions."""
        query = sa.select(position.c.topic, sa.func.sum(position.c.next_offset))
        query = query.group_by(position.c.topic).order_by(position.c.topic)
        return {topic: int(n) for topic, n in self._c.execute(query)}

    def cut(self) -> str:
        """Name the snapshot by its log positions."""
        return ",".join(f"{t.split('.')[1]}={n}" for t, n in self.totals().items()) or "empty"

    def committed_at(self) -> int | None:
        """Tell when the last commit was made, in microseconds."""
        return self._c.execute(sa.select(sa.func.max(position.c.committed_at))).scalar()

    def states(self, fact: Fact, entities: list[str]) -> list[Row]:
        """Read (entity, version, events, state) of those entities that are known."""
        condition, values = self._store.database.among("entity", entities)
        sql = f"SELECT entity, version, events, state FROM {fact.table} WHERE {condition}"
        return cast("list[Row]", self._c.execute(sa.text(sql), values).fetchall())

    def fact_values(self, fact: Fact, columns: Sequence[str], entities: list[str]) -> list[Row]:
        """Read the entity and some columns of those entities that are known."""
        condition, values = self._store.database.among("entity", entities)
        sql = f"SELECT entity, {','.join(columns)} FROM {fact.table} WHERE {condition}"
        return self.rows(sql, **values)

    def among(self, column: str, values: list[str]) -> tuple[str, dict[str, Any]]:
        """Write the condition that a column is among values, with its parameters."""
        return self._store.database.among(column, values)

    def quarantined(self, event_ids: list[str]) -> list[str]:
        """Tell which of these names the quarantine holds."""
        condition, values = self._store.database.among("event_id", event_ids)
        sql = f"SELECT event_id FROM quarantine WHERE {condition}"
        return [r[0] for r in self.rows(sql, **values)]

    def closings(self) -> list[Row]:
        """Read what was closed, in the order of the log: the fields of a `Closing`."""
        return self.rows(
            "SELECT event_id, period, closed_at, closed_by, cut, figures, silent, digest"
            " FROM closing ORDER BY log_offset"
        )

    def sum_cells(
        self, cell_set: str, start: str, end: str, *, by_period: bool
    ) -> list[tuple[str, str, int, int]]:
        """Sum cells with start <= period < end: rows (period or '', dims, count, value)."""
        period = "period" if by_period else "''"
        return [
            (r[0], r[1], int(r[2]), int(r[3]))
            for r in self._c.execute(
                sa.text(
                    f"SELECT {period}, dims, SUM(count), SUM(value) FROM cell"
                    " WHERE cell_set = :s AND period >= :a AND period < :b GROUP BY 1, 2"
                    " HAVING SUM(count) <> 0"
                ),
                {"s": cell_set, "a": start, "b": end},
            )
        ]

    def sum_facts(
        self,
        fact: Fact,
        measure: Measure,
        by: Sequence[str],
        where: dict[str, str],
        span: Span,
    ) -> list[Row]:
        """Sum a measure over facts: rows (by…, count, value) of those that count in the span."""
        sql, values = sum_facts_sql(fact, measure, by, where, span)
        return [r for r in self.rows(sql, **values) if r[-2]]

    def cells(self, cell_set: str, period: str | None = None) -> dict[Row, Row]:
        """Read a set's cells over all shards: (period, dims) -> (count, value, disputed, d0..d3).

        Those of one period or of all. Lanes are reduced modulo 2^32.
        """
        condition = "" if period is None else " AND period = :period"
        lanes = ",".join(f"SUM({lane}) % 4294967296" for lane in LANES)
        rows = self.rows(
            f"SELECT period, dims, SUM(count), SUM(value), SUM(disputed), {lanes}"
            f" FROM cell WHERE cell_set = :s{condition} GROUP BY 1, 2 HAVING SUM(count) <> 0",
            s=cell_set,
            **({} if period is None else {"period": period}),
        )
        return {r[:2]: tuple(int(n) for n in r[2:]) for r in rows}

    def cell_sets(self, prefix: str) -> list[str]:
        """List the sets whose name begins so."""
        rows = self.rows(
            "SELECT DISTINCT cell_set FROM cell WHERE cell_set LIKE :p", p=f"{prefix}%"
        )
        return [r[0] for r in rows]

    def stream(self, sql: str) -> Iterator[Row]:
        """Run a query and give its rows one after another."""
        for row in self._c.execution_options(yield_per=10_000).exec_driver_sql(sql):
            yield tuple(row)

    def horizon(self, contract: str) -> int | None:
        """Give the latest instant that any event of the contract speaks of."""
        query = sa.select(sa.func.max(heard.c.horizon)).where(heard.c.contract == contract)
        return self._c.execute(query).scalar()

    def table(self, name: str) -> list[Row]:
        """Read a whole table, summed over shards where it has them."""
        tables = {"ledger": ledger, "arrival": arrival, "heard": heard, "cell": cell}
        chosen = tables.get(name, metadata.tables.get(name))
        assert chosen is not None, name
        return [tuple(r) for r in self._c.execute(sa.select(chosen))]
