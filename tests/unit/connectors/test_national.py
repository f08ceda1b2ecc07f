"""Published messages are read and written without loss; codes by source and day, never guessed."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.national.codes import Codes, read_codes
from connectors.national.connector import read as read_records
from connectors.national.fields import FORMS, Form
from connectors.national.published import (
    SERVICES,
    Number,
    PublishedError,
    parse,
    read,
    read_date,
    write,
    write_date,
)
from connectors.national.reading import read_messages
from connectors.national.simulator import dossier, message

RECEIVED = datetime(2024, 3, 4, 1, tzinfo=UTC)
NUMBERS = st.from_regex(
    r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,6})?([eE][+-]?[0-9]{1,3})?", fullmatch=True
)
TEXTS = st.text(st.characters(codec=None), max_size=20)
PLAIN = st.none() | st.booleans() | NUMBERS.map(Number) | TEXTS
ANYTHING = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4)
)
DATES = st.sampled_from(["", "00010101000000", "20240304080000", "20240304", "04/03/2024", "0"])


def items(forms: dict[str, Form]) -> st.SearchStrategy[dict[str, Any]]:
    """Draw objects of published fields, in any order, right or wrong, and of others."""

    def value(form: Form) -> st.SearchStrategy[Any]:
        if form.kind == "time":
            return DATES | PLAIN
        if form.kind == "list":
            return st.lists(items(dict(form.inner)), max_size=2) | PLAIN
        return PLAIN

    fields = st.fixed_dictionaries({}, optional={n: value(f) for n, f in forms.items()})
    both = st.tuples(fields, st.dictionaries(TEXTS, ANYTHING, max_size=2))
    whole = both.map(lambda b: [*{**b[1], **b[0]}.items()])
    return whole.flatmap(st.permutations).map(dict)


MESSAGES = st.sampled_from(SERVICES).flatmap(
    lambda service: st.builds(
        lambda data, more: {**more, "service": service, "data": data},
        st.lists(items(dict(FORMS[service])), min_size=1, max_size=3),
        st.dictionaries(TEXTS, PLAIN, max_size=2),
    )
)


def same(one: Any, other: Any) -> bool:
    """Tell whether two values are the same, fields in the same order, numbers by their digits."""
    if isinstance(one, dict) and isinstance(other, dict):
        pairs = zip(one.items(), other.items(), strict=True)
        return len(one) == len(other) and all(a == c and same(b, d) for (a, b), (c, d) in pairs)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


@given(ANYTHING)
def test_what_is_written_is_read_as_it_was(value: Any) -> None:
    assert same(parse(write(value)), value)


@given(MESSAGES)
def test_a_message_is_read_and_written_without_loss(said: dict[str, Any]) -> None:
    content = write(said)
    assert same(read(content).said, said)
    assert write(read(content).said) == content
    # As others write JSON, with blanks and escapes, the same message is the same.
    spaced = json.dumps(json.loads(content, parse_float=str, parse_int=str), indent=2).encode()
    assert list(parse(spaced)) == list(said)


@given(st.lists(st.dictionaries(TEXTS, ANYTHING, max_size=3), min_size=1, max_size=3))
def test_a_message_that_is_sent_says_of_each_dossier_what_came(more: list[dict[str, Any]]) -> None:
    """Each with fields that nobody knows; only the sender's session is not passed on."""
    said = message(
        [
            {**unknown, **dossier(f"H57.3-240304-{n:04}", "4", RECEIVED)}
            for n, unknown in enumerate(more)
        ]
    )
    made = read_messages(write({"session": "bi-mat", **said}), Codes(), "")
    assert len(made.messages) == len(made.records) == len(more)
    for place, outgoing in made.messages.items():
        body = parse(outgoing.body.encode("utf-8", "surrogatepass"))
        assert same(body, {**said, "data": [said["data"][place]]})
        assert (outgoing.entity, outgoing.sender) == (f"H57.3-240304-{place:04}", "H57")


@given(st.datetimes(datetime(1900, 1, 1), datetime(9998, 12, 31), timezones=st.just(UTC)))
def test_a_date_is_written_without_offset_and_read_again(at: datetime) -> None:
    whole = at.replace(microsecond=0)
    text = write_date(whole)
    assert (len(text), read_date(text)) == (14, whole)
    assert write_date(read_date(text)) == text


def test_no_date_is_an_empty_text() -> None:
    assert (read_date(""), write_date(None)) == (None, "")
    with pytest.raises(ValueError, match="20240230"):
        read_date("20240230080000"[:8] + "xx")


