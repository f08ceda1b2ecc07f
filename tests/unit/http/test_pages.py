"""Each page is the one shell with its own module, and each group of KPIs has its place in them."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from hub import registry
from hub.http import pages
from hub.http.app import create_app
from hub.opening import open_hub
from hub.settings import Settings

PAGES = {"/": "board", "/sources": "sources", "/repair": "repair", "/water": "water"}
STYLED = {"water"}  # those of them that have a style of their own
Get = Callable[[str], httpx.Response]


@pytest.fixture
def get(tmp_path: Path) -> Iterator[Get]:
    """Ask a hub as a browser does."""
    with open_hub(Settings(data_dir=tmp_path)) as hub:
        gateway = hub.gateway()
        transport = httpx.ASGITransport(create_app(hub, gateway), client=("127.0.0.1", 1))

        async def ask(path: str) -> httpx.Response:
            async with httpx.AsyncClient(
                transport=transport, base_url="http://127.0.0.1"
            ) as browser:
                return await browser.get(path)

        yield lambda path: asyncio.run(ask(path))
        gateway.close()


@pytest.mark.parametrize(("path", "name"), PAGES.items())
def test_a_page_is_the_shell_with_its_module(get: Get, path: str, name: str) -> None:
    answer = get(path)
    module = f"/page/{name}/{name}.js"
    shell = (pages.FOLDER / "shell.html").read_text("utf-8")
    own = f'\n  <link rel="stylesheet" href="/page/{name}/{name}.css">' if name in STYLED else ""
    wanted = shell.replace("/page/$page/$page.js", module).replace("$sign_on", "0")
    wanted = wanted.replace("$style", own)
    assert answer.text == wanted
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert get(module).status_code == 200


def test_every_group_of_kpis_is_listed_with_its_module(get: Get) -> None:
    groups = get("/page/groups.json").json()["groups"]
    # What sources are like has a place of its own on the board.
    wanted = {kpi.group for kpi in registry.kpis().values()} - {"source"}
    assert {group["id"] for group in groups} == wanted
    for group in groups:
        assert group["title_vi"]
        assert group["title_en"]
        assert group["part"] is None or get(group["part"]).status_code == 200
