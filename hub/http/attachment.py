"""Files that a browser saves."""

from fastapi import Response


class CsvResponse(Response):
    """A CSV file."""

    media_type = "text/csv"


def csv_file(text: str, name: str) -> CsvResponse:
    """Give a text as a CSV file of a name."""
    return CsvResponse(text, headers={"Content-Disposition": f'attachment; filename="{name}.csv"'})
