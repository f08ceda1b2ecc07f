"""The route of what never came."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query

from hub.access.keys import Sender
from hub.connecting import reconciling
from hub.definitions.contract import Contract
from hub.http.edge import Here, Reader, Seeing
from hub.http.openapi import BAD_QUESTION
from hub.http.parameters import Parameters, WrittenPeriod
from hub.opening import OpenHub
from hub.proof.lacking import absences
from hub.proof.missing import gaps, owed
from hub.repair import totals
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
    """List what never came, within the key's scope.

    It is steps of duties that nothing met, gaps in codes, totals that were declared and are not
    met, and records that a source has and that are not here.
    """
    period = query.period or edge.year()

    def ask(reading: Reading) -> dict[str, Any]:
        hub = edge.hub
        book = hub.book(reading)
        holes = [g for g in gaps(book, period) if _may_see(who, hub.contracts[g.contract], g.unit)]
        opens = edge.part(OpenHub.seals).opener()
        unmet = totals.unmet(hub.log, reading, opens, period)
        kept = reconciling.all_kept(hub.log, sorted(hub.installed.definitions.sources))
        lacking = absences(book, kept, period)
        return {
            "period": period.text,
            "owed": [asdict(o) for o in owed(book, period, edge.now())],
            "gaps": [asdict(g) for g in holes],
            "unmet": [totals.as_json(u) for u in unmet if _is_of(who, u.sender)],
            "lacking": [asdict(a) for a in lacking if _is_of(who, a.source)],
        }

    return await edge.read(ask)


def _is_of(who: Sender | None, sender: str) -> bool:
    """Tell whether something is of whoever asks, or of anybody where an officer does."""
    return who is None or who.sees_all or who.name == sender


def _may_see(who: Sender | None, contract: Contract, unit: str) -> bool:
    """Tell whether a unit's codes are within a key's scope."""
    if who is None or who.sees_all:
        return True
    if not who.scope.may_send(contract.name):
        return False
    limits = [codes for kind, _, codes in who.scope.limits(contract) if kind == "units"]
    return all(unit in codes for codes in limits)
