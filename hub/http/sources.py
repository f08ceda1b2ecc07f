"""The routes of sources: whether they report, and how good what they report is."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from hub.access.scope import WHOLE
from hub.alerts.connected import connected
from hub.figures import quality
from hub.http.edge import Here, Reader, Seeing
from hub.http.openapi import BAD_QUESTION, NOT_SEEN, problem
from hub.http.parameters import Offset, Parameters, WrittenPeriod
from hub.http.problems import ProblemError
from hub.store.reading import Reading

router = APIRouter(prefix="/v1/sources", dependencies=[Reader])


class SourcesQuery(Parameters):
    """What items are about, and when they were accepted; by default this year."""

    period: WrittenPeriod = None
    received: Annotated[
        WrittenPeriod, Field(description="kỳ tiếp nhận | the period in which items were accepted")
    ] = None


class ListQuery(Parameters):
    """A page of the list behind a quality; by default of this year."""

    period: WrittenPeriod = None
    offset: Offset = 0


@router.get(
    "",
    summary="Nguồn và chất lượng | Sources and their quality",
    response_model=None,
    responses=BAD_QUESTION,
)
async def list_sources(query: Annotated[SourcesQuery, Query()], edge: Here) -> dict[str, Any]:
    """List sources: heartbeat, lag, four qualities with their formulas; and all that is connected.

    `connected` is each sender, connector, station and outlet, with its last good record and open
    alerts.
    """
    hub, year = edge.hub, edge.year()
    period, received = query.period or year, query.received or year

    def ask(reading: Reading) -> dict[str, Any]:
        book = hub.book(reading)
        now = edge.now()
        body = quality.sources(hub.log, book, hub.kpis, period, received, now)
        return {**body, "connected": connected(body["sources"], book, now)}

    return await edge.read(ask)


@router.get(
    "/{source}/{name}",
    summary="Danh sách sau một con số | The list behind a number",
    response_model=None,
    responses={**BAD_QUESTION, 403: NOT_SEEN, 404: problem("Không có | No such list")},
)
async def get_source(
    source: str, name: str, query: Annotated[ListQuery, Query()], edge: Here, who: Seeing
) -> dict[str, Any]:
    """Give the list behind one quality of one source, a page of it.

    What was rejected of a source is for that sender and for officers; to who is signed in for some
    units, so is all of it.
    """
    is_within = who is None or who.name == source or not (who.roles and who.scope is not WHOLE)
    if not is_within or (who is not None and name == quality.REJECTED and who.name != source):
        vi = f"chỉ {source} xem được những gì của mình bị từ chối"
        en = f"what was rejected of {source} is for itself to see"
        raise ProblemError(403, "not_yours", vi, en)
    at = edge.now()
    period = query.period or edge.year()

    def ask(reading: Reading) -> dict[str, Any] | None:
        book = edge.hub.book(reading)
        if name not in quality.QUALITIES or not quality.is_known(book, source):
            return None
        return quality.behind(book, edge.hub.kpis, source, name, period, at, query.offset)

    body = await edge.read(ask)
    if body is None:
        raise ProblemError(
            404,
            "unknown_source_quality",
            f"không có {source}/{name}; chất lượng là {', '.join(quality.QUALITIES)}",
            f"there is no {source}/{name}; qualities are {', '.join(quality.QUALITIES)}",
        )
    return body
