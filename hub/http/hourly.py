"""Hourly: what a server does beside answering: originals that nobody needs any more are erased."""

import asyncio
import logging

from hub.access.audit import Entry
from hub.http.edge import Edge
from hub.log.log import LogUnavailableError
from hub.opening import OpenHub
from hub.repair.erasing import erase
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
