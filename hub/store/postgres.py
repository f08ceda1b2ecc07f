"""PostgreSQL: columns are written by COPY, into the table or a temporary one that is merged."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pgpq
import polars as pl
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from hub.store import sql_views
from hub.store.sql_views import View
from hub.store.statements import SECOND, Ask, column_names, key_names, merge_clause
from hub.store.troubles import TablesInUseError

# So many rows go to the server as one JSON text: setting up a COPY would cost more than it saves.
FEW = 500
_SEPARATOR = "\x1f"
COPY_ROWS = 20_000  # are put in the server's form at a time
_POLARS = {
    sa.BigInteger: pl.Int64,
    sa.Integer: pl.Int32,
    sa.LargeBinary: pl.Binary,
    sa.String: pl.String,
    sa.Text: pl.String,
}
# Who waits for the tables lets nobody else read them meanwhile: for so long, then others pass.
LOCK_MS, LOCK_PAUSE_SECONDS, LOCK_TRIES_MAX = 500, 0.5, 600
LOCK_NOT_AVAILABLE = "55P03"
# Connections of one process: kept, and more for as long as they are needed. Who finds none free
# waits, and is then told that the database is away.
WRITERS, READERS, MORE, FREE_SECONDS_MAX = 5, 10, 10, 10.0
CONNECTIONS_MAX = WRITERS + READERS + 2 * MORE
# Where somebody else holds a lock, a question waits so long and is answered by 503, and a writer is
# tried again: else a few of them would hold all that a process has to answer with.
READ_LOCK_SECONDS_MAX, WRITE_LOCK_SECONDS_MAX = 5, 10
CONNECT_SECONDS_MAX = 10  # libpq's own is none; the URL may say another
SERIALIZED = ("40001", "40P01")  # serialization failure, deadlock: to be tried again


class Postgres:
    """A PostgreSQL database, version 15 or later; the second set of tables is in another schema."""

    def __init__(self, url: str, schema: str = "") -> None:
        self._url = url
        self._schema = schema
        self.writer = self._engine(WRITERS, WRITE_LOCK_SECONDS_MAX)
        self.reader = self._engine(
            READERS, READ_LOCK_SECONDS_MAX, isolation_level="REPEATABLE READ"
        )
        self.trier: Engine = self.writer.execution_options(isolation_level="REPEATABLE READ")
        sa.event.listen(self.reader, "begin", self._begin_reading)

    def _engine(self, size: int, lock_seconds: int, **more: Any) -> Engine:
        url = sa.make_url(self._url)
        known = {"connect_timeout": str(CONNECT_SECONDS_MAX), **url.query}
        engine = sa.create_engine(
            url.set(query=known),
            pool_pre_ping=True,
            pool_size=size,
            max_overflow=MORE,
            pool_timeout=FREE_SECONDS_MAX,
            hide_parameters=True,  # an error must not name the values with which it came about
            **more,
        )

        def configure(connection: Any, _: Any) -> None:
            self._configure(connection, lock_seconds)

        sa.event.listen(engine, "connect", configure)
        return engine

    @staticmethod
    def _begin_reading(c: Connection) -> None:
        # Locked before anything is seen: else tables could change places between two questions of
        # one reader, and its figures be of two cuts.
        c.exec_driver_sql("SET TRANSACTION READ ONLY; LOCK TABLE position IN ACCESS SHARE MODE")

    def _configure(self, connection: Any, lock_seconds: int) -> None:
        connection.autocommit = True
        # Facts are found by key: with the server's default costs, meant for discs that turn, a
        # batch would rather read the whole table. Queries here are short; compiling them is not.
        connection.execute("SET random_page_cost = 1.1")
        connection.execute("SET jit = off")
        connection.execute(f"SET lock_timeout = '{lock_seconds}s'")
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
        sql = f"COPY {name} ({column_names(frame.columns)}) FROM STDIN (FORMAT binary)"
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

    def _source(
        self, c: Connection, table: sa.Table, frame: pl.DataFrame
    ) -> tuple[str, tuple[str, ...]]:
        """Bring rows to the server: what to select them from, in their order, and its values."""
        if len(frame) > FEW:
            return self._stage(c, table, frame), ()
        hexed = pl.format("\\x{}", pl.col(pl.Binary).bin.encode("hex")).name.keep()
        rows = frame.with_columns(hexed) if pl.Binary in frame.dtypes else frame
        return f'json_populate_recordset(NULL::"{table.name}", %s)', (rows.write_json(),)

    def insert(self, c: Connection, table: sa.Table, frame: pl.DataFrame) -> None:
        """See `Database.insert`."""
        if len(frame) > FEW:
            self._copy(c, table, table.name, frame)
            return
        names, (source, values) = column_names(frame.columns), self._source(c, table, frame)
        c.exec_driver_sql(
            f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {source}", values
        )

    def update(self, c: Connection, table: sa.Table, frame: pl.DataFrame) -> int:
        """See `Database.update`."""
        source, values = self._source(c, table, frame)
        sets = ",".join(f'"{n}"=s."{n}"' for n in frame.columns if n != "entity")
        return c.exec_driver_sql(
            f"UPDATE {table.name} f SET {sets} FROM {source} s"
            " WHERE f.entity=s.entity AND f.version=s.version-1",
            values,
        ).rowcount

    def merge(
        self, c: Connection, table: sa.Table, frame: pl.DataFrame, rules: dict[str, str]
    ) -> None:
        """See `Database.merge`."""
        keys, clause = column_names(key_names(table)), merge_clause(table, rules, "greatest")
        names, (source, values) = column_names(frame.columns), self._source(c, table, frame)
        # Rows are read in the order in which they came, that of their keys.
        c.exec_driver_sql(
            f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {source}"
            f" ON CONFLICT ({keys}) DO {clause}",
            values,
        )

    def empty(self, c: Connection, table: sa.Table) -> None:
        """See `Database.empty`."""
        c.exec_driver_sql(f"TRUNCATE {table.name}")

    def close(self) -> None:
        """See `Database.close`."""
        self.writer.dispose()
        self.reader.dispose()

    def seen(self) -> None:
        """See `Database.seen`: a server is asked."""

    def among(self, column: str, values: Sequence[str]) -> tuple[str, dict[str, Any]]:
        """See `Database.among`."""
        # As one text: the driver would look at each value of an array by itself.
        if all(v and _SEPARATOR not in v for v in values):
            return f"{column} = ANY(string_to_array(:among, chr(31)))", {
                "among": _SEPARATOR.join(values) if values else None
            }
        return f"{column} = ANY(:among)", {"among": list(values)}

    def scrub(self, table: sa.Table) -> None:
        """See `Database.scrub`: the table is written anew."""
        with self.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as c:
            # It waits for who reads the table. No other use of this connection is to wait so long.
            c.exec_driver_sql("SET lock_timeout = 0")
            c.exec_driver_sql(f"VACUUM FULL {table.name}")
            c.invalidate()

    def lock(self, c: Connection, *names: str) -> None:
        """See `Database.lock`; in one order, so that no two wait for each other."""
        c.exec_driver_sql(
            "SELECT pg_advisory_xact_lock(h) FROM (SELECT DISTINCT hashtext(n) AS h"
            " FROM unnest(%s::text[]) n ORDER BY 1) hashes",
            ([f"lgsp:{name}" for name in names],),
        )

    def be_patient(self, c: Connection) -> None:
        """See `Database.be_patient`."""
        c.exec_driver_sql("SET LOCAL lock_timeout = 0")

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
                    self.hide(c)  # who reads them does not begin with the positions
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

    def _views(self, c: Connection) -> tuple[str, str]:
        """Name the schema of these tables, and that of the views over them."""
        mine = self._schemas(c)[0]
        return mine, sql_views.NAME if mine == "public" else f"{mine}_{sql_views.NAME}"

    def show(self, c: Connection, views: Sequence[View]) -> None:
        """See `Database.show`: what they are made of stands as a comment of their schema."""
        if self._schema or not views:
            return  # the second set, which nobody reads yet
        mine, ioc = self._views(c)
        query = "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = %s"
        about = f"SQL views of the hub, docs/sql.md; {sql_views.digest(views)}"
        if c.exec_driver_sql(query, (ioc,)).scalar() == about:
            return
        self.hide(c)
        c.exec_driver_sql(f'CREATE SCHEMA "{ioc}"')
        for statement in sql_views.script(views, mine, ioc):
            c.exec_driver_sql(statement.replace("%", "%%"))
        c.exec_driver_sql(f"COMMENT ON SCHEMA \"{ioc}\" IS '{about}'")
        roles = "SELECT role FROM sql_role JOIN pg_roles ON rolname = role ORDER BY 1"
        for (role,) in c.exec_driver_sql(roles).fetchall():
            self.let_read(c, role)

    def hide(self, c: Connection) -> None:
        """See `Database.hide`."""
        if not self._schema:
            c.exec_driver_sql(f'DROP SCHEMA IF EXISTS "{self._views(c)[1]}" CASCADE')

    def let_read(self, c: Connection, role: str) -> None:
        """Let a role read the SQL views."""
        _, ioc = self._views(c)
        c.exec_driver_sql(f'GRANT USAGE ON SCHEMA "{ioc}" TO "{role}"')
        c.exec_driver_sql(f'GRANT SELECT ON ALL TABLES IN SCHEMA "{ioc}" TO "{role}"')

    def let_read_no_more(self, c: Connection, role: str) -> None:
        """Take that back."""
        _, ioc = self._views(c)
        c.exec_driver_sql(f'REVOKE ALL ON ALL TABLES IN SCHEMA "{ioc}" FROM "{role}"')
        c.exec_driver_sql(f'REVOKE ALL ON SCHEMA "{ioc}" FROM "{role}"')

    def is_serialization(self, error: sa.exc.DBAPIError) -> bool:
        """See `Database.is_serialization`."""
        return getattr(error.orig, "sqlstate", None) in SERIALIZED

    def is_unavailable(self, error: sa.exc.DBAPIError) -> bool:
        """See `Database.is_unavailable`.

        Connection lost (class 08), shutting down (57P0x), nothing left (53), a lock held too long.
        """
        state = getattr(error.orig, "sqlstate", None) or ""
        gone = ("08", "57P", "53", LOCK_NOT_AVAILABLE)
        is_gone = error.connection_invalidated or state.startswith(gone)
        return is_gone or (isinstance(error, sa.exc.OperationalError) and not state)
