"""Deliveries: who was told what of alerts, and how that went. Not a figure: survives a rebuild."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.store.tables import alert_event, bulletin, delivery

Row = dict[str, Any]
WAITING, SENT, FAILED, NOBODY = "waiting", "sent", "failed", "nobody"
DROPPED = "dropped"  # of a bulletin: it is not to be told any more
IDS_AT_ONCE = 500
OFFICERS, PEOPLE = delivery.c.wording.is_(None), delivery.c.wording.is_not(None)


def undecided(c: Connection, kinds: Sequence[str]) -> list[Row]:
    """Read the events of alerts of which it is not decided who is told, in the log's order."""
    return _undecided(c, alert_event.c.kind.in_(kinds), OFFICERS)


def unissued(c: Connection, rules: Sequence[str], kinds: Sequence[str]) -> list[Row]:
    """Read the events of some rules of which it is not decided which people are told."""
    condition = alert_event.c.rule.in_(rules) & alert_event.c.kind.in_(kinds)
    return _undecided(c, condition, PEOPLE)


def _undecided(
    c: Connection, condition: sa.ColumnElement[bool], who: sa.ColumnElement[bool]
) -> list[Row]:
    is_decided = sa.exists().where(delivery.c.event_id == alert_event.c.event_id, who)
    query = (
        sa.select(alert_event)
        .where(alert_event.c.replayed == 0, condition, ~is_decided)
        .order_by(alert_event.c.log_offset, alert_event.c.event_id)
    )
    return _rows(c, query)


def since(c: Connection, at: int) -> list[Row]:
    """Read whom it was decided since an instant to tell that an alert was raised."""
    query = (
        sa.select(delivery)
        .join(alert_event, alert_event.c.event_id == delivery.c.event_id)
        .where(alert_event.c.kind == "raised", delivery.c.decided_at >= at, OFFICERS)
        .order_by(delivery.c.decided_at, delivery.c.id)
    )
    return _rows(c, query)


def decide(c: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep whom it is decided to tell; who stands there already is not told anew."""
    ids = [r["id"] for r in rows]
    known: set[str] = set()
    for first in range(0, len(ids), IDS_AT_ONCE):
        among = delivery.c.id.in_(ids[first : first + IDS_AT_ONCE])
        known |= set(c.execute(sa.select(delivery.c.id).where(among)).scalars())
    fresh = [dict(r) for r in rows if r["id"] not in known]
    if fresh:
        c.execute(delivery.insert(), fresh)


def waiting(c: Connection, now: int) -> list[Row]:
    """Read what officers are due to be told, the oldest first."""
    query = (
        sa.select(delivery)
        .where(delivery.c.state == WAITING, delivery.c.try_at <= now, OFFICERS)
        .order_by(delivery.c.decided_at, delivery.c.id)
    )
    return _rows(c, query)


def due_bulletins(c: Connection, now: int, limit: int) -> list[Row]:
    """Read what people are due to be told, with level, kind and alert of each, the gravest first.

    What was tried before comes behind what was not, so that one who refuses holds up nobody.
    """
    gravest = sa.case((alert_event.c.level == "critical", 0), (alert_event.c.level == "warning", 1))
    query = (
        sa.select(delivery)
        .join(alert_event, alert_event.c.event_id == delivery.c.event_id)
        .where(delivery.c.state == WAITING, delivery.c.try_at <= now, PEOPLE)
        .order_by(
            sa.func.coalesce(gravest, 2), delivery.c.tries, delivery.c.decided_at, delivery.c.id
        )
        .limit(limit)
    )
    return _rows(c, query)


def told_people(c: Connection, alert: str) -> list[Row]:
    """Read the deliveries of bulletins of an alert, with the kind of the event of each."""
    query = (
        sa.select(delivery, alert_event.c.kind)
        .join(alert_event, alert_event.c.event_id == delivery.c.event_id)
        .where(delivery.c.alert == alert, PEOPLE)
    )
    return _rows(c, query)


def keep_bulletin(c: Connection, row: Mapping[str, Any]) -> None:
    """Keep what is said, once, under the digest of it."""
    if c.execute(sa.select(bulletin.c.id).where(bulletin.c.id == row["id"])).first() is None:
        c.execute(bulletin.insert(), dict(row))


def bulletin_of(c: Connection, digest: str) -> Row:
    """Read what was said, by its digest."""
    (row,) = _rows(c, sa.select(bulletin).where(bulletin.c.id == digest))
    return row


def begun(c: Connection, since: int) -> dict[tuple[str, str], int]:
    """Count the messages begun since an instant, by recipient and outlet."""
    query = (
        sa.select(
            delivery.c.recipient,
            delivery.c.outlet,
            sa.func.count(sa.distinct(delivery.c.message)),
        )
        .where(delivery.c.begun_at >= since, OFFICERS)
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


def listed(
    c: Connection, alert: str | None, limit: int, offset: int, *, to: str | None = None
) -> list[Row]:
    """Read deliveries, the latest first; of one alert, to `officers` or `people`, where named."""
    query = sa.select(delivery).order_by(delivery.c.decided_at.desc(), delivery.c.id)
    if to is not None:
        query = query.where({"officers": OFFICERS, "people": PEOPLE}[to])
    if alert is not None:
        query = query.where(delivery.c.alert == alert)
    return _rows(c, query.limit(limit).offset(offset))


def people_counted(c: Connection, alert: str | None, limit: int) -> list[Row]:
    """Count the bulletins of alerts by outlet and state, those decided last first."""
    by = (delivery.c.alert, delivery.c.outlet, delivery.c.state)
    query = sa.select(*by, sa.func.count().label("count")).where(PEOPLE).group_by(*by)
    if alert is not None:
        query = query.where(delivery.c.alert == alert)
    latest = sa.func.max(delivery.c.decided_at).desc()
    return _rows(c, query.order_by(latest, *by).limit(limit))


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
