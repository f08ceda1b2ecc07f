"""The store: facts, cells, ledger and position in one SQL database, behind a narrow interface.

`writing()` is one transaction of apply; `reading()` is one snapshot, so that all figures of an
answer come from one cut. Any process may read; the position's compare-and-swap fences a second
writer.
"""

import hashlib
import json
import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from hub.columns.columns import Columns
from hub.definitions import revisions
from hub.definitions.contract import Contract
from hub.definitions.fact import OVER_ALL, Fact
from hub.definitions.installed import Definitions
from hub.definitions.ranges import Ranges
from hub.log.succession import Succession
from hub.store.database import Database, begun, named_errors, open_database
from hub.store.migrations import versions
from hub.store.packing import dictionary
from hub.store.reading import Reading
from hub.store.sql_views import View
from hub.store.tables import BUILD, DERIVED, HISTORY, cut, definition, fact_table, notice
from hub.store.troubles import DefinitionChangedError, StoreUnavailableError
from hub.store.writing import Writing

# Another number where stored events are written in another form.
STATE_FORM = 4
RANGES = "ranges"  # the list, by its form's name


class Store:
    """Opens a store, brings its tables up to date and checks what its figures were computed by."""

    def __init__(
        self,
        url: str,
        definitions: Definitions,
        database: Database | None = None,
        columns: Path | None = None,
    ) -> None:
        self.definitions = definitions
        self.facts = facts = definitions.facts
        self._fact_metadata = sa.MetaData()
        self.fact_tables = {n: fact_table(f, self._fact_metadata) for n, f in facts.items()}
        self.digests = {n: definition_digest(f, definitions.contracts[n]) for n, f in facts.items()}
        # Facts in columns, their files in the folder that is given, else in memory alone.
        self.columns = {n: Columns(f, self.digests[n], columns) for n, f in facts.items()}
        # Figures of closed periods that were computed: they do not change.
        self.kept: dict[str, Any] = {}
        # What others' tools may read by SQL: none before `show`.
        self._views: Sequence[View] = ()
        # The list of ranges that was read last, and the event that loaded it.
        self._ranges = ("", Ranges())
        # Where the log that is applied came from; whoever opens both says it.
        self.succession = Succession()
        self.database = database or open_database(url)
        with self._patient() as connection:
            # Several processes may start at once: one brings the tables up to date, others wait.
            self.database.lock(connection, "migrations")
            if not _is_at_head(connection):
                self.database.hide(connection)  # they would hold tables as they are
                _upgrade(connection)
            self._fact_metadata.create_all(connection)

    def show(self, views: Sequence[View]) -> None:
        """Keep SQL views over these tables for others' tools, where the database has any.

        Several processes may do so at once: one makes them, the others find them made.
        """
        self._views = views
        with self._patient() as connection:
            self.database.lock(connection, "migrations")
            self.database.show(connection, views)

    def _begun(self, engine: Engine) -> AbstractContextManager[Connection]:
        return begun(self.database, engine)

    def named_errors(self) -> AbstractContextManager[None]:
        """Turn the database's errors into the few that callers tell apart."""
        return named_errors(self.database)

    @contextmanager
    def _patient(self) -> Iterator[Connection]:
        """Open a transaction that changes tables themselves, for which others may have to wait."""
        with self._begun(self.database.writer) as connection:
            self.database.be_patient(connection)
            yield connection

    @contextmanager
    def alone(self, name: str) -> Iterator[bool]:
        """Hold a name, in no transaction; give whether it is free, without waiting."""
        with self.named_errors(), self.database.alone(name) as is_mine:
            yield is_mine

    def check_definitions(self) -> None:
        """Raise `DefinitionChangedError` where the store's figures follow other definitions."""
        with self._patient() as connection:
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
        with self._patient() as connection:
            self.database.hide(connection)
            self._fact_metadata.drop_all(connection)
            for table in (*DERIVED, *HISTORY):
                self.database.empty(connection, table)
            self._fact_metadata.create_all(connection)
            self.database.show(connection, self._views)
        self.kept.clear()
        self.columns = {name: columns.anew() for name, columns in self.columns.items()}

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        """Open one transaction of apply; it commits as a whole or not at all."""
        with self._begun(self.database.writer) as connection:
            yield self._writing(connection)

    @contextmanager
    def trying(self) -> Iterator[tuple[Writing, Reading]]:
        """Open a transaction that never commits: to write in it, and to read what that gives."""
        # Of one snapshot: else what others commit meanwhile would look like what is tried.
        with self.named_errors(), self.database.trier.connect() as connection:
            transaction = connection.begin()
            try:
                # What is worked out of what never happens is kept for nobody.
                yield self._writing(connection), self._reading(connection, {}, {})
            finally:
                transaction.rollback()

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """Open one snapshot."""
        with self._begun(self.database.reader) as connection:
            yield self._reading(connection, self.columns)

    def tend_columns(self) -> bool:
        """See to it that there are columns of all facts, and files of them that are whole.

        Tell whether any are others than when this was told last, but for what changed since.
        """
        is_new = False
        for columns in self.columns.values():
            with self.reading() as reading:
                tables = reading.tables(columns.fact)
                if tables is not None and columns.fits(tables.standing):
                    is_new = columns.tend(tables) or is_new
        return is_new

    def ranges(self) -> Ranges:
        """Give the ranges of values that are in force; while the database is away, the last known.

        None are before the list is loaded.
        """
        with suppress(StoreUnavailableError), self.reading() as reading:
            loaded = [event for event, name, _ in reading.lists() if name == RANGES]
            if loaded and loaded[-1] != self._ranges[0]:
                self._ranges = loaded[-1], Ranges(json.loads(reading.list_rows(loaded[-1])))
        return self._ranges[1]

    def listed(self, name: str) -> list[dict[str, str]]:
        """Give the rows of a list that is in force, none before it is loaded."""
        with self.reading() as reading:
            loaded = [event for event, of, _ in reading.lists() if of == name]
            rows: list[dict[str, str]] = json.loads(reading.list_rows(loaded[-1])) if loaded else []
        return rows

    def known(
        self, contract: str, entities: Sequence[str], columns: Sequence[str]
    ) -> dict[str, tuple[Any, ...]]:
        """Give columns of those facts of a contract that are known, by the name of the thing."""
        if not entities:
            return {}
        with self.reading() as reading:
            rows = reading.fact_values(self.facts[contract], columns, list(entities))
        return {entity: tuple(values) for entity, *values in rows}

    def second(self) -> "Store":
        """Open the second set of tables beside these, an empty one where there is none."""
        with self.named_errors():
            database = self.database.second()
        second = Store("", self.definitions, database)
        second.succession = self.succession
        return second

    def name_build(self, name: str) -> None:
        """Name this set of tables, so that who read another one writes nothing to it."""
        with self._begun(self.database.writer) as connection:
            connection.execute(definition.insert().values(contract=BUILD, digest=name))

    @contextmanager
    def replacing(self) -> Iterator[Reading]:
        """Put the second set in the place of this one, at the end, in one transaction.

        Meanwhile nobody else writes; what is read here is the last that these tables say. Raises
        `TablesInUseError`.
        """
        tables = [t.name for t in DERIVED if t is not notice]
        with self.named_errors(), self.database.replacing() as connection:
            yield self._reading(connection, {})
            if not connection.execute(sa.select(cut.c.at).limit(1)).first():
                # Made by a version that kept no history: what the log itself says of it is all.
                tables += [t.name for t in HISTORY]
            names = [*tables, *(t.name for t in self.fact_tables.values())]
            self.database.take_over(connection, names)
            self.database.show(connection, self._views)

    @contextmanager
    def administering(self) -> Iterator[Connection]:
        """Open a transaction on the tables that are not figures."""
        with self._begun(self.database.writer) as connection:
            yield connection

    def close(self) -> None:
        """Close all connections."""
        self.database.close()

    def _writing(self, connection: Connection) -> Writing:
        return Writing(connection, self.database, self.fact_tables, self.digests, self.succession)

    def _reading(
        self,
        connection: Connection,
        columns: Mapping[str, Columns],
        kept: dict[str, Any] | None = None,
    ) -> Reading:
        kept = self.kept if kept is None else kept
        succession = self.succession
        return Reading(connection, self.database, self.definitions, kept, succession, columns)


