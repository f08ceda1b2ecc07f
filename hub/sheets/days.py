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
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache

from hub.clock import VIETNAM
from hub.sheets.cells import Cell, Dated, Percent
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


def months_trouble(cells: Iterable[Cell], header: str) -> tuple[Span, WrittenError | None]:
    """Say what the first days of months in a column of periods stand for: days, or months.

    A column of nothing but such days, two of them a month apart, lists months. One in which
    nothing shows that, whole quarters or one day alone, is not read.
    """
    title = plain(header).casefold()
    months: set[int] = set()
    example = ""
    for cell in dict.fromkeys(cells):
        day = _full_day(cell)
        if day is None:
            continue
        if day.day != 1:
            return "day", None
        months.add(day.year * MONTHS + day.month)
        example = example or str(cell)
    if not months or title.startswith("ngày"):
        return "day", None
    if any(m + 1 in months for m in months) or title.startswith("tháng"):
        return "month", None
    day = _full_day(example)
    assert day is not None
    shown = f"{day:%m/%Y}"
    vi = f"“{example}” là ngày đầu tháng, có thể chỉ cả tháng hoặc riêng ngày đó; hãy ghi {shown}"
    vi += " nếu là cả tháng, hoặc đặt tiêu đề cột là “Ngày” nếu là số liệu của riêng ngày đó"
    en = f"“{example}” is the first of a month and may mean the month or that day; write {shown}"
    en += " for the month, or head the column “Ngày” where it is the figure of that day"
    return "day", WrittenError("day_or_month", vi, en)


def _full_day(cell: Cell) -> date | None:
    """Give the day of a cell that says one in full; in the order of day, month, year."""
    if not isinstance(cell, str):
        return None
    said = cell if isinstance(cell, Dated) else plain(cell).casefold()
    if isinstance(cell, Dated) and said.endswith("T00:00:00"):
        said = said[:10]
    for form in _DAY_FORMS:
        if parts := form.fullmatch(said):
            try:
                return _day(parts, "day")
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
    raise _not_period()


period = Reader("period", _period)
instant = Reader("instant", _instant)
deadline = Reader("instant", _deadline)


def _not_period() -> WrittenError:
    vi = "không phải kỳ báo cáo, ví dụ 2023, 05/2023 hoặc 17/05/2023"
    return WrittenError("malformed", vi, "not a period such as 2023, 05/2023 or 17/05/2023")
