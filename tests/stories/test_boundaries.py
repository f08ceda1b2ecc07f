"""Nobody changes another's figure, by whatever field of whatever contract, over HTTP and by files.

Each table says, for a sender, what becomes of an item of its own in which one field was changed.
What is expected was worked out by hand: `None` is taken, else rule, field and value.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub import registry
from hub.access import keys
from hub.clock import to_us
from hub.gateway.boundary import RULES
from hub.repair.items import Wanted, all_items
from hub.repair.repair import Repair, RepairError
from stream_jobs.worked import dossier, paid, received, salinity
from tests.laws.test_files import as_csv
from tests.parts.pushed import Json, Pushed, limited, pushed, verdicts

Expected = tuple[str, str, str] | None
HELD = "held"  # it is taken, and counts once its sender stands in the dossier
BY_REPORTER = ("reporter_not_allowed", "reporter", "NH02")
BY_AREA = ("area_not_allowed", "area", "H57.2")
BY_STATION = ("station_not_allowed", "station_code", "ST02")


def by_unit(field: str, unit: str = "H57.2") -> Expected:
    """Expect that a unit is not allowed in a field."""
    return ("unit_not_allowed", field, unit)


# A statistic of bank NH01 for H57.1; NH02 has one of the same service, method, area and month.
OF_NH01 = paid("cashless", "2023-05", customers=3, amount=50, reporter="NH01", area="H57.1")
OF_NH02 = paid("cashless", "2023-05", customers=5, amount=100, reporter="NH02", area="H57.1")
OF_H57_2 = paid("cashless", "2023-05", customers=5, amount=90, reporter="NH02", area="H57.2")
# field, another value, verdict on NH01 (limited by reporters), on the office (limited by areas)
PAYMENT: list[tuple[str, Any, Expected, Expected]] = [
    ("event_id", OF_NH02["event_id"], None, None),  # an id is its sender's own
    ("recorded_at", "2023-06-01T08:00:00+07:00", None, None),
    ("reporter", "NH02", BY_REPORTER, None),
    ("service", "water", None, None),
    ("method", "cash", None, None),
    ("area", "H57.2", None, BY_AREA),
    ("period", "2023-04", None, None),
    ("revision", 99, None, None),
    ("transactions", 7, None, None),
    ("customers", 7, None, None),
    ("amount_vnd", 7, None, None),
]
OF_ST01 = salinity("ST01", "2023-05-03T05:00", 4.5) | {"event_id": "s1"}
OF_ST02 = salinity("ST02", "2023-05-03T05:00", 2) | {"event_id": "s2"}
# field, another value, verdict on the station ST01
READING: list[tuple[str, Any, Expected]] = [
    ("event_id", "s2", None),
    ("recorded_at", "2023-06-01T08:00:00+07:00", None),
    ("station_code", "ST02", BY_STATION),
    ("measured_at", "2023-05-03T06:00:00+07:00", None),
    ("quantity", "temperature", ("unit_mismatch", "unit", "g/L")),
    ("value", 9, None),
    ("unit", "mg/L", None),
    ("quality", 4, None),
    ("revised_at", "2023-06-01T08:00:00+07:00", None),
    ("raw_value", "9000.5", None),
    ("raw_unit", "uS/cm", None),
    ("raw_temperature", 28, None),
    ("formula", "pss78", None),
]
# Dossiers: who received it, who was named to resolve it.
KNOWN: dict[str, Json] = {
    "OURS": {"received_by": "H57.1", "resolved_by": None},
    "THEIRS": {"received_by": "H57.2", "resolved_by": None},
    "GIVEN-TO-US": {"received_by": "H57.2", "resolved_by": "H57.1"},
    "GIVEN-TO-THEM": {"received_by": "H57.1", "resolved_by": "H57.2"},
    "THEIRS-ALONE": {"received_by": "H57.2", "resolved_by": "H57.2"},
}
US, THEM = "H57.1", "H57.2"
RECEIVED_BY, RESOLVED_BY = "received_by", "resolved_by"
# dossier, units that the department H57.1 names in an event of it, verdict; or it is held
DOSSIER: list[tuple[str, Json, Expected | str]] = [
    # What names no unit speaks for those of its dossier: one of them is to be the own.
    ("OURS", {}, None),
    ("THEIRS", {}, HELD),
    ("GIVEN-TO-US", {}, None),
    ("GIVEN-TO-THEM", {}, None),
    ("THEIRS-ALONE", {}, HELD),
    ("UNSEEN", {}, HELD),
    # Who names itself as the receiver must be it.
    ("OURS", {RECEIVED_BY: US}, None),
    ("THEIRS", {RECEIVED_BY: US}, HELD),
    ("GIVEN-TO-US", {RECEIVED_BY: US}, HELD),
    ("GIVEN-TO-THEM", {RECEIVED_BY: US}, None),
    ("THEIRS-ALONE", {RECEIVED_BY: US}, HELD),
    # Nobody names another as the receiver.
    ("OURS", {RECEIVED_BY: THEM}, by_unit(RECEIVED_BY)),
    ("THEIRS", {RECEIVED_BY: THEM}, by_unit(RECEIVED_BY)),
    ("GIVEN-TO-US", {RECEIVED_BY: THEM}, by_unit(RECEIVED_BY)),
    ("GIVEN-TO-THEM", {RECEIVED_BY: THEM}, by_unit(RECEIVED_BY)),
    ("UNSEEN", {RECEIVED_BY: THEM}, by_unit(RECEIVED_BY)),
    # Nobody makes itself the resolver of what others received, nor in the place of another one.
    ("OURS", {RESOLVED_BY: US}, None),
    ("THEIRS", {RESOLVED_BY: US}, HELD),
    ("GIVEN-TO-US", {RESOLVED_BY: US}, None),
    ("GIVEN-TO-THEM", {RESOLVED_BY: US}, HELD),
    ("THEIRS-ALONE", {RESOLVED_BY: US}, HELD),
    # Who hands on a dossier names itself, the receiver, beside who is to resolve it.
    ("OURS", {RESOLVED_BY: THEM}, by_unit(RESOLVED_BY)),
    ("THEIRS", {RESOLVED_BY: THEM}, by_unit(RESOLVED_BY)),
    ("THEIRS", {RECEIVED_BY: US, RESOLVED_BY: US}, HELD),
    ("THEIRS", {RECEIVED_BY: US, RESOLVED_BY: THEM}, HELD),
    # Where an applicant lives is no matter of who sends.
    ("OURS", {"citizen_unit": THEM}, None),
    ("THEIRS", {"citizen_unit": US}, HELD),
]
# Fields of a dossier's event that name no unit: field, another value.
OTHER_FIELDS: list[tuple[str, Any]] = [
    ("event_id", "theirs"),
    ("recorded_at", "2024-06-01T08:00:00+07:00"),
    ("kind", "withdrawn"),
    ("occurred_at", "2023-05-01T08:00:00+07:00"),
    ("procedure_code", "1.000001"),
    ("service_level", "partial"),
    ("channel", "online"),
    ("due_at", "2023-05-01T17:00:00+07:00"),
    ("satisfied", False),
    ("retracts", "theirs"),
    ("same_as", "ANOTHER"),
]
WAYS = ["events", "files"]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Pushed]:
    """Open a hub that knows of what each of several senders sent."""
    with pushed(tmp_path, breaker_in_a_row_max=10**6) as opened:
        opened.send("payment", OF_NH02, OF_H57_2, sender="province")
        opened.send("payment", OF_NH01, sender="NH01")
        opened.send("reading", OF_ST02, sender="province")
        opened.send("reading", OF_ST01, sender="ST01")
        for code, units in KNOWN.items():
            event_id = "theirs" if code == "THEIRS" else f"of-{code}"
            reception = received(code, "2023-05-02", due="2023-05-20")
            opened.send("dossier", reception | units | {"event_id": event_id})
        opened.send("dossier", dossier("THEIRS-ALONE", "resolved", "2023-05-08"))
        assert all(theirs(opened))
        yield opened


def theirs(hub: Pushed) -> list[Any]:
    """Give every figure of the others: of bank NH02, of station ST02, of unit H57.2."""
    by_area = hub.figures("payment_amount", "2023-05", "area", reporter="NH02")
    by_unit = [
        hub.figures(kpi, "2023", "unit", role=role)
        for kpi in ("dossier_received_new", "dossier_resolved", "dossier_overdue")
        for role in (RECEIVED_BY, RESOLVED_BY)
    ]
    return [
        hub.figures("payment_amount", "2023-05", "reporter").get("NH02"),
        by_area,
        hub.figures("salinity_max", "2023-05-03", "station").get("ST02"),
        *(figures.get(THEM) for figures in by_unit),
    ]


def classes(hub: Pushed, sender: str) -> dict[str, int]:
    """Count what a sender's events of dossiers became, but what was rejected."""
    counted: dict[str, int] = {}
    with hub.hub.store.reading() as reading:
        for contract, of, _, kind, _, n in reading.table("ledger"):
            if (contract, of) == ("dossier", sender) and kind != "quarantined":
                counted[kind] = counted.get(kind, 0) + n
    return {kind: n for kind, n in counted.items() if n}


