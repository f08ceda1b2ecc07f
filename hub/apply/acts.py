"""Acts: records of the control topic become rows: periods closed, lists loaded, declarations.

So do those of the alert topic: what became of alerts.
"""

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from hub.apply.change import Change
from hub.apply.intake import Rejected, Taken, reject
from hub.apply.rows import count_records, ledger_rows
from hub.apply.set_aside import SetAside, class_records
from hub.definitions.contract import Contract
from hub.definitions.declaration import Declaration
from hub.log.cut import read_cut
from hub.log.slices import Joined
from hub.reference.lists import is_rows
from hub.reference.periods import parse_period
from hub.store.reading import Reading

CLOSED, LOADED, DECLARED = "period_closed", "list_loaded", "totals_declared"
_PLACE = pl.col("offset").alias("log_offset")
_CLOSING = (
    "event_id",
    "sender",
    "period",
    "closed_at",
    "closed_by",
    "cut",
    "figures",
    "silent",
    "digest",
    _PLACE,
)
_LIST = (
    "event_id",
    "sender",
    pl.col("period").alias("name"),
    pl.col("closed_at").alias("loaded_at"),
    pl.col("closed_by").alias("loaded_by"),
    "digest",
    pl.col("rows").alias("content"),
    _PLACE,
)
_DECLARATION = (
    "event_id",
    "sender",
    pl.col("period").alias("contract"),
    pl.col("closed_at").alias("declared_at"),
    pl.col("rows").alias("content"),
    _PLACE,
)


def find_acts(contract: Contract, taken: Taken, reading: Reading, shard: int) -> Change:
    """Turn records of the control topic into rows; the first of an id counts."""
    set_aside = SetAside(contract, taken)
    flaws = [flaw(event) for event in taken.frame.iter_rows(named=True)]
    set_aside.reject(
        _malformed(taken.records, row, name)
        for row, name in zip(taken.frame["row"].to_list(), flaws, strict=True)
        if name is not None
    )
    is_whole = pl.Series([name is None for name in flaws], dtype=pl.Boolean)
    known = reading.acts()
    classed = class_records(taken.frame.filter(is_whole), known, "applied")
    set_aside.classify(classed.with_columns(pl.lit(contract.name).alias("contract")))
    records = set_aside.rows()
    applied = classed.filter(pl.col("class") == "applied")
    return Change(
        ledger=ledger_rows(shard, count_records(records)),
        quarantine=set_aside.quarantine(),
        notices=set_aside.notices(),
        aside=records,
        closings=applied.filter(pl.col("kind") == CLOSED).select(*_CLOSING),
        lists=applied.filter(pl.col("kind") == LOADED).select(*_LIST),
        declarations=applied.filter(pl.col("kind") == DECLARED).select(*_DECLARATION),
    )


def find_alerts(contract: Contract, taken: Taken, reading: Reading, shard: int) -> Change:
    """Turn records of the alert topic into rows; the first of an id counts."""
    set_aside = SetAside(contract, taken)
    known = reading.alerts_known(taken.frame["event_id"].to_list())
    classed = class_records(taken.frame, known, "applied")
    set_aside.classify(classed.with_columns(pl.lit(contract.name).alias("contract")))
    records = set_aside.rows()
    names = [f.name for f in contract.fields if f.name != "recorded_at"]
    return Change(
        ledger=ledger_rows(shard, count_records(records)),
        quarantine=set_aside.quarantine(),
        notices=set_aside.notices(),
        aside=records,
        alerts=classed.filter(pl.col("class") == "applied").select(
            *(n for n in names if n != "replayed"),
            pl.col("replayed").cast(pl.Int64),
            "sender",
            _PLACE,
        ),
    )


def flaw(event: Mapping[str, Any]) -> str | None:
    """Name the field of an act that cannot be read, though it is the text that is asked for."""
    if event["kind"] == LOADED:
        return None if is_rows(event["rows"], event["digest"]) else "rows"
    if event["kind"] == DECLARED:
        return None if _is_declaration(event["rows"]) else "rows"
    for name, read in (
        ("period", parse_period),
        ("cut", read_cut),
        ("figures", _read_lists),
        ("silent", _read_lists),
    ):
        try:
            read(event[name])
        except (ValueError, KeyError, TypeError):
            return name
    return None


def _is_declaration(text: str | None) -> bool:
    try:
        Declaration.load(text or "")
    except (ValueError, TypeError, KeyError):
        return False
    return True


def _read_lists(text: str) -> None:
    lists = json.loads(text)
    if not isinstance(lists, dict) or not all(isinstance(v, list) for v in lists.values()):
        raise TypeError("an object of lists")


def _malformed(records: Joined, row: int, name: str) -> Rejected:
    vi = f"{name}: không đọc được; chỉ `hub period close` và `hub reference load` ghi sự kiện này"
    en = f"{name}: cannot be read; only `hub period close` and `hub reference load` write such"
    return reject(records, row, "malformed", name, "", vi, en)
