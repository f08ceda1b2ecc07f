"""Erasing: keys are destroyed whose originals nobody needs any more, so that nobody can read them.

An original is needed until its item was sent again or discarded, and for a stated time after that.
A key is of a sender and a day, so what of that day is still open keeps the others of it.
"""

from hub.access.seals import NAME_LENGTH, Seals
from hub.clock import DAY_US, day_of
from hub.definitions.originals import SEALED
from hub.definitions.own.rejection import REJECTION
from hub.log.log import Log
from hub.repair.items import ENDED
from hub.store.reading import Reading
from hub.store.store import Store

LENGTH = len(SEALED) + NAME_LENGTH
_ENDED = f"({','.join(repr(s) for s in ENDED)})"
# What is kept of items that were not ended before an instant, and of what was done to them.
_NEEDED = (
    "SELECT DISTINCT substr({kept}, 1, :length) FROM {table} k"
    " WHERE {kept} LIKE :sealed AND NOT EXISTS (SELECT 1 FROM repair e"
    f" WHERE e.event_id = k.event_id AND e.at < :since AND e.action IN {_ENDED})"
)


def erase(store: Store, log: Log, seals: Seals, now: int, days: int) -> int:
    """Destroy the keys of originals that were ended `days` ago; count them. `now` is in µs.

    Nothing is destroyed while rejected items are in the log that are not applied yet: whether they
    are open nobody knows; nor by two processes at once.
    """
    old = seals.older_than(day_of(now - days * DAY_US))
    if not old:
        return 0
    with store.alone("seals") as is_mine:
        if not is_mine:
            return 0
        with store.reading() as reading:
            if _is_behind(reading, log):
                return 0
            gone = old - _needed(reading, now - days * DAY_US)
        if gone:
            seals.destroy(gone)
    return len(gone)


def _is_behind(reading: Reading, log: Log) -> bool:
    """Tell whether rejected items are still to be applied, as after tables were lost."""
    positions = reading.positions(log.identity(REJECTION.topic), REJECTION.topic)
    ends = log.ends(REJECTION.topic)
    return any(positions.get(partition, 0) < end for partition, end in ends.items())


def _needed(reading: Reading, since: int) -> set[str]:
    """Name the keys of items that are open, or were ended since an instant (µs)."""
    keys: set[str] = set()
    for table, kept in (("quarantine", "original"), ("repair", "content")):
        query = _NEEDED.format(table=table, kept=kept)
        rows = reading.rows(query, sealed=f"{SEALED}%", length=LENGTH, since=since)
        keys.update(begin.removeprefix(SEALED) for (begin,) in rows)
    return keys
