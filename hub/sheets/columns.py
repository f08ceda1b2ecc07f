"""Whole columns: one reading for all their cells, or why the column cannot be read.

A column's decimal mark and order of days are looked for in all sheets that are read; its unit
belongs to each sheet.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from hub.sheets import days, numbers
from hub.sheets.cells import Cell, Dated, Typed
from hub.sheets.grids import Grid
from hub.sheets.notes import Unit, shown
from hub.sheets.table import NO_HINT, Column, FileError, Hint
from hub.sheets.vietnamese import Mark, Order, Reading, WrittenError

_NUMBERS = ("integer", "money", "decimal", "share")
_SCALE_NAMES = {0: "đồng", 3: "nghìn đồng", 6: "triệu đồng", 9: "tỷ đồng", 12: "nghìn tỷ đồng"}
LONG_CODE = 15  # digits of a number that a sheet program keeps


@dataclass
class Part:
    """One sheet's part of a file: its grid, the rows that are data, and the units it states.

    `noted` are the units of notes around the table, `under` those of rows under the header, by
    index of the column. `totals` are rows that sum up others. What was typed in the place of cells
    shows nothing of a column.
    """

    grid: Grid
    rows: list[tuple[int, Sequence[Cell], bytes]]
    noted: list[Unit]
    under: dict[int, list[Unit]]
    is_corrected: bool = False
    totals: list[tuple[int, Sequence[Cell], bytes]] = field(default_factory=list)

    def cells(self, field: str) -> list[Cell]:
        """Give the cells of a field's column."""
        heading = self.grid.headings.known.get(field)
        if heading is None:
            return []
        at = heading.at
        cells = [row[1][at] for row in self.rows if at < len(row[1])]
        return [c for c in cells if type(c) is not Typed] if self.is_corrected else cells


@dataclass(frozen=True)
class WholeColumn:
    """How a column is read in each part, or the trouble that it has as a whole."""

    readings: tuple[Reading, ...]
    trouble: WrittenError | None = None


def find_readings(column: Column, parts: Sequence[Part]) -> WholeColumn:
    """Find how a column is read in each part; raises `FileError` where its units contradict."""
    headings = (p.grid.headings.known.get(column.field) for p in parts)
    hint = next((h.hint for h in headings if h is not None), NO_HINT)
    if column.kind in _NUMBERS:
        return _numbers(column, parts, hint)
    if column.kind in ("instant", "period"):
        return _days(column, parts, hint)
    if column.kind == "text":
        return WholeColumn((Reading(),) * len(parts), _shortened(column, parts))
    if column.kind == "boolean":
        return WholeColumn((Reading(),) * len(parts), _graded(column, parts))
    return WholeColumn((Reading(),) * len(parts))


def _graded(column: Column, parts: Sequence[Part]) -> WrittenError | None:
    """Refuse a column of grades: its 1 is the lowest of them, and not a yes."""
    cells = {str(c).strip() for p in parts for c in p.cells(column.field)}
    grade = min((c for c in cells if c.isdecimal() and c not in ("0", "1")), default="")
    if not grade:
        return None
    vi = (
        f"ô “{grade}” cho thấy cột là điểm hoặc mức, nên 1 có thể không phải là có; hãy ghi có hoặc"
    )
    vi += " không, ví dụ có"
    en = f"“{grade}” shows that the column holds grades, so 1 need not be a yes; write có or không,"
    en += " such as có"
    return WrittenError("not_a_boolean", vi, en)


def _numbers(column: Column, parts: Sequence[Part], hint: Hint) -> WholeColumn:
    scales = [_scale(column, part, hint) for part in parts]
    _check_alike(column, parts, scales)
    seen: dict[str, str] = {}
    for part, scale in zip(parts, scales, strict=True):
        shows = numbers.shown_by(column.kind, part.cells(column.field), scale)
        for name, cell in vars(shows).items():
            if cell:
                seen.setdefault(name, shown(cell, "number"))
        _check_converted(column, part, scale, shows)
    shows_mark: Mark | None = "point" if "point" in seen else "comma" if "comma" in seen else None
    mark = hint.mark or shows_mark
    proof = seen.get(mark or "", "")
    readings = tuple(Reading(mark, proof, scale=s) for s in scales)
    trouble = None
    if mark is not None and ("comma" if mark == "point" else "point") in seen:
        point = seen.get("point", "12.5")
        trouble = numbers.contradiction(point, seen.get("comma", "12,5"))
    elif mark is None and "doubtful" in seen:
        trouble = numbers.two_readings(seen["doubtful"])
    return WholeColumn(readings, trouble)


def _scale(column: Column, part: Part, hint: Hint) -> int | None:
    """Find the unit that a sheet gives for a column, as a power of ten."""
    heading = part.grid.headings.known.get(column.field)
    if heading is None or column.kind not in ("money", "integer"):
        return None
    own = ([heading.unit] if heading.unit else []) + part.under.get(heading.at, [])
    stated = [u for u in own if u.counts != "measure"]
    if column.kind == "money":
        stated += [u for u in part.noted if u.counts in ("money", "nothing", "foreign")]
    wrong = next((u for u in stated if u.counts == "foreign"), None)
    if wrong is not None:
        vi = f"cột “{heading.written}”: chưa biết đơn vị tính “{wrong.written}”; hãy ghi theo đồng,"
        vi += " ví dụ “Đơn vị tính: triệu đồng”"
        en = f"column “{heading.written}”: the unit “{wrong.written}” is not known; write it in"
        en += " đồng, such as “Đơn vị tính: triệu đồng”"
        raise FileError("unknown_unit", vi, en, value=wrong.written)
    by_scale = {u.scale: u.written for u in stated if u.scale is not None}
    if hint.scale is not None:
        by_scale.setdefault(hint.scale, _SCALE_NAMES.get(hint.scale, f"10^{hint.scale}"))
    if len(by_scale) > 1:
        both = "” và “".join(by_scale.values())
        vi = f"cột “{heading.written}” có hai đơn vị tính khác nhau: “{both}”; hãy ghi một đơn vị,"
        vi += " ví dụ “Đơn vị tính: triệu đồng”"
        en = f"column “{heading.written}” has two units, “{both.replace('” và “', '” and “')}”;"
        en += " write one, such as “Đơn vị tính: triệu đồng”"
        raise FileError("two_units", vi, en, value=", ".join(by_scale.values()))
    return next(iter(by_scale), None)


