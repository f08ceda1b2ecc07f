"""Numbers of several rows as one publication: what a share leaves, and what was said before."""

from hub.open_data.linking import Gathered, Known, Parts
from hub.open_data.opened import ABOVE, BELOW, Row

LATE = ("dossier.resolved", "resolved_by", "2023-05", (), 0)
ON_TIME = ("dossier.resolved", "resolved_by", "2023-05", (), 1)
LEAST = 5


def row(numerator: int, denominator: int) -> Row:
    return Row(
        "dossier_on_time_share", "2023-05", "month", (), "", numerator, denominator, "0.9",
        "provisional", None, None, None, 1.0, "v",
    )  # fmt: skip


def withheld(on_time: int, late: int, known: Known | None = None) -> set[str]:
    """Name the sides of one share that are withheld."""
    gathered = Gathered({ON_TIME: on_time, LATE: late})
    numbers: dict[str, Parts] = {ABOVE: (ON_TIME,), BELOW: (LATE, ON_TIME)}
    gathered.add(row(on_time, on_time + late), numbers, LEAST, known or Known())
    return {side for *_, side in gathered.withheld(LEAST)}


def test_two_late_of_forty_are_not_told_by_the_share_of_the_others() -> None:
    assert withheld(38, 2) != set()
    assert withheld(20, 20) == set()


def test_what_was_withheld_stays_so_and_what_was_told_and_is_the_same_hides_nothing() -> None:
    key = row(20, 40).key
    assert withheld(20, 20, Known(back={(*key, ABOVE)})) == {ABOVE}
    assert withheld(38, 2, Known(out={(*key, ABOVE): 38})) == {BELOW}
    assert withheld(38, 2, Known(out={(*key, BELOW): 40})) == {ABOVE}
    # 39 was told, of which one is not on time any more: 38 is not known yet.
    assert withheld(38, 2, Known(out={(*key, ABOVE): 39, (*key, BELOW): 40})) == {ABOVE}
