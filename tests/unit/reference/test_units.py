"""Units by day, and what became of them: the divisions of Sóc Trăng and Cần Thơ, by hand."""

from decimal import Decimal
from pathlib import Path

import pytest

from hub import places, registry
from hub.reference.checking import check_tables
from hub.reference.form import Row
from hub.reference.units import Units
from hub.sheets.province import read_province

FORMS = registry.forms()
FOLDER = Path(str(places.reference_folder() / "divisions" / "can-tho"))
TABLES = {name: file.rows for name, file in read_province(FORMS, FOLDER).items()}
UNITS = Units(TABLES["units"], TABLES["lineage"])
TODAY = "2026-01-15"


def test_the_real_divisions_have_no_fault() -> None:
    flaws = check_tables(FORMS, TABLES, {})
    assert [f for listed in flaws.values() for f in listed] == []


@pytest.mark.parametrize(
    ("code", "day", "districts", "communes"),
    [
        ("94", "2023-12-31", 11, 109),
        ("94", "2025-06-30", 11, 108),
        ("94", "2025-07-01", 0, 0),
        ("92", "2025-06-30", 9, 80),
        ("92", "2025-07-01", 0, 103),
    ],
)
def test_a_unit_has_below_it_what_it_had_on_the_day(
    code: str, day: str, districts: int, communes: int
) -> None:
    below = [UNITS.at(c, day) for c in UNITS.below(code, day)]
    levels = [unit.level for unit in below if unit is not None]
    assert (levels.count("district"), levels.count("commune")) == (districts, communes)


def test_a_code_that_is_used_again_is_another_unit() -> None:
    """31507 was Phường 6, and is Phường Sóc Trăng since 1/7/2025."""
    before, since = UNITS.at("31507", "2025-06-30"), UNITS.at("31507", "2025-07-01")
    assert before is not None
    assert since is not None
    assert before != since
    assert (before.name, since.name) == ("Phường 6", "Phường Sóc Trăng")


def shares(code: str, day: str) -> list[tuple[str, str]] | None:
    unit = UNITS.at(code, day)
    assert unit is not None
    now = UNITS.now(unit, TODAY)
    return None if now is None else [(u.name, str(n)) for u, n in now]


def test_what_became_of_a_unit_is_followed_through_every_change() -> None:
    # Phường 9 went into Phường 1 on 1/9/2024 and with it into Phường Phú Lợi on 1/7/2025.
    assert shares("31513", "2023-05-17") == [("Phường Phú Lợi", "1")]
    assert shares("31507", "2023-05-17") == [("Phường Sóc Trăng", "1")]
    assert shares("94", "2023-05-17") == [("Thành phố Cần Thơ", "1")]
    # Bùi Hữu Nghĩa went into Cái Khế and Bình Thủy; how much into which is not listed.
    assert shares("31178", "2023-05-17") is None
    assert shares("941", "2023-05-17") is None


def test_weights_are_multiplied_along_the_way() -> None:
    rows = [
        unit("A", "2021-01-01", "2023-01-01"),
        *(unit(c, "2023-01-01", "2025-07-01") for c in "BC"),
        *(unit(c, "2025-07-01", "") for c in "DE"),
    ]
    lineage = [
        became("A", "B", "2023-01-01", "split", "0.25"),
        became("A", "C", "2023-01-01", "split", "0.75"),
        became("B", "D", "2025-07-01", "merge"),
        became("C", "D", "2025-07-01", "split", "0.6"),
        became("C", "E", "2025-07-01", "split", "0.4"),
    ]
    units = Units(rows, lineage)
    oldest = units.at("A", "2022-01-01")
    assert oldest is not None
    found = {u.code: n for u, n in units.now(oldest, TODAY) or []}
    assert found == {"D": Decimal("0.70"), "E": Decimal("0.30")}  # 0.25 + 0.75 x 0.6; 0.75 x 0.4


def unit(code: str, begin: str, end: str) -> Row:
    names = {"name_vi": code, "level": "commune", "parent": "", "source": ""}
    return {"code": code, **names, "valid_from": begin, "valid_to": end}


def became(old: str, new: str, day: str, kind: str, weight: str = "") -> Row:
    return {"from_code": old, "to_code": new, "date": day, "kind": kind, "weight": weight}


OLD = [unit("A", "2021-01-01", "2025-07-01"), *(unit(c, "2025-07-01", "") for c in "BC")]
DAY = "2025-07-01"


@pytest.mark.parametrize(
    ("lineage", "rule"),
    [
        ([became("A", "B", DAY, "merge"), became("A", "C", DAY, "merge")], "more_than_whole"),
        ([became("A", "B", DAY, "split")], "less_than_whole"),
        (
            [became("A", "B", DAY, "split", "0.5"), became("A", "C", DAY, "split", "0.4")],
            "weights",
        ),
        ([became("A", "B", DAY, "split", "0.5"), became("A", "C", DAY, "split")], "weights"),
        ([became("A", "D", DAY, "merge")], "unknown_successor"),
        ([became("A", "B", DAY, "end")], "has_no_successor"),
        ([became("B", "C", DAY, "merge"), became("A", "B", DAY, "merge")], "does_not_end"),
    ],
)
def test_lineage_that_does_not_conserve_is_named(lineage: list[Row], rule: str) -> None:
    flaws = check_tables(FORMS, {"units": OLD, "lineage": lineage}, {})
    assert [f.rule for f in flaws["lineage"] if not f.is_note] == [rule]


def test_what_ends_without_a_word_is_told() -> None:
    flaws = check_tables(FORMS, {"units": OLD, "lineage": [became("X", "B", DAY, "end")]}, {})
    assert [(f.rule, f.is_note) for f in flaws["units"]] == [("no_lineage", True)]


def test_lineage_is_loaded_with_the_units_that_it_is_about() -> None:
    flaws = check_tables(FORMS, {"lineage": [became("A", "B", DAY, "merge")]}, {})
    assert [f.rule for f in flaws["lineage"]] == ["without_units"]
