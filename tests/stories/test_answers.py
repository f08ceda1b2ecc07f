"""What is asked over HTTP is answered as it was recorded, to the byte.

`answers.txt` holds requests of every route, right and wrong, each with its status, its headers and
its body, of which a long one is a digest; then what metrics and audit log say of them, and what the
OpenAPI document describes. A change that means to change no answer is held to it. Where one is
meant to change, `HUB_TEST_RECORD=1 pytest tests/stories/test_answers.py` records anew, and the
difference of that file is what to look at.
"""

import asyncio
import base64
import difflib
import gzip
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hub import registry
from hub.http import corrected, guard
from hub.http.backlog import Backlog
from hub.log.log import LogUnavailableError, NotInLogError
from hub.opening import running
from hub.store.troubles import StoreUnavailableError
from stream_jobs.worked import dossier, paid, received, salinity
from tests.laws.test_files import ROW, as_csv
from tests.parts.asking import Asking, Client, Json, close_period, fixed_hub, outline
from tests.parts.questions import (
    OFFSETS,
    UNKNOWN,
    ask_for_alerts,
    ask_for_bundles,
    ask_for_figures,
    ask_for_lists,
    ask_for_receipts,
    ask_for_reports,
    ask_for_rows,
    ask_for_sources_and_periods,
    ask_for_systems,
    ask_for_the_catalogue,
    ask_for_the_stream,
)
from tests.parts.varied import varied
from tests.unit.sheets.test_mapping import BANK
from tests.unit.sheets.test_mapping import ROWS as BANK_ROWS
from tests.unit.sheets.test_mapping import as_csv as as_bank_csv

RECORDING = Path(__file__).with_name("answers.txt")
CLOUD_EVENT, CLOUD_EVENTS = "application/cloudevents+json", "application/cloudevents-batch+json"
XLSX_CUT_SHORT = b"PK\x03\x04" + b"\x00" * 100


def numbered(events: list[Json], letter: str) -> list[Json]:
    """Give events ids of their own, whatever was made before them."""
    return [e | {"event_id": f"{letter}{i}"} for i, e in enumerate(events)]


DOSSIERS = numbered(
    [
        received("A", "2023-05-02"),
        dossier("A", "resolved", "2023-05-12"),
        received("B", "2023-05-03", channel="online"),
        received("C", "2023-06-03", channel="post"),
    ],
    "d",
)
READINGS = numbered(
    [salinity("ST01", "2023-05-03T05:00", 4.5), salinity("ST02", "2023-05-03", 1)], "r"
)
PAYMENTS = numbered(
    [
        paid("cashless", "2023-05", customers=1, amount=10),
        paid("cash", "2023-05", customers=9, amount=90),
    ],
    "p",
)
LATE = numbered([received("D", "2023-05-20"), dossier("B", "resolved", "2023-05-09")], "l")
PIGEON: Json = DOSSIERS[0] | {"event_id": "w0", "channel": "pigeon"}
BANK_FILE = as_bank_csv(*BANK_ROWS)
WRONG: list[Any] = [PIGEON, {"kind": "received"}, 7]


