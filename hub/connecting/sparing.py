"""Sparing: how the hub is a guest in another's database: one connection, read-only, on the clock.

Before anything is read it is tried what the login may do: one that can write is refused, with what
it could write to, unless the operator has said otherwise. Transactions are read-only besides.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from hub.connecting.feeds import UpstreamError
from hub.definitions.masking import mask_text
from hub.operating import metrics

SHOWN_MAX = 5
CONNECT_SECONDS = 10
log = logging.getLogger(__name__)

_CAN_WRITE = """
SELECT CASE WHEN r.rolsuper THEN 'superuser' END,
 CASE WHEN r.rolcreaterole THEN 'CREATEROLE' END,
 CASE WHEN r.rolcreatedb THEN 'CREATEDB' END,
 CASE WHEN has_database_privilege(current_database(), 'CREATE') THEN 'CREATE ON DATABASE' END,
 (SELECT string_agg(n.nspname, ', ') FROM pg_namespace n WHERE n.nspname NOT LIKE 'pg\\_%'
   AND n.nspname <> 'information_schema' AND has_schema_privilege(n.oid, 'CREATE')),
 (SELECT string_agg(name, ', ') FROM (SELECT CAST(CAST(c.oid AS regclass) AS text) AS name
   FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT LIKE 'pg\\_%'
   AND n.nspname <> 'information_schema'
   AND (has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER')
     OR has_any_column_privilege(c.oid, 'INSERT, UPDATE'))
   ORDER BY 1 LIMIT :most) w)
FROM pg_roles r WHERE r.rolname = current_user
"""


def is_postgres(connection: sa.Connection) -> bool:
    """Tell whether a database is PostgreSQL."""
    return connection.dialect.name == "postgresql"


class Guest:
    """One connection to another's database, opened when it is needed, and again after a trouble."""

    def __init__(
        self,
        source: str,
        url: str,
        password_file: Path | None,
        timeout_seconds: float,
        *,
        may_write: bool,
    ) -> None:
        self._source, self._url, self._password_file = source, sa.make_url(url), password_file
        self._timeout_seconds, self._may_write = timeout_seconds, may_write
        self._connection: sa.Connection | None = None
        self._engine: sa.Engine | None = None
        self._is_new = False
        self._has_warned = False

    def is_new(self) -> bool:
        """Tell, once, whether the connection was opened anew."""
        is_new, self._is_new = self._is_new, False
        return is_new

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
        if self._engine is not None:
            self._engine.dispose()
        self._connection = self._engine = None

    @contextmanager
    def asking(self) -> Iterator[sa.Connection]:
        """Open a read-only transaction, which leaves nothing open; raises `UpstreamError`."""
        try:
            connection = self._connection or self._connect()
            with metrics.UPSTREAM_SECONDS.labels(self._source).time():
                yield connection
                connection.rollback()
        except sa.exc.SQLAlchemyError as error:
            self.close()
            cause = getattr(error, "orig", None) or error
            raise UpstreamError(mask_text(f"{self._url.host or ''}: {cause}".strip())) from error
        except UpstreamError:
            self.close()
            raise
        except OSError as error:
            raise UpstreamError(f"{self._password_file}: {error.strerror}") from error

    def _connect(self) -> sa.Connection:
        url = self._url
        if self._password_file is not None:
            url = url.set(password=self._password_file.read_text("utf-8").strip())
        name = url.get_backend_name()
        given: dict[str, object] = {}
        if name == "postgresql":
            given = {"connect_timeout": CONNECT_SECONDS}
            given["application_name"] = f"lgsp-hub {self._source}"
        elif name == "sqlite":
            url = url.set(database=f"file:{url.database}", query={"mode": "ro", "uri": "true"})
            given = {"timeout": self._timeout_seconds}
        try:
            self._engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args=given)
        except ImportError as error:
            raise UpstreamError(f"{name}: thiếu trình điều khiển | no driver: {error}") from error
        connection = self._connection = self._engine.connect()
        if is_postgres(connection):
            self._bound(connection)
        self._try_rights(connection)
        connection.rollback()
        self._is_new = True
        return connection

    def _bound(self, connection: sa.Connection) -> None:
        """Bound what a statement may take, and let nothing be written by this connection."""
        most = int(self._timeout_seconds * 1000)
        for name, value in (
            ("default_transaction_read_only", "on"),
            ("statement_timeout", most),
            ("lock_timeout", most),
            ("idle_in_transaction_session_timeout", most * 2),
        ):
            connection.execute(
                sa.text("SELECT set_config(:n, :v, false)"), {"n": name, "v": str(value)}
            )
        connection.commit()

    def _try_rights(self, connection: sa.Connection) -> None:
        """Refuse a login that can write at the source; raises `UpstreamError`."""
        if connection.dialect.name == "sqlite":
            return  # it is opened to be read
        if not is_postgres(connection):
            self._warn("không biết tài khoản này có quyền ghi không | its rights cannot be told")
            return
        row = connection.execute(sa.text(_CAN_WRITE), {"most": SHOWN_MAX}).one()
        rights = "; ".join(str(r) for r in row if r)
        if not rights:
            return
        vi = f"tài khoản này ghi được vào nguồn ({rights}); hãy cấp tài khoản chỉ có quyền SELECT"
        en = f"this login can write at the source ({rights}); give one with SELECT alone"
        if not self._may_write:
            raise UpstreamError(f"{vi} | {en}")
        self._warn(f"{vi} | {en}")

    def _warn(self, said: str) -> None:
        if not self._has_warned:
            log.warning("%s: %s", self._source, said, extra={"source": self._source})
        self._has_warned = True
