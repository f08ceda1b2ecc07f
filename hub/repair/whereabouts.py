"""Whereabouts: where something is that is no entity: a rejected item, or what never came."""

from dataclasses import asdict
from typing import Any

import polars as pl

from hub.clock import iso_day
from hub.connecting import reconciling
from hub.definitions.originals import Opener
from hub.figures.book import Book
from hub.log.log import Log
from hub.proof.lacking import absences
from hub.proof.missing import gaps, number_codes
from hub.reference.periods import Period, parse_period
from hub.repair.items import DISCARDED, FIXED, REPLAYED, SUPERSEDED, Item, Wanted, all_items


def whereabouts(log: Log, book: Book, opens: Opener, name: str) -> dict[str, Any] | None:
    """Say where a thing is, in both languages; None where nothing is known of it.

    `name` is a rejected item's id, or a thing's code. No original is shown.
    """
    item = next(all_items(book.reading, opens, Wanted(ids=[name])), None)
    if item is not None:
        vi, en = _where(item)
        return {"where_vi": vi, "where_en": en, **item.public(is_shown=False)}
    kept = reconciling.all_kept(log, sorted(book.definitions.sources))
    lacking = absences(book, kept, name=name)
    if lacking:
        first = lacking[0]
        vi = f"nguồn {first.source} có bản ghi này, ở đây chưa có như vậy: {first.message_vi}"
        en = f"the source {first.source} has it, and here it is not so: {first.message_en}"
        return {"where_vi": vi, "where_en": en, "lacking": [asdict(a) for a in lacking]}
    gap = _gap(book, name)
    if gap is not None:
        vi = f"chưa đến: đơn vị {gap['unit']} đánh số theo ngày, số này thiếu trong dãy"
        en = f"it never came: {gap['unit']} numbers by day, and this number is missing"
        return {"where_vi": vi, "where_en": en, "gap": gap}
    return None


def _where(item: Item) -> tuple[str, str]:
    last = item.acts[-1] if item.acts else None
    if last is None:
        return f"đang chờ sửa: {item.message_vi}", f"it waits to be repaired: {item.message_en}"
    place = last.receipt or last.reason
    words = {
        FIXED: ("đã sửa, chưa gửi lại", "it was corrected, and not sent yet"),
        REPLAYED: (f"đã gửi lại, biên nhận {place}", f"it was sent again, receipt {place}"),
        SUPERSEDED: (f"đã được thay thế: {place} ({last.reason})", f"superseded by {place}"),
        DISCARDED: (f"đã loại bỏ: {place}", f"it was discarded: {place}"),
    }
    waits = (f"lại chờ sửa: {item.message_vi}", f"it waits again: {item.message_en}")
    return words.get(item.state, waits)


def _gap(book: Book, name: str) -> dict[str, Any] | None:
    for contract in book.definitions.contracts.values():
        if contract.spec.names is None:
            continue
        parts = number_codes(contract, pl.DataFrame({"code": [name]}))
        for day in parts["day"].to_list():
            for gap in gaps(book, _month_of(int(day))):
                if name in gap.missing:
                    return {"contract": gap.contract, "unit": gap.unit, "day": gap.day}
    return None


def _month_of(day: int) -> Period:
    # What a unit numbers like is learned from the days up to a period's end.
    return parse_period(iso_day(day)[:7])
