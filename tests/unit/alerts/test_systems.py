"""The catalogue of systems, row by row, worked out by hand."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from hub import registry
from hub.access import keys
from hub.access.grounds import Grounds
from hub.access.scope import WHOLE, Scope
from hub.access.sql_roles import SqlRole
from hub.alerts.connected import connected
from hub.alerts.systems import FINDINGS, Access, systems
from hub.clock import DAY_US, to_us
from hub.connecting.connection import heartbeat_name
from hub.definitions.contract import Doc
from hub.figures.quality import sources
from hub.reference.periods import parse_period
from stream_jobs.worked import received, salinity
from tests.conftest import Hub
from tests.parts.authority import Authority

SAID = Grounds("Văn phòng Sở", "đồng bộ hồ sơ", "NĐ 278/2025/NĐ-CP")


def listed(hub: Hub, **access: Any) -> dict[str, dict[str, Any]]:
    """Give the rows of a hub's systems by name, in their order."""
    hub.runner.catch_up()
    at, year = to_us(hub.now), parse_period(f"{hub.now:%Y}")
    given = {"keys": keys.listed(hub.store), "connectors": registry.connectors(), **access}
    with hub.store.reading() as reading:
        book = hub.book(reading)
        known = sources(hub.log, book, registry.kpis(), year, year, at)["sources"]
        seen = connected(known, book, at)
        by_name = {s["source"]: s for s in known}
        rows = systems(by_name, seen, Access(**given), registry.contracts(), at)
    return {row["id"]: row for row in rows}


def test_what_passes_is_counted_with_what_of_it_was_refused(hub: Hub) -> None:
    good = [received(f"H57.1-{n}", "2023-05-17") for n in range(3)]
    hub.post("dossier", *good, {"kind": "received"}, sender="so-a")
    keys.create(hub.store, lambda: hub.now, "so-a", Scope(frozenset(["dossier"])), grounds=SAID)
    row = listed(hub)["so-a"]
    assert (row["kind"], row["direction"], row["contracts"]) == ("sender", "both", ["dossier"])
    assert (row["received"], row["rejected"], row["error_share"]) == (4, 1, 0.25)
    assert (row["owner"], row["duty"]) == ("Văn phòng Sở", None)
    assert row["purposes"] == ["đồng bộ hồ sơ"]
    assert row["legal_bases"] == ["NĐ 278/2025/NĐ-CP"]
    assert row["next_expiry_at"] is None
    assert row["findings"] == ["refused"]


def test_one_of_a_hundred_is_a_slip_and_more_is_a_fault(hub: Hub) -> None:
    many = [received(f"H57.1-{n}", "2023-05-17") for n in range(99)]
    hub.post("dossier", *many, {"kind": "received"}, sender="so-a")
    assert listed(hub)["so-a"]["findings"] == ["no_owner"]
    hub.post("dossier", {"kind": "received"}, sender="so-a")
    assert listed(hub)["so-a"]["findings"] == ["refused", "no_owner"]


def test_who_owes_and_is_silent_stands_first(hub: Hub) -> None:
    hub.send("reading", salinity("ST01", "2023-05-17T08:00", 1), sender="salinity")
    rows = listed(hub)
    assert rows["salinity"]["findings"] == []
    assert rows["salinity"]["kind"] == "connector"
    assert rows["salinity"]["direction"] == "in"
    assert rows["salinity"]["duty"]["cadence"] == "daily"
    # What comes without a key is collected as its contract says.
    assert rows["salinity"]["legal_bases"] == [registry.contracts()["reading"].spec.legal_basis]
    assert rows["one_stop"]["findings"] == ["never_heard"]
    hub.now += timedelta(days=2)
    rows = listed(hub)
    assert rows["salinity"]["findings"] == ["silent"]
    assert next(iter(rows)) == "salinity"


def test_a_connector_that_does_not_run_is_named(hub: Hub) -> None:
    hub.send("reading", salinity("ST01", "2023-05-17T08:00", 1), sender="salinity")
    beat = '{"at": "2023-05-17T08:00:00+07:00", "state": "upstream_away", "error": "refused"}'
    hub.log.set_checkpoints({heartbeat_name("salinity"): beat})
    assert listed(hub)["salinity"]["findings"] == ["stopped"]


