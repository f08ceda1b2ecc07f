"""What the log has forgotten and no archive gives is said to be so."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub import registry
from hub.access.keys import Sender
from hub.http.app import create_app
from hub.log.log import NotInLogError
from hub.opening import open_hub
from hub.settings import Settings
from stream_jobs.worked import received


def test_a_receipt_whose_records_are_archived_elsewhere_is_503(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forgotten(*_: Any, **__: Any) -> None:
        raise NotInLogError("lgsp.dossier.v1/0", 3, (10, 20))

    with open_hub(Settings(data_dir=tmp_path)) as hub:
        gateway = hub.gateway()
        body = json.dumps([received("A", "2023-05-17")]).encode()
        answer = gateway.accept(registry.contracts()["dossier"], Sender("tester"), body)
        monkeypatch.setattr(hub.log, "read", forgotten)
        transport = httpx.ASGITransport(create_app(hub, gateway), client=("127.0.0.1", 1))

        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(
                transport=transport, base_url="http://127.0.0.1"
            ) as client:
                return await client.get(f"/v1/receipts/{answer.body['receipt']}")

        said = asyncio.run(ask())
        gateway.close()
    assert (said.status_code, said.json()["title"]) == (503, "archived")
    assert "HUB_ARCHIVE_DIR" in said.json()["message_vi"]
