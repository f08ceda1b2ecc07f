"""Drawn events of papers and feedback, with few ids, instants and things, so that they meet."""

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
    event = {
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
