"""Errors as RFC 9457 problem details, with `message_vi` and `message_en`: the one place for it."""

from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route

from hub.archive.manifest import ArchiveError
from hub.definitions.admission import BodyError
from hub.definitions.faults import in_words
from hub.definitions.masking import mask_text
from hub.figures.compute import QuestionError
from hub.gateway import boundary
from hub.log.log import LogUnavailableError, NotInLogError
from hub.repair.repair import RepairError
from hub.store.troubles import StoreUnavailableError
from hub.troubles import RefusedError

MEDIA_TYPE = "application/problem+json"
# What of a repair is forbidden to whoever asks, and what somebody else was faster with; whatever
# else is refused breaks the item's contract.
_REPAIR_STATUSES = {
    **dict.fromkeys(("four_eyes", *boundary.RULES.values()), 403),
    **dict.fromkeys(("busy", "changed_meanwhile", "ended"), 409),
}


class ProblemError(RefusedError):
    """An error that the client is told about."""

    def __init__(self, status: int, rule: str, vi: str, en: str, **more: Any) -> None:
        super().__init__(rule, vi, en)
        self.status = status
        self.headers = more.pop("headers", {})
        self.more = more

    def response(self) -> JSONResponse:
        """Write the problem details, masked, as they may repeat what was asked."""
        vi, en = mask_text(self.vi), mask_text(self.en)
        body = {
            "type": f"urn:lgsp:problem:{self.rule}",
            "title": self.rule,
            "status": self.status,
            "detail": en,
            "message_vi": vi,
            "message_en": en,
            **self.more,
        }
        return JSONResponse(body, self.status, self.headers, media_type=MEDIA_TYPE)


def answer_errors(app: FastAPI) -> None:
    """Have an application answer errors as problems; any other ends as a 500."""
    app.add_exception_handler(RefusedError, _on_refused)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(StoreUnavailableError, _on_away)
    app.add_exception_handler(LogUnavailableError, _on_away)
    app.add_exception_handler(NotInLogError, _on_archived)
    app.add_exception_handler(ArchiveError, _on_archived)


def problem_of(error: RefusedError) -> ProblemError:
    """Give the problem that a refusal is to its client."""
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, RepairError):
        status = _REPAIR_STATUSES.get(error.rule, 422)
    else:
        status = error.status if isinstance(error, BodyError) else 400
    more = {"parameter": error.field} if isinstance(error, QuestionError) else {}
    return ProblemError(status, error.rule, error.vi, error.en, **more)


def question_of(error: RequestValidationError) -> QuestionError:
    """Give what is wrong with a request's parameters or body, in two languages.

    Of several faults the first is told. A parameter that is not known comes before all others: what
    it was meant for may be what the others miss.
    """
    faults = error.errors()
    unknown = (f for f in faults if f["type"] == "extra_forbidden" and f["loc"][0] == "query")
    fault = next(unknown, faults[0])
    refusal = fault.get("ctx", {}).get("error")
    if isinstance(refusal, QuestionError):
        return refusal
    name = ".".join(str(part) for part in fault["loc"][1:])
    if fault["loc"][0] == "query":
        return QuestionError(name, f"không có tham số {name}", f"no parameter {name}")
    vi, en = in_words(fault)
    return QuestionError(name, f"{name}: {vi}".lstrip(": "), f"{name}: {en}".lstrip(": "))


async def _on_refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)
    problem = problem_of(error)
    request.state.rule = problem.rule
    return problem.response()


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return await _on_refused(request, question_of(error))


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


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    words = {
        404: ("không tìm thấy", "not found"),
        405: ("phương thức không được dùng ở đây", "the method is not allowed here"),
    }
    vi, en = words.get(error.status_code, ("không xử lý được", str(error.detail)))
    headers = dict(error.headers or {})
    if error.status_code == 405 and (methods := _methods(request)):
        headers["Allow"] = ", ".join(methods)
    rule = en.replace(" ", "_")
    return ProblemError(error.status_code, rule, vi, en, headers=headers).response()


def _methods(request: Request) -> list[str]:
    """List the methods of all routes of a path: each route knows its own alone."""
    methods: set[str] = set()
    for route in request.app.routes:
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE:
            methods |= route.methods or set()
    return sorted(methods)
