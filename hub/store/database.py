"""What the two databases have in common: connections, and writing columns in bulk.

Everything else is SQL that both read alike.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

import polars as pl
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from hub.store.postgres import Postgres
from hub.store.sql_views import View
from hub.store.sqlite import Sqlite
from hub.store.statements import Ask
from hub.store.troubles import StoreUnavailableError, VersionMismatchError


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

    def close(self) -> None:
        """Close all connections."""

    def empty(self, c: Connection, table: sa.Table) -> None:
        """Delete all rows."""

    def seen(self) -> int | None:
        """Give a number that is another one after each commit, at once; None: it has to be asked.

        Of one thread alone: it always asks on the same connection.
        """

    def among(self, column: str, values: Sequence[str]) -> tuple[str, dict[str, Any]]:
        """Write the condition that a column is among values, with its parameters."""

    def scrub(self, table: sa.Table) -> None:
        """See to it that what was deleted from a table, or changed in it, is in no file any more.

        PostgreSQL's own write-ahead log keeps it until its files are used again.
        """

    def lock(self, c: Connection, *names: str) -> None:
        """Wait until nobody else holds these names; hold them until the transaction ends."""

    def be_patient(self, c: Connection) -> None:
        """Let this transaction wait for locks for as long as it takes: others may take long."""

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

    def show(self, c: Connection, views: Sequence[View]) -> None:
        """Make the SQL views over these tables, where they are not as they should be.

        Nothing where the database, or this set of tables, has none.
        """

    def hide(self, c: Connection) -> None:
        """Take the SQL views away, so that tables can be made anew; `show` brings them back."""

    def is_serialization(self, error: sa.exc.DBAPIError) -> bool:
        """Tell whether trying the transaction again may succeed at once."""

    def is_unavailable(self, error: sa.exc.DBAPIError) -> bool:
        """Tell whether the database could not be reached, or went away."""


@contextmanager
def named_errors(database: Database) -> Iterator[None]:
    """Turn a database's errors into the few that callers tell apart."""
    try:
        yield
    except sa.exc.TimeoutError as error:  # the pool's, not the database's
        raise StoreUnavailableError(f"no connection is free: {error}") from error
    except sa.exc.DBAPIError as error:
        if database.is_serialization(error):
            raise VersionMismatchError(str(error.orig)) from error
        if database.is_unavailable(error):
            raise StoreUnavailableError(str(error.orig)) from error
        raise


@contextmanager
def begun(database: Database, engine: Engine) -> Iterator[Connection]:
    """Open a transaction of one of a database's engines; raises as `named_errors` says."""
    with named_errors(database), engine.begin() as connection:
        yield connection


def open_database(url: str) -> Database:
    """Open the database of a URL."""
    return Sqlite(url) if url.startswith("sqlite") else Postgres(url)
