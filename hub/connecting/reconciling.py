"""Reconciling: the records that a source says it has are held against what is here, by name.

What it finds is kept as a checkpoint, and shown with what is not here yet among what is missing.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

from hub.clock import Clock, iso, to_us
from hub.log.log import Log

LACKING_MAX = 10_000  # named of one period; the rest is counted
PERIODS_MAX = 200  # kept of one source
# Why something is not here as the source has it: it was never read; it was read and rejected; it
# is here, but as it was before its latest change; it was read, and tells nothing that counts; its
# events wait for their sender's standing.
Why = Literal["not_read", "rejected", "older", "nothing_told", "held"]


@dataclass(frozen=True)
class Lacking:
    """A record of the source that is not here as the source has it.

    `changed_at` is when it last changed, as the source writes it; `items` are rejected items that
    it left in the quarantine.
    """

    name: str
    changed_at: str
    why: Why
    items: tuple[str, ...] = ()


@dataclass
class Reconciled:
    """What a period's reconciling found: how many records the source has, and which lack here."""

    source: str
    period: str
    at: str
    records: int = 0
    lacking_count: int = 0
    lacking: list[Lacking] = field(default_factory=list)

    def add(self, page: int, lacking: Sequence[Lacking]) -> None:
        """Add a page of so many records, with those of them that lack."""
        self.records += page
        self.lacking_count += len(lacking)
        self.lacking += lacking[: LACKING_MAX - len(self.lacking)]


def begun(source: str, period: str, clock: Clock) -> Reconciled:
    """Begin a reconciling."""
    return Reconciled(source, period, str(iso(to_us(clock()))))


def keep(log: Log, reconciled: Reconciled) -> None:
    """Keep what was found, in the place of what was found of the same period before."""
    index = _index_name(reconciled.source)
    periods = [p for p in _periods(log, reconciled.source) if p != reconciled.period]
    text = json.dumps(asdict(reconciled), ensure_ascii=False)
    kept = [*periods, reconciled.period][-PERIODS_MAX:]
    name = _name(reconciled.source, reconciled.period)
    log.set_checkpoints({name: text, index: json.dumps(kept)})


def all_kept(log: Log, sources: Sequence[str]) -> list[Reconciled]:
    """Read what was found of sources, the oldest first."""
    names = [_name(s, p) for s in sources for p in _periods(log, s)]
    if not names:
        return []
    texts = log.checkpoints(names)
    return [_read(texts[n]) for n in names if n in texts]


def _read(text: str) -> Reconciled:
    fields = json.loads(text)
    lacking = [Lacking(**{**one, "items": tuple(one["items"])}) for one in fields.pop("lacking")]
    return Reconciled(**fields, lacking=lacking)


def _periods(log: Log, source: str) -> list[str]:
    periods: list[str] = json.loads(log.checkpoint(_index_name(source)) or "[]")
    return periods


def _name(source: str, period: str) -> str:
    return f"reconciled:{source}:{period}"


def _index_name(source: str) -> str:
    return f"reconciled:{source}"
