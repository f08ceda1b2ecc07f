"""The routes by which events come in: a body under its contract, or a file row by row."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from functools import partial
from itertools import islice
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from hub import registry
from hub.access.audit import Entry
from hub.access.keys import Sender
from hub.definitions.admission import BodyError
from hub.definitions.contract import Contract
from hub.figures.compute import QuestionError
from hub.gateway import boundary
from hub.gateway.gateway import Answer, Judge, Offer
from hub.gateway.groups import SMALL_BYTES, AuditError
from hub.gateway.unlisted import find_unlisted, offer_near
from hub.http import corrected, openapi
from hub.http.backlog import LARGE_BYTES, Backlog
from hub.http.cloudevents import admit_request
from hub.http.edge import Edge, edge_of
from hub.http.guard import read_body
from hub.http.mappings import mappings_of
from hub.http.problems import ProblemError
from hub.log.log import IdempotencyConflictError, LogUnavailableError
from hub.opening import applied
from hub.operating import metrics, tracing
from hub.proof.trial import Trial, try_events
from hub.repair.repair import REPLAY
from hub.sheets.asked import texts_of
from hub.sheets.correcting import Corrections
from hub.sheets.files import (
    AdmittedFile,
    admit_file,
    admit_rows,
    checked,
    count_on,
    table_of,
)

IDEMPOTENCY_KEY_LENGTH_MAX = 128
NOT_KEPT = {"Cache-Control": "no-store"}  # what a file holds is for its sender's eyes
APPLIED_SECONDS_MAX, APPLIED_POLL_SECONDS = 3.0, 0.05
ROWS_SHOWN_MAX = 500  # wrong rows of a file that is tried; those that are right make room for more

router = APIRouter()


def contract_routes(contracts: Mapping[str, Contract]) -> APIRouter:
    """Make a route of each contract, and one that refuses what is sent under any other name."""
    routes = APIRouter(route_class=_Straight)
    for name, contract in contracts.items():
        routes.add_api_route(
            f"/v1/events/{name}",
            _poster(name),
            methods=["POST"],
            summary=f"{contract.spec.title.vi} | {contract.spec.title.en}",
            operation_id=f"post_{name}",
            openapi_extra=openapi.post_extra(contract),
            responses=openapi.POST_RESPONSES,
            status_code=202,
        )

    @routes.post("/v1/events/{contract}", include_in_schema=False)
    async def post_unknown(request: Request) -> Response:
        return await take(request.path_params["contract"], request)

    return routes


class _Straight(APIRoute):
    """A route that hands a request over as it is: many small ones come here.

    Its endpoint takes the request alone and depends on nothing by the framework's means, so that
    nothing is to be solved, opened or closed around it. What it raises is answered as everywhere.
    """

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)
            return
        response = await self.endpoint(Request(scope, receive, send))
        await response(scope, receive, send)


def _poster(name: str) -> Callable[[Request], Awaitable[Response]]:
    async def post_events(request: Request) -> Response:
        return await take(name, request)

    return post_events


@router.post(
    "/v1/files/{contract}",
    summary="Gửi tệp CSV hoặc XLSX, mỗi dòng một bản ghi | Send a CSV or XLSX file",
    openapi_extra=openapi.sent_file(corrected.MEDIA_TYPE, corrected.schema()),
    responses={**openapi.POST_RESPONSES, 404: openapi.NO_CONTRACT, 503: openapi.NOT_COUNTED},
    status_code=202,
)
async def take_file(contract: str, request: Request) -> Response:
    """Take a file row by row: what devices write, or CSV or XLSX by its sender's mapping."""
    return await take(contract, request, is_file=True)


def _judge_of_file(edge: Edge, sender: Sender, corrections: Corrections) -> Judge:
    def judge(contract: Contract, body: bytes) -> AdmittedFile:
        for own in registry.own_files(contract.name):
            if own.is_one(body):
                if corrections:
                    raise _uncorrectable()
                return admit_rows(contract, checked(own.read(body, edge.hub.store.listed(own.by))))
        mapping = edge.part(mappings_of).in_force(contract.name, sender.name)
        return admit_file(contract, body, mapping, corrections)

    return judge


def _uncorrectable() -> BodyError:
    vi = "tệp do thiết bị ghi không sửa được trên trang; hãy nộp nguyên tệp, dòng sai sửa sau"
    en = "what a device wrote is not corrected cell by cell; send it as it is, repair rows later"
    return BodyError("no_such_cell", vi, en)


