"""Deliveries: who was told what of alerts, and how that went. Not a figure: survives a rebuild."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.store.tables import alert_event, delivery

Row = dict[str, Any]
WAITING, SENT, FAILED, NOBODY = "waiting", "sent", "failed", "nobody"


def undecided(c: Connection, kinds: Sequence[str]) -> list[Row]:
    """Read the events of alerts of which it is not decided who is told, in the log's order."""
    is_decided = sa.exists().where(delivery.c.event_id == alert_event.c.event_id)
    query = (
        sa.select(alert_event)
        .where(alert_event.c.replayed == 0, alert_event.c.kind.in_(kinds), ~is_decided)
        .order_by(alert_event.c.log_offset, alert_event.c.event_id)
    )
    return _rows(c, query)


def since(c: Connection, at: int) -> list[Row]:
    """Read whom it was decided since an instant to tell that an alert was raised."""
    query = (
        sa.select(delivery)
        .join(alert_event, alert_event.c.event_id == delivery.c.event_id)
        .where(alert_event.c.kind == "raised", delivery.c.decided_at >= at)
        .order_by(delivery.c.decided_at, delivery.c.id)
    )
    return _rows(c, query)


def decide(c: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep whom it is decided to tell; who stands there already is not told anew."""
    ids = [r["id"] for r in rows]
    known = set(c.execute(sa.select(delivery.c.id).where(delivery.c.id.in_(ids))).scalars())
    fresh = [dict(r) for r in rows if r["id"] not in known]
    if fresh:
        c.execute(delivery.insert(), fresh)


def waiting(c: Connection, now: int) -> list[Row]:
    """Read what is due to be told, the oldest first."""
    query = (
        sa.select(delivery)
        .where(delivery.c.state == WAITING, delivery.c.try_at <= now)
        .order_by(delivery.c.decided_at, delivery.c.id)
    )
    return _rows(c, query)


def begun(c: Connection, since: int) -> dict[tuple[str, str], int]:
    """Count the messages begun since an instant, by recipient and outlet."""
    query = (
        sa.select(
            delivery.c.recipient,
            delivery.c.outlet,
            sa.func.count(sa.distinct(delivery.c.message)),
        )
        .where(delivery.c.begun_at >= since)
        .group_by(delivery.c.recipient, delivery.c.outlet)
    )
    return {(r[0], r[1]): int(r[2]) for r in c.execute(query)}


def change(c: Connection, ids: Iterable[str], **values: Any) -> None:
    """Change what is kept of deliveries."""
    c.execute(delivery.update().where(delivery.c.id.in_(list(ids))).values(**values))


def events_of(c: Connection, ids: Iterable[str]) -> dict[str, Row]:
    """Read events of alerts, by id."""
    query = sa.select(alert_event).where(alert_event.c.event_id.in_(list(ids)))
    return {r["event_id"]: r for r in _rows(c, query)}


def listed(c: Connection, alert: str | None, limit: int, offset: int) -> list[Row]:
    """Read deliveries, the latest first; of one alert where it is named."""
    query = sa.select(delivery).order_by(delivery.c.decided_at.desc(), delivery.c.id)
    if alert is not None:
        query = query.where(delivery.c.alert == alert)
    return _rows(c, query.limit(limit).offset(offset))


def counted(c: Connection) -> list[tuple[str, str, int, int, int]]:
    """Count deliveries: rows (outlet, state, how many, first due at, last changed at)."""
    query = (
        sa.select(
            delivery.c.outlet,
            delivery.c.state,
            sa.func.count(),
            sa.func.min(delivery.c.due_at),
            sa.func.max(delivery.c.at),
        )
        .group_by(delivery.c.outlet, delivery.c.state)
        .order_by(delivery.c.outlet, delivery.c.state)
    )
    return [(r[0], r[1], int(r[2]), int(r[3]), int(r[4])) for r in c.execute(query)]


def _rows(c: Connection, query: sa.Select[Any]) -> list[Row]:
    return [dict(r) for r in c.execute(query).mappings()]
