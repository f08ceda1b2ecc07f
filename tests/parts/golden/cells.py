"""Says what each cell of a day holds, in the names that `hub explain` gives them."""

from collections import defaultdict
from collections.abc import Callable, Iterator

from tests.parts.golden.counting import Pack, is_on_time
from tests.parts.golden.plain import DAY, DECIDED, Dossier, day_of, midnight

Cell = tuple[str, int, str]  # the set, the day, the values of its dimensions
Sums = dict[Cell, tuple[int, int]]  # how many dossiers, and the sum of their values
Counted = tuple[str, int, int, tuple[tuple[str, ...], ...]]
RECEIVER = (("channel", "service_level"), ("received_by",))
RESOLVER = (("channel", "service_level"), ("resolved_by",))


def overdue_since(d: Dossier) -> int | None:
    """When it begins to be overdue: with the last microsecond of the due day (decision 0004)."""
    if d.due is None or d.received_at is None:
        return None
    since = max(midnight(d.due) + DAY - 1, d.received_at)
    return since if d.left_at is None or d.left_at > since else None


def counts_of(d: Dossier) -> Iterator[Counted]:
    """Say what a dossier adds: measure, instant, value, and the sets of dimensions."""
    if d.received_at is None:
        if d.first_at is not None:
            yield "without_reception", d.first_at, 0, ((),)
        return
    yield "received", d.received_at, 0, RECEIVER
    if d.left_at is not None and d.ended_at is not None:
        yield "left", d.left_at, 0, RECEIVER
        if d.end_kind in DECIDED:
            name = "resolved_without_due" if d.due is None else "resolved"
            yield name, d.ended_at, int(is_on_time(d)), RESOLVER
    since = overdue_since(d)
    if since is not None:
        yield "overdue_began", since, 0, RECEIVER
        if d.left_at is not None:
            yield "overdue_left", d.left_at, 0, RECEIVER
    if d.synced_at is not None:
        yield "synced", max(d.synced_at, d.received_at), 0, RECEIVER
    if d.rated_at is not None:
        yield "rated", d.rated_at, int(bool(d.is_satisfied)), RECEIVER


def cells(pack: Pack) -> Sums:
    """Sum what all dossiers add, by the day of its instant."""
    value: dict[str, Callable[[Dossier], str | None]] = {
        "channel": lambda d: d.channel,
        "service_level": lambda d: d.service_level,
        "received_by": lambda d: d.received_by,
        "resolved_by": lambda d: d.resolved_by,
    }
    summed: dict[Cell, list[int]] = defaultdict(lambda: [0, 0])
    for d in pack.all:
        for measure, at, worth, sets in counts_of(d):
            for dims in sets:
                text = ",".join(f"{name}={value[name](d) or ''}" for name in dims)
                cell = summed[f"dossier.{measure}/{'+'.join(dims)}", day_of(at), text]
                cell[0] += 1
                cell[1] += worth
    return {cell: (n, worth) for cell, (n, worth) in summed.items()}
