"""Pulls: which units a figure that is off its course owes its gap to, and by how much each.

By the definition of `hub.figures.pull`, for a leader: of a share with the target t a unit lacks
t × its denominator − its numerator (with a ceiling: so many it is over). What all units lack adds
up to what the whole lacks; divided by the whole's denominator it is the points that a unit pulls.
By hand: of t = 50 %, A with 10 of 100 lacks 0.5 × 100 − 10 = 40, B with 90 of 100 has 40 more than
it needs, C with 20 of 60 lacks 10. The whole has 120 of 260, and lacks 0.5 × 260 − 120 = 10 =
40 − 40 + 10: A alone costs 40 / 260 = 15.38 points, C 3.85, and B makes up for 15.38.

Of a year's plan it is what is due by now of the unit's own plan, less what it has.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hub.figures.figure import Figure
from hub.reference.lists import Target

PULLS_MAX = 3


@dataclass(frozen=True)
class Pull:
    """What one unit adds to a gap: so many of the numerator; None where no unit is named."""

    unit: str | None
    name: str
    numerator: int
    denominator: int
    short: Decimal

    def public(self, whole: int | None) -> dict[str, Any]:
        """Give it as JSON; `whole` is the divisor of the whole, where points can be said."""
        points = None if whole is None else str(rounded(self.short * 100 / whole, 2))
        return {
            "unit": self.unit,
            "name": self.name,
            "numerator": self.numerator,
            "denominator": self.denominator,
            "short": written(self.short),
            "points": points,
        }


def rounded(number: Decimal, places: int) -> Decimal:
    """Round half-up, away from zero."""
    return number.quantize(Decimal(1).scaleb(-places), "ROUND_HALF_UP")


def written(number: Decimal) -> str:
    """Write a decimal plainly, with no zeros behind that say nothing."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def lacks(target: Target, due: Decimal | None, figure: Figure) -> Decimal:
    """Say how many of the numerator a figure lacks to its target, or is over its ceiling.

    It is negative where there are more than needed. `due` is what is due by now of a plan.
    """
    wanted = target.value * figure.denominator * figure.scale if due is None else due
    lack = wanted - figure.numerator
    return -lack if target.is_ceiling else lack


def expected(figure: Figure) -> Decimal | None:
    """Give what is due by now of a figure's plan; None where it has none."""
    due = figure.progress and figure.progress.expected
    return Decimal(due) if due else None


def pulls(whole: Figure, by_unit: Iterable[Figure]) -> list[Pull]:
    """Rank units by what they add to the gap of the whole, the greatest first.

    There are none where the units do not add up to the whole: then none of them can be said to have
    made it so. Those that help the whole are left out.
    """
    units = list(by_unit)
    target = whole.target
    if target is None or not _adds_up(whole, units):
        return []
    is_plan = expected(whole) is not None
    ranked = []
    for figure in units:
        due = expected(figure) if is_plan else None
        if is_plan and due is None:
            continue  # a plan of the province says nothing of a unit that has none
        ranked.append(_pull(figure, lacks(target, due, figure)))
    return sorted((p for p in ranked if p.short > 0), key=_rank)


def holders(whole: Figure, by_unit: Iterable[Figure]) -> list[Pull]:
    """Rank units by how much of a number they hold, the greatest first."""
    units = list(by_unit)
    if not _adds_up(whole, units):
        return []
    ranked = [_pull(figure, Decimal(figure.numerator)) for figure in units]
    return sorted((p for p in ranked if p.short > 0), key=_rank)


def _pull(figure: Figure, short: Decimal) -> Pull:
    code = figure.dims["unit"]
    name = figure.unit.name if figure.unit is not None else code or ""
    return Pull(code, name, figure.numerator, figure.denominator, short)


def _rank(pull: Pull) -> tuple[Decimal, str]:
    return (-pull.short, pull.unit or "")


def _adds_up(whole: Figure, units: Sequence[Figure]) -> bool:
    """Tell whether units add up to the whole: each thing is of one unit, and of none twice."""
    if any(figure.value is None for figure in units):
        return False
    numerators = sum(f.numerator for f in units)
    # A count has no denominator: it is 1 of each.
    is_count = all(f.denominator == 1 for f in (whole, *units))
    denominators = 1 if is_count else sum(f.denominator for f in units)
    return (numerators, denominators) == (whole.numerator, whole.denominator)
