"""A seeded year of dossier fees: what happened to each, and what a clerk would say of it by hand.

A recipe is the story of one fee in thousandths of what it costs, and what must come of it. Nothing
here knows the rules by which the hub classifies.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from hub.clock import VIETNAM

Json = dict[str, Any]
# A step: kind, minutes after the fee began, thousandths of the fee, number of its document,
# channel, days after which the bank settled it (None: it did not, or there is no bank).
Step = tuple[str, int, int, int, str | None, int | None]
DAY = 24 * 60


@dataclass(frozen=True)
class Recipe:
    """One story: the class it ends in, and (net, receipted, apart) in thousandths of the fee."""

    match: str
    ends: tuple[int, int, int]
    steps: tuple[Step, ...]
    weight: int = 1
    assessed: int | None = 1000


def _owed(part: int = 1000, after: int = 0) -> Step:
    return ("assessed", after, part, 0, None, None)


def _online(part: int, number: int, after: int = 10, settled: int | None = 0) -> Step:
    return ("paid", after, part, number, "online", settled)


def _cash(part: int, number: int, after: int = 10) -> Step:
    return ("paid", after, part, number, "cash", None)


def _back(part: int, number: int, after: int) -> Step:
    return ("refunded", after, part, number, "bank", 1)


def _receipt(part: int, number: int, after: int = 30) -> Step:
    return ("receipt_issued", after, part, number, None, None)


def _void(number: int, after: int) -> Step:
    return ("receipt_cancelled", after, 0, number, None, None)


RECIPES = (
    # What matches: at once, in three parts, by cash, told of first by the portal and then by the
    # bank, a part refunded, all refunded four months later as the dossier was withdrawn, waived.
    Recipe("matched", (1000, 1000, 0), (_owed(), _online(1000, 1), _receipt(1000, 1)), 300),
    Recipe("matched", (1000, 1000, 0), (_owed(), _cash(1000, 1), _receipt(1000, 1)), 150),
    Recipe(
        "matched",
        (1000, 1000, 0),
        (
            _owed(),
            *(_online(200, 1), _cash(300, 2, DAY), _online(500, 3, 2 * DAY)),
            *(_receipt(500, 1, DAY), _receipt(500, 2, 3 * DAY)),
        ),
        50,
    ),
    Recipe(
        "matched",
        (1000, 1000, 0),
        (_owed(), _online(1000, 1, 10, None), _online(1000, 1, 10, 0), _receipt(1000, 1)),
        50,
    ),
    Recipe(
        "matched",
        (600, 600, 0),
        (
            *(_owed(), _online(1000, 1), _receipt(1000, 1), _owed(600, 9 * DAY)),
            *(_back(400, 2, 9 * DAY), _void(1, 9 * DAY), _receipt(600, 2, 9 * DAY + 1)),
        ),
        20,
        600,
    ),
    Recipe(
        "matched",
        (0, 0, 0),
        (
            *(_owed(), _online(1000, 1), _receipt(1000, 1)),
            *(_owed(0, DAY), _back(1000, 2, 120 * DAY), _void(1, 120 * DAY)),
        ),
        10,
        0,
    ),
    Recipe("matched", (0, 0, 0), (_owed(0),), 10, 0),
    # The twelve.
    Recipe("unassessed", (1000, 1000, 1000), (_online(1000, 1), _receipt(1000, 1)), 3, None),
    Recipe(
        "refund_exceeds",
        (-200, 0, 1200),
        (_owed(), _online(1000, 1), _back(1200, 2, DAY)),
        2,
    ),
    Recipe(
        "paid_twice",
        (2000, 1000, 1000),
        (_owed(), _online(1000, 1), _online(1000, 2, 12), _receipt(1000, 1)),
        6,
    ),
    Recipe("overpaid", (1300, 1300, 300), (_owed(), _cash(1300, 1), _receipt(1300, 1)), 4),
    Recipe(
        "overpaid",
        (1000, 1000, 600),
        (_owed(), _online(1000, 1), _receipt(1000, 1), _owed(400, DAY)),
        4,
        400,
    ),
    Recipe("cash_unrecorded", (0, 1000, 1000), (_owed(), _receipt(1000, 1)), 5),
    Recipe(
        "receipt_stands",
        (600, 1000, 400),
        (_owed(), _online(1000, 1), _receipt(1000, 1), _owed(600, DAY), _back(400, 2, 2 * DAY)),
        5,
        600,
    ),
    Recipe("unpaid", (0, 0, 1000), (_owed(),), 40),
    Recipe("unpaid", (0, 0, 1000), (_owed(), _online(1000, 1), _back(1000, 2, 2 * DAY)), 3),
    Recipe("underpaid", (700, 700, 300), (_owed(), _online(700, 1), _receipt(700, 1)), 8),
    Recipe("underpaid", (700, 1000, 300), (_owed(), _online(700, 1), _receipt(1000, 1)), 3),
    Recipe("receipt_missing", (1000, 0, 1000), (_owed(), _online(1000, 1)), 10),
    Recipe(
        "receipt_missing",
        (1000, 0, 1000),
        (_owed(), _online(1000, 1), _receipt(1000, 1), _void(1, DAY)),
        5,
    ),
    Recipe("receipt_differs", (1000, 900, 100), (_owed(), _cash(1000, 1), _receipt(900, 1)), 4),
    Recipe(
        "unsettled", (1000, 1000, 1000), (_owed(), _online(1000, 1, 10, None), _receipt(1000, 1)), 9
    ),
    Recipe(
        "unsettled",
        (1000, 1000, 400),
        (_owed(), _cash(600, 1), _online(400, 2, 20, None), _receipt(1000, 1)),
        3,
    ),
    Recipe(
        "cut_off", (1000, 1000, 0), (_owed(), _online(1000, 1, 15 * 60, 1), _receipt(1000, 1)), 30
    ),
)


@dataclass(frozen=True)
class Made:
    """One fee of the year: its entity, its events, the class and đồng that must come of it."""

    entity: str
    events: list[Json]
    match: str
    assessed: int
    net: int
    receipted: int
    apart: int


def year(seed: int, fees: int) -> Iterator[Made]:
    """Make the fees of 2024, at least one of each recipe; the same again for the same seed."""
    draws = random.Random(seed)
    weights = [r.weight for r in RECIPES]
    chosen = [*RECIPES, *draws.choices(RECIPES, weights, k=fees - len(RECIPES))]
    for number, recipe in enumerate(chosen):
        begun = datetime(2024, 1, 1, 8, tzinfo=VIETNAM) + timedelta(
            days=draws.randrange(240), minutes=draws.randrange(60)
        )
        thousandth = draws.randrange(1, 3_000)
        code = f"H57.{1 + number % 20}-{begun:%y%m%d}-{number:06}"
        events = [
            _event(f"{code}|{i}", code, step, begun, thousandth)
            for i, step in enumerate(recipe.steps)
        ]
        net, receipted, apart = (part * thousandth for part in recipe.ends)
        assessed = (recipe.assessed or 0) * thousandth
        yield Made(f"{code}|LP01", events, recipe.match, assessed, net, receipted, apart)


def _event(name: str, code: str, step: Step, begun: datetime, thousandth: int) -> Json:
    kind, after, part, number, channel, settled = step
    at = begun + timedelta(minutes=after)
    event: Json = {
        "event_id": name,
        "dossier_code": code,
        "fee_code": "LP01",
        "unit": code.split("-", maxsplit=1)[0],
        "kind": kind,
        "occurred_at": at.isoformat(),
    }
    if kind != "receipt_cancelled":
        event["amount_vnd"] = part * thousandth
    if kind.startswith("receipt"):
        event["receipt_number"] = f"B{code}-{number}"
    elif channel is not None:
        event |= {"transaction_id": f"T{code}-{number}", "channel": channel}
    if settled is not None:
        event["settled_on"] = f"{at + timedelta(days=settled):%Y-%m-%d}"
        event["recorded_at"] = (at + timedelta(days=settled, hours=1)).isoformat()
    return event


def _odd(code: str, *steps: tuple[str, int, int]) -> list[Json]:
    begun = datetime(2024, 5, 6, 8, tzinfo=VIETNAM)
    channels = {"paid": "cash", "refunded": "cash"}
    return [
        _event(f"{code}|{i}", code, (kind, i, amount, number, channels.get(kind), None), begun, 1)
        for i, (kind, amount, number) in enumerate(steps)
    ]


# What a year hardly has: a word withdrawn, receipts of a đồng, money that nobody assessed.
ODD = [
    *_odd("H57.1-A", ("assessed", 5, 0)),
    {**_odd("H57.1-A", ("retracted", 0, 0))[0], "event_id": "w", "retracts": "H57.1-A|0"},
    *_odd("H57.1-B", ("receipt_issued", 5, 1), ("receipt_cancelled", 0, 1)),
    *_odd("H57.1-C", ("paid", 5, 1)),
    *_odd("H57.1-D", ("receipt_issued", 5, 1)),
    *_odd("H57.1-E", ("assessed", 1, 0), ("receipt_issued", 1, 1)),
    *_odd("H57.1-F", ("assessed", 1, 0), ("paid", 2, 1), ("receipt_issued", 2, 1)),
    *_odd("H57.1-G", ("assessed", 1, 0), ("paid", 2, 1), ("refunded", 1, 2)),
    *_odd(
        "H57.1-H", ("assessed", 1, 0), ("paid", 2, 1), ("refunded", 1, 2), ("receipt_issued", 2, 1)
    ),
    *_odd("H57.1-I", ("assessed", 2, 0), ("paid", 1, 1), ("receipt_issued", 1, 1)),
    *(
        {**e, "transaction_id": f"T{i}"}
        for i, e in enumerate(_odd("H57.1-J", ("assessed", 2, 0), ("assessed", 3, 0)))
    ),
]


@st.composite
def fees(draw: st.DrawFn, ids: list[str], instants: list[str], units: list[str]) -> Json:
    """Draw what happened to one of two fees of a dossier, few documents being told of again."""
    kinds = ["assessed", "paid", "paid", "refunded", "receipt_issued", "receipt_cancelled"]
    fields = {
        "event_id": draw(st.sampled_from(ids)),
        "dossier_code": "A",
        "fee_code": draw(st.sampled_from(["LP01", "LP01", "LP02"])),
        "unit": draw(st.sampled_from(units)),
        "kind": draw(st.sampled_from([*kinds, "retracted"])),
        "occurred_at": draw(st.sampled_from(instants)),
        "recorded_at": draw(st.none() | st.sampled_from(instants)),
        "amount_vnd": draw(st.sampled_from([0, 50_000, 100_000, 10**12])),
        "receipt_number": draw(st.sampled_from(["B1", "B2"])),
        "transaction_id": draw(st.sampled_from(["T1", "T2"])),
        "channel": draw(st.sampled_from(["online", "bank", "cash"])),
        "settled_on": draw(st.none() | st.sampled_from(["2023-01-01", "2022-12-31"])),
        "retracts": draw(st.sampled_from([*ids, "never sent"])),
    }
    return {name: value for name, value in fields.items() if value is not None}