def _check_alike(column: Column, parts: Sequence[Part], scales: Sequence[int | None]) -> None:
    """Refuse sheets of which one gives a unit and another none: it may be meant for both."""
    bare = [p.grid.name for p, s in zip(parts, scales, strict=True) if s is None]
    given = [p.grid.name for p, s in zip(parts, scales, strict=True) if s]
    if bare and given:
        title = column.headers[0]
        vi = f"cột “{title}”: trang “{given[0]}” có đơn vị tính còn trang “{bare[0]}” thì không;"
        vi += " hãy ghi đơn vị tính ở mọi trang, ví dụ “Đơn vị tính: triệu đồng”"
        en = (
            f"column “{title}”: sheet “{given[0]}” gives a unit and sheet “{bare[0]}” none; give it"
        )
        en += " on every sheet, such as “Đơn vị tính: triệu đồng”"
        raise FileError("two_units", vi, en, value=bare[0])


def _check_converted(
    column: Column, part: Part, scale: int | None, shows: numbers.NumbersShown
) -> None:
    """Refuse a file of which a program made numbers of some cells, taking marks for other ones."""
    written = shows.point or shows.comma
    made = numbers.converted(column.kind, part.cells(column.field), scale) if written else None
    if made is None:
        return
    title = part.grid.headings.known[column.field].written
    said = shown(written, "number")
    vi = f"cột “{title}”: ô “{shown(made, 'number')}” là số còn ô “{said}” là chữ: một chương"
    vi += " trình đã đổi một phần cột, có thể đọc sai dấu chấm, dấu phẩy (2.000 thành 2); hãy mở"
    vi += " tệp gốc với cột ở dạng Văn bản, hoặc nhập cả cột là số"
    en = f"column “{title}”: “{shown(made, 'number')}” is a number and “{said}” a text: a"
    en += " program converted a part of the column and may have misread its marks (2.000 as 2);"
    en += " open the original file with that column as text, or type all of it as numbers"
    raise FileError("half_converted", vi, en, value=said)


def _days(column: Column, parts: Sequence[Part], hint: Hint) -> WholeColumn:
    headings = [p.grid.headings.known.get(column.field) for p in parts]
    said = next((h.order for h in headings if h and h.order), None)
    under = [o for p in parts for o in _orders_under(p, column.field)]
    stated = hint.order or said or (under[0] if under else None)
    order = stated or "day"
    cells = [c for p in parts for c in p.cells(column.field)]
    shows = days.order_shown(cells)
    trouble = days.order_trouble(shows, order, stated is not None) or days.converted(cells, shows)
    reading = Reading(order=order, is_said=stated is not None)
    if column.kind == "period":
        header = next((h.written for h in headings if h), "")
        span, doubt = days.months_trouble(cells, header, order)
        reading, trouble = replace(reading, span=span), trouble or doubt
    return WholeColumn((reading,) * len(parts), trouble)


def _orders_under(part: Part, field: str) -> list[Order]:
    heading = part.grid.headings.known.get(field)
    units = part.under.get(heading.at, []) if heading else []
    return [o for u in units if (o := days.order_in(u.written))]


def _shortened(column: Column, parts: Sequence[Part]) -> WrittenError | None:
    """Refuse codes of so many digits that all end in zeros: a sheet program has rounded them."""
    long = {
        c
        for p in parts
        for c in p.cells(column.field)
        if isinstance(c, str) and len(c) > LONG_CODE and c.isdecimal()
    }
    if len(long) < 2 or any(c[LONG_CODE:].strip("0") for c in long):
        return None
    vi = f"các mã dài như “{min(long)}” đều tận cùng bằng 0: Excel đã làm tròn; hãy đặt định dạng"
    vi += " Văn bản (Text) cho cột rồi nhập lại mã, ví dụ 202005010000000123"
    en = f"long codes such as “{min(long)}” all end in zeros: Excel has rounded them; format the"
    en += " column as text and type them again, such as 202005010000000123"
    return WrittenError("shortened", vi, en)


def is_touched(column: Column, cell: Cell) -> bool:
    """Tell whether a cell is refused with its column: numbers of a workbook are exact."""
    if type(cell) is Typed:
        return False
    if column.kind in _NUMBERS:
        return isinstance(cell, str) and not isinstance(cell, Dated)
    if column.kind == "text":
        return isinstance(cell, str) and len(cell) > LONG_CODE and cell.isdecimal()
    return True


def named_unit(reading: Reading) -> tuple[str, str]:
    """Name the unit of a column for people, empty where it is the field's own."""
    if not reading.scale:
        return "", ""
    name = _SCALE_NAMES.get(reading.scale, f"10^{reading.scale}")
    return f"đơn vị tính: {name}", f"unit: {name}"
