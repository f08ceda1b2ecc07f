"""Pulls, worked out by hand: what each unit adds to the gap between a figure and its target."""

from dataclasses import replace
from decimal import Decimal

import pytest

from hub.board.pulls import Pull, holders, lacks, pulls
from hub.board.sentences import amount, compared, percent, shown, why
from hub.figures.figure import Figure, Progress
from hub.reference.lists import Target
from hub.reference.periods import parse_period

HALF = Target(">=", Decimal("0.5"))


def figure(
    n: int, d: int, target: Target | None = None, unit: str | None = None, due: str | None = None
) -> Figure:
    """Make a share of n in d, of a unit or of the whole; a count where d is 1."""
    return Figure(
        dims={} if unit is None else {"unit": unit},
        value=str(Decimal(n) / d),
        numerator=n,
        denominator=d,
        scale=1,
        measure_unit="dossiers" if d == 1 else "share",
        target=target,
        met=None,
        status="provisional",
        completeness=1.0,
        fresh_at=None,
        at=None,
        cut="",
        definition_version="",
        progress=Progress("behind", "working_days", due, 1, 2) if due else None,
    )


def listed(ranked: list[Pull]) -> list[tuple[str | None, Decimal]]:
    return [(p.unit, p.short) for p in ranked]


def test_pulls_of_a_share_add_up_to_its_gap() -> None:
    """The example of the module: A lacks 40 and C 10, B has 40 more; the whole lacks 10."""
    units = [figure(10, 100, None, "A"), figure(90, 100, None, "B"), figure(20, 60, None, "C")]
    whole = figure(120, 260, HALF)
    assert listed(pulls(whole, units)) == [("A", Decimal(40)), ("C", Decimal(10))]
    assert lacks(HALF, None, whole) == Decimal(10)
    # 40 / 260 = 15.3846 %, 10 / 260 = 3.846 %.
    assert [p.public(260)["points"] for p in pulls(whole, units)] == ["15.38", "3.85"]
    assert why(whole, pulls(whole, units)).vi == (
        "Thiếu 3,85\u00a0điểm. Hai đơn vị kéo xuống: A (15,38\u00a0điểm), C (3,85\u00a0điểm)."
    )


def test_above_a_ceiling_who_is_over_pushes_up() -> None:
    """Of at most 10 %: 30 of 200 are 10 too many; A has 25 of 100, 15 too many; B 5 of 100."""
    ceiling = Target("<=", Decimal("0.1"))
    units = [figure(25, 100, None, "A"), figure(5, 100, None, "B")]
    whole = figure(30, 200, ceiling)
    assert listed(pulls(whole, units)) == [("A", Decimal(15))]
    said = why(whole, pulls(whole, units))
    assert said.vi == "Vượt 5,00\u00a0điểm. Một đơn vị đẩy lên: A (7,50\u00a0điểm)."
    assert said.en == "Over by 5.00\u00a0points. One unit drives it up: A (7.50\u00a0points)."


def test_a_plan_is_held_against_what_units_have_due() -> None:
    """80 of 100 due: A has 30 of 60 due, B 50 of 40; a unit without a plan pulls nothing."""
    plan = Target(">=", Decimal(200))
    units = [
        figure(30, 1, plan, "A", due="60.0"),
        figure(50, 1, plan, "B", due="40.0"),
    ]
    whole = figure(80, 1, plan, due="100.0")
    assert listed(pulls(whole, units)) == [("A", Decimal(30))]
    no_plan = [figure(30, 1, None, "A"), figure(50, 1, None, "B")]
    assert pulls(whole, no_plan) == []


@pytest.mark.parametrize("missing", [(0, 40), (20, 0)])
def test_units_that_do_not_add_up_are_not_blamed(missing: tuple[int, int]) -> None:
    units = [figure(10, 100, None, "A"), figure(20, 60, None, "C")]
    n, d = 30 + missing[0], 160 + missing[1]
    assert pulls(figure(30, 160, HALF), units)
    assert pulls(figure(n, d, HALF), units) == []
    assert holders(figure(31, 1), [figure(10, 1, None, "A"), figure(20, 1, None, "B")]) == []


def test_numbers_are_written_as_each_language_writes_them() -> None:
    assert [percent(Decimal("0.35325"), lang) for lang in ("vi", "en")] == [
        "35,33\u00a0%",
        "35.33%",
    ]
    money = Decimal(1_614_160_000_000)
    assert amount(money, "đồng", "vi") == "1.614,16 tỷ đồng"
    assert amount(money, "đồng", "en") == "1,614.16 billion VND"
    assert shown(figure(12406, 1)).vi == "12.406 hồ sơ"


def test_a_change_is_said_in_points_or_as_a_part_of_what_was() -> None:
    april = parse_period("2023-04")
    # 30 % after 25 %; 60 after 40, half as much again.
    share = compared(figure(30, 100), figure(25, 100), april)
    assert share is not None
    assert share.vi == "tăng 5,00\u00a0điểm so với tháng 4 năm 2023"
    count = compared(figure(60, 1), figure(40, 1), april)
    assert count is not None
    assert count.en == "up 20 dossiers (50.0%) from 2023-04"
    same = compared(figure(1, 2), figure(2, 4), april)
    assert same is not None
    assert same.en == "as in 2023-04"
    assert compared(replace(figure(1, 2), value=None), figure(1, 2), april) is None
