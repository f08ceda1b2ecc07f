"""Figures by units as they were, as they are and re-based: three views, one provincial total.

The divisions are the real ones of Sóc Trăng and Cần Thơ; what is expected was worked out by hand
from them.
"""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import places, registry
from hub.clock import to_us
from hub.figures.by_unit import VIEWS, dealt
from hub.figures.compute import QuestionError, read_question
from hub.figures.made_of import Wanted, facts
from hub.sheets.province import read_province
from stream_jobs.worked import Json, dossier, received
from tests.conftest import Hub

FOLDER = Path(str(places.reference_folder() / "divisions" / "can-tho"))
# Of 2023: by the unit that received them.
RECEIVED = {"31507": 3, "31513": 2, "31522": 1, "31178": 4, "941": 1, "31633": 2}


def taken(code: str, at: str, unit: str) -> Json:
    """Write the reception of a dossier by a unit, which is to resolve it, too."""
    return received(code, at) | {"received_by": unit, "resolved_by": unit}


@pytest.fixture
def province(tmp_path: Path) -> Iterator[Hub]:
    """Give a hub of the real divisions, with dossiers of before and after 1/7/2025."""
    opened = Hub(tmp_path)
    files = read_province(registry.forms(), FOLDER)
    opened.reference = opened.reference.with_tables({n: f.rows for n, f in files.items()})
    opened.send(
        "dossier",
        *(
            taken(f"{unit}-{i}", "2023-05-17", unit)
            for unit, n in RECEIVED.items()
            for i in range(n)
        ),
        taken("NEW-1", "2025-08-01", "31507"),
        taken("NEW-2", "2025-08-01", "31510"),
        # It was received by Phường 6, and ended when its code was that of Phường Sóc Trăng.
        taken("LATE", "2025-06-30", "31507"),
        dossier("LATE", "resolved", "2025-08-02", resolved_by="31507"),
    )
    yield opened
    opened.close()


def by_unit(hub: Hub, view: str, kpi: str = "dossier_received_new", **more: str) -> dict[str, int]:
    asked = {"period": "2023", "by": "unit", "view": view} | more
    return {f["dims"]["unit"]: f["numerator"] for f in hub.kpi(kpi, **asked)}


def whole(hub: Hub, unit: str, view: str, **more: str) -> int:
    found = hub.kpi(
        "dossier_received_new", **({"period": "2023", "unit": unit, "view": view} | more)
    )
    return sum(f["numerator"] for f in found)


def test_as_they_were_is_by_the_units_of_then(province: Hub) -> None:
    assert by_unit(province, "as_was") == RECEIVED
    # Of the eleven, 31178 is of Cần Thơ as it was; 94 is Sóc Trăng with all that was below it.
    assert (whole(province, "94", "as_was"), whole(province, "92", "as_was")) == (9, 4)
    assert whole(province, "941", "as_was") == 7  # the city, with Phường 6, 9 and 1


def test_as_they_are_is_by_what_they_became_whole(province: Hub) -> None:
    assert by_unit(province, "as_is") == {
        "31507": 3,  # Phường 6 is in Phường Sóc Trăng
        "31510": 3,  # Phường 9, then 1, is in Phường Phú Lợi
        "31633": 2,
        "31178@2021-01-01": 4,  # split: not separable
        "941@2021-01-01": 1,  # the city ended with nothing in its place
    }


def test_without_weights_what_was_split_stays_apart(province: Hub) -> None:
    assert by_unit(province, "rebased") == by_unit(province, "as_is")


def test_with_weights_what_was_split_is_dealt_out_whole(province: Hub) -> None:
    tables = dict(province.reference.tables)
    tables["lineage"] = [
        row | {"weight": "0.7" if row["to_code"] == "31168" else "0.3"}
        if row["from_code"] == "31178"
        else row
        for row in tables["lineage"]
    ]
    province.reference = province.reference.with_tables(tables)
    found = by_unit(province, "rebased")
    assert (found["31120"], found["31168"]) == (1, 3)  # of 4: 1.2 and 2.8
    assert sum(found.values()) == sum(RECEIVED.values())
    assert by_unit(province, "as_is")["31178@2021-01-01"] == 4
    assert whole(province, "31168", "rebased") == 3


@pytest.mark.parametrize("view", VIEWS)
def test_the_provincial_total_is_the_same_in_all_views(province: Hub, view: str) -> None:
    everything = sum(RECEIVED.values())
    assert sum(by_unit(province, view).values()) == everything
    (total,) = province.kpi("dossier_received_new", period="2023")
    assert total["numerator"] == everything
    if view != "as_was":
        assert whole(province, "92", view) == everything


