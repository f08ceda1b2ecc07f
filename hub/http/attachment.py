"""Files that a browser saves."""

from collections.abc import Sequence
from typing import Any

from fastapi import Response

from hub.sheets.listing import XLSX, as_csv, as_workbook


class CsvResponse(Response):
    """A CSV file."""

    media_type = "text/csv"


class WorkbookResponse(Response):
    """An XLSX workbook."""

    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def attached(name: str) -> dict[str, str]:
    """Give the headers by which a browser saves an answer as a file of a name."""
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def csv_file(text: str, name: str) -> CsvResponse:
    """Give a text as a CSV file of a name."""
    return CsvResponse(text, headers=attached(f"{name}.csv"))


def table_file(
    media: str, title: str, name: str, titles: Sequence[str], rows: Sequence[Sequence[Any]]
) -> Response:
    """Give a table as a workbook, or as CSV, of a name without its ending."""
    if media == XLSX:
        content, name = as_workbook(title, titles, rows), f"{name}.xlsx"
    else:
        content, name = as_csv(titles, rows), f"{name}.csv"
    return Response(content, media_type=media, headers=attached(name))
