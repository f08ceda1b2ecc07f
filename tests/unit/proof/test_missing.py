"""What never came, worked out by hand: gaps in the day's numbers of units, steps that were owed."""

from datetime import date, timedelta

from hub.clock import to_us
from hub.proof.letters import Missing, letters
from hub.proof.missing import gaps, owed
from hub.reference.periods import parse_period
from stream_jobs.worked import dossier, received
from tests.conftest import Hub


def send(hub: Hub, unit: str, day: date, numbers: list[int]) -> None:
    for n in numbers:
        code = f"{unit}-{day:%y%m%d}-{n:04}"
        hub.send("dossier", received(code, day.isoformat()) | {"event_id": code}, sender="one_stop")


def of_may(day: int) -> date:
    return date(2023, 5, 1) + timedelta(day - 1)


def found(hub: Hub, period: str) -> list[tuple[str, str, tuple[str, ...], tuple[str, ...]]]:
    with hub.store.reading() as reading:
        listed = gaps(hub.book(reading), parse_period(period))
    return [(g.unit, g.day, g.missing, g.unreceived) for g in listed]


def test_a_gap_is_named_where_a_unit_numbers_by_day(hub: Hub) -> None:
    for day in range(8, 14):
        send(hub, "H57.1", of_may(day), [1, 2, 3])
    send(hub, "H57.1", of_may(15), [1, 4, 5])
    named = ("H57.1-230515-0002", "H57.1-230515-0003")
    assert found(hub, "2023-05") == [("H57.1", "2023-05-15", named, ())]
    assert found(hub, "2023-05-10") == []
    assert found(hub, "2023-06") == []


def test_a_unit_whose_numbers_are_random_has_no_gaps(hub: Hub) -> None:
    for day in range(8, 16):
        send(hub, "000.00.19.H57", of_may(day), [4711 + day, 8093 - 7 * day, 512])
    assert found(hub, "2023-05") == []


def test_of_few_days_nothing_is_learned(hub: Hub) -> None:
    for day in range(8, 12):
        send(hub, "H57.1", of_may(day), [1, 2, 3, 5])
    assert found(hub, "2023-05") == []
    send(hub, "H57.1", of_may(12), [1, 2, 3, 5])
    assert len(found(hub, "2023-05")) == 5


def test_what_was_not_received_and_is_known_otherwise_is_named_apart(hub: Hub) -> None:
    for day in range(8, 14):
        send(hub, "H57.1", of_may(day), [1, 2, 3])
    hub.send("dossier", dossier("H57.1-230512-0004", "resolved", "2023-05-15"))
    assert found(hub, "2023-05") == [("H57.1", "2023-05-12", (), ("H57.1-230512-0004",))]


def test_steps_that_were_owed_are_named(hub: Hub) -> None:
    duty = {"sender": "one_stop", "contract": "dossier", "cadence": "monthly"}
    row = duty | {"events_per_due": "2", "valid_from": "2023-01-01", "valid_to": "", "source": ""}
    hub.reference = hub.reference.with_tables({"duties": [row]})
    send(hub, "H57.1", of_may(8), [1])
    with hub.store.reading() as reading:
        (step,) = owed(hub.book(reading), parse_period("2023-05"), to_us(hub.now))
    assert (step.debtor, step.first, step.last) == ("one_stop", "2023-05-01", "2023-05-31")
    assert (step.received, step.due) == (1, 2)


def test_a_letter_names_what_is_missing_to_who_owes_it(hub: Hub) -> None:
    duty = {"sender": "ubnd", "contract": "dossier", "cadence": "daily", "name_vi": "UBND xã A"}
    row = duty | {"events_per_due": "1", "valid_from": "2023-05-08", "valid_to": "2023-05-18"}
    hub.reference = hub.reference.with_tables({"duties": [row | {"source": ""}]})
    for day in range(8, 14):
        send(hub, "H57.1", of_may(day), [1, 2, 3])
    send(hub, "H57.1", of_may(15), [1, 4, 5])
    period, now = parse_period("2023-05"), to_us(hub.now)
    with hub.store.reading() as reading:
        book = hub.book(reading)
        to_unit, to_debtor = letters(
            book, "2023-05", now, Missing(owed(book, period, now), gaps(book, period))
        )
    assert to_unit.addressee == "H57.1"
    assert (
        "   - Ngày 15/05/2023: thiếu 2 trong dãy từ 1 đến 5: H57.1-230515-0002, H57.1-230515-0003\n"
        in to_unit.text
    )
    assert "thiếu mã,dossier,2023-05-15,2023-05-15,H57.1-230515-0003,0,1" in to_unit.table
    assert to_debtor.text.startswith("Kính gửi: UBND xã A (ubnd)\n")
    assert (
        "   - Hồ sơ một cửa: từ 08/05/2023 đến 17/05/2023: 10 kỳ, mỗi kỳ đã nhận 0, phải có 1\n"
        in to_debtor.text
    )
