"""Gauges say what log and store hold, and nothing where they cannot be asked."""

import json
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from prometheus_client import REGISTRY

from hub import registry
from hub.access.keys import Sender
from hub.clock import VIETNAM, iso, to_us
from hub.connecting.connection import heartbeat_name
from hub.figures.loading import load_lists
from hub.figures.terms import RECEIVED
from hub.http.gauges import Gauges
from hub.log.log import LogUnavailableError
from hub.opening import OpenHub, open_hub
from hub.operating import metrics
from hub.proof.verify import STATEMENT
from hub.repair import items
from hub.settings import Settings
from hub.store.reading import Reading
from hub.store.troubles import StoreUnavailableError
from stream_jobs.worked import received


def value(name: str, **labels: str) -> float | None:
    """Read a gauge of the server's own, or of any process's."""
    found = [r.get_sample_value(name, labels) for r in (metrics.HELD, REGISTRY)]
    return next((v for v in found if v is not None), None)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[OpenHub]:
    with open_hub(Settings(data_dir=tmp_path)) as found:
        gateway = found.gateway()
        body = json.dumps([received("A", "2023-05-17"), received("B", "2023-05-17"), {"x": 1}])
        gateway.accept(registry.contracts()["dossier"], Sender("one_stop"), body.encode())
        gateway.close()
        yield found


def test_what_waits_is_lag_and_not_a_remainder(hub: OpenHub) -> None:
    Gauges(hub).refresh()
    assert value("hub_lag_events", topic="lgsp.dossier.v1") == 2
    assert value("hub_ledger_remainder") == 0
    hub.runner.catch_up()
    Gauges(hub).refresh()
    assert value("hub_lag_events", topic="lgsp.dossier.v1") == 0
    assert value("hub_ledger_remainder") == 0
    assert value("hub_ledger_events", **{"contract": "dossier", "class": "applied"}) == 2
    assert value("hub_ledger_events", **{"contract": "dossier", "class": "quarantined"}) == 1


