"""The route of held events: what was taken and waits for its sender's standing."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from hub.http.edge import Here
from hub.http.openapi import BAD_QUESTION, NO_KEY
from hub.http.parameters import Offset, Parameters
from hub.repair.held import held
from hub.store.reading import Reading

router = APIRouter()


class HeldQuery(Parameters):
    """A page of held events."""

    offset: Offset = 0


@router.get(
    "/v1/held",
    summary="Bản ghi chờ tư cách bên gửi | Events that wait for their sender's standing",
    response_model=None,
    responses={**BAD_QUESTION, **NO_KEY},
)
async def list_held(
    request: Request, query: Annotated[HeldQuery, Query()], edge: Here
) -> dict[str, Any]:
    """List events that do not count yet, to who sent them and to whose thing they are about."""
    seer = await edge.guard.seer(request)

    def ask(reading: Reading) -> dict[str, Any]:
        return held(reading, seer, query.offset)

    return await edge.read(ask)
