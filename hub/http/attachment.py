"""Files that a browser saves."""

from fastapi import Response


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