def test_what_is_applied_while_the_gauges_are_read_is_no_remainder(
    hub: OpenHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = items.waiting

    def meanwhile(reading: Reading) -> list[tuple[str, str, int]]:
        hub.runner.catch_up()
        return waiting(reading)

    monkeypatch.setattr(items, "waiting", meanwhile)
    Gauges(hub).refresh()
    assert value("hub_ledger_remainder") == 0


def test_what_was_acknowledged_and_is_nowhere_is_the_remainder(hub: OpenHub) -> None:
    hub.runner.catch_up()
    with hub.store.administering() as c:
        c.execute(sa.text("UPDATE ledger SET count = count - 1 WHERE class = 'applied'"))
    Gauges(hub).refresh()
    assert value("hub_ledger_remainder") == 1


def test_what_came_past_the_gateway_stands_for_nothing_that_is_lost(hub: OpenHub) -> None:
    """Events of a foreign producer are in the ledger and under no receipt."""
    hub.runner.catch_up()
    foreign = "INSERT INTO ledger VALUES ('dossier', 'unnamed', 20000, 'applied', 0, 5)"
    with hub.store.administering() as c:
        c.execute(sa.text(foreign))
    Gauges(hub).refresh()
    assert value("hub_ledger_remainder") == 0
    with hub.store.administering() as c:
        c.execute(sa.text("UPDATE ledger SET count = count - 1 WHERE sender = 'one_stop'"))
    Gauges(hub).refresh()
    assert value("hub_ledger_remainder") == 2  # of the two classes that one_stop has, one each


def test_sources_and_the_last_verify_are_told(hub: OpenHub) -> None:
    hub.runner.catch_up()
    at = iso(to_us(hub.clock()))
    beat = {"at": at, "state": "upstream_away", "error": "no route"}
    statement = {"at": at, "differences": 3}
    hub.log.set_checkpoints(
        {heartbeat_name("one_stop"): json.dumps(beat), STATEMENT: json.dumps(statement)}
    )
    Gauges(hub).refresh()
    occurred = datetime.fromisoformat(received("B", "2023-05-17")["occurred_at"]).timestamp()
    silent = value("hub_source_silent_seconds", source="one_stop")
    assert silent is not None
    assert 0 <= silent < 60
    lag = value("hub_source_lag_seconds", source="one_stop")
    assert lag == pytest.approx(hub.clock().timestamp() - occurred, abs=60)
    assert value("hub_source_silent_seconds", source="salinity") is None
    assert value("hub_source_silence_max_seconds", source="salinity") == 129_600
    assert value("hub_connector_state", source="one_stop", state="upstream_away") == 1
    assert value("hub_connector_state", source="one_stop", state="running") == 0
    assert value("hub_verify_differences") == 3
    assert value("hub_verify_at_seconds") == pytest.approx(hub.clock().timestamp(), abs=60)


def test_the_age_of_what_waits_is_that_of_the_oldest(
    hub: OpenHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    gauges, now = Gauges(hub), 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)

    def age_after(seconds: float, write: str) -> float | None:
        nonlocal now
        now += seconds
        with hub.store.administering() as c:
            c.execute(sa.text(write))
        gauges.refresh()
        return value("hub_unpublished_seconds")

    with hub.store.administering() as c:
        c.execute(sa.text("DELETE FROM notice"))
    assert age_after(0, "INSERT INTO notice VALUES ('b', x'00')") == 0
    assert age_after(60, "INSERT INTO notice VALUES ('a', x'00')") == 60
    # The oldest is told: what is left has waited for less.
    assert age_after(40, "DELETE FROM notice WHERE event_id = 'b'") == 40
    assert age_after(10, "DELETE FROM notice") == 0


def test_where_the_log_cannot_be_asked_nothing_is_claimed(
    hub: OpenHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    Gauges(hub).refresh()

    def away(*_: object) -> int:
        raise LogUnavailableError("away")

    assert value("hub_away", part="log") == 0
    monkeypatch.setattr(hub.log, "acknowledged", away)
    Gauges(hub).refresh()
    assert value("hub_lag_events", topic="lgsp.dossier.v1") is None
    assert (value("hub_away", part="log"), value("hub_away", part="store")) == (1, 0)


def test_where_the_store_cannot_be_asked_it_is_said(
    hub: OpenHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> Reading:
        raise StoreUnavailableError("away")

    monkeypatch.setattr(hub.store, "reading", away)
    Gauges(hub).refresh()
    assert (value("hub_away", part="log"), value("hub_away", part="store")) == (0, 1)


def test_a_scrape_soon_after_reads_nothing(hub: OpenHub, monkeypatch: pytest.MonkeyPatch) -> None:
    gauges = Gauges(hub)
    gauges.refresh()
    monkeypatch.setattr(hub.store, "reading", None)
    gauges.refresh()


def test_the_reference_page_names_every_metric() -> None:
    page = metrics.reference()
    for metric in metrics.declared():
        assert f"| `{metric._name}` |" in page
        assert metric._documentation.endswith(".")


def test_every_series_of_a_closed_set_is_there_before_its_first_event(tmp_path: Path) -> None:
    """K11: a rate of what begins with a burst is nothing."""
    with open_hub(Settings(data_dir=tmp_path)) as empty:
        Gauges(empty).refresh()
        for contract in registry.contracts():
            for name in RECEIVED:
                assert value("hub_ledger_events", **{"contract": contract, "class": name}) == 0
        for applied in empty.installed.definitions.applied.values():
            assert value("hub_lag_events", topic=applied.topic) == 0
        metrics.begin({"not-yet": "lgsp.not-yet.v1"})
        assert value("hub_events_accepted_total", contract="not-yet") == 0
        assert value("hub_events_applied_total", topic="lgsp.not-yet.v1") == 0


def test_who_owes_and_was_never_heard_is_silent(tmp_path: Path) -> None:
    now = datetime(2026, 3, 1, tzinfo=VIETNAM)
    row = {"sender": "so-y-te", "contract": "payment", "cadence": "daily", "events_per_due": "1"}
    row |= {"name_vi": "", "owner": "", "valid_from": "2026-01-01", "valid_to": "", "source": ""}
    with open_hub(Settings(data_dir=tmp_path), clock=lambda: now) as owed:
        load_lists(owed.log, {"duties": [row]}, to_us(now) - 7_200_000_000, "tester")
        owed.runner.catch_up()
        Gauges(owed).refresh()
        assert value("hub_source_silent_seconds", source="so-y-te") == 7200
        assert value("hub_source_lag_seconds", source="so-y-te") is None