async def send(client: Client) -> None:
    """Post events, in every form and with everything that is wrong with them."""
    await client.post("/v1/events/dossier", DOSSIERS)
    await client.post("/v1/events/dossier", DOSSIERS[0])
    await client.post("/v1/events/reading", READINGS)
    await client.post("/v1/events/payment", PAYMENTS, "payer")
    await client.post("/v1/events/fee", varied("fee").first())
    await client.post("/v1/events/dossier", WRONG)
    await client.post("/v1/events/dossier", [DOSSIERS[1], PIGEON | {"event_id": "w1"}])
    lines = b"\n".join(json.dumps(e).encode() for e in DOSSIERS)
    await client.post("/v1/events/dossier", lines, content_type="application/x-ndjson")
    for key in ("", "nobody", "payer", "unit", "shown", "gone", "officer"):
        await client.post("/v1/events/dossier", DOSSIERS[:1], key)
    for name in ("nothing", "DOSSIER", "dossier%2Fx", "quarantine", "kpi"):
        await client.post(f"/v1/events/{name}", DOSSIERS[:1])
    await client.post("/v1/events/nothing", DOSSIERS[:1], "")
    await client.post("/v1/events/dossier?x=1", DOSSIERS[:1])
    for scheme in ("Basic hub_one_stop", "Bearer", "bearer hub_one_stop", "Bearer  hub_one_stop "):
        await client.post("/v1/events/dossier", DOSSIERS[:1], "", Authorization=scheme)
    many = b"[" + b"{}," * 2 * 10**4 + b"{}]"
    for body in (b"", b"{", b"[]", b"null", b"[1, 2]", b"\xff", b"[" * 9_000, many):
        await client.post("/v1/events/dossier", body)
    packed = gzip.compress(json.dumps(DOSSIERS).encode(), mtime=0)
    for body, encoding in (
        *((packed, e) for e in ("gzip", "GZIP", "br", "identity", "gzip, gzip")),
        *((b, "gzip") for b in (packed[:-3], packed + packed[:-3], packed + b"x", b"x", b"")),
        (gzip.compress(b" " * (3 << 20), mtime=0), "gzip"),
    ):
        await client.post("/v1/events/dossier", body, content_encoding=encoding)
    await client.post("/v1/events/dossier", b" " * ((2 << 20) + 1))
    for name in ("k1", "k1", "", "k" * 128):
        await client.post("/v1/events/dossier", DOSSIERS, Idempotency_Key=name)
    await client.post("/v1/events/dossier", LATE, Idempotency_Key="k1")
    for name in ("k" * 129, "replay:x", "k2"):
        await client.post("/v1/events/dossier", WRONG, Idempotency_Key=name)


async def send_cloud_events(client: Client) -> None:
    """Post CloudEvents in each mode."""
    plain = {k: v for k, v in received("E", "2023-05-08").items() if k != "event_id"}
    event: Json = {"specversion": "1.0", "id": "c1", "source": "/x", "type": "t", "data": plain}
    await client.post("/v1/events/dossier", event, content_type=CLOUD_EVENT)
    await client.post(
        "/v1/events/dossier", [event, event | {"id": "c2"}], content_type=CLOUD_EVENTS
    )
    binary = {f"ce-{k}": str(v) for k, v in event.items() if k != "data"}
    await client.post("/v1/events/dossier", plain, **binary)
    for wrong in ({"specversion": "0.3"}, {"id": ""}, {"data": None}, {"data_base64": "?"}):
        await client.post("/v1/events/dossier", event | wrong, content_type=CLOUD_EVENT)
    await client.post("/v1/events/dossier", [], content_type=CLOUD_EVENT)
    await client.post("/v1/events/dossier", event, content_type=CLOUD_EVENTS)
    await client.post("/v1/events/dossier", b"{", content_type=CLOUD_EVENT)


async def send_files(client: Client) -> str:
    """Send files; give the receipt of one with a wrong row."""
    rows = [ROW, ROW | {"event_id": "2", "channel": "pigeon"}]
    sent = await client.post("/v1/files/dossier", as_csv(rows), content_type="text/csv")
    for body in (b"", b"a,b\n1,2\n", XLSX_CUT_SHORT, as_csv([rows[1]])):
        await client.post("/v1/files/dossier", body)
    await client.post("/v1/files/nothing", as_csv(rows))
    await client.post("/v1/files/dossier", as_csv(rows), "")
    await client.post("/v1/files/dossier", as_csv(rows), "payer")
    await client.post("/v1/files/dossier", as_csv(rows), Idempotency_Key="file")
    packed = gzip.compress(as_csv(rows), mtime=0)
    await client.post("/v1/files/dossier?x=1", packed, content_encoding="gzip")
    await send_corrected(client, rows)
    return str(sent["receipt"])