def push(hub: Pushed, way: str, contract: str, sender: str, *items: Json) -> list[Any]:
    """Send items as JSON or as a file; give the verdicts."""
    body: Any = table(contract, *items) if way == "files" else items
    return verdicts(hub.post(f"/v1/{way}/{contract}", body, sender))


def push_each(hub: Pushed, way: str, contract: str, sender: str, *items: Json) -> list[Any]:
    """Send each item by itself: together they would say different things of one."""
    return [v for item in items for v in push(hub, way, contract, sender, item)]


def table(contract: str, *items: Json) -> bytes:
    """Write items as a CSV file with Vietnamese titles."""
    rows = []
    for item in items:
        row = {n: "" if v is None else str(v) for n, v in item.items()}
        rows.append(
            row | {n: "có" if v else "không" for n, v in item.items() if isinstance(v, bool)}
        )
    return as_csv(rows, {f.name: f.doc.vi for f in registry.contracts()[contract].sent})


def test_the_tables_have_every_field() -> None:
    contracts = registry.contracts()
    for name, fields in (
        ("payment", {row[0] for row in PAYMENT}),
        ("reading", {row[0] for row in READING}),
        ("dossier", {row[0] for row in OTHER_FIELDS} | {n for row in DOSSIER for n in row[1]}),
    ):
        assert fields | {"dossier_code"} >= {f.name for f in contracts[name].sent}
    places = {n for c in contracts.values() for names in c.spec.limited.values() for n in names}
    assert places == {"received_by", "resolved_by", "reporter", "area", "station_code", "unit"}


