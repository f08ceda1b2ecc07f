"""The route by which a sender declares what it sent in all, to be held against what came."""

import asyncio
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import Field, WithJsonSchema

from hub.access.audit import Entry
from hub.definitions.masking import mask_text
from hub.gateway.declaring import declare, read_declaration
from hub.http.edge import Asking, Here, Named
from hub.http.openapi import DECLARE_RESPONSES, json_body
from hub.http.parameters import Parameters
from hub.http.problems import ProblemError
from hub.http.repairs import read_as

CODE_LENGTH_MAX = 256
CODES = Field("", max_length=CODE_LENGTH_MAX)
COUNT_MAX = 10**12
SUMS_MAX = 20

router = APIRouter()


class Totals(Parameters):
    """What was sent of a contract in all: in a `period`, by its days of sending, or as a `receipt`.

    `sums` are by field, as the contract writes it; `first_code` and `last_code` of things by their
    codes. Of several about the same the highest `revision` is in force, of equals the last.
    """

    period: str = Field("", max_length=10)
    receipt: str = Field("", max_length=40)
    count: Annotated[int, Field(ge=0, le=COUNT_MAX)] | None = None
    sums: Annotated[
        dict[str, Annotated[Decimal, Field(ge=-(10**15), le=10**15)]],
        Field(max_length=SUMS_MAX),
        WithJsonSchema({"type": "object", "additionalProperties": {"type": "number"}}),
    ] = Field(default_factory=dict)
    first_code: str = CODES
    last_code: str = CODES
    revision: int = Field(0, ge=0, le=10**6)


@router.post(
    "/v1/declarations/{contract}",
    summary="Khai tổng số đã gửi để đối chiếu | Declare what was sent in all",
    response_model=None,
    openapi_extra=json_body(Totals),
    responses=DECLARE_RESPONSES,
    status_code=202,
)
async def declare_totals(
    request: Request,
    who: Asking,
    contract: Named,
    body: Annotated[Totals, Depends(read_as(Totals))],
    edge: Here,
) -> dict[str, Any]:
    """Keep a sender's control totals; what does not meet them is in `/v1/missing`."""
    if not who.scope.may_send(contract.name):
        vi, en = f"khóa này không được gửi {contract.name}", "this key may not send that contract"
        raise ProblemError(403, "contract_not_allowed", vi, en)
    declared = read_declaration(contract, **body.model_dump())
    if declared.receipt:
        kept = await asyncio.to_thread(edge.hub.log.receipt, declared.receipt)
        if kept is None or (kept.sender, kept.contract) != (who.name, contract.name):
            receipt = mask_text(declared.receipt)
            vi, en = f"không có biên nhận {receipt} của bạn", f"you have no receipt {receipt}"
            raise ProblemError(404, "unknown_receipt", vi, en)
    entry = Entry(who.name, f"declare {contract.name}", detail={"key": who.key_id})
    await asyncio.wrap_future(edge.auditor.record(entry))
    request.state.is_recorded = True
    hub, by = edge.hub, f"{who.name}#{who.key_id}"
    name = await asyncio.to_thread(declare, hub.log, hub.clock, contract, who.name, by, declared)
    return {"declaration": name, "about": declared.subject, "revision": declared.revision}
