"""Kept cuts: where the log stood at each commit, found by instant, and thinned as they grow old."""

import math
import time

import polars as pl
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.clock import DAY_US, OFFSET_US, Clock, to_us
from hub.log.cut import Cut, read_cut
from hub.store.reading import Reading
from hub.store.store import Store
from hub.store.tables import closing, cut, cut_aside, cut_heard

HOUR_US = 3_600_000_000
EVERY_COMMIT_US = 48 * HOUR_US
EVERY_HOUR_US = 90 * DAY_US


class NoCutError(LookupError):
    """No cut is kept that early, or the log of that time is another one."""


def find_cut(reading: Reading, instant: int, now: int) -> Cut:
    """Find the last kept cut not after an instant; raise `NoCutError`.

    Kept are: every commit of 48 hours, the last one of each local hour of 90 days, the last one of
    each local day before. Older ones do not answer, whether they are deleted yet or not.
    """
    at = _latest(reading, instant)
    while at is not None and (bucket := _bucket(at, now)) is not None:
        start, end = bucket
        if _latest(reading, end - 1) == at:
            break
        at = _latest(reading, start - 1)
    if at is None:
        raise NoCutError(instant)
    return cut_at(reading, at)


def latest_cut(reading: Reading) -> Cut | None:
    """Read the cut of a snapshot; None where nothing was ever applied."""
    at = _latest(reading, 2**62)
    return None if at is None else cut_at(reading, at)


def _latest(reading: Reading, until: int) -> int | None:
    ((found,),) = reading.rows("SELECT MAX(at) FROM cut WHERE at <= :until", until=until)
    return None if found is None else int(found)


def _bucket(at: int, now: int) -> tuple[int, int] | None:
    """Give the stretch [start, end) of which the last cut alone is kept; None: each is."""
    if now - at <= EVERY_COMMIT_US:
        return None
    size = HOUR_US if now - at <= EVERY_HOUR_US else DAY_US
    start = (at + OFFSET_US) // size * size - OFFSET_US
    return start, start + size


def cut_at(reading: Reading, at: int) -> Cut:
    """Read the cut of a commit."""
    rows = reading.rows(
        "SELECT log, topic, partition, MAX(next_offset) FROM cut WHERE at <= :at GROUP BY 1, 2, 3",
        at=at,
    )
    return Cut(at, {(log, topic, partition): int(n) for log, topic, partition, n in rows})


class Thinning:
    """Thins a store's history once an hour."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._due = -math.inf

    def now_and_then(self) -> None:
        """Thin, if an hour went by; call as often as you like."""
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + HOUR_US / 1e6
            thin(self._store, to_us(self._clock()))


def thin(store: Store, now: int) -> int:
    """Delete cuts that do not answer any more, and join what they kept apart; count them.

    The cuts of closed periods stay apart for ever.
    """
    with store.administering() as c:
        before = c.execute(sa.select(sa.func.count()).select_from(cut)).scalar() or 0
        for size, since in ((HOUR_US, now - EVERY_COMMIT_US), (DAY_US, now - EVERY_HOUR_US)):
            c.execute(_DELETE_CUTS, {"size": size, "shift": OFFSET_US, "since": since})
        after = c.execute(sa.select(sa.func.count()).select_from(cut)).scalar() or 0
        if after < before:
            closed = {
                (*place, n)
                for (text,) in c.execute(sa.select(closing.c.cut))
                for place, n in store.succession.brought_up(read_cut(text)).positions.items()
            }
            for table, rules in (
                (cut_aside, {"count": "+"}),
                (cut_heard, {"accepted_at": "max", "horizon": "max"}),
            ):
                _join(store, c, table, rules, closed)
    return int(before - after)


_DELETE_CUTS = sa.text(
    "DELETE FROM cut WHERE (log, topic, partition, next_offset) IN ("
    " SELECT log, topic, partition, next_offset FROM ("
    "  SELECT log, topic, partition, next_offset, at, ROW_NUMBER() OVER ("
    "   PARTITION BY log, topic, partition, (at + :shift) / :size ORDER BY next_offset DESC"
    "  ) AS place FROM cut) AS placed"
    " WHERE place > 1 AND at < :since)"
)


def _join(
    store: Store,
    c: Connection,
    table: sa.Table,
    rules: dict[str, str],
    closed: set[tuple[str, str, int, int]],
) -> None:
    """Give rows whose cut is gone to the next one that is there."""
    own = (cut.c.log, cut.c.topic, cut.c.partition)
    theirs = (table.c.log, table.c.topic, table.c.partition)
    same = [a == b for a, b in zip(own, theirs, strict=True)]
    is_kept = sa.exists().where(*same, cut.c.next_offset == table.c.next_offset)
    following = (
        sa.select(sa.func.min(cut.c.next_offset))
        .where(*same, cut.c.next_offset > table.c.next_offset)
        .scalar_subquery()
    )
    moved = []
    for row in c.execute(sa.select(table, following.label("to")).where(~is_kept)).mappings():
        place = (row["log"], row["topic"], row["partition"])
        closes = [n for *where, n in closed if tuple(where) == place and n >= row["next_offset"]]
        to = min(closes, default=row["to"]) if row["to"] is None else min([*closes, row["to"]])
        if to is not None and to != row["next_offset"]:
            moved.append((row, to))
    if not moved:
        return
    keys = [k.name for k in table.primary_key]
    gone = sa.delete(table).where(*(table.c[k] == sa.bindparam(f"old_{k}") for k in keys))
    c.execute(gone, [{f"old_{k}": row[k] for k in keys} for row, _ in moved])
    values = [k for k in rules if k in table.c]
    frame = pl.DataFrame(
        [{**{k: row[k] for k in (*keys, *values)}, "next_offset": to} for row, to in moved]
    )
    summed = [pl.col(v).sum() if rules[v] == "+" else pl.col(v).max() for v in values]
    store.database.merge(c, table, frame.group_by(keys).agg(summed), rules)
