"""The doctor names what is wrong and what to do; each finding is made to happen."""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub.access import keys
from hub.access.keys import Sender
from hub.access.scope import WHOLE
from hub.clock import iso, to_us
from hub.commands import doctor as command
from hub.connecting.connection import heartbeat_name
from hub.doctor import machine, records
from hub.doctor.finding import Finding
from hub.doctor.machine import of_certificates, of_machine
from hub.doctor.parties import of_parties
from hub.doctor.records import of_records
from hub.figures.loading import load_lists
from hub.opening import OpenHub, open_hub
from hub.proof.verify import STATEMENT
from hub.settings import Settings
from stream_jobs.worked import paid, received
from tests.parts import stores
from tests.parts.authority import START, Authority
from tests.parts.sign_on import let_in

NOW = datetime(2026, 1, 15, 3, tzinfo=UTC)


def by_name(findings: Iterator[Finding]) -> dict[str, Finding]:
    found = {f.what: f for f in findings}
    assert all(f.todo_vi and f.todo_en for f in found.values() if f.level != "ok")
    return found


def levels(findings: Iterator[Finding]) -> dict[str, str]:
    return {what: f.level for what, f in by_name(findings).items()}


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[OpenHub]:
    stores.store_url(tmp_path)
    with open_hub(Settings(data_dir=tmp_path), lambda: NOW) as opened:
        yield opened


def test_a_new_hub_lacks_lists_and_was_never_verified_and_that_is_no_fault(hub: OpenHub) -> None:
    found = levels(of_records(hub)) | levels(of_parties(hub))
    assert "fault" not in found.values()
    notes = {what for what, level in found.items() if level == "note"}
    assert {"verify", "list units", "list stations", "list procedures"} <= notes
    assert {what for what, level in found.items() if level == "ok"} >= {"clock", "apply"}


def test_what_waits_to_be_applied_and_to_be_repaired_is_counted(hub: OpenHub) -> None:
    gateway = hub.gateway()
    body = json.dumps([received("A", "2026-01-14"), {"event_id": "odd"}]).encode()
    gateway.accept(hub.contracts["dossier"], Sender("so"), body)
    found = by_name(of_records(hub))
    assert "lgsp.dossier.v1: 1" in found["apply"].vi
    hub.runner.catch_up()
    found = by_name(of_records(hub))
    assert found["apply"].level == "ok"
    assert found["rejected"].vi.startswith("1 bản ghi")
    gateway.close()


def test_codes_that_no_list_has_are_named_by_whatever_way_they_came(hub: OpenHub) -> None:
    gateway = hub.gateway()
    events = [received(code, "2026-01-14") for code in "AB"]
    events.append({**received("C", "2026-01-14"), "received_by": "H57.99999"})
    gateway.accept(hub.contracts["dossier"], Sender("so"), json.dumps(events).encode())
    hub.runner.catch_up()
    assert "codes units" not in by_name(of_records(hub))  # there is no list yet
    row = {"name_vi": "Sở mẫu", "name_en": "A department", "parent": "", "level": "department"}
    row |= {"valid_from": "2000-01-01", "valid_to": ""}
    units = [{"code": code, **row} for code in ("H57.1", "H57.2")]
    load_lists(hub.log, {"units": units}, to_us(NOW), "tester")
    hub.runner.catch_up()
    found = by_name(of_records(hub))["codes units"]
    assert found.level == "note"
    assert found.vi == "1 mã không có trong danh mục, vẫn được tính: H57.99999 (1)"
    gateway.close()


@pytest.mark.parametrize(("seconds", "level"), [(0, "ok"), (1, "ok"), (3, "note"), (3600, "fault")])
def test_a_clock_that_is_behind_what_was_accepted_is_said(
    hub: OpenHub, seconds: int, level: str
) -> None:
    with hub.store.administering() as c:
        at = to_us(NOW + timedelta(seconds=seconds))
        c.execute(
            sa.text(
                "INSERT INTO heard (contract, sender, shard, accepted_at, horizon)"
                " VALUES ('dossier', 'so', 0, :at, :at)"
            ),
            {"at": at},
        )
    assert by_name(records.of_clock(hub))["clock"].level == level


@pytest.mark.parametrize(
    ("hours", "differences", "level"), [(1, 0, "ok"), (27, 0, "note"), (1, 2, "fault")]
)
def test_a_verify_that_is_old_or_found_something_is_said(
    hub: OpenHub, hours: int, differences: int, level: str
) -> None:
    said = {"at": iso(to_us(NOW - timedelta(hours=hours))), "differences": differences}
    hub.log.set_checkpoints({STATEMENT: json.dumps(said)})
    assert records.of_verify(hub).level == level


def test_a_sender_whose_last_key_ends_soon_is_named(hub: OpenHub) -> None:
    for name, days in (("soon", 10), ("renewed", 10), ("renewed", 300)):
        until = to_us(NOW + timedelta(days))
        keys.create(hub.store, hub.clock, name, WHOLE, expires_at=until)
    found = levels(of_parties(hub))
    assert found["key soon"] == "note"
    assert "key renewed" not in found


