"""What a part of the benchmark found: rows for the table, and the raw figures behind them."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Target:
    """What a figure is held against: `least` or `most` of it."""

    least: float | None = None
    most: float | None = None

    def is_met(self, value: float) -> bool:
        """Tell whether a figure keeps it."""
        return (self.least is None or value >= self.least) and (
            self.most is None or value <= self.most
        )

    def __str__(self) -> str:
        """Write it as in the table."""
        said = [f"≥ {self.least:g}"] if self.least is not None else []
        said += [f"≤ {self.most:g}"] if self.most is not None else []
        return ", ".join(said)


@dataclass(frozen=True)
class Row:
    """One line of the table: a figure in its unit, with what is to be said beside it."""

    name: str
    value: float
    unit: str
    note: str = ""
    target: Target | None = None

    @property
    def is_met(self) -> bool | None:
        """Tell whether its target is met; none where it has none."""
        return None if self.target is None else self.target.is_met(self.value)


@dataclass
class Section:
    """A part of the benchmark: what was done, with which settings, and what came of it."""

    title: str
    about: str
    settings: dict[str, Any]
    rows: list[Row]
    raw: dict[str, Any] = field(default_factory=dict)
    # What stood in the way of a target that was missed, and what would cure it.
    misses: list[str] = field(default_factory=list)

    def printed(self) -> str:
        """Write the rows for a terminal, and what stood in the way of those that miss."""
        lines = [f"{self.title}: {self.about}", json.dumps(self.settings)]
        for row in self.rows:
            met = {None: "", True: f"  {row.target}: met", False: f"  {row.target}: MISSED"}
            figure = f"{row.name:44} {row.value:14,.2f} {row.unit:10}{met[row.is_met]}"
            lines.append(f"{figure}  {row.note}".rstrip())
        return "\n".join([*lines, *self.misses])

    def as_json(self) -> dict[str, Any]:
        """Give all of it as JSON."""
        said = asdict(self)
        for row, own in zip(said["rows"], self.rows, strict=True):
            row["target"] = str(own.target) if own.target else None
            row["is_met"] = own.is_met
        return said


def quantile(values: Sequence[float], share: float) -> float:
    """Give the value that so large a share of values does not exceed (nearest rank).

    Of no values it is not a number, which keeps no target: it must not end what was measured else.
    """
    if not values:
        return math.nan
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def middle(values: Sequence[float]) -> float:
    """Give the median."""
    return float(median(values))
