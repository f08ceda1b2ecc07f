"""The HTTP interface's statuses and limits, on the real server."""

import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from stream_jobs.worked import paid, received, salinity
from tests.parts import loopback
from tests.stories.conftest import Served

ITEM = received("A", "2023-01-05")


def test_who_may_send_what(served: Served) -> None:
    good = served.key
    served.key = "hub_wrong"
    refused = served.post("dossier", ITEM)
    assert refused.status_code == 401
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["message_vi"]
    served.create_key("so-tnmt", "--units", "H57.9,H57.1", "--contracts", "dossier")
    assert served.post("reading", salinity("ST01", "2023-01-05", 1)).status_code == 403
    mixed = [ITEM, ITEM | {"event_id": "x", "dossier_code": "B", "received_by": "H57.2"}]
    answer = served.post("dossier", mixed)
    assert answer.status_code == 202
    assert [(r["index"], r["rule"], r["value"]) for r in answer.json()["rejected"]] == [
        (1, "unit_not_allowed", "H57.2")
    ]
    served.settle()
    # An event without a unit counts where its sender stands in the dossier, else it is held.
    served.key = good
    served.post(
        "dossier",
        ITEM
        | {"event_id": "y", "dossier_code": "C", "received_by": "H57.3", "resolved_by": "H57.3"},
    )
    served.settle()
    served.create_key("so-tnmt", "--units", "H57.1", "--contracts", "dossier")
    step = {"event_id": "z", "kind": "processing", "occurred_at": "2023-01-06T08:00:00+07:00"}
    assert served.post("dossier", step | {"dossier_code": "A"}).status_code == 202
    assert served.post("dossier", step | {"dossier_code": "UNSEEN"}).status_code == 202
    # Nor does naming the own unit make it the own dossier.
    taken = {"event_id": "t", "dossier_code": "C", "received_by": "H57.1"}
    others = [step | {"dossier_code": "C"}, ITEM | taken]
    receipt = served.post("dossier", others).json()["receipt"]
    served.settle()
    assert served.get(f"/v1/receipts/{receipt}").json()["states"] == {"held": 2}
    listed = served.run("keys", "list").stdout
    assert "so-tnmt" in listed
    assert served.key not in listed


def test_a_revoked_key_is_refused(served: Served) -> None:
    key_id = served.run("keys", "list").stdout.split()[0]
    assert served.run("keys", "revoke", key_id).returncode == 0
    served.stop()
    served.start()
    assert served.post("dossier", ITEM).status_code == 401
    assert served.run("keys", "revoke", key_id).returncode == 1


def test_idempotency_keys_survive_a_restart(served: Served) -> None:
    first = served.post("dossier", ITEM, **{"Idempotency-Key": "k1"})
    served.stop()
    served.start()
    again = served.post("dossier", ITEM, **{"Idempotency-Key": "k1"})
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    other = served.post("dossier", ITEM | {"event_id": "b"}, **{"Idempotency-Key": "k1"})
    assert other.status_code == 409
    assert served.post("dossier", ITEM, **{"Idempotency-Key": "k" * 129}).status_code == 400
    assert served.figure("dossier_received", period="2023")["numerator"] == 1


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"", {}, 400),
        (b"{", {}, 400),
        (b"[1, 2]", {}, 422),
        (b"[" * 100_000, {}, 400),
        (b"x", {"Content-Encoding": "gzip"}, 400),
        (gzip.compress(b"[]", mtime=0)[:-3], {"Content-Encoding": "gzip"}, 400),
        (gzip.compress(b" " * (64 << 20), mtime=0), {"Content-Encoding": "gzip"}, 413),
        (b"x", {"Content-Encoding": "br"}, 415),
        (b" " * ((16 << 20) + 1), {}, 413),
        (b"[" + b"{}," * 20_000 + b"{}]", {}, 413),
    ],
)
def test_bodies_that_cannot_be_read(
    served: Served, body: bytes, headers: dict[str, str], status: int
) -> None:
    answer = served.post("dossier", body, **headers)
    assert answer.status_code == status
    said = answer.json()
    if status != 422:
        assert said["message_vi"]
        assert said["message_en"]
        assert said["status"] == status


def test_questions(served: Served) -> None:
    served.post("dossier", ITEM)
    served.post("reading", [salinity("ST01", "2023-03-01T05:00", 4.5)])
    served.post("payment", [paid("cashless", "2023", customers=3, amount=10)])
    served.settle()
    with httpx.Client(base_url=served.url) as http:
        assert http.get("/v1/kpis/nothing").status_code == 404
        assert http.get("/v1/unknown").status_code == 404
        for query in ("period=2023-13", "by=colour", "at=now", "role=x", "as_of=2023", "x=1"):
            bad = http.get(f"/v1/kpis/dossier_online_share?{query}")
            assert bad.status_code == 400, query
            assert bad.json()["message_vi"]
        assert http.get("/v1/kpis/dossier_online_share?period=1999").json()["figures"] == []
        # A value that a closed set does not have would read as zero.
        assert http.get("/v1/kpis/dossier_received?channel=fax").status_code == 400
        # Each month of a year that has events says its count, zero too.
        months = http.get("/v1/kpis/dossier_received_new?period=2023&by=month").json()["figures"]
        assert [f["numerator"] for f in months] == [1] + [0] * 11
        body = http.get("/v1/kpis?period=2023").json()
        assert {f["kpi"] for f in body["figures"]} >= {"dossier_received", "salinity_max"}
        assert len({f["cut"] for f in body["figures"]}) == 1
        figure = http.get("/v1/kpis/salinity_max?period=2023&by=station").json()["figures"][0]
        assert (figure["dims"], figure["value"]) == ({"station": "ST01"}, "4.500000")
        spec = http.get("/openapi.json").json()
        assert "/v1/events/dossier" in spec["paths"]
        assert "hub_events_accepted_total" in http.get("/metrics").text
        assert http.get("/healthz").json() == {"status": "ok"}
        assert http.get("/").headers["content-security-policy"].startswith("default-src 'self'")


