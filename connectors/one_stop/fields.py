"""Fields: one object of the upstream read field by field; what cannot be read is noted and passed.

A field that is wrong is a finding by its own name, and the others are read as if it were absent.
"""

import math
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from connectors.one_stop.codes import Lists, has_form
from hub.clock import VIETNAM
from hub.definitions.admission import Verdict, unreadable
from hub.definitions.faults import VALUE_LENGTH_MAX
from hub.definitions.masking import Kind, masked
from hub.sheets.vietnamese import plain
from schemas.contracts.dossier import DUE_DAYS_MAX, TOO_FAR

ENTRIES_MAX = 100
YEAR_MIN = 1900
# A due day without an hour is due at the end of that working day.
WORKING_DAY_ENDS = "170000"
# What systems write where they have no date: the first and last years that one can be written in,
# nothing but zeros, and the days that two databases begin to count from.
_NO_DATE = re.compile(r"(?:0001|0000|9999)[0-9]{4,}|(?:1753|1900)0101(?:0{6})?")
_NO_DATE_WRITTEN_OUT = re.compile(
    r"(?:0001|0000|9999)-[0-9]{2}-[0-9]{2}(?:[T ].*)?|[0-9]{1,2}/[0-9]{1,2}/(?:0001|9999)(?: .*)?"
)
# A procedure's code, with what a province appends to it: 1.005129.000.00.00.H57.
_PROCEDURE = re.compile(r"([0-9]\.[0-9]{6})(?:\.[0-9]{2,3})*(?:\.[A-Z][0-9]{2})?")
_YES_NO = {"true": True, "false": False, "1": True, "0": False}


class Said(NamedTuple):
    """What a field says, by its path: nothing where it is absent, or cannot be read."""

    path: str
    value: Any = None
    is_unread: bool = False


class Finding(NamedTuple):
    """What is wrong with a field, and what stands in it, masked."""

    verdict: Verdict
    value: Any


