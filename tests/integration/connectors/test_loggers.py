"""A month of three loggers: flags and figures as worked out by hand, in any order and batch size.

What the files hold is said in `tests/parts/logged.py`. By hand:

- ST01: hour 100 is more than 1 g/L over both neighbours, and changes by more than 2 g/L an hour, as
  hour 101 does. 744 hours less 10 missing, one NAN and 2 flagged are 731, all of 1 g/L and more.
- ST02: the value of hour 300 has stood for six hours at hour 306, and does up to 320: 15 flags. At
  28 °C 2.0 mS/cm is 0.957 g/L and 2.1 mS/cm over 1 g/L: the odd hours, 372 less the 10 stuck ones.
- ST03: a PSU is 1.002 g/L. 4.5 g/L is passed first at 4.50 PSU, which is hour 350: 394 flags. 4 g/L
  is reached first at 4.00 PSU, hour 300: 50 hours. The greatest is 4.49 PSU, 4.499 g/L.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from connectors.loggers.connector import CONNECTOR, LoggersSettings
from hub import registry
from hub.clock import system_clock, to_us
from hub.connecting.connection import Connection
from hub.connecting.feeds import Context
from hub.figures.closing import close
from hub.figures.flags import Flags
from hub.figures.official import freeze
from hub.opening import load_tables
from hub.proof.explain import explain
from hub.proof.verify import verify
from hub.reference.periods import parse_period
from hub.store.cuts import latest_cut
from tests.parts import logged
from tests.parts.pushed import Pushed, pushed

FLAGS = {
    **{("ST01", 100): ["rate", "spike"], ("ST01", 101): ["rate"]},
    **{("ST02", i): ["flat_line"] for i in range(306, 321)},
    **{("ST03", i): ["gross_range"] for i in range(350, 744)},
}
MAX = {"ST01": 1110, "ST03": 4499}
OVER_1 = {"ST01": 731, "ST02": 362, "ST03": 350}


def name(station: str, hour: int) -> str:
    return f"reading/{station}|salinity|{logged.at(hour):%Y-%m-%dT%H:%M:%S}.000000"


def reading(hour: int, grams: float) -> dict[str, Any]:
    event = {"event_id": f"{hour}-{grams}", "station_code": "ST01", "unit": "g/L"}
    at = f"{logged.at(hour):%Y-%m-%dT%H:%M:%S}+07:00"
    return {**event, "measured_at": at, "quantity": "salinity", "value": grams}


def load(hub: Pushed, lists: dict[str, Any]) -> None:
    load_tables(hub.hub, lists, "An")
    hub.hub.runner.catch_up()


@contextmanager
def month(
    folder: Path, seed: int | None = None, *, is_listed_last: bool = False
) -> Iterator[Pushed]:
    """Send the month; the list of ranges is loaded after it, else its drift would be refused."""
    with pushed(folder) as hub:
        lists = logged.lists()
        thresholds = {"thresholds": lists.pop("thresholds")}
        load(hub, lists if is_listed_last else lists | thresholds)
        for file in logged.files(seed):
            answer = hub.post("/v1/files/reading", file, "province")
            assert answer.status_code == 202, answer.text
            assert answer.json()["rejected"] == []
        load(hub, logged.ranges() | (thresholds if is_listed_last else {}))
        yield hub


def flags(hub: Pushed, sender: str = "") -> dict[str, list[str]]:
    listed = hub.ask("/v1/flags?period=2026-03", sender).json()
    assert listed["total"] == len(listed["flags"])
    return {f["entity"]: f["tests"] for f in listed["flags"]}


def figures(hub: Pushed, more: str = "") -> dict[str, Any]:
    kpis = ("max", "mean", "hours_over_1", "hours_over_4")
    path = "/v1/kpis/salinity_{}?period=2026-03{}" + more
    answers = [hub.ask(path.format(k, by)).json() for k in kpis for by in ("&by=station", "")]
    shown = ("dims", "value", "numerator", "denominator")
    return {
        f"{a['kpi']} {f['dims']}": {n: f[n] for n in shown} for a in answers for f in a["figures"]
    }


def test_flags_and_figures_are_those_worked_out_by_hand(tmp_path: Path) -> None:
    with month(tmp_path) as hub:
        assert flags(hub) == {name(*key): tests for key, tests in FLAGS.items()}
        over = hub.figures("salinity_hours_over_1", "2026-03", "station")
        assert over == OVER_1
        assert hub.figures("salinity_hours_over_4", "2026-03", "station")["ST03"] == 50
        most = hub.figures("salinity_max", "2026-03", "station")
        assert {s: most[s] for s in MAX} == MAX
        findings = verify(hub.hub.log, hub.hub.store, hub.hub.installed)
        assert findings.differences == []
        with hub.hub.store.reading() as reading:
            book = hub.hub.book(reading)
            assert explain(book, name("ST01", 100))["flagged_by"] == ["rate", "spike"]
            assert explain(book, name("ST01", 99))["flagged_by"] == []
            day = explain(book, "reading.salinity/station_code/2026-03-05/station_code=ST01")
            assert day["count"] == 24
            assert list(day["flagged"]) == [
                name("ST01", i).removeprefix("reading/") for i in (100, 101)
            ]
        # What was flagged before a list came is what the list says since.
        assert (
            hub.ask("/v1/kpis/salinity_max?period=2026-03-25").json()["figures"][0]["numerator"]
            < 1200
        )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_order_and_batch_size_gives_the_same(tmp_path: Path, seed: int) -> None:
    with month(tmp_path / "whole") as hub:
        expected = figures(hub), flags(hub)
    with month(tmp_path / "pieces", seed, is_listed_last=seed == 2) as hub:
        assert (figures(hub), flags(hub)) == expected
        assert verify(hub.hub.log, hub.hub.store, hub.hub.installed).differences == []


def test_a_late_neighbour_makes_and_takes_away_flags(tmp_path: Path) -> None:
    row = reading
    with pushed(tmp_path) as hub:
        load(hub, logged.lists())
        hub.send("reading", row(10, 1.0), row(11, 3.5))
        assert list(flags(hub).values()) == [["rate"]], "2.5 g/L in an hour"
        assert hub.figures("salinity_max", "2026-03", "station") == {"ST01": 1000}
        hub.send("reading", row(12, 1.0))
        assert list(flags(hub).values()) == [["rate", "spike"], ["rate"]]
        assert hub.figures("salinity_hours_over_1", "2026-03", "station") == {"ST01": 1}
        # The neighbour is corrected: no spike and no jump any more.
        corrected = {**row(12, 3.0), "event_id": "x", "revised_at": "2026-03-02T00:00:00+07:00"}
        hub.send(
            "reading",
            corrected,
            {**row(10, 3.0), "event_id": "y"} | {"revised_at": "2026-03-02T00:00:00+07:00"},
        )
        assert flags(hub) == {}
        assert hub.figures("salinity_max", "2026-03", "station") == {"ST01": 3500}


def test_a_past_cut_has_the_flags_of_then(tmp_path: Path) -> None:
    with month(tmp_path) as hub:
        before, then = figures(hub), hub.hub.clock().isoformat().replace("+00:00", "Z")
        # Hours 200 to 209 were missing: in them a spike, and at hour 745 nothing new.
        late = [(203, 1.0), (204, 7.0), (205, 1.0)]
        hub.send("reading", *(reading(hour, grams) for hour, grams in late))
        load(hub, {"thresholds": []})
        assert figures(hub, f"&as_of={then}") == before
        assert hub.figures("salinity_max", "2026-03", "station")["ST01"] == 9000, "no list any more"
        load(hub, {"thresholds": logged.lists()["thresholds"]})
        assert flags(hub)[name("ST01", 204)] == ["rate", "spike"]
        # Of 10 missing hours one counts now: 203, as 205 changes by more than 2 g/L.
        assert hub.figures("salinity_hours_over_1", "2026-03", "station")["ST01"] == 732
        assert figures(hub, f"&as_of={then}") == before
        assert hub.figures("salinity_max", "2026-03", "station")["ST01"] == 1110


def test_a_closed_month_keeps_its_flags(tmp_path: Path) -> None:
    with month(tmp_path) as hub:
        parts, march = hub.hub, parse_period("2026-03")
        with parts.store.reading() as at:
            cut = latest_cut(at)
            assert cut is not None
            now, kpis = to_us(parts.clock()), parts.kpis.values()
            close(parts.log, freeze(parts.book(at), kpis, march, cut, now, "An"))
        parts.runner.catch_up()
        official = hub.ask("/v1/kpis/salinity_max?period=2026-03").json()["figures"][0]
        assert (official["status"], official["numerator"]) == ("official", 4499)
        hub.send("reading", reading(204, 7.0))
        findings = verify(parts.log, parts.store, parts.installed)
        assert findings.differences == []


def test_a_key_of_one_station_sees_its_flags_alone(tmp_path: Path) -> None:
    with month(tmp_path) as hub:
        assert {e.split("|")[0] for e in flags(hub, "ST01")} == {"reading/ST01"}
        assert flags(hub, "NH01") == {}


def test_a_device_that_the_list_does_not_know_is_named(tmp_path: Path) -> None:
    with pushed(tmp_path) as hub:
        (file, *_) = logged.files()
        answer = hub.post("/v1/files/reading", file, "province")
        assert (answer.status_code, answer.json()["title"]) == (400, "unknown_device")
        assert "30125" in answer.json()["detail"]
        row = logged.lists()["devices"][0] | {"valid_to": "2026-03-10"}
        load(
            hub,
            {
                "devices": [
                    row,
                    {**row, "station": "ST07", "valid_from": "2026-03-10", "valid_to": ""},
                ]
            },
        )
        assert hub.post("/v1/files/reading", file, "province").status_code == 202
        over = hub.figures("salinity_hours_over_1", "2026-03", "station")
        # 9 days are 216 hours, of which 10 are missing; the rest stood elsewhere, less one NAN.
        assert over == {"ST01": 206, "ST07": 744 - 216 - 1}


def test_a_drop_folder_takes_the_same_files(tmp_path: Path) -> None:
    folder = tmp_path / "drop"
    folder.mkdir()
    with pushed(tmp_path / "hub") as hub:
        load(hub, logged.lists())
        parts = hub.hub
        context = Context(parts.log, system_clock, listed=parts.store.listed)
        feed = CONNECTOR.open(LoggersSettings(folder=folder, settle_seconds=0), context)
        source, contract = registry.sources()["loggers"], registry.contracts()["reading"]
        seal = parts.seals().seal
        running = Connection(source, contract, feed, parts.log, system_clock, parts.settings, seal)
        running.stopping.set()
        for i, file in enumerate(logged.files()):
            (folder / f"{i}.csv").write_bytes(file)
        unknown = logged.files()[0].replace(b"30125", b"99999").replace(b"Cua song 1", b"X")
        (folder / "9.dat").write_bytes(unknown)
        for _ in range(4):
            running.step(1)
        parts.runner.catch_up()
        assert hub.figures("salinity_hours_over_1", "2026-03", "station")["ST01"] == 731
        assert sorted(p.name for p in (folder / "done").glob("*.csv")) == [
            "0.csv",
            "1.csv",
            "2.csv",
        ]
        note = (folder / "done" / "0.csv.ghi-chu.txt").read_text("utf-8-sig")
        assert "2026-03-09T07:00:00+07:00 và 2026-03-09T18:00:00+07:00" in note, "the gap is named"
        assert "unknown_device" in (folder / "failed" / "9.dat.loi.csv").read_text("utf-8-sig")
        repeated = (folder / "done" / "1.csv.ghi-chu.txt").read_text("utf-8-sig")
        assert "giờ bị lặp lại" in repeated


def test_what_a_device_wrote_stays_beside_what_was_computed(tmp_path: Path) -> None:
    with month(tmp_path) as hub, hub.hub.store.reading() as reading:
        (event,) = explain(hub.hub.book(reading), name("ST02", 0))["events"]
    kept = {n: event[n] for n in ("value", "raw_value", "raw_unit", "raw_temperature", "formula")}
    assert kept == {
        "value": 957,
        "raw_value": "2000.0",
        "raw_unit": "μS/cm",
        "raw_temperature": 28000,
        "formula": "pss78",
    }
    assert json.loads(json.dumps(event)) == event


def test_verify_names_flags_that_differ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with month(tmp_path) as hub:
        monkeypatch.setattr(Flags, "listed", lambda *_: [])
        found = verify(hub.hub.log, hub.hub.store, hub.hub.installed).differences
    assert {text.split(": stored")[0] for text in found} == {f"flag {name(*key)}" for key in FLAGS}
