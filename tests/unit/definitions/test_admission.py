"""Bodies as senders really make them, and what each of their items is told."""

import json
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from hub import registry
from hub.access.keys import Sender
from hub.definitions import admission
from hub.definitions.admission import Admitted, BodyError, admit, split
from hub.definitions.coded import find_field, label
from hub.definitions.contract import ITEMS_MAX
from hub.definitions.faults import VALUE_LENGTH_MAX
from hub.definitions.masking import hidden
from stream_jobs.worked import dossier, paid, received, salinity
from tests.conftest import Hub

DOSSIER = registry.contracts()["dossier"]
READING = registry.contracts()["reading"]
PAYMENT = registry.contracts()["payment"]
GOOD = dossier("A", "processing", "2023-05-01")
Json = dict[str, Any]


def dump(item: Any) -> bytes:
    return json.dumps(item, ensure_ascii=False).encode()


def sent(*items: Any) -> Admitted:
    return admit(DOSSIER, dump(list(items)))


def refused(body: bytes, rule: str, status: int = 400) -> BodyError:
    with pytest.raises(BodyError) as caught:
        admit(DOSSIER, body)
    assert (caught.value.rule, caught.value.status) == (rule, status)
    assert caught.value.vi
    assert caught.value.en
    assert caught.value.vi != caught.value.en
    return caught.value


OTHER = GOOD | {"event_id": "khác 🌊"}
READABLE: dict[str, tuple[bytes, int]] = {
    "one object": (dump(GOOD), 1),
    "one object over several lines": (json.dumps(GOOD, indent=2).encode(), 1),
    "an array": (dump([GOOD, OTHER]), 2),
    "an array over several lines": (json.dumps([GOOD, OTHER], indent=2).encode(), 2),
    "an array of one": (dump([GOOD]), 1),
    "lines": (dump(GOOD) + b"\n" + dump(OTHER), 2),
    "lines with a closing line break": (dump(GOOD) + b"\n" + dump(OTHER) + b"\n", 2),
    "lines ended as Windows does": (dump(GOOD) + b"\r\n" + dump(OTHER) + b"\r\n", 2),
    "empty lines between": (dump(GOOD) + b"\n\n \n" + dump(OTHER), 2),
    "a byte order mark, then an object": (b"\xef\xbb\xbf" + dump(GOOD), 1),
    "a byte order mark, then an array": (b"\xef\xbb\xbf\n" + dump([GOOD]), 1),
    "a byte order mark, then lines": (b"\xef\xbb\xbf" + dump(GOOD) + b"\n" + dump(OTHER), 2),
    "blanks around": (b" \t\r\n" + dump([GOOD]) + b"\n ", 1),
}


@pytest.mark.parametrize("name", READABLE)
def test_bodies_that_can_be_read(name: str) -> None:
    body, count = READABLE[name]
    admitted = admit(DOSSIER, body)
    assert admitted.rejected == []
    assert admitted.indexes == list(range(count))
    assert admitted.total == count
    assert admitted.events["event_id"].to_list()[0] == GOOD["event_id"]
    assert [json.loads(item) for item in split(body)] == [GOOD, OTHER][:count]


