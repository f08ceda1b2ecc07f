"""What a sender declared is held against what came, worked out by hand.

Of 17 May 2023 three dossiers, numbers 1 to 3: one is taken, one is rejected, one never came.
"""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from hub import registry
from hub.access.keys import Sender
from hub.clock import to_us
from hub.definitions.declaration import Declaration, Declared, in_force
from hub.gateway.declaring import DeclarationError, declare, read_declaration
from hub.proof.declared import Unmet
from hub.proof.letters import Missing, letters
from hub.proof.verify import verify
from hub.reference.periods import parse_period
from hub.repair import items as rejected
from hub.repair.items import Item, Wanted
from hub.repair.mending import close_mended
from hub.repair.repair import Repair
from hub.repair.totals import unmet
from stream_jobs.worked import received
from tests.conftest import Hub
from tests.parts import lists

CONTRACTS = registry.contracts()
CODES = [f"H57.1-230517-000{n}" for n in (1, 2, 3)]
FIRST, SECOND, THIRD = (received(code, "2023-05-17") | {"event_id": code[-4:]} for code in CODES)
BAD = SECOND | {"channel": "pigeon"}
DAY: dict[str, Any] = {
    "period": "2023-05-17",
    "count": 3,
    "first_code": CODES[0],
    "last_code": CODES[2],
}


@pytest.fixture(autouse=True)
def _on_the_day(hub: Hub) -> None:
    hub.now = datetime(2023, 5, 17, 9, tzinfo=UTC)


def post(hub: Hub, *items: Any, sender: str = "phuong", contract: str = "dossier") -> str:
    hub.now += timedelta(minutes=1)
    body = json.dumps(items).encode()
    answer = hub.gateway.accept(CONTRACTS[contract], Sender(sender), body)
    hub.runner.catch_up()
    return str(answer.body["receipt"])


def say(hub: Hub, contract: str = "dossier", sender: str = "phuong", **said: Any) -> None:
    hub.now += timedelta(minutes=1)
    declared = read_declaration(CONTRACTS[contract], **said)
    declare(hub.log, lambda: hub.now, CONTRACTS[contract], sender, sender, declared)
    hub.runner.catch_up()


def differing(hub: Hub, period: str = "2023-05") -> list[Unmet]:
    with hub.store.reading() as reading:
        return unmet(hub.log, reading, hub.seals.opener(), parse_period(period))


def items(hub: Hub) -> list[Item]:
    with hub.store.reading() as reading:
        return list(rejected.all_items(reading, hub.seals.opener(), Wanted()))


def check(hub: Hub) -> None:
    assert verify(hub.log, hub.store, lists.installed()).differences == []


@pytest.mark.parametrize("is_first", [True, False])
def test_what_a_day_declared_is_held_against_what_came_in_any_order(
    hub: Hub, is_first: bool
) -> None:
    if is_first:
        say(hub, **DAY)
    post(hub, FIRST, BAD)
    post(hub, FIRST)  # a repeat is no second record
    post(hub, THIRD, sender="another")  # and another sender's is not its own
    if not is_first:
        say(hub, **DAY)
    (one,) = differing(hub)
    assert (one.declared, one.came, one.missing) == (3, 2, 1)
    assert one.states == {"applied": 1, "rejected": 1}
    # The second came and is rejected; of the third something is known, though of another sender.
    assert one.codes == ()
    (item,) = items(hub)
    assert one.items == (item.event_id,)
    assert differing(hub, "2023-06") == []
    check(hub)


def test_once_all_is_here_and_taken_nothing_differs(hub: Hub) -> None:
    say(hub, **DAY)
    post(hub, FIRST, BAD)
    post(hub, SECOND, THIRD)
    assert [u.states for u in differing(hub)] == [{"applied": 3, "rejected": 1}]
    assert close_mended(hub.store, hub.log, hub.seals.opener(), lambda: hub.now) == 1
    assert differing(hub) == []


def test_what_was_corrected_on_a_later_day_counts_for_the_day_it_was_sent(hub: Hub) -> None:
    say(hub, **DAY)
    post(hub, FIRST, BAD, THIRD)
    hub.now += timedelta(days=3)
    repairs = Repair(hub.store, hub.log, lists.installed(), lambda: hub.now, hub.seals)
    (item,) = items(hub)
    repairs.replay([repairs.fix(item, {"channel": "post"}, "an")], "an", hub.gateway)
    hub.runner.catch_up()
    assert differing(hub) == []


