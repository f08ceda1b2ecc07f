"""Daily files: of what several tell of one thing the last counts, in whatever order they are read.

The order is that of the days in the files' names, then that of the rows. It is written into
`recorded_at`, by which events of a thing are ordered, so that it is part of what each row says. A
row that says itself when it was recorded keeps its word.

A day is written `2026-05-17`, `20260517`, `17-05-2026` or `17052026`, with `-`, `_`, `.` or a space
between its parts. Of files of one day the time behind it tells which is later (`20260517-1430`,
`2026-05-17 14h30`), or a number (`2026-05-17-2`, `2026-05-17 (2)`, `2026-05-17 lần 2`). Where
neither does, another word on a thing under one name is a conflict, which the hub shows.
"""

import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from hub.clock import VIETNAM
from hub.definitions.contract import Contract
from hub.definitions.masking import mask_text
from hub.sheets.table import FileError, Row
from hub.sheets.vietnamese import bare

RECORDED = "recorded_at"
_DAY = re.compile(
    r"(?<![0-9])(?:(?P<y>20[0-9]{2})(?P<s>[-_. ]?)(?P<m>[0-9]{2})(?P=s)(?P<d>[0-9]{2})"
    r"|(?P<day>[0-9]{2})(?P<sep>[-_. ]?)(?P<month>[0-9]{2})(?P=sep)(?P<year>20[0-9]{2})"
    r"|(?P<day1>[0-9]{1,2})(?P<sep1>[-_. ])(?P<month1>[0-9]{1,2})(?P=sep1)(?P<year1>20[0-9]{2}))"
    r"(?=[0-9]{4}(?:[0-9]{2})?(?![0-9])|(?![0-9]))"  # a time may be written without a mark
)
_BEHIND = re.compile(
    r"[-_. t]{0,3}(?:"
    r"(?P<hour>(?>[01][0-9]|2[0-3]|[0-9](?=h)))[h:.-]?(?P<minute>[0-5][0-9])"
    r"(?:[:.-]?(?P<second>[0-5][0-9]))?(?![0-9])"
    r"|(?:\(|lan ?|v)?(?P<number>[0-9]{1,3})(?![0-9a-z]))"
)


def told_at(name: str) -> datetime:
    """Give the instant that a file's name says: the beginning of its day, and its place in that.

    Raises `FileError` where the name says no day, or several.
    """
    letters = bare(name)
    days: dict[datetime, int] = {}
    for parts in _DAY.finditer(letters):
        year, month, day = (
            int(next(filter(None, parts.group(*names))))
            for names in (("y", "year", "year1"), ("m", "month", "month1"), ("d", "day", "day1"))
        )
        with suppress(ValueError):  # no day of the calendar
            days[datetime(year, month, day, tzinfo=VIETNAM)] = parts.end()
    if len(days) != 1:
        raise _not_one_day(mask_text(name), len(days))
    ((begin, end),) = days.items()
    behind = _BEHIND.match(letters, end)
    if behind is None:
        return begin
    hour, minute, second, number = (
        int(behind[n] or 0) for n in ("hour", "minute", "second", "number")
    )
    return begin + timedelta(hours=hour, minutes=minute, seconds=second + number)


def _not_one_day(name: str, days: int) -> FileError:
    rule = "two_days_in_name" if days else "no_day_in_name"
    has = ("có hơn một ngày", "has more than one day") if days else ("không có ngày", "has no day")
    vi = f"tên tệp “{name}” {has[0]}, nên không biết tệp nào sửa tệp nào; hãy đặt tên có một ngày,"
    vi += " ví dụ so-lieu-2026-05-17.csv, tệp thứ hai của ngày là so-lieu-2026-05-17-2.csv"
    en = f"the file's name “{name}” {has[1]}, so that it is not known which file corrects which;"
    en += " give it one day, such as so-lieu-2026-05-17.csv, and the second file of a day a number,"
    en += " such as so-lieu-2026-05-17-2.csv"
    return FileError(rule, vi, en, value=name)


@dataclass(frozen=True)
class Daily:
    """When the rows of a file were told, by its `name`: the order of events of `contract`.

    Of one thing a later row counts over an earlier one. Where events have kinds, those of one file
    are ordered by when they happened, and a later row counts over one of the same kind and time.
    """

    name: str
    contract: Contract

    @cached_property
    def at(self) -> datetime:
        """The instant that the name says; raises `FileError`."""
        return told_at(self.name)

    def on(self, rows: Sequence[Row]) -> None:
        """Say of each row when it was recorded, where it does not say so itself.

        Raises `FileError` where that is needed and the file's name says no day.
        """
        spec = self.contract.spec
        about = (*spec.entity, spec.occurred, "kind") if self.contract.kinds else spec.entity
        before: Counter[tuple[object, ...]] = Counter()
        for row in rows:
            is_known = row.verdict is None or bool(row.said)
            if not is_known or RECORDED in row.wrong or row.values.get(RECORDED):
                continue
            thing = tuple(row.values.get(name) for name in about)
            told = (self.at + timedelta(microseconds=before[thing])).isoformat()
            before[thing] += 1
            row.values[RECORDED] = told
            if row.verdict is not None:
                row.said[RECORDED] = told