def _is_at_head(connection: Connection) -> bool:
    """Whether the tables are those of the last migration; a file's name begins with its number."""
    name = max(m.name for m in pkgutil.iter_modules(versions.__path__))
    if not sa.inspect(connection).has_table("alembic_version"):
        return False
    at: str | None = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return at is not None and name.startswith(f"v{at}_")


def _upgrade(connection: Connection) -> None:
    # Alembic is a sixth of all that a command imports, and nothing is to migrate but once.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(versions.__path__[0]).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


@cache  # of what is installed, and every figure names it
def definition_digest(fact: Fact, contract: Contract) -> str:
    """Digest what decides a fact's figures: schema, columns, picks and measures."""
    spec = contract.spec
    described = {
        "state": [STATE_FORM, hashlib.blake2b(dictionary(fact.contract)).hexdigest()],
        "schema": revisions.latest(fact.contract).plain,
        "order": [spec.entity, spec.occurred, spec.order_first, contract.kinds],
        "retracting": spec.retracting_kind,
        "types": fact.types,
        "picks": {n: str(e) for n, e in fact.picks.items()},
        "aggregates": {n: str(e) for n, e in fact.aggregates.items()},
        "columns": {n: str(e) for n, e in fact.columns.items()},
        "measures": [repr(m) for m in fact.measures],
    }
    adds = {m.name: sorted(m.adds_over) for m in fact.measures if m.adds_over != OVER_ALL}
    if adds:
        described["adds"] = adds
    return hashlib.blake2b(json.dumps(described, default=str).encode(), digest_size=8).hexdigest()
