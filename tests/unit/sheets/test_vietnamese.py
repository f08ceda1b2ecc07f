"""Numbers as people write them: what is formatted is read back, what could mean two is not."""

import re
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.sheets.cells import Cell, Dated, Percent
from hub.sheets.days import deadline, instant, period
from hub.sheets.numbers import decimal, integer, is_doubtful, money, share
from hub.sheets.vietnamese import Reading, WrittenError, folded, text

WHOLE = st.integers(0, 10**16)
WIDE = str.maketrans("0123456789.,%", "０１２３４５６７８９．，％")


def grouped(number: int, mark: str = ".") -> str:
    return f"{number:,}".replace(",", mark)


GOOD: list[tuple[Callable[[Cell], Any], Cell, Any]] = [
    (integer, "605.859", 605859),
    (integer, "605 859", 605859),
    (integer, "605\u00a0859", 605859),
    (integer, "６０５．８５９", 605859),
    (integer, "\ufeff1", 1),
    (integer, "01", 1),
    (integer, "-3", -3),
    (integer, Decimal("605859.0"), 605859),
    (decimal, "35,32", Decimal("35.32")),
    (decimal, "13.69", Decimal("13.69")),
    (decimal, "1.543,88", Decimal("1543.88")),
    (decimal, "1,543.88", Decimal("1543.88")),
    (decimal, "0.123", Decimal("0.123")),
    (decimal, "1234.567", Decimal("1234.567")),
    (decimal, "1,234,567", Decimal(1234567)),
    (decimal, "1 234.567", Decimal("1234.567")),
    (decimal, Decimal("0.1"), Decimal("0.1")),
    (share, "33,93 %", Decimal("0.3393")),
    (share, "01%", Decimal("0.01")),
    (share, Percent("0.3393"), Decimal("0.3393")),
    (money, "1.543,88 tỷ đồng", 1_543_880_000_000),
    (money, unicodedata.normalize("NFD", "1.543,88 tỷ đồng"), 1_543_880_000_000),
    (money, "1.614,16 tỉ", 1_614_160_000_000),
    (money, "12,5 triệu", 12_500_000),
    (money, "12,5TRIỆU VNĐ", 12_500_000),
    (money, "1,2 nghìn tỷ đồng", 1_200_000_000_000),
    (money, "250.000 đồng", 250_000),
    (money, "250.000,00 ₫", 250_000),
    (money, Decimal("1543880000000"), 1_543_880_000_000),
    (period, "2023", "2023"),
    (period, Decimal(2023), "2023"),
    (period, "năm 2023", "2023"),
    (period, "05/2023", "2023-05"),
    (period, "tháng 5/2023", "2023-05"),
    (period, "Tháng 5 năm 2023", "2023-05"),
    (period, "17/05/2023", "2023-05-17"),
    (period, "2023-05", "2023-05"),
    (period, Dated("2023-05"), "2023-05"),
    (text, "  Điện \u00a0 lực ", "Điện lực"),
]


@pytest.mark.parametrize(("read", "cell", "expected"), GOOD)
def test_what_is_clear_is_read(read: Callable[[Cell], Any], cell: Cell, expected: Any) -> None:
    assert read(cell) == expected


