"""Lanes: what is asked of the upstream next, and how far each way of reading it has come.

Times are `yyyyMMddHHmmss` in Asia/Ho_Chi_Minh, as the upstream writes them. A lane is a value; it
is kept as a checkpoint.
"""

import json
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Protocol, Self

from hub.clock import VIETNAM


def stamp(at: datetime) -> str:
    """Write an instant as the upstream does."""
    return at.astimezone(VIETNAM).strftime("%Y%m%d%H%M%S")


def _read(at: str) -> datetime:
    return datetime.strptime(at, "%Y%m%d%H%M%S").replace(tzinfo=VIETNAM)


class Lane(Protocol):
    """A way of reading the upstream."""

    @property
    def name(self) -> str:
        """Which lane it is."""

    @property
    def cursor(self) -> str:
        """The cursor behind the page read last; empty before the first."""

    def asks(self) -> dict[str, str]:
        """Give the question for its next page."""

    def after(self, cursor: str, *, has_more: bool) -> "Lane":
        """Give the lane behind a page."""

    def dump(self) -> str:
        """Write it, to be read by `load`."""


@dataclass(frozen=True)
class _Kept:
    """A lane that is written as JSON."""

    def dump(self) -> str:
        """Write it, to be read by `load`."""
        return json.dumps(asdict(self))

    @classmethod
    def load(cls, text: str) -> Self:
        """Read what `dump` wrote."""
        return cls(**json.loads(text))


@dataclass(frozen=True)
class Live(_Kept):
    """Changes in their order, from `start` on."""

    start: str
    cursor: str = ""
    name = "live"

    def asks(self) -> dict[str, str]:
        """Ask by the cursor; before there is one, from the start on."""
        return {"con_tro": self.cursor} if self.cursor else {"tu_ngay": self.start}

    def after(self, cursor: str, *, has_more: bool) -> "Live":
        """Go on behind the cursor."""
        return replace(self, cursor=cursor or self.cursor)


@dataclass(frozen=True)
class Sweep(_Kept):
    """The records updated in [`start`, `until`) once more; between two sweeps there is no `until`.

    `done` is where the sweep before ended.
    """

    done: str
    start: str = ""
    until: str = ""
    cursor: str = ""
    name = "sweep"

    def due(self, now: datetime, every_seconds: float, overlap_hours: int) -> "Sweep | None":
        """Give the sweep that is under way, or the next one if it is time.

        It overlaps with the one before, however long ago that was.
        """
        if self.until:
            return self
        if now < _read(self.done) + timedelta(seconds=every_seconds):
            return None
        start = min(_read(self.done), now) - timedelta(hours=overlap_hours)
        return Sweep(self.done, stamp(start), stamp(now))

    def asks(self) -> dict[str, str]:
        """Ask for the span."""
        return span(self.start, self.until, self.cursor)

    def after(self, cursor: str, *, has_more: bool) -> "Sweep":
        """Go on in the span, or end it."""
        return replace(self, cursor=cursor) if has_more else Sweep(done=self.until)


@dataclass(frozen=True)
class History(_Kept):
    """The records updated from the day `since` to `end`, month by month; now the one of `start`."""

    since: str
    start: str
    end: str
    cursor: str = ""
    name = "history"

    @classmethod
    def of(cls, since: date, end: str, kept: str) -> "History | None":
        """Give what is left of history; it begins anew where an earlier day is asked for."""
        history = cls.load(kept) if kept else None
        if history is None or since.isoformat() < history.since:
            history = cls(since.isoformat(), f"{since:%Y%m%d}000000", end)
        return history if history.start < history.end else None

    @property
    def _until(self) -> str:
        first = _read(self.start).replace(day=1, hour=0, minute=0, second=0)
        return min(stamp((first + timedelta(days=32)).replace(day=1)), self.end)

    def asks(self) -> dict[str, str]:
        """Ask for the month."""
        return span(self.start, self._until, self.cursor)

    def after(self, cursor: str, *, has_more: bool) -> "History":
        """Go on in the month, or to the next."""
        if has_more:
            return replace(self, cursor=cursor)
        return replace(self, start=self._until, cursor="")


def span(start: str, until: str, cursor: str) -> dict[str, str]:
    """Ask for a page of the records updated in a span, behind a cursor if there is one."""
    asked = {"tu_ngay": start, "den_ngay": until}
    return asked | {"con_tro": cursor} if cursor else asked


def started(now: datetime, overlap_hours: int) -> tuple[Live, Sweep]:
    """Give the lanes of a source that was never read: live begins where a sweep would."""
    return Live(stamp(now - timedelta(hours=overlap_hours))), Sweep(done=stamp(now))
