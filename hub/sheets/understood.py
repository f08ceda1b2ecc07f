"""How a file was understood: each column's meaning, and what was passed over, for people."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from hub.definitions.admission import Verdict, verdict_of
from hub.definitions.faults import written_as

LINES_MAX = 100  # of what was passed over; the rest is counted


@dataclass(frozen=True)
class UnderstoodColumn:
    """A column: its header as written, the field it fills, a cell of it and what that is read as.

    `unit`, `order` and `mark` are empty where they do not matter: the unit its numbers are in, the
    order of its days, the mark before its decimals. `sheet` is empty where one sheet is read.
    """

    sheet: str
    header: str
    field: str
    title: str
    example: str
    value: str
    unit: tuple[str, str] = ("", "")
    order: tuple[str, str] = ("", "")
    mark: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class PassedOver:
    """Something in a file that was not read as a row of it: what, where, and its words."""

    what: str
    sheet: str
    row: int
    text: str
    vi: str
    en: str


def _unwritten(_: int, __: str) -> str:
    """Know no cell as it was written."""
    return ""


@dataclass
class Understood:
    """How a file was understood: `columns`, what was `passed` over, and where each row stands.

    `starts` are the sheets whose rows were read, with the place of the first row of each. `mapping`
    is the digest of the sender's mapping by which it was read, empty where there is none. Where a
    row holds several items, `cells` says of each place in which row and under which header it is.
    `to_count` is the field that no row says, so that the hub counts it; empty where there is none.
    `written` gives a cell by its row's place and its field as its sender wrote it, masked; empty
    where there is none.
    """

    columns: list[UnderstoodColumn] = field(default_factory=list)
    passed: list[PassedOver] = field(default_factory=list)
    starts: list[tuple[str, int]] = field(default_factory=list)
    mapping: str = ""
    cells: dict[int, tuple[int, str]] = field(default_factory=dict)
    to_count: str = ""
    written: Callable[[int, str], str] = field(default=_unwritten, compare=False, repr=False)

    def header_of(self, field: str) -> str:
        """Give the header by which its sender knows a field's column; empty where none is read."""
        return next((c.header for c in self.columns if c.field == field), "")

    def in_its_words(self, verdict: Verdict) -> Verdict:
        """Say a verdict on what a row was read as by the cells that its sender wrote."""
        faults = [written_as(f, self.written(verdict.index, f.field)) for f in verdict.each()]
        return verdict_of(verdict.index, faults)

    def row_of(self, place: int) -> tuple[str, int]:
        """Give the sheet, empty where one is read, and the number of a row by its place."""
        if place in self.cells:
            return "", self.cells[place][0]
        if len(self.starts) < 2:
            return "", place + 1
        sheet, start = next(s for s in reversed(self.starts) if s[1] <= place)
        return sheet, place - start + 1

    def where(self, place: int) -> tuple[str, str]:
        """Say in which row, and of which sheet, something stands."""
        return words_of(*self.row_of(place))

    @property
    def has_more_to_say(self) -> bool:
        """Tell whether a mapping was used, something passed over, or a unit read into the rows."""
        return bool(self.mapping) or bool(self.passed) or any(c.unit[0] for c in self.columns)

    def lines(self) -> Iterator[tuple[str, str]]:
        """Say all of it, a line a column or thing passed over, in both languages."""
        if self.mapping:
            yield f"đọc theo bảng ánh xạ {self.mapping}", f"read by the mapping {self.mapping}"
        for c in self.columns:
            at = (f"trang “{c.sheet}”, ", f"sheet “{c.sheet}”, ") if c.sheet else ("", "")
            more = [
                ", ".join(filter(None, (w[i] for w in (c.unit, c.order, c.mark)))) for i in (0, 1)
            ]
            tail = [f" ({m})" if m else "" for m in more]
            as_read = [
                f"; ví dụ {c.example} đọc là {c.value}",
                f"; {c.example} is read as {c.value}",
            ]
            shown = as_read if c.example else ["", ""]
            vi = f"{at[0]}cột “{c.header}”: {c.title}{tail[0]}{shown[0]}"
            yield vi, f"{at[1]}column “{c.header}”: {c.field}{tail[1]}{shown[1]}"
        for p in self.passed[:LINES_MAX]:
            yield p.vi, p.en
        rest = len(self.passed) - LINES_MAX
        if rest > 0:
            yield f"bỏ qua thêm {rest} mục như trên", f"{rest} more were passed over likewise"

    def public(self) -> dict[str, Any]:
        """Give the columns and what was passed over as JSON."""
        columns = [
            {
                **{"sheet": c.sheet, "header": c.header, "field": c.field, "title": c.title},
                **{"example": c.example, "value": c.value},
                "as_vi": ", ".join(w[0] for w in (c.unit, c.order, c.mark) if w[0]),
                "as_en": ", ".join(w[1] for w in (c.unit, c.order, c.mark) if w[1]),
            }
            for c in self.columns
        ]
        passed = [
            {"what": p.what, "sheet": p.sheet, "row": p.row, "message_vi": p.vi, "message_en": p.en}
            for p in self.passed[:LINES_MAX]
        ]
        return {"columns": columns, "passed": passed}


def words_of(sheet: str, number: int) -> tuple[str, str]:
    """Name a row, and its sheet where rows of several are read."""
    if not sheet:
        return f"dòng {number}", f"row {number}"
    return f"trang “{sheet}”, dòng {number}", f"sheet “{sheet}”, row {number}"
