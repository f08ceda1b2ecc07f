"""Columnar: rows of a table for analysts' tools, each column of a type, as Arrow or Parquet.

Names are those of the API, codes are codes: what people read stands in CSV and XLSX.
"""

import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

import polars as pl

ARROW = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"
Kind = Literal["text", "integer", "decimal", "instant", "day"]
PLACES = 6
_DTYPES: dict[Kind, Any] = {
    "text": pl.String(),
    "integer": pl.Int64(),
    "decimal": pl.Decimal(38, PLACES),
    "instant": pl.Datetime("us", "UTC"),
    "day": pl.Date(),
}
_UNIT = Decimal(1).scaleb(-PLACES)
_READ: dict[Kind, Callable[[Any], Any]] = {
    "text": str,
    "integer": int,
    "decimal": lambda value: Decimal(value).quantize(_UNIT, ROUND_HALF_UP),
    "instant": lambda value: value.astimezone(UTC),
    "day": lambda value: value if isinstance(value, date) else date.fromisoformat(value),
}


@dataclass(frozen=True)
class Heading:
    """A column: its title for people, its name and kind for tools."""

    title: str
    name: str
    kind: Kind = "text"


def frame(headings: Sequence[Heading], rows: Iterable[Sequence[Any]]) -> pl.DataFrame:
    """Put rows into columns of their types: decimals to six places, instants in UTC."""
    columns: list[list[Any]] = [[] for _ in headings]
    reads = [_READ[h.kind] for h in headings]
    for row in rows:
        for values, value, read in zip(columns, row, reads, strict=True):
            values.append(None if value is None else read(value))
    return pl.DataFrame(
        [
            pl.Series(h.name, values, _DTYPES[h.kind])
            for h, values in zip(headings, columns, strict=True)
        ]
    )


def as_columns(media: str, headings: Sequence[Heading], rows: Iterable[Sequence[Any]]) -> bytes:
    """Write rows as an Arrow IPC stream, in types that old readers know too, or as Parquet."""
    file = io.BytesIO()
    made = frame(headings, rows)
    if media == ARROW:
        made.write_ipc_stream(file, compat_level=pl.CompatLevel.oldest())
    else:
        made.write_parquet(file)
    return file.getvalue()
