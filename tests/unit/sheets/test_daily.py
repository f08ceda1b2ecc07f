"""Daily files: the later day counts, then the later row; whatever order the files are read in."""

import json
from datetime import datetime
from itertools import permutations

import pytest

from hub.clock import system_clock, to_us
from hub.connecting.connection import judge, judge_arrived
from hub.connecting.feeds import JsonObject
from hub.connecting.rows import FileRecords, again_of, records_of
from hub.definitions.admission import Verdict
from hub.definitions.contract import Contract
from hub.definitions.ranges import Ranges
from hub.log.submitting import accepted_at
from hub.proof.entity import Entity
from hub.sheets.daily import Daily, told_at
from hub.sheets.days import instant
from hub.sheets.files import with_id
from hub.sheets.numbers import exact
from hub.sheets.table import Column, FileError, Table
from hub.sheets.vietnamese import text
from schemas.contracts.dossier import Dossier
from schemas.contracts.reading import Reading

READING = Contract(Reading)
NAMED_BY = ("station_code", "quantity", "measured_at", "recorded_at")
SAME = {"quantity": "water_level", "unit": "m"}
TABLE = Table(
    (
        Column("station_code", ("Mã hồ",), text),
        Column("measured_at", ("Thời điểm",), instant),
        Column("value", ("Mực nước",), exact),
        Column("recorded_at", ("Ghi lúc",), instant, required=False),
    )
)
HEADER = "Mã hồ;Thời điểm;Mực nước"
File = tuple[str, str]


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("ho-2026-05-17.csv", "2026-05-17T00:00:00"),
        ("Hồ chứa 20260517.xlsx", "2026-05-17T00:00:00"),
        ("17-05-2026.csv", "2026-05-17T00:00:00"),
        ("ho_17052026.csv", "2026-05-17T00:00:00"),
        ("Mực nước ngày 7.5.2026.csv", "2026-05-07T00:00:00"),
        ("H57.32_2026_05_17_H57.33.csv", "2026-05-17T00:00:00"),
        # the second file of a day
        ("2026-05-17-2.csv", "2026-05-17T00:00:02"),
        ("2026-05-17 (2).csv", "2026-05-17T00:00:02"),
        ("2026-05-17 lần 12.csv", "2026-05-17T00:00:12"),
        ("ho-2026-05-17_v3.csv", "2026-05-17T00:00:03"),
        # a time of the day
        ("20260517-1430.csv", "2026-05-17T14:30:00"),
        ("20260517143005.csv", "2026-05-17T14:30:05"),
        ("2026-05-17 8h30.csv", "2026-05-17T08:30:00"),
        ("2026-05-17T08.30.05.csv", "2026-05-17T08:30:05"),
    ],
)
def test_a_name_says_when_its_file_was_told(name: str, at: str) -> None:
    assert told_at(name).isoformat() == f"{at}+07:00"


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("ho-chua.csv", "no_day_in_name"),
        ("ho-2026-05.csv", "no_day_in_name"),
        ("31-02-2026.csv", "no_day_in_name"),
        ("H57-260517.csv", "no_day_in_name"),
        ("120260517.csv", "no_day_in_name"),
        ("2026-05-17_2026-05-23.csv", "two_days_in_name"),
        ("2026-05-17 - 2026-05-23.csv", "two_days_in_name"),
    ],
)
def test_a_name_without_one_day_is_refused_in_both_languages(name: str, rule: str) -> None:
    with pytest.raises(FileError) as raised:
        told_at(name)
    error = raised.value
    assert error.rule == rule
    assert name in error.vi
    assert name in error.en
    assert "so-lieu-2026-05-17.csv" in error.vi
    assert "tệp" in error.vi
    assert "the file's name" in error.en


def event(values: JsonObject) -> JsonObject:
    return with_id({**SAME, **values}, NAMED_BY)


def read(name: str, *rows: str, header: str = HEADER) -> FileRecords:
    content = "\n".join([header, *rows]).encode()
    return records_of(TABLE, content, event, None, Daily(name, READING))


def fold(contract: Contract, *files: FileRecords) -> tuple[list[JsonObject], bool]:
    """Give the wire values of one thing, least first, and whether any is disputed."""
    entity = Entity(contract)
    for records in files:
        for judged in judge(contract, records):
            assert not isinstance(judged, Verdict), judged
            for one in judged:
                entity.add("x", 0, contract.wire(one) | {"~name": "2026-01-01/0/0"})
    live, is_disputed, _ = entity.settle()
    return [dict(wire) for wire in live], is_disputed


def value_of(*files: FileRecords) -> float:
    live, is_disputed = fold(READING, *files)
    assert not is_disputed
    return float(live[-1]["value"] / 1000)


MORNING = "HO.1;16/05/2026 08:00"


def test_the_later_day_counts_whichever_file_is_read_first() -> None:
    """On the 17th the level of the 16th is corrected, on the 18th it is set back."""
    first = read("ho-2026-05-16.csv", f"{MORNING};1")
    second = read("ho-2026-05-17.csv", "HO.2;17/05/2026 08:00;7", f"{MORNING};2")
    third = read("ho-2026-05-18.csv", f"{MORNING};1")
    for files in permutations((first, without(second, "HO.2"), third)):
        assert value_of(*files) == 1, "what is told last counts, though it was told before"
    for files in permutations((first, without(second, "HO.2"))):
        assert value_of(*files) == 2


