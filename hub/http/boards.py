"""Boards for the page, computed once for all who follow a period, and streamed as they change."""

import asyncio
import itertools
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub import registry
from hub.board import board
from hub.clock import iso, to_us
from hub.definitions.own.alert import ALERT
from hub.figures.book import most_told_of, parted, years
from hub.figures.kpi import Kpi
from hub.figures.official import as_known
from hub.figures.unchanged import State, States
from hub.http.waking import Waking
from hub.opening import OpenHub
from hub.operating import tracing
from hub.reference.periods import Period, parse_period

INTERVAL_SECONDS = 0.2
LOOK_SECONDS = 1.0  # what is no commit is looked for so often: how far a load is
IDLE_SECONDS = 15.0
PERIODS_MAX = 64
CUTS_MAX = 1_000  # cuts of a period from which a client may resume
ALL = 0  # the number of a board before any

Progress = Callable[[], dict[str, Any] | None]


@dataclass(frozen=True)
class Kept:
    """A board as it was computed: when, in how many seconds, after how many commits.

    `states` are what its figures hang on, by KPI; `fresh` when each contract was last heard;
    `alerts` how many events of alerts there were. Boards of a period are numbered as they are made;
    `moved` says by KPI at which number its figures moved last, `numbers` which number a cut has.
    """

    made_at: float
    took: float
    commits: int
    body: dict[str, Any]
    states: dict[str, State]
    fresh: dict[str, str]
    alerts: int
    number: int
    moved: dict[str, int]
    numbers: dict[str, int]
    # What was told of it already, as text, by the number of the board that was told before.
    texts: dict[tuple[int, bool], str] = field(default_factory=dict)

    @property
    def stands(self) -> float:
        """How many seconds from its making it stands, whatever is committed.

        A fifth of one core at most goes into boards, however long one takes.
        """
        return max(INTERVAL_SECONDS, 4 * self.took)

    def since(self, number: int) -> list[board.Public]:
        """Give the figures that moved since the board of a number."""
        return [f for f in self.body["figures"] if self.moved[f["kpi"]] > number]

    def number_of(self, cut: str) -> int:
        """Give the number of the last board that is not ahead of a cut; `ALL` where there is none.

        Whoever read a cut between two boards is told again what moved in the second.
        """
        asked = _read(cut)
        for known, number in reversed(self.numbers.items()):
            if known == cut or (
                asked and all(asked.get(t, -1) >= n for t, n in _read(known).items())
            ):
                return number
        return ALL

    def told(self, number: int, *, is_brief: bool) -> dict[str, Any] | None:
        """Make the event that tells what moved since the board of a number; None: nothing did.

        Brief, it names the KPIs alone. It is written once for all who follow.
        """
        if (number, is_brief) not in self.texts:
            moved = self.since(number)
            named = list(dict.fromkeys(f["kpi"] for f in moved))
            part = {"kpis": named} if is_brief else {"figures": moved}
            whole = {n: v for n, v in self.body.items() if n != "figures"} | part
            self.texts[number, is_brief] = json.dumps(whole, ensure_ascii=False) if moved else ""
        text = self.texts[number, is_brief]
        return {"event": "figures", "id": self.body["cut"], "data": text} if text else None


@dataclass(frozen=True)
class Asked:
    """What a client follows: a period, up to so many events or seconds; names alone, if brief."""

    period: Period
    limit: int
    seconds: float
    is_brief: bool = False