UNREADABLE: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "empty"),
    "blanks": (b" \r\n\t", "empty"),
    "a byte order mark alone": (b"\xef\xbb\xbf", "empty"),
    "an empty array": (b"[]", "empty"),
    "an empty array with blanks": (b"[ \n ]", "empty"),
    "a page": (b"<html><body>504</body></html>", "not_json"),
    "a page over lines": (b"<html>\n<body>504</body>\n</html>", "not_json"),
    "a table": (b"event_id;dossier_code\n1;A\n2;B", "not_json"),
    "single quotes": (b"{'event_id': '1'}", "not_json"),
    "an object cut short": (dump(GOOD)[:-9], "not_json"),
    "an array cut short": (dump([GOOD, OTHER])[:-1], "not_json"),
    "an array cut inside an item": (dump([GOOD, OTHER])[:-20], "not_json"),
    "an array without a comma": (b"[" + dump(GOOD) + b" " + dump(GOOD) + b"]", "not_json"),
    "something after the array": (dump([GOOD]) + b"]", "not_json"),
    "two arrays": (dump([GOOD]) + b"\n" + dump([GOOD]), "not_json"),
    "two objects in one line": (dump(GOOD) + dump(GOOD), "not_json"),
    "UTF-16": (json.dumps(GOOD).encode("utf-16"), "not_json"),
    "bytes that are not UTF-8": (b'{"event_id": "\xff"}', "not_json"),
    "… in an array": (b'[{"event_id": "\xff"}]', "not_json"),
    "half a surrogate pair": (b'{"event_id": "\\ud83c"}', "not_json"),
    "… in an array, in a name": (b'[{"\\ud83c": 1}]', "not_json"),
    "a hundred thousand brackets": (b"[" * 100_000, "not_json"),
    "… that are closed": (b"[" * 100_000 + b"]" * 100_000, "not_json"),
    "a hundred thousand braces": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "not_json"),
    "zeros": (b"\x00" * 100, "not_json"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_bodies_that_cannot_be_read_are_refused_as_a_whole(name: str) -> None:
    body, rule = UNREADABLE[name]
    refused(body, rule)


def test_items_are_limited() -> None:
    items = dump([GOOD])[1:-1]
    array = b"[" + b",".join([items] * ITEMS_MAX) + b"]"
    assert admit(DOSSIER, array).total == ITEMS_MAX
    assert admit(DOSSIER, b"\n".join([items] * ITEMS_MAX)).total == ITEMS_MAX
    assert ITEMS_MAX == 20_000
    for body in (array[:-1] + b"," + items + b"]", b"\n".join([items] * 20_001)):
        error = refused(body, "too_many_items", 413)
        assert "20000" in error.vi
        assert "20000" in error.en
    bad = b"[" + b",".join([b"1"] * 20_001) + b"]"
    refused(bad, "too_many_items", 413)


@pytest.mark.parametrize("item", [5, "a", None, [GOOD], True])
def test_items_that_are_no_objects_are_told_so(item: Any) -> None:
    admitted = sent(GOOD, item)
    assert admitted.indexes == [0]
    (verdict,) = admitted.rejected
    assert (verdict.index, verdict.rule) == (1, "not_an_object")
    assert verdict.value == hidden(item), "what it is nobody knows"


def judged(item: Json, **changed: Any) -> tuple[str, str, str]:
    (verdict,) = sent(item | changed).rejected
    assert verdict.message_vi != verdict.message_en
    of_field = find_field(DOSSIER, verdict.field)
    called = verdict.field if of_field is None else label(of_field).vi
    assert called in verdict.message_vi
    assert verdict.field in verdict.message_en
    for message in (verdict.message_vi, verdict.message_en):
        assert verdict.value in message
    return verdict.rule, verdict.field, verdict.value


INSTANTS: dict[str, tuple[Any, str]] = {
    "digits as the portal sends them": ("20230804091500", "malformed_instant"),
    "… as a number": (20230804091500, "malformed_instant"),
    "seconds since 1970": (1_691_115_300, "malformed_instant"),
    "… with a fraction": (1_691_115_300.5, "malformed_instant"),
    "… as text": ("1691115300", "malformed_instant"),
    "without an offset": ("2023-08-04T09:15:00", "missing_offset"),
    "… and without seconds": ("2023-08-04T09:15", "missing_offset"),
    "a day": ("2023-08-04", "malformed_instant"),
    "an hour": ("09:15", "malformed_instant"),
    "the Vietnamese way": ("04/08/2023 09:15:00", "malformed_instant"),
    "30 February": ("2023-02-30T09:15:00+07:00", "malformed_instant"),
    "hour 24": ("2023-08-04T24:00:00+07:00", "malformed_instant"),
    "an offset of a day": ("2023-08-04T09:15:00+24:00", "malformed_instant"),
    "nothing": ("", "malformed_instant"),
    "true": (True, "malformed_instant"),
    "before 1900": ("1899-12-31T23:59:59.999999Z", "too_small"),
    "after all": ("9999-12-31T00:00:00Z", "too_large"),
}


@pytest.mark.parametrize("name", INSTANTS)
def test_instants_are_never_guessed(name: str) -> None:
    value, rule = INSTANTS[name]
    found, field, shown = judged(GOOD, occurred_at=value)
    assert (found, field) == (rule, "occurred_at")
    assert shown == (value if isinstance(value, str) else json.dumps(value))


@pytest.mark.parametrize(
    "text",
    [
        "2023-08-04T09:15:00+07:00",
        "2023-08-04T02:15:00Z",
        "2023-08-04 02:15:00.000000+00:00",
        "2023-08-03T20:15:00-06:00",
        "2023-08-04T09:15+07:00",
    ],
)
def test_one_instant_may_be_written_in_several_ways(text: str) -> None:
    assert sent(GOOD | {"occurred_at": text}).events["occurred_at"][0] == 1_691_115_300_000_000


def test_an_unknown_field_is_named() -> None:
    assert judged(GOOD, applicant="Nguyễn Văn A") == (
        "unknown_field",
        "applicant",
        "[đã che: 12 ký tự]",
    )


def test_what_is_shown_is_short_and_printable() -> None:
    (verdict,) = sent(GOOD | {"kind": "\x1b[31m" + "đ" * 5_000 + "\x00"}).rejected
    assert len(verdict.value) == VALUE_LENGTH_MAX
    assert verdict.value.endswith("…")
    assert verdict.value.isprintable()
    assert len(verdict.message_vi) < 1_000
    (verdict,) = sent(GOOD | {"dossier_code": {"a": ["b"] * 5_000}}).rejected
    assert verdict.rule == "not_text"
    assert verdict.value == "[đã che: 25007 ký tự]"


NUMBERS: dict[str, tuple[str, str]] = {
    "NaN": ("NaN", "missing_code"),
    "infinity": ("Infinity", "missing_code"),
    "minus infinity": ("-Infinity", "missing_code"),
    "more than a float can hold": ("1e400", "missing_code"),
    "four decimals": ("1.0005", "too_many_decimals"),
    "ten thousand decimals": ("0." + "1" * 10_000, "too_many_decimals"),
    "a very small text": ('"1e-999999999"', "too_many_decimals"),
    "a very large text": ('"1e999999999"', "too_large"),
    "four thousand digits": ("9" * 4_000, "too_large"),
    "true": ("true", "not_a_number"),
    "a list": ("[1]", "not_a_number"),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_that_are_none_cost_their_item_only(name: str) -> None:
    text, rule = NUMBERS[name]
    good = salinity("ST01", "2023-05-01", 1.5)
    bad = json.dumps(good).replace('"value": 1.5', f'"value": {text}').encode()
    admitted = admit(READING, b"[" + dump(good) + b"," + bad + b"]")
    assert admitted.indexes == [0]
    (verdict,) = admitted.rejected
    assert (verdict.rule, verdict.field) == (rule, "value")
    assert admitted.originals == {1: bad}


def test_a_number_of_ten_thousand_digits_is_refused_without_being_read() -> None:
    good = dump(paid("cash", "2023", customers=1, amount=7))
    bad = good.replace(b'"amount_vnd": 7', b'"amount_vnd": ' + b"7" * 10_000)
    with pytest.raises(BodyError, match="not JSON"):
        admit(PAYMENT, b"[" + good + b"," + bad + b"]")
    admitted = admit(PAYMENT, good + b"\n" + bad)
    assert admitted.indexes == [0]
    assert admitted.rejected[0].rule == "not_json"
    assert admitted.originals == {1: bad}


def test_a_line_that_is_no_json_costs_itself_only() -> None:
    lines = [
        dump(GOOD),
        dump(OTHER)[:40],
        b'{"event_id": "\xff"}',
        b'{"a": "\\ud800"}',
        dump(OTHER),
    ]
    admitted = admit(DOSSIER, b"\n".join(lines))
    assert admitted.indexes == [0, 4]
    assert [(v.index, v.rule) for v in admitted.rejected] == [(i, "not_json") for i in (1, 2, 3)]
    assert admitted.originals == {i: lines[i] for i in (1, 2, 3)}


def test_three_bad_ones_among_a_thousand_cost_three(hub: Hub) -> None:
    items = [dump(dossier(f"A{i}", "processing", "2023-05-01")) for i in range(1_000)]
    bad = {
        7: b'{ "event_id" :"7",\t"dossier_code":"A7","kind":"processing","occurred_at":1.50}',
        500: items[500].replace(b"A500", "hồ sơ".encode()),
        999: b'{"event_id": "x", "event_id": "y", "amount": 1.10}',
    }
    for i, item in bad.items():
        items[i] = item
    answer = hub.gateway.accept(DOSSIER, Sender("tester"), b"[ " + b" ,\n".join(items) + b"\n]")
    assert answer.status == 202
    assert (answer.body["accepted"], answer.body["duplicates"]) == (997, 0)
    assert [v["index"] for v in answer.body["rejected"]] == [7, 500, 999]
    hub.runner.catch_up()
    with hub.store.reading() as reading:
        columns = '"index", event_id, original, sender, contract'
        kept = reading.rows(f"SELECT {columns} FROM quarantine")
        facts = reading.rows("SELECT COUNT(*) FROM fact_dossier")
    opens = hub.seals.opener()
    assert {i: opens("tester", name, o).raw for i, name, o, _, _ in kept} == bad
    assert {r[3:] for r in kept} == {("tester", "dossier")}
    assert facts == [(997,)]


def test_a_body_of_bad_items_alone_is_kept_and_told(hub: Hub) -> None:
    answer = hub.gateway.accept(DOSSIER, Sender("tester"), b'[1, {"kind": "x"}]')
    assert answer.status == 422
    assert answer.body["accepted"] == 0
    assert [v["index"] for v in answer.body["rejected"]] == [0, 1]
    hub.runner.catch_up()
    with hub.store.reading() as reading:
        kept = reading.rows('SELECT event_id, original FROM quarantine ORDER BY "index"')
    opens = hub.seals.opener()
    assert [opens("tester", *one).raw for one in kept] == [b"1", b'{"kind": "x"}']


def test_columns_of_another_type_are_refused_not_truncated() -> None:
    frame = pl.DataFrame([paid("cash", "2023", customers=1, amount=1)])
    with pytest.raises((ValueError, pl.exceptions.PolarsError)):
        admission.admit_columns(PAYMENT, frame.with_columns(pl.lit(1.9).alias("transactions")))


def test_datetime_columns_keep_their_instant_or_are_refused() -> None:
    at = datetime(2023, 5, 1, tzinfo=UTC)
    column = pl.lit(at).dt.cast_time_unit("ms").alias("occurred_at")
    frame = pl.DataFrame([dossier("A", "processing", "2023-05-01")]).with_columns(column)
    try:
        found = admission.admit_columns(DOSSIER, frame)["occurred_at"][0]
    except (ValueError, pl.exceptions.PolarsError):
        return
    assert found == 1_682_899_200_000_000


def test_messages_are_bounded_and_printable() -> None:
    body = json.dumps({**received("A", "2023-05-01"), "x\x1b\x00" + "y" * 100_000: 1}).encode()
    (verdict,) = admission.admit(DOSSIER, body).rejected
    assert len(verdict.message_vi) <= 2_000
    assert verdict.message_vi.isprintable()
    assert verdict.field.isprintable()


def test_of_a_bad_line_is_shown_how_long_it_is() -> None:
    good = json.dumps(received("A", "2023-05-01")).encode()
    admitted = admission.admit(DOSSIER, good + b'\n{"event_id": "B')
    assert admitted.rejected[0].value == "[đã che: 15 ký tự]"


@pytest.mark.parametrize("quality", ["true", "1.0"])
def test_a_flag_is_an_integer(quality: str) -> None:
    event = json.dumps(salinity("ST01", "2023-05-01", 1.5))[:-1] + f', "quality": {quality}}}'
    assert len(admission.admit(READING, event.encode()).rejected) == 1


def test_limits_are_written_for_people() -> None:
    event = dossier("A", "processing", "2023-05-01") | {"occurred_at": "1800-01-01T00:00:00Z"}
    (verdict,) = admission.admit(DOSSIER, json.dumps(event).encode()).rejected
    assert "datetime" not in verdict.message_vi