READ = {"station_code": "ST05", "quantity": "salinity", "unit": "mg/L"}


def reading(hour: int, value: Any) -> dict[str, Any]:
    at = f"2023-05-17T0{hour}:00:00+07:00"
    return READ | {"event_id": f"r{hour}", "measured_at": at, "value": value}


def test_sums_of_a_file_are_held_against_its_rows(hub: Hub) -> None:
    receipt = post(hub, reading(1, 1.5), reading(2, 2.25), reading(3, "?"), contract="reading")
    sums = {"value": Decimal("5.75")}  # 1.5 + 2.25 + the 2 that was meant
    say(hub, contract="reading", receipt=receipt, count=3, sums=sums)
    (one,) = differing(hub)
    assert (one.subject, one.missing, one.states) == (receipt, 0, {"applied": 2, "rejected": 1})
    assert [(s.field, s.declared, s.here) for s in one.sums] == [("value", "5.75", "3.75")]
    post(hub, reading(3, 2), contract="reading")
    close_mended(hub.store, hub.log, hub.seals.opener(), lambda: hub.now)
    assert differing(hub) == []


def test_a_corrected_declaration_replaces_whatever_comes_first(hub: Hub) -> None:
    def of(revision: int, at: int, count: int) -> Declared:
        declared = Declaration("2023-05-17", "", count, revision=revision)
        return Declared(f"e{at}", "phuong", "dossier", at, declared)

    said = [of(1, 5, 2), of(0, 9, 7), of(1, 7, 3)]
    for order in (said, said[::-1]):
        assert [d.declaration.count for d in in_force(order)] == [3]
    post(hub, FIRST)
    say(hub, period="2023-05-17", count=1, revision=1)
    say(hub, period="2023-05-17", count=9)
    assert differing(hub) == []
    say(hub, period="2023-05-17", count=2, revision=1)
    (one,) = differing(hub)
    assert (one.declared, one.missing, one.revision) == (2, 1, 1)


def test_more_than_was_declared_is_named(hub: Hub) -> None:
    say(hub, period="2023-05", count=1)
    post(hub, FIRST, THIRD)
    (one,) = differing(hub)
    assert one.missing == -1


def test_the_letter_says_it_in_words_and_in_a_table(hub: Hub) -> None:
    say(hub, **DAY)
    post(hub, FIRST, BAD)
    with hub.store.reading() as opened:
        book = hub.book(opened)
        (letter,) = letters(book, "2023-05", to_us(hub.now), Missing(unmet=differing(hub)))
    assert letter.addressee == "phuong"
    assert (
        "   - dossier, gửi ngày 17/05/2023: khai 3, nhận 2, thiếu 1; 1 được tính, 1 bị từ chối;"
        " chưa có mã H57.1-230517-0003\n"
    ) in letter.text
    assert "khác tổng đã khai,dossier,2023-05-17,2023-05-17,,2,3\r\n" in letter.table
    assert "thiếu mã đã khai,dossier,2023-05-17,2023-05-17,H57.1-230517-0003,0,1" in letter.table


@pytest.mark.parametrize(
    ("contract", "said", "field"),
    [
        ("dossier", {"count": 1}, "period"),
        ("dossier", {"period": "2023-05-17", "receipt": "r", "count": 1}, "period"),
        ("dossier", {"period": "17/5/2023", "count": 1}, "period"),
        ("dossier", {"period": "2023-05-17"}, "count"),
        ("dossier", {"period": "2023-05-17", "sums": {"channel": Decimal(1)}}, "sums.channel"),
        ("payment", {"period": "2023-05", "sums": {"revision": Decimal(1)}}, "sums.revision"),
        ("payment", {"period": "2023-05", "sums": {"amount_vnd": Decimal("1.5")}},
         "sums.amount_vnd"),
        ("payment", {"period": "2023-05", "first_code": "A"}, "first_code"),
    ],
)  # fmt: skip
def test_what_is_no_declaration_is_refused_by_its_field(
    contract: str, said: dict[str, Any], field: str
) -> None:
    with pytest.raises(DeclarationError) as refused:
        read_declaration(CONTRACTS[contract], **said)
    assert refused.value.field == field
