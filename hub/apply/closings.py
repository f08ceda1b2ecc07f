"""Closings: records of the control topic become rows of closed periods."""

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from hub.apply.change import Change
from hub.apply.intake import Rejected, Taken, reject
from hub.apply.rows import count_records, ledger_rows
from hub.apply.set_aside import SetAside, class_records
from hub.definitions.contract import Contract
from hub.log.cut import read_cut
from hub.log.slices import Joined
from hub.reference.periods import parse_period
from hub.store.reading import Reading

_COLUMNS = (
    "event_id",
    "sender",
    "period",
    "closed_at",
    "closed_by",
    "cut",
    "figures",
    "silent",
    "digest",
    pl.col("offset").alias("log_offset"),
)


def find_closings(contract: Contract, taken: Taken, reading: Reading, shard: int) -> Change:
    """Turn records of the control topic into rows of closed periods; the first of an id counts."""
    set_aside = SetAside(contract, taken)
    flaws = [flaw(event) for event in taken.frame.iter_rows(named=True)]
    set_aside.reject(
        _malformed(taken.records, row, name)
        for row, name in zip(taken.frame["row"].to_list(), flaws, strict=True)
        if name is not None
    )
    is_whole = pl.Series([name is None for name in flaws], dtype=pl.Boolean)
    known = [row[0] for row in reading.closings()]
    classed = class_records(taken.frame.filter(is_whole), known, "applied")
    set_aside.classify(classed.with_columns(pl.lit(contract.name).alias("contract")))
    records = set_aside.rows()
    return Change(
        ledger=ledger_rows(shard, count_records(records)),
        quarantine=set_aside.quarantine(),
        notices=set_aside.notices(),
        aside=records,
        closings=classed.filter(pl.col("class") == "applied").select(*_COLUMNS),
    )


def flaw(event: Mapping[str, Any]) -> str | None:
    """Name the field of a closing that cannot be read, though it is the text that is asked for."""
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


def _read_lists(text: str) -> None:
    lists = json.loads(text)
    if not isinstance(lists, dict) or not all(isinstance(v, list) for v in lists.values()):
        raise TypeError("an object of lists")


def _malformed(records: Joined, row: int, name: str) -> Rejected:
    vi = f"{name}: không đọc được; chỉ `hub period close` ghi sự kiện này"
    en = f"{name}: cannot be read; only `hub period close` writes such events"
    return reject(records, row, "malformed", name, "", vi, en)