async def send_corrected(client: Client, rows: list[dict[str, str]]) -> None:
    """Get empty files, and send one with what was typed in its cells."""
    for path in ("dossier.csv", "dossier.xlsx", "nothing.csv", "nothing.xlsx"):
        await client.ask(f"GET /v1/templates/{path}", is_file=True)
    await client.ask_each("/v1/contracts /v1/contracts?x=1 /v1/templates/dossier")
    await client.ask("GET /v1/contracts", key="nobody")
    cell = {"index": 2, "field": "channel", "text": "Trực tuyến"}
    body = {"file": base64.b64encode(as_csv(rows)).decode(), "cells": [cell]}
    for wrong in ({}, {"cells": [cell | {"index": 9}]}, {"cells": [cell | {"text": 1}]}):
        said, kind = {**body, **wrong}, corrected.MEDIA_TYPE
        await client.post("/v1/files/dossier?dry_run=1&rows=1", said, content_type=kind)
        if wrong:
            await client.post("/v1/files/dossier", said, content_type=kind)
    await client.post("/v1/files/dossier?dry_run=1&rows=1", as_csv(rows))
    await client.post("/v1/files/dossier?dry_run=1&rows=x", as_csv(rows))
    await client.post("/v1/files/dossier", b"{}", content_type=corrected.MEDIA_TYPE)


async def map_files(client: Client) -> None:
    """Draft a mapping, confirm it and read a file by it, with everything that is wrong."""
    path = "/v1/mappings/payment"
    for key in ("", "payer", "officer", "nobody"):
        await client.ask("GET /v1/mappings", key)
        for query in ("", "?sender=payer", "?sender=none", "?digest=x", "?x=1"):
            await client.ask(f"GET {path}{query}", key)
        await client.post(f"{path}/propose", BANK_FILE, key)
    for body in (b"", XLSX_CUT_SHORT, b"a;b", b"\xff\xfe\x00"):
        await client.post(f"{path}/propose", body, "payer")
    await client.post(f"{path}/propose?sender=%00", BANK_FILE, "officer")
    await client.post("/v1/mappings/nothing/propose", BANK_FILE, "payer")
    own = {k: v for k, v in BANK.items() if k != "sender"}
    wrong: list[Any] = [b"{", [], {"x": 1}, {"columns": [{"header": "A"}]}, BANK]
    wrong.append({"columns": [{"header": "A", "field": "?"}], "words": {"method": {"A": "B"}}})
    for said in wrong:
        content = said if isinstance(said, bytes) else json.dumps(said).encode()
        await client.ask(f"PUT {path}", "payer", content)
    for key in ("", "nobody", "unit", "payer"):
        await client.ask(f"PUT {path}", key, json.dumps(own).encode())
    await client.ask(f"PUT {path}?sender=payer", "one_stop", json.dumps(own).encode())
    await client.ask("PUT /v1/mappings/nothing", "payer", json.dumps(own).encode())
    client.asking.hub.runner.catch_up()
    await client.ask("GET /v1/mappings", "payer")
    await client.ask(f"GET {path}", "payer")
    await client.post("/v1/files/payment?dry_run=1", BANK_FILE, "payer")
    await client.post("/v1/files/payment", BANK_FILE, "payer")


