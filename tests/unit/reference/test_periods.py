"""Every form of period, and everything that is none."""

from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.clock import VIETNAM, from_us
from hub.reference.periods import between, month, parse_period, previous, split, year_before
from tests.parts.depth import rounds

quick = settings(derandomize=True, max_examples=rounds(200, quick=50))

FORMS = {
    "2023": ("2023-01-01", "2024-01-01"),
    "0001": ("0001-01-01", "0002-01-01"),
    "9998": ("9998-01-01", "9999-01-01"),
    "2023-H1": ("2023-01-01", "2023-07-01"),
    "2023-H2": ("2023-07-01", "2024-01-01"),
    "2023-Q1": ("2023-01-01", "2023-04-01"),
    "2023-Q2": ("2023-04-01", "2023-07-01"),
    "2023-Q3": ("2023-07-01", "2023-10-01"),
    "2023-Q4": ("2023-10-01", "2024-01-01"),
    "2023-01": ("2023-01-01", "2023-02-01"),
    "2023-02": ("2023-02-01", "2023-03-01"),
    "2024-02": ("2024-02-01", "2024-03-01"),
    "2023-12": ("2023-12-01", "2024-01-01"),
    "2023-05-17": ("2023-05-17", "2023-05-18"),
    "2024-02-29": ("2024-02-29", "2024-03-01"),
    "2023-12-31": ("2023-12-31", "2024-01-01"),
    # ISO 8601: the first week is the one with the year's first Thursday.
    "2023-W01": ("2023-01-02", "2023-01-09"),
    "2023-W07": ("2023-02-13", "2023-02-20"),
    "2022-W52": ("2022-12-26", "2023-01-02"),
    "2020-W53": ("2020-12-28", "2021-01-04"),
    "2021-W01": ("2021-01-04", "2021-01-11"),
    "2019-W01": ("2018-12-31", "2019-01-07"),
    "2026-W53": ("2026-12-28", "2027-01-04"),
}
NONE = [
    *["", "23", "202", "20233", "2023-", "2023-H0", "2023-H3", "2023-Q0", "2023-Q5", "2023-q1"],
    *["2023-00", "2023-13", "2023-1", "2023-W00", "2023-W53", "2021-W53", "2023-W54", "2023-W1"],
    *["2023-02-29", "2023-04-31", "2023-05-00", "2023-05-32", "2023-5-17", "20230517", "2023/05"],
    *["0000", "9999", "-2023", " 2023", "2023 ", "2023\n", "2023-05-17T00:00", "2023-H1-01"],
    *["2023-Q1-01", "2023-W07-1", "năm 2023", "2023--05", "2023-05-"],
]


@pytest.mark.parametrize("text", FORMS)
def test_every_form_is_read(text: str) -> None:
    period = parse_period(text)
    assert (period.start_on.isoformat(), period.end_on.isoformat()) == FORMS[text]
    assert period.text == text
    assert period.start < period.end


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_period(text)


def test_a_period_begins_and_ends_at_local_midnight() -> None:
    period = parse_period("2023")
    assert from_us(period.start) == datetime(2023, 1, 1, tzinfo=VIETNAM)
    assert from_us(period.end) == datetime(2024, 1, 1, tzinfo=VIETNAM)
    assert from_us(period.start).isoformat() == "2023-01-01T00:00:00+07:00"


@quick
@given(st.dates(date(1900, 1, 1), date(2500, 12, 31)))
def test_each_day_is_in_one_period_of_each_form(day: date) -> None:
    year, week, _ = day.isocalendar()
    half, quarter = (day.month + 5) // 6, (day.month + 2) // 3
    for text in (
        f"{day.year}",
        f"{day.year}-H{half}",
        f"{day.year}-Q{quarter}",
        f"{day.year}-{day.month:02}",
        f"{year}-W{week:02}",
        f"{day}",
    ):
        period = parse_period(text)
        assert period.start_on <= day < period.end_on
        assert day.isoformat() in period.days()
        assert period.days()[0] == period.start_on.isoformat()
        assert len(period.days()) == (period.end_on - period.start_on).days


@quick
@given(st.integers(1900, 2500), st.sampled_from(["", "-H1", "-H2", "-Q1", "-Q4", "-02", "-W01"]))
def test_parts_are_half_open_and_leave_no_gap(year: int, rest: str) -> None:
    period = parse_period(f"{year}{rest}")
    parts = period.parts()
    assert parts[0].start == period.start
    assert parts[-1].end == period.end
    for a, b in pairwise(parts):
        assert a.end == b.start
    for part in parts:
        assert parse_period(part.text) == part


def test_parts_are_what_statistics_are_reported_by() -> None:
    assert [p.text for p in parse_period("2023-Q4").parts()] == ["2023-10", "2023-11", "2023-12"]
    assert len(parse_period("2023").parts()) == 12
    assert len(parse_period("2024-02").parts()) == 29
    assert len(parse_period("2023-W01").parts()) == 7
    assert parse_period("2023-05-17").parts() == []
    assert month(2023, 12) == parse_period("2023-12")


def test_weeks_follow_one_another_over_the_end_of_a_year() -> None:
    for last, first in (("2020-W53", "2021-W01"), ("2022-W52", "2023-W01")):
        assert parse_period(last).end == parse_period(first).start
        assert parse_period(first).start_on.weekday() == 0
    assert parse_period("2020-W53").end_on - parse_period("2020-W53").start_on == timedelta(7)


@pytest.mark.parametrize("text", ["２０２３", "２０２３-05", "٢٠٢٣"])
def test_periods_have_ascii_digits(text: str) -> None:
    with pytest.raises(ValueError, match="not a period"):
        parse_period(text)


@pytest.mark.parametrize(
    ("text", "before", "last_year"),
    [
        ("2023", "2022", "2022"),
        ("2023-H1", "2022-H2", "2022-H1"),
        ("2023-Q1", "2022-Q4", "2022-Q1"),
        ("2024-03", "2024-02", "2023-03"),
        ("2024-03-01", "2024-02-29", "2023-03-01"),
        ("2024-02-29", "2024-02-28", "2023-02-28"),
        ("2021-W01", "2020-W53", "2020-W01"),
        ("2020-W53", "2020-W52", "2019-W52"),  # 2019 has no week 53
    ],
)
def test_the_period_before_and_that_of_last_year(text: str, before: str, last_year: str) -> None:
    assert previous(parse_period(text)).text == before
    assert year_before(parse_period(text)).text == last_year


def test_days_between_have_as_many_days_before_them() -> None:
    days = between("2023-03-05", "2023-03-14")
    assert previous(days).text == "2023-02-23..2023-03-04"
    assert year_before(days).text == "2022-03-05..2022-03-14"
    for first, last in (("2023-03-05", "2023-03-04"), ("", "2023-03-04"), ("2023-W01", "x")):
        with pytest.raises(ValueError, match=r"."):
            between(first, last)


def test_a_year_has_just_the_weeks_that_are_numbered_in_it() -> None:
    weeks = split(parse_period("2020"), "week")
    assert (weeks[0].text, weeks[-1].text, len(weeks)) == ("2020-W01", "2020-W53", 53)
    assert [w.text for w in split(parse_period("2023-02"), "week")] == [
        "2023-W05",  # its Thursday is 2 February
        "2023-W06",
        "2023-W07",
        "2023-W08",
    ]
