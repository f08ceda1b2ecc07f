"""Checking: what is wrong with a list that no single row shows.

On one day there is one row of a key; what a row is part of is in force as long as the row is.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from hub.reference.form import Form, Row

_EVER = "9999-12-31"


class Flaw(NamedTuple):
    """What is wrong with a row of a list; a `note` is told, and does not keep it from loading."""

    row: int
    column: str
    value: str
    rule: str
    vi: str
    en: str
    is_note: bool = False


def check_rows(form: Form, rows: Sequence[Row]) -> list[Flaw]:
    """Find what is wrong with a list's rows, by the index of each, in their order."""
    flaws = [*_alone(form, rows), *_together(form, rows)]
    if form.parent is not None:
        flaws += _parents(form, form.parent, rows)
    return sorted(flaws, key=lambda f: f.row)


def _alone(form: Form, rows: Sequence[Row]) -> Iterator[Flaw]:
    if not form.is_effective_dated:
        return
    for i, row in enumerate(rows):
        if row["valid_to"] and row["valid_to"] <= row["valid_from"]:
            vi = f"phải sau ngày bắt đầu {row['valid_from']}"
            en = f"must be after the first day, {row['valid_from']}"
            yield Flaw(i, "valid_to", row["valid_to"], "ends_before_it_begins", vi, en)


def _together(form: Form, rows: Sequence[Row]) -> Iterator[Flaw]:
    """Find rows of one key that are in force on one day, and days between two of them."""
    spans: dict[tuple[str, ...], list[tuple[str, str, int]]] = {}
    for i, row in enumerate(rows):
        begin, end = (
            (row["valid_from"], row["valid_to"] or _EVER) if form.is_effective_dated else ("", "")
        )
        spans.setdefault(tuple(row[k] for k in form.key), []).append((begin, end, i))
    column = form.key[0]
    for key, listed in spans.items():
        listed.sort()
        name = " ".join(key)
        for (_, end, first), (begin, _, i) in pairwise(listed):
            if not form.is_effective_dated or begin < end:
                since = rows[first].get("valid_from", "")
                vi = f"trùng hiệu lực với một dòng khác cùng mã {since}".rstrip()
                en = f"in force together with another row of the same code {since}".rstrip()
                yield Flaw(i, column, name, "overlap", vi, en)
            elif begin > end:
                vi = f"không có hiệu lực từ {end} đến trước {begin}"
                en = f"not in force from {end} until before {begin}"
                yield Flaw(i, column, name, "gap", vi, en, is_note=True)


def _parents(form: Form, column: str, rows: Sequence[Row]) -> Iterator[Flaw]:
    """Find rows that are part of what is not listed or not in force then, or of themselves."""
    (code,) = form.key
    spans: dict[str, list[tuple[str, str]]] = {}
    above: dict[str, set[str]] = {}
    for row in rows:
        spans.setdefault(row[code], []).append((row["valid_from"], row["valid_to"] or _EVER))
        above.setdefault(row[code], set()).add(row[column])
    for i, row in enumerate(rows):
        parent = row[column]
        if not parent:
            continue
        if parent not in spans:
            vi, en = "không có trong danh mục này", "is not in this list"
            yield Flaw(i, column, parent, "unknown_parent", vi, en)
        elif day := _uncovered(row["valid_from"], row["valid_to"] or _EVER, spans[parent]):
            vi, en = f"không có hiệu lực vào ngày {day}", f"is not in force on {day}"
            yield Flaw(i, column, parent, "parent_not_in_force", vi, en)
        elif row[code] in _all_above(parent, above):
            vi, en = "nằm trong vòng lặp trực thuộc", "is part of itself"
            yield Flaw(i, column, parent, "parent_of_itself", vi, en)


def _uncovered(begin: str, end: str, spans: Sequence[tuple[str, str]]) -> str | None:
    """Find the first day in [begin, end) that no span holds."""
    at = begin
    for first, last in sorted(spans):
        if first <= at < last:
            at = last
    return at if at < end else None


def _all_above(code: str, above: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = [code]
    while waiting:
        if (name := waiting.pop()) and name not in seen:
            seen.add(name)
            waiting.extend(above.get(name, ()))
    return seen