def test_a_duty_of_a_party_that_no_event_ever_named_is_said_by_name(hub: OpenHub) -> None:
    rows = []
    for party in ("NH01", "NH1"):
        row = {"sender": "banks", "contract": "payment", "cadence": "monthly", "party": party}
        ends = {"valid_from": "2025-12-01", "valid_to": "", "source": "", "owner": ""}
        rows.append({"events_per_due": "1", "name_vi": "", **row, **ends})
    load_lists(hub.log, {"duties": rows}, to_us(NOW), "tester")
    hub.runner.catch_up()
    assert not [what for what in by_name(of_parties(hub)) if what.startswith("party ")]
    gateway = hub.gateway()
    told = paid("cashless", "2025-12", customers=1, amount=10) | {"reporter": "NH01"}
    body = json.dumps([told]).encode()
    assert gateway.accept(hub.contracts["payment"], Sender("banks"), body).body["accepted"] == 1
    gateway.close()
    hub.runner.catch_up()
    found = by_name(of_parties(hub))
    (name,) = [what for what in found if what.startswith("party ")]
    assert "NH1" in name
    assert "is it misspelt" in found[name].en


@pytest.mark.parametrize(
    ("seconds", "state", "level"),
    [(5, "running", "ok"), (300, "running", "fault"), (5, "upstream_away", "fault")],
)
def test_a_connector_without_a_heartbeat_or_an_upstream_is_said(
    hub: OpenHub, seconds: int, state: str, level: str
) -> None:
    beat = {"at": iso(to_us(NOW - timedelta(seconds=seconds))), "state": state, "error": "no route"}
    hub.log.set_checkpoints({heartbeat_name("one_stop"): json.dumps(beat)})
    assert levels(of_parties(hub))["connector one_stop"] == level


def test_folders_disks_and_private_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(data_dir=tmp_path, archive_dir=tmp_path / "none")
    found = levels(of_machine(settings, NOW))
    assert found == {"HUB_DATA_DIR": "ok", "HUB_ARCHIVE_DIR": "fault"}
    assert levels(of_machine(Settings(data_dir=tmp_path), NOW))["HUB_ARCHIVE_DIR"] == "note"
    for free, level in ((machine.FREE_NOTE - 1, "note"), (machine.FREE_FAULT - 1, "fault")):
        usage = type("Usage", (), {"free": free})
        monkeypatch.setattr(shutil, "disk_usage", lambda _, usage=usage: usage)
        assert levels(of_machine(settings, NOW))["HUB_DATA_DIR"] == level
    key = tmp_path / "signing" / "a.pem"
    key.parent.mkdir()
    key.write_text("-----BEGIN PRIVATE KEY-----\n", "utf-8")
    key.chmod(0o640)
    assert levels(of_machine(settings, NOW))[str(key)] == "fault"
    key.chmod(0o600)
    assert str(key) not in levels(of_machine(settings, NOW))


def test_on_kafka_a_spool_is_advised(tmp_path: Path) -> None:
    settings = Settings(
        kafka_bootstrap="127.0.0.1:1", database_url="postgresql+psycopg://127.0.0.1:1/x"
    )
    assert levels(of_machine(settings, NOW))["HUB_SPOOL_DIR"] == "note"
    spooling = settings.model_copy(update={"spool_dir": tmp_path})
    assert levels(of_machine(spooling, NOW))["HUB_SPOOL_DIR"] == "ok"


@pytest.mark.parametrize(("days", "level"), [(31, "ok"), (29, "note"), (-1, "fault")])
def test_a_certificate_that_ends_is_said(tmp_path: Path, days: int, level: str) -> None:
    path = Authority(tmp_path, "ca").file
    now = START + timedelta(36_500 - days)
    assert levels(of_certificates("TLS", path, now)) == {"TLS": level}
    path.write_text("none", "utf-8")
    assert levels(of_certificates("TLS", path, now)) == {"TLS": "fault"}


def test_parts_that_are_away_are_a_fault_and_not_a_traceback(tmp_path: Path) -> None:
    settings = Settings(
        kafka_bootstrap="127.0.0.1:1",
        database_url="postgresql+psycopg://127.0.0.1:1/x",
        spool_dir=tmp_path,
    )
    found = by_name(command.examine(settings))
    assert found["hub"].level == "fault"
    assert found["HUB_SPOOL_DIR"].level == "ok"


def test_a_hub_that_others_reach_needs_a_sign_on_or_keys(tmp_path: Path) -> None:
    def seen(hub: OpenHub, **settings: object) -> Finding:
        hub.settings = hub.settings.model_copy(update=settings)
        found = by_name(of_parties(hub))
        return found.get("sign-in") or Finding("ok", "sign-in", "", "")

    stores.store_url(tmp_path)
    with open_hub(Settings(data_dir=tmp_path), lambda: NOW) as hub:
        assert seen(hub).level == "ok"
        for reached in (
            {"listen": "0.0.0.0:8080"},
            {"proxied": True},
            {"public_url": "https://hub"},
        ):
            loopback = {"listen": "127.0.0.1:8080", "proxied": False, "public_url": ""}
            assert seen(hub, **(loopback | reached)).level == "fault"
        assert "HUB_OIDC" in seen(hub).vi
        keys.create(hub.store, hub.clock, "A", WHOLE)
        assert seen(hub).level == "note"
        on = seen(hub, oidc_issuer="https://sso.hue.gov.vn")
        assert (on.level, "people" in on.en) == ("fault", True)
        let_in(hub, {"who": "lanh-dao", "role": "leader"})
        assert seen(hub).level == "ok"
