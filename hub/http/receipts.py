"""The routes of receipts: what became of what was sent, and the keys that sign them."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from hub.http.attachment import CsvResponse, csv_file
from hub.http.edge import Edge, Here
from hub.http.openapi import BAD_QUESTION, problem
from hub.http.parameters import Offset, Parameters
from hub.http.problems import ProblemError
from hub.log.log import Kept
from hub.opening import OpenHub
from hub.repair.following import follow, rejections
from hub.sheets.files import errors
from hub.store.reading import Reading

NO_RECEIPT = problem("Không có | No such receipt")

router = APIRouter()


class ReceiptQuery(Parameters):
    """A page of a receipt's items."""

    offset: Offset = 0


@router.get(
    "/v1/receipts/{receipt}",
    summary="Những gì đã gửi nay ra sao | What became of what was sent",
    response_model=None,
    responses={**BAD_QUESTION, 404: NO_RECEIPT},
)
async def get_receipt(
    receipt: str, request: Request, query: Annotated[ReceiptQuery, Query()], edge: Here
) -> dict[str, Any]:
    """Say what became of each item of a receipt, to its sender or an officer."""
    kept = await _kept(edge, receipt, request)

    def ask(reading: Reading) -> dict[str, Any]:
        opens = edge.part(OpenHub.seals).opener()
        return follow(edge.hub.log, reading, opens, receipt, kept, query.offset)

    return await edge.read(ask)


@router.get(
    "/v1/receipts/{receipt}/errors.csv",
    summary="Các dòng bị từ chối, để sửa và gửi lại | Rejected rows, to correct and send again",
    response_class=CsvResponse,
    response_description="Các dòng bị từ chối | Rejected rows",
    responses={404: NO_RECEIPT},
)
async def get_errors(receipt: str, request: Request, edge: Here) -> Response:
    """Give the rejected items of a receipt as CSV, to be corrected and sent again."""
    kept = await _kept(edge, receipt, request)
    opens = edge.part(OpenHub.seals).opener()
    rejected = await asyncio.to_thread(rejections, edge.hub.log, opens, receipt, kept)
    holder = await edge.guard.holder(request)
    if not await edge.looked(request, holder, [one["event_id"] for one in rejected]):
        rejected = [{**one, "original": ""} for one in rejected]
    return csv_file(errors(edge.hub.contracts[kept.contract], rejected), receipt)


@router.get(
    "/.well-known/jwks.json",
    summary="Khóa công khai để kiểm biên nhận | Keys by which receipts are verified",
    response_model=None,
)
async def list_keys(edge: Here) -> dict[str, Any]:
    """Publish the keys by which signed receipts are verified: a JWK set."""
    return await asyncio.to_thread(edge.part(OpenHub.signer).public)


async def _kept(edge: Edge, receipt: str, request: Request) -> Kept:
    sender = await edge.guard.seer(request)
    kept = await asyncio.to_thread(edge.hub.log.receipt, receipt)
    if kept is None and edge.gateway.spool is not None:
        kept = await asyncio.to_thread(edge.gateway.spool.find, receipt)
    if kept is None or (sender is not None and sender.name != kept.sender):
        words = (f"không có biên nhận {receipt}", f"there is no receipt {receipt}")
        raise ProblemError(404, "unknown_receipt", *words)
    return kept
