"""Checking: what is wrong with a list that no single row shows.

On one day there is one row of a key; what a row is part of is in force as long as the row is.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from hub.reference.form import Form, Row
from hub.reference.units import EVER, Units


class Flaw(NamedTuple):
    """What is wrong with a row of a list; a `note` is told, and does not keep it from loading."""

    row: int
    column: str
    value: str
    rule: str
    vi: str
    en: str
    is_note: bool = False


def check_tables(
    forms: Mapping[str, Form],
    tables: Mapping[str, Sequence[Row]],
    names: Mapping[str, Collection[str]],
) -> dict[str, list[Flaw]]:
    """Find what is wrong with lists, each by itself and one against another, by list.

    `names` gives what columns may name that is of the hub and not of a list: its contracts, KPIs.
    """
    flaws = {name: check_rows(forms[name], rows) for name, rows in tables.items()}
    for name, rows in tables.items():
        flaws[name] += _unknown_names(rows, names)
    lineage, units = tables.get("lineage"), tables.get("units")
    if lineage is not None and units is None:
        vi, en = "phải nạp cùng danh mục đơn vị (units)", "is loaded together with the list units"
        flaws["lineage"].append(Flaw(0, "from_code", "", "without_units", vi, en))
    elif lineage is not None and units is not None:
        flaws["lineage"] += check_lineage(lineage, units)
        flaws["units"] += _check_ends(units, lineage)
    return {name: sorted(listed, key=lambda f: f.row) for name, listed in flaws.items()}


def check_rows(form: Form, rows: Sequence[Row]) -> list[Flaw]:
    """Find what is wrong with a list's rows, by the index of each, in their order."""
    flaws = [*_alone(form, rows), *_turned(rows), *_together(form, rows)]
    if form.parent is not None:
        flaws += _parents(form, form.parent, rows)
    return sorted(flaws, key=lambda f: f.row)


def _unknown_names(rows: Sequence[Row], names: Mapping[str, Collection[str]]) -> Iterator[Flaw]:
    for i, row in enumerate(rows):
        for column, known in names.items():
            if column in row and row[column] not in known:
                listed = ", ".join(known)
                vi, en = f"chỉ nhận: {listed}", f"one of {listed}"
                yield Flaw(i, column, row[column], "unknown_name", vi, en)


def _alone(form: Form, rows: Sequence[Row]) -> Iterator[Flaw]:
    for i, row in enumerate(rows):
        if form.one_of and not any(row.get(name) for name in form.one_of):
            titles = [c for c in form.columns if c.name in form.one_of]
            vi = f"phải có {' hoặc '.join(c.title_vi for c in titles)}"
            en = f"{' or '.join(c.title_en for c in titles)} must be there"
            yield Flaw(i, form.one_of[0], "", "empty", vi, en)
    if not form.is_effective_dated:
        return
    for i, row in enumerate(rows):
        if row["valid_to"] and row["valid_to"] <= row["valid_from"]:
            vi = f"phải sau ngày bắt đầu {row['valid_from']}"
            en = f"must be after the first day, {row['valid_from']}"
            yield Flaw(i, "valid_to", row["valid_to"], "ends_before_it_begins", vi, en)


_THOUSANDTH = Decimal("0.001")


def _turned(rows: Sequence[Row]) -> Iterator[Flaw]:
    """Find ranges whose least value is over their greatest, and thresholds that none can have."""
    for i, row in enumerate(rows):
        threshold = Decimal(row.get("threshold") or 0)
        if threshold < 0 or threshold % _THOUSANDTH:
            vi, en = "phải từ 0 trở lên, tối đa ba số lẻ", "must be 0 or more, of three decimals"
            yield Flaw(i, "threshold", row["threshold"], "malformed", vi, en)
        if "low" in row and "high" in row and Decimal(row["low"]) > Decimal(row["high"]):
            vi, en = f"phải từ {row['low']} trở lên", f"must be {row['low']} or more"
            yield Flaw(i, "high", row["high"], "ends_before_it_begins", vi, en)


