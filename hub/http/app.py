"""The routes."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib import resources
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from sse_starlette.sse import EventSourceResponse
from starlette.exceptions import HTTPException

from hub import metrics, quality, registry
from hub.admission import BodyError
from hub.book import open_book
from hub.clock import iso, to_us
from hub.figures import QuestionError, answer, read_question
from hub.gateway import Answer, Gateway
from hub.gauges import Gauges
from hub.http import openapi
from hub.http.boards import IDLE_SECONDS, Boards, Progress
from hub.http.guard import Guard, read_body
from hub.http.problems import ProblemError, question_problem, read_number, read_offset, read_period
from hub.hub import OpenHub
from hub.log import IdempotencyConflictError, LogUnavailableError

STREAM_SECONDS_MAX = 86_400.0
STREAM_EVENTS_MAX = 1_000_000
IDEMPOTENCY_KEY_LENGTH_MAX = 128
_CSP = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'"


class Api:
    """The handlers of one opened hub."""

    def __init__(self, hub: OpenHub, gateway: Gateway, progress: Progress) -> None:
        self._hub = hub
        self._gateway = gateway
        self._progress = progress
        self._guard = Guard(hub)
        self._boards = Boards(hub)
        self._gauges = Gauges(hub)

    async def take(self, name: str, request: Request) -> Response:
        """Take one request's events."""
        sender = await self._guard.sender(request)
        contract = registry.contracts().get(name)
        if contract is None:
            raise ProblemError(
                404,
                "unknown_contract",
                f"không có hợp đồng dữ liệu {name}",
                f"there is no contract {name}",
            )
        if not sender.may_send(name):
            raise ProblemError(
                403,
                "contract_not_allowed",
                f"khóa này không được gửi {name}",
                f"this key may not send {name}",
            )
        idempotency_key = _idempotency_key(request)
        body = await read_body(request, self._hub.settings.body_mib_max << 20)
        try:
            given: Answer = await asyncio.to_thread(
                self._gateway.accept, contract, sender, body, idempotency_key
            )
        except BodyError as error:
            raise ProblemError(error.status, error.rule, error.vi, error.en) from None
        except IdempotencyConflictError:
            raise ProblemError(
                409,
                "idempotency_conflict",
                "Idempotency-Key này đã dùng cho nội dung khác",
                "this Idempotency-Key was used with another body",
            ) from None
        except LogUnavailableError as error:
            raise ProblemError(
                503,
                "not_durable",
                f"chưa ghi bền vững được, hãy gửi lại: {error}",
                f"it could not be made durable, send it again: {error}",
                headers={"Retry-After": "5"},
            ) from None
        if not given.is_replay:
            accepted = given.body["accepted"] + given.body["duplicates"]
            metrics.EVENTS_ACCEPTED.labels(name).inc(accepted)
            for verdict in given.body["rejected"]:
                metrics.EVENTS_REJECTED.labels(name, verdict["rule"]).inc()
        return JSONResponse(given.body, given.status)

    def poster(self, name: str) -> Callable[[Request], Awaitable[Response]]:
        """Make the handler of one contract."""

        async def post_events(request: Request) -> Response:
            return await self.take(name, request)

        return post_events

    async def list_kpis(self, request: Request) -> dict[str, Any]:
        """List the KPIs; with a period, their figures of one cut."""
        await self._guard.reader(request)
        _only(request, ("period",))
        text = request.query_params.get("period")
        period = None if text is None else read_period(text)
        return await asyncio.to_thread(self._boards.catalogue, period)

    async def get_kpi(self, kpi_id: str, request: Request) -> dict[str, Any]:
        """Answer one question about one KPI."""
        await self._guard.reader(request)
        kpi = registry.kpis().get(kpi_id)
        if kpi is None:
            raise ProblemError(
                404, "unknown_kpi", f"không có chỉ số {kpi_id}", f"there is no KPI {kpi_id}"
            )
        parameters = dict(request.query_params)

        def ask() -> dict[str, Any]:
            question = read_question(kpi, parameters, to_us(self._hub.clock()))
            with self._hub.store.reading() as reading:
                return answer(kpi, question, open_book(reading))

        try:
            return await asyncio.to_thread(ask)
        except QuestionError as error:
            raise question_problem(error) from None

    async def list_sources(self, request: Request) -> dict[str, Any]:
        """List sources: heartbeat, lag, and four qualities with their formulas."""
        await self._guard.reader(request)
        _only(request, ("period", "received"))
        year = str(iso(to_us(self._hub.clock())))[:4]
        period = read_period(request.query_params.get("period", year))
        received = read_period(request.query_params.get("received", year))

        def ask() -> dict[str, Any]:
            with self._hub.store.reading() as reading:
                return quality.sources(self._hub, open_book(reading), period, received)

        return await asyncio.to_thread(ask)

    async def get_source(self, source: str, name: str, request: Request) -> dict[str, Any]:
        """Give the list behind one quality of one source, a page of it."""
        await self._guard.reader(request)
        _only(request, ("period", "offset"))
        at = to_us(self._hub.clock())
        period = read_period(request.query_params.get("period", str(iso(at))[:4]))
        offset = read_offset(dict(request.query_params))

        def ask() -> dict[str, Any] | None:
            with self._hub.store.reading() as reading:
                book = open_book(reading)
                if name not in quality.QUALITIES or not quality.is_known(book, source):
                    return None
                return quality.behind(book, source, name, period, at, offset)

        found = await asyncio.to_thread(ask)
        if found is None:
            raise ProblemError(
                404,
                "unknown_source_quality",
                f"không có {source}/{name}; chất lượng là {', '.join(quality.QUALITIES)}",
                f"there is no {source}/{name}; qualities are {', '.join(quality.QUALITIES)}",
            )
        return found

    async def stream(self, request: Request) -> Response:
        """Stream changed figures."""
        await self._guard.reader(request)
        parameters = dict(request.query_params)
        period = read_period(parameters.get("period") or str(iso(to_us(self._hub.clock())))[:4])
        limit = int(read_number(parameters, "limit", STREAM_EVENTS_MAX))
        seconds = read_number(parameters, "seconds", STREAM_SECONDS_MAX)
        since = request.headers.get("last-event-id")
        events = self._boards.follow(period, limit, seconds, since, self._progress)
        return EventSourceResponse(events, ping=int(IDLE_SECONDS))

    async def healthz(self) -> dict[str, str]:
        """Say that the process is alive."""
        return {"status": "ok"}

    async def readyz(self) -> dict[str, Any]:
        """Say whether figures are being kept up to date."""
        if not self._hub.applying.is_running:
            failure = self._hub.applying.failure
            raise ProblemError(
                503,
                "not_applying",
                f"đã ngừng cập nhật số liệu: {failure!r}",
                f"figures are no longer updated: {failure!r}",
            )
        try:
            lag = await asyncio.to_thread(self._hub.applying.lag)
        except LogUnavailableError as error:
            raise ProblemError(
                503,
                "log_unavailable",
                f"không hỏi được nhật ký sự kiện: {error}",
                f"the log cannot be asked: {error}",
            ) from None
        return {"status": "ready", "lag_events": lag}

    async def metrics(self) -> Response:
        """Give the metrics in Prometheus' text format."""
        await asyncio.to_thread(self._gauges.refresh)
        text, media_type = metrics.rendered(metrics.HELD)
        return Response(text, media_type=media_type)


