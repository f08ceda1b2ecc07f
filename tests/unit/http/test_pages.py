"""Each page is the one shell with its own module, and each group of KPIs has its place in them."""

import asyncio

import httpx
import pytest
from fastapi import FastAPI

from hub import registry
from hub.http import pages

PAGES = {"/": "board", "/sources": "sources", "/repair": "repair"}


def get(path: str) -> httpx.Response:
    app = FastAPI()
    app.router.routes.extend(pages.router.routes)

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://hub") as browser:
            return await browser.get(path)

    return asyncio.run(ask())


@pytest.mark.parametrize(("path", "name"), PAGES.items())
def test_a_page_is_the_shell_with_its_module(path: str, name: str) -> None:
    answer = get(path)
    module = f"/page/{name}/{name}.js"
    shell = (pages.FOLDER / "shell.html").read_text("utf-8")
    assert answer.text == shell.replace("/page/$page/$page.js", module)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert get(module).status_code == 200


def test_every_group_of_kpis_is_listed_with_its_module() -> None:
    groups = get("/page/groups.json").json()["groups"]
    # What sources are like has a place of its own on the board.
    wanted = {str(kpi.group) for kpi in registry.kpis().values()} - {"source"}
    assert {group["id"] for group in groups} == wanted
    for group in groups:
        assert group["title_vi"]
        assert group["title_en"]
        assert group["part"] is None or get(group["part"]).status_code == 200