def test_the_stream_sends_what_changed_and_ends(served: Served) -> None:
    served.post("dossier", ITEM)
    served.settle()
    with httpx.Client(base_url=served.url, timeout=30) as http:
        text = http.get("/v1/stream?period=2023&limit=1").text
        event, data = _events(text)[0]
        assert event == "figures"
        assert {f["kpi"] for f in data["figures"]} >= {"dossier_received"}
        # Whoever comes back with the present cut has missed nothing.
        headers = {"Last-Event-ID": str(data["cut"])}
        assert _events(http.get("/v1/stream?period=2023&seconds=1", headers=headers).text) == []
        with http.stream("GET", "/v1/stream?period=2023&limit=2") as stream:
            lines = stream.iter_lines()
            next(line for line in lines if line.startswith("data"))
            served.post("dossier", ITEM | {"event_id": "n", "dossier_code": "B"})
            changed = json.loads(next(line for line in lines if line.startswith("data"))[5:])
        found = {f["kpi"]: f["numerator"] for f in changed["figures"]}
        assert found["dossier_received"] == 2


def _events(text: str) -> list[tuple[str, Any]]:
    out = []
    name = ""
    for line in text.splitlines():
        if line.startswith("event:"):
            name = line[6:].strip()
        elif line.startswith("data:"):
            out.append((name, json.loads(line[5:])))
    return out


def test_too_many_requests_are_told_so(served: Served) -> None:
    served.stop()
    served.env["HUB_REQUESTS_PER_SECOND_MAX"] = "1"
    served.start()
    with ThreadPoolExecutor(10) as pool:
        keys = [{"Authorization": f"Bearer {' ' * n}{served.key}"} for n in range(10)]
        answers = list(pool.map(lambda k: served.post("dossier", ITEM, **k), keys))
    # One at once, one in its turn; more only if they took longer than a second to come.
    assert {a.status_code for a in answers} == {202, 429}
    assert all(a.headers["Retry-After"] for a in answers if a.status_code == 429)
    # One after the other, each waits for its turn, and none is refused.
    assert [served.post("dossier", ITEM).status_code for _ in range(3)] == [202] * 3


def test_a_wrong_setting_stops_the_start_with_its_name(served: Served) -> None:
    served.env["HUB_LISTEN"] = "nowhere"
    stopped = served.run("serve")
    assert stopped.returncode == 2
    assert "HUB_LISTEN" in stopped.stderr


def test_one_process_applies(served: Served) -> None:
    second = served.run("serve")
    assert second.returncode == 2
    assert "another process" in second.stderr


def test_lists_behind_the_qualities_of_a_source(served: Served) -> None:
    assert served.post("dossier", [received("Q", "2026-01-05"), {"x": 1}]).status_code == 202
    served.settle()
    body = loopback.get(f"{served.url}/v1/sources").json()
    (tester,) = [s for s in body["sources"] if s["source"] == "tester"]
    assert (tester["heartbeat"], tester["cadence"]) == (None, None)
    assert tester["quality"]["valid"]["value"] == "0.500000"
    for name, totals in (("valid", 1), ("complete", 0), ("clean", 0), ("live", 1)):
        behind = loopback.get(f"{served.url}/v1/sources/tester/{name}").json()
        assert (behind["kpi"], behind["total"]) == (body["formulas"][name]["kpi"], totals)
    for path, status in (
        ("/v1/sources/nobody/valid", 404),
        ("/v1/sources/tester/odd", 404),
        ("/v1/sources/tester/valid?offset=-1", 400),
        ("/v1/sources/tester/valid?offset=²", 400),
        ("/v1/sources?period=odd", 400),
        ("/v1/sources?colour=red", 400),
    ):
        answer = loopback.get(f"{served.url}{path}")
        assert answer.status_code == status, path
        assert answer.json()["message_vi"] != answer.json()["message_en"]


def test_cloud_events_are_items_in_each_mode(served: Served) -> None:
    event: dict[str, Any] = {"specversion": "1.0", "source": "/x", "type": "vn.lgsp.dossier"}
    plain = {k: v for k, v in ITEM.items() if k != "event_id"}
    one = event | {"id": "e1", "data": plain}
    kind = "application/cloudevents+json"
    structured = served.post("dossier", one, **{"Content-Type": kind})
    assert (structured.status_code, structured.json()["accepted"]) == (202, 1)
    headers = {f"ce-{k}": str(v) for k, v in (event | {"id": "e1"}).items()}
    binary = served.post("dossier", plain, **headers)
    assert (binary.status_code, binary.json()["duplicates"]) == (202, 1)
    many = [event | {"id": i, "data": plain} for i in ("e1", "e2")]
    batch = served.post("dossier", many, **{"Content-Type": "application/cloudevents-batch+json"})
    assert (batch.json()["accepted"], batch.json()["duplicates"]) == (1, 1)
    old = served.post("dossier", one | {"specversion": "0.3"}, **{"Content-Type": kind})
    assert (old.status_code, old.json()["title"]) == (400, "malformed_cloudevent")
