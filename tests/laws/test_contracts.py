"""What holds for every contract that the registry finds: its cases, its instants, its entities."""

import json
from datetime import UTC, datetime, timedelta

from hub.clock import EPOCH, day_of, iso_day, to_us
from hub.definitions.admission import admit
from hub.definitions.coded import find_field, label
from tests.conftest import CLOCK
from tests.parts.cases import CONTRACTS, cases, every


@every
def test_a_contract_has_enough_cases(name: str) -> None:
    assert len(cases(name)["pass"]) >= 6
    assert len(cases(name)["fail"]) >= 10
    assert len({c["why"] for c in cases(name)["fail"]}) == len(cases(name)["fail"])
    assert len({c["rule"] for c in cases(name)["fail"]}) >= 6


@every
def test_cases_that_must_pass_do(name: str) -> None:
    contract = CONTRACTS[name]
    items = cases(name)["pass"]
    together = admit(contract, json.dumps(items).encode())
    assert together.rejected == []
    for item, row in zip(items, together.events.iter_rows(named=True), strict=True):
        alone = admit(contract, json.dumps(item, ensure_ascii=False).encode())
        assert alone.events.row(0, named=True) == row
        assert row["event_id"] == item["event_id"]


@every
def test_cases_that_must_fail_say_why_in_two_languages(name: str) -> None:
    contract = CONTRACTS[name]
    failing = cases(name)["fail"]
    good = cases(name)["pass"][0]
    together = admit(contract, json.dumps([good, *(c["event"] for c in failing)]).encode())
    assert together.indexes == [0]
    assert [v.index for v in together.rejected] == list(range(1, len(failing) + 1))
    for case, verdict in zip(failing, together.rejected, strict=True):
        assert (verdict.rule, verdict.field) == (case["rule"], case["field"]), case["why"]
        assert verdict.message_vi
        assert verdict.message_en
        assert verdict.message_vi != verdict.message_en
        of_field = find_field(contract, case["field"])
        assert (case["field"] if of_field is None else label(of_field).vi) in verdict.message_vi
        assert case["field"] in verdict.message_en
        sent = case["event"].get(case["field"])
        if case["rule"] != "required" and isinstance(sent, str) and sent.isprintable():
            if case["rule"] == "unknown_field":  # what no contract knows may be personal
                assert sent not in verdict.value
                assert f" {len(sent)} " in verdict.value
            else:
                assert verdict.value == sent


@every
def test_no_case_is_dated_later_than_the_clock_of_tests(name: str) -> None:
    """Tests post them: a gateway refuses what is yet to come, which `admit` has no clock to see."""
    day = iso_day(day_of(to_us(CLOCK)))
    passing, failing = cases(name)["pass"], cases(name)["fail"]
    said = [(c, "") for c in passing] + [(c["event"], c["field"]) for c in failing]
    later = [
        f"{field} {event[field]} of {event.get('event_id')}"
        for event, about in said
        for field in CONTRACTS[name].past
        if field != about and isinstance(event.get(field), str) and event[field][:10] >= day
    ]
    assert later == [], f"to be before {day} (CLOCK of tests/conftest.py), else they are refused"


@every
def test_entity_and_instant_are_the_same_by_row_and_by_column(name: str) -> None:
    contract = CONTRACTS[name]
    frame = admit(contract, json.dumps(cases(name)["pass"]).encode()).events
    assert frame.select(contract.entity).to_series().to_list() == [
        contract.entity_of(r) for r in frame.iter_rows(named=True)
    ]
    assert frame.select(contract.occurred).to_series().to_list() == [
        contract.occurred_of(r) for r in frame.iter_rows(named=True)
    ]


def test_the_limits_of_instants_are_what_they_are_written_as() -> None:
    lowest = datetime(1900, 1, 1, tzinfo=UTC)
    highest = datetime(9999, 12, 30, tzinfo=UTC)
    limits = next(f for f in CONTRACTS["dossier"].fields if f.name == "occurred_at").limits
    assert EPOCH + timedelta(microseconds=limits["minimum"]) == lowest
    assert EPOCH + timedelta(microseconds=limits["maximum"]) == highest
