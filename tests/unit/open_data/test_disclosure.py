"""What is withheld: tables worked by hand, and generated ones attacked by a solver of their own."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from hub.open_data.disclosure import NotProtectedError, Publication, Withheld, withhold

LEAST = 5


def published(
    parts: Sequence[int], sums: Sequence[Sequence[int]], **more: Sequence[bool]
) -> Publication:
    """Give numbers that are all printed, of parts in one block."""
    told: dict[str, Any] = {"is_printed": [True] * len(sums)}
    for name in ("is_small", "is_out", "is_back"):
        told[name] = [False] * len(sums)
    return Publication(parts, [0] * len(parts), sums, **{**told, **more})


def interval(of: Publication, is_withheld: np.ndarray, number: int) -> tuple[int, int]:
    """Give the least and the greatest that a number may be, to who reads what is told.

    Whole parts that are not negative; what is told adds up; what is withheld is not zero.
    """
    matrix, parts = of.matrix.toarray(), np.asarray(of.parts)
    values = (matrix @ parts).astype(int)
    printed = np.asarray(of.is_printed, dtype=bool)
    told = printed & ~is_withheld
    limits = [LinearConstraint(matrix[told], values[told], values[told])] if told.any() else []
    if is_withheld.any():
        limits.append(LinearConstraint(matrix[is_withheld], 1, np.inf))
    ends = []
    for way in (1, -1):
        high = Bounds(np.zeros(len(parts)), np.full(len(parts), 10_000.0))
        solved = milp(
            way * matrix[number], integrality=np.ones(len(parts)), bounds=high, constraints=limits
        )
        assert solved.x is not None, solved.message
        ends.append(int(np.rint(way * solved.fun)))
    return ends[0], ends[1]


def attack(of: Publication, found: Withheld, least: int) -> list[str]:
    """List what can be worked out of a publication that may not be."""
    matrix, parts = of.matrix.toarray(), np.asarray(of.parts)
    values = (matrix @ parts).astype(int)
    printed = np.asarray(of.is_printed, dtype=bool)
    told = matrix[printed & ~found.is_withheld]
    rank = np.linalg.matrix_rank(told) if len(told) else 0
    leaks = []
    for number, value in enumerate(values):
        is_small = 0 < value < least
        if is_small and printed[number] and not found.is_withheld[number]:
            leaks.append(f"{number}: {value} is told")
        elif is_small or found.is_withheld[number]:
            if rank and np.linalg.matrix_rank(np.vstack([told, matrix[number]])) == rank:
                leaks.append(f"{number}: {value} is a sum of what is told")
            low, high = interval(of, found.is_withheld, number)
            assert low <= value <= high
            if high - low < (least if is_small else 1):
                leaks.append(f"{number}: {value} is within {low} to {high}")
    return leaks


def withheld(of: Publication, least: int = LEAST) -> list[int]:
    found = withhold(of, least)
    assert attack(of, found, least) == []
    return [int(n) for n in np.flatnonzero(found.is_withheld)]


def test_a_small_one_of_a_row_takes_another_with_it() -> None:
    """3 + 40 + 50 = 93: were 3 withheld alone, 93 - 40 - 50 would give it back."""
    row = published([3, 40, 50], [[0], [1], [2], [0, 1, 2]])
    alone = Withheld(np.array([True, False, False, False]))
    assert attack(row, alone, LEAST) == [
        "0: 3 is a sum of what is told",
        "0: 3 is within 3 to 3",
    ]
    found = withheld(row)
    assert found[0] == 0
    assert len(found) == 2


def test_rows_and_columns_take_a_rectangle() -> None:
    """A table of two by two with its margins: nothing less than all four cells hides one."""
    parts = [3, 10, 10, 20]
    sums = [[0], [1], [2], [3], [0, 1], [2, 3], [0, 2], [1, 3], [0, 1, 2, 3]]
    assert withheld(published(parts, sums, is_out=[False] * 4 + [True] * 5)) == [0, 1, 2, 3]


def test_a_month_is_not_given_back_by_its_quarter() -> None:
    """2 in January; the quarter has 52, February 20, March 30."""
    found = withheld(published([2, 20, 30], [[0], [1], [2], [0, 1, 2]]))
    assert found[0] == 0
    assert len(found) == 2


def test_an_interval_that_is_too_narrow_is_no_protection() -> None:
    """3 and 2 of 5: both are withheld, but either is within 1 to 4; so the total goes, too."""
    of = published([3, 2, 60], [[0], [1], [2], [0, 1], [0, 1, 2]])
    both = Withheld(np.array([True, True, False, False, False]))
    assert attack(of, both, LEAST) == ["0: 3 is within 1 to 4", "1: 2 is within 1 to 4"]
    found = withheld(of)
    assert {0, 1, 3} <= set(found)


def test_what_a_share_leaves_is_protected_as_what_it_counts() -> None:
    """38 of 40 on time: two were late, though no table says so. 3 of 40: the three."""
    late = [False, True, True]
    assert withheld(published([38, 2], [[1], [0], [0, 1]], is_printed=late)) == [1]
    assert withheld(published([3, 37], [[1], [0], [0, 1]], is_printed=late)) == [1]
    assert withheld(published([20, 20], [[1], [0], [0, 1]], is_printed=late)) == []


def test_zeros_are_told_and_hide_nothing() -> None:
    """0 + 3 + 40 = 43: only 40 or the total can be withheld with 3."""
    found = withheld(published([3, 40], [[], [0], [1], [0, 1]]))
    assert found[0] == 1
    assert len(found) == 2


def test_what_was_told_before_cannot_protect_and_what_was_withheld_stays_so() -> None:
    row = [[0], [1], [2], [0, 1, 2]]
    out = [False, True, False, True]
    assert withheld(published([3, 40, 50], row, is_out=out)) == [0, 2]
    back = [False, True, False, False]
    kept = withhold(published([30, 40, 50], row, is_back=back), LEAST)
    assert np.flatnonzero(kept.is_withheld).tolist() == [1]
    with pytest.raises(NotProtectedError, match="published before tells it"):
        withhold(published([3, 40], [[0], [1], [0, 1]], is_out=[False, True, True]), LEAST)


def test_what_was_told_and_is_small_now_is_lost_and_listed() -> None:
    found = withhold(published([3, 40], [[0], [1]], is_out=[True, False]), LEAST)
    assert found.lost == [0]


@st.composite
def tables(draw: st.DrawFn) -> Publication:
    """Draw a quarter of some units: received, of which online, by month and in all."""
    units, months = draw(st.integers(2, 3)), 3
    counts = st.one_of(st.integers(0, 6), st.integers(0, 60))
    cells = [(u, m, c) for u in range(units) for m in range(months) for c in (0, 1)]
    drawn = {cell: n for cell in cells if (n := draw(counts))}
    place = {cell: i for i, cell in enumerate(drawn)}
    sums: dict[tuple[int, ...], bool] = {}
    for us in [(u,) for u in range(units)] + [tuple(range(units))]:
        for ms in [(m,) for m in range(months)] + [tuple(range(months))]:
            for cs, is_printed in (((0, 1), True), ((0,), True), ((1,), False)):
                named = [
                    place[c]
                    for c in cells
                    if c[0] in us and c[1] in ms and c[2] in cs
                    if c in place
                ]
                if named:
                    sums[tuple(named)] = sums.get(tuple(named), False) or is_printed
    return published(list(drawn.values()), [list(s) for s in sums], is_printed=list(sums.values()))


@settings(max_examples=15, deadline=None, derandomize=True)
@given(tables(), st.integers(3, 6))
def test_nothing_small_can_be_worked_out_of_generated_tables(of: Publication, least: int) -> None:
    found = withhold(of, least)
    assert attack(of, found, least) == []
