"""Large submissions wait for what is to be applied; what happens now does not wait for them."""

import asyncio
import json

import httpx
import pytest
from fastapi import FastAPI

from hub.access import keys
from hub.access.scope import WHOLE
from hub.clock import system_clock
from hub.http import backlog
from hub.http.app import create_app
from hub.http.backlog import LARGE_BYTES
from hub.opening import OpenHub, open_hub
from hub.settings import Settings
from stream_jobs.worked import received
from tests.conftest import Hub
from tests.parts.asking import HERE


def test_large_submissions_wait_and_small_ones_pass(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "FRESH_SECONDS", 0.0)
    settings = Settings(data_dir=hub.folder / "served", backlog_events_max=500)
    with open_hub(settings) as opened:
        gateway = opened.gateway()
        key = keys.create(opened.store, system_clock, "tester", WHOLE)
        app = create_app(opened, gateway)
        asyncio.run(_walk(opened, app, {"Authorization": f"Bearer {key}"}))
        gateway.close()


async def _walk(opened: OpenHub, app: FastAPI, headers: dict[str, str]) -> None:
    transport = httpx.ASGITransport(app)

    async def post(first: int, count: int) -> httpx.Response:
        items = [received(f"D{i}", "2023-05-02") for i in range(first, first + count)]
        async with httpx.AsyncClient(transport=transport, base_url=HERE) as client:
            return await client.post(
                "/v1/events/dossier", content=json.dumps(items), headers=headers
            )

    large = LARGE_BYTES // 200
    assert (await post(0, large)).status_code == 202
    refused = await post(large, large)
    assert (refused.status_code, refused.json()["title"]) == (429, "backlog")
    assert refused.headers["retry-after"] == "2"
    assert (await post(2 * large, 1)).status_code == 202
    opened.runner.catch_up()
    assert (await post(large, large)).status_code == 202
    opened.runner.catch_up()
    with opened.store.reading() as reading:
        ((count,),) = reading.rows("SELECT COUNT(*) FROM fact_dossier")
    assert count == 2 * large + 1
