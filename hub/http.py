"""The HTTP interface: events in, figures out, the live page, health and metrics.

Errors are RFC 9457 problem details with `message_vi` and `message_en`.
"""

import asyncio
import json
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib import resources
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sse_starlette.sse import EventSourceResponse
from starlette.exceptions import HTTPException

from hub import board, keys, metrics, openapi, registry
from hub.admission import BodyError
from hub.clock import iso, to_us
from hub.figures import QuestionError, answer, read_question
from hub.gateway import Answer, Gateway
from hub.hub import OpenHub
from hub.keys import Sender
from hub.log import IdempotencyConflictError, LogUnavailableError
from hub.periods import Period, parse_period

STREAM_INTERVAL_SECONDS = 1.0
STREAM_IDLE_SECONDS = 15.0
STREAM_SECONDS_MAX = 86_400.0
IDEMPOTENCY_KEY_LENGTH_MAX = 128
KNOWN_KEYS_SECONDS = 10.0
_CSP = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'"

Progress = Callable[[], dict[str, Any] | None]


class ProblemError(Exception):
    """An error that the client is told about."""

    def __init__(self, status: int, rule: str, vi: str, en: str, **more: Any) -> None:
        super().__init__(en)
        self.status = status
        self.rule = rule
        self.vi = vi
        self.en = en
        self.headers = more.pop("headers", {})
        self.more = more

    def response(self) -> JSONResponse:
        """Write the problem details."""
        body = {
            "type": f"urn:lgsp:problem:{self.rule}",
            "title": self.rule,
            "status": self.status,
            "detail": self.en,
            "message_vi": self.vi,
            "message_en": self.en,
            **self.more,
        }
        return JSONResponse(body, self.status, self.headers, media_type="application/problem+json")


