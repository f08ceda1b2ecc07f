"""Where something is that is no entity: rejected, superseded, at its source alone, or a gap."""

from datetime import date, timedelta
from typing import Any

import pytest

from hub.clock import to_us
from hub.connecting import reconciling
from hub.connecting.reconciling import Lacking
from hub.proof.lacking import absences
from hub.proof.letters import Missing, letters
from hub.reference.periods import parse_period
from hub.repair.mending import close_mended
from hub.repair.whereabouts import whereabouts
from stream_jobs.worked import received
from tests.conftest import Hub

CODE = "H57.1-230503-0002"
BAD = received(CODE, "2023-05-03") | {"channel": "pigeon"}


def where(hub: Hub, name: str) -> dict[str, Any]:
    with hub.store.reading() as reading:
        found = whereabouts(hub.log, hub.book(reading), hub.seals.opener(), name)
    return found or {"where_en": "nowhere"}


def test_of_a_rejected_item_it_is_said_what_became_of_it(hub: Hub) -> None:
    bad = f"{hub.post('dossier', BAD).body['receipt']}:0"
    hub.runner.catch_up()
    assert where(hub, bad)["where_en"].startswith("it waits to be repaired: channel")
    assert "pigeon" not in str(where(hub, bad)["content"])
    hub.now += timedelta(seconds=1)
    good = hub.post("dossier", BAD | {"channel": "post"}).body["receipt"]
    hub.runner.catch_up()
    close_mended(hub.store, hub.log, hub.seals.opener(), lambda: hub.now)
    assert where(hub, bad)["where_en"] == f"superseded by {good}"
    assert where(hub, "none")["where_en"] == "nowhere"


def test_a_number_that_is_missing_of_a_day_is_known_to_be_missing(hub: Hub) -> None:
    for day in range(8, 14):
        at = date(2023, 5, day)
        codes = [f"H57.1-{at:%y%m%d}-{n:04}" for n in (1, 2, 3, 4) if (day, n) != (10, 2)]
        hub.send("dossier", *(received(c, at.isoformat()) | {"event_id": c} for c in codes))
    found = where(hub, "H57.1-230510-0002")
    assert found["gap"] == {"contract": "dossier", "unit": "H57.1", "day": "2023-05-10"}
    assert where(hub, "H57.1-230510-0005")["where_en"] == "nowhere"


def reconciled(hub: Hub, *lacking: Lacking) -> None:
    found = reconciling.begun("one_stop", "2023-05", lambda: hub.now)
    found.add(10, lacking)
    reconciling.keep(hub.log, found)


def test_a_record_of_the_source_is_named_until_it_is_here(hub: Hub) -> None:
    bad = f"{hub.post('dossier', BAD, sender='one_stop').body['receipt']}:0"
    hub.runner.catch_up()
    other = "H57.1-230504-0009"
    reconciled(
        hub,
        Lacking(CODE, "20230503090000", "rejected", (bad,)),
        Lacking(other, "20230504090000", "not_read"),
    )

    def listed(period: str) -> list[str]:
        with hub.store.reading() as reading:
            kept = reconciling.all_kept(hub.log, ["one_stop"])
            return [a.name for a in absences(hub.book(reading), kept, parse_period(period))]

    assert listed("2023") == listed("2023-05") == [CODE, other]
    assert listed("2023-06") == []
    found = where(hub, CODE)
    assert found["where_en"].endswith("it was read and rejected")
    ((item,),) = (one["items"] for one in found["lacking"])
    assert (item["event_id"], item["field"], item["state"]) == (bad, "channel", "open")
    with hub.store.reading() as reading:
        book = hub.book(reading)
        missing = Missing(lacking=absences(book, reconciling.all_kept(hub.log, ["one_stop"])))
        (letter,) = letters(book, "2023-05", to_us(hub.now), missing)
    assert letter.addressee == "one_stop"
    assert f"   - {other}: chưa từng đọc được từ nguồn\n" in letter.text
    assert f"   - {CODE}: đã đọc nhưng bị từ chối: channel: " in letter.text
    assert f"có ở nguồn: chưa từng đọc được từ nguồn,dossier,20230504,20230504,{other},0,1" in (
        letter.table
    )
    hub.send("dossier", received(other, "2023-05-04") | {"event_id": "o"}, sender="one_stop")
    assert listed("2023") == [CODE]
    hub.now += timedelta(seconds=1)
    hub.send("dossier", BAD | {"channel": "post"}, sender="one_stop")
    assert listed("2023") == [CODE]  # it is not closed yet
    close_mended(hub.store, hub.log, hub.seals.opener(), lambda: hub.now)
    assert listed("2023") == []


@pytest.mark.parametrize("most", [2])
def test_no_more_are_named_than_can_be_shown_and_all_are_counted(
    hub: Hub, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciling, "LACKING_MAX", most)
    reconciled(hub, *(Lacking(f"C{n}", "20230503090000", "not_read") for n in range(3)))
    (found,) = reconciling.all_kept(hub.log, ["one_stop"])
    assert (found.records, found.lacking_count, len(found.lacking)) == (10, 3, most)
    # The same period once more replaces what was found before.
    reconciled(hub)
    (found,) = reconciling.all_kept(hub.log, ["one_stop"])
    assert found.lacking == []