async def take(name: str, request: Request, *, is_file: bool = False) -> Response:
    """Take one request's events; who sent what is in the audit log."""
    edge = edge_of(request)
    sender = await edge.guard.sender(request)
    contract = edge.contract(name)
    if not sender.scope.may_send(name):
        raise ProblemError(
            403,
            "contract_not_allowed",
            f"khóa này không được gửi {name}",
            f"this key may not send {name}",
        )
    edge.guard.check_breaker(sender.name)
    is_dry, has_rows = _is_asked(request, "dry_run"), _is_asked(request, "rows")
    offer = await _offer(edge, contract, sender, request, is_file=is_file)
    if is_dry:
        tried = await asyncio.to_thread(_tried, edge, offer)
        shown = _table(offer) if has_rows else {}
        return JSONResponse({**tried, **shown}, 200 if offer.admitted.kept else 422, NOT_KEPT)
    answer = await _carry(edge, offer, request)
    request.state.is_recorded = True
    if not answer.is_replay:
        edge.guard.judge(sender.name, offer.admitted)
        _count(name, answer)
    admitted = offer.admitted
    if not isinstance(admitted, AdmittedFile):
        return Response(answer.text, answer.status, media_type="application/json")
    more = _understood(offer) if admitted.understood.has_more_to_say else {}
    more |= await asyncio.to_thread(_unlisted, edge, offer)
    return JSONResponse({**answer.body, **more}, answer.status)


def _is_asked(request: Request, name: str) -> bool:
    """Tell whether something is asked for by 1. What is not understood must not commit either."""
    asked = request.query_params.get(name, "0")
    if asked not in ("0", "1"):
        raise QuestionError(name, f"{name}={asked}: chỉ nhận 1", f"{name}={asked}: only 1")
    return asked == "1"


def _understood(offer: Offer) -> dict[str, Any]:
    """Say how a file was understood: each column, and what was passed over."""
    if not isinstance(offer.admitted, AdmittedFile):
        return {}
    lines = offer.admitted.understood.lines()
    return {"understood": [{"message_vi": vi, "message_en": en} for vi, en in lines]}


def _table(offer: Offer) -> dict[str, Any]:
    """Show a file as a table: its columns, what was passed over, and its wrong rows as texts.

    The rows are shown to who has just sent them, and kept nowhere.
    """
    admitted = offer.admitted
    if not isinstance(admitted, AdmittedFile):
        return {}
    understood = admitted.understood
    rows = []
    for index in islice(dict.fromkeys(v.index for v in admitted.rejected), ROWS_SHOWN_MAX):
        item = admitted.originals.get(index) or admitted.items.get(index, b"")
        sheet, number = understood.row_of(index)
        texts = texts_of(offer.contract, item.decode(errors="replace"))
        rows.append({"index": index, "sheet": sheet, "row": number, "texts": texts})
    return {"table": {**understood.public(), "rows": rows}}


def _unlisted(edge: Edge, offer: Offer) -> dict[str, Any]:
    """Name the codes that the province's lists do not have, where there are some."""
    unlisted = find_unlisted(offer.contract, offer.admitted.events, edge.gateway.names.of)
    return {"unlisted": [asdict(u) for u in unlisted]} if unlisted else {}


def _tried(edge: Edge, offer: Offer) -> dict[str, Any]:
    """Say what would become of an offer, and what it would change; nothing is committed."""
    hub, contract, sender, admitted = edge.hub, offer.contract, offer.sender, offer.admitted
    admitted.reject(edge.gateway.outside(contract, [sender.scope], admitted))
    admitted.mark(boundary.stamp(contract, sender.scope))
    offer_near(contract, admitted, edge.gateway.names.of)
    trial = Trial()
    if admitted.kept:
        trial = try_events(
            hub.store, hub.log, hub.installed, contract, admitted.events, sender.name, edge.now()
        )
    return {
        "dry_run": True,
        "accepted": len(admitted.kept),
        "rejected": [v.public() for v in admitted.rejected],
        **({"mapping": admitted.mapping} if admitted.mapping else {}),
        **_understood(offer),
        **_unlisted(edge, offer),
        "would_change": vars(trial),
    }


