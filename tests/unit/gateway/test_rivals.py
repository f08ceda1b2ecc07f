"""Two values of one thing at one time, sent together: neither counts, and each names the other."""

import json
from typing import Any

import pytest

from hub import registry
from hub.access.keys import Sender
from hub.definitions.admission import admit
from hub.gateway.gateway import Answer, Offer
from stream_jobs.worked import paid, received, salinity
from tests.conftest import Hub

AT = "2023-05-03T05:00"


def rejected(answer: Answer) -> list[tuple[int, str, str, str]]:
    return [(v["index"], v["rule"], v["field"], v["value"]) for v in answer.body["rejected"]]


def test_two_values_of_one_station_at_one_instant_are_named_to_their_sender(hub: Hub) -> None:
    other = salinity("ST01", "2023-05-03T06:00", 2)
    answer = hub.post("reading", salinity("ST01", AT, 1.2), other, salinity("ST01", AT, 1.3))
    assert rejected(answer) == [
        (0, "two_values", "value", "1.2"),
        (2, "two_values", "value", "1.3"),
    ]
    first, second = answer.body["rejected"]
    assert "bản ghi 3: 1.3" in first["message_vi"]
    assert "item 1: 1.2" in second["message_en"]
    hub.runner.catch_up()
    (figure,) = hub.kpi("salinity_max", period="2023-05")
    assert figure["value"] == "2.000000"


def test_three_name_both_others(hub: Hub) -> None:
    sent = [salinity("ST01", AT, grams) for grams in (1, 2, 3)]
    listed = hub.post("reading", *sent).body["rejected"]
    assert ["bản ghi 2, 3" in v["message_vi"] for v in listed] == [True, False, False]
    assert len(listed) == 3


def test_of_a_clock_that_stands_each_item_names_a_few_others(hub: Hub) -> None:
    sent = [salinity("ST01", AT, number / 8) for number in range(50)]
    listed = hub.post("reading", *sent).body["rejected"]
    assert len(listed) == 50
    assert "bản ghi 2, 3, 4: " in listed[0]["message_vi"]
    assert "bản ghi 1, 2, 3: " in listed[-1]["message_vi"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        # The same said twice is a repeat of what is meant, whatever it is called.
        (salinity("ST01", AT, 1.2), salinity("ST01", AT, 1.2)),
        # One says when it was recorded: when it happened, as is taken of the other.
        (
            salinity("ST01", AT, 1.2),
            salinity("ST01", AT, 1.2) | {"recorded_at": f"{AT}:00+07:00"},
        ),
        # One says that it corrects the other.
        (
            salinity("ST01", AT, 1.2),
            salinity("ST01", AT, 1.3) | {"revised_at": "2023-05-04T00:00:00+07:00"},
        ),
        (
            salinity("ST01", AT, 1.2),
            salinity("ST01", AT, 1.3) | {"recorded_at": "2023-05-04T00:00:00+07:00"},
        ),
        # Of other things, or of one at another time.
        (salinity("ST01", AT, 1.2), salinity("ST02", AT, 1.3)),
        (salinity("ST01", AT, 1.2), salinity("ST01", "2023-05-03T06:00", 1.3)),
        # One event id with two contents is a conflict, which the ledger shows.
        (
            salinity("ST01", AT, 1.2) | {"event_id": "a"},
            salinity("ST01", AT, 1.3) | {"event_id": "a"},
        ),
    ],
)
def test_these_are_no_rivals(hub: Hub, first: Any, second: Any) -> None:
    assert rejected(hub.post("reading", first, second)) == []


def test_statistics_of_one_revision_and_events_of_a_dossier(hub: Hub) -> None:
    one = paid("cash", "2023-05", customers=1, amount=5)
    other = paid("cash", "2023-05", customers=1, amount=6)
    assert [r[1:] for r in rejected(hub.post("payment", one, other))] == [
        ("two_values", "amount_vnd", "5"),
        ("two_values", "amount_vnd", "6"),
    ]
    again = other | {"revision": 2}
    assert rejected(hub.post("payment", one, again)) == []
    # A dossier may have several events at once.
    both = received("A", "2023-05-02"), received("A", "2023-05-02", "online")
    assert rejected(hub.post("dossier", *both)) == []


def test_what_others_send_at_the_same_time_is_no_rival(hub: Hub) -> None:
    """Submissions of several senders are judged together."""
    contract = registry.contracts()["reading"]

    def offer(sender: str, *grams: float) -> Offer:
        body = json.dumps([salinity("ST01", AT, value) for value in grams]).encode()
        return Offer(contract, Sender(sender), body, None, admit(contract, body))

    offers = [offer("a", 1.2), offer("b", 1.3), offer("c", 4, 5), offer("d", 1.4)]
    hub.gateway.prepare(offers)
    hub.gateway.commit(offers)
    found = [rejected(o.outcome()) for o in offers]
    both = [(0, "two_values", "value", "4"), (1, "two_values", "value", "5")]
    assert found == [[], [], both, []]