async def repair(client: Client) -> None:
    """Walk the repair loop, with everything that is wrong on the way."""
    listed = (await client.ask("GET /v1/quarantine")).json()
    for offset in ("", *OFFSETS):
        await client.ask(f"GET /v1/quarantine?offset={offset}")
    await client.ask("GET /v1/quarantine/rows/dossier?offset=-1")
    await client.ask_each("/v1/held /v1/held?offset=-1")
    await client.ask_each("/v1/missing?period=2023-05 /v1/missing?period=x")
    at = "?at=2023-05-03T06:00:00%2B07:00"
    await client.ask_each(f"/v1/stations{at} /v1/stations/ST01{at} /v1/stations/ST01/weeks{at}")
    await client.ask_each(f"/v1/branches{at} /v1/stations?at=x /v1/stations/ST99 /v1/branches?x=1")
    await client.ask_each(f"/v1/stations/X/weeks /v1/stations/ST01/weeks{at}&format=csv")
    await client.ask_each("/v1/flags?period=2023-05 /v1/flags?period=x /v1/flags?offset=-1")
    every = ("sender", "contract", "rule", "field", "state", "id")
    for path in ("/v1/quarantine", "/v1/quarantine/rows/dossier"):
        for query in (
            *UNKNOWN,
            *(f"{n}=" for n in every),
            *(f"{n}=none" for n in every),
            *("rule=unknown_value", "contract=reading", "field=channel&state=open", "offset=1"),
            *("sender=one_stop", "sender=none&sender=one_stop", "ids=x", "contracts=dossier"),
            *("x=1&offset=-1", "offset=-1&x=1"),
            f"id={listed['items'][0]['event_id']}",
        ):
            await client.ask(f"GET {path}?{query}")
        for key in ("one_stop", "officer", "payer", "nobody"):
            await client.ask(f"GET {path}?sender=one_stop", key=key)
    await client.ask_each("/v1/quarantine/rows/nothing /v1/quarantine/rows/nothing?x=1")
    await client.ask("GET /v1/quarantine?x=1", key="nobody")
    await repair_wrongly(client, [i["event_id"] for i in listed["items"]])
    pigeons = [i["event_id"] for i in listed["items"] if i["field"] == "channel"]
    path = "/v1/quarantine"
    await client.post(f"{path}/fix", {"id": pigeons[0], "changes": {"channel": "raven"}})
    for texts in ({"channel": "quạ", "due_at": "mai"}, {"channel": "quạ"}, {"channel": 1}):
        await client.post(f"{path}/fix", {"id": pigeons[0], "texts": texts})
    await client.post(f"{path}/fix", {"id": pigeons[0], "changes": {"channel": "online"}})
    whole = DOSSIERS[0] | {"event_id": "w1"}
    await client.post(f"{path}/fix", {"id": pigeons[1], "item": whole}, "officer")
    await client.post(f"{path}/try", {"ids": pigeons[:2]})
    await client.ask("GET /v1/quarantine?state=fixed")
    rows_path = "/v1/quarantine/rows/dossier?state=open&field=channel"
    rows = (await client.ask(f"GET {rows_path}", "one_stop")).content
    for body in (
        rows.replace(b"pigeon", b"post"),
        rows,
        b"a,b\n1,2\n",
        XLSX_CUT_SHORT,
        b"",
        as_csv([ROW]),
    ):
        await client.post(f"{path}/corrections/dossier", body)
    many = as_csv([{"event_id": str(i)} for i in range(1_001)])
    await client.post(f"{path}/corrections/dossier", many)
    await client.post(f"{path}/corrections/nothing", rows)
    await client.post(f"{path}/corrections/nothing", rows, "")
    await client.post(f"{path}/corrections/dossier", b" " * ((2 << 20) + 1))
    await client.post(f"{path}/replay", {"ids": pigeons[:2]})
    await client.post(f"{path}/replay", {"ids": pigeons[:2]})
    left = [i["event_id"] for i in listed["items"] if i["field"] != "channel"]
    for _ in range(2):
        await client.post(f"{path}/discard", {"ids": left[:1], "reason": "thử máy"})
    client.asking.hub.runner.catch_up()
    await client.ask_each("/v1/quarantine?state=replayed /v1/quarantine?state=discarded")


