"""Ahead: instants that lie later than their acceptance, which nobody can have measured or recorded.

A clock that is wrong by years would outrank every later correction. Only deadlines may lie ahead.
A period does not where it has begun: a year's statistic may come within the year.

A record carries when it was accepted, so whoever reads it again comes to the same verdict.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl

from hub.clock import day_of, iso, iso_day
from hub.definitions.admission import Verdict, verdict_of
from hub.definitions.contract import Contract
from hub.definitions.faults import Fault, said

RULE = "in_the_future"
# What a clock of its own may be off by. Less than an hour, so that local time sent as if it were
# UTC, seven hours ahead, is found. No setting: a log comes out the same whoever reads it.
MINUTES_MAX = 15
US_MAX = MINUTES_MAX * 60_000_000


def ahead(contract: Contract, frame: pl.DataFrame, accepted_at: pl.Series) -> Iterator[int]:
    """Give the rows of columns that say something of later than their acceptance."""
    if frame.is_empty():
        return
    first = int(accepted_at.min()) + US_MAX  # type: ignore[arg-type]
    late = np.zeros(len(frame), np.bool_)
    for name in contract.past:
        column = frame[name]
        greatest = column.max()
        is_text = column.dtype == pl.String
        if greatest is None or greatest <= (iso_day(day_of(first)) if is_text else first):  # type: ignore[operator]
            continue  # as good as always
        limits = (accepted_at + US_MAX).to_list()
        texts = [iso_day(day_of(n)) for n in limits] if is_text else limits
        late |= (column > pl.Series(texts)).fill_null(value=False).to_numpy()
    yield from np.flatnonzero(late).tolist()


def verdict_ahead(
    contract: Contract, wire: Mapping[str, Any], accepted_at: int, index: int
) -> Verdict:
    """Say all that an event in wire values, of `ahead`, speaks of that is yet to come."""
    at = iso(accepted_at)
    vi = f"sau lúc tiếp nhận {at} quá {MINUTES_MAX} phút; hãy kiểm tra đồng hồ và múi giờ của thiết"
    vi += " bị (giờ Việt Nam ghi +07:00) rồi gửi lại"
    en = f"is more than {MINUTES_MAX} minutes after its acceptance, {at}; check the clock and the"
    en += " time zone (Vietnam's is written +07:00) and send it again"
    faults = []
    for name in contract.past:
        if _is_ahead(wire[name], accepted_at + US_MAX):
            shown = str(iso(wire[name]) if isinstance(wire[name], int) else wire[name])
            is_period = isinstance(wire[name], str)  # no clock of a device is to blame for it
            words = _not_begun(accepted_at) if is_period else (vi, en)
            faults.append(Fault(RULE, name, shown, *said(contract, name, shown, *words)))
    return verdict_of(index, faults)


def _not_begun(accepted_at: int) -> tuple[str, str]:
    day = iso_day(day_of(accepted_at))
    vi = f"kỳ này chưa bắt đầu lúc tiếp nhận ({day}); hãy kiểm tra lại năm, tháng, ngày của kỳ"
    en = f"had not begun when it was accepted, on {day}; check the year, month, day of it"
    return vi, en


def _is_ahead(value: str | int | None, limit: int) -> bool:
    if isinstance(value, str):
        return value > iso_day(day_of(limit))
    return value is not None and value > limit
