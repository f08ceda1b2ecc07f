"""Raised: the alerts that log and clock have, each under an id that a replay makes again."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from hub.alerts.episodes import Episode, Rules, episodes
from hub.alerts.rule import MINUTE_US, Rule
from hub.clock import day_of, from_us, iso_day
from hub.definitions.contract import Doc
from hub.figures.book import Book


@dataclass(frozen=True)
class Raised:
    """An alert as log and clock have it: an episode of a rule."""

    rule: Rule
    episode: Episode
    unit: str | None = None

    @property
    def id(self) -> str:
        """Its id: a digest of rule, subject and begin."""
        return digest(self.rule.id, self.episode.subject, self.episode.raised_at)

    @property
    def value(self) -> int:
        """Its value in thousandths: the first that was over, and of one that is over the worst."""
        return self.episode.value if self.episode.cleared_at is None else self.episode.worst

    def escalates_at(self) -> int | None:
        """Tell when it escalates unless it is acknowledged; None where it never does."""
        minutes, episode = self.rule.escalate_minutes, self.episode
        at = episode.raised_at + minutes * MINUTE_US
        is_over = episode.cleared_at is not None and episode.cleared_at <= at
        return at if minutes and not is_over else None

    def link(self) -> str:
        """Give the path of the page to look at, with its subject and begin."""
        since = f"{from_us(self.episode.raised_at):%Y-%m-%dT%H:%M}"
        return self.rule.link.format(subject=quote(self.episode.subject), since=since)

    def text(self) -> Doc:
        """Say what to tell, in words."""
        at = f"{from_us(self.episode.raised_at):%d/%m/%Y %H:%M}"
        numbers = self.value, self.episode.threshold
        vi, en = ([decimal(n, mark) for n in numbers] for mark in (",", "."))
        said = {"subject": self.episode.subject, "at": at}
        return Doc(
            self.rule.text.vi.format(value=vi[0], threshold=vi[1], **said),
            self.rule.text.en.format(value=en[0], threshold=en[1], **said),
        )


def find(rule: Rule, book: Book, now: int, rules: Rules = "then") -> list[Raised]:
    """Find a rule's alerts as of an instant, by the limits of then or by today's."""
    until = rule.instant(now)
    points = rule.series.read(book, until)
    found = episodes(points, rule.limits, until, rules)
    return [Raised(rule, episode, _unit(book, episode)) for episode in found]


def _unit(book: Book, episode: Episode) -> str | None:
    """Find the unit that a subject names, whole or as a part of it (sender/unit)."""
    units, day = book.reference.units, iso_day(day_of(episode.raised_at))
    parts = episode.subject.split("/") if units is not None else []
    return next((p for p in parts if units is not None and units.named(p, day)), None)


def find_all(rules: Iterable[Rule], book: Book, now: int, by: Rules = "then") -> list[Raised]:
    """Find the alerts of several rules."""
    return [found for rule in rules for found in find(rule, book, now, by)]


def digest(*parts: Any) -> str:
    """Digest what an alert or an event of it is: BLAKE2b (RFC 7693), 10 bytes."""
    text = "\x1f".join(map(str, parts))
    return hashlib.blake2b(text.encode(), digest_size=10).hexdigest()


def decimal(milli: int, mark: str = ".") -> str:
    """Write thousandths as a decimal, without zeros at its end."""
    whole, rest = divmod(abs(milli), 1000)
    sign = "-" if milli < 0 else ""
    return f"{sign}{whole}" + (f"{mark}{rest:03}".rstrip("0") if rest else "")