def _together(form: Form, rows: Sequence[Row]) -> Iterator[Flaw]:
    """Find rows of one key that are in force on one day, and days between two of them."""
    spans: dict[tuple[str, ...], list[tuple[str, str, int]]] = {}
    for i, row in enumerate(rows):
        begin, end = (
            (row["valid_from"], row["valid_to"] or EVER) if form.is_effective_dated else ("", "")
        )
        spans.setdefault(tuple(row.get(k, "") for k in form.key), []).append((begin, end, i))
    column = form.key[0]
    for key, listed in spans.items():
        listed.sort()
        name = " ".join(filter(None, key))
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
        spans.setdefault(row[code], []).append((row["valid_from"], row["valid_to"] or EVER))
        above.setdefault(row[code], set()).add(row[column])
    for i, row in enumerate(rows):
        parent = row[column]
        if not parent:
            continue
        if parent not in spans:
            vi, en = "không có trong danh mục này", "is not in this list"
            yield Flaw(i, column, parent, "unknown_parent", vi, en)
        elif day := _uncovered(row["valid_from"], row["valid_to"] or EVER, spans[parent]):
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


def check_lineage(rows: Sequence[Row], units: Sequence[Row]) -> list[Flaw]:
    """Find lineage that does not conserve: what ends must go somewhere, and whole, once.

    A row's `from_code` names the unit that ended on its day, `to_code` one in force from then on.
    """
    known = Units(units)
    flaws: list[Flaw] = []
    groups: dict[tuple[str, str], list[int]] = {}
    for i, row in enumerate(rows):
        groups.setdefault((row["from_code"], row["date"]), []).append(i)
        flaws += _ends(i, row, known)
    for (code, day), places in groups.items():
        flaws += _shares(code, day, [(i, rows[i]) for i in places])
    return flaws


def _ends(i: int, row: Row, known: Units) -> Iterator[Flaw]:
    code, day = row["from_code"], row["date"]
    if not any(u.code == code and u.valid_to == day for u in known.all()):
        vi, en = (
            f"không có đơn vị nào mang mã này hết hiệu lực ngày {day}",
            f"no unit of this code ends on {day}",
        )
        yield Flaw(i, "from_code", code, "does_not_end", vi, en)
    is_end = row["kind"] == "end"
    if is_end and row["to_code"]:
        vi, en = "đơn vị chấm dứt không có đơn vị mới", "what ends has no code after"
        yield Flaw(i, "to_code", row["to_code"], "has_no_successor", vi, en)
    if not is_end and known.at(row["to_code"], day) is None:
        vi, en = f"không có hiệu lực vào ngày {day}", f"is not in force on {day}"
        yield Flaw(i, "to_code", row["to_code"], "unknown_successor", vi, en)


def _shares(code: str, day: str, listed: Sequence[tuple[int, Row]]) -> Iterator[Flaw]:
    first = listed[0][0]
    kinds = {row["kind"] for _, row in listed}
    if kinds != {"split"}:
        if len(listed) > 1:
            vi = f"ngày {day} có {len(listed)} dòng; chỉ tách một phần mới có nhiều dòng"
            en = f"{len(listed)} rows for {day}; only a split has more than one"
            yield Flaw(first, "from_code", code, "more_than_whole", vi, en)
        return
    if len(listed) == 1:
        vi = "tách thì phải nêu mọi phần; còn một phần thì là nhập toàn bộ"
        en = "a split names all its parts; with one part it is a merge"
        yield Flaw(first, "kind", "split", "less_than_whole", vi, en)
    weights = [row["weight"] for _, row in listed if row["weight"]]
    if weights and (len(weights) < len(listed) or sum(map(Decimal, weights)) != 1):
        vi = f"các tỷ trọng của {code} phải đủ và cộng lại bằng 1"
        en = f"the weights of {code} must be complete and add up to 1"
        yield Flaw(first, "weight", " + ".join(weights), "weights", vi, en)


def _check_ends(units: Sequence[Row], lineage: Sequence[Row]) -> list[Flaw]:
    """Tell which units end without a word on what they became: their figures cannot be re-based."""
    known = {(row["from_code"], row["date"]) for row in lineage}
    vi, en = (
        "hết hiệu lực mà danh mục chia tách, sáp nhập không nói thành gì",
        "ends, and no lineage says what it became",
    )
    return [
        Flaw(
            i,
            "valid_to",
            row["valid_to"],
            "no_lineage",
            f"{row['code']}: {vi}",
            f"{row['code']}: {en}",
            True,
        )
        for i, row in enumerate(units)
        if row["valid_to"] and (row["code"], row["valid_to"]) not in known
    ]
