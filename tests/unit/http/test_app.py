"""A route comes with its file, and what is wrong with a question is told as it always was."""

import asyncio
import sys
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from hub import http
from hub.http.app import create_app
from hub.opening import open_hub
from hub.settings import Settings
from tests.parts.asking import HERE

TIDES = '''"""Tides."""

from typing import Annotated

from fastapi import APIRouter, Query

from hub.http.edge import Here, Reader
from hub.http.parameters import Offset, Parameters

router = APIRouter(dependencies=[Reader])


class TidesQuery(Parameters):
    """Which of them."""

    offset: Offset = 0


@router.get("/v1/tides")
async def list_tides(query: Annotated[TidesQuery, Query()], edge: Here) -> dict[str, int]:
    """List tides."""
    return {"from": query.offset, "contracts": len(edge.hub.contracts)}
'''


def get(app: FastAPI, path: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=HERE) as client:
            return await client.get(path)

    return asyncio.run(ask())


def test_a_module_of_the_room_brings_its_route(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tides.py").write_text(TIDES)
    monkeypatch.setattr(http, "__path__", [*http.__path__, str(tmp_path)])
    with open_hub(Settings(data_dir=tmp_path / "hub")) as hub:
        app = create_app(hub, hub.gateway())
        del sys.modules["hub.http.tides"]
        tides = get(app, "/v1/tides?offset=3").json()
        assert tides == {"from": 3, "contracts": len(hub.contracts)}
        for query, said in (
            ("offset=three", "offset must be a whole number"),
            ("place=x", "no parameter place"),
            ("offset=three&place=x", "no parameter place"),
        ):
            refused = get(app, f"/v1/tides?{query}")
            assert (refused.status_code, refused.json()["detail"]) == (400, said)
        described = get(app, "/openapi.json").json()["paths"]["/v1/tides"]["get"]
        assert [p["name"] for p in described["parameters"]] == ["offset"]
        assert "422" not in described["responses"]
