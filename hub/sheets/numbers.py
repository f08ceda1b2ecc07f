"""Numbers, shares and money as people write them, each read as the whole of its column shows.

Two ways of writing are in use: the Vietnamese one, in which a point groups and a comma stands
before decimals (`1.543,88`), and the other way round (`1,543.88`). A column is written in one of
them, which any of its cells may show: `4,5`, `1.234.567` and `1.543,88` show the first, `12.5`,
`0.987` and `1,543.88` the second. A number with one mark and just three digits after it shows
neither: `1.234` and `1,234` are each read by what the rest of the column shows, and rejected where
nothing does. A space may group in both.

- `integer`: where nothing shows otherwise, a point groups: an integer has no decimals, so
  `605.859` can mean one thing only. A lone comma is rejected: `605,859`.
- `share`: a decimal with its `%`: `33,93 %` is 0.3393, `01%` is 0.01. Without the mark it is
  rejected: 1 could be all or a hundredth.
- `money`: whole đồng. With a scale (`nghìn`, `triệu`, `tỷ`, `nghìn tỷ`), which may stand in the
  cell or be the column's, the number is a decimal: `1.543,88 tỷ đồng`. Without one it is an
  integer, perhaps with `,0` or `,00`: `250.000 đồng`.
- A number in a cell of a workbook is exact and is taken as the shortest decimal of what is stored.
  A whole number from 2^53 on is rejected: the cell may have lost its last digits.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact

from hub.definitions.faults import is_word_for_nothing
from hub.sheets.cells import Cell, Dated, Percent
from hub.sheets.vietnamese import Mark, Reader, Reading, WrittenError, plain

DIGITS_MAX = 30  # more than any amount; so that all arithmetic stays exact
EXACT_MAX = 2**53  # a workbook's numbers are doubles, whole up to here
THOUSAND = 1_000
THOUSANDS = 3  # nobody writes thousands of đồng with three decimals, from millions on people do
_EXACT = Context(prec=80, traps=[Inexact])
_MARKS: dict[Mark, tuple[str, str]] = {"comma": (",", "."), "point": (".", ",")}
_MARK_NAMES = {"comma": ("phẩy", "comma"), "point": ("chấm", "point")}


def _form(mark: Mark) -> re.Pattern[str]:
    """Give the form of a number, its integer and its decimals, in one way of writing."""
    decimal, group = (re.escape(m) for m in _MARKS[mark])
    grouped = rf"[1-9][0-9]{{0,2}}(?:(?:{group}[0-9]{{3}})+|(?: [0-9]{{3}})+)"
    return re.compile(rf"(-?(?:{grouped}|[0-9]+))(?:{decimal}([0-9]+))?")


_FORMS: dict[Mark, re.Pattern[str]] = {"comma": _form("comma"), "point": _form("point")}
_GROUPS = re.compile(r"-?[1-9][0-9]{0,2}(?:([.,])[0-9]{3})(?:\1[0-9]{3})+")
_ONE_MARK = re.compile(r"-?([0-9 ]*[0-9])([.,])([0-9]+)")
_MONEY = re.compile(
    r"(?P<number>-?[0-9](?:[0-9., ]*[0-9])?)"
    r"(?: ?(?P<scale>nghìn tỷ|nghìn tỉ|ngàn tỷ|ngàn tỉ|nghìn|ngàn|triệu|tỷ|tỉ))?"
    r"(?: ?(?P<unit>đồng|đ|vnđ|vnd|₫))?"
)
_SCALES = {"nghìn": 3, "ngàn": 3, "triệu": 6, "tỷ": 9, "tỉ": 9}
_SCALES |= {f"{a} {b}": 12 for a in ("nghìn", "ngàn") for b in ("tỷ", "tỉ")}


def mark_shown(number: str) -> Mark | None:
    """Tell which decimal mark a written number shows, None where it shows none."""
    points, commas = number.count("."), number.count(",")
    if points and commas:
        mark: Mark = "point" if number.rfind(".") > number.rfind(",") else "comma"
        return mark if _FORMS[mark].fullmatch(number) else None
    if points + commas == 1:
        parts = _ONE_MARK.fullmatch(number)
        if parts is None or _is_one_group(parts[1], parts[3]):
            return None
        return "point" if points else "comma"
    grouped = _GROUPS.fullmatch(number)
    if grouped is None:
        return None
    return "comma" if grouped[1] == "." else "point"


def is_doubtful(number: str) -> bool:
    """Tell whether a written number means two things: one mark, three digits after it."""
    parts = _ONE_MARK.fullmatch(number)
    return parts is not None and _is_one_group(parts[1], parts[3])


def _is_one_group(head: str, tail: str) -> bool:
    return len(tail) == 3 and len(head) <= 3 and not head.startswith("0") and " " not in head


@dataclass(frozen=True)
class NumbersShown:
    """What the written cells of a column show: the first cell that shows each mark, or doubt."""

    point: str = ""
    comma: str = ""
    doubtful: str = ""


def shown_by(kind: str, cells: Iterable[Cell], scale: int | None) -> NumbersShown:
    """Look through a column for what shows its decimal mark; numeric cells take no part."""
    first: dict[str, str] = {}
    for cell in dict.fromkeys(c for c in cells if isinstance(c, str) and ("." in c or "," in c)):
        number, is_decimal = _number_in(kind, cell, scale)
        mark = mark_shown(number)
        if mark is not None:
            first.setdefault(mark, cell)
        elif is_decimal and "doubtful" not in first and is_doubtful(number):
            first["doubtful"] = cell
    return NumbersShown(**first)


def converted(kind: str, cells: Iterable[Cell], scale: int | None) -> Decimal | None:
    """Find a number that a program made of a written one by taking its mark for another.

    That shows beside cells that are written: in a column of whole numbers by one that is not whole
    (1.234 of `1.234`), in a column of decimals by a whole one of thousands (1234 of `1.234`).
    """
    stored = (c for c in cells if isinstance(c, Decimal) and not isinstance(c, Percent))
    if kind == "decimal" or scale:
        return next((n for n in stored if n == int(n) and abs(n) >= THOUSAND), None)
    return next((n for n in stored if n != int(n)), None)


def _number_in(kind: str, cell: str, scale: int | None) -> tuple[str, bool]:
    """Give the bare number in a cell, and whether it may have decimals."""
    said = plain(cell)
    if len(said) > DIGITS_MAX * 2:
        return "", False
    if kind == "share":
        return said.removesuffix("%").rstrip(), True
    if kind != "money":
        return said, kind == "decimal" or bool(scale)
    parts = _MONEY.fullmatch(said.casefold())
    if parts is None:
        return "", False
    number = parts["number"].rstrip()
    if parts["scale"]:
        scale = _SCALES[parts["scale"]]
    elif scale is None or parts["unit"]:
        scale = 0
    return number, scale > THOUSANDS or (scale == THOUSANDS and "," in number)


def _integer(cell: Cell, reading: Reading) -> int:
    """Read a whole number."""
    scale = reading.scale or 0
    if not isinstance(cell, str):
        return int(_stored_whole(cell, scale))
    if not scale and len(cell) <= DIGITS_MAX and cell.isdecimal() and cell.isascii():
        return int(cell)
    said = _said(cell)
    if scale:
        return _whole(_read(said, reading).scaleb(scale, _EXACT))
    whole = _whole_digits(said, reading)
    if whole is None:
        vi = "không phải số nguyên viết rõ ràng, ví dụ 605859 hoặc 605.859"
        en = "not a clear integer such as 605859 or 605.859"
        raise _because("not_an_integer", vi, en, reading)
    return whole


def _decimal(cell: Cell, reading: Reading) -> Decimal:
    """Read a decimal number, exactly."""
    return _stored(cell) if not isinstance(cell, str) else _read(_said(cell), reading)


def _exact(cell: Cell, reading: Reading) -> str:
    """Read a decimal number as a text, which is exact in JSON."""
    return str(_decimal(cell, reading))


def _share(cell: Cell, reading: Reading) -> Decimal:
    """Read a percentage as a fraction of one, exactly."""
    if isinstance(cell, Percent):
        return Decimal(cell)
    said = "" if not isinstance(cell, str) else _said(cell)
    if not said.endswith("%"):
        vi = "thiếu dấu %, ví dụ 33,93 %"
        raise WrittenError("missing_percent", vi, "without its %, such as in 33,93 %")
    return _read(said[:-1].rstrip(), reading).scaleb(-2, _EXACT)


def _money(cell: Cell, reading: Reading) -> int:
    """Read an amount in whole đồng."""
    scale = reading.scale or 0
    if not isinstance(cell, str):
        return int(_stored_whole(cell, scale))
    parts = _MONEY.fullmatch(_said(cell).casefold())
    if parts is None:
        raise _not_money(reading)
    number = parts["number"].rstrip()
    if parts["scale"]:
        scale = _SCALES[parts["scale"]]
    elif scale and parts["unit"]:
        vi = "ô ghi đồng mà đơn vị tính của cột là khác; hãy ghi một đơn vị, ví dụ 250 triệu"
        en = "the cell says đồng, its column another unit; write one unit, such as 250 triệu"
        raise WrittenError("two_units", vi, en)
    if scale:
        if reading.mark is None and scale <= THOUSANDS and "." in number and is_doubtful(number):
            reading = Reading("comma", scale=reading.scale)
        return _whole(_read(number, reading).scaleb(scale, _EXACT))
    whole = _whole_digits(number, reading, zeros=2)
    if whole is None:
        raise _not_money(reading)
    return whole


integer = Reader("integer", _integer)
decimal = Reader("decimal", _decimal)
exact = Reader("decimal", _exact)
share = Reader("share", _share)
money = Reader("money", _money)


def _whole_digits(said: str, reading: Reading, zeros: int = 0) -> int | None:
    """Read a number without decimals but so many zeros; None where it is none."""
    mark = reading.mark or mark_shown(said) or "comma"
    parts = _FORMS[mark].fullmatch(said)
    if parts is not None and not parts[2]:
        return int(_digits(parts[1]))
    if parts is None or (parts[2] and (len(parts[2]) > zeros or int(parts[2]))):
        return None
    return int(_digits(parts[1]))


def _read(said: str, reading: Reading) -> Decimal:
    """Read a number with decimals as its column writes them."""
    mark = reading.mark or mark_shown(said)
    if mark is None and is_doubtful(said):
        raise two_readings(said)
    parts = _FORMS[mark or "comma"].fullmatch(said)
    if parts is None and is_word_for_nothing(said):
        vi = "chữ ghi khi không có số liệu, không phải số; hãy để trống ô, với số đo thì ghi cờ 9"
        en = "a word for no value, not a number; leave the cell blank, with flag 9 for a reading"
        raise WrittenError("missing_code", vi, en)
    if parts is None:
        vi = "không phải số viết rõ ràng, ví dụ 35,32 hoặc 1.543,88"
        en = "not a clear number such as 35,32 or 1.543,88"
        raise _because("not_a_number", vi, en, reading)
    return Decimal(f"{_digits(parts[1])}.{parts[2] or ''}")


def two_readings(cell: str) -> WrittenError:
    """Refuse a number that means two things, naming both."""
    parts = re.search(r"([0-9]{1,3})[.,]([0-9]{3})", cell)
    whole, tail = (parts[1], parts[2]) if parts else ("", "")
    small, large = f"{whole},{tail}", f"{whole}{tail}"
    vi = f"“{cell}” có thể là {small} (số lẻ) hoặc {large} (hàng nghìn), mà cả cột không có ô nào"
    vi += f" cho biết; hãy ghi rõ, ví dụ {small}0 hoặc {large}"
    en = f"“{cell}” can be {whole}.{tail} (with decimals) or {large} (thousands) and nothing in the"
    en += f" column tells which; write it clearly, such as {small}0 or {large}"
    return WrittenError("two_readings", vi, en)


def contradiction(first: str, second: str) -> WrittenError:
    """Refuse a column in which one cell has a decimal point and another a decimal comma."""
    vi = f"trong cột, ô “{first}” dùng dấu chấm cho phần lẻ còn ô “{second}” dùng dấu phẩy; hãy"
    vi += " viết cả cột theo một cách, ví dụ 1.543,88"
    en = f"in the column “{first}” has a decimal point, “{second}” a decimal comma; write the whole"
    en += " column one way, such as 1.543,88"
    return WrittenError("two_ways", vi, en)


def _because(rule: str, vi: str, en: str, reading: Reading) -> WrittenError:
    """Refuse a number, saying by which cell its column is read as it is."""
    if reading.mark == "point" and reading.proof:
        vi = f"cột dùng dấu chấm cho phần lẻ (vì có ô “{reading.proof}”), theo đó {vi}"
        en = f"the column has decimal points (as “{reading.proof}” shows), so it is {en}"
    return WrittenError(rule, vi, en)


def _said(cell: str) -> str:
    """Give a text to be read as a number; a day is none, and one without end neither."""
    said = plain(cell)
    if isinstance(cell, Dated):
        vi = "ô lưu dạng ngày, không phải số; hãy đặt định dạng Số rồi nhập lại, ví dụ 12,5"
        en = "the cell holds a day, not a number; format it as a number, type again, such as 12,5"
        raise WrittenError("not_a_number", vi, en)
    if len(said) > DIGITS_MAX and sum(c.isdigit() for c in said) > DIGITS_MAX:
        raise _too_long()
    return said


def _too_long() -> WrittenError:
    vi, en = f"nhiều hơn {DIGITS_MAX} chữ số", f"more than {DIGITS_MAX} digits"
    return WrittenError("too_long", vi, en)


def _digits(said: str) -> str:
    return said.replace(".", "").replace(",", "").replace(" ", "")


def _stored(cell: Decimal) -> Decimal:
    if isinstance(cell, Percent):
        vi = "ô lưu dạng phần trăm; hãy đặt định dạng Số rồi nhập lại, ví dụ 12,5"
        en = "the cell holds a percentage; format it as a number and type again, such as 12,5"
        raise WrittenError("not_a_number", vi, en)
    if abs(cell.adjusted()) > DIGITS_MAX:
        raise _too_long()
    return cell


def _stored_whole(cell: Decimal, scale: int = 0) -> Decimal:
    if abs(_stored(cell)) >= EXACT_MAX:
        vi = "số quá lớn cho ô dạng số, có thể đã mất chữ số; hãy ghi dạng Văn bản"
        en = "too large for a cell of numbers, digits may be lost; write it as a text"
        raise WrittenError("not_exact", vi, en)
    scaled = cell.scaleb(scale, _EXACT)
    if scaled != int(scaled):
        raise _not_whole()
    return scaled


def _whole(value: Decimal) -> int:
    whole = int(value)
    if whole != value:
        raise _not_whole()
    return whole


def _not_whole() -> WrittenError:
    return WrittenError("not_whole", "không phải số nguyên", "not a whole number")


def _not_money(reading: Reading) -> WrittenError:
    vi = "không phải số tiền viết rõ ràng, ví dụ 250.000 đồng hoặc 12,5 triệu"
    en = "not a clear amount such as 250.000 đồng or 12,5 triệu"
    return _because("not_an_amount", vi, en, reading)