async def declare(client: Client, receipt: str) -> None:
    """Declare totals of what was sent, rightly and wrongly, and ask what does not meet them."""
    path, day = "/v1/declarations/dossier", {"period": "2026-01-15"}
    wrong: list[Any] = [
        *({}, day, [], None, b"{", day | {"count": -1}, day | {"count": 1, "x": 1}),
        *({"count": 1}, {"period": "15/1", "count": 1}, {"receipt": "none", "count": 1}),
        *(day | {"receipt": receipt, "count": 1}, day | {"sums": {"channel": 1}}),
        *(day | {"sums": {"x": "y"}}, day | {"count": 1, "revision": -1}),
    ]
    for body in wrong:
        await client.post(path, body)
    for key in ("", "nobody", "payer"):
        await client.post(path, day | {"count": 1}, key)
    await client.post("/v1/declarations/nothing", day | {"count": 1})
    await client.post("/v1/declarations/payment", day | {"first_code": "A"})
    await client.post(path, day | {"count": 1_000, "first_code": "H57.1-260115-0001"})
    await client.post(path, {"receipt": receipt, "count": 3, "revision": 1})
    client.asking.hub.runner.catch_up()
    for key in ("", "one_stop", "officer", "payer"):
        await client.ask("GET /v1/missing?period=2026-01", key=key)


async def repair_wrongly(client: Client, ids: list[str]) -> None:
    """Ask to repair with what is no such question."""
    path = "/v1/quarantine"
    one: Json = {"id": ids[0]}
    wrong_fixes: list[Any] = [
        *({}, one, [], None, 7, "x", {"id": 7, "changes": {}}, {"id": "", "changes": {}}),
        *({"id": "none", "changes": {}}, {"id": "i" * 161, "item": {}}),
        *(one | {"changes": []}, one | {"changes": {"x": 1}}, one | {"changes": {}, "item": {}}),
        one | {"changes": None, "item": {}},
        *(one | {"item": None}, one | {"item": {"a": 1}}, one | {"changes": {}, "x": 1}),
        *(b"", b"{", b"\xff", b'{"id": "\\ud800", "item": {}}', b" " * ((1 << 20) + 1)),
    ]
    for said in wrong_fixes:
        await client.post(f"{path}/fix", said)
    for act in ("try", "replay", "discard"):
        more = {"reason": "r"} if act == "discard" else {}
        no_ids: list[Any] = [[], "x", [1], [""], ["none"], ["i" * 161], ["i"] * 1_001, None]
        wrong_acts = [{}, *({"ids": i} for i in no_ids), {"ids": ids[:1], "x": 1}]
        wrong_acts += [{"ids": ids[:1], "reason": r} for r in ("", "r" * 501)]
        for wrong in wrong_acts:
            await client.post(f"{path}/{act}", more | wrong)
        for key in ("", "nobody", "payer", "shown"):
            await client.post(f"{path}/{act}", {"ids": ids[:1], **more}, key)
        await client.post(f"{path}/{act}?x=1", {"ids": ["none"], **more})
    body = json.dumps({"ids": ["none"]}).encode()
    await client.post(f"{path}/try", gzip.compress(body, mtime=0), content_encoding="gzip")
    await client.post(f"{path}/try", body, content_encoding="br")
    await client.post(f"{path}/try", body, content_type="text/plain")
    await client.post(f"{path}/fix", one, "")