BAD: list[tuple[Callable[[Cell], Any], Cell, str]] = [
    (integer, "605,859", "not_an_integer"),
    (integer, "605.859.1", "not_an_integer"),
    (integer, "1.234 567", "not_an_integer"),
    (integer, "0.123", "not_an_integer"),
    (integer, "1234.567", "not_an_integer"),
    (integer, "1e6", "not_an_integer"),
    (integer, "10²", "not_an_integer"),
    (integer, "٣", "not_an_integer"),
    (integer, "1" * 31, "too_long"),
    (integer, "1" * 9_000, "too_long"),
    (integer, Decimal("605.859"), "not_whole"),
    (integer, Decimal(2**53), "not_exact"),
    (integer, Percent(1), "not_a_number"),
    (integer, Dated("2023-05-17"), "not_a_number"),
    (decimal, "1.234", "two_readings"),
    (decimal, "1,234", "two_readings"),
    (decimal, "1.543.88", "not_a_number"),
    (decimal, ",5", "not_a_number"),
    (decimal, "5,", "not_a_number"),
    (decimal, "NaN", "missing_code"),
    (decimal, "١٢", "not_a_number"),  # digits of another script are no word for nothing
    (instant, "17/05/2023", "missing_time"),
    (instant, "31/02/2023", "malformed_instant"),  # no such day: to write an hour helps nobody
    (instant, "31/02/2023 08:00", "malformed_instant"),
    (deadline, "31/06/2023", "malformed_instant"),
    (deadline, "31/06/2023 17:00", "malformed_instant"),
    (decimal, Decimal("1E+300"), "too_long"),
    (share, "33,93", "missing_percent"),
    (share, Decimal("0.33"), "missing_percent"),
    (money, "250,000 đồng", "not_an_amount"),
    (money, "1,5 đồng", "not_an_amount"),
    (money, "13.69 đồng", "not_an_amount"),
    (money, "1,2345 nghìn", "not_whole"),
    (money, "5 USD", "not_an_amount"),
    (money, "triệu", "not_an_amount"),
    (money, Decimal("0.5"), "not_whole"),
    (period, "5.2023", "malformed"),
    (period, "31/02/2023", "malformed"),
    (period, "13/2023", "malformed"),
    (period, "quý 1/2023", "malformed"),
    (period, Decimal("5.2023"), "malformed"),
    (text, Decimal(24), "not_text"),
]


@pytest.mark.parametrize(("read", "cell", "rule"), BAD)
def test_what_could_mean_two_things_is_rejected(
    read: Callable[[Cell], Any], cell: Cell, rule: str
) -> None:
    with pytest.raises(WrittenError) as caught:
        read(cell)
    assert caught.value.rule == rule
    assert caught.value.vi != caught.value.en


@given(WHOLE, st.sampled_from([".", " ", "\u00a0", "\u202f", ""]), st.booleans())
def test_integers_are_read_back(number: int, mark: str, is_wide: bool) -> None:
    written = grouped(number, mark)
    assert integer(written.translate(WIDE) if is_wide else written) == number
    assert money(f"{written} đồng") == number


@given(WHOLE, st.text("0123456789", min_size=1, max_size=9), st.sampled_from([".", " ", ""]))
def test_decimals_are_read_back(whole: int, fraction: str, mark: str) -> None:
    expected = Decimal(f"{whole}.{fraction}")
    written = f"{grouped(whole, mark)},{fraction}"
    assert decimal(written, Reading("comma")) == expected
    assert share(f"{written} %", Reading("comma")) * 100 == expected
    if not is_doubtful(written):
        assert decimal(written) == expected
        assert share(f"{written} %") * 100 == expected


@given(st.integers(0, 10**7), st.integers(0, 10**6 - 1), st.sampled_from(["triệu", "tỷ", "tỉ"]))
def test_amounts_with_a_scale_are_read_back(whole: int, millionths: int, scale: str) -> None:
    written = f"{grouped(whole)},{millionths:06} {scale} đồng"
    assert money(written) == (whole * 10**6 + millionths) * (1 if scale == "triệu" else 1000)


@given(st.integers(0, 10**13))
def test_a_scale_that_leaves_a_part_of_a_dong_is_rejected(number: int) -> None:
    written = f"{number // 10**7},{number % 10**7:07} triệu"
    if number % 10:
        with pytest.raises(WrittenError, match="whole"):
            money(written)
    else:
        assert money(written) == number // 10


@given(st.dates(date(1900, 1, 1), date(2999, 12, 31)))
def test_days_and_months_are_read_back(day: date) -> None:
    assert period(f"{day.day}/{day.month}/{day.year}") == day.isoformat()
    assert period(f"{day:%m/%Y}") == day.isoformat()[:7]
    assert period(Dated(day.isoformat())) == day.isoformat()


