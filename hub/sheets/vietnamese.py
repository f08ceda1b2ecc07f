"""Numbers, money, shares and periods as they are written in Vietnamese documents.

What a text means is told by the declared type of its field, never by its looks. What could mean two
things is rejected (`WrittenError`). The rules:

- The dot is the group mark, the comma the decimal mark; a space may group too. Groups have three
  digits, the first one to three and no leading zero, and all have one kind of mark.
- `integer`: plain or grouped digits: `605859`, `605.859`, `605 859`. A comma is rejected.
- `decimal`: an integer as above, then perhaps a comma and digits: `35,32`, `1.543,88`. One lone dot
  within otherwise plain digits that is not followed by exactly three of them is a decimal point:
  `13.69`. So `1.234` is 1234 and `1,234` is 1.234; `0.123`, `1234.567`, `1,543.88` are rejected.
- `share`: a decimal with its `%`: `33,93 %` is 0.3393, `01%` is 0.01. Without the mark it is
  rejected: 1 could be all or a hundredth.
- `money`: whole đồng. With a scale (`nghìn`, `triệu`, `tỷ`, `nghìn tỷ`) the number is a decimal:
  `1.543,88 tỷ đồng`, `12,5 triệu`. Without one it is an integer, perhaps with `,0` or `,00`:
  `250.000 đồng`; `250,000` is rejected, for it could be 250 or 250000.
- `period`: `2023`, `05/2023`, `tháng 5/2023`, `17/05/2023`, `2023-05`, `2023-05-17`: the day comes
  before the month.
- A number in a cell of a workbook is taken as the shortest decimal of what is stored. A whole
  number from 2^53 on is rejected: the cell may have lost its last digits.

Full-width digits and marks, non-breaking spaces and decomposed letters mean the plain ones.
"""

import re
import unicodedata
from datetime import date, datetime
from decimal import Context, Decimal, Inexact
from functools import lru_cache

from hub.clock import VIETNAM
from hub.sheets.xlsx import Cell, Dated, Percent
from hub.troubles import RefusedError

DIGITS_MAX = 30  # more than any amount; so that all arithmetic stays exact
EXACT_MAX = 2**53  # a workbook's numbers are doubles, whole up to here
_EXACT = Context(prec=80, traps=[Inexact])

_WIDE: dict[int, str | None] = {0xFF10 + i: str(i) for i in range(10)}
_WIDE.update({ord(a): b for a, b in zip("．，％－／：−", ".,%-/:-", strict=True)})
_WIDE.update(dict.fromkeys((0xA0, 0x2007, 0x2009, 0x202F, 0x3000), " "))
_WIDE.update(dict.fromkeys((0x200B, 0xFEFF)))

_GROUPED = r"[1-9][0-9]{0,2}(?:(?:\.[0-9]{3})+|(?: [0-9]{3})+)"
_INTEGER = re.compile(rf"-?(?:[0-9]+|{_GROUPED})")
_COMMA = re.compile(rf"(-?(?:[0-9]+|{_GROUPED}))(?:,([0-9]+))?")
_POINT = re.compile(r"-?[0-9]+\.(?:[0-9]{1,2}|[0-9]{4,})")
_ROUND = re.compile(r",0{1,2}$")
_MONEY = re.compile(
    r"(?P<number>-?[0-9](?:[0-9., ]*[0-9])?)"
    r"(?: ?(?P<scale>nghìn tỷ|nghìn tỉ|ngàn tỷ|ngàn tỉ|nghìn|ngàn|triệu|tỷ|tỉ))?"
    r"(?: ?(?:đồng|đ|vnđ|vnd|₫))?"
)
_SCALES = {"nghìn": 3, "ngàn": 3, "triệu": 6, "tỷ": 9, "tỉ": 9}
_SCALES |= {f"{a} {b}": 12 for a in ("nghìn", "ngàn") for b in ("tỷ", "tỉ")}
_PERIODS = (
    re.compile(r"(?:năm )?(?P<y>[12][0-9]{3})"),
    re.compile(r"(?:tháng )?(?P<m>[0-9]{1,2}) ?(?:/| năm ) ?(?P<y>[12][0-9]{3})"),
    re.compile(r"(?:ngày )?(?P<d>[0-9]{1,2})/(?P<m>[0-9]{1,2})/(?P<y>[12][0-9]{3})"),
    re.compile(r"(?P<y>[12][0-9]{3})-(?P<m>[0-9]{2})(?:-(?P<d>[0-9]{2}))?"),
)

