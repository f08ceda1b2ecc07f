"""Instants of loggers: dates in the order that the file or the list of devices says."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from connectors.loggers.export import Dates
from hub.sheets.table import FileError
from hub.sheets.vietnamese import WrittenError

_WHEN = re.compile(
    r"(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})[ T]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,6})\d*)?)?"
    r"\s*(AM|PM|SA|CH)?",
    re.IGNORECASE,
)
_CENTURY = 2000
_MONTHS = 12
_MONTH_DAYS = 27  # from one day to the next, where months were read for days


def local_instant(text: str, order: Dates | None) -> datetime:
    """Read when a row was measured, by the device's own clock; 24:00 is the next day's 0:00.

    Raises `WrittenError`, and `FileError` where nothing says what a date's parts are.
    """
    match = _WHEN.fullmatch(text.strip())
    if match is None:
        raise _malformed()
    first, middle, last, hour, minute, second, rest, half = match.groups()
    if len(first) == 4:
        order = "year"
    if order is None:
        vi = "tệp không cho biết ngày hay tháng đứng trước; hãy ghi cột dates của danh mục devices"
        en = "nothing says whether day or month comes first; say it in `dates` of the list devices"
        raise FileError("ambiguous_dates", vi, en, value=text)
    parts = {
        "year": (first, middle, last),
        "month": (last, first, middle),
        "day": (last, middle, first),
    }
    year, month, day = (int(p) for p in parts[order])
    if len(parts[order][0]) not in (2, 4):
        raise _malformed()
    hours = int(hour)
    if half:
        if not 1 <= hours <= 12:
            raise _malformed()
        hours = hours % 12 + (12 if half.upper() in ("PM", "CH") else 0)
    is_next = hours == 24 and int(minute) == 0 and not int(second or 0)
    micro = int((rest or "0").ljust(6, "0"))
    try:
        at = datetime(
            year + (_CENTURY if year < 100 else 0),
            month,
            day,
            0 if is_next else hours,
            int(minute),
            int(second or 0),
            micro,
        )
    except ValueError:
        raise _malformed() from None
    return at + timedelta(days=is_next)


def _malformed() -> WrittenError:
    vi = "không phải thời điểm đo của định dạng này, ví dụ 2026-03-01 08:00:00"
    vi += " hoặc 03/01/26 08:00:00 AM"
    en = "not an instant of this format, such as 2026-03-01 08:00:00 or 03/01/26 08:00:00 AM"
    return WrittenError("malformed_time", vi, en)


def check_parts(texts: Sequence[str], order: Dates) -> None:
    """Refuse a file of which a date cannot have its order, but can have the other one.

    Then the others, whose parts may change places, may have that too. Raises `FileError`.
    """
    for text in texts:
        match = _WHEN.fullmatch(text.strip())
        if match is None or len(match[1]) == 4 or order == "year":
            continue
        first, second = int(match[1]), int(match[2])
        month, day = (first, second) if order == "month" else (second, first)
        if month > _MONTHS >= day:
            vi = f"“{text}” không đọc được theo thứ tự đang dùng ({order}), nên các dòng khác cũng"
            vi += " có thể đổi chỗ ngày và tháng; hãy ghi cột dates của danh mục devices"
            en = f"“{text}” cannot have the order in use ({order}), so the other rows too may have"
            en += (
                " day and month in each other's place; say the order in `dates` of the list devices"
            )
            raise FileError("ambiguous_dates", vi, en, value=text)


def check_order(instants: Sequence[datetime], order: Dates | None) -> None:
    """Refuse a file whose days follow each other a month apart: day and month change places.

    A logger writes its rows one after the other. Raises `FileError`.
    """
    days = sorted({at.date() for at in instants})
    steps = [(b - a).days for a, b in pairwise(days)]
    if not steps or len(instants) < 2 * len(days) or min(steps) < _MONTH_DAYS:
        return
    vi = f"các ngày cách nhau đúng một tháng, như thể ngày và tháng đổi chỗ (đang đọc: {order});"
    vi += " hãy ghi cột dates của danh mục devices"
    en = f"its days are a month apart, as if day and month changed places (read as: {order});"
    en += " say the order in `dates` of the list devices"
    raise FileError("ambiguous_dates", vi, en, value=f"{days[0]}, {days[1]}")
