"""No tag is given once what it was made of is gone: whatever is committed, before, between, within.

Each is held against one that is made anew of what stands then, with nothing that was kept.
"""

import asyncio
import json
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, cast

import pytest

from hub import registry
from hub.clock import to_us
from hub.figures.book import Book
from hub.figures.compute import Question
from hub.figures.figure import AS_TOLD
from hub.figures.official import figures
from hub.figures.unchanged import States
from hub.http.tags import Make, Tags
from hub.opening import OpenHub
from hub.reference.periods import parse_period
from hub.store.reading import Reading
from hub.store.store import Store
from stream_jobs.worked import dossier, received
from tests.conftest import Hub
from tests.laws.test_closing import BEFORE, LATE
from tests.parts.depth import rounds

NAMES = (
    "dossier_received_new",
    "dossier_on_time_share",
    "dossier_in_progress",
    "dossier_handling_median",
    "salinity_max",
    "payment_amount",
)
PERIODS = ("2023", "2023-05", "2023-04", "2026")
ASKED = [(name, period) for name in NAMES for period in PERIODS]
CODES = ("A", "B", "C", "D", "E", "F")


@dataclass
class Opened:
    """What tags need of an opened hub."""

    hub: Hub

    @property
    def store(self) -> Store:
        return self.hub.store

    def clock(self) -> datetime:
        return self.hub.now

    def book(self, reading: Reading) -> Book:
        return self.hub.book(reading)


def claims(chance: random.Random) -> list[tuple[str, dict[str, Any]]]:
    """Let codes be one, some of them no longer, and let something become of them."""
    out = []
    for number in range(6):
        code, other = chance.sample(CODES, 2)
        name = f"claim {number}"
        said = dossier(code, "aliased", "2023-06-01") | {"event_id": name, "same_as": other}
        out.append(("dossier", said))
        if chance.random() < 0.5:
            out.append(("dossier", dossier(code, "retracted", "2023-06-07", retracts=name)))
        out.append(("dossier", received(other, f"2023-0{chance.randint(3, 6)}-0{number + 1}")))
    return out


def told(name: str, period: str, book: Book, now: int) -> str:
    """Give what figures say."""
    found = figures(registry.kpis()[name], Question(parse_period(period), now), book)
    return json.dumps([f.public(AS_TOLD) for f in found], default=str)


def tag_of(name: str, period: str) -> Make:
    kpi = registry.kpis()[name]
    return lambda book, now: States(book, parse_period(period), now).tag([kpi])


def anew(hub: Hub, some: list[tuple[str, str]]) -> dict[tuple[str, str], tuple[str, str]]:
    """Make tags and figures of what stands, with nothing that was kept."""
    kept, hub.store.kept = hub.store.kept, {}
    try:
        with hub.store.reading() as reading:
            book, now = hub.book(reading), to_us(hub.now)
            return {(n, p): (tag_of(n, p)(book, now), told(n, p, book, now)) for n, p in some}
    finally:
        hub.store.kept = kept


@pytest.mark.parametrize("seed", range(rounds(4, quick=2)))
def test_no_tag_outlives_what_it_was_made_of(hub: Hub, seed: int) -> None:
    chance = random.Random(seed)
    listed = [(n, e) for of in (BEFORE, LATE) for n, many in of.items() for e in many]
    events = chain(chance.sample(listed, len(listed)), claims(chance))
    is_over = is_within = False

    def commit() -> None:
        nonlocal is_over
        name, event = next(events, ("", {}))
        is_over = not name
        if name:
            hub.send(name, event, sender="one_stop")

    def making(name: str, period: str) -> Make:
        def make(book: Book, now: int) -> str:
            if is_within and chance.random() < 0.2:
                commit()  # what it is made of was read before
            return tag_of(name, period)(book, now)

        return make

    asked = {key: making(*key) for key in ASKED}

    async def go() -> int:
        tags, changes = Tags(cast(OpenHub, Opened(hub))), 0
        said: dict[tuple[str, str, str], str] = {}
        before: dict[tuple[str, str], str] = {}
        nonlocal is_within
        while not is_over:
            if chance.random() < 0.5:
                commit()
            some = chance.sample(ASKED, 5)
            # What is committed while these are made need not be in them; in the next it must be.
            is_within = True
            await asyncio.gather(*(tags.of(repr(key), asked[key]) for key in some))
            is_within = False
            for seconds in (0, chance.choice((1, 15, 86_400))):
                hub.now += timedelta(seconds=seconds)
                now = {key: await tags.of(repr(key), asked[key]) for key in some}
                there = anew(hub, some)
                with hub.store.reading() as reading:
                    book = hub.book(reading)
                    for key, tag in now.items():
                        assert tag == there[key][0], key
                        figure = told(*key, book, to_us(hub.now))
                        assert figure == there[key][1], key
                        assert said.setdefault((*key, tag), figure) == figure, key
                        changes += before.get(key, tag) != tag
                        before[key] = tag
        return changes

    assert asyncio.run(go()) > 10


def test_a_tag_is_made_again_after_a_commit_alone(hub: Hub) -> None:
    hub.send("dossier", received("A", "2023-05-02"))
    made = 0

    def make(book: Book, now: int) -> str:
        nonlocal made
        made += 1
        return tag_of("dossier_received_new", "2023")(book, now)

    async def go() -> list[int]:
        tags, counts = Tags(cast(OpenHub, Opened(hub))), []
        for event in (None, received("B", "2024-05-02"), received("C", "2023-05-02")):
            if event is not None:
                hub.send("dossier", event)
            found = await asyncio.gather(*(tags.of("", make) for _ in range(20)))
            found += [await tags.of("", make) for _ in range(20)]
            assert len(set(found)) == 1
            counts.append(made)
        return counts

    assert asyncio.run(go()) == [1, 2, 3]
