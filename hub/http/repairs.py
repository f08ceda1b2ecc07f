"""The routes of the repair loop. A department sees and repairs its own items, an officer all."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from itertools import islice
from typing import Annotated, Any, Self, TypeVar

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from hub.access.audit import Entry
from hub.access.keys import Sender
from hub.definitions.admission import Verdict
from hub.definitions.masking import mask_text
from hub.figures.compute import QuestionError
from hub.http import openapi
from hub.http.attachment import CsvResponse, csv_file
from hub.http.edge import Asking, Edge, Here, Named
from hub.http.guard import read_body
from hub.http.mappings import mappings_of
from hub.http.openapi import BAD_QUESTION, NO_CONTRACT, NO_KEY, REPAIR_RESPONSES, json_body
from hub.http.parameters import Offset, Parameters
from hub.http.problems import ProblemError
from hub.opening import OpenHub
from hub.repair import items as rejected
from hub.repair.items import ENDED, ITEMS_MAX, Item, Wanted
from hub.repair.repair import Repair, RepairError, as_json
from hub.sheets.asked import read_texts, texts_of
from hub.sheets.files import corrections, errors
from hub.sheets.vietnamese import WrittenError
from hub.sheets.xlsx import CELL_LENGTH_MAX
from hub.store.reading import Reading

BODY_BYTES_MAX = 1 << 20
PAGE = 100
ID_MAX = 160
T = TypeVar("T")
Body = TypeVar("Body", bound=BaseModel)
Fields = Annotated[dict[str, Any] | None, WithJsonSchema({"type": "object"})]
Texts = Annotated[
    dict[str, Annotated[str, Field(max_length=CELL_LENGTH_MAX)]] | None,
    WithJsonSchema({"type": "object", "additionalProperties": {"type": "string"}}),
]
Id = Annotated[str, Field(min_length=1, max_length=ID_MAX)]

router = APIRouter(prefix="/v1/quarantine")


class ItemsQuery(Parameters):
    """Which items are meant, and from which on; what is empty is not asked for."""

    sender: str = ""
    contract: str = ""
    rule: str = ""
    field: str = ""
    state: str = ""
    id: Annotated[str | None, WithJsonSchema({"type": "string"})] = None
    offset: Offset = 0


class Fix(Parameters):
    """A correction: some fields (null takes one out), the whole item, or texts as people type them.

    A text is read as a cell of a file would be by itself; one that is empty takes its field out.
    """

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": [way]} for way in ("changes", "item", "texts")]}
    )

    id: Id
    changes: Fields = None
    item: Fields = None
    texts: Texts = None

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        given = [w for w in (self.changes, self.item, self.texts) if w is not None]
        if len(self.model_fields_set) != 2 or len(given) != 1:  # an explicit null is none of them
            vi, en = "cần changes, item hoặc texts", "give one of changes, item and texts"
            raise QuestionError("changes", vi, en)
        return self


class Some(Parameters):
    """Some items, by their ids."""

    ids: list[Id] = Field(min_length=1, max_length=ITEMS_MAX)


class Discard(Some):
    """Items that are not to be sent, and why."""

    reason: str = Field(min_length=1, max_length=500)


def read_as(model: type[Body]) -> Callable[[Request, Sender], Awaitable[Body]]:
    """Make what reads a body as a model, once its sender is known, within the hub's limits."""

    async def read(request: Request, _: Asking) -> Body:
        raw = await read_body(request, BODY_BYTES_MAX)
        try:
            return model.model_validate_json(raw)
        except ValidationError as error:
            faults = error.errors(include_url=False)
            placed = [{**fault, "loc": ("body", *fault["loc"])} for fault in faults]
            raise RequestValidationError(placed) from None

    return read


@router.get(
    "",
    summary="Bản ghi bị từ chối, theo nguyên nhân | Rejected items, by cause",
    response_model=None,
    responses={**BAD_QUESTION, **NO_KEY},
)
async def list_items(
    request: Request, query: Annotated[ItemsQuery, Query()], edge: Here
) -> dict[str, Any]:
    """List rejected items by cause, and a page of them."""
    holder = await edge.guard.holder(request)
    wanted = _wanted(holder, query)

    def ask(reading: Reading) -> tuple[list[dict[str, Any]], list[Item]]:
        opens = edge.part(OpenHub.seals).opener()
        items = rejected.items(reading, opens, wanted, query.offset, PAGE + 1)
        return rejected.groups(reading, wanted), items

    groups, items = await edge.read(ask)
    page = items[:PAGE]
    is_shown = await edge.looked(request, holder, [i.event_id for i in page])
    return {
        "groups": groups,
        "items": [_public(i, is_shown=is_shown) for i in page],
        "next_offset": query.offset + PAGE if len(items) > PAGE else None,
    }


