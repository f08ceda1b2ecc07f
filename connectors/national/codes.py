"""Codes: what a source's codes mean on a day, and by which code another source says the same.

Code lists are rows of `codes.csv`, and of a province's own file with the same columns, which goes
first: what a source's code means from `valid_from` to before `valid_until`. Two sources may mean
different things by one code: each is read by its own list alone, and none is guessed.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Self

NATIONAL = "national"
COLUMNS = ("source", "list", "code", "value", "valid_from", "valid_until")


@dataclass(frozen=True)
class Code:
    """What a code of a source means, from a day to before another."""

    source: str
    list: str
    code: str
    value: str
    valid_from: date
    valid_until: date

    def is_of(self, source: str, name: str, on: date) -> bool:
        """Tell whether it is one of a source's list on a day."""
        is_its = (self.source, self.list) == (source, name)
        return is_its and self.valid_from <= on < self.valid_until


@dataclass(frozen=True)
class Codes:
    """The lists of a source, the province's own rows before ours."""

    source: str = NATIONAL
    own: tuple[Code, ...] = ()

    @classmethod
    def of(cls, source: str, path: Path | None) -> Self:
        """Give a source's lists, with a province's file; raises `ValueError` for a wrong one."""
        if path is None:
            return cls(source)
        try:
            text = path.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"{path}: {error}") from None
        return cls(source, read_codes(text.splitlines(), str(path)))

    @property
    def are_there(self) -> bool:
        """Tell whether the source has any list."""
        return any(c.source == self.source for c in (*self.own, *ours()))

    def meaning(self, name: str, code: str, on: date) -> str | None:
        """Give what a code of the list of that name means on that day; `09` is 9."""
        return self._meaning(self.source, name, code, on)

    def national(self, name: str, value: str, on: date) -> str | None:
        """Give the national code of a meaning on that day, where just one has it."""
        for listed in (self.own, ours()):
            codes = {c.code for c in listed if c.is_of(NATIONAL, name, on) and c.value == value}
            if codes:
                return codes.pop() if len(codes) == 1 else None
        return None

    def answer(self, name: str, code: str, on: date) -> str | None:
        """Give what the code of a national answer means on that day, by the list of that name."""
        return self._meaning(NATIONAL, name, code, on)

    def _meaning(self, source: str, name: str, code: str, on: date) -> str | None:
        plain = code.lstrip("0") or "0" if code.isascii() and code.isdigit() else code
        for codes in (self.own, ours()):
            for wanted in dict.fromkeys((code, plain)):
                for row in codes:
                    if row.code == wanted and row.is_of(source, name, on):
                        return row.value
        return None


@cache
def ours() -> tuple[Code, ...]:
    """Read the lists beside this file."""
    path = resources.files("connectors.national") / "codes.csv"
    return read_codes(path.read_text("utf-8").splitlines(), "codes.csv")


def read_codes(lines: Iterable[str], name: str) -> tuple[Code, ...]:
    """Read rows of codes; raises `ValueError` where one is wrong, or two say different things."""
    rows = csv.DictReader(lines)
    if tuple(rows.fieldnames or ()) != COLUMNS:
        raise ValueError(f"{name}: các cột phải là | the columns must be {','.join(COLUMNS)}")
    codes: list[Code] = []
    for number, row in enumerate(rows, 2):
        try:
            span = (_day(row["valid_from"], date.min), _day(row["valid_until"], date.max))
            made = Code(row["source"], row["list"], row["code"], row["value"], *span)
        except (ValueError, TypeError):
            raise ValueError(f"{name}, dòng | row {number}: {row}") from None
        if not all((made.source, made.list, made.code, made.value)) or span[0] >= span[1]:
            raise ValueError(f"{name}, dòng | row {number}: {row}")
        if any(_clash(made, other) for other in codes):
            vi, en = "mã đã có nghĩa khác cùng ngày", "the code means another thing on the same day"
            raise ValueError(f"{name}, dòng | row {number}: {vi} | {en}: {row}")
        codes.append(made)
    return tuple(codes)


def _clash(one: Code, other: Code) -> bool:
    is_same = (one.source, one.list, one.code) == (other.source, other.list, other.code)
    return is_same and one.valid_from < other.valid_until and other.valid_from < one.valid_until


def _day(text: str, absent: date) -> date:
    return date.fromisoformat(text) if text else absent
