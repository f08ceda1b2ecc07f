"""Masking: what is shown of a value that may be about a person, so that its sender still finds it.

Shown are what it is, its length and, of a number, its last two digits: `[CCCD ••••••••••34]`,
`[đã che: 24 ký tự]`. A value that no contract knows is hidden whole. In other values masked are
citizen numbers (12 digits: Luật Căn cước 26/2023/QH15, Điều 12; 9 before), numbers of health
insurance cards (two letters and 13 digits: QĐ 1351/QĐ-BHXH), telephone numbers, addresses of
e-mail, what stands behind a label such as `Họ tên:`, and full names. Personal data are those of
Luật 91/2025/QH15 and NĐ 356/2025/NĐ-CP, in force since 1 January 2026.

A number that is part of a code is none: it touches letters, or parts joined to it by `-`, `.`, `_`
or `/` do. In fields of numbers and of instants a number that begins with no zero is what the field
is for.
"""

import json
import re
import unicodedata
from functools import lru_cache
from typing import Any, Literal

# What a field holds, as far as it matters here.
Kind = Literal["text", "number", "instant"]
NUMBER_SHOWN = 2
SHORT = 8  # too short for a number of a person, or for a full name
READ_MAX = 2_000

_BEFORE, _AFTER = r"(?<!\w)(?<!\w[-._/])", r"(?!\w)(?![-._/:]\w)"
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
# With a label nothing else is a code: `SĐT-0912345678`.
_LABELLED = re.compile(
    r"(?P<label>\b(?:cccd|cmnd|cmt|can cuoc|dinh danh|ho chieu|passport|s?dt|dien thoai|di dong|tel"
    r"|phone|mobile|zalo|hotline)[^\w\n(+]{0,3}(?:so[^\w\n(+]{0,2})?)"
    r"(?P<number>\(?\+?[0-9](?:[ .()-]{0,2}[0-9]){7,14})(?![0-9])",
    re.IGNORECASE,
)
_NUMBERS = re.compile(rf"{_BEFORE}(?:\+84[0-9]{{9}}|[0-9]{{9,12}}){_AFTER}")
_ZERO_NUMBERS = re.compile(rf"{_BEFORE}(?:\+84[0-9]{{9}}|0[0-9]{{8,11}}){_AFTER}")
_GROUPED = re.compile(
    rf"{_BEFORE}(?:\(?\+84\)?(?:[ .()-]{{0,2}}[0-9]){{9}}|\(?0(?:[ .()-]{{0,2}}[0-9]){{8,11}}"
    rf"|[0-9]{{4}} [0-9]{{4}} [0-9]{{4}}|[1-3][0-9]{{2}} [0-9]{{3}} [0-9]{{3}}){_AFTER}"
)
# Which group and benefit, which province, and the number of the insured.
_CARD = re.compile(
    rf"{_BEFORE}[A-Z]{{2}}[ .-]?[1-5][ .-]?[0-9]{{2}}(?:[ .-]?[0-9]){{10}}{_AFTER}", re.IGNORECASE
)
# What is written before a value of a person, in words or as the name of a field.
_LABELS = re.compile(
    r"\b(?P<label>(?:ho[ _]?(?:va[ _]?)?ten|hoten|ten[ _](?:nguoi|cong[ _]dan|chu)"
    r"|nguoi[ _]?(?:nop|yeu[ _]cau|dai[ _]dien|lap|ky|lien[ _]he|nhan|gui|khai)"
    r"|chu[ _]?(?:ho[ _]?so|ho|so[ _]huu)|cong[ _]dan|khach[ _]hang|ke[ _]toan(?:[ _]truong)?"
    r"|(?:ngay|nam)[ _]?sinh|sinh[ _]ngay|que[ _]?quan|dia[ _]?chi"
    r"|(?:noi[ _]?(?:o|cu[ _]tru))|thuong[ _]?tru|tam[ _]?tru|ho[ _]?khau|e-?mail"
    r"|(?:full|first|last|applicant|owner|customer)[ _]?name|applicant|date[ _]of[ _]birth|dob"
    r"|birth[ _]?(?:day|date)|address)(?:[ _][^:=;\n]{0,30})?[\"']?\s*[:=]\s*)"
    r"(?P<value>[^;|\n\r]+)",
    re.IGNORECASE,
)
_FAMILIES = (
    "Nguyen|Tran|Le|Pham|Hoang|Huynh|Phan|Vu|Vo|Dang|Bui|Do|Ho|Ngo|Duong|Ly|Dao|Doan|Vuong|Trinh"
    "|Truong|Lam|Dinh|Mai|To|Ha|Luu|Thai|Ta|Kieu|Cao|Chau|Phung|Quach|Thach|Danh|Son|Kim"
)
_NAME = re.compile(
    rf"\b(?:(?:{_FAMILIES})(?: [A-Z][a-z]{{0,7}}){{2,4}}"
    rf"|(?:{_FAMILIES.upper()})(?: [A-Z]{{1,8}}){{2,4}})\b"
)
# Before the name of a place or a house, which may be that of a person who lived long ago.
_NAMED_AFTER = re.compile(
    r"\b(?:tinh|thanh pho|tp\.?|huyen|quan|thi xa|thi tran|xa|phuong|khu vuc|ap|duong|pho|truong"
    r"|thpt|thcs|benh vien|cau|cong|cho|ho|song|kenh|ubnd|so|ban|phong|nha|cong ty|ngan hang) ?$",
    re.IGNORECASE,
)


