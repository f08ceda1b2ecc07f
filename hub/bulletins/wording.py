"""Wordings: in which words people are told. Pure.

A wording's places stand in braces, `{station}`; what a place may be is fixed here, so that nothing
but figures, places and instants of an alert gets into what people read.
"""

import hashlib
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hub.clock import day_of, iso_day
from hub.troubles import RefusedError

LIST = "wordings"
# What may stand in a wording, by name: what it is, and its most characters.
PARAMETERS = {
    "station": ("tên trạm | the station's name", 60),
    "area": ("tên xã | the commune's name", 60),
    "value": ("giá trị | the value", 12),
    "threshold": ("ngưỡng | the threshold", 12),
    "unit": ("đơn vị đo | the unit of measure", 12),
    "since": ("bắt đầu lúc | since when", 20),
    "ended": ("kết thúc lúc | when it ended", 20),
}
TITLE_MAX, TEXT_MAX = 60, 1_000


class WordingError(RefusedError):
    """A wording, or what is to stand in it, is not as it must be."""


@dataclass(frozen=True)
class Wording:
    """A row of the list `wordings`: words for an outlet, whose owner approves them.

    `template` is the name by which the channel's provider knows it.
    """

    name: str
    outlet: str
    owner: str
    title: str
    text: str
    template: str

    @property
    def digest(self) -> str:
        """Digest all of it that people see, and who approves: BLAKE2b (RFC 7693), 16 bytes."""
        parts = (self.name, self.outlet, self.owner, self.title, self.text, self.template)
        return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=16).hexdigest()

    @property
    def places(self) -> tuple[str, ...]:
        """Name the places of its text, in their order, each once. Raises `WordingError`."""
        try:
            fields = list(string.Formatter().parse(self.text))
        except ValueError:
            raise self._wrong("malformed", "text", self.text, "dấu { } không khớp",
                              "the braces do not match") from None  # fmt: skip
        if any(spec or conversion for _, name, spec, conversion in fields if name is not None):
            vi, en = "chỗ trống chỉ gồm tên, như {station}", "a place is a name, such as {station}"
            raise self._wrong("malformed", "text", self.text, vi, en)
        return tuple(dict.fromkeys(name for _, name, _, _ in fields if name is not None))

    def check(self) -> None:
        """Raise `WordingError` where it cannot be told by."""
        known = ", ".join(PARAMETERS)
        for place in self.places:
            if place not in PARAMETERS:
                raise self._wrong("unknown_name", "text", f"{{{place}}}", f"chỉ nhận: {known}",
                                  f"one of {known}")  # fmt: skip
        for field, value, most in (("title", self.title, TITLE_MAX), ("text", self.text, TEXT_MAX)):
            if not value.strip() or len(value) > most:
                raise self._wrong("too_long", field, f"{len(value)}", f"cần từ 1 đến {most} ký tự",
                                  f"1 to {most} characters are wanted")  # fmt: skip

    def fill(self, values: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        """Give the text with its places filled, and what fills them. Raises `WordingError`."""
        self.check()
        filled = {}
        for place in self.places:
            value, (what, most) = " ".join(values.get(place, "").split()), PARAMETERS[place]
            vi, _, en = what.partition(" | ")
            if not value:
                raise self._wrong("empty", place, "", f"cảnh báo này không có {vi}",
                                  f"this alert has none: {en}")  # fmt: skip
            if len(value) > most or set(value) & set("{}"):
                raise self._wrong("too_long", place, value, f"tối đa {most} ký tự, không có {{ }}",
                                  f"{most} characters at most, without braces")  # fmt: skip
            filled[place] = value
        return self.text.format(**filled), filled

    def _wrong(self, rule: str, field: str, value: str, vi: str, en: str) -> WordingError:
        where = f"mẫu {self.name} ({self.outlet}), {field} {value!r}: "
        of = f"wording {self.name} ({self.outlet}), {field} {value!r}: "
        return WordingError(rule, where + vi, of + en, field, value)


def read_wordings(rows: Iterable[Mapping[str, str]], now: int) -> dict[tuple[str, str], Wording]:
    """Read those in force on the day of an instant, by name and outlet."""
    day = iso_day(day_of(now))
    return {
        (r["name"], r["outlet"]): Wording(
            r["name"], r["outlet"], r["owner"], r["title"], r["text"], r.get("template", "")
        )
        for r in rows
        if r["valid_from"] <= day and (not r.get("valid_to") or day < r["valid_to"])
    }
