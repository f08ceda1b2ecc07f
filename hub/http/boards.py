"""Boards for the page, computed once for all who follow a period, and streamed as they change."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from hub.board import board
from hub.clock import to_us
from hub.figures.book import years
from hub.figures.kpi import Kpi
from hub.figures.official import as_known
from hub.opening import OpenHub
from hub.reference.periods import Period

INTERVAL_SECONDS = 1.0
IDLE_SECONDS = 15.0
PERIODS_MAX = 64

Progress = Callable[[], dict[str, Any] | None]


@dataclass(frozen=True)
class Kept:
    """A board that was computed: when, in how many seconds, after how many commits."""

    made_at: float
    took: float
    commits: int
    body: dict[str, Any]


class Boards:
    """Computes the board of a period once for everybody who follows it."""

    def __init__(self, hub: OpenHub) -> None:
        self._hub = hub
        self._kept: dict[str, Kept] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    def catalogue(self, period: Period | None, as_of: int | None, now: int) -> dict[str, Any]:
        """List the KPIs and the years that have events; with a period, its figures too."""
        with self._hub.store.reading() as reading:
            book = as_known(self._hub.book(reading), as_of, now)
            found = years(book)
            listed = {
                "kpis": [_described(k) for k in self._hub.kpis.values()],
                "periods": [y for y, _ in found],
                "default_period": max(found, key=lambda y: y[1])[0] if found else None,
                "synthetic": self._hub.is_synthetic,
            }
            if period is not None:
                listed |= board.board_body(
                    book,
                    self._hub.kpis.values(),
                    period,
                    now if as_of is None else as_of,
                    self._hub.published,
                )
        return listed

    def _compute(self, period: Period) -> dict[str, Any]:
        with self._hub.store.reading() as reading:
            book, now = self._hub.book(reading), to_us(self._hub.clock())
            kpis, published = self._hub.kpis.values(), self._hub.published
            return board.board_body(book, kpis, period, now, published)

    async def latest(self, period: Period) -> dict[str, Any]:
        """Give the period's board, made anew where there were commits or time has passed."""
        lock = self._locks.setdefault(period.text, asyncio.Lock())
        async with lock:
            now, commits = time.monotonic(), self._hub.applying.commits
            kept = self._kept.get(period.text)
            if kept:
                age = now - kept.made_at
                is_old = age > IDLE_SECONDS or kept.commits != commits
                # A fifth of one core at most goes into boards, however long one takes.
                if age < max(INTERVAL_SECONDS, 4 * kept.took) or not is_old:
                    return kept.body
            body = await asyncio.to_thread(self._compute, period)
            if len(self._kept) >= PERIODS_MAX:
                self._kept.clear()
            made_at = time.monotonic()
            self._kept[period.text] = Kept(made_at, made_at - now, commits, body)
            return body

    async def follow(
        self, period: Period, limit: int, seconds: float, since: str | None, progress: Progress
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield changed figures as they change.

        A client that comes back with the id of the present cut has missed nothing; any other gets
        all figures, each being a state and not a step.
        """
        ends = time.monotonic() + seconds
        sent: list[board.Public] = []
        is_first, last_progress = True, None
        while limit > 0 and time.monotonic() < ends:
            state = progress()
            if state is not None and state != last_progress:
                last_progress = state
                yield {"event": "progress", "data": json.dumps(state)}
                limit -= 1
            body = await self.latest(period)
            fresh = board.changed(sent, body["figures"])
            if is_first and since == body["cut"]:
                fresh = []
            elif is_first or fresh:
                out = {**body, "figures": fresh}
                data = json.dumps(out, ensure_ascii=False)
                yield {"event": "figures", "id": body["cut"], "data": data}
                limit -= 1
            is_first, sent = False, body["figures"]
            if limit > 0:
                await asyncio.sleep(min(INTERVAL_SECONDS, max(0, ends - time.monotonic())))


def _described(kpi: Kpi) -> dict[str, Any]:
    return {
        "id": kpi.id,
        "title_vi": kpi.title.vi,
        "title_en": kpi.title.en,
        "question_vi": kpi.question.vi,
        "question_en": kpi.question.en,
        "owner": kpi.owner,
        "measure_unit": kpi.measure_unit,
        "scale": kpi.scale,
        "contract": kpi.contract,
        "group": kpi.group,
        "dimensions": kpi.dimensions,
    }
