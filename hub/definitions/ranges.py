"""Ranges: the least and the greatest value that a province's list says a quantity can have.

A row is of one station or of all, from a day to a day; a station's own row stands in the place of
the one for all. A contract says which of its fields a range is about (`Ranged`), and what nobody's
value can be: a list only narrows that.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

import polars as pl

from hub.clock import OFFSET_US
from hub.definitions.admission import Verdict
from hub.definitions.coded import word
from hub.definitions.contract import Contract, Ranged
from hub.definitions.faults import said

RULE = "outside_range"
EVER = "9999-12-31"
_COLUMNS = {
    "quantity": pl.String,
    "station": pl.String,
    "low": pl.Int64,
    "high": pl.Int64,
    "valid_from": pl.String,
    "valid_to": pl.String,
}


class Ranges:
    """The rows of a list of ranges, ready to be held against columns."""

    def __init__(self, rows: Sequence[Mapping[str, str]] = ()) -> None:
        listed = [
            (
                row["quantity"],
                row["station"] or None,
                int(Decimal(row["low"]) * 1000),
                int(Decimal(row["high"]) * 1000),
                row["valid_from"],
                row["valid_to"] or EVER,
            )
            for row in rows
        ]
        self._rows = pl.DataFrame(listed, schema=_COLUMNS, orient="row")

    def outside(self, contract: Contract, frame: pl.DataFrame) -> Iterator[tuple[int, Verdict]]:
        """Give the rows of columns whose value is outside of its range, each with its verdict."""
        spec = contract.spec.ranged
        if spec is None or frame.is_empty() or self._rows.is_empty():
            return
        day = pl.from_epoch(pl.col(spec.at) + OFFSET_US, time_unit="us").dt.to_string("%Y-%m-%d")
        said = frame.select(
            pl.int_range(pl.len()).alias("row"),
            pl.col(spec.quantity).alias("quantity"),
            pl.col(spec.place).alias("place"),
            day.alias("day"),
            spec.value.alias("value"),
            pl.col(spec.field).alias("sent"),
        ).filter(frame.select(spec.counts).to_series())
        held = said.join(self._rows, on="quantity", how="inner").filter(
            pl.col("station").eq_missing(pl.col("place")) | pl.col("station").is_null(),
            pl.col("valid_from") <= pl.col("day"),
            pl.col("day") < pl.col("valid_to"),
        )
        own = pl.col("station").is_not_null()
        held = held.filter(own | ~own.any().over("row"))
        wrong = held.filter(~pl.col("value").is_between("low", "high"))
        for row in wrong.unique("row").sort("row").iter_rows(named=True):
            yield row["row"], _verdict(contract, spec, row)


def _verdict(contract: Contract, spec: Ranged, row: Mapping[str, object]) -> Verdict:
    """Say which range a value is outside of, and what to do.

    Ranges are in the quantity's own unit; a value that was sent in another is said in both.
    """
    sent, value, low, high = (Decimal(str(row[n])) / 1000 for n in ("sent", "value", "low", "high"))
    place, since, shown = row["station"], row["valid_from"], f"{sent:f}"
    unit = spec.units[str(row["quantity"])]
    also = f"({value:f} {unit}) " if value != sent else ""
    of_vi = f"trạm {place}" if place else "mọi trạm"
    of_en = f"station {place}" if place else "all stations"
    what = word(contract, "quantity", str(row["quantity"]))
    such = f"{(low + high) / 2:f} {unit}"
    vi = f"{also}ngoài ngưỡng {low:f}–{high:f} {unit} của {what}, {of_vi}, từ {since};"
    vi += " số đo nghi ngờ hoặc hỏng thì gửi với cờ chất lượng 3 hoặc 4, ngưỡng sai thì sửa danh"
    vi += f" mục ngưỡng giá trị đo; ví dụ {such}"
    en = f"{also}is outside {low:f}–{high:f} {unit}, the range of {row['quantity']} at {of_en}"
    en += f" since {since};"
    en += (
        " send what is suspect or failed with quality 3 or 4, and mend the list of ranges where it"
    )
    en += f" is wrong, such as {such}"
    return Verdict(0, RULE, spec.field, shown, *said(contract, spec.field, shown, vi, en))
