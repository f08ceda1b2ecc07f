"""Tags: entity tags of questions that are asked again and again, made anew only after commits.

Who asks is told what holds at that instant or later, never what held before: a tag is given again
only where the database says that nothing was committed since. SQLite says so at once. PostgreSQL is
asked, once for all who came while it was asked for others, and in a thread of its own, so that
nobody waits behind long questions or large bodies.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from hub.clock import to_us
from hub.figures.book import Book
from hub.figures.unchanged import RUNNING_US
from hub.opening import OpenHub

KEPT_MAX = 2_000
# Makes a tag of a snapshot, as of an instant.
Make = Callable[[Book, int], str]


@dataclass
class Kept:
    """A tag as it was made: of which snapshot, in which tick of the clock.

    `seen` is what the database said at once before that snapshot was opened; None: it cannot.
    """

    make: Make
    seen: int | None = None
    snapshot: Any = None
    tick: int = -1
    tag: str = ""


@dataclass
class Asked:
    """Who waits for a tag, as of the instant `now`."""

    kept: Kept
    now: int
    answer: "asyncio.Future[str]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    @property
    def tick(self) -> int:
        """The tick of the clock: what figures hang on changes by the clock with it alone."""
        return self.now // RUNNING_US


class Tags:
    """Keeps the tags of questions, for all who ask."""

    def __init__(self, hub: OpenHub) -> None:
        self._hub = hub
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._waiting: list[Asked] = []
        self._looking: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, "tags")

    async def of(self, question: str, make: Make) -> str:
        """Give the tag of a question, as what `make` makes; raises what that raises."""
        kept = self._kept.get(question)
        if kept is None:
            kept = self._kept[question] = Kept(make)
            if len(self._kept) > KEPT_MAX:
                self._kept.popitem(last=False)
        self._kept.move_to_end(question)
        asked = Asked(kept, to_us(self._hub.clock()))
        is_known = kept.seen is not None and asked.tick == kept.tick
        if is_known and self._hub.store.database.seen() == kept.seen:
            return kept.tag
        self._waiting.append(asked)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        return await asked.answer

    async def _look(self) -> None:
        try:
            while self._waiting:
                waiting, self._waiting = self._waiting, []
                loop, seen = asyncio.get_running_loop(), None
                try:
                    seen = self._hub.store.database.seen()
                    found = await loop.run_in_executor(self._thread, self._made, waiting)
                except Exception as error:  # whoever waits is told, as who asks the database is
                    found = [error] * len(waiting)
                for asked, one in zip(waiting, found, strict=True):
                    if asked.answer.done():  # whoever waited may have gone
                        continue
                    if isinstance(one, Exception):
                        asked.answer.set_exception(one)
                        continue
                    asked.kept.seen = seen
                    asked.answer.set_result(one)
        finally:
            self._looking = None

    def _made(self, waiting: Sequence[Asked]) -> list[str | Exception]:
        """Make the tags of one snapshot, those alone that may be others."""
        made: list[str | Exception] = []
        with self._hub.store.reading() as reading:
            snapshot, book = reading.snapshot(), self._hub.book(reading)
            for asked in waiting:
                kept = asked.kept
                try:
                    if kept.snapshot != snapshot or kept.tick != asked.tick:
                        kept.tag = kept.make(book, asked.now)
                        kept.snapshot, kept.tick = snapshot, asked.tick
                    made.append(kept.tag)
                except Exception as error:
                    made.append(error)
        return made
