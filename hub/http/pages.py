"""The pages as the browser gets them: one shell, and the files that it asks for."""

from importlib import resources
from string import Template
from typing import Any

from fastapi import APIRouter, Response
from fastapi.staticfiles import StaticFiles

from hub.definitions.contract import Doc

FOLDER = resources.files("hub") / "page"
# The groups of KPIs, in the order of the board; the module of a group is `groups/NAME.js`.
GROUPS = {
    "dossier": Doc("Hồ sơ một cửa", "One-stop dossiers"),
    "procedure": Doc("Thủ tục", "Procedures"),
    "salinity": Doc("Độ mặn", "Salinity"),
    "payment": Doc("Thanh toán", "Payments"),
}

router = APIRouter(include_in_schema=False)


@router.get("/")
async def show_board() -> Response:
    """Show the figures of a period."""
    return _page("board")


@router.get("/sources")
async def show_sources() -> Response:
    """Show sources and their quality."""
    return _page("sources")


@router.get("/repair")
async def show_repair() -> Response:
    """Show rejected items, to be repaired."""
    return _page("repair")


@router.get("/page/groups.json")
async def list_groups() -> dict[str, Any]:
    """List the groups of KPIs for the board: titles, and where the module of each is."""
    return {
        "groups": [
            {"id": name, "title_vi": title.vi, "title_en": title.en, "part": _part(name)}
            for name, title in GROUPS.items()
        ]
    }


# After the routes: what is mounted takes all that begins so.
router.mount("/page", StaticFiles(directory=str(FOLDER)), name="page")


def _page(name: str) -> Response:
    shell = Template((FOLDER / "shell.html").read_text("utf-8"))
    html = shell.substitute(page=name)
    return Response(html, media_type="text/html", headers={"Cache-Control": "no-cache"})


def _part(group: str) -> str | None:
    has_part = (FOLDER / "groups" / f"{group}.js").is_file()
    return f"/page/groups/{group}.js" if has_part else None
