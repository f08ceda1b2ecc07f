"""What differs between the two databases: connections, and how columns are written in bulk.

SQLite takes rows; PostgreSQL takes COPY, straight from columns, into the table or into a temporary
one that is then merged. Everything else is SQL that both read alike.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import pgpq
import polars as pl
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from hub.locks import AlreadyRunningError, held
from hub.troubles import TroubleError

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
Ask = Callable[[str], Any]  # runs a query, gives its rows
SECOND = "rebuild"  # the second set of tables is named so: a file beside, or a schema
# Who waits for the tables lets nobody else read them meanwhile: for so long, then others pass.
LOCK_MS, LOCK_PAUSE_SECONDS, LOCK_TRIES_MAX = 500, 0.5, 600
LOCK_NOT_AVAILABLE = "55P03"
SERIALIZED = ("40001", "40P01")  # serialization failure, deadlock: to be tried again


class TablesInUseError(TroubleError):
    """Somebody has been reading the tables for too long; nothing was changed."""


class Database(Protocol):
    """Connections to one database, and bulk writing to its tables."""

    writer: Engine
    reader: Engine
    trier: Engine  # writes as `writer` does, and sees one snapshot

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

    def lock(self, c: Connection, *names: str) -> None:
        """Wait until nobody else holds these names; hold them until the transaction ends."""

    def alone(self, name: str) -> AbstractContextManager[bool]:
        """Hold a name, in no transaction; give whether it is free, without waiting."""

    def has_second(self) -> bool:
        """Tell whether there is a second set of tables beside these."""

    def second(self) -> "Database":
        """Open the second set, an empty one where there is none."""

    def drop_second(self) -> None:
        """Drop the second set, if there is one."""

    def beside(self) -> AbstractContextManager[tuple[Ask, str, str]]:
        """Open one snapshot of each set, to ask about both at once, and how SQL names each."""

    def replacing(self) -> AbstractContextManager[Connection]:
        """Open a transaction in which nobody else changes the tables: for `take_over`.

        Raises `TablesInUseError`.
        """

    def take_over(self, c: Connection, tables: Sequence[str]) -> None:
        """Put tables of the second set in the place of those that are named alike.

        What the second set has beside them is of no more use.
        """

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
    """A SQLite file; the second set of tables is another one beside it."""

    def __init__(self, url: str, *, is_original: bool = False) -> None:
        self._url = sa.make_url(url)
        # What can be made again from the log need not survive a power cut.
        self._synchronous = "FULL" if is_original else "NORMAL"
        path = Path(str(self._url.database))
        self._second = path.with_name(f"{path.name}-{SECOND}")
        self.writer: Engine = self._engine("BEGIN IMMEDIATE")
        self.trier = self.writer
        self.reader = self._engine("BEGIN")

    def _engine(self, begin: str, attached: Path | None = None) -> Engine:
        engine = sa.create_engine(self._url)

        def configure(connection: Any, _: Any) -> None:
            connection.isolation_level = None
            connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS_MAX * 1000}")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA synchronous = {self._synchronous}")
            connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
            if attached is not None:
                connection.execute("ATTACH ? AS second", (str(attached),))

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

    def lock(self, c: Connection, *names: str) -> None:
        """See `Database.lock`; a writer holds the whole file."""

    @contextmanager
    def alone(self, name: str) -> Iterator[bool]:
        """See `Database.alone`: a lock of a file, which ends with the process."""
        path = Path(str(self._url.database))
        with ExitStack() as stack:
            try:
                stack.enter_context(held(path.with_name(f"{path.name}.{name}.lock")))
            except AlreadyRunningError:
                yield False
            else:
                yield True

    def has_second(self) -> bool:
        """See `Database.has_second`."""
        return self._second.exists()

    def second(self) -> "Sqlite":
        """See `Database.second`."""
        if not self._second.exists():
            self.drop_second()  # what is left of one whose file is gone is not of the next
        return Sqlite(self._url.set(database=str(self._second)).render_as_string())

    def drop_second(self) -> None:
        """See `Database.drop_second`: the file first, as nothing else is anything without it."""
        self._second.unlink(missing_ok=True)
        for tail in ("-wal", "-shm"):
            self._second.with_name(self._second.name + tail).unlink(missing_ok=True)

    @contextmanager
    def beside(self) -> Iterator[tuple[Ask, str, str]]:
        """See `Database.beside`."""
        engine = self._engine("BEGIN", self._second)
        try:
            with engine.begin() as c:
                yield c.exec_driver_sql, "main", "second"
        finally:
            engine.dispose()

    @contextmanager
    def replacing(self) -> Iterator[Connection]:
        """See `Database.replacing`: readers go on with what they see, who writes waits."""
        engine = self._engine("BEGIN", self._second)
        try:
            with engine.begin() as c:
                # Takes the lock to write to this file and to no other; BEGIN IMMEDIATE would lock
                # the second one too, to which something is still to be added.
                c.exec_driver_sql("UPDATE main.position SET next_offset = 0 WHERE FALSE")
                yield c
        finally:
            engine.dispose()

    def take_over(self, c: Connection, tables: Sequence[str]) -> None:
        """See `Database.take_over`: dropped, made and filled again, as files cannot change places.

        Rows of two tables that are made alike are copied as they lie, without being looked at.
        """
        for name in tables:
            made = c.exec_driver_sql(
                "SELECT sql FROM second.sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL"
                " ORDER BY type = 'table' DESC",
                (name,),
            ).fetchall()
            c.exec_driver_sql(f"DROP TABLE IF EXISTS main.{name}")
            for (sql,) in made:
                c.exec_driver_sql(sql)
            c.exec_driver_sql(f"INSERT INTO main.{name} SELECT * FROM second.{name}")

    def is_serialization(self, error: sa.exc.DBAPIError) -> bool:
        """See `Database.is_serialization`; a writer holds the file alone."""
        return False

    def is_unavailable(self, error: sa.exc.DBAPIError) -> bool:
        """See `Database.is_unavailable`; a file is there or the process stops."""
        return False


class Postgres:
    """A PostgreSQL database, version 15 or later; the second set of tables is in another schema."""

    def __init__(self, url: str, schema: str = "") -> None:
        self._url = url
        self._schema = schema
        self.writer = sa.create_engine(url, pool_pre_ping=True)
        self.reader = sa.create_engine(
            url, pool_pre_ping=True, isolation_level="REPEATABLE READ", pool_size=10
        )
        for engine in (self.writer, self.reader):
            sa.event.listen(engine, "connect", self._configure)
        self.trier: Engine = self.writer.execution_options(isolation_level="REPEATABLE READ")
        sa.event.listen(self.reader, "begin", self._begin_reading)

    @staticmethod
    def _begin_reading(c: Connection) -> None:
        # Locked before anything is seen: else tables could change places between two questions of
        # one reader, and its figures be of two cuts.
        c.exec_driver_sql("SET TRANSACTION READ ONLY; LOCK TABLE position IN ACCESS SHARE MODE")

    def _configure(self, connection: Any, _: Any) -> None:
        connection.autocommit = True
        # Facts are found by key: with the server's default costs, meant for discs that turn, a
        # batch would rather read the whole table. Queries here are short; compiling them is not.
        connection.execute("SET random_page_cost = 1.1")
        connection.execute("SET jit = off")
        if self._schema:
            connection.execute(f'SET search_path = "{self._schema}"')
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
        # It is empty but for the second time in one transaction, and then not large; TRUNCATE
        # would make a new file each time.
        c.exec_driver_sql(f"DELETE FROM {name}")
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

    def lock(self, c: Connection, *names: str) -> None:
        """See `Database.lock`; in one order, so that no two wait for each other."""
        c.exec_driver_sql(
            "SELECT pg_advisory_xact_lock(h) FROM (SELECT DISTINCT hashtext(n) AS h"
            " FROM unnest(%s::text[]) n ORDER BY 1) hashes",
            ([f"lgsp:{name}" for name in names],),
        )

    @contextmanager
    def alone(self, name: str) -> Iterator[bool]:
        """See `Database.alone`: an advisory lock, which ends with the session."""
        with self.writer.connect() as c:
            held = c.exec_driver_sql(
                "SELECT pg_try_advisory_lock(hashtext(%s || current_schema()))", (f"lgsp:{name}:",)
            ).scalar()
            c.commit()
            try:
                yield bool(held)
            finally:
                # The lock belongs to the session: close it for good, not back into the pool. The
                # server may notice that later than who asks for the lock next.
                with suppress(sa.exc.DBAPIError):
                    c.exec_driver_sql("SELECT pg_advisory_unlock_all()")
                c.invalidate()

    def _schemas(self, c: Connection) -> tuple[str, str]:
        """Name the schema of these tables, and that of the second set."""
        mine = str(c.exec_driver_sql("SELECT current_schema()").scalar())
        return mine, f"{mine}_{SECOND}"

    def has_second(self) -> bool:
        """See `Database.has_second`."""
        with self.writer.begin() as c:
            query = "SELECT 1 FROM pg_namespace WHERE nspname = %s"
            return c.exec_driver_sql(query, (self._schemas(c)[1],)).first() is not None

    def second(self) -> "Postgres":
        """See `Database.second`."""
        with self.writer.begin() as c:
            schema = self._schemas(c)[1]
            c.exec_driver_sql(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
        return Postgres(self._url, schema)

    def drop_second(self) -> None:
        """See `Database.drop_second`."""
        with self.writer.begin() as c:
            c.exec_driver_sql(f'DROP SCHEMA IF EXISTS "{self._schemas(c)[1]}" CASCADE')

    @contextmanager
    def beside(self) -> Iterator[tuple[Ask, str, str]]:
        """See `Database.beside`: one snapshot sees both."""
        with self.reader.begin() as c:
            mine, second = self._schemas(c)
            yield c.exec_driver_sql, f'"{mine}"', f'"{second}"'

    @contextmanager
    def replacing(self) -> Iterator[Connection]:
        """See `Database.replacing`: who reads or writes begins with the positions, and waits."""
        with self.writer.connect() as c:
            for number in range(1, LOCK_TRIES_MAX + 1):
                try:
                    c.exec_driver_sql(f"SET LOCAL lock_timeout = {LOCK_MS}")
                    c.exec_driver_sql("LOCK TABLE position IN ACCESS EXCLUSIVE MODE")
                    break
                except sa.exc.OperationalError as error:
                    if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
                        raise
                    c.rollback()
                    if number == LOCK_TRIES_MAX:
                        raise TablesInUseError(
                            "the tables are being read all the time; look for a transaction that"
                            " stays open, then go on with `hub rebuild --approve`"
                        ) from error
                    time.sleep(LOCK_PAUSE_SECONDS)
            # What else is read than by `reader` is read in an instant.
            c.exec_driver_sql(f"SET LOCAL lock_timeout = {20 * LOCK_MS}")
            yield c
            c.commit()

    def take_over(self, c: Connection, tables: Sequence[str]) -> None:
        """See `Database.take_over`: tables change their schema, no row is moved."""
        mine, second = self._schemas(c)
        for name in tables:
            c.exec_driver_sql(f'DROP TABLE IF EXISTS "{mine}"."{name}"')
            c.exec_driver_sql(f'ALTER TABLE "{second}"."{name}" SET SCHEMA "{mine}"')
        c.exec_driver_sql(f'DROP SCHEMA "{second}" CASCADE')

    def is_serialization(self, error: sa.exc.DBAPIError) -> bool:
        """See `Database.is_serialization`."""
        return getattr(error.orig, "sqlstate", None) in SERIALIZED

    def is_unavailable(self, error: sa.exc.DBAPIError) -> bool:
        """See `Database.is_unavailable`: connection lost (class 08), shutting down (57P0x)."""
        state = getattr(error.orig, "sqlstate", None) or ""
        is_gone = error.connection_invalidated or state.startswith(("08", "57P", "53"))
        return is_gone or (isinstance(error, sa.exc.OperationalError) and not state)
