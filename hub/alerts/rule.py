"""Rules: which series is watched, from where on somebody is told, and a worked example by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import polars as pl

from hub.definitions.contract import Doc
from hub.definitions.own.alert import Level
from hub.figures.book import Book
from hub.reference.form import Row

MINUTE_US = 60_000_000
# A series: of each subject, what it was worth when. `value` and `threshold` are in thousandths of
# the rule's unit. `state` says by itself whether it is over (1), is not (0) or leaves it as it was
# (null); where it is null all over, `Limits` say so.
SERIES = {
    "subject": pl.String,
    "at": pl.Int64,
    "value": pl.Int64,
    "threshold": pl.Int64,
    "state": pl.Int8,
}


class Series(Protocol):
    """What a rule watches."""

    @property
    def contract(self) -> str:
        """The contract whose events it hangs on, empty where on more than those of one."""

    def read(self, book: Book, until: int) -> pl.DataFrame:
        """Give the points (`SERIES`) that the book knows, at instants up to `until`, in any order.

        What is given up to an instant is the same whatever `until` beyond it is asked.
        """


@dataclass(frozen=True)
class Limits:
    """From where on a value is over, and below which it is no more, in thousandths.

    In force from the local day `since` on. It is told once the value was over for `for_minutes`,
    and ends when it was below `clear` and not over again within `quiet_minutes`, so that a tide
    makes one alert and not two a day. `is_low`: the least value is the worst.
    """

    over: int = 1
    clear: int = 1
    for_minutes: int = 0
    quiet_minutes: int = 0
    is_low: bool = False
    since: str = "1900-01-01"


@dataclass(frozen=True)
class Example:
    """A worked example, by hand: which episodes (subject, begin, end or None) there must be.

    What happened are `events` that `sender` posts under `contract`, accepted at `accepted_at`, or
    `points` of the series where no event can bring them about. It is looked at `at`. `reference`
    replaces lists.
    """

    why: str
    at: str
    raised: Sequence[tuple[str, str, str | None]]
    events: Sequence[dict[str, Any]] = ()
    points: Sequence[tuple[str, str, int, int]] = ()  # subject, when, value, state
    contract: str = ""
    sender: str = ""
    accepted_at: str = ""
    reference: Mapping[str, list[Row]] = field(default_factory=dict)


@dataclass(frozen=True)
class Rule:
    """A rule. Its id is the name of its file.

    It is looked at every `every_minutes` of the clock, counted from midnight. `text` says what to
    tell, with places for `subject`, `value`, `threshold` and `at`. Who has not acknowledged within
    `escalate_minutes` is not the last to be told (0: never). `link` is the page to look at, with
    places for `subject` and `since`, the local minute of its begin.
    """

    title: Doc
    question: Doc
    text: Doc
    level: Level
    owner: str
    subject_kind: str
    measure_unit: str
    series: Series
    limits: tuple[Limits, ...]
    examples: tuple[Example, ...]
    every_minutes: int = 5
    escalate_minutes: int = 0
    link: str = "/"
    id: str = ""

    def named(self, name: str) -> "Rule":
        """Give the rule its id. Raises `TypeError` where its limits are not in order."""
        days = [limits.since for limits in self.limits]
        if not days or days != sorted(set(days)) or any(li.clear > li.over for li in self.limits):
            raise TypeError(f"{name}: limits must follow on each other, and clear below over")
        return replace(self, id=name)

    def instant(self, now: int) -> int:
        """Give the last instant of the rule's grid: no other is ever looked at."""
        step = self.every_minutes * MINUTE_US
        return now // step * step
