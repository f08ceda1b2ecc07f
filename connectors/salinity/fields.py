"""Fields: what a logger writes, read value by value, and the codes that it uses."""

import json
import math
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Literal

from hub.clock import VIETNAM
from hub.definitions.admission import unreadable
from hub.definitions.faults import is_word_for_nothing
from hub.definitions.masking import Kind, masked

QUANTITIES = {
    "man": "salinity",
    "muc_nuoc": "water_level",
    "nhiet_do": "temperature",
    "ph": "ph",
    "do_dan": "conductivity",
    "oxy": "dissolved_oxygen",
}
QUALITIES = (1, 2, 3, 4, 9)
MISSING = 9

_LOCAL = re.compile(r"[0-9]{14}")
_ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})"
)
_ISO_LOCAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?")
Mark = Literal["comma", "point"]
_NUMBERS: dict[Mark, re.Pattern[str]] = {
    "comma": re.compile(r"[+-]?[0-9]{1,30}(,[0-9]{1,30})?"),
    "point": re.compile(r"[+-]?[0-9]{1,30}([.][0-9]{1,30})?"),
}


@dataclass(frozen=True)
class Manner:
    """How the loggers of a source write: what stands before decimals of a number in a text, and
    the zone of times without offset, where ISO 8601 times may have none.
    """

    mark: Mark = "comma"
    zone: timezone | None = None


class UnreadableError(Exception):
    """What was sent cannot be read: the rule, the field, its value, both languages."""

    def __init__(
        self, rule: str, field: str, value: Any, vi: str, en: str, kind: Kind = "text"
    ) -> None:
        super().__init__(en)
        self.verdict = unreadable(rule, field, printable(masked(value, kind)), vi, en, kind=kind)


def required(name: str, entry: Mapping[str, Any]) -> Any:
    """Read a field that must be there."""
    if entry.get(name) is None:
        vi, en = "thiếu trường bắt buộc", "a required field is missing"
        raise UnreadableError("required", name, "", vi, en)
    return entry[name]


def mapped(name: str, code: Any, known: Mapping[str, str]) -> str:
    """Read a code, as the contract's word for it."""
    if not isinstance(code, str) or code not in known:
        raise _unmapped(name, code, known)
    return known[code]


def _unmapped(name: str, code: Any, known: Any) -> UnreadableError:
    listed = ", ".join(str(k) for k in known)
    return UnreadableError(
        "unmapped_code",
        name,
        code,
        f"mã chưa có trong bảng chuyển đổi ({listed})",
        f"no such code in the mapping ({listed})",
    )


def no_unit(written: Any, known: list[str]) -> UnreadableError:
    """Refuse a unit that cannot be converted."""
    return _unmapped("dv", written, known)


def quality_of(flag: Any) -> int:
    """Read a QARTOD flag."""
    # `True == 1`, and a flag written 1.0 is of another logger.
    if type(flag) is not int or flag not in QUALITIES:
        raise _unmapped("cl", flag, QUALITIES)
    return flag


def instant(name: str, text: Any, zone: timezone | None = None) -> datetime:
    """Read when something was; `zone` is that of times without offset, where one is set."""
    with suppress(ValueError, OverflowError):  # such as 30 February, or before the year 1
        if isinstance(text, str) and _LOCAL.fullmatch(text):
            local = datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=zone or VIETNAM)
            return local.astimezone(VIETNAM)
        if isinstance(text, str) and zone is not None and _ISO_LOCAL.fullmatch(text):
            return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(VIETNAM)
        if isinstance(text, str) and _ISO.fullmatch(text):
            return datetime.fromisoformat(text).astimezone(VIETNAM)
    raise UnreadableError(
        "malformed_time",
        name,
        text,
        "không phải thời điểm dạng 20260301080000 hoặc 2026-03-01T08:00:00+07:00",
        "not a time such as 20260301080000 or 2026-03-01T08:00:00+07:00",
        "instant",
    )


def number(name: str, value: Any, mark: Mark = "comma") -> float:
    """Read a number, written as one or as a text with the source's decimal mark."""
    # Unless it is set, a text's point is not read: in Vietnam it parts thousands, in a logger it
    # may be either.
    if isinstance(value, str) and _NUMBERS[mark].fullmatch(value):
        return float(value.replace(",", "."))
    if type(value) in (int, float) and (isinstance(value, int) or math.isfinite(value)):
        plain: float = value
        return plain
    if isinstance(value, str | float) and is_word_for_nothing(value):
        vi = "chữ thiết bị ghi khi không có số liệu, không phải số; để báo thiếu số liệu, ghi cl 9"
        en = "what a logger writes when it has no value, not a number; to say so write cl 9"
        raise UnreadableError("missing_code", name, value, vi, en)
    marks = {"comma": ("dấu phẩy thập phân, ví dụ 1,25", "a decimal comma, such as 1,25")}
    marks["point"] = ("dấu chấm thập phân, ví dụ 1.25", "a decimal point, such as 1.25")
    vi = f"không phải một số; chữ số viết trong chuỗi dùng {marks[mark][0]}"
    en = f"not a number; one in a text has {marks[mark][1]}"
    raise UnreadableError("not_a_number", name, value, vi, en, "number")


def printable(value: Any) -> str:
    """Show a value without what a terminal, a database or UTF-8 chokes on."""
    text = value if isinstance(value, str) else "…"
    with suppress(RecursionError):  # nested just as deeply as could be read
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[:300])
