"""What came before a period: the one that ends where it begins, and the same a year ago."""

import pytest

from hub.reference.periods import before, parse_period, year_before


@pytest.mark.parametrize(
    ("period", "previous", "last_year"),
    [
        ("2023", "2022", "2022"),
        ("2023-H1", "2022-H2", "2022-H1"),
        ("2023-H2", "2023-H1", "2022-H2"),
        ("2023-Q1", "2022-Q4", "2022-Q1"),
        ("2023-Q3", "2023-Q2", "2022-Q3"),
        ("2023-01", "2022-12", "2022-01"),
        ("2023-12", "2023-11", "2022-12"),
        # 2020 had 53 weeks, by ISO 8601.
        ("2021-W01", "2020-W53", "2020-W01"),
        ("2020-W53", "2020-W52", None),
        ("2023-03-01", "2023-02-28", "2022-03-01"),
        ("2024-02-29", "2024-02-28", None),
    ],
)
def test_what_came_before(period: str, previous: str, last_year: str | None) -> None:
    asked = parse_period(period)
    assert before(asked) == parse_period(previous)
    assert before(asked).end_on == asked.start_on
    assert year_before(asked) == (last_year and parse_period(last_year))