class Boards:
    """Computes the board of a period once for everybody who follows it."""

    def __init__(self, hub: OpenHub) -> None:
        self._hub = hub
        self._kept: dict[str, Kept] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._numbers = itertools.count(ALL + 1)
        self._waking = Waking(lambda: hub.applying.commits)

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
                "default_period": most_told_of(found) if found else None,
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
        number = next(self._numbers)
        moved, numbers = _moved(number, before, body, of_kpi)
        ended = time.monotonic()
        took = ended - begun
        return Kept(ended, took, commits, body, of_kpi, heard, alerts, number, moved, numbers)

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
                if age < kept.stands or not is_old:
                    return kept
            with tracing.computing({"hub.period": period.text}):
                made = await asyncio.to_thread(self._compute, period, kept, commits)
            if len(self._kept) >= PERIODS_MAX:
                self._kept.clear()
            self._kept[period.text] = made
            return made

    async def follow(
        self, asked: Asked, since: str | None, progress: Progress
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield changed figures as they change.

        A client that comes back with the id of a cut is told what moved since; one whose cut is not
        known any more gets all figures, each being a state and not a step. Of what is asked for
        beside the board, `figures` tells by its KPI that it may have changed; `fresh` that a
        contract was heard, and nothing of the period changed; `alerts` that something became of
        alerts.
        """
        ends, limit = time.monotonic() + asked.seconds, asked.limit
        client = Client(since, is_brief=asked.is_brief)
        while limit > 0 and time.monotonic() < ends:
            kept, far = await self.latest(asked.period), progress()
            events = client.tell(far, kept)[:limit]
            for event in events:
                yield event
            limit -= len(events)
            if limit > 0:
                # Where nothing is loaded, what is no commit is the clock alone: a page that is
                # open costs nothing in between, however many there are.
                most = IDLE_SECONDS if far is None else LOOK_SECONDS
                await self._wait(kept, min(ends, time.monotonic() + most))

    async def _wait(self, kept: Kept, ends: float) -> None:
        """Wait until there may be another board, or until an instant."""
        now = time.monotonic()
        await asyncio.sleep(max(0, min(ends, kept.made_at + kept.stands) - now))
        left = ends - time.monotonic()
        await self._waking.wait(kept.commits, max(0, left))


@dataclass
class Client:
    """What one client of the stream knows; `since` is the cut that it comes back with."""

    since: str | None
    is_brief: bool
    kept: Kept | None = None
    progress: dict[str, Any] | None = None
    fresh: dict[str, str] = field(default_factory=dict)
    told_at: float = 0.0

    def tell(self, progress: dict[str, Any] | None, kept: Kept) -> list[dict[str, Any]]:
        """Give the events that tell what it does not know yet."""
        events = []
        if progress is not None and progress != self.progress:
            self.progress = progress
            events.append({"event": "progress", "data": json.dumps(progress)})
        before, self.kept = self.kept, kept
        if kept is before:
            return events
        if before is not None and kept.alerts != before.alerts:
            events.append({"event": "alerts", "data": json.dumps({"events": kept.alerts})})
        if before is not None:
            number = before.number
        else:
            number = kept.number_of(self.since) if self.since else ALL
        figures = kept.told(number, is_brief=self.is_brief)
        is_due = kept.made_at - self.told_at >= IDLE_SECONDS
        if figures is None and before is not None and kept.fresh != self.fresh and is_due:
            figures = _fresh(kept)
        if figures is not None:
            events.append(figures)
        if figures is not None or before is None:
            self.fresh, self.told_at = kept.fresh, kept.made_at
        return events


def _moved(
    number: int, before: Kept | None, body: dict[str, Any], states: Mapping[str, State]
) -> tuple[dict[str, int], dict[str, int]]:
    """Say by KPI at which board's number it moved last, and by cut which number it has.

    A figure moved where its data changed, or where it says something else since.
    """
    moved = dict.fromkeys((f["kpi"] for f in body["figures"]), number)
    if before is None:
        return moved, {body["cut"]: number}
    other = {f["kpi"] for f in board.changed(before.body["figures"], body["figures"])}
    other |= {k for k, s in states.items() if s.data != before.states[k].data}
    moved = {k: number if k in other else before.moved.get(k, number) for k in moved}
    # The first board of a cut: what moved by the clock alone since then is told again.
    numbers = dict(before.numbers)
    numbers.setdefault(body["cut"], number)
    for cut in list(numbers)[:-CUTS_MAX]:
        del numbers[cut]
    return moved, numbers


def _read(cut: str) -> dict[str, int]:
    """Read a cut's positions by topic; nothing of what is none."""
    pairs = [part.partition("=") for part in cut.split(",")]
    if not all(n.isascii() and n.isdigit() for _, _, n in pairs):
        return {}
    return {topic: int(n) for topic, _, n in pairs}


def _fresh(kept: Kept) -> dict[str, Any]:
    """Make the event that tells when contracts were heard."""
    said = {name: kept.body[name] for name in ("period", "as_of", "cut")}
    data = json.dumps({**said, "fresh": kept.fresh})
    return {"event": "fresh", "id": kept.body["cut"], "data": data}


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
