"""The routes of closed periods."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from hub.access.keys import Sender
from hub.access.sight import seen
from hub.figures.closing import in_force
from hub.figures.restating import restatements
from hub.http.edge import Edge, Here, Reader, Seeing
from hub.http.openapi import BAD_QUESTION, problem
from hub.http.parameters import PERIOD_FORM, Parameters, period_of
from hub.http.problems import ProblemError
from hub.store.reading import Reading

router = APIRouter(prefix="/v1/periods", dependencies=[Reader])


@router.get(
    "", summary="Các kỳ đã chốt | Closed periods", response_model=None, responses=BAD_QUESTION
)
async def list_periods(_: Annotated[Parameters, Query()], edge: Here) -> dict[str, Any]:
    """List what was closed: when, by whom, at which cut, and which sources were silent."""

    def ask(reading: Reading) -> dict[str, Any]:
        return {"closings": [c.public() for c in edge.hub.book(reading).closings]}

    return await edge.read(ask)


@router.get(
    "/{period}/restatements",
    summary="Điều chỉnh kỳ đã chốt, với nguyên nhân | What a closed period would be now, why",
    response_model=None,
    responses={**BAD_QUESTION, 404: problem("Chưa chốt | Not closed")},
)
async def get_restatements(
    period: Annotated[str, Path(json_schema_extra=PERIOD_FORM)],
    _: Annotated[Parameters, Query()],
    edge: Here,
    who: Seeing,
) -> dict[str, Any]:
    """Say which figures of a closed period would be others now, by how much, and why.

    Things that are not within the key's scope are not named.
    """
    asked = period_of(period)

    def ask(reading: Reading) -> dict[str, Any] | None:
        book = edge.hub.book(reading)
        closing = in_force(book.closings, asked)
        if closing is None or closing.period != asked:
            return None
        sees = None if who is None else partial(_seen, edge, reading, who)
        restated = restatements(book, closing, list(edge.hub.kpis.values()), edge.now(), sees)
        return {**closing.public(), "restatements": restated}

    body = await edge.read(ask)
    if body is None:
        raise ProblemError(404, "not_closed", f"kỳ {period} chưa chốt", f"{period} is not closed")
    return body


def _seen(edge: Edge, reading: Reading, who: Sender, name: str, entities: list[str]) -> set[str]:
    return seen(reading, edge.hub.contracts[name], who.scope, entities)
