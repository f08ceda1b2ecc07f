"""The routes."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from sse_starlette.sse import EventSourceResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.access.audit import Auditor, Entry
from hub.access.keys import Sender
from hub.archive.manifest import ArchiveError
from hub.clock import iso, to_us
from hub.definitions.admission import BodyError
from hub.figures import quality
from hub.figures.closing import in_force
from hub.figures.compute import QuestionError, read_as_of, read_question
from hub.figures.kpi import Kpi
from hub.figures.made_of import facts
from hub.figures.official import answer, as_known
from hub.figures.restating import restatements
from hub.gateway.gateway import Answer, Gateway, Judge, Offer
from hub.gateway.groups import SMALL_BYTES, AuditError, Groups
from hub.http import catalogue, openapi, pages
from hub.http.backlog import LARGE_BYTES, Backlog
from hub.http.boards import IDLE_SECONDS, Boards, Progress
from hub.http.cloudevents import admit_request
from hub.http.gauges import Gauges
from hub.http.guard import Guard, read_body
from hub.http.problems import (
    ProblemError,
    find_contract,
    question_problem,
    read_number,
    read_offset,
    read_period,
)
from hub.http.repairs import Repairs
from hub.log.log import IdempotencyConflictError, Kept, LogUnavailableError, NotInLogError
from hub.opening import OpenHub
from hub.operating import metrics
from hub.operating.logs import open_access_log
from hub.repair.following import follow, rejections
from hub.repair.repair import REPLAY
from hub.sheets.files import admit_file, errors
from hub.store.troubles import StoreUnavailableError

STREAM_SECONDS_MAX = 86_400.0
STREAM_EVENTS_MAX = 1_000_000
IDEMPOTENCY_KEY_LENGTH_MAX = 128
USER_AGENT_MAX = 200
REFUSED = (401, 403, 408, 409, 413, 415, 429)  # statuses by which somebody is refused
_CSP = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'"
_HEADERS = (
    (b"content-security-policy", _CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
)


class Api:
    """The handlers of one opened hub."""

    def __init__(self, hub: OpenHub, gateway: Gateway, progress: Progress) -> None:
        self._hub = hub
        self._gateway = gateway
        self._progress = progress
        self.auditor = Auditor(hub.audit())
        self._groups = Groups(gateway, self.auditor)
        self._signer = hub.signer()
        self._guard = Guard(hub)
        self._backlog = Backlog(hub)
        self._boards = Boards(hub)
        self._gauges = Gauges(hub)
        self.repairs = Repairs(hub, self._guard, gateway, self.auditor)

    async def take(self, name: str, request: Request, judge: Judge | None = None) -> Response:
        """Take one request's events; who sent what is in the audit log."""
        sender = await self._guard.sender(request)
        given = await self._take(
            name, sender, request, judge or partial(admit_request, request.headers)
        )
        return JSONResponse(given.body, given.status)

    async def _take(self, name: str, sender: Sender, request: Request, judge: Judge) -> Answer:
        contract = find_contract(self._hub.contracts, name)
        if not sender.may_send(name):
            raise ProblemError(
                403,
                "contract_not_allowed",
                f"khóa này không được gửi {name}",
                f"this key may not send {name}",
            )
        self._guard.check_breaker(sender.name)
        idempotency_key = _idempotency_key(request)
        limits = self._hub.settings
        body = await read_body(request, limits.body_mib_max << 20, limits.body_seconds_max)
        if len(body) >= LARGE_BYTES and await asyncio.to_thread(self._backlog.is_full):
            raise ProblemError(
                429,
                "backlog",
                "đang xử lý nhiều dữ liệu, hãy gửi lại lô lớn sau ít giây",
                "much is still to be applied; send large submissions again in some seconds",
                headers={"Retry-After": "2"},
            )

        peer = request.client.host if request.client else ""

        def noted(given: Answer) -> Entry:
            counts = {n: given.body[n] for n in ("receipt", "accepted", "duplicates")}
            rejected = len(given.body["rejected"])
            detail = {"key": sender.key_id, "peer": peer, "rejected": rejected, **counts}
            return Entry(sender.name, f"send {name}", detail=detail)

        try:
            # To judge a small body takes less than to hand it to a thread.
            is_small = len(body) <= SMALL_BYTES and judge is not admit_file
            judged = partial(judge, contract, body)
            admitted = judged() if is_small else await asyncio.to_thread(judged)
            offer = Offer(contract, sender, body, idempotency_key, admitted)
            given = await self._groups.take(offer, noted)
        except BodyError as error:
            raise ProblemError(error.status, error.rule, error.vi, error.en) from None
        except IdempotencyConflictError:
            raise ProblemError(
                409,
                "idempotency_conflict",
                "Idempotency-Key này đã dùng cho nội dung khác",
                "this Idempotency-Key was used with another body",
            ) from None
        except (LogUnavailableError, AuditError) as error:
            raise _not_durable(error) from None
        request.state.is_recorded = True
        if not given.is_replay:
            self._guard.judge(sender.name, admitted)
            accepted = given.body["accepted"] + given.body["duplicates"]
            metrics.EVENTS_ACCEPTED.labels(name).inc(accepted)
            for verdict in given.body["rejected"]:
                metrics.EVENTS_REJECTED.labels(name, verdict["rule"]).inc()
        return given

    def poster(self, name: str) -> Callable[[Request], Awaitable[Response]]:
        """Make the handler of one contract."""

        async def post_events(request: Request) -> Response:
            return await self.take(name, request)

        return post_events

    async def take_file(self, contract: str, request: Request) -> Response:
        """Take a CSV or XLSX file, row by row."""
        return await self.take(contract, request, admit_file)

    async def get_errors(self, receipt: str, request: Request) -> Response:
        """Give the rejected items of a receipt as CSV, to be corrected and sent again."""
        kept = await self._kept(receipt, request)

        def ask() -> str:
            found = rejections(self._hub.log, receipt, kept)
            return errors(self._hub.contracts[kept.contract], found)

        name = f'attachment; filename="{receipt}.csv"'
        return Response(
            await asyncio.to_thread(ask),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": name},
        )

    async def list_kpis(self, request: Request) -> dict[str, Any]:
        """List the KPIs; with a period, their figures of one cut."""
        await self._guard.reader(request)
        _only(request, ("period", "as_of"))
        text = request.query_params.get("period")
        period = None if text is None else read_period(text)
        now = to_us(self._hub.clock())
        try:
            as_of = read_as_of(request.query_params, now)
            return await asyncio.to_thread(self._boards.catalogue, period, as_of, now)
        except QuestionError as error:
            raise question_problem(error) from None

    def _kpi(self, kpi_id: str) -> Kpi:
        kpi = self._hub.kpis.get(kpi_id)
        if kpi is None:
            words = (f"không có chỉ số {kpi_id}", f"there is no KPI {kpi_id}")
            raise ProblemError(404, "unknown_kpi", *words)
        return kpi

    async def get_kpi(self, kpi_id: str, request: Request) -> dict[str, Any]:
        """Answer one question about one KPI."""
        await self._guard.reader(request)
        kpi = self._kpi(kpi_id)
        parameters = dict(request.query_params)

        def ask() -> dict[str, Any]:
            now = to_us(self._hub.clock())
            question = read_question(kpi, parameters, now)
            with self._hub.store.reading() as reading:
                return answer(kpi, question, as_known(self._hub.book(reading), question.as_of, now))

        try:
            return await asyncio.to_thread(ask)
        except QuestionError as error:
            raise question_problem(error) from None

    async def list_facts(self, kpi_id: str, request: Request) -> dict[str, Any]:
        """List the facts behind one figure, a page of them."""
        await self._guard.reader(request)
        kpi = self._kpi(kpi_id)
        parameters = dict(request.query_params)
        offset = read_offset(parameters)
        parameters.pop("offset", None)

        def ask() -> dict[str, Any]:
            now = to_us(self._hub.clock())
            question = read_question(kpi, parameters, now)
            with self._hub.store.reading() as reading:
                book = as_known(self._hub.book(reading), question.as_of, now)
                return facts(kpi, question, book, offset)

        try:
            return await asyncio.to_thread(ask)
        except QuestionError as error:
            raise question_problem(error) from None

    async def list_periods(self, request: Request) -> dict[str, Any]:
        """List what was closed: when, by whom, at which cut, and which sources were silent."""
        await self._guard.reader(request)
        _only(request, ())

        def ask() -> dict[str, Any]:
            with self._hub.store.reading() as reading:
                return {"closings": [c.public() for c in self._hub.book(reading).closings]}

        return await asyncio.to_thread(ask)

    async def get_restatements(self, period: str, request: Request) -> dict[str, Any]:
        """Say which figures of a closed period would be others now, by how much, and why."""
        await self._guard.reader(request)
        _only(request, ())
        asked = read_period(period)

        def ask() -> dict[str, Any] | None:
            with self._hub.store.reading() as reading:
                book = self._hub.book(reading)
                closing = in_force(book.closings, asked)
                if closing is None or closing.period != asked:
                    return None
                kpis = list(self._hub.kpis.values())
                found = restatements(book, closing, kpis, to_us(self._hub.clock()))
                return {**closing.public(), "restatements": found}

        found = await asyncio.to_thread(ask)
        if found is None:
            raise ProblemError(
                404, "not_closed", f"kỳ {period} chưa chốt", f"{period} is not closed"
            )
        return found

    async def list_sources(self, request: Request) -> dict[str, Any]:
        """List sources: heartbeat, lag, and four qualities with their formulas."""
        await self._guard.reader(request)
        _only(request, ("period", "received"))
        year = str(iso(to_us(self._hub.clock())))[:4]
        period = read_period(request.query_params.get("period", year))
        received = read_period(request.query_params.get("received", year))

        def ask() -> dict[str, Any]:
            with self._hub.store.reading() as reading:
                return quality.sources(
                    self._hub.log,
                    self._hub.book(reading),
                    self._hub.kpis,
                    period,
                    received,
                    to_us(self._hub.clock()),
                )

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
                book = self._hub.book(reading)
                if name not in quality.QUALITIES or not quality.is_known(book, source):
                    return None
                return quality.behind(book, self._hub.kpis, source, name, period, at, offset)

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

    async def get_receipt(self, receipt: str, request: Request) -> dict[str, Any]:
        """Say what became of each item of a receipt; elsewhere than on loopback, to its sender."""
        _only(request, ("offset",))
        offset = read_offset(dict(request.query_params))
        kept = await self._kept(receipt, request)

        def ask() -> dict[str, Any]:
            with self._hub.store.reading() as reading:
                return follow(self._hub.log, reading, receipt, kept, offset)

        return await asyncio.to_thread(ask)

    async def _kept(self, receipt: str, request: Request) -> Kept:
        is_open = self._hub.settings.is_loopback
        asking = None if is_open else await self._guard.sender(request)
        kept = await asyncio.to_thread(self._hub.log.receipt, receipt)
        if kept is None and self._gateway.spool is not None:
            kept = await asyncio.to_thread(self._gateway.spool.find, receipt)
        if kept is None or (asking is not None and asking.name != kept.sender):
            words = (f"không có biên nhận {receipt}", f"there is no receipt {receipt}")
            raise ProblemError(404, "unknown_receipt", *words)
        return kept

    async def list_keys(self) -> dict[str, Any]:
        """Publish the keys by which signed receipts are verified: a JWK set."""
        return await asyncio.to_thread(self._signer.public)

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
            if self._gateway.spool is not None:
                # What is sent is kept here meanwhile.
                return {"status": "spooling", "waiting": self._gateway.spool.waiting}
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


