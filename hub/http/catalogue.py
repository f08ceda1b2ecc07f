"""The catalogue: each KPI as its file defines it, and the groups that the page shows them in."""

import asyncio
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from hub.clock import VIETNAM
from hub.definitions import asyncapi
from hub.figures.book import Book
from hub.figures.formula import formula_of
from hub.figures.group import Group
from hub.figures.kpi import LEVEL, ByRole, Example, Kpi
from hub.figures.versions import DEFINITIONS, definition_version, spans, version_on
from hub.http.edge import Edge, Here, Reader
from hub.http.openapi import BAD_QUESTION
from hub.http.parameters import Parameters
from hub.http.problems import ProblemError
from hub.http.used import uses_of
from hub.reference.form import LEVELS
from hub.store.reading import Reading

_FRESH = {"Cache-Control": "no-cache"}

router = APIRouter()


@router.get("/page/groups.json", include_in_schema=False)
async def list_groups(edge: Here) -> dict[str, Any]:
    """List the groups of the board, in their order."""
    groups = edge.hub.installed.groups
    placed = [(g.place, g.id) for g in groups.values() if g.place is not None]
    return {"groups": [describe_group(groups[name]) for _, name in sorted(placed)]}


@router.get("/page/groups/{name}.js", include_in_schema=False, response_model=None)
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


@router.get("/asyncapi.json", include_in_schema=False)
async def get_asyncapi(edge: Here) -> dict[str, Any]:
    """Describe the topics, as `/openapi.json` describes the routes."""
    return await asyncio.to_thread(asyncapi.describe, list(edge.hub.contracts.values()))


@router.get(
    "/v1/catalogue",
    summary="Danh mục chỉ số: định nghĩa, công thức, ví dụ | The KPIs, each as it is defined",
    response_model=None,
    responses=BAD_QUESTION,
    dependencies=[Reader],
)
async def get_catalogue(_: Annotated[Parameters, Query()], edge: Here) -> dict[str, Any]:
    """Say of each KPI what it asks, by which formula, whose it is, and where it is used."""

    def ask(reading: Reading) -> dict[str, Any]:
        book, today = edge.hub.book(reading), edge.hub.clock().astimezone(VIETNAM).date()
        return {"kpis": [_described(kpi, edge, book, today) for kpi in edge.hub.kpis.values()]}

    return await edge.read(ask)


def _described(kpi: Kpi, edge: Edge, book: Book, today: date) -> dict[str, Any]:
    contract = edge.hub.contracts.get(kpi.contract or "")
    group = edge.hub.installed.groups[kpi.group]
    return {
        "id": kpi.id,
        "title_vi": kpi.title.vi,
        "title_en": kpi.title.en,
        "question_vi": kpi.question.vi,
        "question_en": kpi.question.en,
        "owner": kpi.owner,
        "measure_unit": kpi.measure_unit,
        "formula": formula_of(kpi),
        "contract": kpi.contract,
        "legal_basis": None if contract is None else contract.spec.legal_basis,
        "dimensions": [_dimension(name, kpi) for name in kpi.dimensions],
        "lists": sorted(kpi.lists),
        "examples": [_example(example) for example in kpi.examples],
        "versions": _versions(kpi, book, today),
        "definitions": [_defined(kpi.of_version(v), book) for v in kpi.version_names],
        "used_by": {
            "group": describe_group(group),
            "is_on_board": group.place is not None,
            **uses_of(kpi, book),
        },
    }


def _dimension(name: str, kpi: Kpi) -> dict[str, Any]:
    """Describe a dimension: the roles that it can be taken by, and its values where they end."""
    dimension = kpi.dims.get(name)
    column = kpi.columns(None).get(name, "")
    closed = list(LEVELS.values()) if name == LEVEL else kpi.closed.get(column)
    return {
        "name": name,
        "roles": sorted(dimension.columns) if isinstance(dimension, ByRole) else [],
        "values": closed,
    }


def _example(example: Example) -> dict[str, Any]:
    # Numbered within the example: the ids that they were made with hang on what was read before.
    names = {event["event_id"]: f"e{n}" for n, event in enumerate(example.events, 1)}
    events = [
        {k: names.get(v, v) if k in ("event_id", "retracts") else v for k, v in event.items()}
        for event in example.events
    ]
    return {
        "why": example.why,
        "period": example.period,
        "where": dict(example.where),
        "numerator": example.numerator,
        "denominator": example.denominator,
        "events": events,
    }


def _defined(kpi: Kpi, book: Book) -> dict[str, Any]:
    """Describe one version that a KPI's file holds, and the days on which it is in force."""
    own = next((v for v in kpi.versions if v.name == kpi.version), None)
    rows = [r for r in book.reference.tables.get(DEFINITIONS, ()) if r["kpi"] == kpi.id]
    return {
        "version": kpi.version,
        "why_vi": own.why.vi if own else "",
        "why_en": own.why.en if own else "",
        "legal_basis": (own and own.legal_basis) or None,
        "formula": formula_of(kpi),
        "examples": [_example(example) for example in kpi.examples],
        "in_force": spans(kpi.version, rows),
    }


def _versions(kpi: Kpi, book: Book, today: date) -> list[Mapping[str, Any]]:
    """List the digests that closed periods went by, oldest first, and then the present one."""
    periods: dict[str, list[str]] = {}
    for closing in book.closings:
        for figure in closing.figures.get(kpi.id, [])[:1]:
            periods.setdefault(figure.definition_version, []).append(closing.period.text)
    name = version_on(kpi, today, book.reference)
    is_installed = name in kpi.version_names
    present = definition_version(kpi.of_version(name) if is_installed else kpi, book)
    order = [*(version for version in periods if version != present), present]
    return [
        {"version": v, "is_in_force": v == present, "periods": periods.get(v, [])} for v in order
    ]


def describe_group(group: Group) -> dict[str, Any]:
    """Describe a group for the page; `part` is where its module is, null where it has none."""
    return {
        "id": group.id,
        "title_vi": group.title.vi,
        "title_en": group.title.en,
        "part": None if group.part is None else f"/page/groups/{group.id}.js",
    }
