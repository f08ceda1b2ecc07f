"""The pages as the browser gets them, and the files that they are made of."""

from importlib import resources

from fastapi import APIRouter, Response
from fastapi.staticfiles import StaticFiles

FOLDER = resources.files("hub") / "page"

router = APIRouter(include_in_schema=False)
router.mount("/page", StaticFiles(directory=str(FOLDER)), name="page")


@router.get("/")
async def show_figures() -> Response:
    """Show the figures of a period."""
    return _page("index.html")


@router.get("/sources")
async def show_sources() -> Response:
    """Show sources and their quality."""
    return _page("sources.html")


@router.get("/repair")
async def show_repair() -> Response:
    """Show rejected items, to be repaired."""
    return _page("repair.html")


def _page(file: str) -> Response:
    html = (FOLDER / file).read_bytes()
    return Response(html, media_type="text/html", headers={"Cache-Control": "no-cache"})
