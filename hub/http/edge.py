"""The edge of an opened hub: what routes have in common, and what they depend on.

A route takes `Here` for the edge, `Asking` for the sender whose key was shown, `Named` for the
contract in its path; `Reader` lets in whoever may read, `Seeing` is within whose scope somebody
sees what is not for every key: None sees all.
"""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any, TypeVar, cast

from fastapi import Depends, Request

from hub.access.audit import Auditor, Entry
from hub.access.keys import Sender
from hub.access.scope import WHOLE, Scope
from hub.clock import iso, to_us
from hub.definitions.contract import Contract
from hub.gateway.gateway import Gateway
from hub.gateway.groups import Groups
from hub.http.boards import Progress
from hub.http.guard import Guard
from hub.http.problems import ProblemError
from hub.opening import OpenHub
from hub.reference.periods import Period, parse_period
from hub.store.reading import Reading

UNITS_TOLD_MAX = 20
UPKEEP_THREADS = 32  # more than there are loops of upkeep; one is made where all others are busy
ASKED_BY = {"units": "unit", "areas": "area"}  # the parameter by which one is asked for, by limit
T = TypeVar("T")


class Edge:
    """The parts of one opened hub that its routes share."""

    def __init__(self, hub: OpenHub, gateway: Gateway, progress: Progress) -> None:
        self.hub = hub
        self.gateway = gateway
        self.progress = progress
        self.auditor = Auditor(hub.audit())
        self.groups = Groups(gateway, self.auditor)
        self.guard = Guard(hub)
        # Threads of upkeep are its own: what is slow there takes none from those who ask.
        self.upkeep = ThreadPoolExecutor(UPKEEP_THREADS, "upkeep")
        self._parts: dict[Callable[[OpenHub], Any], Any] = {}

    def part(self, make: Callable[[OpenHub], T]) -> T:
        """Give what `make` makes of the hub: made once, and kept for all requests."""
        if make not in self._parts:
            self._parts[make] = make(self.hub)
        return cast(T, self._parts[make])

    async def looked(self, request: Request, holder: Sender | None, items: list[str]) -> bool:
        """Tell whether the originals of items are shown to whoever asks.

        They are not without a key, nor to an auditor.

        That an officer saw them is in the audit log before the officer does. A sender, who is
        given no others' items, sees its own.
        """
        if holder is None or not items or (holder.sees_all and not holder.is_officer):
            return False
        if holder.is_officer:
            entry = Entry(
                holder.name, "originals seen", detail={"key": holder.key_id, "items": items}
            )
            await asyncio.wrap_future(self.auditor.record(entry))
            request.state.is_recorded = True
        return True

    def now(self) -> int:
        """Tell the present instant, in microseconds."""
        return to_us(self.hub.clock())

    def year(self) -> Period:
        """Give the present year: the period of a question that names none."""
        return parse_period(str(iso(self.now()))[:4])

    def contract(self, name: str) -> Contract:
        """Find a contract; raise 404 where there is none."""
        contract = self.hub.contracts.get(name)
        if contract is None:
            words = (f"không có hợp đồng dữ liệu {name}", f"there is no contract {name}")
            raise ProblemError(404, "unknown_contract", *words)
        return contract

    async def read(self, ask: Callable[[Reading], T]) -> T:
        """Ask a snapshot of the store, in a thread."""

        def opened() -> T:
            with self.hub.store.reading() as reading:
                return ask(reading)

        return await asyncio.to_thread(opened)


def within(who: Sender | None, contract: Contract | None, asked: Mapping[str, Any]) -> Scope:
    """Give the scope in which somebody sees things of a contract.

    Raises 403 for a contract that is not in it, and where a unit is asked for that is not.
    """
    scope = WHOLE if who is None else who.scope
    if contract is None:
        return scope
    if not scope.may_send(contract.name):
        is_person = who is not None and bool(who.roles)
        vi = f"{'bạn' if is_person else 'khóa này'} không xem {contract.name}"
        en = f"{'your role' if is_person else 'this key'} does not see {contract.name}"
        raise ProblemError(403, "contract_not_allowed", vi, en)
    for kind, _, codes in scope.limits(contract):
        code = str(asked.get(ASKED_BY.get(kind, "")) or "").partition("@")[0]
        if code and code not in codes:
            listed = ", ".join(sorted(codes)[:UNITS_TOLD_MAX])
            vi = f"hồ sơ của {code} không thuộc phạm vi của bạn; bạn xem được: {listed}"
            en = f"things of {code} are not within your scope, which is {listed}"
            raise ProblemError(403, "unit_not_allowed", vi, en)
    return scope


def edge_of(request: Request) -> Edge:
    """Give the edge of the application that a request came to."""
    return cast(Edge, request.app.state.edge)


async def _edge(request: Request) -> Edge:
    return edge_of(request)


Here = Annotated[Edge, Depends(_edge)]


async def _reader(request: Request, edge: Here) -> None:
    await edge.guard.reader(request)


async def _seer(request: Request, edge: Here) -> Sender | None:
    return await edge.guard.seer(request)


async def _sender(request: Request, edge: Here) -> Sender:
    return await edge.guard.sender(request)


async def _contract(contract: str, edge: Here) -> Contract:
    return edge.contract(contract)


Reader = Depends(_reader)
Seeing = Annotated[Sender | None, Depends(_seer)]
Asking = Annotated[Sender, Depends(_sender)]
Named = Annotated[Contract, Depends(_contract)]
