"""What a command prints of a figure our own readers read back as the same number."""

from decimal import Decimal

import pytest

from hub.commands.show import write_count, write_figure
from hub.sheets.numbers import decimal, integer, money, share

VALUES = [
    *("0", "7", "999", "1300", "-1300", "605859", "1234567", "1543880000000"),
    *("1.300000", "1.234000", "0.987000", "12.500000", "123.456000", "1234.567000", "-4.125000"),
    *("0.000001", "1.000000", "100.001000"),
]


@pytest.mark.parametrize("value", VALUES)
def test_a_value_is_read_back(value: str) -> None:
    written = write_figure({"value": value, "measure_unit": "g/L"})
    assert decimal(written) == Decimal(value)


@pytest.mark.parametrize("number", [0, 12, 1_300, 999_999, 1_000_000, 605_859, 10**16])
def test_a_count_is_read_back_by_every_reader(number: int) -> None:
    written = write_count(number)
    assert (integer(written), decimal(written), money(written)) == (number, number, number)


@pytest.mark.parametrize(("value", "read"), [("0.353200", "0.3532"), ("1.000000", "1")])
def test_a_share_is_read_back(value: str, read: str) -> None:
    assert share(write_figure({"value": value, "measure_unit": "share"})) == Decimal(read)


def test_what_has_no_value_is_no_number() -> None:
    assert write_figure({"value": None, "measure_unit": "share"}) == "–"
