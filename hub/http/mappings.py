"""The routes of mappings: how each sender's files are read, as somebody confirmed it."""

import asyncio
import json
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import Field, WithJsonSchema

from hub.access.audit import Entry
from hub.access.keys import Sender
from hub.clock import day_of, iso_day
from hub.definitions.contract import Contract
from hub.http import openapi
from hub.http.edge import Asking, Here, Named
from hub.http.guard import read_body
from hub.http.openapi import BAD_QUESTION, NO_CONTRACT, NO_KEY, json_body
from hub.http.parameters import Parameters
from hub.http.problems import ProblemError
from hub.opening import confirm_mapping
from hub.sheets.mapped import check_mapping
from hub.sheets.mapping import FileMapping, MappingError, mapping_of, write_mapping
from hub.sheets.proposing import fields_of, propose
from hub.sheets.table import FileError
from hub.sheets.xlsx import XlsxError
from hub.store.mappings import Confirmed, Mappings, all_mappings, find_mapping
from hub.store.reading import Reading

BODY_BYTES_MAX = 4 << 20
_TextOrNone = Annotated[str | None, WithJsonSchema({"type": "string", "maxLength": 128})]

router = APIRouter(prefix="/v1/mappings")


class OfSender(Parameters):
    """Whose mapping; by default that of the key's own sender."""

    sender: Annotated[_TextOrNone, Field(max_length=128)] = None


class OneMapping(OfSender):
    """Which of a sender's mappings; by default the one in force."""

    digest: Annotated[_TextOrNone, Field(max_length=128)] = None


@router.get(
    "",
    summary="Bảng ánh xạ tệp của các bên gửi | Mappings of senders' files",
    response_model=None,
    responses={**BAD_QUESTION, **NO_KEY},
)
async def list_mappings(request: Request, edge: Here) -> dict[str, Any]:
    """List the mappings that were confirmed, the newest first: one's own, or an officer's all."""
    holder = await edge.guard.holder(request)
    listed = await edge.read(all_mappings)
    own = [c for c in listed if _sees_all(holder) or c.mapping.sender == _name(holder)]
    return {"mappings": [c.public() for c in own]}


@router.get(
    "/{contract}",
    summary="Bảng ánh xạ của một bên gửi | A sender's mapping",
    response_model=None,
    responses={**BAD_QUESTION, **NO_KEY, 403: openapi.NOT_SEEN, 404: NO_CONTRACT},
)
async def get_mapping(
    request: Request, contract: Named, query: Annotated[OneMapping, Query()], edge: Here
) -> dict[str, Any]:
    """Give a sender's mapping: the one in force, or the one of a digest."""
    holder = await edge.guard.holder(request)
    sender = _sender(holder, query.sender)

    def ask(reading: Reading) -> Confirmed | None:
        return find_mapping(all_mappings(reading), contract.name, sender, query.digest or "")

    confirmed = await edge.read(ask)
    if confirmed is None:
        vi = f"chưa có bảng ánh xạ {contract.name} của bên gửi này"
        en = f"this sender has no such mapping for {contract.name}"
        raise ProblemError(404, "unknown_mapping", vi, en)
    mapping = confirmed.mapping
    return {
        **confirmed.public(),
        "mapping": mapping.model_dump(mode="json"),
        "text": write_mapping(mapping, {}),
    }


@router.post(
    "/{contract}/propose",
    summary="Soạn bảng ánh xạ từ một tệp mẫu | Draft a mapping from a sample",
    response_model=None,
    openapi_extra=openapi.FILE,
    responses=openapi.MAPPING_RESPONSES,
)
async def propose_mapping(
    request: Request, contract: Named, query: Annotated[OfSender, Query()], edge: Here
) -> dict[str, Any]:
    """Draft a mapping from a CSV or XLSX file, with what is doubtful; nothing is kept."""
    holder = await edge.guard.holder(request)
    sender = _sender(holder, query.sender)
    limits = edge.hub.settings
    body = await read_body(request, limits.body_mib_max << 20, limits.body_seconds_max)

    def do() -> dict[str, Any]:
        day = iso_day(day_of(edge.now()))
        with edge.hub.store.reading() as reading:
            names = edge.hub.book(reading).reference.names(day)
        before = edge.part(mappings_of).in_force(contract.name, sender)
        try:
            draft = propose(contract, sender, body, names, before)
        except (FileError, XlsxError) as error:
            raise ProblemError(400, error.rule, error.vi, error.en) from None
        return {**draft.public(), "fields": fields_of(contract)}

    return await asyncio.to_thread(do)


@router.put(
    "/{contract}",
    summary="Xác nhận bảng ánh xạ | Confirm a mapping",
    response_model=None,
    openapi_extra=json_body(FileMapping),
    responses=openapi.MAPPING_RESPONSES,
)
async def confirm(
    request: Request, who: Asking, contract: Named, query: Annotated[OfSender, Query()], edge: Here
) -> dict[str, Any]:
    """Confirm a mapping: files of its sender are read by it from now on."""
    sender = _sender(who, query.sender)
    if not who.is_officer and not who.scope.may_send(contract.name):
        vi, en = (
            f"khóa này không được gửi {contract.name}",
            f"this key may not send {contract.name}",
        )
        raise ProblemError(403, "contract_not_allowed", vi, en)
    body = await read_body(request, BODY_BYTES_MAX)
    try:
        mapping = await asyncio.to_thread(_read, contract, sender, body)
    except MappingError as error:
        faults = [asdict(f) for f in error.faults]
        raise ProblemError(422, "mapping_refused", error.vi, error.en, faults=faults) from None
    detail = {"key": who.key_id, "contract": contract.name, "digest": mapping.digest}
    entry = Entry(who.name, "mapping confirmed", detail={**detail, "sender": sender})
    await asyncio.wrap_future(edge.auditor.record(entry))
    request.state.is_recorded = True
    now = edge.now()
    await asyncio.to_thread(confirm_mapping, edge.hub, mapping, who.name)
    return Confirmed(mapping, now, who.name, is_in_force=True).public()


def mappings_of(hub: Any) -> Mappings:
    """Open the mappings of a hub, kept for all requests."""
    return Mappings(hub.store)


def _read(contract: Contract, sender: str, body: bytes) -> FileMapping:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ProblemError(400, "not_json", f"không phải JSON: {error}", f"{error}") from None
    if isinstance(said, dict):
        said = {"contract": contract.name, "sender": sender, **said}
    mapping = mapping_of(said)
    if mapping.sender != sender:
        vi = f"bảng ánh xạ này của “{mapping.sender}”, không phải “{sender}”"
        raise ProblemError(
            422, "other_sender", vi, f"it is of “{mapping.sender}”, not of “{sender}”"
        )
    check_mapping(contract, mapping)
    return mapping


def _sees_all(holder: Sender | None) -> bool:
    return holder is None or holder.sees_all


def _name(holder: Sender | None) -> str:
    return "" if holder is None else holder.name


def _sender(holder: Sender | None, asked: str | None) -> str:
    """Give whose mapping is meant; raise 403 where it is another's and none of one's business."""
    name = asked or _name(holder)
    if name != _name(holder) and not _sees_all(holder):
        vi = "chỉ cán bộ đầu mối dữ liệu xem và sửa được bảng ánh xạ của bên gửi khác"
        raise ProblemError(403, "officer_needed", vi, "it is another's: a data officer may")
    if not name:
        vi, en = "cần sender=<tên bên gửi>", "sender=<name> is needed"
        raise ProblemError(400, "sender", vi, en)
    return name
