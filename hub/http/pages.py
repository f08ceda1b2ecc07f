"""The pages as the browser gets them: one shell, and the files that it asks for."""

from importlib import resources
from string import Template

from fastapi import APIRouter, Response
from fastapi.staticfiles import StaticFiles

FOLDER = resources.files("hub") / "page"
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


@router.get("/upload")
async def show_upload() -> Response:
    """Show where a clerk fills in, checks, corrects and sends a file."""
    return _page("upload")


@router.get("/reports")
async def show_reports() -> Response:
    """Show biểu 06a and 06b."""
    return _page("reports")


@router.get("/alerts")
async def show_alerts() -> Response:
    """Show alerts, to be acknowledged."""
    return _page("alerts")


@router.get("/money")
async def show_money() -> Response:
    """Show shares of payments, who has not reported, and fees that do not match."""
    return _page("money")


@router.get("/water")
async def show_water() -> Response:
    """Show branches with their stations, lines of salt and intake windows."""
    return _page("water")


@router.get("/overview")
async def show_overview() -> Response:
    """Show what a leader is to see, on a desk or a wall."""
    return _page("overview")


@router.get("/catalogue")
async def show_catalogue() -> Response:
    """Show each KPI as its file defines it."""
    return _page("catalogue")


@router.get("/ask")
async def show_questions() -> Response:
    """Show where figures are asked for: split, compared, down to their dossiers."""
    return _page("ask")


# After the routes: what is mounted takes all that begins so.
router.mount("/page", StaticFiles(directory=str(FOLDER)), name="page")


def _page(name: str) -> Response:
    """Give the shell of a page, with the style that is its own, where it has one."""
    shell = Template((FOLDER / "shell.html").read_text("utf-8"))
    own = f"{name}/{name}.css"
    style = f'\n  <link rel="stylesheet" href="/page/{own}">' if (FOLDER / own).is_file() else ""
    html = shell.substitute(page=name, style=style)
    return Response(html, media_type="text/html", headers={"Cache-Control": "no-cache"})