@pytest.mark.parametrize("way", WAYS)
def test_payments(hub: Pushed, way: str) -> None:
    before = theirs(hub)
    items = [OF_NH01 | {"event_id": f"n-{name}", name: value} for name, value, *_ in PAYMENT]
    wanted = [verdict for *_, verdict, _ in PAYMENT if verdict]
    assert push_each(hub, way, "payment", "NH01", *items) == wanted
    assert theirs(hub) == before
    wanted = [verdict for *_, verdict in PAYMENT if verdict]
    assert push_each(hub, way, "payment", "H57.1-office", *items) == wanted
    # An office speaks for whoever reports of its area, and for no other area.
    assert theirs(hub)[1] == before[1]


@pytest.mark.parametrize("way", WAYS)
def test_readings(hub: Pushed, way: str) -> None:
    before = theirs(hub)
    items = [OF_ST01 | {"event_id": f"r-{name}", name: value} for name, value, _ in READING]
    items[0] |= {"event_id": "s2"}
    wanted = [verdict for *_, verdict in READING if verdict]
    assert push_each(hub, way, "reading", "ST01", *items) == wanted
    assert theirs(hub) == before


@pytest.mark.parametrize("way", WAYS)
def test_dossiers(hub: Pushed, way: str) -> None:
    before = theirs(hub)
    items: list[Json] = []
    wanted: list[Expected] = []
    own: list[Json] = []
    ids: list[tuple[str, str]] = []  # of what is held: two contents of one are a conflict
    for number, (code, units, expected) in enumerate(DOSSIER):
        item = dossier(code, "resolved", "2023-05-09", satisfied=True, **units)
        if expected is None:
            own.append(item | {"kind": "processing", "event_id": f"o{number}"})
            continue
        tried = [item | {"event_id": f"d{number}"}]
        tried += [item | {"event_id": f"d{number}{n}"} | {n: v} for n, v in OTHER_FIELDS]
        items += tried
        if isinstance(expected, str):
            ids += [(code, i["event_id"]) for i in tried]
        else:
            wanted += [expected] * len(tried)
    assert push(hub, way, "dossier", "H57.1", *items) == wanted
    assert theirs(hub) == before
    held = len(set(ids))
    assert classes(hub, "H57.1") == {HELD: held, "conflict": len(ids) - held}
    assert push(hub, way, "dossier", "H57.1", *own) == []
    assert theirs(hub) == before
    assert classes(hub, "H57.1")["applied"] == len(own)


