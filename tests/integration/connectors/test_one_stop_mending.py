"""What the one-stop connector rejected is mended at its source or by hand; what it missed is named.

Worked out by hand: one dossier of 2025-06-02 whose channel is 99, a code that no list has.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.one_stop import reconciling as pages
from connectors.one_stop.connector import OneStopFeed, OneStopSettings
from connectors.one_stop.simulator import Simulator
from hub.commands.connect import known_facts
from hub.connecting import reconciling
from hub.connecting.feeds import Context
from hub.opening import OpenHub
from hub.proof.verify import verify
from hub.repair import items as rejected
from hub.repair.items import Item, Wanted
from hub.repair.mending import close_mended
from hub.repair.repair import Repair, RepairError
from tests.integration.connectors.test_one_stop import connection, feed_of, hub_in, served
from tests.parts import lists
from tests.unit.connectors.test_one_stop_odd_records import RECORD

CODE = RECORD["MaHoSo"]
WRONG = RECORD | {"KenhThucHien": "99"}


@dataclass
class Clock:
    now: datetime = datetime(2025, 6, 8, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Carried:
    """A hub with the connector, an upstream and a clock that each step moves by a minute."""

    hub: OpenHub
    feed: OneStopFeed
    simulator: Simulator
    clock: Clock
    url: str

    def put(self, **fields: Any) -> None:
        self.simulator.put(WRONG | fields)
        self.step()

    def step(self) -> None:
        self.clock.now += timedelta(minutes=1)
        carrying = connection(self.hub, self.feed)
        while carrying.step(0.1):
            pass
        self.hub.runner.catch_up()
        close_mended(self.hub.store, self.hub.log, self.hub.seals().opener(), self.clock)

    def items(self) -> list[Item]:
        with self.hub.store.reading() as reading:
            return list(rejected.all_items(reading, self.hub.seals().opener(), Wanted()))

    def channels(self) -> list[str | None]:
        with self.hub.store.reading() as reading:
            return [r[0] for r in reading.rows("SELECT channel FROM fact_dossier")]

    def repairs(self) -> Repair:
        hub = self.hub
        return Repair(hub.store, hub.log, lists.installed(), hub.clock, hub.seals())

    def check(self) -> None:
        assert verify(self.hub.log, self.hub.store, lists.installed()).differences == []


@pytest.fixture
def carried(tmp_path: Path) -> Iterator[Carried]:
    with opened(tmp_path) as one:
        yield one


@contextmanager
def opened(tmp_path: Path, **settings: Any) -> Iterator[Carried]:
    clock = Clock()
    simulator = Simulator(1, clock.now - timedelta(days=1))
    with served(simulator) as url, hub_in(tmp_path, clock) as hub:
        feed = feed_of(hub, url, poll_seconds=0.01, sweep_seconds=3600, **settings)
        yield Carried(hub, feed, simulator, clock, url)
        feed.close()


def test_what_the_upstream_mends_closes_by_itself_and_opens_again_when_it_is_wrong_again(
    carried: Carried,
) -> None:
    carried.put()
    (item,) = carried.items()
    assert (item.state, item.field, item.value) == ("open", "KenhThucHien", "99")
    assert carried.channels() == [None]
    carried.put(TrangThaiHoSo="10", NgayTra="20250607090000", NgayCapNhat="20250607090000")
    assert [i.state for i in carried.items()] == ["open"]  # changed, and not mended
    carried.put(KenhThucHien="2", NgayCapNhat="20250607100000")
    (item,) = carried.items()
    assert (item.state, carried.channels()) == ("superseded", ["online"])
    assert item.acts[-1].by == "one_stop"
    assert item.acts[-1].reason.startswith("nguồn đã sửa lúc 2025-06-07T10:00:00+07:00: ")
    carried.put(KenhThucHien="99", NgayCapNhat="20250607110000")
    assert [i.state for i in carried.items()] == ["open"]
    carried.put(KenhThucHien="3", NgayCapNhat="20250607120000")
    assert [i.state for i in carried.items()] == ["superseded"]
    carried.check()


def test_a_field_is_corrected_by_hand_by_its_name_at_the_upstream(carried: Carried) -> None:
    carried.put()
    hub, repairs = carried.hub, carried.repairs()
    (item,) = carried.items()
    assert b'"KenhThucHien": "99"' in (item.content or b"")
    with pytest.raises(RepairError, match="no such code"):
        repairs.fix(item, {"KenhThucHien": "98"}, "an")
    fixed = repairs.fix(item, {"KenhThucHien": "1"}, "an")
    ((contract, sender, trial),) = repairs.try_out([fixed])
    assert (contract, sender) == ("dossier", "one_stop")
    after = {(f["period"], f["kpi"]): f["after"] for f in trial.figures}
    assert after["2025-06", "dossier_received_new"]["numerator"] == 1
    assert carried.channels() == [None]  # nothing was committed
    gateway = hub.gateway()
    receipts = repairs.replay(carried.items(), "an", gateway)
    gateway.close()
    carried.step()
    assert carried.channels() == ["counter"]
    (item,) = carried.items()
    assert (item.state, item.acts[-1].receipt) == ("replayed", receipts[item.event_id])
    # The upstream is wrong as it was, and changes: what was told by hand stands.
    carried.put(TrangThaiHoSo="10", NgayTra="20250607090000", NgayCapNhat="20250607090000")
    assert carried.channels() == ["counter"]
    # It says something else: that counts, and what was told by hand is withdrawn.
    returned = {"TrangThaiHoSo": "10", "NgayTra": "20250607090000"}
    carried.put(KenhThucHien="2", NgayCapNhat="20250607100000", **returned)
    assert carried.channels() == ["online"]
    with hub.store.reading() as reading:
        query = "SELECT class, SUM(count) FROM ledger GROUP BY 1"
        kinds = {name: int(n) for name, n in reading.rows(query)}
    assert kinds["retracted"] == 1
    carried.check()


def test_where_the_upstream_comes_to_say_what_was_told_by_hand_nothing_is_told_twice(
    carried: Carried,
) -> None:
    carried.put()
    repairs, gateway = carried.repairs(), carried.hub.gateway()
    repairs.fix(carried.items()[0], {"KenhThucHien": "1"}, "an")
    repairs.replay(carried.items(), "an", gateway)
    gateway.close()
    carried.put(KenhThucHien="1", NgayCapNhat="20250607100000")
    assert carried.channels() == ["counter"]
    with carried.hub.store.reading() as reading:
        kinds = {r[0] for r in reading.rows("SELECT class FROM ledger")}
    assert kinds == {"applied", "quarantined"}
    carried.check()


def test_a_due_date_that_is_corrected_takes_the_place_of_a_reception_without_one(
    carried: Carried,
) -> None:
    carried.put(KenhThucHien="1", NgayHenTra="20251399170000")
    (item,) = carried.items()
    assert (item.field, carried.channels()) == ("NgayHenTra", ["counter"])
    repairs, gateway = carried.repairs(), carried.hub.gateway()
    repairs.fix(item, {"NgayHenTra": "20250609170000"}, "an")
    repairs.replay(carried.items(), "an", gateway)
    gateway.close()
    carried.step()
    with carried.hub.store.reading() as reading:
        ((due, due_now),) = reading.rows("SELECT received_at, due_at FROM fact_dossier")
    assert due is not None
    assert due_now == int(datetime(2025, 6, 9, 10, tzinfo=UTC).timestamp() * 1e6)
    # The upstream takes the date out: a reception without it is told again, in its next generation.
    carried.put(KenhThucHien="1", NgayHenTra="", NgayCapNhat="20250607100000")
    with carried.hub.store.reading() as reading:
        assert reading.rows("SELECT due_at FROM fact_dossier") == [(None,)]
    carried.check()


def test_records_of_the_source_that_are_not_here_are_named_with_the_reason(tmp_path: Path) -> None:
    with opened(tmp_path, overlap_hours=1) as carried:
        carried.clock.now = datetime(2025, 6, 7, 1, 5, tzinfo=UTC)
        named = {n: RECORD | {"MaHoSo": f"H57.5-250602-{n:04}"} for n in range(1, 8)}
        named[3]["KenhThucHien"] = "99"
        carried.simulator.lose(named[5]["MaHoSo"])
        for record in named.values():
            carried.simulator.put(record)
        carried.step()
        carried.simulator.find()
        # Read once, and changed since while nobody looked.
        changed = {"NgayCapNhat": "20250607090000", "TrangThaiHoSo": "10"}
        carried.simulator.dossiers.records[named[6]["MaHoSo"]].update(changed)
        asked_before = len(carried.simulator.asked)
        lookups: list[int] = []

        def known(entities: Any, columns: Any) -> Any:
            lookups.append(len(entities))
            contract = carried.hub.contracts["dossier"]
            return known_facts(carried.hub, contract, entities, columns)

        context = Context(carried.hub.log, carried.clock, known=known)
        own = OneStopSettings(url=carried.url, page_size=2)
        found = reconciling.begun("one_stop", "2025-06", carried.clock)
        start, until = (datetime(2025, m, 1, tzinfo=UTC) for m in (6, 7))
        for records, lacking in pages.pages(own, context, start, until):
            found.add(records, lacking)
        assert found.records == 7
        why = {one.name[-4:]: one.why for one in found.lacking}
        assert why == {"0003": "rejected", "0005": "not_read", "0006": "older"}
        (item,) = carried.items()
        assert {one.items for one in found.lacking} == {(), (item.event_id,)}
        # Seven records in pages of two: four questions, and no look at more codes than a page has.
        asked = carried.simulator.asked[asked_before:]
        assert [a.records for a in asked] == [2, 2, 2, 1]
        assert lookups == [2, 2, 2, 1]
        reconciling.keep(carried.hub.log, found)
        assert reconciling.all_kept(carried.hub.log, ["one_stop"]) == [found]
