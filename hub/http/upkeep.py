"""Upkeep: what a server does by itself beside answering.

Every hour, originals that nobody needs any more are erased, exchanges that were settled long ago
are forgotten, and it is looked whether the reports add up; every half minute scheduled reports are
given; every few seconds, rejected items are closed that were mended, and alerts are told and
delivered; every second, the columns that questions are answered from are brought up to date, and
what people see first is asked of new ones. The last, and what was mended, are looked at where
something was committed since, and else each quarter of a minute.
"""

import asyncio
import logging
import time
from collections.abc import Callable

from hub import registry
from hub.access.audit import Entry
from hub.clock import DAY_US
from hub.http.edge import Edge
from hub.log.log import LogUnavailableError
from hub.opening import OpenHub
from hub.operating import metrics
from hub.repair.erasing import erase
from hub.repair.mending import close_mended
from hub.reports.filled import count_broken
from hub.store import exchanges
from hub.store.troubles import StoreUnavailableError

HOUR_SECONDS = 3600.0
MENDING_SECONDS = 3.0
ALERTS_SECONDS = 2.0
COLUMNS_SECONDS = 1.0
REPORTS_SECONDS = 30.0
QUIET_SECONDS = 15.0  # what hangs on commits alone is looked at so often where there were none
SHARE_MAX = 0.05  # of the time is given to either of the first two at most
ALERTS_REST_MAX = 15.0  # but alerts are looked at again by then: people wait for them
log = logging.getLogger(__name__)


async def erase_hourly(edge: Edge) -> None:
    """Destroy keys whose originals are not needed any more, now and every hour, until cancelled."""
    hub = edge.hub

    def do() -> int:
        seals, days = edge.part(OpenHub.seals), hub.settings.originals_days
        return erase(hub.store, hub.log, seals, edge.now(), days)

    while True:
        await _done(edge, "originals erased", "keys", do)
        await asyncio.sleep(HOUR_SECONDS)


async def thin_hourly(edge: Edge) -> None:
    """Forget what the ledger of exchanges need not keep any more, every hour, until cancelled."""
    store, days = edge.hub.store, edge.hub.settings.exchanges_days

    def do() -> int:
        return exchanges.thin(store, edge.now() - days * DAY_US)

    while True:
        await _done(edge, "exchanges forgotten", "messages", do)
        await asyncio.sleep(HOUR_SECONDS)


async def mend_often(edge: Edge) -> None:
    """Close rejected items that were mended, every few seconds, until cancelled."""
    hub = edge.hub

    def do() -> int:
        seals = edge.part(OpenHub.seals)
        return close_mended(hub.store, hub.log, seals.opener(), hub.clock)

    news = _News(edge)
    while True:
        began = time.monotonic()
        if news.is_there():
            await _done(edge, "items closed as mended", "items", do)
        took = time.monotonic() - began
        await asyncio.sleep(max(MENDING_SECONDS, took / SHARE_MAX))


async def tell_alerts(edge: Edge) -> None:
    """Look what is new about alerts, every few seconds, until cancelled."""

    def do() -> int:
        edge.part(OpenHub.teller).round()
        return 0  # they are on a topic of their own, and no act that the audit log holds

    while True:
        began = time.monotonic()
        await _done(edge, "alerts told", "events", do)
        took = time.monotonic() - began
        await asyncio.sleep(rest_after(took))


def rest_after(took: float) -> float:
    """Say how long to rest (s) after a look at alerts that took so long (s).

    On a machine that is slow or busy one look may take seconds: it is not rested for minutes then.
    """
    return min(max(ALERTS_SECONDS, took / SHARE_MAX), ALERTS_REST_MAX)


async def tend_columns(edge: Edge) -> None:
    """See to the columns of facts, every second, until cancelled."""

    def do() -> int:
        edge.hub.tend_columns()
        return 0

    news = _News(edge)
    while True:
        if news.is_there():
            await _done(edge, "columns made", "columns", do)
        await asyncio.sleep(COLUMNS_SECONDS)


async def deliver_alerts(edge: Edge) -> None:
    """Tell officers of alerts, every few seconds, until cancelled."""

    def do() -> int:
        edge.part(OpenHub.deliverer).round()
        return 0  # they are in a table of their own

    while True:
        await _done(edge, "alerts delivered", "messages", do)
        await asyncio.sleep(ALERTS_SECONDS)


async def issue_bulletins(edge: Edge) -> None:
    """Tell people of alerts, every few seconds, until cancelled.

    An outlet that hangs holds up the round, and with it no officer: theirs are rounds apart.
    """

    def do() -> int:
        edge.part(OpenHub.issuer).round()
        return 0  # they are in the table of deliveries, too

    while True:
        await _done(edge, "bulletins issued", "messages", do)
        await asyncio.sleep(ALERTS_SECONDS)


async def dispatch_reports(edge: Edge) -> None:
    """Give scheduled reports, every half minute, until cancelled."""

    def do() -> int:
        return edge.part(OpenHub.dispatcher).round()

    while True:
        await _done(edge, "scheduled reports given", "reports", do)
        await asyncio.sleep(REPORTS_SECONDS)


async def add_up_hourly(edge: Edge) -> None:
    """Look whether the reports add up, now and every hour, until cancelled."""

    def do() -> int:
        add_up(edge.hub, edge.now())
        return 0

    while True:
        await _done(edge, "reports added up", "reports", do)
        await asyncio.sleep(HOUR_SECONDS)


def add_up(hub: OpenHub, now: int) -> None:
    """Set the gauge of what does not add up in the reports."""
    reports = list(registry.reports().values())
    with hub.store.reading() as reading:
        metrics.REPORT_BROKEN.set(count_broken(reports, hub.book(reading), now))


class _News:
    """Tells whether there may be anything new: after a commit, and where a while has gone by."""

    def __init__(self, edge: Edge) -> None:
        self._database = edge.hub.store.database
        self._seen: int | None = None
        self._at = float("-inf")

    def is_there(self) -> bool:
        """Tell whether to look; whoever asks looks then."""
        now, seen = time.monotonic(), self._database.seen()
        is_same = seen is not None and seen == self._seen
        if is_same and now - self._at < QUIET_SECONDS:
            return False
        self._seen, self._at = seen, now
        return True


async def _done(edge: Edge, action: str, what: str, do: Callable[[], int]) -> None:
    """Do something in a thread, and note in the audit log how much of it there was."""
    try:
        count = await asyncio.get_running_loop().run_in_executor(edge.upkeep, do)
        if count:
            entry = Entry("hub", action, detail={what: count})
            await asyncio.wrap_future(edge.auditor.record(entry))
    except (StoreUnavailableError, LogUnavailableError) as error:
        log.warning("%s: put off: %s", action, error)
    except Exception:
        # Were this to end, nothing more would be done until the next start.
        log.exception("%s: it failed, and is tried again", action)
