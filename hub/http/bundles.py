"""The route of bundles: a figure with all that it rests on, signed."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query

from hub.access.sight import seen
from hub.figures.compute import read_question
from hub.figures.official import as_known
from hub.http.edge import Here, Reader, Seeing, within
from hub.http.figures import NO_KPI, KpiQuery, OneKpi
from hub.http.openapi import BAD_QUESTION, NOT_SEEN
from hub.opening import OpenHub
from hub.proof.bundle import Asker, make
from hub.proof.bundle_file import seal
from hub.store.reading import Reading

router = APIRouter(prefix="/v1/evidence", dependencies=[Reader])


@router.get(
    "/{kpi_id}",
    summary="Hồ sơ bằng chứng của một số liệu, có ký | A figure's signed evidence",
    response_model=None,
    responses={**BAD_QUESTION, 403: NOT_SEEN, 404: NO_KPI},
)
async def get_evidence(
    kpi: OneKpi, query: Annotated[KpiQuery, Query()], edge: Here, who: Seeing
) -> dict[str, Any]:
    """Give a figure with cells, facts, receipts and closings: facts within the key's scope."""
    now = edge.now()
    question = read_question(kpi, query.asked(), now)
    contract = edge.hub.contracts.get(kpi.contract or "")
    scope = within(who, contract, query.asked())

    def ask(reading: Reading) -> dict[str, Any]:
        book = as_known(edge.hub.book(reading), question.as_of, now)
        asker = Asker()
        if who is not None and contract is not None:
            limits = scope.limits_of(contract)
            asker = Asker(
                partial(seen, book.reading, contract, scope) if limits else None, who.name
            )
        bundle = make(kpi, question, book, edge.hub.log, now, asker)
        return seal(bundle, edge.part(OpenHub.signer).sign)

    return await edge.read(ask)
