"""Boards for the page, computed once for all who follow a period, and streamed as they change."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hub import registry
from hub.board import board
from hub.clock import iso, to_us
from hub.definitions.own.alert import ALERT
from hub.figures.book import parted, years
from hub.figures.kpi import Kpi
from hub.figures.official import as_known
from hub.figures.unchanged import State, States
from hub.opening import OpenHub
from hub.reference.periods import Period, parse_period

INTERVAL_SECONDS = 1.0
IDLE_SECONDS = 15.0
PERIODS_MAX = 64

Progress = Callable[[], dict[str, Any] | None]


@dataclass(frozen=True)
class Kept:
    """A board as it was computed: when, in how many seconds, after how many commits.

    `states` are what its figures hang on, by KPI; `fresh` when each contract was last heard;
    `alerts` how many events of alerts there were.
    """

    made_at: float
    took: float
    commits: int
    body: dict[str, Any]
    states: dict[str, State]
    fresh: dict[str, str]
    alerts: int


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
            offered, apart = parted(found, str(iso(now))[:4])
            listed = {
                "kpis": [_described(k) for k in self._hub.kpis.values()],
                "periods": offered,
                "periods_apart": apart,
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

    def tag(self, period: Period | None, now: int) -> str:
        """Write what the catalogue hangs on as an entity tag, without making it.

        It lists the years of all events, so that whatever comes in may change it.
        """
        with self._hub.store.reading() as reading:
            states = States(self._hub.book(reading), period or parse_period("2000"), now)
            return states.tag(self._hub.kpis.values(), reading.cut())

    def _compute(self, period: Period, before: Kept | None, commits: int) -> Kept:
        """Make a period's board; figures that cannot have changed are taken from the one before."""
        begun = time.monotonic()
        with self._hub.store.reading() as reading:
            book, now = self._hub.book(reading), to_us(self._hub.clock())
            states = States(book, period, now)
            of_kpi = {k.id: states.of(k) for k in self._hub.kpis.values()}
            same = {k for k, state in of_kpi.items() if before and before.states[k] == state}
            anew = [k for k in self._hub.kpis.values() if k.id not in same]
            body = board.board_body(book, anew, period, now, self._hub.published)
            fresh = {name: iso(book.fresh_at(name)) for name in book.facts}
            alerts = reading.totals().get(ALERT.topic, 0)
        if before is not None:
            old = [f for f in before.body["figures"] if f["kpi"] in same]
            body["figures"] += [{**f, **self._news(f, body["cut"], fresh)} for f in old]
            order = {k: i for i, k in enumerate(of_kpi)}
            body["figures"].sort(key=lambda f: order[f["kpi"]])
        heard = {name: at for name, at in fresh.items() if at is not None}
        took = time.monotonic() - begun
        return Kept(time.monotonic(), took, commits, body, of_kpi, heard, alerts)

    def _news(
        self, figure: board.Public, cut: str, fresh: Mapping[str, str | None]
    ) -> board.Public:
        """Give what an unchanged figure says anew: one that is closed is as it was closed."""
        contract = self._hub.kpis[figure["kpi"]].contract
        if figure["status"] != "provisional" or contract is None:
            return {}
        return {"cut": cut, "fresh_at": fresh[contract]}

    async def latest(self, period: Period) -> Kept:
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
                    return kept
            made = await asyncio.to_thread(self._compute, period, kept, commits)
            if len(self._kept) >= PERIODS_MAX:
                self._kept.clear()
            self._kept[period.text] = made
            return made

    async def follow(
        self, period: Period, limit: int, seconds: float, since: str | None, progress: Progress
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield changed figures as they change.

        A client that comes back with the id of the present cut has missed nothing; any other gets
        all figures, each being a state and not a step. Of what is asked for beside the board,
        `figures` tells by its KPI that it may have changed; `fresh` that a contract was heard, and
        nothing of the period changed; `alerts` that something became of alerts.
        """
        ends = time.monotonic() + seconds
        sent: Kept | None = None
        last_progress, told_at = None, time.monotonic()
        alerts: int | None = None
        while limit > 0 and time.monotonic() < ends:
            state = progress()
            if state is not None and state != last_progress:
                last_progress = state
                yield {"event": "progress", "data": json.dumps(state)}
                limit -= 1
            kept = await self.latest(period)
            body, now = kept.body, time.monotonic()
            if alerts is not None and kept.alerts != alerts:
                yield {"event": "alerts", "data": json.dumps({"events": kept.alerts})}
                limit -= 1
            alerts = kept.alerts
            if sent is None:
                if since != body["cut"]:
                    yield _figures(body, body["figures"])
                    limit -= 1
                sent, told_at = kept, now
            elif kept is not sent and (moved := _moved(sent, kept)):
                yield _figures(body, moved)
                limit -= 1
                sent, told_at = kept, now
            elif kept.fresh != sent.fresh and now - told_at >= IDLE_SECONDS:
                said = {"period": period.text, "as_of": body["as_of"], "cut": body["cut"]}
                data = json.dumps({**said, "fresh": kept.fresh})
                yield {"event": "fresh", "id": body["cut"], "data": data}
                limit -= 1
                sent, told_at = kept, now
            if limit > 0:
                await asyncio.sleep(min(INTERVAL_SECONDS, max(0, ends - time.monotonic())))


def _moved(before: Kept, after: Kept) -> list[board.Public]:
    """Give the figures whose data changed, or that say something else since."""
    other = board.changed(before.body["figures"], after.body["figures"])
    named = {f["kpi"] for f in other}
    named |= {k for k, s in after.states.items() if s.data != before.states[k].data}
    return [f for f in after.body["figures"] if f["kpi"] in named]


def _figures(body: dict[str, Any], figures: list[board.Public]) -> dict[str, Any]:
    data = json.dumps({**body, "figures": figures}, ensure_ascii=False)
    return {"event": "figures", "id": body["cut"], "data": data}


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
        "lists": [n for n, listed in registry.worklists().items() if listed.kpi.id == kpi.id],
    }