def _not_durable(error: Exception) -> ProblemError:
    return ProblemError(
        503,
        "not_durable",
        f"chưa ghi bền vững được, hãy gửi lại: {error}",
        f"it could not be made durable, send it again: {error}",
        headers={"Retry-After": "5"},
    )


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
    if key is not None and key.startswith(REPLAY):
        raise ProblemError(
            400,
            "idempotency_key_reserved",
            f"Idempotency-Key không được bắt đầu bằng {REPLAY}",
            f"an Idempotency-Key may not begin with {REPLAY}",
        )
    return key


def create_app(hub: OpenHub, gateway: Gateway, progress: Progress = lambda: None) -> FastAPI:
    """Make the application of an opened hub."""
    api = Api(hub, gateway, progress)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(gateway.close)
        await asyncio.to_thread(api.auditor.close)

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
    app.add_exception_handler(StoreUnavailableError, _on_away)
    app.add_exception_handler(LogUnavailableError, _on_away)
    app.add_exception_handler(NotInLogError, _on_archived)
    app.add_exception_handler(ArchiveError, _on_archived)
    where = hub.settings.access_log
    access = open_access_log(where) if where else None
    app.add_middleware(_Observer, auditor=api.auditor, access=access)
    for name, contract in hub.contracts.items():
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

    app.add_api_route(
        "/v1/files/{contract}",
        api.take_file,
        methods=["POST"],
        summary="Gửi tệp CSV hoặc XLSX, mỗi dòng một bản ghi | Send a CSV or XLSX file",
        response_model=None,
        openapi_extra=openapi.FILE,
        responses={**openapi.POST_RESPONSES, 404: openapi.NO_CONTRACT},
        status_code=202,
    )
    queries = openapi.queries(hub.installed.roles)
    for path, handler, words in (
        ("/v1/kpis", api.list_kpis, "Danh mục chỉ số, số liệu một kỳ | KPIs, figures of a period"),
        ("/v1/kpis/{kpi_id}", api.get_kpi, "Số liệu của một chỉ số | A KPI's figures"),
        (
            "/v1/kpis/{kpi_id}/facts",
            api.list_facts,
            "Những gì tạo nên một số liệu | What a figure is made of",
        ),
        ("/v1/periods", api.list_periods, "Các kỳ đã chốt | Closed periods"),
        (
            "/v1/periods/{period}/restatements",
            api.get_restatements,
            "Điều chỉnh kỳ đã chốt, với nguyên nhân | What a closed period would be now, why",
        ),
        ("/v1/sources", api.list_sources, "Nguồn và chất lượng | Sources and their quality"),
        (
            "/v1/sources/{source}/{name}",
            api.get_source,
            "Danh sách sau một con số | The list behind a number",
        ),
        ("/v1/stream", api.stream, "Số liệu thay đổi | Changed figures, server-sent events"),
        (
            "/v1/quarantine",
            api.repairs.list_items,
            "Bản ghi bị từ chối, theo nguyên nhân | Rejected items, by cause",
        ),
        (
            "/v1/quarantine/rows/{contract}",
            api.repairs.get_rows,
            "Các dòng chờ sửa, dạng CSV | Rows that wait to be repaired, as CSV",
        ),
        (
            "/v1/receipts/{receipt}",
            api.get_receipt,
            "Những gì đã gửi nay ra sao | What became of what was sent",
        ),
        (
            "/v1/receipts/{receipt}/errors.csv",
            api.get_errors,
            "Các dòng bị từ chối, để sửa và gửi lại | Rejected rows, to correct and send again",
        ),
        (
            "/.well-known/jwks.json",
            api.list_keys,
            "Khóa công khai để kiểm biên nhận | Keys by which receipts are verified",
        ),
        ("/healthz", api.healthz, "Tiến trình còn sống | The process is alive"),
        ("/readyz", api.readyz, "Sẵn sàng phục vụ | Ready to serve"),
        ("/metrics", api.metrics, "Prometheus"),
    ):
        app.add_api_route(
            path,
            handler,
            summary=words,
            response_model=None,
            openapi_extra=queries.get(path, {}),
            responses=openapi.GET_RESPONSES.get(path, {}),
        )
    for path, act, words in (
        (
            "corrections/{contract}",
            api.repairs.fix_rows,
            "Nạp tệp CSV, XLSX đã sửa | Corrections in a CSV or XLSX file",
        ),
        ("fix", api.repairs.fix, "Sửa một bản ghi bị từ chối | Correct a rejected item"),
        ("try", api.repairs.try_out, "Gửi lại thì đổi gì | What sending again would change"),
        ("replay", api.repairs.replay, "Gửi lại | Send again"),
        ("discard", api.repairs.discard, "Loại bỏ | Discard"),
    ):
        app.add_api_route(
            f"/v1/quarantine/{path}",
            act,
            methods=["POST"],
            summary=words,
            response_model=None,
            openapi_extra=openapi.REPAIRS[path],
            responses=openapi.REPAIR_RESPONSES,
        )
    app.include_router(catalogue.make_router(hub))
    app.router.routes.extend(pages.router.routes)
    return app