def test_a_bank_cannot_turn_anothers_hundred_into_seven(hub: Pushed) -> None:
    assert hub.figures("payment_amount", "2023-05", "reporter")["NH02"] == 190
    wrong = OF_NH02 | {"event_id": "x", "revision": 2, "amount_vnd": 7}
    answer = hub.post("/v1/events/payment", [OF_NH01, wrong], "NH01")
    assert (answer.status_code, verdicts(answer)) == (202, [BY_REPORTER])
    (verdict,) = answer.json()["rejected"]
    assert verdict["message_vi"] == (
        "Đơn vị báo cáo: khóa này không được gửi cho bên báo cáo NH02, chỉ được gửi cho NH01"
    )
    assert verdict["message_en"] == (
        "reporter: this key may not send for reporter NH02, only for NH01"
    )
    assert hub.figures("payment_amount", "2023-05", "reporter")["NH02"] == 190


def test_a_file_names_row_and_column_of_what_is_outside(hub: Pushed) -> None:
    sent = table("payment", OF_NH02 | {"event_id": "x"})
    answer = hub.post("/v1/files/payment", sent, "NH01").json()
    (verdict,) = answer["rejected"]
    assert verdict["message_vi"] == (
        "dòng 2, cột Đơn vị báo cáo: khóa này không được gửi cho bên báo cáo NH02,"
        " chỉ được gửi cho NH01"
    )
    errors = hub.ask(f"/v1/receipts/{answer['receipt']}/errors.csv", "NH01").text
    assert "chỉ được gửi cho NH01" in errors


def test_every_form_of_a_request_has_the_same_boundary(hub: Pushed) -> None:
    wrong = OF_ST02 | {"event_id": "x", "value": 9}
    lines = b"\n".join(json.dumps(e).encode() for e in (OF_ST01, wrong))
    path = "/v1/events/reading"
    assert verdicts(hub.post(path, lines, "ST01")) == [BY_STATION]
    event: Json = {"specversion": "1.0", "id": "c", "source": "/x", "type": "t", "data": wrong}
    forms: list[tuple[Any, str]] = [(event, "cloudevents"), ([event], "cloudevents-batch")]
    for body, form in forms:
        kind = {"Content-Type": f"application/{form}+json"}
        assert verdicts(hub.post(path, body, "ST01", kind)) == [BY_STATION]
    binary = {f"ce-{k}": str(v) for k, v in event.items() if k != "data"}
    assert verdicts(hub.post(path, wrong, "ST01", binary)) == [BY_STATION]
    for way in WAYS:
        dry = f"/v1/{way}/reading?dry_run=1"
        sent: Any = table("reading", wrong) if way == "files" else wrong
        tried = hub.post(dry, sent, "ST01")
        assert (tried.status_code, verdicts(tried)) == (422, [BY_STATION])
        assert tried.json()["would_change"]["figures"] == []


