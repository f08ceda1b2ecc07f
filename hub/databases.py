"""What differs between the two databases: connections, and how columns are written in bulk.

SQLite takes rows; PostgreSQL takes COPY, straight from columns, into the table or into a temporary
one that is then merged. Everything else is SQL that both read alike.
"""

import json
from collections.abc import Sequence
from typing import Any, Protocol

import pgpq
import polars as pl
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

BUSY_SECONDS_MAX = 60
CACHE_KIB = 256 * 1024
# Below this many rows, setting up a COPY costs more than it saves.
FEW = 64
_SEPARATOR = "\x1f"
COPY_ROWS = 20_000  # are put in the server's form at a time
_POLARS = {
    sa.BigInteger: pl.Int64,
    sa.Integer: pl.Int32,
    sa.LargeBinary: pl.Binary,
    sa.String: pl.String,
    sa.Text: pl.String,
}
SERIALIZED = ("40001", "40P01")  # serialization failure, deadlock: to be tried again


class Database(Protocol):
    """Connections to one database, and bulk writing to its tables."""

    writer: Engine
    reader: Engine

    def insert(self, c: Connection, table: sa.Table, frame: pl.DataFrame) -> None:
        """Insert rows; the frame has the table's columns."""

    def update(self, c: Connection, table: sa.Table, frame: pl.DataFrame) -> int:
        """Update rows by `entity`, where the version is one below the frame's; count them."""

    def merge(
        self, c: Connection, table: sa.Table, frame: pl.DataFrame, rules: dict[str, str]
    ) -> None:
        """Insert rows; where a row's key is there already, merge columns by rule.

        A rule is `+` (add), `max` or `=` (replace). Columns without a rule stay as they are.
        """

    def empty(self, c: Connection, table: sa.Table) -> None:
        """Delete all rows."""

    def among(self, column: str, values: Sequence[str]) -> tuple[str, dict[str, Any]]:
        """Write the condition that a column is among values, with its parameters."""

    def lock(self, c: Connection, name: str) -> None:
        """Wait until nobody else holds this name; hold it until the transaction ends."""

    def is_serialization(self, error: sa.exc.DBAPIError) -> bool:
        """Tell whether trying the transaction again may succeed at once."""

    def is_unavailable(self, error: sa.exc.DBAPIError) -> bool:
        """Tell whether the database could not be reached, or went away."""


def open_database(url: str) -> Database:
    """Open the database of a URL."""
    return Sqlite(url) if url.startswith("sqlite") else Postgres(url)


def _names(columns: Sequence[str]) -> str:
    return ",".join(f'"{c}"' for c in columns)


def _keys(table: sa.Table) -> list[str]:
    return [c.name for c in table.primary_key]


def _sets(table: sa.Table, rules: dict[str, str], greatest: str) -> str:
    said = {
        "+": '"{c}"={t}."{c}"+excluded."{c}"',
        "max": '"{c}"={g}({t}."{c}",excluded."{c}")',
        "=": '"{c}"=excluded."{c}"',
    }
    sets = [said[r].format(c=c, t=table.name, g=greatest) for c, r in rules.items()]
    return f"UPDATE SET {','.join(sets)}" if sets else "NOTHING"


class Sqlite:
    """A SQLite file."""

    def __init__(self, url: str) -> None:
        self.writer = self._engine(url, "BEGIN IMMEDIATE")
        self.reader = self._engine(url, "BEGIN")

    def _engine(self, url: str, begin: str) -> Engine:
        engine = sa.create_engine(url)

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

    def insert(self, c: Connection, table: sa.Table, frame: pl.DataFrame) -> None:
        """See `Database.insert`."""
        marks = ",".join("?" * frame.width)
        sql = f"INSERT INTO {table.name} ({_names(frame.columns)}) VALUES ({marks})"
        c.exec_driver_sql(sql, frame.rows())

    def update(self, c: Connection, table: sa.Table, frame: pl.DataFrame) -> int:
        """See `Database.update`."""
        columns = [n for n in frame.columns if n != "entity"]
        sets = ",".join(f'"{n}"=?' for n in columns)
        rows = frame.select(*columns, "entity", (pl.col("version") - 1).alias("~expected")).rows()
        sql = f"UPDATE {table.name} SET {sets} WHERE entity=? AND version=?"
        return c.exec_driver_sql(sql, rows).rowcount

    def merge(
        self, c: Connection, table: sa.Table, frame: pl.DataFrame, rules: dict[str, str]
    ) -> None:
        """See `Database.merge`."""
        marks = ",".join("?" * frame.width)
        sql = f"INSERT INTO {table.name} ({_names(frame.columns)}) VALUES ({marks}) ON CONFLICT DO "
        c.exec_driver_sql(sql + _sets(table, rules, "max"), frame.rows())

    def empty(self, c: Connection, table: sa.Table) -> None:
        """See `Database.empty`."""
        c.execute(table.delete())

    def among(self, column: str, values: Sequence[str]) -> tuple[str, dict[str, Any]]:
        """See `Database.among`."""
        listed = json.dumps(list(values), ensure_ascii=False)
        return f"{column} IN (SELECT value FROM json_each(:among))", {"among": listed}

    def lock(self, c: Connection, name: str) -> None:
        """See `Database.lock`; a writer holds the whole file."""

    def is_serialization(self, error: sa.exc.DBAPIError) -> bool:
        """See `Database.is_serialization`; a writer holds the file alone."""
        return False

    def is_unavailable(self, error: sa.exc.DBAPIError) -> bool:
        """See `Database.is_unavailable`; a file is there or the process stops."""
        return False


