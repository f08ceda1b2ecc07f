"""Runs of scheduled reports: what was due, given and not. Not a figure: survives a rebuild."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.store.tables import report_run

Row = dict[str, Any]
WAITING, SENT, FAILED = "waiting", "sent", "failed"
OWN = ("id", "name", "report", "unit", "outlet", "address", "due_at")


def decide(c: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep what is due; what stands there already is not due anew."""
    ids = [r["id"] for r in rows]
    query = sa.select(report_run.c.id).where(report_run.c.id.in_(ids))
    known = set(c.execute(query).scalars()) if ids else set()
    fresh = [dict(r) for r in rows if r["id"] not in known]
    if fresh:
        c.execute(report_run.insert(), fresh)


def waiting(c: Connection, now: int) -> list[Row]:
    """Read what is to be given now, what was due first before."""
    query = (
        sa.select(report_run)
        .where(report_run.c.state == WAITING, report_run.c.try_at <= now)
        .order_by(report_run.c.due_at, report_run.c.id)
    )
    return [dict(r) for r in c.execute(query).mappings()]


def change(c: Connection, run: str, **values: Any) -> None:
    """Change what is kept of a run."""
    c.execute(report_run.update().where(report_run.c.id == run).values(**values))


def listed(c: Connection, limit: int) -> list[Row]:
    """Read runs, the latest due first."""
    query = sa.select(report_run).order_by(report_run.c.due_at.desc(), report_run.c.id)
    return [dict(r) for r in c.execute(query.limit(limit)).mappings()]