async def _offer(
    edge: Edge, contract: Contract, sender: Sender, request: Request, *, is_file: bool
) -> Offer:
    """Read the body and judge its items."""
    idempotency_key = _idempotency_key(request)
    limits = edge.hub.settings
    body = await read_body(request, limits.body_mib_max << 20, limits.body_seconds_max)
    if len(body) >= LARGE_BYTES and await asyncio.to_thread(edge.part(Backlog).is_full):
        raise ProblemError(
            429,
            "backlog",
            "đang xử lý nhiều dữ liệu, hãy gửi lại lô lớn sau ít giây",
            "much is still to be applied; send large submissions again in some seconds",
            headers={"Retry-After": "2"},
        )
    judge: Judge = partial(admit_request, request.headers)
    typed = b""
    if is_file:
        corrections: Corrections = {}
        if corrected.is_corrected(request):
            file = await asyncio.to_thread(corrected.read_corrected, body)
            body, typed, corrections = file.file, file.written, file.corrections
        judge = _judge_of_file(edge, sender, corrections)
    # To judge a small body takes less than to hand it to a thread.
    is_small = len(body) <= SMALL_BYTES and not is_file
    judging = partial(judge, contract, body)
    admitted = judging() if is_small else await asyncio.to_thread(judging)
    if isinstance(admitted, AdmittedFile) and admitted.understood.to_count:
        await _count_on(edge, sender, admitted)
    trace = tracing.name_of(getattr(request.state, "span", None))
    return Offer(contract, sender, body, idempotency_key, admitted, typed, trace)


async def _count_on(edge: Edge, sender: Sender, admitted: AdmittedFile) -> None:
    """Give rows the revisions by which they replace what is known, once that is known.

    Raises a 503 where what came before is still to be applied.
    """
    hub, contract = edge.hub, admitted.contract
    until = time.monotonic() + APPLIED_SECONDS_MAX
    if edge.gateway.spool is not None and edge.gateway.spool.waiting:
        raise _not_known(admitted)
    is_applied = await asyncio.to_thread(applied, hub, contract)
    while not await asyncio.to_thread(is_applied):
        if time.monotonic() >= until:
            raise _not_known(admitted)
        await asyncio.sleep(APPLIED_POLL_SECONDS)
    # Whether it is right what somebody says of others is told to nobody.
    outside = {v.index for v in boundary.outside(contract, sender.scope, admitted)}
    await asyncio.to_thread(count_on, admitted, partial(hub.store.known, contract.name), outside)


def _not_known(admitted: AdmittedFile) -> ProblemError:
    header = table_of(admitted.contract).header_of(admitted.understood.to_count)
    return ProblemError(
        503,
        "still_applying",
        "dữ liệu gửi trước còn đang được xử lý nên chưa biết dòng nào thay số liệu đã báo; hãy gửi"
        f" lại tệp sau ít giây, hoặc ghi cột “{header}”",
        "what was sent before is still to be applied, so which rows replace it is not known; send"
        f" the file again in some seconds, or with the column {admitted.understood.to_count}",
        headers={"Retry-After": "2"},
    )


async def _carry(edge: Edge, offer: Offer, request: Request) -> Answer:
    """Make an offer durable, and written down in the audit log."""
    peer = request.client.host if request.client else ""
    sender = offer.sender

    def noted(answer: Answer) -> Entry:
        counts = {n: answer.body[n] for n in ("receipt", "accepted", "duplicates")}
        rejected = len(answer.body["rejected"])
        detail = {"key": sender.key_id, "peer": peer, "rejected": rejected, **counts}
        return Entry(sender.name, f"send {offer.contract.name}", detail=detail)

    try:
        return await edge.groups.take(offer, noted)
    except IdempotencyConflictError:
        raise ProblemError(
            409,
            "idempotency_conflict",
            "Idempotency-Key này đã dùng cho nội dung khác",
            "this Idempotency-Key was used with another body",
        ) from None
    except (LogUnavailableError, AuditError) as error:
        raise ProblemError(
            503,
            "not_durable",
            f"chưa ghi bền vững được, hãy gửi lại: {error}",
            f"it could not be made durable, send it again: {error}",
            headers={"Retry-After": "5"},
        ) from None


def _count(name: str, answer: Answer) -> None:
    accepted = answer.body["accepted"] + answer.body["duplicates"]
    metrics.EVENTS_ACCEPTED.labels(name).inc(accepted)
    for verdict in answer.body["rejected"]:
        metrics.EVENTS_REJECTED.labels(name, verdict["rule"]).inc()


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not 0 < len(key) <= IDEMPOTENCY_KEY_LENGTH_MAX:
        raise ProblemError(
            400,
            "idempotency_key_length",
            f"Idempotency-Key dài từ 1 đến {IDEMPOTENCY_KEY_LENGTH_MAX} ký tự",
            f"an Idempotency-Key has 1 to {IDEMPOTENCY_KEY_LENGTH_MAX} characters",
        )
    if key is not None and key.startswith(REPLAY):
        raise ProblemError(
            400,
            "idempotency_key_reserved",
            f"Idempotency-Key không được bắt đầu bằng {REPLAY}",
            f"an Idempotency-Key may not begin with {REPLAY}",
        )
    return key