@given(st.text("0123456789., -", max_size=12))
def test_only_well_formed_numbers_are_accepted(said: str) -> None:
    """Checked by writing the number again: each accepted text is one of the ways to write it."""
    said_plainly = " ".join(said.split())
    for read in (integer, decimal):
        try:
            value = Decimal(read(said))
        except WrittenError:
            continue
        digits = re.sub(r"[^0-9]", "", said_plainly)
        sign = "-" if said_plainly.startswith("-") else ""
        _, _, fraction = f"{abs(value):f}".partition(".")
        whole = digits[: len(digits) - len(fraction)]
        assert said_plainly in {
            f"{sign}{head}{mark if fraction else ''}{fraction}"
            for mark, group in (",.", ".,")
            for head in (whole, grouped(int(whole), group), grouped(int(whole), " "))
        }
        assert read is integer or not is_doubtful(said_plainly)


@given(st.text(max_size=30))
def test_no_text_breaks_the_readers(said: str) -> None:
    for read in (integer, decimal, share, money, period):
        with suppress(WrittenError):
            read(said)


def test_names_are_compared_without_case_diacritics_and_spaces() -> None:
    assert folded("  Đơn vị\nBÁO  cáo") == folded("don vi bao cao") == "donvibaocao"
    assert folded(unicodedata.normalize("NFD", "Số tiền")) == "sotien"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("17/05/2023 08:00", "2023-05-17T08:00:00+07:00"),
        ("7/5/2023 8:05:09", "2023-05-07T08:05:09+07:00"),
        ("2023-05-17T23:59", "2023-05-17T23:59:00+07:00"),
        ("31/12/2023 24:00", "2024-01-01T00:00:00+07:00"),
        ("17-5-2023 8h30", "2023-05-17T08:30:00+07:00"),
        ("8h ngày 17/05/2023", "2023-05-17T08:00:00+07:00"),
        ("17/05/2023 14 giờ 5 phút", "2023-05-17T14:05:00+07:00"),
        ("17.5.2023, 4g30 chiều", "2023-05-17T16:30:00+07:00"),
        ("24h 31/12/2023", "2024-01-01T00:00:00+07:00"),
        ("17-05-2023 08:00", "2023-05-17T08:00:00+07:00"),
        ("17/05/2023 08:00:00.000", "2023-05-17T08:00:00+07:00"),
        ("2023-05-17 08:00:00.0000000", "2023-05-17T08:00:00+07:00"),
        ("17/05/2023 8:00:00 SA", "2023-05-17T08:00:00+07:00"),
        ("17/05/2023 8:00:00 CH", "2023-05-17T20:00:00+07:00"),
        ("17/05/2023 12:30 SA", "2023-05-17T00:30:00+07:00"),
        ("17/05/2023 12:30 chiều", "2023-05-17T12:30:00+07:00"),
        ("2023-05-17 4:00 PM", "2023-05-17T16:00:00+07:00"),
        ("08:00 ngày 17/05/2023", "2023-05-17T08:00:00+07:00"),
        ("2023-05-17T01:00:00.0000000Z", "2023-05-17T01:00:00+00:00"),
        ("2023-05-17 08:00:00 +0700", "2023-05-17T08:00:00+07:00"),
        ("\u00a02023-05-17\u00a000:00:00", "2023-05-17T00:00:00+07:00"),
    ],
)
def test_a_day_and_time_is_read_as_local(written: str, meant: str) -> None:
    assert instant(written) == meant


@pytest.mark.parametrize(
    ("written", "rule"),
    [
        ("", "malformed_instant"),
        ("31/02/2023 08:00", "malformed_instant"),
        ("17/05/2023 24:01", "malformed_instant"),
        ("17/05/2023 13:00 SA", "malformed_instant"),
        ("08:00", "malformed_instant"),
        ("17/05/23 08:00", "malformed_instant"),
        ("17/05/2023", "missing_time"),
        ("17-05-2023", "missing_time"),
        ("2023-05-17", "missing_time"),
        ("07/05/2023 4:00 PM", "order_of_days"),
    ],
)
def test_what_is_no_day_and_time_is_refused(written: str, rule: str) -> None:
    with pytest.raises(WrittenError) as refused:
        instant(written)
    assert refused.value.rule == rule