_INSTANTS = (
    re.compile(r"(?P<d>[0-9]{1,2})/(?P<m>[0-9]{1,2})/(?P<y>[12][0-9]{3})[ T](?P<t>[0-9:]{4,8})"),
    re.compile(r"(?P<y>[12][0-9]{3})-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})[ T](?P<t>[0-9:]{4,8})"),
)
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")


class WrittenError(RefusedError):
    """A text does not say what its field needs: the rule, and why in both languages."""


def plain(text: str) -> str:
    """Give a text in composed letters, plain digits and single spaces, without any at its ends."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text).translate(_WIDE)
    return " ".join(text.split())


@lru_cache(1_024)
def folded(text: str) -> str:
    """Give what is left of a text without case, diacritics and spaces: `Số tiền` is `sotien`."""
    letters = unicodedata.normalize("NFD", plain(text).casefold()).replace("đ", "d")
    return "".join(c for c in letters if not unicodedata.combining(c) and not c.isspace())


def text(cell: Cell) -> str:
    """Read a text or a code. A number is rejected: its leading zeros are lost already."""
    if not isinstance(cell, str) or isinstance(cell, Dated):
        vi = "ô lưu dạng số hoặc ngày; hãy đặt định dạng Văn bản rồi nhập lại"
        raise WrittenError("not_text", vi, "the cell holds a number or a day, not a text")
    return plain(cell)


def integer(cell: Cell) -> int:
    """Read a whole number."""
    if not isinstance(cell, str):
        return _stored_whole(cell)
    said = _said(cell)
    if not _INTEGER.fullmatch(said):
        vi = "không phải số nguyên viết rõ ràng, ví dụ 605859 hoặc 605.859"
        raise WrittenError("not_an_integer", vi, "not a clear integer such as 605859 or 605.859")
    return int(_bare(said))


def decimal(cell: Cell) -> Decimal:
    """Read a decimal number, exactly."""
    return _stored(cell) if not isinstance(cell, str) else _decimal(_said(cell))


def share(cell: Cell) -> Decimal:
    """Read a percentage as a fraction of one, exactly."""
    if isinstance(cell, Percent):
        return Decimal(cell)
    said = "" if not isinstance(cell, str) else _said(cell)
    if not said.endswith("%"):
        vi = "thiếu dấu %, ví dụ 33,93 %"
        raise WrittenError("missing_percent", vi, "without its %, such as in 33,93 %")
    return _decimal(said[:-1].rstrip()).scaleb(-2, _EXACT)


def money(cell: Cell) -> int:
    """Read an amount in whole đồng."""
    if not isinstance(cell, str):
        return _stored_whole(cell)
    said = _said(cell).casefold()
    found = _MONEY.fullmatch(said)
    if found is None:
        raise _not_money()
    number, scale = found["number"].rstrip(), found["scale"]
    if scale:
        return _whole(_decimal(number).scaleb(_SCALES[scale], _EXACT))
    number = _ROUND.sub("", number)
    if not _INTEGER.fullmatch(number):
        raise _not_money()
    return int(_bare(number))


def period(cell: Cell) -> str:
    """Read a year, month or day as `2023`, `2023-05` or `2023-05-17`."""
    if isinstance(cell, Percent):
        raise _not_period()
    if isinstance(cell, Decimal):
        # A year in a number cell; of other numbers none is a period.
        cell = str(int(cell)) if cell == cell.to_integral_value() and 0 < cell < 3000 else "-"
    said = plain(cell).casefold()
    for form in _PERIODS:
        if found := form.fullmatch(said):
            given = found.groupdict()
            break
    else:
        raise _not_period()
    parts = [int(given[p]) for p in ("y", "m", "d") if given.get(p)]
    try:
        date(*[*parts, 1, 1][:3])
    except ValueError:
        raise _not_period() from None
    return "-".join(f"{n:02}" for n in parts)


def instant(cell: Cell) -> str:
    """Read a local day and time, such as `17/05/2023 08:00`, as ISO 8601 with the offset +07:00."""
    said = plain(cell) if isinstance(cell, str) else ""
    for form in _INSTANTS:
        found = form.fullmatch(said)
        clock = _CLOCK.fullmatch(found["t"]) if found else None
        if found and clock:
            parts = [int(n) for n in (*found.group("y", "m", "d"), *clock.groups("0"))]
            try:
                return datetime(*parts, tzinfo=VIETNAM).isoformat()  # type: ignore[misc, arg-type]
            except ValueError:
                break
    vi = "không phải ngày giờ, ví dụ 17/05/2023 08:00"
    raise WrittenError("malformed_instant", vi, "not a day and time such as 17/05/2023 08:00")


def _said(cell: str) -> str:
    """Give a text to be read as a number; a day is none, and one without end neither."""
    said = plain(cell)
    if isinstance(cell, Dated):
        vi = "ô lưu dạng ngày, không phải số"
        raise WrittenError("not_a_number", vi, "the cell holds a day, not a number")
    if len(said) > DIGITS_MAX and sum(c.isdigit() for c in said) > DIGITS_MAX:
        raise _too_long()
    return said


def _too_long() -> WrittenError:
    vi, en = f"nhiều hơn {DIGITS_MAX} chữ số", f"more than {DIGITS_MAX} digits"
    return WrittenError("too_long", vi, en)


def _bare(said: str) -> str:
    return said.replace(".", "").replace(" ", "")


def _decimal(said: str) -> Decimal:
    if found := _COMMA.fullmatch(said):
        return Decimal(f"{_bare(found[1])}.{found[2] or ''}")
    if _POINT.fullmatch(said):
        return Decimal(said)
    vi = "không phải số viết rõ ràng, ví dụ 35,32 hoặc 1.543,88"
    raise WrittenError("not_a_number", vi, "not a clear number such as 35,32 or 1.543,88")


def _stored(cell: Decimal) -> Decimal:
    if isinstance(cell, Percent):
        vi = "ô lưu dạng phần trăm"
        raise WrittenError("not_a_number", vi, "the cell holds a percentage")
    if abs(cell.adjusted()) > DIGITS_MAX:
        raise _too_long()
    return cell


def _stored_whole(cell: Decimal) -> int:
    if abs(_stored(cell)) >= EXACT_MAX:
        vi = "số quá lớn cho ô dạng số, có thể đã mất chữ số; hãy ghi dạng Văn bản"
        en = "too large for a cell of numbers, digits may be lost; write it as a text"
        raise WrittenError("not_exact", vi, en)
    return _whole(cell)


def _whole(value: Decimal) -> int:
    whole = int(value)
    if whole != value:
        raise WrittenError("not_whole", "không phải số nguyên (đồng)", "not a whole number (đồng)")
    return whole


def _not_money() -> WrittenError:
    vi = "không phải số tiền viết rõ ràng, ví dụ 250.000 đồng hoặc 12,5 triệu"
    en = "not a clear amount such as 250.000 đồng or 12,5 triệu"
    return WrittenError("not_an_amount", vi, en)


def _not_period() -> WrittenError:
    vi = "không phải kỳ báo cáo, ví dụ 2023, 05/2023 hoặc 17/05/2023"
    return WrittenError("malformed", vi, "not a period such as 2023, 05/2023 or 17/05/2023")
