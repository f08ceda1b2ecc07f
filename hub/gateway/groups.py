"""Requests that come together are carried on together: one thread, one transaction, one wake-up.

Where there is a spool, what the audit log is to hold of them is kept there while the audit log, in
PostgreSQL, is away; it stands there with the instant at which it was done, and is written later.
"""

import asyncio
import json
from collections import deque
from collections.abc import Callable

from hub.access.audit import Auditor, Entry
from hub.clock import iso, to_us
from hub.gateway.gateway import Answer, Gateway, Offer
from hub.log.log import LogUnavailableError

GROUP_MAX = 256
WRITE_SECONDS_MAX = 30.0
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
        if gateway.spool is not None:
            gateway.spool.write_notes = self._write_notes

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
            self._record([entry for _, entry in taken])
        except Exception as error:
            for offer, _ in taken:
                offer.error = AuditError(str(error))

    def _record(self, entries: list[Entry]) -> None:
        """Write entries durably, in the audit log or, while it is away, in the spool."""
        spool = self._gateway.spool
        try:
            self._auditor.record(*entries).result()
        except Exception:
            if spool is None:
                raise
            at = iso(to_us(self._gateway.clock()))
            noted = [(e.actor, e.action, e.outcome, e.detail | {"done_at": at}) for e in entries]
            spool.note([json.dumps(n, ensure_ascii=False) for n in noted])

    def _write_notes(self, texts: list[str]) -> None:
        entries = [Entry(*json.loads(text)) for text in texts]
        try:
            self._auditor.record(*entries).result(WRITE_SECONDS_MAX)
        except Exception as error:  # the spool tries again, and says why
            raise LogUnavailableError(f"the audit log: {error}") from error
