"""Answers with an entity tag: whoever has one already is told so, and it is not made again."""

from collections.abc import Callable
from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse

# It is kept by who asked, and asked for each time: figures are live.
_HEADERS = {"Cache-Control": "private, no-cache"}


def tagged(request: Request, tag: str | None, make: Callable[[], dict[str, Any]]) -> Response:
    """Answer with what `make` makes, under its tag; with 304 where the client says that it has it.

    Without a tag it is always made.
    """
    if tag is None:
        return JSONResponse(make())
    unchanged = unchanged_of(request, tag)
    return unchanged or JSONResponse(make(), headers={**_HEADERS, "ETag": tag})


def unchanged_of(request: Request, tag: str) -> Response | None:
    """Answer with 304 where the client says that it has what is under this tag; else None."""
    if _has(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers={**_HEADERS, "ETag": tag})
    return None


def _has(said: str, tag: str) -> bool:
    """Compare weakly (RFC 9110, 8.8.3.2), as If-None-Match does."""
    known = [t.strip().removeprefix("W/") for t in said.split(",")]
    return tag.removeprefix("W/") in known or said.strip() == "*"
