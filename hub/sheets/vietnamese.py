"""Texts as they are written in Vietnamese documents: plain letters, codes, yes and no.

What a text means is told by the declared type of its field and by the whole of its column
(`Reading`), never by its looks alone. What could mean two things is rejected (`WrittenError`).
Numbers are `hub.sheets.numbers`, days and periods `hub.sheets.days`.

Full-width digits and marks, non-breaking spaces and decomposed letters mean the plain ones.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from hub.sheets.cells import Cell, Dated
from hub.troubles import RefusedError

_WIDE: dict[int, str | None] = {0xFF10 + i: str(i) for i in range(10)}
_WIDE.update({ord(a): b for a, b in zip("．，％－／：−", ".,%-/:-", strict=True)})
_WIDE.update(dict.fromkeys((0xA0, 0x2007, 0x2009, 0x202F, 0x3000), " "))
_WIDE.update(dict.fromkeys((0x200B, 0xFEFF)))
# What a sheet program makes of long digits; no list of codes has such.
_SHORTENED = re.compile(r"[0-9](?:[.,][0-9]+)?E\+[0-9]{1,3}", re.IGNORECASE)
_TONES = re.compile("[\u0300\u0301\u0303\u0309\u0323]")  # grave, acute, tilde, hook, dot below
_TRUE, _FALSE = ("true", "co", "dung", "1", "x"), ("false", "khong", "sai", "0")

Kind = Literal[
    "text", "code", "boolean", "integer", "money", "decimal", "share", "period", "instant"
]
Mark = Literal["point", "comma"]
Order = Literal["day", "month"]
Span = Literal["day", "month"]


class WrittenError(RefusedError):
    """A text does not say what its field needs: the rule, and why in both languages."""


@dataclass(frozen=True)
class Reading:
    """How the cells of one column are read.

    `mark` is what stands before decimals and `proof` the cell that shows so; `order` is which of
    day and month comes first and `is_said` whether the file itself says so; `span` is what the
    first day of a month stands for in a column of periods; `scale` is the power of ten of the unit
    that numbers are in, None where no unit is given. None otherwise: nothing in the column shows
    which.
    """

    mark: Mark | None = None
    proof: str = ""
    order: Order = "day"
    is_said: bool = False
    span: Span = "day"
    scale: int | None = None


ALONE = Reading()  # of a cell that stands by itself


@dataclass(frozen=True)
class Reader:
    """Reads cells of one kind, some by `words` that it knows; `read` raises `WrittenError`."""

    kind: Kind
    read: Callable[[Cell, Reading], Any]
    words: tuple[str, ...] = ()

    def __call__(self, cell: Cell, reading: Reading = ALONE) -> Any:
        """Read a cell as its column is read."""
        return self.read(cell, reading)


def plain(text: str) -> str:
    """Give a text in composed letters, plain digits and single spaces, without any at its ends."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text).translate(_WIDE)
    return " ".join(text.split())


@lru_cache(1_024)
def folded(text: str) -> str:
    """Give what is left of a text without case, diacritics and spaces: `Số tiền` is `sotien`."""
    return bare(text).replace(" ", "")


def bare(text: str) -> str:
    """Give a text without case and diacritics: `Số tiền` is `so tien`."""
    letters = unicodedata.normalize("NFD", plain(text).casefold()).replace("đ", "d")
    return "".join(c for c in letters if not unicodedata.combining(c))


def key(header: str) -> str:
    """Give what headers are compared by: letters, digits and % alone."""
    return re.sub(r"[^a-z0-9%]", "", folded(header))


@lru_cache(16_384)
def spoken(text: str) -> str:
    """Give what names and code words are compared by: their letters with all marks.

    Case, spaces, Unicode form and the letter that carries a syllable's tone (`hoà`, `hòa`) are as
    good as any other; nothing else is.
    """
    letters = unicodedata.normalize("NFD", plain(text).casefold())
    syllables = (f"{_TONES.sub('', s)}{''.join(_TONES.findall(s))}" for s in letters.split())
    return unicodedata.normalize("NFC", " ".join(syllables))


def _text(cell: Cell, _: Reading) -> str:
    """Read a text or a code. A number is rejected: its leading zeros are lost already."""
    if not isinstance(cell, str) or isinstance(cell, Dated):
        vi = "ô lưu dạng số hoặc ngày, có thể đã mất chữ số; hãy đặt định dạng Văn bản rồi nhập lại"
        en = "the cell holds a number or a day, digits may be lost; format it as text, type again"
        raise WrittenError("not_text", vi, en)
    said = plain(cell)
    if "+" in said and _SHORTENED.fullmatch(said):
        vi = "Excel đã rút gọn mã này, các chữ số cuối đã mất; hãy đặt định dạng Văn bản (Text)"
        vi += " cho cột rồi nhập lại mã, ví dụ 202005010000123"
        en = "Excel has shortened this code and its last digits are lost; format the column as text"
        en += " and type it again, such as 202005010000123"
        raise WrittenError("shortened", vi, en)
    return said


def code(names: Mapping[str, str]) -> Reader:
    """Make a reader of names into codes; a name that is not listed is `unmapped_code`."""
    by_name = {folded(name): value for name, value in names.items()}
    if len(by_name) < len(names):
        raise ValueError("two names are the same without case, diacritics and spaces")
    known = ", ".join(names)

    def read(cell: Cell, _: Reading) -> str:
        value = by_name.get(folded(cell)) if isinstance(cell, str) else None
        if value is None:
            vi, en = f"ngoài danh mục; chỉ nhận: {known}", f"not in the list: {known}"
            raise WrittenError("unmapped_code", vi, en)
        return value

    return Reader("code", read, tuple(names))


def _boolean(cell: Cell, _: Reading) -> bool:
    said = folded(str(cell))
    if said not in _TRUE + _FALSE:
        raise WrittenError("not_a_boolean", "chỉ nhận: có, không", "not true or false")
    return said in _TRUE


text = Reader("text", _text)
boolean = Reader("boolean", _boolean)
