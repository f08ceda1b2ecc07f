"""Reading: one snapshot of the store, so that all figures of an answer come from one cut."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.definitions.fact import Fact, Measure
from hub.definitions.installed import Definitions
from hub.log.succession import Succession
from hub.store.database import Database
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
# From a first instant, or none, up to another; or the same in periods, where facts have their own.
Span = tuple[int | None, int] | tuple[str, str]


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


@dataclass(frozen=True)
class Tally:
    """What is counted of facts in one pass: by which columns, within what, by which conditions.

    All are SQL that the columns engine and both databases read alike; `where` holds values that
    columns must have.
    """

    by: tuple[str, ...]
    where: Mapping[str, str]
    within: str
    counted: tuple[str, ...]


def count_facts_sql(fact: Fact, tally: Tally) -> tuple[str, dict[str, Any]]:
    """Write what counts facts, and the named values."""
    conditions = [f"({tally.within})"]
    values: dict[str, Any] = {}
    for i, (column, value) in enumerate(tally.where.items()):
        conditions.append(f"{column} = :v{i}")
        values[f"v{i}"] = value
    counts = (f"SUM(CASE WHEN {condition} THEN 1 ELSE 0 END)" for condition in tally.counted)
    group = f" GROUP BY {','.join(tally.by)}" if tally.by else ""
    sql = (
        f"SELECT {','.join([*tally.by, *counts])} FROM {fact.table}"
        f" WHERE {' AND '.join(conditions)}{group}"
    )
    return sql, values


class Reading:
    """One snapshot of a store that was opened with some definitions.

    `kept` is what readers of the store keep for one another, because it does not change.
    `succession` tells which log goes on from an older one that something here may name.
    """

    def __init__(
        self,
        connection: Connection,
        database: Database,
        definitions: Definitions,
        kept: dict[str, Any],
        succession: Succession,
    ) -> None:
        self.succession = succession
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

    def columns(self, table: str) -> list[str]:
        """List the columns that a table has."""
        return list(self.connection.execute(sa.text(f"SELECT * FROM {table} LIMIT 0")).keys())

    def positions(self, log: str, topic: str) -> dict[int, int]:
        """Give the next offset by partition of one log's topic."""
        query = sa.select(position.c.partition, position.c.next_offset).where(
            position.c.log == log, position.c.topic == topic
        )
        return {partition: int(n) for partition, n in self.connection.execute(query)}

    def totals(self) -> dict[str, int]:
        """Give the next offset by topic, summed over partitions."""
        query = sa.select(position.c.topic, sa.func.sum(position.c.next_offset))
        query = query.group_by(position.c.topic).order_by(position.c.topic)
        return {topic: int(n) for topic, n in self.connection.execute(query)}

    def touched(self, contract: str, until: str) -> int:
        """Tell which commit last changed anything of a contract up to a month; 0 where none did."""
        query = sa.select(sa.func.max(touched.c.at)).where(
            touched.c.contract == contract, touched.c.month <= until
        )
        return int(self.connection.execute(query).scalar() or 0)

    def cut(self) -> str:
        """Name the snapshot by its log positions."""
        return ",".join(f"{t.split('.')[1]}={n}" for t, n in self.totals().items()) or "empty"

    def committed_at(self) -> int | None:
        """Tell when the last commit was made, in microseconds."""
        return self.connection.execute(sa.select(sa.func.max(position.c.committed_at))).scalar()

    def states(self, fact: Fact, entities: list[str]) -> list[Row]:
        """Read (entity, version, events, state) of those entities that are known."""
        condition, values = self.database.among("entity", entities)
        sql = f"SELECT entity, version, events, state FROM {fact.table} WHERE {condition}"
        return cast("list[Row]", self.connection.execute(sa.text(sql), values).fetchall())

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
    ) -> list[Row]:
        """Sum a measure over facts: rows (by…, count, value) of those that count in the span."""
        sql, values = sum_facts_sql(fact, measure, by, where, span)
        return [r for r in self.rows(sql, **values) if r[-2]]

    def count_facts(self, fact: Fact, tally: Tally) -> list[Row]:
        """Count facts by conditions, in one pass: rows (by…, a count for each condition)."""
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
        for row in self.connection.execution_options(yield_per=10_000).exec_driver_sql(sql):
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