def _only(request: Request, known: tuple[str, ...]) -> None:
    """Refuse a parameter that would be ignored."""
    for name in request.query_params:
        if name not in known:
            raise question_problem(
                QuestionError(name, f"không có tham số {name}", f"no parameter {name}")
            )


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not 0 < len(key) <= IDEMPOTENCY_KEY_LENGTH_MAX:
        raise ProblemError(
            400,
            "idempotency_key_length",
            f"Idempotency-Key dài từ 1 đến {IDEMPOTENCY_KEY_LENGTH_MAX} ký tự",
            f"an Idempotency-Key has 1 to {IDEMPOTENCY_KEY_LENGTH_MAX} characters",
        )
    return key


def create_app(hub: OpenHub, gateway: Gateway, progress: Progress = lambda: None) -> FastAPI:
    """Make the application of an opened hub."""
    api = Api(hub, gateway, progress)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(gateway.close)

    app = FastAPI(
        title="LGSP hub",
        version=openapi.VERSION,
        description=openapi.DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.openapi = openapi.renderer(app)  # type: ignore[method-assign]
    app.add_exception_handler(ProblemError, _on_problem)
    app.add_exception_handler(HTTPException, _on_http)
    app.middleware("http")(_observe)
    for name, contract in registry.contracts().items():
        app.add_api_route(
            f"/v1/events/{name}",
            api.poster(name),
            methods=["POST"],
            summary=f"{contract.spec.title.vi} | {contract.spec.title.en}",
            operation_id=f"post_{name}",
            openapi_extra=openapi.post_extra(contract),
            responses=openapi.POST_RESPONSES,
            status_code=202,
        )

    @app.post("/v1/events/{contract}", include_in_schema=False)
    async def post_unknown(contract: str, request: Request) -> Response:
        return await api.take(contract, request)

    for path, handler, words in (
        ("/v1/kpis", api.list_kpis, "Danh mục chỉ số, số liệu một kỳ | KPIs, figures of a period"),
        ("/v1/kpis/{kpi_id}", api.get_kpi, "Số liệu của một chỉ số | A KPI's figures"),
        ("/v1/sources", api.list_sources, "Nguồn và chất lượng | Sources and their quality"),
        (
            "/v1/sources/{source}/{name}",
            api.get_source,
            "Danh sách sau một con số | The list behind a number",
        ),
        ("/v1/stream", api.stream, "Số liệu thay đổi | Changed figures, server-sent events"),
        ("/healthz", api.healthz, "Tiến trình còn sống | The process is alive"),
        ("/readyz", api.readyz, "Sẵn sàng phục vụ | Ready to serve"),
        ("/metrics", api.metrics, "Prometheus"),
    ):
        app.add_api_route(
            path,
            handler,
            summary=words,
            response_model=None,
            openapi_extra=openapi.QUERIES.get(path, {}),
            responses=openapi.GET_RESPONSES.get(path, {}),
        )
    page = resources.files("hub") / "page"

    def show_page(file: str) -> Callable[[], Awaitable[Response]]:
        async def get_page() -> Response:
            html = (page / file).read_bytes()
            return Response(html, media_type="text/html", headers={"Cache-Control": "no-cache"})

        return get_page

    for path, file in (("/", "index.html"), ("/sources", "sources.html")):
        app.add_api_route(path, show_page(file), include_in_schema=False)
    app.mount("/page", StaticFiles(directory=str(page)), name="page")
    return app


async def _on_problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return error.response()


async def _on_http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    words = {
        404: ("không tìm thấy", "not found"),
        405: ("phương thức không được dùng ở đây", "the method is not allowed here"),
    }
    vi, en = words.get(error.status_code, ("không xử lý được", str(error.detail)))
    headers = dict(error.headers or {})
    rule = en.replace(" ", "_")
    return ProblemError(error.status_code, rule, vi, en, headers=headers).response()


async def _observe(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    begun = time.perf_counter()
    response = await call_next(request)
    route = getattr(request.scope.get("route"), "path", "unknown")
    took = time.perf_counter() - begun
    metrics.REQUEST_SECONDS.labels(route, str(response.status_code)).observe(took)
    response.headers["Content-Security-Policy"] = _CSP
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
