"""The route of what never came."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query

from hub.access.keys import Sender
from hub.definitions.contract import Contract
from hub.http.edge import Here, Reader, Seeing
from hub.http.openapi import BAD_QUESTION
from hub.http.parameters import Parameters, WrittenPeriod
from hub.proof.missing import gaps, owed
from hub.store.reading import Reading

router = APIRouter(dependencies=[Reader])


class MissingQuery(Parameters):
    """Of which period; by default of this year."""

    period: WrittenPeriod = None


@router.get(
    "/v1/missing",
    summary="Những gì chưa đến: kỳ báo cáo, mã hồ sơ | What never came: reports, codes",
    response_model=None,
    responses=BAD_QUESTION,
)
async def list_missing(
    query: Annotated[MissingQuery, Query()], edge: Here, who: Seeing
) -> dict[str, Any]:
    """List steps of duties that nothing met, and gaps in codes, within the key's scope."""
    period = query.period or edge.year()

    def ask(reading: Reading) -> dict[str, Any]:
        book = edge.hub.book(reading)
        contracts = edge.hub.contracts
        holes = [g for g in gaps(book, period) if _may_see(who, contracts[g.contract], g.unit)]
        return {
            "period": period.text,
            "owed": [asdict(o) for o in owed(book, period, edge.now())],
            "gaps": [asdict(g) for g in holes],
        }

    return await edge.read(ask)


def _may_see(who: Sender | None, contract: Contract, unit: str) -> bool:
    """Tell whether a unit's codes are within a key's scope."""
    if who is None or who.is_officer:
        return True
    if not who.scope.may_send(contract.name):
        return False
    limits = [codes for kind, _, codes in who.scope.limits(contract) if kind == "units"]
    return all(unit in codes for codes in limits)
