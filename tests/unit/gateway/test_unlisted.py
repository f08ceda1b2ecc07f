"""Codes that are on no list: counted all the same, and told with the near ones that are."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import registry
from hub.clock import to_us
from hub.definitions.admission import admit
from hub.definitions.near import OFFERED_MAX, distance, near_codes
from hub.figures.loading import load_lists
from hub.gateway.unlisted import find_unlisted
from hub.sheets.files import admit_file
from stream_jobs.worked import received
from tests.conftest import Hub
from tests.laws.test_files import ROW, as_csv

DOSSIER = registry.contracts()["dossier"]


def unit(code: str, name: str, valid_to: str = "") -> dict[str, str]:
    row = {"code": code, "name_vi": name, "level": "commune", "parent": "H57"}
    return row | {"valid_from": "2021-01-01", "valid_to": valid_to, "source": ""}


UNITS = [
    unit("H57", "Tỉnh"),
    unit("H57.12", "Xã Hòa Bình"),
    unit("H57.21", "Phường An Bình"),
    unit("H57.31", "Xã cũ", "2022-01-01"),
]


@pytest.fixture
def listed(hub: Hub) -> Hub:
    load_lists(hub.log, {"units": UNITS}, to_us(hub.now), "tester")
    hub.runner.catch_up()
    return hub


def test_a_code_that_no_list_has_is_counted_and_told_with_near_ones(listed: Hub) -> None:
    events = [received("A", "2023-05-17") | {"received_by": code} for code in ("H57.12", "H57.22")]
    events[1] |= {"event_id": "other", "dossier_code": "B"}
    answer = listed.post("dossier", *events)
    assert answer.body["rejected"] == []
    frame = admit(DOSSIER, json.dumps(events).encode()).events
    unlisted = find_unlisted(DOSSIER, frame, listed.gateway.names.of)
    (told,) = [u for u in unlisted if u.field == "received_by"]
    assert (told.field, told.value) == ("received_by", "H57.22")
    assert told.near == ("H57.21", "H57.12")
    assert "gần giống: H57.21 (Phường An Bình)? H57.12 (Xã Hòa Bình)?" in told.message_vi


def test_of_a_file_what_no_list_has_is_told_too(listed: Hub) -> None:
    rows = [ROW | {"received_by": "H57.31"}]  # it ended in 2022
    admitted = admit_file(DOSSIER, as_csv(rows))
    told = find_unlisted(DOSSIER, admitted.events, listed.gateway.names.of)
    assert "H57.31" in [t.value for t in told]


def test_a_malformed_code_is_refused_with_near_ones(listed: Hub) -> None:
    (wrong,) = listed.post("dossier", received("A", "2023-05-17") | {"received_by": "h57.12"}).body[
        "rejected"
    ]
    assert wrong["rule"] == "malformed"
    assert "H57.12 (Xã Hòa Bình)?" in wrong["message_vi"]
    assert "H57.12?" in wrong["message_en"]
    (named,) = listed.post(
        "dossier", received("A", "2023-05-17") | {"received_by": "xã hòa bình"}
    ).body["rejected"]
    assert "gần giống: H57.12 (Xã Hòa Bình)?" in named["message_vi"]


def test_where_no_list_is_loaded_nothing_is_said(hub: Hub) -> None:
    (wrong,) = hub.post("dossier", received("A", "2023-05-17") | {"received_by": "h57.12"}).body[
        "rejected"
    ]
    assert "gần giống" not in wrong["message_vi"]


@pytest.mark.parametrize(
    ("sent", "near"),
    [
        ("H57.12", ["H57.12"]),
        ("h57.12", ["H57.12"]),
        ("H57.2", ["H57.21", "H57.12"]),
        ("h57 12", ["H57.12", "H57.21"]),
        ("H75.12", ["H57.12", "H57.21"]),
        ("XÃ  HÒA BÌNH", ["H57.12"]),
        ("xa hoa binh", ["H57.12"]),  # as who types without marks writes it
        ("phường an bìn", ["H57.21"]),
        ("Sở Y tế", []),
        ("", []),
    ],
)
def test_near_is_a_slip_or_two_or_a_name(sent: str, near: list[str]) -> None:
    names = {u["code"]: u["name_vi"] for u in UNITS if u["code"] in ("H57.12", "H57.21")}
    assert near_codes(sent, names) == near


def test_of_many_near_codes_three_are_offered() -> None:
    names = dict.fromkeys((f"H57.1{n}" for n in range(10)), "")
    assert near_codes("H57.1X", names) == ["H57.10", "H57.11", "H57.12"]


CODE = st.text("H57.12", max_size=7)


@given(CODE, st.dictionaries(CODE, st.text(max_size=5), max_size=6))
def test_what_is_offered_is_on_the_list_and_there_are_few(sent: str, names: dict[str, str]) -> None:
    near = near_codes(sent, names)
    assert len(near) <= OFFERED_MAX
    assert set(near) <= names.keys()
    if sent and sent in names and len(sent) > 3:
        assert near[0] == sent


@given(CODE, CODE)
def test_distance_is_the_same_both_ways_and_bounded(one: str, other: str) -> None:
    apart = distance(one, other, 9)
    assert apart == distance(other, one, 9)
    assert abs(len(one) - len(other)) <= apart <= max(len(one), len(other))
    assert (apart == 0) is (one == other)