class Guard:
    """Knows senders by their keys, and how often each may come."""

    def __init__(self, hub: OpenHub) -> None:
        self._hub = hub
        self._known: dict[str, tuple[float, Sender | None]] = {}
        self._buckets: dict[str, tuple[float, float]] = {}

    async def sender(self, request: Request) -> Sender:
        """Find who sends; raise 401 without a valid key, 429 where it comes too often."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        found = await self._find(key.strip()) if scheme.lower() == "bearer" else None
        if found is None:
            raise ProblemError(
                401,
                "unauthorized",
                "cần khóa hợp lệ: Authorization: Bearer <khóa>",
                "a valid key is needed: Authorization: Bearer <key>",
                headers={"WWW-Authenticate": "Bearer"},
            )
        self._take(key)
        return found

    async def reader(self, request: Request) -> None:
        """Let anybody read on loopback; elsewhere ask for a key."""
        if not self._hub.settings.is_loopback:
            await self.sender(request)

    async def _find(self, key: str) -> Sender | None:
        now = time.monotonic()
        cached = self._known.get(key)
        if cached and now - cached[0] < KNOWN_KEYS_SECONDS:
            return cached[1]
        found = await asyncio.to_thread(keys.find, self._hub.store, key)
        if found is not None:
            self._known[key] = (now, found)
        else:
            self._known.pop(key, None)
        return found

    def _take(self, key: str) -> None:
        most = float(self._hub.settings.requests_per_second_max)
        now = time.monotonic()
        level, at = self._buckets.get(key, (most, now))
        level = min(most, level + (now - at) * most)
        if level < 1:
            raise ProblemError(
                429,
                "too_many_requests",
                f"quá {most:.0f} lần gửi một giây; hãy gộp nhiều bản ghi vào một lần gửi",
                f"more than {most:.0f} requests a second; send many items in one request",
                headers={"Retry-After": "1"},
            )
        self._buckets[key] = (level - 1, now)


async def read_body(request: Request, limit: int) -> bytes:
    """Read a body, unpacking gzip, without ever holding more than the limit."""
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding not in ("identity", "gzip"):
        raise ProblemError(
            415,
            "unknown_encoding",
            f"không hỗ trợ mã hóa {encoding}",
            f"content encoding {encoding} is not supported",
        )
    unpack = zlib.decompressobj(31) if encoding == "gzip" else None
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += unpack.decompress(chunk, limit + 1 - len(body)) if unpack else chunk
            if len(body) > limit or (unpack and unpack.unconsumed_tail):
                raise ProblemError(
                    413,
                    "body_too_large",
                    f"nội dung lớn hơn {limit >> 20} MiB",
                    f"the body is larger than {limit >> 20} MiB",
                )
    except zlib.error as error:
        raise ProblemError(
            400, "not_gzip", "nội dung không phải gzip", "the body is not gzip"
        ) from error
    if unpack and not unpack.eof:
        raise ProblemError(400, "not_gzip", "gzip bị cắt cụt", "the gzip body is cut short")
    return bytes(body)


def create_app(hub: OpenHub, gateway: Gateway, progress: Progress = lambda: None) -> FastAPI:
    """Make the application of an opened hub."""
    guard = Guard(hub)
    boards = Boards(hub)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(gateway.forget_old_keys)
        yield

    app = FastAPI(
        title="LGSP hub",
        version=openapi.VERSION,
        description=openapi.DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )

    @app.exception_handler(ProblemError)
    async def on_problem(_: Request, error: Exception) -> Response:
        assert isinstance(error, ProblemError)
        return error.response()

    @app.exception_handler(HTTPException)
    async def on_http(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        words = {
            404: ("không tìm thấy", "not found"),
            405: ("phương thức không được dùng ở đây", "the method is not allowed here"),
        }
        vi, en = words.get(error.status_code, ("không xử lý được", str(error.detail)))
        headers = dict(error.headers or {})
        return ProblemError(
            error.status_code, en.replace(" ", "_"), vi, en, headers=headers
        ).response()

    @app.middleware("http")
    async def observe(
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

    async def take(name: str, request: Request) -> Response:
        sender = await guard.sender(request)
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
        idempotency_key = request.headers.get("idempotency-key")
        if idempotency_key is not None and not (
            0 < len(idempotency_key) <= IDEMPOTENCY_KEY_LENGTH_MAX
        ):
            raise ProblemError(
                400,
                "idempotency_key_length",
                f"Idempotency-Key dài từ 1 đến {IDEMPOTENCY_KEY_LENGTH_MAX} ký tự",
                f"an Idempotency-Key has 1 to {IDEMPOTENCY_KEY_LENGTH_MAX} characters",
            )
        body = await read_body(request, hub.settings.body_mib_max << 20)
        try:
            given: Answer = await asyncio.to_thread(
                gateway.accept, contract, sender, body, idempotency_key
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
        accepted = given.body["accepted"] + given.body["duplicates"]
        metrics.EVENTS_ACCEPTED.labels(name).inc(accepted)
        for verdict in given.body["rejected"]:
            metrics.EVENTS_REJECTED.labels(name, verdict["rule"]).inc()
        return JSONResponse(given.body, given.status)

    def poster(name: str) -> Callable[[Request], Awaitable[Response]]:
        async def post_events(request: Request) -> Response:
            return await take(name, request)

        return post_events

    for name, contract in registry.contracts().items():
        app.add_api_route(
            f"/v1/events/{name}",
            poster(name),
            methods=["POST"],
            summary=f"{contract.spec.title.vi} | {contract.spec.title.en}",
            operation_id=f"post_{name}",
            openapi_extra=openapi.post_extra(contract),
            responses=openapi.POST_RESPONSES,
            status_code=202,
        )

    @app.post("/v1/events/{contract}", include_in_schema=False)
    async def post_unknown(contract: str, request: Request) -> Response:
        return await take(contract, request)

    @app.get("/v1/kpis", summary="Danh mục chỉ số | The KPIs, and one period's figures")
    async def list_kpis(request: Request) -> dict[str, Any]:
        await guard.reader(request)
        unknown = set(request.query_params) - {"period"}
        if unknown:
            name = min(unknown)
            raise _question_problem(
                QuestionError(name, f"không có tham số {name}", f"there is no parameter {name}")
            )
        text = request.query_params.get("period")
        period = None if text is None else read_period(text)
        return await asyncio.to_thread(boards.catalogue, period)

    @app.get(
        "/v1/kpis/{kpi_id}",
        summary="Số liệu của một chỉ số | A KPI's figures",
        openapi_extra=openapi.KPI_EXTRA,
    )
    async def get_kpi(kpi_id: str, request: Request) -> Any:
        await guard.reader(request)
        kpi = registry.kpis().get(kpi_id)
        if kpi is None:
            raise ProblemError(
                404, "unknown_kpi", f"không có chỉ số {kpi_id}", f"there is no KPI {kpi_id}"
            )
        now = to_us(hub.clock())
        parameters = dict(request.query_params)
        try:
            question = read_question(kpi, parameters, now)

            def ask() -> dict[str, Any]:
                with hub.store.reading() as reading:
                    return answer(kpi, question, board.open_book(reading))

            return await asyncio.to_thread(ask)
        except QuestionError as error:
            raise _question_problem(error) from None

    @app.get("/v1/stream", summary="Số liệu thay đổi | Changed figures, as server-sent events")
    async def stream(request: Request) -> Response:
        await guard.reader(request)
        parameters = dict(request.query_params)
        period = read_period(parameters.get("period") or str(iso(to_us(hub.clock())))[:4])
        limit = int(_number(parameters, "limit", 1_000_000_000))
        seconds = _number(parameters, "seconds", STREAM_SECONDS_MAX)
        since = request.headers.get("last-event-id")
        events = boards.follow(period, limit, seconds, since, progress)
        return EventSourceResponse(events, ping=int(STREAM_IDLE_SECONDS))

    @app.get("/healthz", summary="Tiến trình còn sống | The process is alive")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz", summary="Sẵn sàng phục vụ | Ready to serve")
    async def readyz() -> dict[str, Any]:
        if not hub.runner.is_running:
            raise ProblemError(
                503,
                "not_applying",
                f"đã ngừng cập nhật số liệu: {hub.runner.failure!r}",
                f"figures are no longer updated: {hub.runner.failure!r}",
            )
        lag = await asyncio.to_thread(hub.runner.lag)
        return {"status": "ready", "lag_events": lag}

    @app.get("/metrics", summary="Prometheus")
    async def get_metrics() -> Response:
        for topic, events in (await asyncio.to_thread(hub.runner.lag)).items():
            metrics.LAG_EVENTS.labels(topic).set(events)
        return Response(generate_latest(metrics.REGISTRY), media_type=CONTENT_TYPE_LATEST)

    page = resources.files("hub") / "page"

    @app.get("/", include_in_schema=False)
    async def get_page() -> Response:
        html = (page / "index.html").read_bytes()
        return Response(html, media_type="text/html", headers={"Cache-Control": "no-cache"})

    app.mount("/page", StaticFiles(directory=str(page)), name="page")
    return app


def _question_problem(error: QuestionError) -> ProblemError:
    return ProblemError(400, "bad_question", error.vi, error.en, parameter=error.parameter)


def read_period(text: str) -> Period:
    """Read a period from a request; raise 400 for anything else."""
    try:
        return parse_period(text)
    except ValueError:
        raise _question_problem(
            QuestionError("period", f"không phải kỳ: {text}", f"not a period: {text}")
        ) from None


def _number(parameters: dict[str, str], name: str, most: float) -> float:
    text = parameters.get(name, "")
    if not text:
        return most
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 < value <= most:
        raise _question_problem(
            QuestionError(name, f"{name} phải là số dương", f"{name} must be a positive number")
        )
    return value


class Boards:
    """Computes the board of a period once for everybody who follows it."""

    def __init__(self, hub: OpenHub) -> None:
        self._hub = hub
        self._kept: dict[str, tuple[float, int, dict[str, Any]]] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    def catalogue(self, period: Period | None) -> dict[str, Any]:
        """List the KPIs and the years that have events; with a period, its figures too."""
        with self._hub.store.reading() as reading:
            book = board.open_book(reading)
            years = board.years(book)
            out = {
                "kpis": [openapi.describe_kpi(k) for k in registry.kpis().values()],
                "periods": [y for y, _ in years],
                "default_period": max(years, key=lambda y: y[1])[0] if years else None,
                "synthetic": self._hub.is_synthetic,
            }
            if period is not None:
                out |= board.board_body(book, period, to_us(self._hub.clock()))
        return out

    def _compute(self, period: Period) -> dict[str, Any]:
        with self._hub.store.reading() as reading:
            return board.board_body(board.open_book(reading), period, to_us(self._hub.clock()))

    async def latest(self, period: Period) -> dict[str, Any]:
        """Give the period's board, made anew where there were commits or time has passed."""
        lock = self._locks.setdefault(period.text, asyncio.Lock())
        async with lock:
            now, commits = time.monotonic(), self._hub.runner.commits
            kept = self._kept.get(period.text)
            if kept:
                age = now - kept[0]
                is_old = age > STREAM_IDLE_SECONDS or kept[1] != commits
                if age < STREAM_INTERVAL_SECONDS or not is_old:
                    return kept[2]
            body = await asyncio.to_thread(self._compute, period)
            if len(self._kept) > 64:
                self._kept.clear()
            self._kept[period.text] = (time.monotonic(), commits, body)
            return body

    async def follow(
        self, period: Period, limit: int, seconds: float, since: str | None, progress: Progress
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield changed figures as they change.

        A client that comes back with the id of the present cut has missed nothing; any other gets
        all figures, each being a state and not a step.
        """
        ends = time.monotonic() + seconds
        sent: list[board.Figure] = []
        is_first, last_progress = True, None
        while limit > 0 and time.monotonic() < ends:
            state = progress()
            if state is not None and state != last_progress:
                last_progress = state
                yield {"event": "progress", "data": json.dumps(state)}
                limit -= 1
            body = await self.latest(period)
            fresh = board.changed(sent, body["figures"])
            if is_first and since == body["cut"]:
                fresh = []
            elif is_first or fresh:
                out = {**body, "figures": fresh}
                data = json.dumps(out, ensure_ascii=False)
                yield {"event": "figures", "id": body["cut"], "data": data}
                limit -= 1
            is_first, sent = False, body["figures"]
            if limit > 0:
                await asyncio.sleep(min(STREAM_INTERVAL_SECONDS, max(0, ends - time.monotonic())))
