"""Payment: the statistic that counts for one reporter, service, method, area and period."""

from typing import Any

import polars as pl

from hub.definitions.fact import OVER_ALL, Fact, LiveEvent, Measure, of

_KEYS = ("reporter", "service", "method", "area")
_VALUES = ("transactions", "customers", "amount_vnd")
_DISTINCT = ("customers",)  # within the period: who pays every month is one customer of the year


def recount(events: list[LiveEvent]) -> dict[str, Any]:
    """Take the greatest revision of one statistic, in plain Python."""
    if not events:
        return dict.fromkeys(FACT.types)
    return {name: events[-1][name] for name in FACT.types}


FACT = Fact(
    contract="payment",
    picks={"latest": pl.lit(value=True)},
    types={
        **dict.fromkeys((*_KEYS, "period"), "text"),
        **dict.fromkeys(("revision", *_VALUES), "integer"),
    },
    columns={name: of("latest", name) for name in (*_KEYS, "period", "revision", *_VALUES)},
    measures=tuple(
        Measure(
            f"payment.{name}",
            period="period",
            where="reporter IS NOT NULL",
            value=name,
            sets=(),
            adds_over=OVER_ALL - {"time"} if name in _DISTINCT else OVER_ALL,
        )
        for name in _VALUES
    ),
    recount=recount,
    parents={"area": "units"},
    shown=dict.fromkeys((*_KEYS, "period", "revision", *_VALUES)),
)
