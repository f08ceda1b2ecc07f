"""The application: the routes of every module of this room, over one opened hub."""

import asyncio
import importlib
import pkgutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Receive, Scope, Send

from hub import http
from hub.gateway.gateway import Gateway
from hub.http import openapi, sending
from hub.http.boards import Progress
from hub.http.edge import Edge
from hub.http.observer import Observer
from hub.http.once import Once
from hub.http.problems import answer_errors
from hub.http.sign_in import provider_of
from hub.http.upkeep import (
    add_up_hourly,
    deliver_alerts,
    dispatch_reports,
    erase_hourly,
    issue_bulletins,
    mend_often,
    tell_alerts,
    tend_columns,
    thin_hourly,
)
from hub.opening import OpenHub
from hub.operating import metrics
from hub.operating.logs import open_access_log

GZIP_BYTES_MIN = 1_024
# Half the time of the usual 9, for a few percent more bytes.
GZIP_LEVEL = 5


class _Gzip(GZipMiddleware):
    """Compresses what is sent to whoever accepts that.

    What is answered to a POST is kept by no cache, so it need not say that others would get it in
    another form.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] == "http" and scope["method"] == "POST":
            names = (value for name, value in scope["headers"] if name == b"accept-encoding")
            if not any(b"gzip" in value for value in names):
                await self.app(scope, receive, send)
                return
        await super().__call__(scope, receive, send)


def routers() -> Iterator[APIRouter]:
    """Find the `router` of each module of this room; a file in it is all that takes."""
    for module in sorted(pkgutil.iter_modules(http.__path__), key=lambda m: m.name):
        found = getattr(importlib.import_module(f"{http.__name__}.{module.name}"), "router", None)
        if isinstance(found, APIRouter):
            yield found


def create_app(hub: OpenHub, gateway: Gateway, progress: Progress = lambda: None) -> FastAPI:
    """Make the application of an opened hub."""
    edge = Edge(hub, gateway, progress)
    edge.part(OpenHub.deliverer)  # a wrong setting of an outlet stops the start
    if edge.guard.people.is_on:
        edge.part(provider_of)  # so does that of the provider
    metrics.begin({name: contract.topic for name, contract in hub.contracts.items()})

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        upkeep = [
            asyncio.create_task(work(edge))
            for work in (
                tend_columns,
                erase_hourly,
                thin_hourly,
                add_up_hourly,
                mend_often,
                tell_alerts,
                deliver_alerts,
                issue_bulletins,
                dispatch_reports,
            )
        ]
        yield
        for task in upkeep:
            task.cancel()
        await asyncio.to_thread(edge.upkeep.shutdown)
        await asyncio.to_thread(gateway.close)
        await asyncio.to_thread(edge.auditor.close)

    app = FastAPI(
        title="LGSP hub",
        version=openapi.VERSION,
        description=openapi.DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False},
    )
    app.state.edge = edge
    app.openapi = openapi.renderer(app)  # type: ignore[method-assign]
    answer_errors(app)
    where = hub.settings.access_log
    access = open_access_log(where) if where else None
    app.add_middleware(Once)
    app.add_middleware(_Gzip, minimum_size=GZIP_BYTES_MIN, compresslevel=GZIP_LEVEL)
    app.add_middleware(Observer, auditor=edge.auditor, access=access)
    # Routes are taken over as they are: what `include_router` wraps them in is gone through again
    # for each request. Those of contracts come first, since most requests are theirs.
    for router in (sending.contract_routes(hub.contracts), *routers()):
        app.router.routes.extend(router.routes)
    return app
