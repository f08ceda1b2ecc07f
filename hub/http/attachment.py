"""Files that a browser saves."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any, Literal

from fastapi import Response
from pydantic import Field

from hub.http.parameters import said_as
from hub.sheets.columnar import ARROW, PARQUET, Heading, as_columns
from hub.sheets.listing import CSV, XLSX, as_csv, as_workbook

# By the name's ending; where a client takes several, the first of them.
FORMATS = {"xlsx": XLSX, "csv": CSV, "arrow": ARROW, "parquet": PARQUET}
FILES: dict[str, Any] = {media: {} for media in FORMATS.values()}
NO_WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType({})
FileFormat = Annotated[
    Literal["json", "csv", "xlsx", "arrow", "parquet"] | None,
    Field(description="dạng tệp, thay cho Accept | which file, in the place of Accept"),
    said_as(
        "phải là json, csv, xlsx, arrow hoặc parquet",
        "must be json, csv, xlsx, arrow or parquet",
    ),
]


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


def media_of(written: str | None, accept: str) -> str:
    """Give the media type of the file that is wanted, by `format`, else by `Accept`; "": none."""
    if written is not None:
        return FORMATS.get(written, "")
    return next((media for media in FORMATS.values() if media in accept), "")


def table_file(
    media: str,
    title: str,
    name: str,
    headings: Sequence[Heading],
    rows: Iterable[Sequence[Any]],
    words: Mapping[str, Mapping[str, str]] = NO_WORDS,
) -> Response:
    """Give a table as a file of a name without its ending.

    `words` are, by column, what people read in the place of codes: in CSV and XLSX alone.
    """
    ending = next(ending for ending, known in FORMATS.items() if known == media)
    if media in (ARROW, PARQUET):
        content = as_columns(media, headings, rows)
    else:
        titles = [h.title for h in headings]
        said = [words.get(h.name, {}) for h in headings]
        shown = [
            [w.get(v, v) for w, v in zip(said, row, strict=True)] if words else row for row in rows
        ]
        content = as_workbook(title, titles, shown) if media == XLSX else as_csv(titles, shown)
    return Response(content, media_type=media, headers=attached(f"{name}.{ending}"))