@router.get(
    "/rows/{contract}",
    summary="Các dòng chờ sửa, dạng CSV | Rows that wait to be repaired, as CSV",
    response_class=CsvResponse,
    response_description="Các dòng chờ sửa | Rows to repair",
    responses={**BAD_QUESTION, **NO_KEY, 404: NO_CONTRACT},
)
async def get_rows(
    request: Request, contract: Named, query: Annotated[ItemsQuery, Query()], edge: Here
) -> Response:
    """Give rejected items of a contract as CSV, as `fix_rows` takes them back."""
    holder = await edge.guard.holder(request)
    wanted = replace(_wanted(holder, query), contract=contract.name)

    def ask(reading: Reading) -> list[dict[str, Any]]:
        items = rejected.all_items(reading, edge.part(OpenHub.seals).opener(), wanted)
        waiting = (i.as_rejected() for i in items if i.state not in ENDED)
        return list(islice(waiting, ITEMS_MAX))

    rows = await edge.read(ask)
    is_shown = await edge.looked(request, holder, [row["event_id"] for row in rows])
    shown = rows if is_shown else [{**row, "original": ""} for row in rows]
    return csv_file(errors(contract, shown), contract.name)


@router.post(
    "/corrections/{contract}",
    summary="Nạp tệp CSV, XLSX đã sửa | Corrections in a CSV or XLSX file",
    response_model=None,
    openapi_extra=openapi.FILE,
    responses=REPAIR_RESPONSES,
)
async def fix_rows(request: Request, who: Asking, contract: Named, edge: Here) -> dict[str, Any]:
    """Keep the corrections of a CSV or XLSX file, row by row; say what sending them changes."""
    body = await read_body(request, edge.hub.settings.body_mib_max << 20)
    mappings = edge.part(mappings_of)

    def read() -> list[tuple[str, bytes | Verdict]]:
        return corrections(contract, body, mappings.in_force(contract.name, who.name))

    rows = await asyncio.to_thread(read)
    if len(rows) > ITEMS_MAX:
        vi, en = f"{len(rows)} dòng, tối đa", f"{len(rows)} rows, at most"
        raise ProblemError(413, "too_many_rows", f"{vi} {ITEMS_MAX}", f"{en} {ITEMS_MAX}")
    repairing = edge.part(_repairing)

    def do() -> dict[str, Any]:
        known = {i.event_id: i for i in _found(edge, who, [name for name, _ in rows])}
        fixed, refused = [], []
        for name, correction in rows:
            try:
                if isinstance(correction, Verdict):
                    words = (correction.message_vi, correction.message_en)
                    raise RepairError(correction.rule, *words)
                if name not in known:
                    raise _absent(name)
                item = repairing.fix(known[name], correction, _name(who), _limits(who))
                fixed.append(item)
            except RepairError as error:
                said = {"message_vi": error.vi, "message_en": error.en}
                refused.append({"id": name, "rule": error.rule, **said})
        trials = _trials(repairing, who, fixed) if fixed else []
        return {"fixed": [i.event_id for i in fixed], "refused": refused, "trials": trials}

    return await _acted(edge, request, who, "fix", [name[:ID_MAX] for name, _ in rows], do)


@router.post(
    "/fix",
    summary="Sửa một bản ghi bị từ chối | Correct a rejected item",
    response_model=None,
    openapi_extra=json_body(Fix),
    responses=REPAIR_RESPONSES,
)
async def fix(
    request: Request, who: Asking, body: Annotated[Fix, Depends(read_as(Fix))], edge: Here
) -> dict[str, Any]:
    """Keep a correction; say what sending it would change."""
    repairing = edge.part(_repairing)

    def do() -> dict[str, Any]:
        (item,) = _own(edge, who, [body.id])
        correction = _correction(edge, item, body)
        fixed = repairing.fix(item, correction, _name(who), _limits(who))
        return {"item": fixed.public(), "trials": _trials(repairing, who, [fixed])}

    return await _acted(edge, request, who, "fix", [body.id], do)


@router.post(
    "/try",
    summary="Gửi lại thì đổi gì | What sending again would change",
    response_model=None,
    openapi_extra=json_body(Some),
    responses=REPAIR_RESPONSES,
)
async def try_out(
    who: Asking, body: Annotated[Some, Depends(read_as(Some))], edge: Here
) -> dict[str, Any]:
    """Say what sending items would change; nothing is committed."""
    repairing = edge.part(_repairing)

    def do() -> dict[str, Any]:
        return {"trials": _trials(repairing, who, _own(edge, who, body.ids))}

    return await asyncio.to_thread(do)


@router.post(
    "/replay",
    summary="Gửi lại | Send again",
    response_model=None,
    openapi_extra=json_body(Some),
    responses=REPAIR_RESPONSES,
)
async def replay(
    request: Request, who: Asking, body: Annotated[Some, Depends(read_as(Some))], edge: Here
) -> dict[str, Any]:
    """Send items again that keep their contract; give their receipts, and what is left."""
    repairing = edge.part(_repairing)

    def do() -> dict[str, Any]:
        items = _own(edge, who, body.ids)
        receipts = repairing.replay(items, _name(who), edge.gateway, _limits(who))
        left = [i for i in items if i.event_id not in receipts]
        outside = repairing.outside(left, _limits(who))
        said = {name: {"verdict": verdict.public()} for name, verdict in outside.items()}
        listed = [{**i.public(), **said.get(i.event_id, {})} for i in left]
        return {"receipts": receipts, "left": listed}

    return await _acted(edge, request, who, "replay", body.ids, do)


