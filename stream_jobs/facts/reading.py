"""Reading: the value that counts for one station, quantity and instant."""

from typing import Any

import polars as pl

from hub.clock import OFFSET_US
from hub.definitions.contract import Doc
from hub.definitions.fact import Checked, Fact, LiveEvent, Measure, Over, of
from schemas.contracts.reading import GOOD_MAX, RANGES

HOUR_US = 3_600_000_000
MISSING = 9
_value = of("latest", "value")
_is_mg = (of("latest", "quantity") == "salinity") & (of("latest", "unit") == "mg/L")


def recount(events: list[LiveEvent]) -> dict[str, Any]:
    """Take the greatest of one instant's events, in plain Python."""
    fact: dict[str, Any] = dict.fromkeys(FACT.types)
    if not events:
        return fact
    event = events[-1]
    fact["station_code"] = event["station_code"]
    fact["quantity"] = event["quantity"]
    fact["measured_at"] = event["measured_at"]
    fact["hour"] = (event["measured_at"] + OFFSET_US) // HOUR_US
    fact["quality"] = event["quality"]
    if event["quality"] == MISSING:
        return fact
    milli = event["value"]
    if event["quantity"] == "salinity" and event["unit"] == "mg/L":
        milli = (milli + 500) // 1000
    fact["milli"] = milli
    return fact


# What cannot be is refused when it comes; what came before that was so is not counted either.
_IN_RANGE = " OR ".join(
    f"(quantity = '{quantity}' AND milli BETWEEN {low * 1000} AND {high * 1000})"
    for quantity, (low, high) in RANGES.items()
)
_GOOD = f"(quality IS NULL OR quality <= {GOOD_MAX}) AND ({_IN_RANGE})"
_COUNTED = f"quantity = 'salinity' AND {_GOOD}"
_BY_STATION = (("station_code",),)
# A clock hour of three stations is one hour of all of them, so they are counted together, too.
_TOGETHER = ((), ("station_code",))
_OVER_TIME: frozenset[Over] = frozenset(("time",))

FACT = Fact(
    contract="reading",
    picks={"latest": pl.lit(value=True)},
    types={
        "station_code": "text",
        "quantity": "text",
        "measured_at": "integer",
        "hour": "integer",
        "quality": "integer",
        "milli": "integer",
    },
    columns={
        "station_code": of("latest", "station_code"),
        "quantity": of("latest", "quantity"),
        "measured_at": of("latest", "measured_at"),
        "hour": (of("latest", "measured_at") + OFFSET_US) // HOUR_US,
        "quality": of("latest", "quality"),
        # Thousandths of the unit; salinity in thousandths of g/L, which is mg/L, half up. What is
        # missing has none: the wire's 0 stands for it.
        "milli": pl.when(of("latest", "quality").eq_missing(MISSING))
        .then(None)
        .when(_is_mg)
        .then((_value + 500) // 1000)
        .otherwise(_value),
    },
    measures=(
        Measure(
            "reading.salinity", at="measured_at", where=_COUNTED, value="milli", sets=_BY_STATION
        ),
        Measure(
            "reading.salinity_max",
            at="measured_at",
            where=_COUNTED,
            value="MAX(milli)",
            is_recomputed=True,
            sets=_TOGETHER,
            adds_over=frozenset(),
        ),
        Measure(
            "reading.hours_over_1",
            at="measured_at",
            where=f"{_COUNTED} AND milli >= 1000",
            value="COUNT(DISTINCT hour)",
            is_recomputed=True,
            sets=_TOGETHER,
            adds_over=_OVER_TIME,
        ),
        Measure(
            "reading.hours_over_4",
            at="measured_at",
            where=f"{_COUNTED} AND milli >= 4000",
            value="COUNT(DISTINCT hour)",
            is_recomputed=True,
            sets=_TOGETHER,
            adds_over=_OVER_TIME,
        ),
        Measure(
            "reading.counted",
            at="measured_at",
            where=_GOOD,
            sets=_BY_STATION,
        ),
    ),
    recount=recount,
    indexes=(("measured_at",),),
    sql_indexes=(("station_code", "measured_at"),),
    checked=Checked("reading.counted", "station_code", "quantity", "milli"),
    shown={
        **dict.fromkeys(("station_code", "quantity", "measured_at", "quality")),
        "milli": Doc(
            "Phần nghìn của đơn vị đo; độ mặn: mg/L", "Thousandths of the unit; salinity in mg/L"
        ),
    },
)
