"""What was published about the demo's year, to be shown beside the figures that the hub computes.

Only what shows figures reads this; what computes or generates them may not (a law).
"""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from hub import places


@dataclass(frozen=True)
class Published:
    """One published figure; parts that were not printed are empty."""

    kpi: str
    period: str
    where: tuple[tuple[str, str], ...]
    numerator: str
    denominator: str
    printed: str
    target_met: str
    source: str


@cache
def published() -> tuple[Published, ...]:
    """Read the published figures."""
    text = (places.demo_reference_folder() / "published.csv").read_text("utf-8")
    return tuple(
        Published(
            row["kpi"],
            row["period"],
            _pairs(row["filter"]),
            row["numerator"],
            row["denominator"],
            row["printed"],
            row["target_met"],
            row["source"],
        )
        for row in csv.DictReader(io.StringIO(text, newline=""))
    )


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    parts = (p.partition("=") for p in text.split(",") if p)
    return tuple((name, value) for name, _, value in parts)


def find(
    listed: Iterable[Published], kpi: str, period: str, where: dict[str, str]
) -> Published | None:
    """Find what was published for a figure, among what is listed."""
    wanted = tuple(sorted(where.items()))
    return next((p for p in listed if (p.kpi, p.period, p.where) == (kpi, period, wanted)), None)
