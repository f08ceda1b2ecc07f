"""The routes of open data: what the latest release holds, for anybody, without a key."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse

from hub.http.edge import Edge, Here
from hub.http.openapi import BAD_QUESTION, problem
from hub.http.parameters import Parameters
from hub.http.problems import ProblemError
from hub.open_data.dcat import CATALOGUES, LAW, PARQUET_MEDIA, ROOT, withheld_doc
from hub.open_data.release import DICTIONARY, REVISIONS, SAID, latest, numbered

MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "jsonld": "application/ld+json",
    "parquet": PARQUET_MEDIA,
    "ttl": "text/turtle; charset=utf-8",
}
RELEASES_SHOWN_MAX = 100
NO_FILE = problem("Không có tệp này | No such file, or nothing was released")

router = APIRouter(prefix=ROOT)


@router.get(
    "",
    summary="Dữ liệu mở: các bộ dữ liệu | Open data: the datasets",
    response_model=None,
    responses=BAD_QUESTION,
)
async def list_datasets(_: Annotated[Parameters, Query()], edge: Here) -> dict[str, Any]:
    """List the datasets of the latest release, with the addresses of their files.

    And under which licence, what is withheld of them and why, and which releases there were.
    """
    stated = await asyncio.to_thread(_said, latest(edge.hub.settings.open_data))
    if stated is None:
        return {"release": None, "datasets": []}
    names = ("number", "made_at", "least", "years", "is_synthetic", "revisions")
    withheld, settings = withheld_doc(stated["least"]), edge.hub.settings
    # Releases of before it was kept who published them: as the settings say now.
    published = {
        "publisher": settings.open_publisher,
        "licence": settings.open_licence,
        "contact": settings.open_contact,
        **stated.get("publishing", {}),
    }
    return {
        "release": {name: stated[name] for name in names},
        "publisher": published["publisher"],
        "licence": published["licence"],
        "contact": published["contact"],
        "law_vi": LAW.vi,
        "law_en": LAW.en,
        "withheld_vi": withheld.vi,
        "withheld_en": withheld.en,
        "releases": await asyncio.to_thread(_releases, edge),
        "beside": [_file(name, stated) for name in (DICTIONARY, REVISIONS)],
        "catalogue": [f"{ROOT}/files/{name}" for name in CATALOGUES],
        "datasets": [
            {
                "id": name,
                **{n: v for n, v in about.items() if n != "columns"},
                "files": [
                    _file(file, stated)
                    for file in stated["files"]
                    if file.rpartition(".")[0] == name
                ],
            }
            for name, about in stated["datasets"].items()
        ],
    }


def _file(name: str, stated: Mapping[str, Any]) -> dict[str, Any]:
    return {"url": f"{ROOT}/files/{name}", **stated["files"][name]}


def _releases(edge: Edge) -> list[dict[str, Any]]:
    """Say of the latest releases when each was made, of which years, and how long it is."""
    names = ("number", "made_at", "least", "years", "revisions")
    listed = []
    for where in numbered(edge.hub.settings.open_data)[:RELEASES_SHOWN_MAX]:
        stated = json.loads((where / SAID).read_text("utf-8"))
        counts = {
            name: sum(about[name] for about in stated["datasets"].values())
            for name in ("rows", "withheld")
        }
        listed.append({**{name: stated[name] for name in names}, **counts})
    return listed


def _said(where: Path | None) -> dict[str, Any] | None:
    if where is None:
        return None
    found: dict[str, Any] = json.loads((where / SAID).read_text("utf-8"))
    return found


@router.get(
    "/files/{name}",
    summary="Tệp của dữ liệu mở: CSV, Parquet, DCAT | A file of open data",
    response_class=FileResponse,
    responses={
        200: {"description": "Tệp | the file", "content": {m: {} for m in MEDIA.values()}},
        304: {"description": "Chưa đổi | not changed"},
        404: NO_FILE,
    },
)
async def get_file(name: str, request: Request, edge: Here) -> Response:
    """Give a file of the latest release; what is not named in it is no file."""
    where = latest(edge.hub.settings.open_data)
    stated = await asyncio.to_thread(_said, where)
    if where is None or stated is None or name not in stated["files"]:
        words = (f"không có tệp {name}", f"there is no file {name}")
        raise ProblemError(404, "unknown_file", *words)
    tag = f'"{stated["files"][name]["sha256"][:32]}"'
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={"ETag": tag})
    headers = {"ETag": tag, "Cache-Control": "no-cache", "Access-Control-Allow-Origin": "*"}
    return FileResponse(where / name, media_type=MEDIA[name.rpartition(".")[2]], headers=headers)