def without(records: FileRecords, station: str) -> FileRecords:
    kept = (r for r in records if all(e["station_code"] != station for e in r.events))
    return FileRecords(kept, records.understood)


def test_of_one_file_the_later_row_counts() -> None:
    rows = (f"{MORNING};3", f"{MORNING};1", f"{MORNING};2")
    assert value_of(read("ho-2026-05-17.csv", *rows)) == 2


def test_of_one_day_the_later_time_or_number_counts() -> None:
    first = read("ho-2026-05-17.csv", f"{MORNING};1")
    second = read("ho-2026-05-17-2.csv", f"{MORNING};2")
    tenth = read("ho-2026-05-17 (10).csv", f"{MORNING};10")
    for files in permutations((first, second, tenth)):
        assert value_of(*files) == 10
    at_noon = read("ho-2026-05-17 12h00.csv", f"{MORNING};12")
    at_nine = read("ho-20260517-0905.csv", f"{MORNING};9")
    for files in permutations((at_noon, at_nine, first)):
        assert value_of(*files) == 12


def test_the_same_file_twice_is_a_repeat_with_other_rows_or_without() -> None:
    """Sent again with a row more it says of the others what it said before."""
    rows = (f"{MORNING};1", "HO.2;16/05/2026 08:00;5")
    first = read("ho-2026-05-17.csv", *rows)
    again = read("ho-2026-05-17.csv", "HO.3;16/05/2026 08:00;9", *rows)
    assert [r.events for r in again][1:] == [r.events for r in first]


def test_another_word_under_the_same_name_is_a_conflict_and_no_chance() -> None:
    first = read("ho-2026-05-17.csv", f"{MORNING};1")
    mended = read("ho-2026-05-17.csv", f"{MORNING};2")
    for files in ((first, mended), (mended, first)):
        live, is_disputed = fold(READING, *files)
        assert is_disputed
        assert len(live) == 1


def test_a_row_that_says_when_it_was_recorded_keeps_its_word() -> None:
    header = f"{HEADER};Ghi lúc"
    (said,) = read("ho.csv", f"{MORNING};1;19/05/2026 07:00", header=header)
    assert said.events[0]["recorded_at"] == "2026-05-19T07:00:00+07:00"
    (blank,) = read("ho-2026-05-17.csv", f"{MORNING};1;", header=header)
    assert blank.events[0]["recorded_at"] == "2026-05-17T00:00:00+07:00"


def test_a_file_without_a_day_is_refused_as_a_whole() -> None:
    (record,) = read("ho-chua.csv", f"{MORNING};1", f"{MORNING};2")
    assert record.events == ()
    assert record.verdict is not None
    assert (record.verdict.rule, record.verdict.value) == ("no_day_in_name", "ho-chua.csv")
    assert record.verdict.message_vi.startswith("cả tệp: tên tệp “ho-chua.csv” không có ngày")
    assert record.verdict.message_en.startswith("the whole file: the file's name “ho-chua.csv”")


def test_a_day_that_is_yet_to_come_is_shown_as_the_name_that_said_it() -> None:
    records = read("ho-2099-05-17.csv", f"{MORNING};1")
    (judged,) = judge_arrived(READING, records, accepted_at(system_clock), Ranges)
    assert isinstance(judged, Verdict)
    fault = (judged.field, judged.rule, judged.value)
    assert fault == ("recorded_at", "in_the_future", "ho-2099-05-17.csv")


def test_a_row_that_is_corrected_later_was_told_on_its_file_s_day() -> None:
    """Its correction is not younger than the file of the day after."""
    plain = Table(TABLE.columns[:3])
    content = f"{HEADER}\n{MORNING};một".encode()
    (wrong,) = records_of(plain, content, event, None, Daily("ho-2026-05-17.csv", READING))
    assert wrong.verdict is not None
    again = again_of(READING, plain, event)
    mended = json.loads(wrong.original) | {"Mực nước": "1"}
    events = again.read(json.dumps(mended).encode(), wrong.original)
    assert not isinstance(events, Verdict)
    right = read("ho-2026-05-17.csv", f"{MORNING};1")
    assert list(events) == [e for r in right for e in r.events]


DOSSIER = Contract(Dossier)
STEPS = Table(
    (
        Column("dossier_code", ("Mã hồ sơ",), text),
        Column("kind", ("Việc",), text),
        Column("occurred_at", ("Lúc",), instant),
    )
)


def test_events_with_kinds_are_ordered_within_a_file_by_when_they_happened() -> None:
    """An export may list what happened last first."""
    rows = ("A-1;resolved;17/05/2026 16:00", "A-1;received;17/05/2026 08:00")
    content = "\n".join(["Mã hồ sơ;Việc;Lúc", *rows]).encode()
    told = Daily("hs-2026-05-17.csv", DOSSIER)
    records = records_of(STEPS, content, with_id, None, told)
    said = [e for r in records for e in r.events]
    assert {e["recorded_at"] for e in said} == {"2026-05-17T00:00:00+07:00"}
    twice = "\n".join(["Mã hồ sơ;Việc;Lúc", rows[1], rows[0], rows[1]]).encode()
    again = [e for r in records_of(STEPS, twice, with_id, None, told) for e in r.events]
    assert [to_us(datetime.fromisoformat(e["recorded_at"])) % 1_000_000 for e in again] == [0, 0, 1]