async def ask_elsewhere(client: Client) -> None:
    """Ask for pages, for what is not there, and by methods that are not for it."""
    stylesheet = next((Path(__file__).parents[2] / "hub" / "page").glob("*.css")).name
    pages = "/ /sources /systems /repair /upload /reports /?x=1 /page/groups.json"
    for page in (*pages.split(), f"/page/{stylesheet}"):
        await client.ask(f"GET {page}", is_file=True)
    await client.ask(f"HEAD /page/{stylesheet}", is_file=True)
    await client.ask(f"POST /page/{stylesheet}")
    await client.ask_each(
        "/page /page/ /page/none.js /page/%2e%2e/opening.py /sources/ /repair/x /nothing /v1 /v1/"
        " /v1/nothing /docs /redoc /healthz /healthz?x=1 /healthz/ /readyz /readyz?x=1 /metricsx"
    )
    await client.ask("GET /metrics?x=1", is_file=True)
    routes = """
        / /v1/events/dossier /v1/events/nothing /v1/files/dossier /v1/kpis /v1/kpis/x
        /v1/kpis/x/facts /v1/periods /v1/periods/2023/restatements /v1/sources /v1/sources/a/b
        /v1/reports /v1/reports/06a /v1/reports/06a/facts /v1/lists /v1/lists/overdue
        /v1/stream /v1/quarantine /v1/quarantine/rows/dossier /v1/quarantine/corrections/dossier
        /v1/quarantine/fix /v1/quarantine/try /v1/quarantine/replay /v1/quarantine/discard
        /v1/declarations/dossier /v1/receipts/x /v1/receipts/x/errors.csv
        /.well-known/jwks.json /healthz /readyz /metrics
    """
    await client.ask_each(routes, method="HEAD")
    await client.ask_each(routes, method="DELETE")
    await client.ask("HEAD /openapi.json", is_file=True)
    await client.ask("DELETE /openapi.json")
    await client.ask_each(
        "/v1/kpis /v1/sources /v1/receipts/x /healthz /openapi.json", method="POST"
    )
    await client.ask_each("/v1/events/dossier /v1/files/dossier /v1/quarantine/fix /v1/events/x")
    await client.ask_each("/v1/events/dossier/ /v1/quarantine/fix/", method="POST")
    await client.ask_each("/v1/events/dossier /v1/kpis", method="OPTIONS")


async def ask_with_keys(client: Client, receipt: str) -> None:
    """Ask where reading needs a key."""
    routes = f"""
        /v1/kpis /v1/kpis/dossier_received_new?period=2023 /v1/kpis/dossier_received_new/facts
        /v1/kpis/nothing /v1/kpis?x=1 /v1/kpis/dossier_received_new?x=1 /v1/periods /v1/periods?x=1
        /v1/periods/2023-05/restatements /v1/periods/odd/restatements /v1/sources /v1/sources?x=1
        /v1/sources/one_stop/valid /v1/sources/one_stop/odd?offset=x /v1/stream?limit=1
        /v1/stream?limit=x /v1/quarantine /v1/quarantine?x=1 /v1/quarantine/rows/dossier
        /v1/quarantine/rows/nothing /v1/receipts/{receipt} /v1/receipts/{receipt}?offset=x
        /v1/receipts/{receipt}?x=1 /v1/receipts/none /v1/receipts/{receipt}/errors.csv
        /.well-known/jwks.json /healthz /nothing
    """
    for key in ("", "nobody", "one_stop", "payer", "shown"):
        await client.ask_each(routes, key)
    await client.ask("GET /", is_file=True)