def test_a_number_keeps_its_digits() -> None:
    content = b'{"MaTTHC":1.010040,"Gia":1E5,"x":-0,"y":12345678901234567890}'
    assert write(parse(content)) == content


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "not_json"),
        (b'{"service":NaN}', "not_json"),
        (b'{"service":"a","service":"b"}', "said_twice"),
        (b"[]", "not_an_object"),
        (b'{"service":"DongBoHoSo","data":[]}', "unknown_service"),
        (b'{"service":"DongBoHoSoMC","data":[]}', "not_a_list"),
        (b"[" * 100_000, "not_json"),
    ],
)
def test_what_is_no_message_is_refused_by_rule(content: bytes, rule: str) -> None:
    with pytest.raises(PublishedError) as caught:
        read(content)
    assert caught.value.rule == rule
    assert caught.value.vi
    assert caught.value.en


def test_one_code_means_what_its_source_means_by_it() -> None:
    on = date(2024, 3, 4)
    national, other = Codes(), Codes("example_numeric")
    assert national.meaning("KenhThucHien", "1", on) == "counter"
    assert other.meaning("KenhThucHien", "1", on) == "online"
    assert national.meaning("LoaiDoiTuong", "1", on) == "citizen"
    assert other.meaning("LoaiDoiTuong", "1", on) == "business"
    assert national.meaning("KenhThucHien", "0", on) is None
    assert national.meaning("TrangThaiHoSo", "09", on) == "resolved"


def test_a_source_s_codes_are_sent_as_national_ones() -> None:
    item = dossier("H57.3-240304-0001", "4", RECEIVED, KenhThucHien="1", LoaiDoiTuong="0")
    content = json.dumps(message([item])).encode()
    made = read_messages(content, Codes("example_numeric"), "")
    (sent,) = parse(made.messages[0].body.encode())["data"]
    assert (sent["KenhThucHien"], sent["LoaiDoiTuong"]) == ("2", "1")
    assert {n for n in item if sent[n] != item[n]} == {"KenhThucHien", "LoaiDoiTuong"}
    # By the national list the same message says another thing, and one code of it is none.
    (record,) = read_messages(content, Codes(), "").records
    assert record.verdict is not None
    assert (record.verdict.rule, record.verdict.field) == ("unmapped_code", "LoaiDoiTuong")


def test_a_code_is_read_by_the_list_of_its_day(tmp_path: Path) -> None:
    path = tmp_path / "codes.csv"
    path.write_text(
        "source,list,code,value,valid_from,valid_until\n"
        "h57,KenhThucHien,7,counter,,2024-01-01\n"
        "h57,KenhThucHien,7,post,2024-01-01,2025-01-01\n"
    )
    codes = Codes.of("h57", path)
    days = (date(2023, 12, 31), date(2024, 1, 1), date(2025, 1, 1))
    assert [codes.meaning("KenhThucHien", "7", on) for on in days] == ["counter", "post", None]


@pytest.mark.parametrize(
    "row", ["h57,K,7,post,2023-06-01,", "h57,K,7,post,2023-13-01,", ",K,8,post,,", "h57,K,8"]
)
def test_a_file_of_codes_that_says_two_things_is_refused(row: str) -> None:
    head = "source,list,code,value,valid_from,valid_until"
    with pytest.raises(ValueError, match="row 3"):
        read_codes([head, "h57,K,7,counter,,2024-01-01", row], "codes.csv")


def test_faults_are_named_as_the_sender_knows_the_fields() -> None:
    item = dossier("H57.3-240304-0001", "12", RECEIVED, MaTTHC=1.00513, NgayHenTra="12/03/2024")
    item["DanhSachHoSoBoSung"] = [{"NgayBoSung": "hôm qua"}]
    (record,) = read_records("input.json", json.dumps(message([item])).encode())
    assert record.verdict is not None
    assert {(f.field, f.rule) for f in record.verdict.each()} == {
        ("MaTTHC", "malformed"),
        ("NgayHenTra", "malformed_time"),
        ("TrangThaiHoSo", "unmapped_code"),
        ("DanhSachHoSoBoSung[0].NgayBoSung", "malformed_time"),
    }


def test_a_message_tells_what_happened_and_no_more() -> None:
    ended = write_date(RECEIVED + timedelta(days=3))
    item = dossier("H57.3-240304-0001", "9", RECEIVED, NgayKetThucXuLy=ended)
    (record,) = read_records("input.json", json.dumps(message([item])).encode())
    assert [e["kind"] for e in record.events] == ["received", "registered", "resolved"]
    del item["MucDo"]
    (record,) = read_records("input.json", json.dumps(message([item])).encode())
    assert [e["kind"] for e in record.events] == ["registered", "resolved"]