def test_a_key_that_was_never_used_has_a_row_until_it_is_revoked(hub: Hub) -> None:
    made = keys.make()
    keys.create(hub.store, lambda: hub.now, "so-b", WHOLE, made=made)
    row = listed(hub)["so-b"]
    assert row["findings"] == ["never_heard", "no_owner", "no_grounds"]
    assert [k["id"] for k in row["keys"]] == [made.id]
    keys.describe(hub.store, made.id, Grounds(owner="Sở B"))
    assert listed(hub)["so-b"]["findings"] == ["never_heard", "no_grounds"]
    keys.describe(hub.store, made.id, Grounds(purpose="p", legal_basis="l"))
    row = listed(hub)["so-b"]
    assert (row["owner"], row["findings"]) == ("Sở B", ["never_heard"])
    keys.revoke(hub.store, lambda: hub.now, made.id)
    assert "so-b" not in listed(hub)


def ends(hub: Hub, *days: float | None, certified: float | None = None) -> dict[str, Any]:
    """Give the row of a sender whose keys end in so many days; None: never."""
    now = to_us(hub.now)
    name = f"so-{days}-{certified}"
    for day in days:
        until = None if day is None else now + int(day * DAY_US)
        shown = None if certified is None else now + int(certified * DAY_US)
        keys.create(
            hub.store,
            lambda: hub.now,
            name,
            WHOLE,
            expires_at=until,
            certificate_until=shown,
            grounds=SAID,
        )
    return listed(hub)[name]


def test_access_ends_with_the_last_key_and_within_thirty_days_that_is_said(hub: Hub) -> None:
    assert ends(hub, 31)["findings"] == ["never_heard"]
    assert ends(hub, 30)["findings"] == ["never_heard", "ends_soon"]
    assert ends(hub, -1)["findings"] == ["ended", "never_heard"]
    assert ends(hub, -1, 5)["findings"] == ["never_heard", "ends_soon"]
    # The new key is handed over: the old one may end.
    rotated = ends(hub, 5, 365)
    assert rotated["findings"] == ["never_heard"]
    assert [k["state"] for k in rotated["keys"]] == ["valid", "valid"]
    assert ends(hub, 5, None)["next_expiry_at"] is None
    # A key is of no use without the certificate that its client must show.
    assert ends(hub, 365, certified=10)["findings"] == ["never_heard", "ends_soon"]
    assert ends(hub, None, certified=10)["findings"] == ["never_heard", "ends_soon"]


def test_logins_outlets_and_certificates_have_rows_of_their_own(hub: Hub, tmp_path: Path) -> None:
    now = to_us(hub.now)
    written, _ = Authority(tmp_path, "ca").issue("hub", hub.now + timedelta(days=20))
    (tmp_path / "b.pem").write_text("none")
    person = {
        **{"name": "An", "role": "operator", "unit": "", "level_from": "notice"},
        **{"outlet": "mail", "address": "a@b", "valid_from": "2023-01-01", "valid_to": ""},
    }
    gone = person | {"name": "Bình", "valid_to": "2023-02-01"}
    rows = listed(
        hub,
        keys=(),
        logins=[
            SqlRole("bi", (), now, now + 3 * DAY_US),
            SqlRole("ioc", (), now, None, SAID),
        ],
        outlets={"mail": Doc("Thư điện tử", "E-mail"), "sms": Doc("Tin nhắn", "SMS")},
        recipients=[person, gone],
        certificates={"HUB_TLS_CERTIFICATE": written, "HUB_KAFKA_CA": tmp_path / "b.pem"},
    )
    assert rows["bi"]["findings"] == ["ends_soon", "no_owner", "no_grounds"]
    assert (rows["bi"]["kind"], rows["bi"]["direction"]) == ("sql_login", "out")
    assert (rows["ioc"]["findings"], rows["ioc"]["owner"]) == ([], "Văn phòng Sở")
    assert rows["mail"]["title_vi"] == "Thư điện tử"
    assert (rows["mail"]["recipients"], rows["sms"]["recipients"]) == (1, 0)
    assert rows["mail"]["findings"] == []
    assert rows["HUB_TLS_CERTIFICATE"]["findings"] == ["ends_soon"]
    assert rows["HUB_KAFKA_CA"]["findings"] == ["unreadable"]
    graveness = [list(FINDINGS).index(r["findings"][0]) for r in rows.values() if r["findings"]]
    assert graveness == sorted(graveness)
    assert all(not r["findings"] for r in list(rows.values())[len(graveness) :])