async def ask_in_trouble(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask while something is away, late or too much."""
    hub = asking.hub
    async with asking.application(requests_per_second_max=7) as client:
        with monkeypatch.context() as patch:
            patch.setattr(guard, "PAUSE_SECONDS", -1e9)
            await client.post("/v1/events/dossier", DOSSIERS[:1])
            await client.ask("GET /v1/quarantine", key="one_stop")
            patch.setattr(guard, "PAUSED_MAX", 0)
            await client.post("/v1/quarantine/try", {"ids": ["x"]})
    async with asking.application() as client:
        with monkeypatch.context() as patch:
            patch.setattr(Backlog, "is_full", lambda _: True)
            await client.post("/v1/events/dossier", b" " * (256 << 10))
            await client.post("/v1/files/dossier", b" " * (256 << 10))
            await client.post("/v1/events/dossier", DOSSIERS[:1])

    async def slowly() -> AsyncIterator[bytes]:
        yield b"["
        await asyncio.sleep(1)
        yield b"]"

    async with asking.application(body_seconds_max=0.05) as client:
        await client.ask("POST /v1/events/dossier", "one_stop", slowly())

    def away(error: Exception) -> Any:
        def fail(*_: Any, **__: Any) -> None:
            raise error

        return fail

    lost = LogUnavailableError("away")
    async with asking.application() as client:
        for owner, name, error, asked in (
            (
                hub.store,
                "reading",
                StoreUnavailableError("away"),
                "/v1/kpis /v1/sources /v1/quarantine",
            ),
            (hub.log, "receipt", lost, "/v1/receipts/x /v1/receipts/x/errors.csv"),
            (hub.log, "receipt", NotInLogError("lgsp.dossier.v1/0", 3, (10, 20)), "/v1/receipts/x"),
            (hub.applying, "lag", lost, "/readyz"),
        ):
            with monkeypatch.context() as patch:
                patch.setattr(owner, name, away(error))
                await client.ask_each(asked)
        with monkeypatch.context() as patch:
            patch.setattr(hub.log, "append", away(lost))
            await client.post("/v1/events/dossier", numbered(LATE, "n"))


async def walk(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> Json:
    """Ask for everything; give the OpenAPI document."""
    hub = asking.hub
    async with asking.application() as client:
        spec: Json = (await client.ask("GET /openapi.json", is_file=True)).json()
        await client.ask_each(
            "/v1/kpis /v1/kpis?period=2023 /v1/sources /v1/quarantine /v1/periods"
        )
        await send(client)
        await send_cloud_events(client)
        receipt = await send_files(client)
        hub.runner.catch_up()
        await ask_for_figures(client)
        close_period(hub, "2023-05")
        await client.post("/v1/events/dossier", LATE)
        hub.runner.catch_up()
        await ask_for_rows(client)
        await ask_for_bundles(client)
        await ask_for_the_catalogue(client)
        await ask_for_the_stream(client)
        await ask_for_sources_and_periods(client)
        await ask_for_systems(client)
        await ask_for_reports(client)
        await ask_for_lists(client)
        await ask_for_receipts(client, receipt)
        await map_files(client)
        await repair(client)
        await declare(client, receipt)
        await ask_elsewhere(client)
        hub.runner.catch_up()
        hub.teller().round()
        hub.runner.catch_up()
        await ask_for_alerts(client)
    async with asking.application(listen="0.0.0.0:8080") as client:
        await ask_with_keys(client, receipt)
    async with asking.application(progress=lambda: {"loaded": 1}) as client:
        await client.ask("GET /v1/stream?period=2023&limit=1")
    async with asking.application(four_eyes=True) as client:
        body = {"ids": ["none"]}
        await client.post("/v1/quarantine/replay", body)
    await ask_in_trouble(asking, monkeypatch)
    hub.runner.catch_up()
    with running(hub):
        async with asking.application() as client:
            await client.ask("GET /readyz")
    return spec


def routed(path: str) -> str:
    """Give a route of any contract one name: asked of one of them, it is asked."""
    head, _, name = path.rpartition("/")
    return f"{head}/CONTRACT" if name in registry.contracts() else path


def test_everything_is_answered_as_it_was_recorded(tmp_path: Path) -> None:
    with fixed_hub(tmp_path / "hub") as hub, pytest.MonkeyPatch.context() as monkeypatch:
        asking = Asking(hub)
        spec = asyncio.run(walk(asking, monkeypatch))
        found = [*asking.written(), *outline(spec)]
    if os.environ.get("HUB_TEST_RECORD"):
        RECORDING.write_text("\n".join(found) + "\n", "utf-8")
    recorded = RECORDING.read_text("utf-8").splitlines()
    if found != recorded:
        lines = difflib.unified_diff(recorded, found, "recorded", "answered", lineterm="", n=0)
        pytest.fail("\n".join(lines), pytrace=False)
    words = [line.split() for line in found]
    described = {routed(path.rstrip(":")) for kind, _, path, *_ in words if kind == "described"}
    measured = {routed(path) for kind, path, *_ in words if kind == "measured"}
    assert described - measured == set(), "nobody asked for these routes"
