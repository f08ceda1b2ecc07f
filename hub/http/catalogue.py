"""The groups of KPIs, and what each brings along for the page."""

from typing import Any

from fastapi import APIRouter, Response

from hub.figures.group import Group
from hub.http.problems import ProblemError
from hub.opening import OpenHub

_FRESH = {"Cache-Control": "no-cache"}


def make_router(hub: OpenHub) -> APIRouter:
    """Make the routes under the pages' own path, to be included before their files."""
    router = APIRouter(prefix="/page", include_in_schema=False)
    groups = hub.installed.groups

    @router.get("/groups.json")
    async def list_groups() -> dict[str, Any]:
        """List the groups of the board, in their order."""
        placed = [(g.place, g.id) for g in groups.values() if g.place is not None]
        return {"groups": [describe_group(groups[name]) for _, name in sorted(placed)]}

    @router.get("/groups/{name}.js", response_model=None)
    async def get_part(name: str) -> Response:
        """Give a group's part of the page."""
        group = groups.get(name)
        if group is None or group.part is None:
            raise ProblemError(
                404,
                "unknown_part",
                f"nhóm {name} không có phần trang",
                f"group {name} has no part of the page",
            )
        return Response(group.part.read_bytes(), media_type="text/javascript", headers=_FRESH)

    return router


def describe_group(group: Group) -> dict[str, Any]:
    """Describe a group for the page; `part` is where its module is, null where it has none."""
    return {
        "id": group.id,
        "title_vi": group.title.vi,
        "title_en": group.title.en,
        "part": None if group.part is None else f"/page/groups/{group.id}.js",
    }