class Postgres:
    """A PostgreSQL database, version 15 or later."""

    def __init__(self, url: str) -> None:
        self.writer = sa.create_engine(url, pool_pre_ping=True)
        self.reader = sa.create_engine(
            url, pool_pre_ping=True, isolation_level="REPEATABLE READ", pool_size=10
        )
        for engine in (self.writer, self.reader):
            sa.event.listen(engine, "connect", self._configure)
        sa.event.listen(
            self.reader, "begin", lambda c: c.exec_driver_sql("SET TRANSACTION READ ONLY")
        )

    @staticmethod
    def _configure(connection: Any, _: Any) -> None:
        connection.autocommit = True
        # Facts are found by key: with the server's default costs, meant for discs that turn, a
        # batch would rather read the whole table. Queries here are short; compiling them is not.
        connection.execute("SET random_page_cost = 1.1")
        connection.execute("SET jit = off")
        connection.autocommit = False

    def _copy(self, c: Connection, table: sa.Table, name: str, frame: pl.DataFrame) -> None:
        # In binary, as the server would otherwise parse every number and decode every byte again:
        # a third of its work.
        types = (pl.col(n).cast(_POLARS[type(table.c[n].type)]) for n in frame.columns)
        arrow = frame.select(types).to_arrow(compat_level=pl.CompatLevel.oldest())
        encoder = pgpq.ArrowToPostgresBinaryEncoder(arrow.schema)
        raw: Any = c.connection.driver_connection
        sql = f"COPY {name} ({_names(frame.columns)}) FROM STDIN (FORMAT binary)"
        with raw.cursor() as cursor, cursor.copy(sql) as copy:
            copy.write(encoder.write_header())
            for batch in arrow.to_batches(max_chunksize=COPY_ROWS):
                copy.write(encoder.write_batch(batch))
            copy.write(encoder.finish())

    def _stage(self, c: Connection, table: sa.Table, frame: pl.DataFrame) -> str:
        name = f"staged_{table.name}"
        c.exec_driver_sql(
            f"CREATE TEMPORARY TABLE IF NOT EXISTS {name} ON COMMIT DELETE ROWS"
            f" AS SELECT * FROM {table.name} WITH NO DATA"
        )
        c.exec_driver_sql(f"TRUNCATE {name}")
        self._copy(c, table, name, frame)
        return name

    def insert(self, c: Connection, table: sa.Table, frame: pl.DataFrame) -> None:
        """See `Database.insert`."""
        if len(frame) > FEW:
            self._copy(c, table, table.name, frame)
            return
        marks = ",".join(["%s"] * frame.width)
        sql = f"INSERT INTO {table.name} ({_names(frame.columns)}) VALUES ({marks})"
        c.exec_driver_sql(sql, frame.rows())

    def update(self, c: Connection, table: sa.Table, frame: pl.DataFrame) -> int:
        """See `Database.update`."""
        columns = [n for n in frame.columns if n != "entity"]
        if len(frame) > FEW:
            staged = self._stage(c, table, frame)
            sets = ",".join(f'"{n}"=s."{n}"' for n in columns)
            return c.exec_driver_sql(
                f"UPDATE {table.name} f SET {sets} FROM {staged} s"
                " WHERE f.entity=s.entity AND f.version=s.version-1"
            ).rowcount
        sets = ",".join(f'"{n}"=%s' for n in columns)
        rows = frame.select(*columns, "entity", (pl.col("version") - 1).alias("~expected")).rows()
        sql = f"UPDATE {table.name} SET {sets} WHERE entity=%s AND version=%s"
        return c.exec_driver_sql(sql, rows).rowcount

    def merge(
        self, c: Connection, table: sa.Table, frame: pl.DataFrame, rules: dict[str, str]
    ) -> None:
        """See `Database.merge`."""
        onto = f" ON CONFLICT ({_names(_keys(table))}) DO {_sets(table, rules, 'greatest')}"
        names = _names(frame.columns)
        if len(frame) > FEW:
            staged = self._stage(c, table, frame)
            # Staged rows are read in the order in which they came, that of their keys.
            c.exec_driver_sql(
                f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {staged}{onto}"
            )
            return
        marks = ",".join(["%s"] * frame.width)
        sql = f"INSERT INTO {table.name} ({names}) VALUES ({marks}){onto}"
        c.exec_driver_sql(sql, frame.rows())

    def empty(self, c: Connection, table: sa.Table) -> None:
        """See `Database.empty`."""
        c.exec_driver_sql(f"TRUNCATE {table.name}")

    def among(self, column: str, values: Sequence[str]) -> tuple[str, dict[str, Any]]:
        """See `Database.among`."""
        # As one text: the driver would look at each value of an array by itself.
        if all(v and _SEPARATOR not in v for v in values):
            return f"{column} = ANY(string_to_array(:among, chr(31)))", {
                "among": _SEPARATOR.join(values) if values else None
            }
        return f"{column} = ANY(:among)", {"among": list(values)}

    def lock(self, c: Connection, name: str) -> None:
        """See `Database.lock`."""
        c.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext(%s))", (f"lgsp:{name}",))

    def is_serialization(self, error: sa.exc.DBAPIError) -> bool:
        """See `Database.is_serialization`."""
        return getattr(error.orig, "sqlstate", None) in SERIALIZED

    def is_unavailable(self, error: sa.exc.DBAPIError) -> bool:
        """See `Database.is_unavailable`: connection lost (class 08), shutting down (57P0x)."""
        state = getattr(error.orig, "sqlstate", None) or ""
        is_gone = error.connection_invalidated or state.startswith(("08", "57P", "53"))
        return is_gone or (isinstance(error, sa.exc.OperationalError) and not state)
