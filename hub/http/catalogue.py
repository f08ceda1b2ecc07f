"""The groups of KPIs, and what each brings along for the page."""

from typing import Any

from fastapi import APIRouter, Response

from hub.figures.group import Group
from hub.http.edge import Here
from hub.http.problems import ProblemError

_FRESH = {"Cache-Control": "no-cache"}

router = APIRouter(prefix="/page", include_in_schema=False)


@router.get("/groups.json")
async def list_groups(edge: Here) -> dict[str, Any]:
    """List the groups of the board, in their order."""
    groups = edge.hub.installed.groups
    placed = [(g.place, g.id) for g in groups.values() if g.place is not None]
    return {"groups": [describe_group(groups[name]) for _, name in sorted(placed)]}


@router.get("/groups/{name}.js", response_model=None)
async def get_part(name: str, edge: Here) -> Response:
    """Give a group's part of the page."""
    group = edge.hub.installed.groups.get(name)
    if group is None or group.part is None:
        raise ProblemError(
            404,
            "unknown_part",
            f"nhóm {name} không có phần trang",
            f"group {name} has no part of the page",
        )
    return Response(group.part.read_bytes(), media_type="text/javascript", headers=_FRESH)


def describe_group(group: Group) -> dict[str, Any]:
    """Describe a group for the page; `part` is where its module is, null where it has none."""
    return {
        "id": group.id,
        "title_vi": group.title.vi,
        "title_en": group.title.en,
        "part": None if group.part is None else f"/page/groups/{group.id}.js",
    }
