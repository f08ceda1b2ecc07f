"""Errors as RFC 9457 problem details, with `message_vi` and `message_en`."""

from collections.abc import Mapping
from typing import Any

from fastapi.responses import JSONResponse

from hub.definitions.contract import Contract
from hub.figures.compute import QuestionError, no_period
from hub.reference.periods import Period, parse_period
from hub.troubles import RefusedError


class ProblemError(RefusedError):
    """An error that the client is told about."""

    def __init__(self, status: int, rule: str, vi: str, en: str, **more: Any) -> None:
        super().__init__(rule, vi, en)
        self.status = status
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


def find_contract(contracts: Mapping[str, Contract], name: str) -> Contract:
    """Find a contract; raise 404 where there is none."""
    found = contracts.get(name)
    if found is None:
        words = (f"không có hợp đồng dữ liệu {name}", f"there is no contract {name}")
        raise ProblemError(404, "unknown_contract", *words)
    return found


def question_problem(error: QuestionError) -> ProblemError:
    """Turn a question that cannot be answered into a 400."""
    return ProblemError(400, error.rule, error.vi, error.en, parameter=error.field)


def read_period(text: str) -> Period:
    """Read a period from a request; raise 400 for anything else."""
    try:
        return parse_period(text)
    except ValueError:
        raise question_problem(no_period(text)) from None


def read_number(parameters: dict[str, str], name: str, most: float) -> float:
    """Read a positive number from a query; `most` where it is absent."""
    text = parameters.get(name, "")
    if not text:
        return most
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 < value <= most:
        raise question_problem(
            QuestionError(name, f"{name} phải là số dương", f"{name} must be a positive number")
        )
    return value


def read_offset(parameters: dict[str, str]) -> int:
    """Read where a page begins, 0 where it is absent."""
    text = parameters.get("offset", "0")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise question_problem(
            QuestionError(
                "offset", "offset phải là số nguyên không âm", "offset must be a whole number"
            )
        )
    return int(text)
