"""Sentences: what figures say in words, Vietnamese and English, made of the figures themselves.

Numbers are written exactly, half-up, as each language writes them: 35,32 % and 35.32%.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Literal

from hub.board.pulls import PULLS_MAX, Pull, expected, lacks, rounded, written
from hub.definitions.contract import Doc
from hub.figures.figure import Figure
from hub.reference.lists import Target
from hub.reference.periods import Period
from hub.reports.written import write_period

Lang = Literal["vi", "en"]
SHARE = "share"
_MONEY = "đồng"
_UNITS = {
    "dossiers": ("hồ sơ", "dossiers"),
    "transactions": ("giao dịch", "transactions"),
    "minutes": ("phút", "minutes"),
    "hours": ("giờ", "hours"),
    "working_hours": ("giờ làm việc", "working hours"),
}
_STEPS = ((10**9, "tỷ đồng", "billion VND"), (10**6, "triệu đồng", "million VND"))
_SIGNS = {">=": "≥", "<=": "≤"}
_COUNTED = {1: ("Một đơn vị", "One unit"), 2: ("Hai đơn vị", "Two units")}
_THREE = ("Ba đơn vị", "Three units")


def number(value: Decimal, lang: Lang, places: int | None = None) -> str:
    """Write a decimal with so many places, or with as many as it needs."""
    exact = value if places is None else rounded(value, places)
    text = f"{exact:,f}" if places is not None else f"{Decimal(written(exact)):,f}"
    marks = str.maketrans(",.", ".,") if lang == "vi" else {}
    return text.translate(marks).replace("-", "−")


def percent(share: Decimal, lang: Lang, places: int | None = 2) -> str:
    """Write a share in percent."""
    return number(share * 100, lang, places) + ("\u00a0%" if lang == "vi" else "%")


def amount(value: Decimal, unit: str, lang: Lang) -> str:
    """Write a value in its unit: a share in percent, large money in millions or billions."""
    if unit == SHARE:
        return percent(value, lang)
    index = 0 if lang == "vi" else 1
    if unit == _MONEY:
        for size, *names in _STEPS:
            if abs(value) >= size:
                return f"{number(value / size, lang, 2)} {names[index]}"
    named = _UNITS.get(unit, (unit, "VND" if unit == _MONEY else unit))[index]
    return f"{number(value, lang, 0 if value == value.to_integral_value() else 2)} {named}"


def value_of(figure: Figure) -> Decimal | None:
    """Give a figure's value as exact as decimals go; None where it has none."""
    if figure.value is None or not figure.denominator:
        return None
    return Decimal(figure.numerator) / (figure.denominator * figure.scale)


def both(write: Callable[[Lang], str]) -> Doc:
    """Write a text in both languages."""
    return Doc(write("vi"), write("en"))


def goal(target: Target, unit: str, lang: Lang) -> str:
    """Write a target: ≥ 50 %."""
    share = unit == SHARE
    shown = percent(target.value, lang, None) if share else amount(target.value, unit, lang)
    return f"{_SIGNS.get(target.op, target.op)} {shown}"


def shown(figure: Figure) -> Doc:
    """Write a figure's value in its unit."""
    value = value_of(figure)
    assert value is not None
    return both(lambda lang: amount(value, figure.measure_unit, lang))


def aimed(figure: Figure) -> Doc:
    """Say what a figure is held against: its target, and of a year's plan what is due by now."""
    target, due, unit = figure.target, expected(figure), figure.measure_unit
    if target is None:
        return Doc("", "")
    vi, en = goal(target, unit, "vi"), goal(target, unit, "en")
    if due is None:
        return Doc(f"mục tiêu {vi}", f"target {en}")
    return Doc(
        f"kế hoạch đến nay {amount(due, unit, 'vi')} (cả năm {vi})",
        f"{amount(due, unit, 'en')} due by now (year {en})",
    )


