"""Hourly: what a server does beside answering.

Originals that nobody needs any more are erased; it is looked whether the reports add up.
"""

import asyncio
import logging

from hub import registry
from hub.access.audit import Entry
from hub.http.edge import Edge
from hub.log.log import LogUnavailableError
from hub.opening import OpenHub
from hub.operating import metrics
from hub.repair.erasing import erase
from hub.reports.filled import count_broken
from hub.store.troubles import StoreUnavailableError

SECONDS = 3600.0
log = logging.getLogger(__name__)


async def erase_hourly(edge: Edge) -> None:
    """Destroy keys whose originals are not needed any more, now and every hour, until cancelled."""
    hub = edge.hub
    while True:
        try:
            seals, days = edge.part(OpenHub.seals), hub.settings.originals_days
            count = await asyncio.to_thread(erase, hub.store, hub.log, seals, edge.now(), days)
            if count:
                entry = Entry("hub", "originals erased", detail={"keys": count})
                await asyncio.wrap_future(edge.auditor.record(entry))
        except (StoreUnavailableError, LogUnavailableError) as error:
            log.warning("originals are erased later: %s", error)
        except Exception:
            # Were this to end, nothing would be erased until the next start.
            log.exception("originals cannot be erased; it is tried again")
        await asyncio.sleep(SECONDS)


async def add_up_hourly(edge: Edge) -> None:
    """Look whether the reports add up, now and every hour, until cancelled."""
    while True:
        try:
            await asyncio.to_thread(add_up, edge.hub, edge.now())
        except StoreUnavailableError as error:
            log.warning("it is looked later whether reports add up: %s", error)
        except Exception:
            # Were this to end, nobody would look until the next start.
            log.exception("reports cannot be added up; it is tried again")
        await asyncio.sleep(SECONDS)


def add_up(hub: OpenHub, now: int) -> None:
    """Set the gauge of what does not add up in the reports."""
    reports = list(registry.reports().values())
    with hub.store.reading() as reading:
        metrics.REPORT_BROKEN.set(count_broken(reports, hub.book(reading), now))
