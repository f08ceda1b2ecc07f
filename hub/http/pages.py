"""The pages as the browser gets them: one shell, and the files that it asks for."""

from importlib import resources
from string import Template

from fastapi import APIRouter, Response
from fastapi.staticfiles import StaticFiles

from hub.http.edge import Edge, Here

FOLDER = resources.files("hub") / "page"
router = APIRouter(include_in_schema=False)


@router.get("/")
async def show_board(edge: Here) -> Response:
    """Show the figures of a period."""
    return _page("board", edge)


@router.get("/sources")
async def show_sources(edge: Here) -> Response:
    """Show sources and their quality."""
    return _page("sources", edge)


@router.get("/systems")
async def show_systems(edge: Here) -> Response:
    """Show all that is connected, with who answers for it and when its access ends."""
    return _page("systems", edge)


@router.get("/repair")
async def show_repair(edge: Here) -> Response:
    """Show rejected items, to be repaired."""
    return _page("repair", edge)


@router.get("/upload")
async def show_upload(edge: Here) -> Response:
    """Show where a clerk fills in, checks, corrects and sends a file."""
    return _page("upload", edge)


@router.get("/reports")
async def show_reports(edge: Here) -> Response:
    """Show biểu 06a and 06b."""
    return _page("reports", edge)


@router.get("/alerts")
async def show_alerts(edge: Here) -> Response:
    """Show alerts, to be acknowledged."""
    return _page("alerts", edge)


@router.get("/money")
async def show_money(edge: Here) -> Response:
    """Show shares of payments, who has not reported, and fees that do not match."""
    return _page("money", edge)


@router.get("/water")
async def show_water(edge: Here) -> Response:
    """Show branches with their stations, lines of salt and intake windows."""
    return _page("water", edge)


@router.get("/overview")
async def show_overview(edge: Here) -> Response:
    """Show what a leader is to see, on a desk or a wall."""
    return _page("overview", edge)


@router.get("/catalogue")
async def show_catalogue(edge: Here) -> Response:
    """Show each KPI as its file defines it."""
    return _page("catalogue", edge)


@router.get("/open-data")
async def show_open_data(edge: Here) -> Response:
    """Show what is open: releases, what is in them and withheld, and their files."""
    return _page("open-data", edge)


@router.get("/ask")
async def show_questions(edge: Here) -> Response:
    """Show where figures are asked for: split, compared, down to their dossiers."""
    return _page("ask", edge)


# After the routes: what is mounted takes all that begins so.
router.mount("/page", StaticFiles(directory=str(FOLDER)), name="page")


def _page(name: str, edge: Edge) -> Response:
    """Give the shell of a page, with the style that is its own, where it has one."""
    shell = Template((FOLDER / "shell.html").read_text("utf-8"))
    own = f"{name}/{name}.css"
    style = f'\n  <link rel="stylesheet" href="/page/{own}">' if (FOLDER / own).is_file() else ""
    html = shell.substitute(page=name, style=style, sign_on=int(edge.guard.people.is_on))
    return Response(html, media_type="text/html", headers={"Cache-Control": "no-cache"})
