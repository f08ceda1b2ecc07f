"""SQLite: a file, which takes rows."""

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from hub.locks import AlreadyRunningError, held
from hub.store.sql_views import View
from hub.store.statements import SECOND, Ask, column_names, merge_clause

BUSY_SECONDS_MAX = 60
# Of a connection. Who writes touches pages here and there, again and again. Those that read are
# many; questions are answered from columns, and what is read once is not read again soon.
WRITER_CACHE_KIB, READER_CACHE_KIB = 256 * 1024, 16 * 1024


class Sqlite:
    """A SQLite file; the second set of tables is another one beside it."""

    def __init__(self, url: str, *, is_original: bool = False) -> None:
        self._url = sa.make_url(url)
        # What can be made again from the log need not survive a power cut.
        self._synchronous = "FULL" if is_original else "NORMAL"
        self._is_original = is_original
        path = Path(str(self._url.database))
        self._second = path.with_name(f"{path.name}-{SECOND}")
        self.writer: Engine = self._engine("BEGIN IMMEDIATE", WRITER_CACHE_KIB)
        self.trier = self.writer
        self.reader = self._engine("BEGIN", READER_CACHE_KIB)
        self._seeing: sa.PoolProxiedConnection | None = None

    def _engine(self, begin: str, cache_kib: int, attached: Path | None = None) -> Engine:
        engine = sa.create_engine(self._url, hide_parameters=True)

        def configure(connection: Any, _: Any) -> None:
            connection.isolation_level = None
            connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS_MAX * 1000}")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA synchronous = {self._synchronous}")
            connection.execute(f"PRAGMA cache_size = -{cache_kib}")
            if self._is_original:
                connection.execute("PRAGMA secure_delete = ON")
            if attached is not None:
                connection.execute("ATTACH ? AS second", (str(attached),))

        sa.event.listen(engine, "connect", configure)
        sa.event.listen(engine, "begin", lambda c: c.exec_driver_sql(begin))
        return engine

    def insert(self, c: Connection, table: sa.Table, frame: pl.DataFrame) -> None:
        """See `Database.insert`."""
        marks = ",".join("?" * frame.width)
        sql = f"INSERT INTO {table.name} ({column_names(frame.columns)}) VALUES ({marks})"
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
        onto = f"ON CONFLICT DO {merge_clause(table, rules, 'max')}"
        sql = f"INSERT INTO {table.name} ({column_names(frame.columns)}) VALUES ({marks}) {onto}"
        c.exec_driver_sql(sql, frame.rows())

    def empty(self, c: Connection, table: sa.Table) -> None:
        """See `Database.empty`."""
        c.execute(table.delete())

    def seen(self) -> int:
        """See `Database.seen`: what SQLite keeps in memory that all processes share; some µs."""
        if self._seeing is None:
            self._seeing = self.reader.raw_connection()
        cursor = self._seeing.cursor()
        cursor.execute("PRAGMA data_version")
        (version,) = cursor.fetchall()[0]
        return int(version)

    def close(self) -> None:
        """See `Database.close`."""
        if self._seeing is not None:
            self._seeing.close()
        self.writer.dispose()
        self.reader.dispose()

    def among(self, column: str, values: Sequence[str]) -> tuple[str, dict[str, Any]]:
        """See `Database.among`."""
        listed = json.dumps(list(values), ensure_ascii=False)
        return f"{column} IN (SELECT value FROM json_each(:among))", {"among": listed}

    def scrub(self, table: sa.Table) -> None:
        """See `Database.scrub`: an original's pages are overwritten; its log is emptied here."""
        connection = self.writer.raw_connection()
        try:
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()

    def lock(self, c: Connection, *names: str) -> None:
        """See `Database.lock`; a writer holds the whole file."""

    def be_patient(self, c: Connection) -> None:
        """See `Database.be_patient`; the file's own limit holds."""

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
        engine = self._engine("BEGIN", WRITER_CACHE_KIB, self._second)
        try:
            with engine.begin() as c:
                yield c.exec_driver_sql, "main", "second"
        finally:
            engine.dispose()

    @contextmanager
    def replacing(self) -> Iterator[Connection]:
        """See `Database.replacing`: readers go on with what they see, who writes waits."""
        engine = self._engine("BEGIN", WRITER_CACHE_KIB, self._second)
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

    def show(self, c: Connection, views: Sequence[View]) -> None:
        """See `Database.show`: who reads a file reads all of it, so there are none."""

    def hide(self, c: Connection) -> None:
        """See `Database.hide`."""

    def is_serialization(self, error: sa.exc.DBAPIError) -> bool:
        """See `Database.is_serialization`; a writer holds the file alone."""
        return False

    def is_unavailable(self, error: sa.exc.DBAPIError) -> bool:
        """See `Database.is_unavailable`; a file is there or the process stops."""
        return False
