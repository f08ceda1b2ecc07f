"""Formats: a report as the bytes of a file."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from hub.reports.written import Body


def _json(body: Body) -> bytes:
    return json.dumps(body, ensure_ascii=False, indent=1).encode() + b"\n"


def _xlsx(body: Body) -> bytes:
    from hub.reports.workbook import write_workbook  # noqa: PLC0415 (few need openpyxl)

    return write_workbook(body)


def _pdf(body: Body) -> bytes:
    from hub.reports.printed import write_pdf  # noqa: PLC0415 (few need typst)

    return write_pdf(body)


# By the name of a format: its media type, and what writes it.
FORMATS: Mapping[str, tuple[str, Callable[[Body], bytes]]] = {
    "json": ("application/json", _json),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _xlsx),
    "pdf": ("application/pdf", _pdf),
}


def write(body: Mapping[str, Any], name: str) -> bytes:
    """Write a report in a format."""
    return FORMATS[name][1](body)