@router.post(
    "/discard",
    summary="Loại bỏ | Discard",
    response_model=None,
    openapi_extra=json_body(Discard),
    responses=REPAIR_RESPONSES,
)
async def discard(
    request: Request, who: Asking, body: Annotated[Discard, Depends(read_as(Discard))], edge: Here
) -> dict[str, Any]:
    """End the repair of items that are not to be sent."""
    repairing = edge.part(_repairing)

    def do() -> dict[str, Any]:
        repairing.discard(_own(edge, who, body.ids), _name(who), body.reason)
        return {"discarded": body.ids}

    return await _acted(edge, request, who, "discard", body.ids, do)


def _correction(edge: Edge, item: Item, body: Fix) -> dict[str, Any] | bytes:
    """Give what a correction says: changes of some fields, or the whole item."""
    if body.texts is not None and item.again is not None:
        # An upstream's own fields are read as it writes them.
        return {name: text or None for name, text in body.texts.items()}
    if body.texts is not None:
        try:
            return read_texts(edge.contract(item.contract), body.texts)
        except WrittenError as error:
            raise RepairError(error.rule, error.vi, error.en) from None
    return as_json(body.item or {}) if body.changes is None else body.changes


def _public(item: Item, *, is_shown: bool) -> dict[str, Any]:
    """Give an item as JSON; what may be seen of it also as texts, as a clerk writes them."""
    shown = item.public(is_shown=is_shown)
    is_upstreams = item.again is not None  # whose fields are none of the contract's
    if not is_shown or is_upstreams or item.installed is None or shown["content"] is None:
        return shown
    return {**shown, "texts": texts_of(item.installed, shown["content"])}


def _repairing(hub: OpenHub) -> Repair:
    four_eyes = hub.settings.four_eyes
    seals = hub.seals()
    return Repair(hub.store, hub.log, hub.installed, hub.clock, seals, four_eyes=four_eyes)


def _wanted(holder: Sender | None, query: ItemsQuery) -> Wanted:
    """Say which items are meant; of those, whoever shows a key of no officer sees its own."""
    wanted = Wanted(
        **query.model_dump(exclude={"id", "offset"}), ids=None if query.id is None else [query.id]
    )
    if holder is None or holder.sees_all:
        return wanted
    return replace(wanted, sender=holder.name, contracts=sorted(holder.scope.contracts))


def _own(edge: Edge, who: Sender, ids: list[str]) -> list[Item]:
    """Find items that somebody may repair; raise 404 for others, there or not."""
    items = _found(edge, who, ids)
    absent = set(ids) - {i.event_id for i in items}
    if absent:
        error = _absent(min(absent))
        raise ProblemError(404, error.rule, error.vi, error.en)
    return items


def _found(edge: Edge, who: Sender, ids: list[str]) -> list[Item]:
    own = Wanted(sender=who.name, ids=ids, contracts=sorted(who.scope.contracts))
    wanted = Wanted(ids=ids) if who.is_officer else own
    with edge.hub.store.reading() as reading:
        return list(rejected.all_items(reading, edge.part(OpenHub.seals).opener(), wanted))


def _limits(who: Sender) -> Sender | None:
    """Give whose scope holds: that of who asks; where an officer does, that of who sent."""
    return None if who.is_officer else who


def _trials(repairing: Repair, who: Sender, items: list[Item]) -> list[dict[str, Any]]:
    return [
        {"contract": contract, "sender": sender, **vars(trial)}
        for contract, sender, trial in repairing.try_out(items, _limits(who))
    ]


async def _acted(
    edge: Edge, request: Request, who: Sender, what: str, ids: list[str], do: Callable[[], T]
) -> T:
    """Do something to items; that it was begun is in the audit log before, and how it ended."""
    # The ids are as somebody wrote them: nobody has looked for them yet.
    asked = {"key": who.key_id, "items": [mask_text(name) for name in ids]}
    entry = Entry(who.name, f"quarantine {what}", "begun", asked)
    await asyncio.wrap_future(edge.auditor.record(entry))
    done = await asyncio.to_thread(do)
    detail = {"key": who.key_id, "items": len(ids)}
    ended = Entry(who.name, f"quarantine {what}", detail=detail)
    await asyncio.wrap_future(edge.auditor.record(ended))
    request.state.is_recorded = True
    return done


def _name(who: Sender) -> str:
    return f"{who.name}#{who.key_id}"


def _absent(name: str) -> RepairError:
    return RepairError("unknown_item", f"không có bản ghi {name}", f"there is no item {name}")
