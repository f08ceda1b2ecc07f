"""The synthetic year of field feedback; all of it is invented, as nothing of it is published.

There are some thousand matters at any scale but the smallest. Codes are digests of numbers, as no
people are behind them.
"""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import polars as pl

from connectors.feedback.pseudonym import plain_digest
from hub.clock import VIETNAM, to_us

MATTERS = 1_200
TOPICS = ("environment", "traffic", "infrastructure", "public_order", "health", "other")
CHANNELS = ("app", "app", "hotline", "hotline", "portal")
BEGIN = datetime(2023, 1, 2, tzinfo=VIETNAM)
DAYS = 355
AGAIN_EVERY, UNASSIGNED_EVERY, OPEN_EVERY = 8, 40, 15
FRAME_ROWS = 20_000
DEFECTS_MAX = 1
SCHEMA = {
    "feedback_code": pl.String,
    "kind": pl.String,
    "occurred_at": pl.Int64,
    "channel": pl.String,
    "topic": pl.String,
    "unit": pl.String,
    "due_at": pl.Int64,
    "satisfied": pl.Boolean,
}


def _matter(seed: int, number: int) -> Iterator[dict[str, Any]]:
    """Tell one matter's story; how many events it has depends on its number alone."""
    chance = random.Random(f"{seed} {number}")
    code = {"feedback_code": plain_digest("synthetic", str(seed), str(number))}
    at = BEGIN + timedelta(minutes=chance.randrange(DAYS * 24 * 60))
    channel, topic = chance.choice(CHANNELS), chance.choice(TOPICS)
    form = {**code, "kind": "received", "topic": topic}
    yield {**form, "occurred_at": at, "channel": channel}
    if number % AGAIN_EVERY == 0:
        later = at + timedelta(minutes=chance.randrange(1, 600))
        yield {**form, "occurred_at": later, "channel": "hotline"}
    if number % UNASSIGNED_EVERY == 1:
        return
    at += timedelta(minutes=chance.randrange(5, 240))
    due = (at + timedelta(days=chance.randrange(3, 9))).replace(hour=17, minute=0)
    unit = f"H57.{chance.randrange(1, 21)}"
    yield {**code, "kind": "assigned", "occurred_at": at, "unit": unit, "due_at": due}
    if number % OPEN_EVERY == 2:
        return
    at += timedelta(hours=chance.uniform(1, 150))
    yield {**code, "kind": "answered", "occurred_at": at}
    if number % 2:
        at += timedelta(hours=chance.uniform(0.1, 48))
        yield {**code, "kind": "rated", "occurred_at": at, "satisfied": chance.random() < 0.9}


def _rows(seed: int) -> Iterator[dict[str, Any]]:
    for number in range(MATTERS):
        for event in _matter(seed, number):
            instants = {n: to_us(v) for n, v in event.items() if isinstance(v, datetime)}
            yield event | instants


def total(scale: float) -> int:
    """Count the events that `history` yields, the same at any positive `scale`."""
    _check(scale)
    return sum(1 for _ in _rows(0))


def history(seed: int, scale: float) -> Iterator[pl.DataFrame]:
    """Yield the events of 2023 as they happened; `scale` changes nothing here."""
    _check(scale)
    frame = pl.DataFrame(list(_rows(seed)), schema=SCHEMA)
    ids = "PA23-" + pl.Series(range(frame.height)).cast(pl.String).str.zfill(6)
    yield from frame.with_columns(event_id=ids).sort("occurred_at").iter_slices(FRAME_ROWS)


def _check(scale: float) -> None:
    if not scale > 0:
        raise ValueError(f"scale must be positive, not {scale}")


def defects(seed: int, scale: float) -> list[dict[str, object]]:
    """Make a JSON-shaped item that breaks the contract: a form by a channel that is none."""
    _check(scale)
    event: dict[str, object] = {"event_id": f"LOI23-PA-{seed}"}
    event["feedback_code"] = plain_digest("synthetic", "wrong")
    event |= {"kind": "received", "channel": "facebook", "topic": "other"}
    return [event | {"occurred_at": BEGIN.isoformat()}]


LIVE_SECONDS = 30.0


def live(seed: int, clock: Callable[[], datetime]) -> Iterator[dict[str, object]]:
    """Yield new forms without end, each a matter of its own."""
    chance = random.Random(seed)
    for number in count():
        at = clock().astimezone(UTC)
        name = f"PA-{at:%Y%m%d%H%M%S%f}-{number}"
        yield {
            "event_id": name,
            "feedback_code": plain_digest("live", name),
            "kind": "received",
            "occurred_at": at.isoformat(),
            "channel": chance.choice(CHANNELS),
            "topic": chance.choice(TOPICS),
        }
