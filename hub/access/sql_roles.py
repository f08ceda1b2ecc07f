"""SQL roles: logins of PostgreSQL that read the SQL views, each in its units, and nothing else.

Role and row are made and taken away in one transaction. A role that a row does not name, or whose
time is over, sees no fact, whatever else it may.
"""

import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.access.grounds import NAMES, NOTHING_SAID, Grounds
from hub.clock import Clock, iso, to_us
from hub.store.postgres import Postgres
from hub.store.sql_views import NAME
from hub.store.store import Store
from hub.store.tables import sql_role
from hub.troubles import RefusedError, TroubleError

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
CONNECTIONS_MAX = 10
SECONDS_MAX = 60  # of a question, and of a transaction in which nothing is asked
_MAY_NOT = "42501"  # insufficient_privilege
_HAS_SOMETHING = "2BP01"  # dependent_objects_still_exist


@dataclass(frozen=True)
class SqlRole:
    """A role as it is listed: units by commas, none being the whole province."""

    role: str
    units: tuple[str, ...]
    created_at: int
    expires_at: int | None
    grounds: Grounds = NOTHING_SAID


class MayNotError(TroubleError):
    """The hub's own role may not make others."""


def create(
    store: Store,
    clock: Clock,
    role: str,
    units: Collection[str],
    expires_at: int | None = None,
    grounds: Grounds = NOTHING_SAID,
) -> str:
    """Make a role that reads in some units, none being the whole province; give its password.

    The server is told the password's SCRAM verifier alone. Raises `RefusedError` for a name that
    is not allowed or there already, and without PostgreSQL; `MayNotError`.
    """
    database = _postgres(store)
    if not _NAME.fullmatch(role) or role.startswith("pg_"):
        raise RefusedError(
            "role_name",
            f"{role}: tên vai trò gồm chữ thường a-z, số, gạch dưới, bắt đầu bằng chữ, tối đa 63"
            " ký tự, không bắt đầu bằng pg_, ví dụ bi_so_tu_phap",
            f"{role}: a role is named by a-z, digits and underscores, a letter first, 63 characters"
            " at most, not beginning with pg_, such as bi_so_tu_phap",
            "role",
            role,
        )
    password = secrets.token_urlsafe(24)
    with store.administering() as c:
        if c.exec_driver_sql("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).first():
            raise RefusedError(
                "role_exists",
                f"{role}: đã có vai trò này; hãy chọn tên khác, hoặc hub sql revoke {role}",
                f"{role}: there is such a role; choose another name, or hub sql revoke {role}",
                "role",
                role,
            )
        try:
            for statement in _making(c, role, password, expires_at):
                c.exec_driver_sql(statement)
        except sa.exc.DBAPIError as error:
            raise _named(error) from error
        c.execute(
            sql_role.insert().values(
                role=role,
                units=",".join(sorted(units)),
                created_at=to_us(clock()),
                expires_at=expires_at,
                **grounds.written(),
            )
        )
        database.let_read(c, role)
    return password


def listed(store: Store) -> list[SqlRole]:
    """List the roles, oldest first."""
    query = sql_role.select().order_by(sql_role.c.created_at)
    with store.reading() as reading:
        rows = reading.connection.execute(query).mappings().all()
    units = {r["role"]: tuple(u for u in r["units"].split(",") if u) for r in rows}
    return [
        SqlRole(
            r["role"],
            units[r["role"]],
            r["created_at"],
            r["expires_at"],
            Grounds(**{n: r[n] for n in NAMES}),
        )
        for r in rows
    ]


def describe(store: Store, role: str, grounds: Grounds) -> bool:
    """Say anew on what grounds a role reads, where something is said; tell whether it is known."""
    with store.administering() as c:
        done = c.execute(
            sql_role.update().where(sql_role.c.role == role).values(**grounds.written())
        )
        return bool(done.rowcount)


def revoke(store: Store, role: str) -> bool:
    """Take a role away that was made here; tell whether there was one. Raises `MayNotError`.

    One that still has something, a temporary table of an open session, is left there without login.
    """
    database = _postgres(store)
    with store.administering() as c:
        done = c.execute(sql_role.delete().where(sql_role.c.role == role)).rowcount
        there = c.exec_driver_sql("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).first()
        if done and there:
            try:
                database.let_read_no_more(c, role)
                c.exec_driver_sql(f'ALTER ROLE "{role}" NOLOGIN')
                with c.begin_nested():
                    c.exec_driver_sql(f'DROP ROLE "{role}"')
            except sa.exc.DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) != _HAS_SOMETHING:
                    raise _named(error) from error
    return bool(done)


def _making(c: Connection, role: str, password: str, expires_at: int | None) -> list[str]:
    """Write how a role is made that reads, and not for long at a time."""
    raw: Any = c.connection.driver_connection
    verifier = raw.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
    until = "" if expires_at is None else f" VALID UNTIL '{iso(expires_at)}'"
    name = f'"{role}"'
    database = str(c.exec_driver_sql("SELECT quote_ident(current_database())").scalar())
    mine = str(c.exec_driver_sql("SELECT current_schema()").scalar())
    path = NAME if mine == "public" else f"{mine}_{NAME}"
    settings = {
        "search_path": f'"{path}"',
        "default_transaction_read_only": "on",
        "statement_timeout": f"'{SECONDS_MAX}s'",
        "idle_in_transaction_session_timeout": f"'{SECONDS_MAX}s'",
        "timezone": "'Asia/Ho_Chi_Minh'",
    }
    return [
        f"CREATE ROLE {name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT"
        f" CONNECTION LIMIT {CONNECTIONS_MAX} PASSWORD '{verifier.decode()}'{until}",
        *(
            f"ALTER ROLE {name} IN DATABASE {database} SET {setting} = {value}"
            for setting, value in settings.items()
        ),
    ]


def _postgres(store: Store) -> Postgres:
    if not isinstance(store.database, Postgres):
        raise RefusedError(
            "no_sql_views",
            "khung nhìn SQL chỉ có với PostgreSQL: đặt HUB_KAFKA_BOOTSTRAP và HUB_DATABASE_URL",
            "SQL views are PostgreSQL's alone: set HUB_KAFKA_BOOTSTRAP and HUB_DATABASE_URL",
        )
    return store.database


def _named(error: sa.exc.DBAPIError) -> Exception:
    if getattr(error.orig, "sqlstate", None) != _MAY_NOT:
        return error
    return MayNotError(
        "vai trò của trục trong PostgreSQL không được tạo vai trò khác; quản trị viên chạy ALTER"
        " ROLE … CREATEROLE cho vai trò trong HUB_DATABASE_URL | the hub's role in PostgreSQL may"
        " not make others; its administrator runs ALTER ROLE … CREATEROLE for the role in"
        " HUB_DATABASE_URL"
    )
