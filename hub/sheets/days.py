"""Days, instants and periods as people write them, each read as the whole of its column shows.

- Written days have the day before the month: `17/05/2023`, `17-05-2023`, also `17.05.2023`. A
  column whose header says `mm/dd/yyyy` has the month first. A cell that cannot be read in the
  column's order, such as 05/13/2023, casts doubt on all of it. The year first, as in `2023-05-17`,
  leaves no doubt.
- `instant`: a day and its time, in either order: `17/05/2023 08:00`, `08:00:00.000 17/05/2023`,
  `8h30 ngày 17/05/2023`, `17/05/2023 8 giờ`, with an offset or else of local time. 24:00 is the
  next day's 0:00. `4:00 SA` and `4:00 CH` are before and after noon; AM and PM come with programs
  that write the month first, and are taken only where the header or the day leaves no doubt of the
  order. A day without a time is rejected.
- `deadline`: an instant, of which a day without a time is the end of its working hours.
- `period`: `2023`, `05/2023`, `tháng 5/2023`, `17/05/2023`, `2023-05`, `2023-05-17`.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache

from hub.clock import VIETNAM
from hub.sheets.cells import Cell, Dated, Percent, as_shown
from hub.sheets.vietnamese import Order, Reader, Reading, Span, WrittenError, plain

WORKING_DAY_ENDS = time(17)
MONTHS = 12
DAYS = 31

_DAY_MONTH = r"(?P<a>[0-9]{1,2})(?P<s>[/.-])(?P<b>[0-9]{1,2})(?P=s)(?P<y>[12][0-9]{3})"
_YEAR_FIRST = r"(?P<y>[12][0-9]{3})(?P<s>[/.-])(?P<m>[0-9]{1,2})(?P=s)(?P<d>[0-9]{1,2})"
_CLOCK = (
    r"(?:(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})"
    r"(?::(?P<second>[0-9]{2})(?:[.,](?P<part>[0-9]{1,9}))?)?"
    # As it is said: 8h, 8h30, 8g30, 8 giờ 30 phút.
    r"|(?P<hours>[0-9]{1,2}) ?(?:h|g|giờ)(?: ?(?P<minutes>[0-9]{1,2}) ?(?:p|ph|phút)?)?)"
    r"(?: ?(?P<half>sa|ch|sáng|chiều|am|pm))?"
    r"(?: ?(?P<offset>z|[+-][0-9]{2}:?[0-9]{2}))?"
)
_DAY_FORMS = tuple(re.compile(rf"(?:ngày )?{d}") for d in (_DAY_MONTH, _YEAR_FIRST))
_INSTANTS = tuple(
    re.compile(form)
    for day in (_DAY_MONTH, _YEAR_FIRST)
    for form in (rf"(?:ngày )?{day}(?: ?t ?|,? ){_CLOCK}", rf"{_CLOCK},? (?:ngày )?{day}")
)
_WRITTEN_DAY = re.compile(r"(?<![0-9./-])([0-9]{1,2})([/.-])([0-9]{1,2})\2[12][0-9]{3}(?![0-9])")
_PERIODS = (
    re.compile(r"(?:năm )?(?P<y>[12][0-9]{3})"),
    re.compile(r"(?:tháng )?(?P<m>[0-9]{1,2}) ?(?:/|-| năm ) ?(?P<y>[12][0-9]{3})"),
    re.compile(r"(?P<y>[12][0-9]{3})-(?P<m>[0-9]{2})"),
)
_LONGER_PERIOD = re.compile(r"quý|quí|\bq ?[1-4]\b|\b[369] ?(?:t\b|tháng)|nửa năm")
_FORENOON, _AFTERNOON = ("sa", "sáng", "am"), ("ch", "chiều", "pm")


@dataclass(frozen=True)
class OrderShown:
    """The first cell of a column that shows the day first, and the first with the month first."""

    day: str = ""
    month: str = ""


def order_shown(cells: Iterable[Cell]) -> OrderShown:
    """Look through a column for cells of which only one order makes a day."""
    first: dict[str, str] = {}
    for cell in dict.fromkeys(c for c in cells if type(c) is str):
        parts = _WRITTEN_DAY.search(cell) or (
            None if cell.isascii() else _WRITTEN_DAY.search(plain(cell))
        )
        if parts is None:
            continue
        one, other = int(parts[1]), int(parts[3])
        if one > MONTHS >= other and one <= DAYS:
            first.setdefault("day", cell)
        elif other > MONTHS >= one and other <= DAYS:
            first.setdefault("month", cell)
    return OrderShown(**first)


def order_in(header: str) -> Order | None:
    """Tell which order of day and month a header names, such as `Ngày (mm/dd/yyyy)`."""
    said = plain(header).casefold()
    if re.search(r"(?<![a-z])m{1,2} ?[/.-] ?d{1,2} ?[/.-] ?y", said) or "tháng/ngày/năm" in said:
        return "month"
    if re.search(r"(?<![a-z])d{1,2} ?[/.-] ?m{1,2} ?[/.-] ?y", said) or "ngày/tháng/năm" in said:
        return "day"
    return None


def order_trouble(shown: OrderShown, order: Order, is_said: bool) -> WrittenError | None:
    """Say why a column of written days has no one order; None where it has."""
    against = shown.month if order == "day" else shown.day
    if not against:
        return None
    if shown.day and shown.month:
        vi = f"trong cột, ô “{shown.day}” viết ngày trước còn ô “{shown.month}” viết tháng trước"
        en = f"in the column “{shown.day}” has the day first, “{shown.month}” the month first"
    elif is_said:
        vi = f"tiêu đề cột nêu thứ tự khác với ô “{against}”"
        en = f"the header names another order than “{against}” has"
    else:
        vi = f"ô “{against}” trong cột không đọc được theo thứ tự ngày trước tháng sau, nên các ô"
        vi += " khác của cột cũng có thể viết tháng trước"
        en = f"“{against}” in the column cannot have the day first, so that the other cells too may"
        en += " have the month first"
    vi += "; hãy viết cả cột là ngày/tháng/năm, ví dụ 17/05/2023 08:00"
    en += "; write the whole column as day/month/year, such as 17/05/2023 08:00"
    return WrittenError("order_of_days", vi, en)


def converted(cells: Iterable[Cell], shown: OrderShown) -> WrittenError | None:
    """Say of a column that a program made days of some cells, the month first, and left others.

    What it left is what has no such month: it shows by written days that all have the day first
    and over 12, beside stored days that are all up to 12.
    """
    if not shown.day:
        return None
    seen = dict.fromkeys(cells)
    stored = [c for c in seen if isinstance(c, Dated) and len(c) >= len("2023-05-17")]
    if not stored:
        return None
    written = [p for c in seen if type(c) is str and (p := _WRITTEN_DAY.search(plain(c)))]
    if any(int(p[1]) <= MONTHS for p in written):
        return None
    if any(int(c[8:10]) > MONTHS for c in stored):
        return None
    day = as_shown(stored[0])
    vi = f"ô “{shown.day}” là chữ còn ô {day} là ngày: một chương trình đã đổi các ô đọc được"
    vi += " theo tháng trước ngày sau, nên ngày và tháng của chúng có thể đổi chỗ; hãy mở tệp gốc"
    vi += " với cột ở dạng Văn bản, ví dụ 17/05/2023 08:00"
    en = f"“{shown.day}” is a text and {day} a day: a program converted the cells that can"
    en += " have the month first, so their days and months may have changed places; open the"
    en += " original file with that column as text, such as 17/05/2023 08:00"
    return WrittenError("order_of_days", vi, en)


def months_trouble(
    cells: Iterable[Cell], header: str, order: Order = "day"
) -> tuple[Span, WrittenError | None]:
    """Say what the first days of months in a column of periods stand for: days, or months.

    A column of nothing but such days, two of them a month apart, lists months. One in which
    nothing shows that, whole quarters or one day alone, is not read.
    """
    title = plain(header).casefold()
    months: set[int] = set()
    example: Cell = ""
    cells = list(dict.fromkeys(cells))
    for cell in cells:
        day = _full_day(cell, order)
        if day is None:
            continue
        if day.day != 1 and title.startswith("tháng"):
            shown = as_shown(cell)
            vi = f"tiêu đề là tháng mà “{shown}” là một ngày; hãy ghi tháng, ví dụ 05/2023"
            en = f"the header says months and “{shown}” is a day of one; write months as 05/2023"
            return "day", WrittenError("day_or_month", vi, en)
        if day.day != 1:
            return "day", None if title.startswith("ngày") else _firsts_in_either_order(cells)
        months.add(day.year * MONTHS + day.month)
        example = example or cell
    if not months or title.startswith("ngày"):
        return "day", None
    if any(m + 1 in months for m in months) or title.startswith("tháng"):
        return "month", None
    day = _full_day(example, order)
    assert day is not None
    shown, written = f"{day:%m/%Y}", as_shown(example)
    vi = f"“{written}” là ngày đầu tháng, có thể chỉ cả tháng hoặc riêng ngày đó; hãy ghi {shown}"
    vi += " nếu là cả tháng, hoặc đặt tiêu đề cột là “Ngày” nếu là số liệu của riêng ngày đó"
    en = f"“{written}” is the first of a month and may mean the month or that day; write {shown}"
    en += " for the month, or head the column “Ngày” where it is the figure of that day"
    return "day", WrittenError("day_or_month", vi, en)


def _firsts_in_either_order(cells: Sequence[Cell]) -> WrittenError | None:
    """Refuse days such as 1/1, 2/1 and 3/1: of January, or firsts of months with the month first.

    They are two at least, all written, of one year.
    """
    written = [parts for c in cells if type(c) is str and (parts := _WRITTEN_DAY.search(plain(c)))]
    firsts = {int(p[1]) for p in written if int(p[3]) == 1 and int(p[1]) <= MONTHS}
    if len(written) < len(cells) or len(firsts) < 2 or any(int(p[3]) != 1 for p in written):
        return None
    if any(int(p[1]) > MONTHS for p in written):
        return None
    last = max(written, key=lambda p: int(p[1]))[0]
    vi = (
        f"“{last}” và các ô khác có thể là những ngày của tháng 1, hoặc ngày đầu của các tháng viết"
    )
    vi += " tháng trước; hãy ghi tháng như 05/2023, hoặc đặt tiêu đề cột là “Ngày”"
    en = f"“{last}” and the others may be days of January, or the first of months with the month"
    en += " first; write months as 05/2023, or head the column “Ngày”"
    return WrittenError("day_or_month", vi, en)


def _full_day(cell: Cell, order: Order) -> date | None:
    """Give the day of a cell that says one in full."""
    if not isinstance(cell, str):
        return None
    said = cell if isinstance(cell, Dated) else plain(cell).casefold()
    if isinstance(cell, Dated) and said.endswith("T00:00:00"):
        said = said[:10]
    for form in _DAY_FORMS:
        if parts := form.fullmatch(said):
            try:
                return _day(parts, order)
            except ValueError:
                return None
    return None


def _day(parts: re.Match[str], order: Order) -> date:
    """Give the day that was written; raises `ValueError` where the calendar has none."""
    if "a" in parts.re.groupindex:
        day, month = parts.group("a", "b") if order == "day" else parts.group("b", "a")
        return date(int(parts["y"]), int(month), int(day))
    return date(int(parts["y"]), int(parts["m"]), int(parts["d"]))


def _instant(cell: Cell, reading: Reading) -> str:
    """Read a day and time as ISO 8601 with its offset, +07:00 where none is given."""
    said = plain(cell).casefold() if isinstance(cell, str) else ""
    for form in _INSTANTS:
        if parts := form.fullmatch(said):
            try:
                return _at(parts, reading)
            except ValueError as error:
                if isinstance(error, WrittenError):
                    raise
                raise _not_there() from None
    for parts in filter(None, (form.fullmatch(said) for form in _DAY_FORMS)):
        try:
            _day(parts, reading.order)
        except ValueError:
            raise _not_there() from None
        vi = "thiếu giờ; hãy ghi cả ngày và giờ, ví dụ 17/05/2023 08:00"
        en = "a day without its time; write both, such as 17/05/2023 08:00"
        raise WrittenError("missing_time", vi, en)
    vi = "không phải ngày giờ, ví dụ 17/05/2023 08:00 (năm đủ bốn chữ số)"
    en = "not a day and time such as 17/05/2023 08:00 (with four digits of the year)"
    raise WrittenError("malformed_instant", vi, en)


def _not_there() -> WrittenError:
    vi = "không có ngày hoặc giờ này, ví dụ 17/05/2023 08:00"
    en = "there is no such day or time; a right one is such as 17/05/2023 08:00"
    return WrittenError("malformed_instant", vi, en)


def _at(parts: re.Match[str], reading: Reading) -> str:
    """Put a day and a time together; raises `ValueError` where there is no such day or time."""
    day = _day(parts, reading.order)
    hour, half = int(parts["hour"] or parts["hours"]), parts["half"]
    if half in ("am", "pm") and not reading.is_said and "a" in parts.re.groupindex:
        vi = "AM và PM thường đi với tháng viết trước; hãy ghi giờ 0–24, ví dụ 17/05/2023 16:00"
        vi += ", hoặc ghi rõ thứ tự trong tiêu đề, ví dụ (dd/mm/yyyy)"
        en = "AM and PM often come with the month first; write the hours from 0 to 24, such as"
        en += " 17/05/2023 16:00, or name the order in the header, such as (dd/mm/yyyy)"
        raise WrittenError("order_of_days", vi, en)
    if half is not None:
        if not 1 <= hour <= MONTHS:
            raise ValueError("no such hour of half a day")
        hour = hour % 12 + (12 if half in _AFTERNOON else 0)
    minute, second = int(parts["minute"] or parts["minutes"] or 0), int(parts["second"] or 0)
    micros = int(parts["part"][:6].ljust(6, "0")) if parts["part"] else 0
    is_next = hour == 24 and not (minute or second or micros or half)
    hour = 0 if is_next else hour
    at = datetime(day.year, day.month, day.day, hour, minute, second, micros, VIETNAM)
    if is_next:
        at += timedelta(days=1)
    written = at.isoformat()
    offset = parts["offset"]
    return written if offset is None else _elsewhere(written, offset)


def _elsewhere(written: str, offset: str) -> str:
    """Give an instant the offset that was written with it."""
    moved = "+00:00" if offset == "z" else offset if ":" in offset else f"{offset[:3]}:{offset[3:]}"
    return datetime.fromisoformat(f"{written.removesuffix('+07:00')}{moved}").isoformat()


def _deadline(cell: Cell, reading: Reading) -> str:
    """Read an instant; a day without a time is the end of its working hours."""
    said = plain(cell).casefold() if isinstance(cell, str) else ""
    for form in _DAY_FORMS:
        if parts := form.fullmatch(said):
            try:
                day = _day(parts, reading.order)
            except ValueError:
                break
            return datetime.combine(day, WORKING_DAY_ENDS, VIETNAM).isoformat()
    return _instant(cell, reading)


def _period(cell: Cell, reading: Reading) -> str:
    """Read a year, month or day as `2023`, `2023-05` or `2023-05-17`."""
    if isinstance(cell, Percent):
        raise _not_period()
    if isinstance(cell, Decimal):
        # A year in a number cell; of other numbers none is a period.
        cell = str(int(cell)) if cell == cell.to_integral_value() and 0 < cell < 3000 else "-"
    if isinstance(cell, Dated):
        cell = cell.removesuffix("T00:00:00")
    return _period_of(cell, reading.order, reading.span)


@lru_cache(4_096)
def _period_of(cell: str, order: Order, span: Span) -> str:
    """Read a written period; a file has few of them, each many times."""
    said = plain(cell).casefold()
    try:
        for form in _DAY_FORMS:
            if parts := form.fullmatch(said):
                written = _day(parts, order).isoformat()
                return written[:7] if span == "month" else written
        for form in _PERIODS:
            if parts := form.fullmatch(said):
                year, month = int(parts["y"]), parts.groupdict().get("m")
                date(year, int(month or 1), 1)
                return f"{year:04}-{int(month):02}" if month else f"{year:04}"
    except ValueError:
        pass
    raise _not_period(cell)


period = Reader("period", _period)
instant = Reader("instant", _instant)
deadline = Reader("instant", _deadline)


def _not_period(cell: str = "") -> WrittenError:
    if _LONGER_PERIOD.search(plain(cell).casefold()):
        vi = "là quý hoặc nửa năm; số liệu được báo theo tháng, theo ngày hoặc cả năm: hãy gửi từng"
        vi += " tháng, ví dụ 05/2023"
        en = "a quarter or half a year; figures are reported by month, day or year: send each month"
        return WrittenError("malformed", vi, f"{en}, such as 05/2023")
    vi = "không phải kỳ báo cáo, ví dụ 2023, 05/2023 hoặc 17/05/2023"
    return WrittenError("malformed", vi, "not a period such as 2023, 05/2023 or 17/05/2023")
