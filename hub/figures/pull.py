"""Pull: how much each row of a split figure pulls the whole away from where it is to be.

Of a figure that divides, with a goal g to be reached, a whole of N / D and a row of n / d (all of
them with the KPI's scale in D and d):

- the row *lacks* g × d − n: so many more the row would need in its numerator to be at the goal by
  itself; less than 0 where it is beyond the goal;
- it *pulls* (g × d − n) / D: by so much the row alone holds the whole away from the goal, in the
  measure of the figure. Of a share, 0.01 is one percentage point.

Pulls of all rows add up to g − N / D, the gap of the whole, exactly. Of a goal that is not to be
exceeded, signs are turned. Without a target, the goal is the whole's own N / D: pulls add up to 0,
and a row is held against the average; then a share is taken as one to be high, all else (hours that
something took) as one to be low.

A count has no denominator: a row lacks nothing, and pulls its part of the whole, n / N.

Worked by hand: on-time 70 of 100 in all, to be 0.9. A has 60 of 80, B 10 of 20. A lacks
0.9 × 80 − 60 = 12 and pulls 0.12; B lacks 18 − 10 = 8 and pulls 0.08. Together 0.20 = 0.9 − 0.7.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from hub.figures.book import Book
from hub.figures.compute import Question
from hub.figures.figure import Figure
from hub.figures.handling import Ranked
from hub.figures.kpi import LEVEL, Kpi
from hub.figures.progress import PROVINCE
from hub.reference.lists import Target

_PLACES = Decimal("0.000001")


@dataclass(frozen=True)
class Goal:
    """Where a figure is to be, exactly; `target` is None where it is the whole's own value."""

    value: Fraction
    is_ceiling: bool
    target: Target | None


@dataclass(frozen=True)
class Pull:
    """What a row lacks, in the units of its numerator, and what it pulls; exact."""

    lacks: Fraction | None
    pulls: Fraction


def goal_of(kpi: Kpi, question: Question, whole: Figure, book: Book) -> Goal | None:
    """Find where a figure is to be: its target, else the province's, else where it is.

    Parts that are cut in another way than by places and procedures, as by channel, are not held
    against a target of all. None for a count, and where nothing divides.
    """
    if kpi.denominator is None or not whole.denominator:
        return None
    target = whole.target
    places = {kpi.unit_dimension, LEVEL, "procedure", "field"}
    if target is None and {*question.where, *question.by} <= places:
        aim = book.reference.aim(kpi.id, question.period, PROVINCE)
        target = None if aim is None or aim.pace else aim.target
    if target is not None:
        return Goal(Fraction(target.value), target.is_ceiling, target)
    own = Fraction(whole.numerator, whole.denominator * whole.scale)
    return Goal(own, kpi.measure_unit != "share", None)


def pulls(
    kpi: Kpi, whole: Figure | None, rows: Sequence[Figure], goal: Goal | None
) -> list[Pull] | None:
    """Say what each row lacks and pulls; None where rows do not add up to the whole.

    They do not where a thing is in two rows or in none (weeks that reach over a period's end), or
    where parts are ranked (a median).
    """
    if whole is None or isinstance(kpi.numerator, Ranked):
        return None
    if sum(row.numerator for row in rows) != whole.numerator:
        return None
    if kpi.denominator is None:
        of = whole.numerator
        return [Pull(None, Fraction(row.numerator, of)) for row in rows] if of else None
    if goal is None or sum(row.denominator for row in rows) != whole.denominator:
        return None
    sign = -1 if goal.is_ceiling else 1
    lacking = [sign * (goal.value * row.denominator * row.scale - row.numerator) for row in rows]
    return [Pull(lack, lack / (whole.denominator * whole.scale)) for lack in lacking]


def written(exact: Fraction) -> Decimal:
    """Round to six places, half away from zero."""
    sign, (n, d) = (-1 if exact < 0 else 1), abs(exact).as_integer_ratio()
    return sign * (Decimal(n) / Decimal(d)).quantize(_PLACES, ROUND_HALF_UP)
