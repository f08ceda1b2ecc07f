"""Attempts: what was tried by which outlet and when, for two days. Survives a rebuild."""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.store.tables import attempt


def note(c: Connection, outlet: str, message: str, at: int) -> None:
    """Keep that a message is tried by an outlet."""
    c.execute(attempt.insert(), {"outlet": outlet, "message": message, "at": at})


def since(c: Connection, outlet: str, at: int) -> list[int]:
    """Read when anything was tried by an outlet from an instant on."""
    query = sa.select(attempt.c.at).where(attempt.c.outlet == outlet, attempt.c.at >= at)
    return [int(r[0]) for r in c.execute(query)]


def forget(c: Connection, before: int) -> None:
    """Forget what was tried before an instant."""
    c.execute(attempt.delete().where(attempt.c.at < before))