class Fields:
    """An object of the upstream, read field by field.

    `findings` are by the path of their field, and shared with the objects inside.
    """

    def __init__(
        self, item: Mapping[str, Any], findings: dict[str, Finding], path: str = ""
    ) -> None:
        self._item = item
        self.findings = findings
        self._path = f"{path}." if path else ""

    def text(self, name: str) -> Said:
        """Give a text; blank is absent, and a code that came as a whole number is its digits."""
        value = self._item.get(name)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if value is None or (isinstance(value, str) and not value.strip()):
            return Said(self._at(name))
        if isinstance(value, float):
            vi = "là số, có thể đã mất số 0 ở cuối; cần chuỗi ký tự"
            en = "a number, which may have lost zeros at its end; expected a text"
            return self._wrong("not_text", name, value if math.isfinite(value) else "", vi, en)
        if not isinstance(value, str):
            kind = type(value).__name__
            return self._wrong("not_text", name, kind, "phải là chuỗi ký tự", "not a text")
        if len(value) > VALUE_LENGTH_MAX:
            vi = f"dài quá {VALUE_LENGTH_MAX} ký tự"
            en = f"longer than {VALUE_LENGTH_MAX} characters"
            return self._wrong("too_long", name, value, vi, en)
        return Said(self._at(name), value.strip())

    def time(self, name: str, at_end: str = "") -> Said:
        """Give an instant in ISO 8601, from `yyyyMMddHHmmss` in Asia/Ho_Chi_Minh.

        What systems write for no date is absent. A day without an hour is one at the hour `at_end`,
        where that is given.
        """
        written = self.text(name)
        if written.value is None or _is_no_date(written.value):
            return written._replace(value=None)
        stamp = str(written.value)
        try:
            instant = to_iso(stamp + at_end if len(stamp) == 8 else stamp)
        except ValueError:
            return self._wrong("malformed_time", name, stamp, *_why_no_time(stamp), "instant")
        if int(stamp[:4]) < YEAR_MIN:
            vi, en = f"trước năm {YEAR_MIN}", f"before the year {YEAR_MIN}"
            return self._wrong("too_small", name, stamp, vi, en, "instant")
        return written._replace(value=instant)

    def due(self, name: str, since: str | None = None) -> Said:
        """Give the instant when something is due, that began at `since` where that is known.

        One before `since` is told as it is: evidence names it (`due_before_reception`).
        """
        said = self.time(name, WORKING_DAY_ENDS)
        if said.value is None or since is None:
            return said
        begun, due = (datetime.fromisoformat(at) for at in (since, said.value))
        if due - begun <= DUE_DAYS_MAX:
            return said
        value = self.text(name).value
        return self._wrong("outside_range", name, value, TOO_FAR.vi, TOO_FAR.en, "instant")

    def boolean(self, name: str) -> Said:
        """Give a yes or no."""
        value = self._item.get(name)
        if isinstance(value, bool) or value is None:
            return Said(self._at(name), value)
        if isinstance(value, str | int):
            text = str(value).strip().casefold()
            if not text:
                return Said(self._at(name))
            if text in _YES_NO:
                return Said(self._at(name), _YES_NO[text])
        shown = value if isinstance(value, str | int) else type(value).__name__
        vi, en = "phải là true hoặc false", "not true or false"
        return self._wrong("not_a_boolean", name, shown, vi, en)

    def code(self, name: str, lists: Lists, on: date) -> Said:
        """Give what a code means in the source's list of that day."""
        said = self.text(name)
        if said.value is None:
            return said
        meaning = lists.meaning(name, said.value, on)
        if meaning is None:
            vi = f"mã không có trong danh mục của nguồn {lists.source} ngày {on}"
            en = f"the list of source {lists.source} of {on} has no such code"
            return self._wrong("unmapped_code", name, said.value, vi, en)
        return said._replace(value=meaning)

    def unit(self, name: str, lists: Lists, on: date, under: str = "") -> Said:
        """Give the code of a unit, which may be written by a name that the lists have."""
        written = self.text(name)
        if written.value is None:
            return written
        unit = lists.unit(written.value, under, on)
        if unit is None:
            vi = (
                "không phải mã đơn vị, ví dụ H57.3, và tên này chưa có trong bảng tên cơ quan của"
                f" nguồn {lists.source} ngày {on}"
            )
            en = (
                "no code of a unit such as H57.3, and the agencies of source"
                f" {lists.source} of {on} have no such name"
            )
            return self._wrong("unmapped_code", name, written.value, vi, en)
        return written._replace(value=unit)

    def peek_unit(self, name: str, lists: Lists, on: date) -> str:
        """Give the code of a unit, empty where there is none that can be read; note nothing."""
        value = self._item.get(name)
        return (lists.unit(value.strip(), "", on) or "") if isinstance(value, str) else ""

    def procedure(self, name: str) -> Said:
        """Give a procedure's code, without what a province appends to it."""
        value = self._item.get(name)
        # Of a number that has all six decimals no zero is lost.
        is_whole = isinstance(value, float) and _PROCEDURE.fullmatch(repr(value)) is not None
        said = Said(self._at(name), repr(value)) if is_whole else self.text(name)
        if said.value is None:
            return said
        form = _PROCEDURE.fullmatch(said.value)
        if form is None:
            vi = "không phải mã thủ tục, ví dụ 1.005129"
            return self._wrong(
                "malformed", name, said.value, vi, "no procedure's code such as 1.005129"
            )
        return said._replace(value=form[1])

    def dossier_code(self, name: str) -> Said:
        """Give a dossier's code."""
        said = self.text(name)
        if said.value is None or has_form("dossier_code", said.value):
            return said
        vi = "không phải mã hồ sơ, ví dụ H57.132-260804-0583"
        en = "no dossier's code such as H57.132-260804-0583"
        return self._wrong("malformed", name, said.value, vi, en)

    def require(self, said: Said) -> Said:
        """Note where something is absent that must be there."""
        if said.value is not None or said.is_unread:
            return said
        name = said.path.removeprefix(self._path)
        vi, en = "thiếu trường bắt buộc", "a required field is missing"
        return self._wrong("required", name, "", vi, en)

    def entries(self, name: str) -> tuple[list["Fields"], bool]:
        """Give the objects of a list, none where it is absent; and whether all could be read."""
        value = self._item.get(name)
        if value is None or (isinstance(value, str) and not value.strip()):
            return [], True
        if not isinstance(value, list):
            kind = type(value).__name__
            self._wrong("not_a_list", name, kind, "phải là một danh sách", "not a list")
            return [], False
        if len(value) > ENTRIES_MAX:
            vi, en = f"quá {ENTRIES_MAX} mục", f"more than {ENTRIES_MAX} entries"
            self._wrong("too_many", name, str(len(value)), vi, en)
            return [], False
        objects = [self._object(f"{name}[{i}]", e) for i, e in enumerate(value)]
        return [o for o in objects if o is not None], None not in objects

    def inner(self, name: str) -> tuple["Fields | None", bool]:
        """Give an object inside this one, where there is one; and whether it could be read."""
        value = self._item.get(name)
        if value is None:
            return None, True
        inside = self._object(name, value)
        return inside, inside is not None

    def _object(self, name: str, value: Any) -> "Fields | None":
        if isinstance(value, dict):
            return Fields(value, self.findings, self._at(name))
        vi, en = "phải là một đối tượng JSON", "not a JSON object"
        self._wrong("not_an_object", name, type(value).__name__, vi, en)
        return None

    def _at(self, name: str) -> str:
        return f"{self._path}{name}"

    def _wrong(
        self, rule: str, name: str, value: object, vi: str, en: str, kind: Kind = "text"
    ) -> Said:
        path = self._at(name)
        text = printable(masked(value, kind))
        self.findings[path] = Finding(unreadable(rule, path, text, vi, en, kind=kind), text)
        return Said(path, is_unread=True)


def to_iso(stamp: str) -> str:
    """Write `yyyyMMddHHmmss` as ISO 8601 with its offset; raises `ValueError`."""
    if len(stamp) != 14 or not (stamp.isascii() and stamp.isdigit()):
        raise ValueError(stamp)
    parts = [int(stamp[:4]), *(int(stamp[i : i + 2]) for i in range(4, 14, 2))]
    return datetime(*parts, tzinfo=VIETNAM).isoformat()  # type: ignore[misc, arg-type]


def _why_no_time(stamp: str) -> tuple[str, str]:
    """Say what is wrong with a time, in Vietnamese and English."""
    if len(stamp) == 8 and stamp.isascii() and stamp.isdigit():
        vi, en = "chỉ có ngày, thiếu giờ", "a day without its hour"
    else:
        vi, en = "không phải thời điểm có thật", "no instant that there is"
    example = "yyyyMMddHHmmss, ví dụ 20240304080000"
    return f"{vi}; cần dạng {example}", f"{en}; expected {example.replace('ví dụ', 'such as')}"


def _is_no_date(text: str) -> bool:
    said = plain(text)
    return bool(
        _NO_DATE.fullmatch(said) or _NO_DATE_WRITTEN_OUT.fullmatch(said) or not said.strip("0")
    )


def printable(text: str) -> str:
    """Give a text without what a database or a terminal chokes on."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