async def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    request.state.rule = error.rule
    return error.response()


async def _on_away(_: Request, error: Exception) -> Response:
    return ProblemError(
        503,
        "unavailable",
        f"không hỏi được cơ sở dữ liệu hoặc nhật ký, hãy thử lại: {error}",
        f"the database or the log cannot be asked, try again: {error}",
        headers={"Retry-After": "5"},
    ).response()


async def _on_archived(_: Request, error: Exception) -> Response:
    return ProblemError(
        503,
        "archived",
        f"bản ghi được hỏi chỉ còn trong kho lưu trữ, máy chủ này không đọc được: {error}",
        f"what was asked for is in the archive only, which this server cannot read: {error}",
    ).response()


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


class _Observer:
    """Measures each request, guards its answer, and writes it down where that is wanted.

    Every use of a key and every refusal is in the audit log; what a handler has recorded there by
    itself is not noted again. What is written has no query and no body: neither keys nor what was
    sent.
    """

    def __init__(self, app: ASGIApp, auditor: Auditor, access: logging.Logger | None) -> None:
        self._app = app
        self._auditor = auditor
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()
        is_answered = False

        async def guarded(message: Message) -> None:
            nonlocal is_answered
            if message["type"] == "http.response.start":
                is_answered = True
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
                self._note(scope, message["status"], time.perf_counter() - begun)
            await send(message)

        try:
            await self._app(scope, receive, guarded)
        except Exception:
            # Who is outside of this answers.
            if not is_answered:
                self._note(scope, HTTPStatus.INTERNAL_SERVER_ERROR, time.perf_counter() - begun)
            raise

    def _note(self, scope: Scope, status: int, took: float) -> None:
        route = getattr(scope.get("route"), "path", "unknown")
        metrics.REQUEST_SECONDS.labels(route, str(status)).observe(took)
        state = scope.get("state", {})
        actor, is_refused = state.get("sender", ""), status >= HTTPStatus.BAD_REQUEST
        if status in REFUSED or (actor and (is_refused or not state.get("is_recorded"))):
            outcome = state.get("rule", str(status)) if is_refused else "ok"
            peer = (scope.get("client") or ("",))[0]
            self._auditor.note(actor, f"{scope['method']} {route}", outcome, peer)
        if self._access is not None:
            request = Request(scope)
            said = {
                "method": request.method,
                "path": request.url.path,
                "status": status,
                "milliseconds": round(took * 1000, 1),
                "bytes": request.headers.get("content-length"),
                "sender": getattr(request.state, "sender", ""),
                "peer": request.client.host if request.client else None,
                "user_agent": request.headers.get("user-agent", "")[:USER_AGENT_MAX],
            }
            self._access.info("", extra=said)
