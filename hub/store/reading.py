"""Reading: one snapshot of the store, so that all figures of an answer come from one cut."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any

import polars as pl
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.columns.asking import Parts, Span, Tally, listed, within
from hub.columns.columns import Columns
from hub.columns.frames import Frames, Standing, schema_of
from hub.columns.listing import Listing
from hub.definitions.fact import Fact, Measure
from hub.definitions.installed import Definitions
from hub.log.succession import Succession
from hub.store.database import Database
from hub.store.packing import unpack
from hub.store.statements import count_facts_sql, counted_sql, place_since, sum_facts_sql
from hub.store.tables import (
    BUILD,
    LANES,
    alert_event,
    arrival,
    cell,
    definition,
    heard,
    ledger,
    metadata,
    position,
    reference_list,
    touched,
)

Row = tuple[Any, ...]
ROWS_AT_ONCE = 10_000
NONE: Mapping[str, str] = MappingProxyType({})

_DTYPES = {"text": pl.String(), "integer": pl.Int64()}


def dims_text(dims: dict[str, Any]) -> str:
    """Write a cell's dimensions: `channel=online,service_level=full`; unknown is empty."""
    return ",".join(f"{k}={'' if v is None else v}" for k, v in dims.items())


def parse_dims(text: str) -> dict[str, str | None]:
    """Read what `dims_text` wrote."""
    pairs = (p.partition("=") for p in text.split(",") if p)
    return {k: v or None for k, _, v in pairs}


def _stored_sql(fact: Fact) -> str:
    return f"SELECT entity, version, events, state FROM {fact.table}"


def _unpacked(fact: Fact, rows: Sequence[Any]) -> list[Row]:
    """Unpack the state, which is the last of each row."""
    states = unpack(fact.contract, (row[-1] for row in rows))
    return [(*row[:-1], state) for row, state in zip(rows, states, strict=True)]