def hidden(value: Any) -> str:
    """Show of a value that no contract knows how long it is, and nothing else."""
    return f"[đã che: {len(_text(value))} ký tự]" if value not in ("", b"") else ""


def masked(value: Any, kind: Kind = "text") -> str:
    """Show a value of a field that is known; what is no plain value is hidden whole."""
    return hidden(value) if isinstance(value, dict | list) else mask_text(_text(value), kind)


def mask_text(text: str, kind: Kind = "text") -> str:
    """Mask what is about a person in a text; `kind` is what its field holds."""
    if len(text) <= SHORT:
        return text
    text = unicodedata.normalize("NFC", text[:READ_MAX])
    text = _EMAIL.sub(lambda m: f"[email, {len(m[0])} ký tự]", text)
    for form in (_CARD, _LABELLED, _GROUPED, _NUMBERS) if kind == "text" else (_ZERO_NUMBERS,):
        group = "number" if "number" in form.groupindex else 0
        places = [m.span(group) for m in form.finditer(_folded(text))]
        text = _replaced(text, places, _number)
    places = [m.span("value") for m in _LABELS.finditer(_folded(text)) if "[" not in m["value"][:1]]
    text = _replaced(text, places, hidden)
    plain = _folded(text)
    names = [
        m.span()
        for m in _NAME.finditer(plain)
        if not _NAMED_AFTER.search(plain[: m.start()])
        and not text[m.start() :].casefold().startswith("đường")  # a street, not the name Dương
    ]
    return _replaced(text, names, lambda name: f"[họ tên, {len(name)} ký tự]")


def _replaced(text: str, places: list[tuple[int, int]], mask: Any) -> str:
    """Put masks in the place of stretches of a text."""
    for start, end in reversed(places):
        text = f"{text[:start]}{mask(text[start:end])}{text[end:]}"
    return text


def _number(written: str) -> str:
    digits = re.sub(r"[^0-9]", "", written)
    if written[0].isalpha():
        return f"[thẻ BHYT {'•' * len(digits)}{digits[-NUMBER_SHOWN:]}]"
    is_telephone = written.lstrip("(").startswith(("0", "+84", "84")) and len(digits) in (10, 11)
    name = {9: "CMND", 12: "CCCD"}.get(len(digits), "SĐT" if is_telephone else "số")
    return f"[{name} {'•' * (len(digits) - NUMBER_SHOWN)}{digits[-NUMBER_SHOWN:]}]"


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _folded(text: str) -> str:
    """Write a text without the marks of its letters, as long as it is."""
    return "".join(map(_bare, text))


@lru_cache(4_096)
def _bare(letter: str) -> str:
    return {"đ": "d", "Đ": "D"}.get(letter) or unicodedata.normalize("NFD", letter)[0]
