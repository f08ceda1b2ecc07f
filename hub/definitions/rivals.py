"""Rivals: items of one submission that say different things of the same thing at the same time.

Two values of one station at one instant, two statistics of one period in one revision: nothing in
them says which is right. Whichever counted would do so by chance, so neither does: each is rejected
and names the other. Of events with kinds a thing may have several at once, so those have no rivals;
nor have items of one event id, which is a conflict that the ledger shows.
"""

from collections import defaultdict
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
_PART = "~part"


def find_rivals(
    contract: Contract, frame: pl.DataFrame, part: npt.NDArray[np.int64]
) -> dict[int, list[int]]:
    """Give the rows of columns that have rivals, each with those; `part` is a row's submission."""
    if contract.kinds or len(np.unique(part)) == len(part):
        return {}
    recorded = pl.coalesce("recorded_at", contract.occurred).alias("~recorded")
    keyed = frame.with_columns(recorded, pl.Series(_PART, part, pl.Int64))
    about = [
        _PART,
        *dict.fromkeys((*contract.spec.entity, *contract.spec.order_first)),
        "~recorded",
    ]
    again = keyed.select(about).is_duplicated()
    if not again.any():
        return {}
    groups: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for row in np.flatnonzero(again.to_numpy()).tolist():
        groups[keyed.select(about).row(row)].append(row)
    content = [f.name for f in contract.sent if f.name != "event_id"]
    rivals: dict[int, list[int]] = {}
    for rows in groups.values():
        own = frame[rows]
        is_one = own["event_id"].n_unique() == 1
        if not is_one and own.select(pl.struct(content).n_unique()).item() > 1:
            rivals |= {row: [other for other in rows if other != row] for row in rows}
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
