"""The routes of the repair loop. A department sees and repairs its own items, an officer all."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from typing import Annotated, Any, TypeVar

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub.access.audit import Auditor, Entry
from hub.access.keys import Sender
from hub.definitions.admission import BodyError, Verdict
from hub.figures.compute import QuestionError
from hub.gateway.gateway import Gateway
from hub.http.guard import Guard, read_body
from hub.http.problems import ProblemError, find_contract, question_problem, read_offset
from hub.opening import OpenHub
from hub.repair import repair
from hub.repair.repair import ENDED, ITEMS_MAX, Item, Repair, RepairError, Wanted
from hub.sheets.files import corrections, errors

BODY_BYTES_MAX = 1 << 20
PAGE = 100
_FILTERS = ("sender", "contract", "rule", "field", "state")
T = TypeVar("T")
Body = TypeVar("Body", bound=BaseModel)
ID_MAX = 160
Id = Field(min_length=1, max_length=ID_MAX)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Fix(_Strict):
    """A correction: some fields (null takes one out), or the whole item."""

    id: str = Id
    changes: dict[str, Any] | None = None
    item: dict[str, Any] | None = None


class Some(_Strict):
    """Some items, by their ids."""

    ids: list[Annotated[str, Id]] = Field(min_length=1, max_length=ITEMS_MAX)


class Discard(Some):
    """Items that are not to be sent, and why."""

    reason: str = Field(min_length=1, max_length=500)


class Repairs:
    """The handlers."""

    def __init__(self, hub: OpenHub, guard: Guard, gateway: Gateway, auditor: Auditor) -> None:
        self._hub = hub
        self._guard = guard
        self._gateway = gateway
        self._auditor = auditor
        four_eyes = hub.settings.four_eyes
        self._repair = Repair(hub.store, hub.log, hub.installed, hub.clock, four_eyes=four_eyes)

    async def list_items(self, request: Request) -> dict[str, Any]:
        """List rejected items by cause, and a page of them."""
        wanted, offset = await self._wanted(request)

        def ask() -> dict[str, Any]:
            with self._hub.store.reading() as reading:
                found = repair.items(reading, wanted, offset, PAGE + 1)
                return {
                    "groups": repair.groups(reading, wanted),
                    "items": [i.public() for i in found[:PAGE]],
                    "next_offset": offset + PAGE if len(found) > PAGE else None,
                }

        return await asyncio.to_thread(ask)

    async def fix(self, request: Request) -> dict[str, Any]:
        """Keep a correction; say what sending it would change."""
        who = await self._guard.sender(request)
        body = await _read(request, Fix)
        is_one = len(body.model_fields_set) == 2  # an explicit null is none of both
        if not is_one or body.changes is body.item is None:
            raise _bad("changes", "cần changes hoặc item", "give either changes or item")
        said = repair.as_json(body.item or {}) if body.changes is None else body.changes

        def do() -> dict[str, Any]:
            (item,) = self._own(who, [body.id])
            fixed = self._repair.fix(item, said, _name(who))
            return {"item": fixed.public(), "trials": self._trials([fixed])}

        return await self._acted(request, who, "fix", [body.id], do)

    async def fix_rows(self, contract: str, request: Request) -> dict[str, Any]:
        """Keep the corrections of a CSV or XLSX file, row by row; say what sending them changes."""
        who = await self._guard.sender(request)
        found = find_contract(self._hub.contracts, contract)
        body = await read_body(request, self._hub.settings.body_mib_max << 20)
        try:
            rows = await asyncio.to_thread(corrections, found, body)
        except BodyError as error:
            raise ProblemError(error.status, error.rule, error.vi, error.en) from None
        if len(rows) > ITEMS_MAX:
            vi, en = f"{len(rows)} dòng, tối đa", f"{len(rows)} rows, at most"
            raise ProblemError(413, "too_many_rows", f"{vi} {ITEMS_MAX}", f"{en} {ITEMS_MAX}")

        def do() -> dict[str, Any]:
            known = {i.event_id: i for i in self._found(who, [name for name, _ in rows])}
            fixed, refused = [], []
            for name, said in rows:
                try:
                    if isinstance(said, Verdict):
                        raise RepairError(said.rule, said.message_vi, said.message_en)
                    if name not in known:
                        raise _absent(name)
                    fixed.append(self._repair.fix(known[name], said, _name(who)))
                except RepairError as error:
                    words = {"message_vi": error.vi, "message_en": error.en}
                    refused.append({"id": name, "rule": error.rule, **words})
            trials = self._trials(fixed) if fixed else []
            return {"fixed": [i.event_id for i in fixed], "refused": refused, "trials": trials}

        return await self._acted(request, who, "fix", [name[:ID_MAX] for name, _ in rows], do)

    async def get_rows(self, contract: str, request: Request) -> Response:
        """Give rejected items of a contract as CSV, as `fix_rows` takes them back."""
        found = find_contract(self._hub.contracts, contract)
        wanted, _ = await self._wanted(request)

        def ask() -> str:
            with self._hub.store.reading() as reading:
                every = repair.all_items(reading, replace(wanted, contract=contract))
                waiting = (i.as_rejected() for i in every if i.state not in ENDED)
                return errors(found, list(islice(waiting, ITEMS_MAX)))

        return Response(
            await asyncio.to_thread(ask),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{contract}.csv"'},
        )

    async def try_out(self, request: Request) -> dict[str, Any]:
        """Say what sending items would change; nothing is committed."""
        who = await self._guard.sender(request)
        body = await _read(request, Some)

        def do() -> dict[str, Any]:
            return {"trials": self._trials(self._own(who, body.ids))}

        return await self._told(do)

    async def replay(self, request: Request) -> dict[str, Any]:
        """Send items again that keep their contract; give their receipts, and what is left."""
        who = await self._guard.sender(request)
        body = await _read(request, Some)

        def do() -> dict[str, Any]:
            found = self._own(who, body.ids)
            limits = None if who.is_officer else who
            receipts = self._repair.replay(found, _name(who), self._gateway, limits)
            left = [i.public() for i in found if i.event_id not in receipts]
            return {"receipts": receipts, "left": left}

        return await self._acted(request, who, "replay", body.ids, do)

    async def discard(self, request: Request) -> dict[str, Any]:
        """End the repair of items that are not to be sent."""
        who = await self._guard.sender(request)
        body = await _read(request, Discard)

        def do() -> dict[str, Any]:
            self._repair.discard(self._own(who, body.ids), _name(who), body.reason)
            return {"discarded": body.ids}

        return await self._acted(request, who, "discard", body.ids, do)

    async def _wanted(self, request: Request) -> tuple[Wanted, int]:
        parameters = dict(request.query_params)
        offset = read_offset(parameters)
        parameters.pop("offset", None)
        ids = parameters.pop("id", None)
        for name in parameters:
            if name not in _FILTERS:
                raise _bad(name, f"không có tham số {name}", f"no parameter {name}")
        is_known = "authorization" in request.headers or not self._hub.settings.is_loopback
        who = await self._guard.sender(request) if is_known else None
        found = None if ids is None else [ids]
        if who is None or who.is_officer:
            return Wanted(**parameters, ids=found), offset
        parameters["sender"] = who.name
        return Wanted(**parameters, ids=found, contracts=sorted(who.contracts)), offset

    def _own(self, who: Sender, ids: list[str]) -> list[Item]:
        """Find items that somebody may repair; raise 404 for others, there or not."""
        found = self._found(who, ids)
        absent = set(ids) - {i.event_id for i in found}
        if absent:
            error = _absent(min(absent))
            raise ProblemError(404, error.rule, error.vi, error.en)
        return found

    def _found(self, who: Sender, ids: list[str]) -> list[Item]:
        own = Wanted(sender=who.name, ids=ids, contracts=sorted(who.contracts))
        wanted = Wanted(ids=ids) if who.is_officer else own
        with self._hub.store.reading() as reading:
            return list(repair.all_items(reading, wanted))

    def _trials(self, found: list[Item]) -> list[dict[str, Any]]:
        return [
            {"contract": contract, "sender": sender, **vars(trial)}
            for contract, sender, trial in self._repair.try_out(found)
        ]

    async def _acted(
        self, request: Request, who: Sender, what: str, ids: list[str], do: Callable[[], T]
    ) -> T:
        """Do something to items; that it was begun is in the audit log before, and how it ended."""
        entry = Entry(who.name, f"quarantine {what}", "begun", {"key": who.key_id, "items": ids})
        await asyncio.wrap_future(self._auditor.record(entry))
        done = await self._told(do)
        detail = {"key": who.key_id, "items": len(ids)}
        ended = Entry(who.name, f"quarantine {what}", detail=detail)
        await asyncio.wrap_future(self._auditor.record(ended))
        request.state.is_recorded = True
        return done

    async def _told(self, do: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(do)
        except RepairError as error:
            status = 403 if error.rule in _FORBIDDEN else 409 if error.rule in _BUSY else 422
            raise ProblemError(status, error.rule, error.vi, error.en) from None


_FORBIDDEN = ("four_eyes", "unit_not_allowed")
_BUSY = ("busy", "changed_meanwhile", "ended")


def _name(who: Sender) -> str:
    return f"{who.name}#{who.key_id}"


async def _read(request: Request, of: type[Body]) -> Body:
    try:
        return of.model_validate_json(await read_body(request, BODY_BYTES_MAX))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(p) for p in first["loc"])
        raise _bad(name, f"{name}: nội dung không đúng: {first['msg']}", first["msg"]) from None


def _absent(name: str) -> RepairError:
    return RepairError("unknown_item", f"không có bản ghi {name}", f"there is no item {name}")


def _bad(name: str, vi: str, en: str) -> ProblemError:
    return question_problem(QuestionError(name, vi, en))