def test_a_limited_sender_beside_others_in_one_group_is_judged_by_its_own(hub: Pushed) -> None:
    many = [OF_ST01 | {"event_id": f"m{i}", "station_code": f"ST0{i % 3}"} for i in range(9)]
    answer = hub.post("/v1/events/reading", many, "ST01").json()
    assert [v["index"] for v in answer["rejected"]] == [0, 2, 3, 5, 6, 8]
    assert answer["accepted"] == 3


def test_a_corrected_item_stays_within_its_senders_scope(hub: Pushed) -> None:
    hub.post("/v1/events/payment", OF_NH01 | {"event_id": "w", "method": "shell"}, "NH01")
    (item,) = hub.ask("/v1/quarantine", "NH01").json()["items"]
    out = {"id": item["event_id"], "changes": {"method": "cash", "reporter": "NH02"}}
    for sender in ("NH01", "officer"):
        refused = hub.post("/v1/quarantine/fix", out, sender)
        assert (refused.status_code, refused.json()["title"]) == (403, "reporter_not_allowed")
    rows = hub.ask("/v1/quarantine/rows/payment", "NH01").content
    moved = rows.replace(b"shell", b"cash").replace(b"NH01", b"NH02")
    for sender in ("NH01", "officer"):
        kept = hub.post("/v1/quarantine/corrections/payment", moved, sender).json()
        assert [r["rule"] for r in kept["refused"]] == ["reporter_not_allowed"]
    right = out | {"changes": {"method": "cash"}}
    assert hub.post("/v1/quarantine/fix", right, "officer").status_code == 200
    assert hub.post("/v1/quarantine/replay", {"ids": [item["event_id"]]}, "NH01").json()["receipts"]


def test_what_was_outside_is_not_sent_by_anybody_until_the_scope_is_wider(hub: Pushed) -> None:
    wrong = OF_NH02 | {"event_id": "x", "revision": 2, "amount_vnd": 7}
    hub.post("/v1/events/payment", wrong, "NH01")
    (item,) = hub.ask("/v1/quarantine", "NH01").json()["items"]
    ids = {"ids": [item["event_id"]]}
    for sender in ("NH01", "officer"):
        assert hub.post("/v1/quarantine/replay", ids, sender).status_code == 403
        assert hub.post("/v1/quarantine/try", ids, sender).json()["trials"] == []
    # Beside one that is sent, the answer says of it why it is not.
    hub.post("/v1/events/payment", OF_NH01 | {"event_id": "w", "method": "shell"}, "NH01")
    shell = hub.ask("/v1/quarantine?field=method", "NH01").json()["items"][0]["event_id"]
    hub.post("/v1/quarantine/fix", {"id": shell, "changes": {"method": "cash"}}, "NH01")
    sent = hub.post("/v1/quarantine/replay", {"ids": [*ids["ids"], shell]}, "officer").json()
    assert list(sent["receipts"]) == [shell]
    assert [i["verdict"]["rule"] for i in sent["left"]] == ["reporter_not_allowed"]
    parts = hub.hub
    repairs = Repair(parts.store, parts.log, parts.installed, parts.clock, parts.seals())
    with parts.store.reading() as reading:
        kept = list(all_items(reading, parts.seals().opener(), Wanted(ids=ids["ids"])))
    with pytest.raises(RepairError, match="NH02"):  # at the console, too
        repairs.replay(kept, "an", parts.gateway())
    assert hub.figures("payment_amount", "2023-05", "reporter")["NH02"] == 190
    # A second key of the same sender may be wider; it is then another matter.
    scope = limited("payment", reporters="NH01,NH02")
    keys.create(parts.store, parts.clock, "NH01", scope)
    assert len(keys.scopes_of(parts.store, "NH01", to_us(parts.clock()))) == 2
    assert hub.post("/v1/quarantine/replay", ids, "officer").status_code == 200
    assert hub.figures("payment_amount", "2023-05", "reporter")["NH02"] == 97


def test_each_kind_of_limit_has_its_rule() -> None:
    assert sorted(RULES.values()) == [
        "area_not_allowed",
        "reporter_not_allowed",
        "station_not_allowed",
        "unit_not_allowed",
    ]
