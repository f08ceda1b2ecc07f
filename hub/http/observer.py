"""What sees each request pass: it measures, guards the answer, and writes down."""

import logging
import time
from http import HTTPStatus

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.access.audit import Auditor
from hub.access.roles import right_of
from hub.definitions.masking import mask_text
from hub.operating import metrics, tracing

USER_AGENT_MAX = 200
ASKED_MAX = 300
REFUSED = (401, 403, 408, 409, 413, 415, 429)  # statuses by which somebody is refused
_CSP = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; frame-ancestors 'none';"
    " base-uri 'none'; form-action 'self'"
)
_HEADERS = (
    (b"content-security-policy", _CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),  # an address says what was asked for
)


class Observer:
    """Measures each request, guards its answer, and writes it down where that is wanted.

    Every use of a key or sign-in, every read of facts and every refusal is in the audit log; what a
    handler has recorded there by itself is not noted again. Of a read of facts it says which: the
    path and query, masked. The access log has no query, and no log a body: neither keys nor what
    was sent; numbers and names of persons in a path are masked.
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
        if tracing.is_on():
            _begin_span(scope)
        is_answered = False

        async def guarded(message: Message) -> None:
            nonlocal is_answered
            if message["type"] == "http.response.start":
                is_answered = True
                headers = [*message.get("headers", ()), *_HEADERS]
                if "person" in scope.get("state", {}) and not _is_kept(headers):
                    headers.append((b"cache-control", b"private, no-store"))
                message["headers"] = headers
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
        if (span := state.get("span")) is not None:
            method, has_failed = scope["method"], status >= HTTPStatus.INTERNAL_SERVER_ERROR
            more = {
                "http.request.method": method,
                "http.route": route,
                "http.response.status_code": status,
            }
            tracing.close_request(span, f"{method} {route}", more, has_failed=has_failed)
        actor, is_refused = state.get("sender", ""), status >= HTTPStatus.BAD_REQUEST
        asked = "" if is_refused and not actor else _facts_asked(scope, route)
        is_told = is_refused or not state.get("is_recorded")
        if status in REFUSED or (is_told and (actor or asked)):
            outcome = state.get("rule", str(status)) if is_refused else "ok"
            peer = (scope.get("client") or ("",))[0]
            self._auditor.note(actor, f"{scope['method']} {route}", outcome, peer, asked)
        if self._access is not None:
            request = Request(scope)
            entry = {
                "method": request.method,
                "path": _masked_path(request.url.path),
                "status": status,
                "milliseconds": round(took * 1000, 1),
                "bytes": request.headers.get("content-length"),
                "sender": getattr(request.state, "sender", ""),
                "peer": request.client.host if request.client else None,
                "user_agent": mask_text(request.headers.get("user-agent", ""))[:USER_AGENT_MAX],
            }
            self._access.info("", extra=entry)


def _begin_span(scope: Scope) -> None:
    """Begin the span of a request, below its sender's where that names one."""
    name = tracing.HEADER.encode()
    parent = next((value for key, value in scope["headers"] if key == name), b"")
    span = tracing.open_request(parent.decode("latin-1"))
    scope.setdefault("state", {})["span"] = span


def _is_kept(headers: list[tuple[bytes, bytes]]) -> bool:
    """Tell whether an answer says itself for how long a browser keeps it.

    What a person was shown is not to be had by going back, after the sign-out.
    """
    return any(name.lower() == b"cache-control" for name, _ in headers)


def _facts_asked(scope: Scope, route: str) -> str:
    """Give which facts a request asks for; empty where it asks for none."""
    right = right_of(scope["method"], route)
    if right is None or not right.tells_facts:
        return ""
    query = scope["query_string"].decode("latin-1")
    asked = _masked_path(scope["path"]) + (f"?{mask_text(query)}" if query else "")
    return asked[:ASKED_MAX]


def _masked_path(path: str) -> str:
    return "/".join(map(mask_text, path.split("/")))
