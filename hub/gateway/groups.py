"""Requests that come together are carried on together: one thread, one transaction, one wake-up."""

import asyncio
from collections import deque
from collections.abc import Callable

from hub.access.audit import Auditor, Entry
from hub.gateway.gateway import Answer, Gateway, Offer

GROUP_MAX = 256
SMALL_BYTES = 16 << 10  # bodies up to here are prepared together; larger ones would hold them up

Noted = Callable[[Answer], Entry]


class AuditError(RuntimeError):
    """What was done could not be written down, so that it must not be acknowledged."""


class Groups:
    """Carries offers through a gateway, a group at a time; each use is in the audit log."""

    def __init__(self, gateway: Gateway, auditor: Auditor) -> None:
        self._gateway = gateway
        self._auditor = auditor
        self._waiting: deque[tuple[Offer, Noted, asyncio.Future[None]]] = deque()
        self._carrier: asyncio.Task[None] | None = None

    async def take(self, offer: Offer, noted: Noted) -> Answer:
        """Carry one offer; answer when it is durable and `noted` is in the audit log.

        Raises as `Gateway.accept` does, and `AuditError`.
        """
        if len(offer.body) > SMALL_BYTES:
            await asyncio.to_thread(self._gateway.prepare, [offer])
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((offer, noted, done))
        if self._carrier is None:
            self._carrier = asyncio.create_task(self._carry())
        await done
        return offer.outcome()

    async def _carry(self) -> None:
        try:
            while self._waiting:
                size = min(len(self._waiting), GROUP_MAX)
                group = [self._waiting.popleft() for _ in range(size)]
                await asyncio.to_thread(self._carry_group, [(o, n) for o, n, _ in group])
                for _, _, done in group:
                    if not done.done():  # whoever waited may have gone
                        done.set_result(None)
        finally:
            self._carrier = None

    def _carry_group(self, group: list[tuple[Offer, Noted]]) -> None:
        offers = [o for o, _ in group]
        self._gateway.prepare([o for o in offers if o.submission is None and o.error is None])
        self._gateway.commit(offers)
        taken = [(o, n(o.answer)) for o, n in group if o.error is None and o.answer is not None]
        if not taken:
            return
        try:
            self._auditor.record(*(entry for _, entry in taken)).result()
        except Exception as error:
            for offer, _ in taken:
                offer.error = AuditError(str(error))
