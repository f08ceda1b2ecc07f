"""The routes by which a server is watched."""

import asyncio
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from hub.figures.compute import lacks_of
from hub.http.edge import Edge, Here
from hub.http.gauges import Gauges
from hub.http.guard import is_forwarded
from hub.http.openapi import problem
from hub.http.problems import ProblemError
from hub.log.log import LogUnavailableError
from hub.operating.metrics import HELD, rendered
from hub.store.troubles import StoreUnavailableError

router = APIRouter()


@router.get("/healthz", summary="Tiến trình còn sống | The process is alive", response_model=None)
async def healthz() -> dict[str, str]:
    """Say that the process is alive."""
    return {"status": "ok"}


@router.get(
    "/readyz",
    summary="Sẵn sàng phục vụ | Ready to serve",
    response_model=None,
    responses={503: problem("Đã ngừng cập nhật | Figures are no longer updated")},
)
async def readyz(edge: Here) -> dict[str, Any]:
    """Say whether figures are being kept up to date."""
    applying, spool = edge.hub.applying, edge.gateway.spool
    if not applying.is_running and spool is not None and is_away(applying.failure):
        # Figures cannot be asked, and what is sent is kept here meanwhile.
        return {"status": "spooling", "waiting": spool.waiting}
    if not applying.is_running:
        raise ProblemError(
            503,
            "not_applying",
            f"đã ngừng cập nhật số liệu: {applying.failure!r}",
            f"figures are no longer updated: {applying.failure!r}",
        )
    try:
        lag = await asyncio.to_thread(applying.lag)
    except LogUnavailableError as error:
        if spool is not None:
            # What is sent is kept here meanwhile.
            return {"status": "spooling", "waiting": spool.waiting}
        raise ProblemError(
            503,
            "log_unavailable",
            f"không hỏi được nhật ký sự kiện: {error}",
            f"the log cannot be asked: {error}",
        ) from None
    lacks = await asyncio.to_thread(_lacks, edge)
    return {"status": "ready", "lag_events": lag, **({"lacks": lacks} if lacks else {})}


def is_away(failure: Exception | None) -> bool:
    """Tell whether nothing is applied since the database is away, and for no other reason."""
    return isinstance(failure, StoreUnavailableError)


def _lacks(edge: Edge) -> list[dict[str, str]]:
    """Say which lists figures wait for: the hub is ready to load them."""
    with edge.hub.store.reading() as reading:
        lacks = lacks_of(edge.hub.kpis.values(), edge.hub.book(reading))
    return [vars(lack).copy() for lack in lacks]


@router.get(
    "/metrics",
    summary="Prometheus",
    response_class=PlainTextResponse,
    response_description="Prometheus",
)
async def metrics(edge: Here, request: Request) -> Response:
    """Give the metrics in Prometheus' text format; through a proxy, to who shows a key."""
    if is_forwarded(request):
        await edge.guard.sender(request)
    await asyncio.to_thread(edge.part(Gauges).refresh)
    text, media_type = rendered(HELD)
    return Response(text, media_type=media_type)
