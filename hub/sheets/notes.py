"""What stands around a table and counts: units in notes and under headers, totals, numbering.

A unit is a power of ten with what it counts: `triệu đồng` is 6 of money, `nghìn lượt` 3 of a count.
It may stand in a note above or below the table (`Đơn vị tính: triệu đồng`), in a header
(`Số tiền (triệu đồng)`) or in a row of units under the header (`(3) nghìn đồng`).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from hub.definitions.masking import Kind as Masked
from hub.definitions.masking import mask_text
from hub.sheets.cells import Cell, as_shown
from hub.sheets.vietnamese import bare, folded, plain

Counted = Literal["money", "foreign", "count", "nothing", "measure"]
CELL_SHOWN_MAX = 200

_SCALES = (
    (12, r"(?:nghin|ngan)(?:ty|ti)|1[.,]?000(?:ty|ti)"),
    (9, r"ty|ti|billions?|bn|1[.,]?000[.,]?000[.,]?000|10\^9"),
    (6, r"trieu|tr\.?|millions?|mn|1[.,]?000[.,]?000|10\^6"),
    (3, r"nghin|ngan|ngh\.?(?=d)|ng\.?(?=d)|k(?=d|vnd)|thousands?|1[.,]?000|10\^3"),
)
_MONEY = r"(?:vietnam)?dong(?:vn|vietnam)?|d|vnd|₫"
_FOREIGN = r"usd|us\$|\$|eur|euro|€|jpy|cny|dola(?:my)?"
_COUNT = (
    r"luot|giaodich|gd|khachhang|khach|nguoi|hoso|mon|ho|hoadon|lan|don|transactions?|customers?"
)
_MEASURE = (
    r"g/l|mg/l|‰|m|cm|°c|oc|degc|ph|m?s/cm|[µμu]s/cm|%|gio|ngay|thang|nam|quy|ma|ten|text|chu|so|"
    r"ngay/thang/nam|dd?/mm?/yy(?:yy)?(?:hh?:mm(?::ss)?)?|mm?/dd?/yy(?:yy)?(?:hh?:mm(?::ss)?)?"
)
_UNIT = re.compile(
    rf"(?:x|×|\*)?(?:{'|'.join(f'(?P<s{n}>{form})' for n, form in _SCALES)})?"
    rf"(?:(?P<money>{_MONEY})|(?P<foreign>{_FOREIGN})|(?P<count>{_COUNT}))?"
)
_UNIT_BEHIND = re.compile(
    r"(?P<money>vnd|dong)(?:" + "|".join(f"(?P<s{n}>{f})" for n, f in _SCALES) + ")"
)
_LABEL = re.compile(r"\(?(?:[a-z]|[0-9]{1,2}|[ivx]{1,4})\)?(?:=[-+*/()0-9a-z. ]+)?")
_LABEL_BEFORE = re.compile(r"^\((?:[a-z]|[0-9]{1,2}|[ivx]{1,4})\)(?:=[-+*/()0-9. ]+)?")
_LEAD = re.compile(
    r"\b(?P<lead>don vi tinh|dvt|don vi tien(?: te)?|loai tien(?: te)?|don vi|unit|currency"
    r"|tinh bang|tinh theo)\b *[:.=-]? *"
)
# Leads behind which there is nothing but a unit: one that is not known is one all the same.
_SURE_LEADS = ("don vi tinh", "dvt", "don vi tien", "don vi tien te")
_MONEY_LEADS = (*_SURE_LEADS, "loai tien", "loai tien te", "currency")
_SEEMS_MONEY = re.compile(
    rf"\b(?:trieu|nghin|ngan dong|ty dong|million|billion|thousand|vnd|{_FOREIGN})\b|000"
)
_PLAINLY = re.compile(
    r"(?P<before>[^\s(]*)(?P<gap>[\s(]*)\b"
    r"(?P<unit>(?:nghìn|ngàn) (?:tỷ|tỉ) đồng|(?:nghìn|ngàn|triệu|tỷ|tỉ) đồng"
    r"|(?:nghin|ngan|trieu) dong|(?:million|billion|thousand) vnd)\b"
)
_NUMBER_WORDS: tuple[str, ...] = (
    "một",
    "hai",
    "ba",
    "bốn",
    "năm",
    "sáu",
    "bảy",
    "tám",
    "chín",
    "mười",
    "trăm",
    "vài",
)
_NUMBER_WORDS += ("mot", "bon", "sau", "bay", "tam", "chin", "muoi", "tram", "vai", "chục", "mấy")

TOTALS = (
    "Tổng cộng",
    "Tổng số",
    "Tổng",
    "Cộng",
    "Total",
    "Grand total",
    "Subtotal",
    "Tổng toàn tỉnh",
)
_TOTALS = frozenset(folded(t) for t in TOTALS)
_TOTALS_WRITTEN = frozenset(t.casefold() for t in TOTALS)
_TOTAL_BEGINS = re.compile(r"(?:tổng cộng|tổng số|cộng dồn|cộng trang|lũy kế|luỹ kế|grand total)\b")
# Words by which a row may also be of something else: `Cộng NH01`, `Phát sinh trong kỳ`.
_SUBTOTAL_BEGINS = re.compile(
    r"(?:cộng|tổng(?! (?:công ty|cục|liên đoàn|giám đốc))|phát sinh|doanh số)\b"
)
_SUBTOTAL_LETTERS = frozenset("tTcCpPdD ")
_TOTAL_LENGTH_MAX = 60
_TOTAL_LETTERS = frozenset("tTcClLgGsS ")
_SUMMARIES = frozenset(
    folded(t) for t in (*TOTALS, "Tổng hợp", "Bảng tổng hợp", "Tổng hợp chung", "Summary", "TH")
)


@dataclass(frozen=True)
class Unit:
    """A unit as it was written: the power of ten, None where it names none, and what it counts."""

    written: str
    scale: int | None
    counts: Counted


def shown(cell: Cell, kind: Masked = "text") -> str:
    """Show a cell in a message: short, masked, without what a database or a terminal chokes on."""
    said = mask_text(plain(as_shown(cell)), kind)[:CELL_SHOWN_MAX]
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in said)


def as_written(cell: Cell, kind: Masked = "text") -> str:
    """Show a refused cell as its sender wrote it, spaces and unusual letters included.

    What is masked is shown as `shown` has it: a mask is looked for in plain letters alone.
    """
    said, masked = as_shown(cell), shown(cell, kind)
    if masked != plain(said):
        return masked
    letters = (" " if c.isspace() else c for c in said[:CELL_SHOWN_MAX])
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in letters)


@lru_cache(1_024)
def unit(text: str) -> Unit | None:
    """Read a text that is nothing but a unit, perhaps in brackets or after a number of a column."""
    words = _LABEL_BEFORE.sub("", folded(text)).strip("()[]{}.:;,- ")
    lead = re.match(r"(?:donvitinh|dvt|donvi|tinhbang|unit)[:.=-]*", words)
    words = words[lead.end() :].strip("()[] ") if lead else words
    if not words:
        return None
    parts = _UNIT.fullmatch(words) or _UNIT_BEHIND.fullmatch(words)
    if parts is None:
        return Unit(shown(text), None, "measure") if re.fullmatch(_MEASURE, words) else None
    given = parts.groupdict()
    scale = next((n for n, _ in _SCALES if given[f"s{n}"]), None)
    counts: Counted = "nothing"
    if given["money"]:
        counts, scale = "money", scale or 0
    elif given.get("foreign"):
        counts = "foreign"
    elif given.get("count"):
        counts, scale = "count", scale or 0
    elif not any(c.isalpha() for c in words):
        return None  # a number that may be one of the table's
    return Unit(shown(text), scale, counts)


def is_label(text: str) -> bool:
    """Tell whether a text numbers its column, such as `(A)`, `1` or `(3)=(1)+(2)`."""
    return _LABEL.fullmatch(folded(text)) is not None


def units_in_note(text: str) -> list[Unit]:
    """Find the units that a note states for the table; amounts in it are none."""
    words = plain(text)
    said = bare(words)
    for lead in _LEAD.finditer(said):
        if lead["lead"] in ("don vi", "unit") and lead[0].rstrip()[-1:] not in (":", "="):
            continue
        rest = words[lead.end() :] if len(said) == len(words) else said[lead.end() :]
        pieces = [*re.split(r"[;/]|,(?! ?000)| và | - ", rest), re.sub(r"\(.*?\)", "", rest)]
        stated = [u for p in dict.fromkeys(pieces) if (u := unit(p)) is not None]
        found = stated or _plainly(words)
        if found or lead["lead"] != "don vi":
            return found or _unknown(lead["lead"], rest)
    whole = unit(words)
    if whole is not None and whole.counts in ("money", "foreign"):
        return [whole] if whole.scale or whole.counts == "foreign" else []
    return _plainly(words)


def leads_to_unit(text: str) -> bool:
    """Tell whether a text, a label or a header, says that a unit stands beside or below it."""
    lead = _LEAD.fullmatch(bare(text).strip("() "))
    return lead is not None and lead["lead"] in _MONEY_LEADS


def _plainly(said: str) -> list[Unit]:
    """Find units within running words, but for those that belong to an amount."""
    found = []
    for parts in _PLAINLY.finditer(said.casefold()):
        before = parts["before"].strip(".,")
        is_amount = before[-1:].isdigit() or before in _NUMBER_WORDS
        if not is_amount or "(" in parts["gap"]:
            one = unit(parts["unit"])
            if one is not None:
                found.append(one)
    return found


def _unknown(lead: str, rest: str) -> list[Unit]:
    """Keep a unit that is stated but not known, where it seems to be one of money."""
    is_one = lead in _SURE_LEADS and rest.strip(" .:") != ""
    is_money = _SEEMS_MONEY.search(bare(rest)) is not None
    return [Unit(shown(rest), None, "foreign")] if is_one or is_money else []


def is_total(cells: Sequence[Cell], texts: Iterable[int]) -> bool:
    """Tell whether a row sums up others: its first words say so, or a cell in a column of texts."""
    for cell in cells:
        if isinstance(cell, str) and cell and not cell.isspace():
            if cell.lstrip()[:1] in _TOTAL_LETTERS and _begins_as_total(cell):
                return True
            break
    for at in texts:
        cell = cells[at] if at < len(cells) else ""
        if isinstance(cell, str) and cell[:1] in _TOTAL_LETTERS and _is_total_word(cell):
            return True
    return False


def is_subtotal(cells: Sequence[Cell], needed: Iterable[int]) -> bool:
    """Tell whether a row sums up some others: it begins so, and what names a row is not there."""
    first = next((c for c in cells if isinstance(c, str) and c and not c.isspace()), "")
    if first[:1] not in _SUBTOTAL_LETTERS or not _SUBTOTAL_BEGINS.match(plain(first).casefold()):
        return False
    return any(at >= len(cells) or not str(cells[at]).strip() for at in needed)


@lru_cache(4_096)
def _begins_as_total(cell: str) -> bool:
    return len(cell) <= _TOTAL_LENGTH_MAX and (
        _is_total_word(cell) or _TOTAL_BEGINS.match(plain(cell).casefold()) is not None
    )


@lru_cache(4_096)
def _is_total_word(cell: str) -> bool:
    if len(cell) > _TOTAL_LENGTH_MAX or folded(cell).strip(" :.()") not in _TOTALS:
        return False
    # A sluice (Cống) is no sum (Cộng): what has its marks is compared with them.
    written = plain(cell).casefold().strip(" :.()")
    return written.isascii() or written in _TOTALS_WRITTEN


def is_summary(sheet: str) -> bool:
    """Tell whether a sheet is named as the summary of others."""
    return folded(sheet).strip(" :.()") in _SUMMARIES