def test_a_figure_says_what_its_unit_is_and_what_became_of_it(province: Hub) -> None:
    found = province.kpi("dossier_received_new", period="2023", by="unit", view="rebased")
    units = {f["dims"]["unit"]: f["unit"] for f in found}
    split = units["31178@2021-01-01"]
    assert (split["name"], split["valid_to"]) == ("Phường Bùi Hữu Nghĩa", "2025-07-01")
    assert [(b["code"], b["kind"], b["weight"]) for b in split["became"]] == [
        ("31120", "split", None),
        ("31168", "split", None),
    ]
    assert units["31507"]["name"] == "Phường Sóc Trăng"
    assert units["941@2021-01-01"]["became"] == []
    (whole,) = province.kpi("dossier_received_new", period="2023")
    assert "unit" not in whole


def test_a_code_that_is_used_again_is_told_apart_by_when_it_was_meant(province: Hub) -> None:
    assert by_unit(province, "as_was", period="2025") == {
        "31507@2021-01-01": 1,
        "31507": 1,
        "31510": 1,
    }
    # What began under the old unit and ended under the new one left the old one's stock.
    left = by_unit(province, "as_was", "dossier_in_progress", period="2025-08")
    assert left["31507@2021-01-01"] == RECEIVED["31507"]
    assert left["31507"] == 1
    resolved = by_unit(province, "as_was", "dossier_resolved", period="2025")
    assert resolved == {"31507": 1}
    assert whole(province, "31507@2021-01-01", "as_was", period="2025") == 1


def test_the_definitions_version_names_the_lists_that_the_view_goes_by(province: Hub) -> None:
    def versions() -> dict[str, str]:
        asked = {"period": "2023", "by": "unit"}
        (whole,) = province.kpi("dossier_received_new", period="2023")
        return {"": whole["definition_version"]} | {
            view: province.kpi("dossier_received_new", view=view, **asked)[0]["definition_version"]
            for view in VIEWS
        }

    before = versions()
    tables = dict(province.reference.tables)
    tables["lineage"] = tables["lineage"][:-1]
    province.reference = province.reference.with_tables(tables)
    after = versions()
    assert {view for view in after if after[view] != before[view]} == {"as_is", "rebased"}


def test_facts_are_those_of_the_figure(province: Hub) -> None:
    kpi = registry.kpis()["dossier_received_new"]
    asked = {"period": "2023", "unit": "31510", "view": "rebased"}
    with province.store.reading() as reading:
        question = read_question(kpi, asked, to_us(province.now))
        listed = facts(kpi, question, province.book(reading), Wanted())
    assert {f["entity"] for f in listed["facts"]} == {"31513-0", "31513-1", "31522-0"}


def test_a_unit_that_nobody_knows_is_refused_and_near_ones_are_named(province: Hub) -> None:
    with pytest.raises(QuestionError, match=r"near: .*31507") as refused:
        whole(province, "31505", "as_was")
    assert (refused.value.rule, refused.value.field) == ("unknown_value", "unit")
    with pytest.raises(QuestionError, match="only as_was, as_is, rebased"):
        whole(province, "94", "as_will_be")


def test_a_code_that_no_list_knows_is_below_no_unit(province: Hub) -> None:
    province.send("dossier", taken("ODD", "2023-05-17", "X.1"))
    assert by_unit(province, "as_was") == RECEIVED | {"X.1": 1}
    assert whole(province, "X.1", "rebased") == 1
    assert whole(province, "94", "as_was") == 9


def test_a_unit_that_the_denominator_alone_knows_is_known(province: Hub) -> None:
    """Nothing of it came online, so that the numerator has never met it."""
    province.send("dossier", taken("ODD", "2023-05-17", "X.1"))
    (found,) = province.kpi("dossier_online_share_new", period="2023", unit="X.1")
    assert (found["numerator"], found["denominator"]) == (0, 1)


@given(st.integers(0, 10**6), st.lists(st.integers(1, 50), min_size=1, max_size=6))
def test_what_is_dealt_out_adds_up_and_each_part_is_within_one(n: int, weights: list[int]) -> None:
    shares = [Decimal(w) / sum(weights) for w in weights]
    shares[-1] = 1 - sum(shares[:-1], Decimal(0))
    parts = dealt(n, shares)
    assert sum(parts) == n
    assert all(abs(part - n * share) < 1 for part, share in zip(parts, shares, strict=True))
