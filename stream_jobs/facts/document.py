"""Document: the counts of papers that stand for one unit, level and day."""

from datetime import date
from typing import Any

import polars as pl

from hub.clock import DAY_US, OFFSET_US, day_start
from hub.definitions.fact import Fact, LiveEvent, Measure, of

_KEYS = ("unit", "level")
_VALUES = ("handled", "handled_online")
_SETS = (("level",), ("level", "unit"))


def recount(events: list[LiveEvent]) -> dict[str, Any]:
    """Take the greatest revision of one unit's day, in plain Python."""
    fact: dict[str, Any] = dict.fromkeys(FACT.types)
    if not events:
        return fact
    last = events[-1]
    fact |= {name: last[name] for name in (*_KEYS, "revision", *_VALUES)}
    fact["counted_on"] = last["day"]
    fact["begun_at"] = day_start(date.fromisoformat(last["day"]))
    return fact


FACT = Fact(
    contract="document",
    picks={"latest": pl.lit(value=True)},
    types={
        **dict.fromkeys((*_KEYS, "counted_on"), "text"),
        **dict.fromkeys(("begun_at", "revision", *_VALUES), "integer"),
    },
    columns={
        **{name: of("latest", name) for name in _KEYS},
        "counted_on": of("latest", "day"),
        "begun_at": of("latest", "day").str.to_date("%Y-%m-%d").cast(pl.Int64) * DAY_US - OFFSET_US,
        **{name: of("latest", name) for name in ("revision", *_VALUES)},
    },
    measures=tuple(
        Measure(
            f"document.{name}", at="begun_at", where="begun_at IS NOT NULL", value=name, sets=_SETS
        )
        for name in _VALUES
    ),
    recount=recount,
)
