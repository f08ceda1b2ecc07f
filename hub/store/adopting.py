"""Adopting: a store that was applied from a log goes on with the one that was restored from it.

The restored log has the same records at the same offsets under an identity of its own, so positions
and kept cuts are named by it from then on.
"""

from collections.abc import Callable

from hub.log.succession import Succession
from hub.store.store import Store
from hub.store.tables import HISTORY, position
from hub.troubles import TroubleError


class OtherLogError(TroubleError):
    """The store was applied from a log that is not the one here."""


def check_known(store: Store, is_known: Callable[[str, str], bool]) -> None:
    """Raise `OtherLogError` where the store was applied from a log of a topic that is not known.

    Else events of two logs would add up to one figure.
    """
    for log, topic in _applied(store):
        if not is_known(log, topic):
            raise OtherLogError(
                f"cơ sở dữ liệu đã tính từ nhật ký {log} ({topic}), không phải nhật ký ở đây; nếu"
                " nhật ký ấy đã mất, chạy `hub restore` từ kho lưu trữ của nó; nếu muốn tính lại"
                " từ đầu, chạy `hub rebuild --replace` |"
                f" the database was applied from the log {log} ({topic}), not from the one here;"
                " where that log is lost, run `hub restore` with its archive; to count anew from"
                " the one here, run `hub rebuild --replace`"
            )


def adopt(store: Store, succession: Succession, identity: Callable[[str], str]) -> bool:
    """Go on with the log here where it was restored from the one that was applied.

    Gives False, and changes nothing, where more was applied than could be restored: then the
    tables say more than the log, and are to be made anew.
    """
    older = {
        place: at
        for place, at in _applied(store).items()
        if place[1] in {r.topic for r in succession.restored} and place[0] != identity(place[1])
    }
    for (log, topic), at in older.items():
        ends: dict[int, int] | None = None
        for step in succession.ancestors(identity(topic), topic):
            # No further than the least that any restoration since then brought.
            before = step.followings if ends is None else ends
            ends = {p: min(n, step.followings.get(p, 0)) for p, n in before.items()}
            if step.predecessor == log:
                break
        else:
            return False
        if any(n > ends.get(partition, 0) for partition, n in at.items()):
            return False
    if older:
        with store.administering() as c:
            for log, topic in older:
                for table in (position, *HISTORY):
                    is_older = (table.c.log == log) & (table.c.topic == topic)
                    c.execute(table.update().where(is_older).values(log=identity(topic)))
        store.kept.clear()
    return True


def _applied(store: Store) -> dict[tuple[str, str], dict[int, int]]:
    """Give what was applied, by log and topic: the next offset of each partition."""
    at: dict[tuple[str, str], dict[int, int]] = {}
    with store.reading() as reading:
        for log, topic, partition, n in reading.rows(
            "SELECT log, topic, partition, next_offset FROM position WHERE next_offset > 0"
        ):
            at.setdefault((log, topic), {})[partition] = int(n)
    return at