def why(figure: Figure, ranked: Sequence[Pull]) -> Doc:
    """Say how far a figure is off its course, and which units made it so; empty where it is not."""
    if figure.target is None:
        return both(lambda lang: held(ranked, lang))
    target, due = figure.target, expected(figure)
    gap = lacks(target, due, figure)
    if gap <= 0:
        return Doc("", "")
    unit, divisor = figure.measure_unit, figure.denominator * figure.scale

    def write(lang: Lang) -> str:
        of_share, over = unit == SHARE, target.is_ceiling
        size = points(gap / divisor, lang) if of_share else amount(gap / divisor, unit, lang)
        word = {"vi": ("Thiếu", "Vượt"), "en": ("Short by", "Over by")}[lang][over]
        named = pulled(ranked, divisor if of_share else None, unit, lang, is_over=over)
        return f"{word} {size}." + (f" {named}" if named else "")

    return both(write)


def pulled(
    ranked: Sequence[Pull], divisor: int | None, unit: str, lang: Lang, *, is_over: bool
) -> str:
    """Name the units that pull the most; `divisor` is that of the whole, for points of a share."""
    top = ranked[:PULLS_MAX]
    if not top:
        return ""

    def size(short: Decimal) -> str:
        return amount(short, unit, lang) if divisor is None else points(short / divisor, lang)

    counted = _COUNTED.get(len(top), _THREE)[lang == "en"]
    verb = {"vi": ("kéo xuống", "đẩy lên"), "en": ("pull it down", "drive it up")}[lang][is_over]
    if lang == "en" and len(top) == 1:
        verb = verb.replace(" ", "s ", 1)
    listed = ", ".join(f"{p.name} ({size(p.short)})" for p in top)
    return f"{counted} {verb}: {listed}."


def held(ranked: Sequence[Pull], lang: Lang) -> str:
    """Name the units that hold the most of what waits."""
    top = [f"{p.name} ({number(p.short, lang, 0)})" for p in ranked[:PULLS_MAX]]
    if not top:
        return ""
    return f"{'Nhiều nhất' if lang == 'vi' else 'Most at'}: {', '.join(top)}."


def points(share: Decimal, lang: Lang) -> str:
    """Write a difference of shares in percentage points."""
    return f"{number(share * 100, lang, 2)}\u00a0{'điểm' if lang == 'vi' else 'points'}"


def compared(figure: Figure, then: Figure, span: Period) -> Doc | None:
    """Say by how much a figure is more or less than that of an earlier period."""
    now, past = value_of(figure), value_of(then)
    if now is None or past is None:
        return None
    change = now - past

    def write(lang: Lang) -> str:
        unit = figure.measure_unit
        of_share = unit == SHARE
        size = points(abs(change), lang) if of_share else amount(abs(change), unit, lang)
        if not of_share and past > 0:
            size += f" ({percent(abs(change) / past, lang, 1)})"
        period = named(span, lang)
        if lang == "vi":
            word = "bằng" if change == 0 else ("tăng" if change > 0 else "giảm")
            return f"{word} {period}" if change == 0 else f"{word} {size} so với {period}"
        word = "as in" if change == 0 else ("up" if change > 0 else "down")
        return f"{word} {period}" if change == 0 else f"{word} {size} from {period}"

    return both(write)


def named(period: Period, lang: Lang) -> str:
    """Name a period within a sentence: tháng 4 năm 2023."""
    if lang == "en":
        return period.text
    text = write_period(period.text)
    return text[0].lower() + text[1:]


def restated(figure: Figure) -> Doc | None:
    """Say what a closed figure would be now, where that is another."""
    later = figure.restatement
    if later is None or later.value is None or not later.denominator:
        return None
    value = Decimal(later.numerator or 0) / (later.denominator * figure.scale)
    unit = figure.measure_unit
    return Doc(
        f"Điều chỉnh: nay là {amount(value, unit, 'vi')}.",
        f"Restated: it would be {amount(value, unit, 'en')} now.",
    )


def incomplete(figure: Figure) -> Doc | None:
    """Say how much of what was to be reported is in a figure, where it is not all."""
    share = Decimal(str(figure.completeness))
    if share >= 1:
        return None
    return Doc(
        f"Mới đủ {percent(share, 'vi', 1)} nguồn phải báo cáo.",
        f"Only {percent(share, 'en', 1)} of what is due was reported.",
    )
