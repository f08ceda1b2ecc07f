"""Drawn events of papers and feedback, with few ids, instants and things, so that they meet."""

import random
from typing import Any

from hypothesis import strategies as st

Json = dict[str, Any]
PLAIN_IDS = ["1", "2", "e-3"]


def _present(event: Json) -> Json:
    """Leave out what is not there."""
    return {name: value for name, value in event.items() if value is not None}


@st.composite
def documents(draw: st.DrawFn, instants: list[str], units: list[str]) -> Json:
    """Draw the counts of a unit and day, of which some are told of again."""
    online = draw(st.sampled_from([0, 1, 7]))
    return _present(
        {
            "event_id": draw(st.sampled_from(PLAIN_IDS)),
            "recorded_at": draw(st.none() | st.sampled_from(instants)),
            "unit": draw(st.sampled_from(units)),
            "level": draw(st.sampled_from(["province", "commune"])),
            "day": draw(st.sampled_from(["2023-05-17", "2023-05-18"])),
            "revision": draw(st.integers(0, 2)),
            "handled": online + draw(st.sampled_from([0, 1, 10**11])),
            "handled_online": online,
        }
    )


@st.composite
def reports(draw: st.DrawFn, instants: list[str], units: list[str]) -> Json:
    """Draw what happened to one of two matters."""
    kind = draw(st.sampled_from(["received", "received", "assigned", "answered", "rated",
                                 "reopened", "retracted"]))  # fmt: skip
    event: Json = {
        "event_id": draw(st.sampled_from(["e1", "e2", "e3", "e4"])),
        "recorded_at": draw(st.none() | st.sampled_from(instants)),
        "feedback_code": draw(st.sampled_from(["0" * 32, "a" * 32])),
        "kind": kind,
        "occurred_at": draw(st.sampled_from(instants)),
        "due_at": draw(st.none() | st.sampled_from(instants)),
    }
    if kind == "received":
        event["channel"] = draw(st.sampled_from(["app", "hotline"]))
        event["topic"] = draw(st.sampled_from(["environment", "traffic"]))
    if kind == "assigned":
        event["unit"] = draw(st.sampled_from(units))
    if kind == "rated":
        event["satisfied"] = draw(st.booleans())
    if kind == "retracted":
        event["retracts"] = draw(st.sampled_from(["e1", "e2", "never-sent"]))
    return _present(event)


def odd_reports(matters: int) -> list[Json]:
    """Make stories of matters in which anything may come first, twice, late or not at all."""
    chance = random.Random(matters)
    kinds: list[Json] = [
        {"kind": "received", "channel": "app", "topic": "environment"},
        {"kind": "received", "channel": "hotline", "topic": "traffic"},
        {"kind": "assigned", "unit": "H57.1"},
        {"kind": "assigned", "unit": "H57.2"},
        {"kind": "answered"},
        {"kind": "rated", "satisfied": True},
        {"kind": "rated", "satisfied": False},
        {"kind": "reopened"},
    ]
    events = []
    for number in range(matters):
        for place in range(chance.randrange(1, 8)):
            event = {"event_id": f"o{number}-{place}", "feedback_code": f"{number:032x}"}
            event |= chance.choice(kinds)
            event["occurred_at"] = _instant(chance)
            if chance.random() < 0.4:
                event["due_at"] = _instant(chance)
            if chance.random() < 0.2:
                event["recorded_at"] = _instant(chance)
            events.append(event)
    return events


def _instant(chance: random.Random) -> str:
    """Draw one of few instants, on both sides of midnights."""
    day, hour = chance.randrange(1, 5), chance.choice(("00:00:00", "16:30:00", "23:59:59"))
    return f"2023-05-0{day}T{hour}+07:00"


def odd_papers(units: int) -> list[Json]:
    """Make counts of which some are told of again, by other revisions."""
    chance = random.Random(units)
    events = []
    for number in range(units):
        level = chance.choice(("province", "district", "commune"))
        for place in range(chance.randrange(1, 4)):
            handled = chance.randrange(5)
            events.append(
                {
                    "event_id": f"p{number}-{place}",
                    "unit": f"H57.{number}",
                    "level": level,
                    "day": f"2023-05-0{chance.randrange(1, 4)}",
                    "revision": chance.randrange(3),
                    "handled": handled,
                    "handled_online": chance.randrange(handled + 1),
                }
            )
    return events
