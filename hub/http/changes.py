"""The route of what changed between two instants, and why."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from hub.access.sight import seen
from hub.figures.changing import Between, changes
from hub.figures.compute import QuestionError, read_instant
from hub.http.edge import Here, Reader, Seeing
from hub.http.openapi import BAD_QUESTION
from hub.http.parameters import InstantText, Parameters, WrittenPeriod
from hub.http.problems import ProblemError
from hub.store.reading import Reading

router = APIRouter(dependencies=[Reader])


class ChangesQuery(Parameters):
    """Between which instants, of which period (by default this year's) and KPI (by default all)."""

    since: Annotated[InstantText, Field(description="từ lúc | from this instant, ISO 8601")] = None
    until: Annotated[InstantText, Field(description="đến lúc, để trống là bây giờ | or now")] = None
    period: WrittenPeriod = None
    kpi: Annotated[str, Field(description="một chỉ số | one KPI")] = ""


@router.get(
    "/v1/changes",
    summary="Số liệu nào đã đổi giữa hai lúc, vì sao | Which figures changed, and why",
    response_model=None,
    responses=BAD_QUESTION,
)
async def list_changes(
    query: Annotated[ChangesQuery, Query()], edge: Here, who: Seeing
) -> dict[str, Any]:
    """List the figures that are others at the later instant, with the events that did it."""
    now = edge.now()
    asked = query.model_dump(include={"since", "until"}, exclude_none=True)
    since, until = (read_instant(name, asked) for name in ("since", "until"))
    if since is None or not since < (now if until is None else until) <= now:
        raise QuestionError(
            "since",
            "since phải trước until (hoặc trước bây giờ), until không sau bây giờ",
            "since must be before until (or now), and until not after now",
        )
    if query.kpi and query.kpi not in edge.hub.kpis:
        words = (f"không có chỉ số {query.kpi}", f"there is no KPI {query.kpi}")
        raise ProblemError(404, "unknown_kpi", *words)
    kpis = [k for k in edge.hub.kpis.values() if query.kpi in ("", k.id)]

    def ask(reading: Reading) -> dict[str, Any]:
        book = edge.hub.book(reading)
        sees = None
        if who is not None:
            sees = partial(_seen, edge, reading, who)
        between = Between(book, since, until, now)
        return changes(between, kpis, query.period or edge.year(), sees)

    return await edge.read(ask)


def _seen(edge: Here, reading: Reading, who: Seeing, name: str, entities: list[str]) -> set[str]:
    assert who is not None
    return seen(reading, edge.hub.contracts[name], who.scope, entities)
