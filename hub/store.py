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

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.engine import Connection, Engine

from hub import published, registry
from hub.clock import day_start, iso_day
from hub.facts import Fact, Measure, day_sql
from hub.tables import (
    DERIVED,
    FACT_COLUMNS,
    LANES,
    arrival,
    cell,
    fact_table,
    heard,
    ledger,
    metadata,
    position,
    quarantine,
)

BUSY_SECONDS_MAX = 60
CACHE_KIB = 256 * 1024
Row = tuple[Any, ...]


class FencedError(Exception):
    """Another writer moved the position: this one must stop, its batch is not applied."""


class VersionMismatchError(Exception):
    """A fact changed between reading and writing; nothing was written, the batch may be retried."""


class DefinitionChangedError(Exception):
    """The store was computed by other definitions than the ones installed."""


class Store:
    """Opens a store, brings its tables up to date and checks what its figures were computed by."""

    def __init__(self, url: str, facts: dict[str, Fact]) -> None:
        self.facts = facts
        self._fact_metadata = sa.MetaData()
        self.fact_tables = {n: fact_table(f, self._fact_metadata) for n, f in facts.items()}
        self._writer = _engine(url, "BEGIN IMMEDIATE")
        self._reader = _engine(url, "BEGIN")
        with self._writer.begin() as connection:
            config = Config()
            config.set_main_option("script_location", str(resources.files("hub") / "migrations"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            self._fact_metadata.create_all(connection)

    def check_definitions(self) -> None:
        """Raise `DefinitionChangedError` where the store's figures follow other definitions."""
        with self._writer.begin() as connection:
            rows = connection.execute(sa.text("SELECT contract, digest FROM definition"))
            stored = {r[0]: r[1] for r in rows}
            for name, fact in self.facts.items():
                digest = definition_digest(fact)
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
        """Drop everything that comes from the log, facts included."""
        with self._writer.begin() as connection:
            self._fact_metadata.drop_all(connection)
            for table in DERIVED:
                connection.execute(table.delete())
            self._fact_metadata.create_all(connection)

    @contextmanager
    def writing(self) -> Iterator["Writing"]:
        """Open one transaction of apply; it commits as a whole or not at all."""
        with self._writer.begin() as connection:
            yield Writing(connection, self)

    @contextmanager
    def reading(self) -> Iterator["Reading"]:
        """Open one snapshot."""
        with self._reader.begin() as connection:
            yield Reading(connection, self)

    @contextmanager
    def administering(self) -> Iterator[Connection]:
        """Open a transaction on the tables that are not figures."""
        with self._writer.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close all connections."""
        self._writer.dispose()
        self._reader.dispose()


def definition_digest(fact: Fact) -> str:
    """Digest what decides a fact's figures: schema, columns, picks and measures."""
    contract = registry.contracts()[fact.contract]
    spec = contract.spec
    said = {
        "schema": published.latest(fact.contract).plain,
        "order": [spec.entity, spec.occurred, spec.order_first, contract.kinds],
        "retracting": spec.retracting_kind,
        "types": fact.types,
        "picks": {n: str(e) for n, e in fact.picks.items()},
        "aggregates": {n: str(e) for n, e in fact.aggregates.items()},
        "columns": {n: str(e) for n, e in fact.columns.items()},
        "measures": [repr(m) for m in fact.measures],
    }
    return hashlib.blake2b(json.dumps(said, default=str).encode(), digest_size=8).hexdigest()


def _engine(url: str, begin: str) -> Engine:
    engine = sa.create_engine(url)
    if engine.dialect.name == "sqlite":

        def configure(connection: Any, _: Any) -> None:
            connection.isolation_level = None
            connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS_MAX * 1000}")
            connection.execute("PRAGMA journal_mode = WAL")
            # The log is what must survive a power cut; the store is made again from it.
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")

        sa.event.listen(engine, "connect", configure)
        sa.event.listen(engine, "begin", lambda c: c.exec_driver_sql(begin))
    return engine


def dims_text(dims: dict[str, Any]) -> str:
    """Write a cell's dimensions: `channel=online,service_level=full`; unknown is empty."""
    return ",".join(f"{k}={'' if v is None else v}" for k, v in dims.items())


def parse_dims(text: str) -> dict[str, str | None]:
    """Read what `dims_text` wrote."""
    pairs = (p.partition("=") for p in text.split(",") if p)
    return {k: v or None for k, _, v in pairs}


class Writing:
    """One transaction of apply."""

    def __init__(self, connection: Connection, store: Store) -> None:
        self._c = connection
        self._store = store

    def _many(self, sql: str, rows: Sequence[Row]) -> int:
        if not rows:
            return 0
        return self._c.exec_driver_sql(sql, list(rows)).rowcount

    def swap_position(
        self, log: str, topic: str, partition: int, expected: int, following: int, at: int
    ) -> None:
        """Move the position; raise `FencedError` where it is not the expected one."""
        if expected == 0:
            self._c.execute(
                sa.text("INSERT INTO position VALUES (:l,:t,:p,0,:at) ON CONFLICT DO NOTHING"),
                {"l": log, "t": topic, "p": partition, "at": at},
            )
        moved = self._c.execute(
            position.update()
            .where(
                position.c.log == log,
                position.c.topic == topic,
                position.c.partition == partition,
                position.c.next_offset == expected,
            )
            .values(next_offset=following, committed_at=at)
        )
        if moved.rowcount != 1:
            raise FencedError(f"{topic}/{partition} is no longer at {expected}")

    def write_facts(self, fact: Fact, created: Sequence[Row], changed: Sequence[Row]) -> None:
        """Write fact rows; raise `VersionMismatchError` where one is not as it was read.

        Rows hold `FACT_COLUMNS`, the fact's columns and the state; `changed` ones then the id and
        the version that was read.
        """
        names = [*FACT_COLUMNS, *fact.types, "state"]
        try:
            self._many(
                f"INSERT INTO {fact.table} ({','.join(names)})"
                f" VALUES ({','.join('?' * len(names))})",
                created,
            )
        except sa.exc.IntegrityError as error:
            raise VersionMismatchError(fact.table) from error
        sets = ",".join(f"{n}=?" for n in names)
        done = self._many(f"UPDATE {fact.table} SET {sets} WHERE id=? AND version=?", changed)
        if done != len(changed):
            raise VersionMismatchError(fact.table)

    def add_cells(self, rows: Sequence[Row]) -> None:
        """Add to cells: (cell_set, period, dims, shard, count, value, disputed, d0..d3)."""
        added = ("count", "value", "disputed", *LANES)
        self._many(
            f"INSERT INTO cell VALUES ({','.join('?' * 11)}) ON CONFLICT DO UPDATE SET "
            + ",".join(f"{n}=cell.{n}+excluded.{n}" for n in added),
            rows,
        )
        # A cell that nothing is in any more does not exist: a rebuild would not make it.
        self._many(
            "DELETE FROM cell WHERE cell_set=? AND period=? AND dims=? AND shard=? AND count=0",
            [r[:4] for r in rows if r[4] < 0],
        )

    def recompute(self, fact: Fact, measure: Measure, touched: Sequence[Row], shard: int) -> None:
        """Take a recomputed measure anew for touched cells: (cell_set, period, dims)."""
        for dims in measure.sets:
            mine = {r[1:] for r in touched if r[0] == measure.cell_set(dims)}
            if not mine:
                continue
            days = sorted(p for p, _ in mine)
            found = self._c.exec_driver_sql(
                f"SELECT {day_sql(str(measure.at))}, {','.join(dims)}, {measure.value}"
                f" FROM {fact.table} WHERE {measure.where}"
                f" AND {dims[0]} IN (SELECT value FROM json_each(?))"
                f" AND {measure.at} >= ? AND {measure.at} < ? GROUP BY 1, {','.join(dims)}",
                (
                    json.dumps(sorted({parse_dims(d)[dims[0]] or "" for _, d in mine})),
                    day_start(date.fromisoformat(days[0])),
                    day_start(date.fromisoformat(days[-1])) + 86_400_000_000,
                ),
            ).fetchall()
            values = []
            for day, *rest in found:
                name = (iso_day(day), dims_text(dict(zip(dims, rest[:-1], strict=True))))
                if name in mine:
                    values.append((rest[-1], measure.cell_set(dims), *name, shard))
            self._many(
                "UPDATE cell SET value=? WHERE cell_set=? AND period=? AND dims=? AND shard=?",
                values,
            )

    def add_ledger(self, rows: Sequence[Row]) -> None:
        """Add to the ledger: (contract, sender, day, class, shard, count)."""
        self._many(
            "INSERT INTO ledger VALUES (?,?,?,?,?,?)"
            " ON CONFLICT DO UPDATE SET count=ledger.count+excluded.count",
            rows,
        )

    def add_arrivals(self, rows: Sequence[Row]) -> None:
        """Add to the arrivals: (contract, sender, day, shard, count)."""
        self._many(
            "INSERT INTO arrival VALUES (?,?,?,?,?)"
            " ON CONFLICT DO UPDATE SET count=arrival.count+excluded.count",
            rows,
        )

    def hear(self, rows: Sequence[Row]) -> None:
        """Note when senders were heard: (contract, sender, shard, accepted_at, horizon)."""
        self._many(
            "INSERT INTO heard VALUES (?,?,?,?,?) ON CONFLICT DO UPDATE SET"
            " accepted_at=max(heard.accepted_at, excluded.accepted_at),"
            " horizon=max(heard.horizon, excluded.horizon)",
            rows,
        )

    def quarantine(self, rows: Sequence[Row]) -> None:
        """Keep rejected items: the columns of the table, in order."""
        marks = ",".join("?" * len(quarantine.columns))
        self._many(f"INSERT INTO quarantine VALUES ({marks})", rows)


class Reading:
    """One snapshot of the store."""

    def __init__(self, connection: Connection, store: Store) -> None:
        self._c = connection
        self._store = store

    def rows(self, sql: str, **values: Any) -> list[Row]:
        """Run a query with named values and give its rows."""
        return [tuple(r) for r in self._c.execute(sa.text(sql), values)]

    def positions(self, log: str | None = None) -> dict[str, int]:
        """Give the next offset by topic (summed over partitions)."""
        query = sa.select(position.c.topic, sa.func.sum(position.c.next_offset)).group_by(
            position.c.topic
        )
        if log is not None:
            query = query.where(position.c.log == log)
        return {topic: int(n) for topic, n in self._c.execute(query.order_by(position.c.topic))}

    def cut(self) -> str:
        """Name the snapshot by its log positions."""
        return ",".join(f"{t.split('.')[1]}={n}" for t, n in self.positions().items()) or "empty"

    def committed_at(self) -> int | None:
        """Tell when the last commit was made, in microseconds."""
        return self._c.execute(sa.select(sa.func.max(position.c.committed_at))).scalar()

    def states(self, fact: Fact, entities: list[str]) -> list[Row]:
        """Read (id, entity, version, events, state) of those entities that are known."""
        found = self._c.exec_driver_sql(
            f"SELECT id, entity, version, events, state FROM {fact.table}"
            " WHERE entity IN (SELECT value FROM json_each(?))",
            (json.dumps(entities, ensure_ascii=False),),
        )
        return cast("list[Row]", found.fetchall())

    def fact_values(self, fact: Fact, columns: Sequence[str], entities: list[str]) -> list[Row]:
        """Read the entity and some columns of those entities that are known."""
        return [
            tuple(r)
            for r in self._c.exec_driver_sql(
                f"SELECT entity, {','.join(columns)} FROM {fact.table}"
                " WHERE entity IN (SELECT value FROM json_each(?))",
                (json.dumps(entities, ensure_ascii=False),),
            )
        ]

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
                ),
                {"s": cell_set, "a": start, "b": end},
            )
        ]

    def cells(self, cell_set: str) -> dict[Row, Row]:
        """Read a set's cells over all shards: (period, dims) -> (count, value, disputed, d0..d3).

        Lanes are reduced modulo 2^32.
        """
        lanes = ",".join(f"SUM({lane}) % 4294967296" for lane in LANES)
        rows = self.rows(
            f"SELECT period, dims, SUM(count), SUM(value), SUM(disputed), {lanes}"
            " FROM cell WHERE cell_set = :s GROUP BY 1, 2",
            s=cell_set,
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