class Reading:
    """One snapshot of a store that was opened with some definitions.

    `kept` is what readers of the store keep for one another, because it does not change.
    `succession` tells which log goes on from an older one that something here may name. `columns`
    are those of facts, by contract: none where what is read may never have been committed.
    """

    def __init__(
        self,
        connection: Connection,
        database: Database,
        definitions: Definitions,
        kept: dict[str, Any],
        succession: Succession,
        columns: Mapping[str, Columns],
    ) -> None:
        self.succession = succession
        self.columns = columns
        self._frames: dict[str, Frames | None] = {}
        self.connection = connection
        self.database = database
        self.definitions = definitions
        self.kept = kept

    def rows(self, sql: str, **values: Any) -> list[Row]:
        """Run a query with named values and give its rows."""
        return [tuple(r) for r in self.connection.execute(sa.text(sql), values)]

    def build(self) -> str | None:
        """Name this set of tables, where a rebuild made it."""
        query = sa.select(definition.c.digest).where(definition.c.contract == BUILD)
        return self.connection.execute(query).scalar()

    def column_names(self, table: str) -> list[str]:
        """List the columns that a table has."""
        return list(self.connection.execute(sa.text(f"SELECT * FROM {table} LIMIT 0")).keys())

    def positions(self, log: str, topic: str) -> dict[int, int]:
        """Give the next offset by partition of one log's topic."""
        query = sa.select(position.c.partition, position.c.next_offset).where(
            position.c.log == log, position.c.topic == topic
        )
        return {partition: int(n) for partition, n in self.connection.execute(query)}

    @cached_property
    def _totals(self) -> dict[str, int]:
        query = sa.select(position.c.topic, sa.func.sum(position.c.next_offset))
        query = query.group_by(position.c.topic).order_by(position.c.topic)
        return {topic: int(n) for topic, n in self.connection.execute(query)}

    def totals(self) -> dict[str, int]:
        """Give the next offset by topic, summed over partitions."""
        return self._totals

    def snapshot(self) -> tuple[Row, ...]:
        """Tell this snapshot from all others in which a figure may be another one.

        What a figure is made of is committed together with a position, or by a rebuild that names
        its tables.
        """
        rows = [
            *self.connection.execute(sa.select(position)),
            *self.rows("SELECT * FROM definition"),
        ]
        return tuple(sorted(tuple(row) for row in rows))

    def touched(self, contract: str, until: str) -> int:
        """Tell which commit last changed anything of a contract up to a month; 0 where none did."""
        query = sa.select(sa.func.max(touched.c.at)).where(
            touched.c.contract == contract, touched.c.month <= until
        )
        return int(self.connection.execute(query).scalar() or 0)

    def touched_months(self, contract: str) -> dict[str, int] | None:
        """Tell which commit last changed each month of a contract.

        None where what is read may never be committed: no commit tells of it.
        """
        if not self.columns:
            return None
        query = sa.select(touched.c.month, sa.func.max(touched.c.at)).group_by(touched.c.month)
        rows = self.connection.execute(query.where(touched.c.contract == contract))
        return {month: int(at) for month, at in rows}

    def arrived(self, contract: str, spans: Sequence[tuple[int, int]] = ()) -> list[Row]:
        """Count distinct events by (contract, sender, party, span, day), of some days or of all.

        `spans` are days [first, end).
        """
        days = " OR ".join(f"(day >= {first} AND day < {end})" for first, end in spans)
        return self.rows(
            "SELECT contract, sender, party, span, day, SUM(count) FROM arrival"
            f" WHERE contract = :c AND ({days or '1 = 1'}) GROUP BY 1, 2, 3, 4, 5",
            c=contract,
        )

    def arrived_since(self, contract: str) -> list[Row]:
        """Give what is to be added to arrivals; nothing of what is as it is."""
        return []

    @cached_property
    def _cut(self) -> str:
        return ",".join(f"{t.split('.')[1]}={n}" for t, n in self.totals().items()) or "empty"

    def cut(self) -> str:
        """Name the snapshot by its log positions."""
        return self._cut

    def committed_at(self) -> int | None:
        """Tell when the last commit was made, in microseconds."""
        return self.connection.execute(sa.select(sa.func.max(position.c.committed_at))).scalar()

    def states(self, fact: Fact, entities: list[str]) -> list[Row]:
        """Read (entity, version, events, state) of those entities that are known."""
        condition, values = self.database.among("entity", entities)
        query = sa.text(f"{_stored_sql(fact)} WHERE {condition}")
        return _unpacked(fact, self.connection.execute(query, values).fetchall())

    def stored(self, fact: Fact, rest: str, **values: Any) -> Iterator[Row]:
        """Give (entity, version, events, state) one after another; `rest` follows FROM."""
        query = sa.text(f"{_stored_sql(fact)} {rest}")
        # Of this query alone: set on the connection, it would be of all that come after.
        rows = self.connection.execute(query.execution_options(yield_per=ROWS_AT_ONCE), values)
        for part in rows.partitions():
            yield from _unpacked(fact, part)

    def fact_values(self, fact: Fact, columns: Sequence[str], entities: list[str]) -> list[Row]:
        """Read the entity and some columns of those entities that are known."""
        condition, values = self.database.among("entity", entities)
        sql = f"SELECT entity, {','.join(columns)} FROM {fact.table} WHERE {condition}"
        return self.rows(sql, **values)

    def among(self, column: str, values: list[str]) -> tuple[str, dict[str, Any]]:
        """Write the condition that a column is among values, with its parameters."""
        return self.database.among(column, values)

    def quarantined(self, event_ids: list[str]) -> list[str]:
        """Tell which of these names the quarantine holds."""
        condition, values = self.database.among("event_id", event_ids)
        sql = f"SELECT event_id FROM quarantine WHERE {condition}"
        return [r[0] for r in self.rows(sql, **values)]

    def closings(self) -> list[Row]:
        """Read what was closed, in the order of the log: the fields of a `Closing`."""
        return self.rows(
            "SELECT event_id, period, closed_at, closed_by, cut, figures, silent, digest"
            " FROM closing ORDER BY log_offset"
        )

    def lists(self) -> list[Row]:
        """Read which lists were loaded, in the order of the log: event, name, digest of each."""
        return self.rows("SELECT event_id, name, digest FROM reference_list ORDER BY log_offset")

    def declarations(self) -> list[Row]:
        """Read what was declared, in the order of the log: event, sender, contract, when, text."""
        return self.rows(
            "SELECT event_id, sender, contract, declared_at, content FROM declaration"
            " ORDER BY log_offset"
        )

    def alerts_known(self, event_ids: list[str]) -> list[str]:
        """Tell which of these events of alerts were applied."""
        condition, values = self.database.among("event_id", event_ids)
        return [
            r[0] for r in self.rows(f"SELECT event_id FROM alert_event WHERE {condition}", **values)
        ]

    def alert_events(self, alert: str | None = None) -> list[dict[str, Any]]:
        """Read what became of alerts, or of one, in the order of the log: rows of the table."""
        query = sa.select(alert_event).order_by(alert_event.c.log_offset, alert_event.c.event_id)
        if alert is not None:
            query = query.where(alert_event.c.alert == alert)
        return [dict(r) for r in self.connection.execute(query).mappings()]

    def acts(self) -> list[str]:
        """Name the events of the control topic that were applied."""
        tables = ("closing", "reference_list", "declaration")
        return [r[0] for t in tables for r in self.rows(f"SELECT event_id FROM {t}")]

    def list_acts(self) -> list[Row]:
        """Read when each list was loaded, by whom and with which digest, in the log's order."""
        return self.rows(
            "SELECT name, loaded_at, loaded_by, digest FROM reference_list ORDER BY log_offset"
        )

    def list_rows(self, event_id: str) -> str:
        """Read the rows of a list that was loaded, as JSON."""
        content = reference_list.c.content
        query = sa.select(content).where(reference_list.c.event_id == event_id)
        return str(self.connection.execute(query).scalar_one())

    def facts(
        self, fact: Fact, columns: Sequence[str], condition: str, where: Mapping[str, str] = NONE
    ) -> pl.DataFrame:
        """List columns of facts where a condition holds, of those that have some values.

        Columns and conditions are SQL that the columns engine and both databases read alike.
        """
        frames = self.frames(fact)
        if frames is not None:
            return listed(frames.facts(), columns, condition, where)
        return self._facts_in_sql(fact, columns, condition, where)

    def _facts_in_sql(
        self, fact: Fact, columns: Sequence[str], condition: str, where: Mapping[str, str]
    ) -> pl.DataFrame:
        values = {f"v{i}": value for i, value in enumerate(where.values())}
        marked = [f"{column} = :v{i}" for i, column in enumerate(where)]
        conditions = " AND ".join([f"({condition})", *marked])
        query = sa.text(f"SELECT {','.join(columns)} FROM {fact.table} WHERE {conditions}")
        # Of this query alone: set on the connection, it would be of all that come after.
        rows = self.connection.execute(query.execution_options(yield_per=ROWS_AT_ONCE), values)
        kinds = {"entity": "text", "is_disputed": "integer", **fact.types}
        schema = {c: _DTYPES[kinds[c]] if c in kinds else None for c in columns}
        frames = [
            pl.DataFrame([tuple(r) for r in part], schema, orient="row")
            for part in rows.partitions()
        ]
        return pl.concat(frames) if frames else pl.DataFrame(schema=schema)

    def values_of(self, fact: Fact, column: str) -> set[str]:
        """Give the values that a column has now."""
        frames = self.frames(fact)
        if frames is not None:
            found = frames.facts().select(pl.col(column).drop_nulls().unique()).collect()
            return set(found.to_series().to_list())
        sql = f"SELECT DISTINCT {column} FROM {fact.table} WHERE {column} IS NOT NULL"
        return {row[0] for row in self.rows(sql)}

    def all_facts(self, fact: Fact) -> Listing:
        """Give all facts, to be asked for some of them."""
        frames = self.frames(fact)
        if frames is not None:
            return frames.listing
        schema = schema_of(fact)
        found = self._facts_in_sql(fact, schema.names(), "1 = 1", NONE)
        return Listing.of(found.cast(schema))

    def changed(self, fact: Fact, columns: Sequence[str], then: Mapping[int, int]) -> Iterator[Row]:
        """Read columns of the facts that have events at or after a cut's offsets."""
        names = ",".join(columns)
        return self.stream(f"SELECT {names} FROM {fact.table} WHERE {place_since(then)}")

    def frames(self, fact: Fact) -> Frames | None:
        """Give the facts of this snapshot in columns; None where nobody may keep them."""
        if fact.contract not in self._frames:
            self._frames[fact.contract] = self._find_frames(fact)
        return self._frames[fact.contract]

    def _find_frames(self, fact: Fact) -> Frames | None:
        columns, tables = self.columns.get(fact.contract), self.tables(fact)
        if columns is None or tables is None or not columns.fits(tables.standing):
            return None
        return columns.at(tables)

    def tables(self, fact: Fact) -> "FactTables | None":
        """Give the tables of a contract's facts; None where not one log was applied."""
        topic = self.definitions.contracts[fact.contract].topic
        names = ("log", "partition", "next_offset", "committed_at")
        query = sa.select(*(position.c[n] for n in names)).where(position.c.topic == topic)
        at = self.connection.execute(query).fetchall()
        if len({row[0] for row in at}) != 1:
            return None
        named = sa.select(definition.c.contract, definition.c.digest).where(
            definition.c.contract.in_((fact.contract, BUILD))
        )
        digests = {name: str(digest) for name, digest in self.connection.execute(named)}
        which = f"{at[0][0]} {digests.get(BUILD, '')} {digests.get(fact.contract, '')}"
        positions = {int(partition): int(n) for _, partition, n, _ in at}
        commits = {int(partition): int(n) for _, partition, _, n in at}
        return FactTables(self, fact, Standing(which, positions, commits))

    def sum_cells(
        self, cell_set: str, start: str, end: str, *, by_period: bool
    ) -> list[tuple[str, str, int, int]]:
        """Sum cells with start <= period < end: rows (period or '', dims, count, value)."""
        period = "period" if by_period else "''"
        return [
            (r[0], r[1], int(r[2]), int(r[3]))
            for r in self.connection.execute(
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
        parts: Parts | None = None,
    ) -> list[Row]:
        """Sum a measure over facts: rows (by…, count, value) of those that count in the span.

        By the parts of a span, too: then the number of the part comes before the count.
        """
        frames = self.frames(fact)
        if frames is not None:
            return frames.sum_rows(measure, by, where, span, parts)
        sql, values = sum_facts_sql(fact, measure, by, where, span, parts)
        return [r for r in self.rows(sql, **values) if r[-2]]

    def list_facts(
        self,
        fact: Fact,
        measure: Measure,
        columns: Sequence[str],
        where: dict[str, str],
        span: Span,
    ) -> pl.DataFrame:
        """List columns, the entity's among them, of the facts that a measure counts in a span.

        `columns` are SQL, and the names of what is given; texts may be categories.
        """
        frames = self.frames(fact)
        if frames is not None:
            facts = frames.facts(measure.when, *span).filter(within(measure, where, span))
            return facts.select(pl.sql_expr(c).alias(c) for c in columns).collect()
        condition, values = counted_sql(measure, where, span)
        rows = self.rows(
            f"SELECT {','.join(columns)} FROM {fact.table} WHERE {condition}", **values
        )
        return pl.DataFrame(rows, list(columns), orient="row", infer_schema_length=None)

    def count_facts(self, fact: Fact, tally: Tally) -> list[Row]:
        """Count facts by conditions, in one pass: rows (by…, a count for each condition)."""
        frames = self.frames(fact)
        if frames is not None:
            return frames.count_rows(tally)
        sql, values = count_facts_sql(fact, tally)
        rows = self.rows(sql, **values)
        n = len(tally.by)
        return [(*r[:n], *(int(count or 0) for count in r[n:])) for r in rows]

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
        options = {"yield_per": ROWS_AT_ONCE}
        for row in self.connection.exec_driver_sql(sql, execution_options=options):
            yield tuple(row)

    def horizon(self, contract: str) -> int | None:
        """Give the latest instant that any event of the contract speaks of."""
        query = sa.select(sa.func.max(heard.c.horizon)).where(heard.c.contract == contract)
        return self.connection.execute(query).scalar()

    def table(self, name: str) -> list[Row]:
        """Read a whole table, summed over shards where it has them."""
        tables = {"ledger": ledger, "arrival": arrival, "heard": heard, "cell": cell}
        chosen = tables.get(name, metadata.tables.get(name))
        assert chosen is not None, name
        return [tuple(r) for r in self.connection.execute(sa.select(chosen))]


class FactTables:
    """The tables of a contract's facts, as columns are made of them."""

    def __init__(self, reading: Reading, fact: Fact, standing: Standing) -> None:
        self._reading = reading
        self._fact = fact
        self.standing = standing

    def changed(self, columns: Sequence[str], since: Mapping[int, int]) -> Iterator[Row]:
        """Read columns of the facts that have events at or after these offsets."""
        return self._reading.changed(self._fact, columns, since)

    def has_stood(self, standing: Standing) -> bool:
        """Tell whether a commit of these tables ended there, as far as cuts are kept."""
        topic = self._reading.definitions.contracts[self._fact.contract].topic
        for partition, n in standing.positions.items():
            at = standing.commits[partition]
            if (self.standing.positions[partition], self.standing.commits[partition]) == (n, at):
                continue
            there = self._reading.rows(
                "SELECT 1 FROM cut WHERE log = :log AND topic = :topic AND partition = :partition"
                " AND next_offset = :n AND at = :at",
                log=self.standing.tables.split(" ")[0],
                topic=topic,
                partition=partition,
                n=n,
                at=at,
            )
            if not there:
                return False
        return True
