"""How many dossiers and events of each sort the synthetic year has: the published volumes."""

from typing import NamedTuple

# The demo's volumes at scale 1. The first five follow from published figures of 2023; of the
# answers only their share of 92,27 % is published.
NEW = 599_888
ONLINE = 213_995
CARRIED_OVER = 5_971
EARLIER = 261_568
SYNCED = 453_908
RATED = 10_000
SATISFIED = 9_227
SYNCED_AFTER_YEAR_END = 18_000


class Volumes(NamedTuple):
    """How many dossiers or events of each sort there are at a scale."""

    new: int
    carried_over: int
    earlier: int
    online: tuple[int, int, int]
    unended: tuple[int, int]
    ends: tuple[int, int, int, int]
    returned: int
    supplemented: int
    due_changed: int
    synced: int
    synced_late: int
    sync_failed: int
    rated: int
    satisfied: int

    @property
    def dossiers(self) -> int:
        """All dossiers."""
        return self.new + self.carried_over + self.earlier

    @property
    def distinct(self) -> int:
        """Events without the repeats."""
        work = 2 * (self.dossiers + self.supplemented) + self.due_changed
        ends = sum(self.ends) + self.returned + self.rated
        return sum(self.online) + work + ends + self.synced + self.synced_late + self.sync_failed

    @property
    def repeats(self) -> int:
        """Events that are sent once more, unchanged."""
        return round(0.003 * self.distinct)


def volumes(scale: float) -> Volumes:
    """Give the volumes at `scale` (1 = the published year). `ValueError` unless it is positive."""
    if not scale > 0:
        raise ValueError(f"scale must be positive, not {scale}")
    new, carried, earlier = (round(n * scale) for n in (NEW, CARRIED_OVER, EARLIER))
    dossiers = new + carried + earlier
    unended = (round(0.008 * new), round(0.01 * carried))
    ended = dossiers - sum(unended)
    refused, withdrawn, stopped = (round(share * ended) for share in (0.01, 0.006, 0.002))
    resolved = ended - refused - withdrawn - stopped
    synced = min(round(SYNCED * scale), dossiers)
    return Volumes(
        new=new,
        carried_over=carried,
        earlier=earlier,
        online=(round(ONLINE * scale), round(0.3 * carried), round(0.22 * earlier)),
        unended=unended,
        ends=(resolved, refused, withdrawn, stopped),
        returned=round(0.92 * resolved),
        supplemented=round(0.05 * dossiers),
        due_changed=round(0.03 * dossiers),
        synced=synced,
        synced_late=min(round(SYNCED_AFTER_YEAR_END * scale), dossiers - synced),
        sync_failed=round(0.02 * dossiers),
        rated=round(RATED * scale),
        satisfied=round(SATISFIED * scale),
    )
