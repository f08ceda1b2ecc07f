"""Silence: for how long who owes something has not been heard of, by the duties in force.

A sender is heard when events of the contract that it owes are accepted. Of a party (a bank, a
station, a receiving unit) that others may pass on, what came speaks up to the end of a day, month
or year; since then it is silent. Who was never heard is silent since it owes, and since that is
known.
"""

from typing import NamedTuple

from hub.clock import DAY_US, OFFSET_US, day_of, day_start
from hub.definitions.source import Source
from hub.figures.arrived import spoken_until
from hub.figures.book import Book

DUTIES = "duties"  # the list, by its form's name


class Silence(NamedTuple):
    """Of what is owed, how long nothing came, in microseconds; None: nobody knows since when."""

    source: Source
    silent_us: int | None

    @property
    def is_late(self) -> bool:
        """Whether that is longer than the duty allows."""
        return self.silent_us is None or self._share > 1

    @property
    def _share(self) -> float:
        if self.silent_us is None:
            return float("inf")
        return self.silent_us / (self.source.silence_seconds_max * 1_000_000)

    def or_longer(self, other: "Silence | None") -> "Silence":
        """Give the one of two that is longer, measured by what each duty allows."""
        return other if other is not None and other._share > self._share else self


def silences(book: Book, at: int) -> dict[str, Silence]:
    """Give by label (sender, party) the longest silence among the duties in force at an instant."""
    today = day_of(at)
    known_since = max(
        (when for name, when, *_ in book.reading.list_acts() if name == DUTIES), default=None
    )
    out: dict[str, Silence] = {}
    for source in book.sources.values():
        if source.since is not None and day_of(day_start(source.since)) > today:
            continue  # it owes nothing yet
        if source.until is not None and day_of(day_start(source.until)) <= today:
            continue  # it owes nothing any more
        longest = Silence(source, _silent_us(book, source, at, known_since))
        out[source.label] = longest.or_longer(out.get(source.label))
    return out


def _silent_us(book: Book, source: Source, at: int, known_since: int | None) -> int | None:
    heard_at = last_heard(book, source)
    if heard_at is None:
        owed = None if source.since is None else day_start(source.since)
        since = [when for when in (owed, known_since) if when is not None]
        heard_at = max(since, default=None)
    return None if heard_at is None else max(0, at - heard_at)


def last_heard(book: Book, source: Source) -> int | None:
    """Give when a sender's events were accepted last, or up to when those of a party speak."""
    if not source.party:
        return book.heard.get((source.contract, source.name))
    day = spoken_until(book.arrivals.of_source(source))
    return None if day is None else day * DAY_US - OFFSET_US
