"""Fields: one object of the upstream read field by field, and its code lists by source and day.

Code lists are rows of `codes.csv`: what a source's code means from `valid_from` to before
`valid_until`. The national lists of channels and statuses are those of the national portal; the
levels 1 to 4 ended with Decree 42/2022/NĐ-CP, on 2022-08-15. A source's own lists are added there.
"""

import csv
import json
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from importlib import resources
from typing import Any

from hub.clock import VIETNAM
from hub.definitions.admission import VALUE_LENGTH_MAX, unreadable

ENTRIES_MAX = 100


class UnreadableError(Exception):
    """A record cannot be read; holds the verdict."""

    def __init__(self, rule: str, name: str, value: object, vi: str, en: str) -> None:
        super().__init__(rule)
        text = value if isinstance(value, str) else json.dumps(value, default=str)
        self.verdict = unreadable(rule, name, _printable(text), vi, en)


class Fields:
    """An object of the upstream, read field by field; what is wrong with one is raised."""

    def __init__(self, item: Any, path: str = "") -> None:
        if not isinstance(item, dict):
            kind = type(item).__name__
            vi, en = "phải là một đối tượng JSON", "not a JSON object"
            raise UnreadableError("not_an_object", path, kind, vi, en)
        self._item: Mapping[str, Any] = item
        self._path = f"{path}." if path else ""

    def text(self, name: str) -> str | None:
        """Give a text; blank is absent, and a code that came as a number is its digits."""
        value = self._item.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        if not isinstance(value, str):
            kind = type(value).__name__
            raise self._wrong("not_text", name, kind, "phải là chuỗi ký tự", "not a text")
        if len(value) > VALUE_LENGTH_MAX:
            vi = f"dài quá {VALUE_LENGTH_MAX} ký tự"
            en = f"longer than {VALUE_LENGTH_MAX} characters"
            raise self._wrong("too_long", name, value, vi, en)
        return value

    def time(self, name: str) -> str | None:
        """Give an instant in ISO 8601, from `yyyyMMddHHmmss` in Asia/Ho_Chi_Minh."""
        text = self.text(name)
        if text is None:
            return None
        try:
            return to_iso(text)
        except ValueError:
            vi, en = "không phải thời điểm dạng yyyyMMddHHmmss", "not a time yyyyMMddHHmmss"
            raise self._wrong("malformed_time", name, text, vi, en) from None

    def boolean(self, name: str) -> bool:
        """Give a yes or no, which must be there."""
        value = self._item.get(name)
        if value is None:
            self.require(name, None)
        if not isinstance(value, bool):
            said = value if isinstance(value, str | int) else type(value).__name__
            vi, en = "phải là true hoặc false", "not true or false"
            raise self._wrong("not_a_boolean", name, said, vi, en)
        return value

    def code(self, name: str, source: str, on: date) -> str | None:
        """Give what a code means in the source's list of that day."""
        code = self.text(name)
        if code is None:
            return None
        for value, first, after in _codes().get((source, name, code), ()):
            if first <= on < after:
                return value
        vi = f"mã không có trong danh mục của nguồn {source} ngày {on}"
        en = f"the list of source {source} of {on} has no such code"
        raise self._wrong("unmapped_code", name, code, vi, en)

    def require(self, name: str, value: str | None) -> str:
        """Give what was read of a field; raise where it is absent."""
        if value is None:
            vi, en = "thiếu trường bắt buộc", "a required field is missing"
            raise self._wrong("required", name, "", vi, en)
        return value

    def entries(self, name: str) -> list["Fields"]:
        """Give the objects of a list; none where it is absent."""
        value = self._item.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            kind = type(value).__name__
            raise self._wrong("not_a_list", name, kind, "phải là một danh sách", "not a list")
        if len(value) > ENTRIES_MAX:
            vi, en = f"quá {ENTRIES_MAX} mục", f"more than {ENTRIES_MAX} entries"
            raise self._wrong("too_many", name, str(len(value)), vi, en)
        return [Fields(e, f"{self._path}{name}[{i}]") for i, e in enumerate(value)]

    def inner(self, name: str) -> "Fields | None":
        """Give an object inside this one, where there is one."""
        value = self._item.get(name)
        return None if value is None else Fields(value, f"{self._path}{name}")

    def _wrong(self, rule: str, name: str, value: object, vi: str, en: str) -> UnreadableError:
        return UnreadableError(rule, f"{self._path}{name}", value, vi, en)


def to_iso(stamp: str) -> str:
    """Write `yyyyMMddHHmmss` as ISO 8601 with its offset; raises `ValueError`."""
    if len(stamp) != 14 or not (stamp.isascii() and stamp.isdigit()):
        raise ValueError(stamp)
    parts = [int(stamp[:4]), *(int(stamp[i : i + 2]) for i in range(4, 14, 2))]
    return datetime(*parts, tzinfo=VIETNAM).isoformat()  # type: ignore[misc, arg-type]


@cache
def _codes() -> dict[tuple[str, str, str], list[tuple[str, date, date]]]:
    """Read the code lists: (source, list, code) -> (value, valid from, valid until)."""
    found: dict[tuple[str, str, str], list[tuple[str, date, date]]] = {}
    text = (resources.files(__package__) / "codes.csv").read_text("utf-8")
    for row in csv.DictReader(text.splitlines()):
        first = date.fromisoformat(row["valid_from"] or "0001-01-01")
        after = date.fromisoformat(row["valid_until"] or "9999-12-31")
        key = (row["source"], row["list"], row["code"])
        found.setdefault(key, []).append((row["value"], first, after))
    return found


def code_sources() -> list[str]:
    """Name the sources that there are code lists of."""
    return sorted({source for source, _, _ in _codes()})


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
