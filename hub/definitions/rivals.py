"""Rivals: items of one submission that say different things of the same thing at the same time.

Two values of one station at one instant, two statistics of one period in one revision: nothing in
them says which is right. Whichever counted would do so by chance, so neither does: each is rejected
and names the other. Of events with kinds a thing may have several at once, so those have no rivals;
nor have items of one event id, which is a conflict that the ledger shows.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from hub.clock import iso
from hub.definitions.admission import Verdict, verdict_of
from hub.definitions.coded import label
from hub.definitions.contract import Contract
from hub.definitions.faults import Fault

RULE = "two_values"
OTHERS_MAX = 3  # named of those that an item has: a clock that stands makes thousands
_PART, _ROW = "~part", "~row"


def find_rivals(
    contract: Contract, frame: pl.DataFrame, part: npt.NDArray[np.int64]
) -> dict[int, list[int]]:
    """Give the rows of columns that have rivals, each with the first of those.

    `part` is a row's submission.
    """
    if contract.kinds or len(np.unique(part)) == len(part):
        return {}
    recorded = pl.coalesce("recorded_at", contract.occurred).alias("~recorded")
    about = [_PART, *dict.fromkeys((*contract.spec.entity, *contract.spec.order_first))]
    content = [f.name for f in contract.sent if f.name not in ("event_id", "recorded_at")]
    keyed = frame.with_columns(recorded, pl.Series(_PART, part, pl.Int64)).with_row_index(_ROW)
    groups = (
        keyed.filter(pl.struct(*about, "~recorded").is_duplicated())
        .group_by(*about, "~recorded")
        .agg(_ROW, pl.col("event_id").n_unique(), pl.struct(content).n_unique().alias("contents"))
        .filter((pl.col("event_id") > 1) & (pl.col("contents") > 1))
    )
    rivals: dict[int, list[int]] = {}
    for rows in groups[_ROW].to_list():
        first = rows[: OTHERS_MAX + 1]
        for row in rows:
            rivals[row] = [other for other in first if other != row][:OTHERS_MAX]
    return rivals


def verdict_on_rivals(
    contract: Contract, frame: pl.DataFrame, row: int, others: list[int], places: list[int]
) -> Verdict:
    """Say which item says something else of the same, and what; `places` are items by row."""
    wire = frame.row(row, named=True)
    other = frame.row(others[0], named=True)
    names = [f.name for f in contract.sent if f.name not in ("event_id", "recorded_at")]
    name = next((n for n in names if wire[n] != other[n]), names[0])
    shown, theirs = (_shown(contract, name, w[name]) for w in (wire, other))
    listed = ", ".join(str(places[n] + 1) for n in others)
    vi = f"cùng lần gửi có bản ghi khác của cùng đối tượng, cùng lúc (bản ghi {listed}: {theirs});"
    vi += " chỉ giữ bản đúng, hoặc ghi rõ lần hay thời điểm điều chỉnh"
    en = f"another item says something else of the same at the same time (item {listed}: {theirs});"
    en += " keep the right one, or say which corrects which"
    called = label(next(f for f in contract.fields if f.name == name))
    words = (f"{called.vi}: “{shown}” {vi}", f"{called.en}: “{shown}” {en}")
    return verdict_of(places[row], [Fault(RULE, name, shown, *words)])


def _shown(contract: Contract, name: str, value: Any) -> str:
    kind = next(f.kind for f in contract.fields if f.name == name)
    if value is None:
        return "–"
    if kind == "thousandths":
        return f"{value / 1000:g}"
    return str(iso(value)) if kind == "instant" else str(value)
