"""Laws of what is told of a wrong item: everything at once, by labels, with what would be right.

They run over every rule, contract and field: an event that keeps its contract is broken in one way
after another, and in several at once.
"""

import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import registry
from hub.access.keys import Sender
from hub.access.scope import Scope
from hub.definitions import faults
from hub.definitions.admission import Verdict, admit
from hub.definitions.coded import coded, example, find_field, label, word
from hub.definitions.contract import Contract, WireField
from hub.definitions.faults import SAID_LENGTH_MAX, field_fault
from hub.sheets.files import admit_file, json_value, table_of
from stream_jobs.worked import received, salinity
from tests.conftest import Hub
from tests.parts.cases import CONTRACTS, cases, every

# Names of fields that are words of English are found as words; what is quoted is a value.
FORMS = re.compile(r"\^|\$|\[0-9|\[A-Z|\\d|\{\d+,|\(\?")
ALL_FIELDS = sorted({f.name for c in CONTRACTS.values() for f in c.fields})
FIELD_NAMED = re.compile(rf"(?<![\w.])(?:{'|'.join(ALL_FIELDS)})(?!\w)")


@dataclass(frozen=True)
class Broken:
    """A value that breaks a field, and how."""

    field: str
    value: Any
    why: str


def wrong_values(contract: Contract, f: WireField) -> Iterator[Broken]:
    """Give values that a field refuses, of every kind."""
    values: tuple[Any, ...] = (
        *("", "?", "xấu xí", "-1", "1.5", "NAN", "0001-01-01T00:00:00+07:00", "x" * 70),
        *("2023-05-17T08:00:00", "2023-13", "9999-12-31T23:59:59+07:00", "2023-02-30"),
        *(-1, 10**20, 1.5, 0.12345, True, None, [], {}),
    )
    for value in values:
        if field_fault(contract, f.name, value) is not None:
            yield Broken(f.name, value, f"{f.name}={value!r:.20}")


def broken_events(contract: Contract) -> Iterator[tuple[dict[str, Any], str]]:
    """Break good events: each field in each way, each needed field missing, a field too many."""
    good = cases(contract.name)["pass"][0]
    for f in contract.sent:
        for broken in wrong_values(contract, f):
            yield good | {f.name: broken.value}, broken.why
        if f.name in good:
            yield {k: v for k, v in good.items() if k != f.name}, f"without {f.name}"
    for kind in contract.spec.needs:
        yield {k: good[k] for k in good if k in ("event_id", "occurred_at")} | {"kind": kind}, kind
    yield good | {"chanel": 1}, "a field too many"
    for case in cases(contract.name)["fail"]:
        yield case["event"], case["why"]


def verdict(contract: Contract, event: dict[str, Any]) -> Verdict | None:
    rejected = admit(contract, json.dumps([event]).encode()).rejected
    return rejected[0] if rejected else None


def unquoted(text: str) -> str:
    """Leave out what was sent, which may be anything."""
    return re.sub(r"“[^”]*”", "“”", text)


@every
def test_a_vietnamese_message_says_no_field_and_no_form(name: str) -> None:
    contract = CONTRACTS[name]
    told = 0
    for event, why in broken_events(contract):
        judged = verdict(contract, event)
        for fault in judged.each() if judged else ():
            told += 1
            said = unquoted(fault.message_vi)
            assert not FIELD_NAMED.search(said), (why, fault.message_vi)
            assert not FORMS.search(said), (why, fault.message_vi)
            assert not FORMS.search(unquoted(fault.message_en)), (why, fault.message_en)
            of_field = find_field(contract, fault.field)
            if of_field is not None:
                assert fault.message_vi.startswith(f"{label(of_field).vi}: "), why
                assert "ví dụ" in fault.message_vi, fault.message_vi
                assert fault.value in fault.message_vi, "what was sent"
    assert told > 50


@every
def test_each_example_would_be_right(name: str) -> None:
    contract = CONTRACTS[name]
    columns = {c.field: c for c in table_of(contract).columns}
    for f in contract.sent:
        such = example(contract, f)
        value = {"true": True, "120": 120, "12.5": 12.5}.get(such, such)
        value = int(such) if f.kind == "integer" else value
        assert field_fault(contract, f.name, value) is None, (f.name, such)
        cell = example(contract, f, in_file=True)
        read = json_value(columns[f.name].reads(cell))
        assert field_fault(contract, f.name, read) is None, (f.name, cell)


@every
def test_words_name_codes_that_there_are_and_each_only_one(name: str) -> None:
    contract = CONTRACTS[name]
    for f in contract.sent:
        words, codes = coded(contract, f.name).words, [str(c) for c in f.limits.get("enum", ())]
        assert set(words) <= set(codes), f.name
        called = list(itertools.chain(*words.values()))
        assert len(set(called)) == len(called), f"{f.name}: one word, two codes"
        if codes and f.kind == "text" and f.name != "unit":
            assert set(words) == set(codes), f"{f.name}: each code has what people call it"
            assert all(word(contract, f.name, c) != c for c in codes)


@every
def test_all_that_is_wrong_is_told_at_once(name: str) -> None:
    """Breaking fields one by one and together tells the same faults."""
    contract = CONTRACTS[name]
    good = cases(name)["pass"][0]
    fields = [f for f in contract.sent if f.name in good and f.name not in ("kind", "quality")]
    broken = [next(wrong_values(contract, f)) for f in fields]
    for some in [broken, broken[:2], broken[-3:], broken[::2]]:
        judged = verdict(contract, good | {b.field: b.value for b in some})
        assert judged is not None
        told = {(f.field, f.rule) for f in judged.each()}
        alone = set()
        for b in some:
            one = verdict(contract, good | {b.field: b.value})
            assert one is not None
            alone.add((one.field, one.rule))
        assert alone <= told
        assert {n for n, _ in told} == {b.field for b in some}
        assert (judged.rule, judged.field) == (judged.each()[0].rule, judged.each()[0].field)
        assert len(judged.message_vi) <= SAID_LENGTH_MAX


def test_what_a_kind_needs_and_what_rules_say_is_told_beside_a_wrong_field() -> None:
    bare = {"event_id": "1", "dossier_code": "H57.1-1", "kind": "received", "occurred_at": "mai"}
    judged = verdict(CONTRACTS["dossier"], bare)
    assert judged is not None
    assert [(f.field, f.rule) for f in judged.each()] == [
        ("occurred_at", "malformed_instant"),
        ("received_by", "required"),
        ("procedure_code", "required"),
        ("service_level", "required"),
        ("channel", "required"),
    ]
    reading = salinity("ST01", "2023-05-17", 0) | {"value": 7999, "unit": "m", "station_code": "?"}
    judged = verdict(CONTRACTS["reading"], reading)
    assert judged is not None
    assert [(f.field, f.rule) for f in judged.each()] == [
        ("station_code", "malformed"),
        ("unit", "unit_mismatch"),
        ("value", "missing_code"),
    ]
    # A rule that looks at a field which is wrong itself says nothing.
    judged = verdict(CONTRACTS["reading"], reading | {"quantity": "mặn"})
    assert judged is not None
    assert {f.field for f in judged.each()} == {"station_code", "quantity"}


def test_outside_of_the_scope_and_in_the_future_are_told_together(hub: Hub) -> None:
    scope = Scope(units=frozenset({"H57.12", "H57.21", *(f"H58.{n}" for n in range(10, 20))}))
    event = received("A", "2026-05-17") | {"received_by": "H57.22"}
    body = json.dumps([event]).encode()
    answer = hub.gateway.accept(CONTRACTS["dossier"], Sender("u", scope), body)
    (rejected,) = answer.body["rejected"]
    assert [(f["rule"], f["field"]) for f in rejected["faults"]] == [
        ("unit_not_allowed", "received_by"),
        ("in_the_future", "occurred_at"),
    ]
    near = rejected["faults"][0]
    assert "gần giống: H57.21? H57.12?" in near["message_vi"]
    hub.runner.catch_up()
    with hub.store.reading() as reading:
        ((rule, kept),) = reading.rows("SELECT rule, message_vi FROM quarantine")
    assert rule == "unit_not_allowed", "the first fault is the class"
    assert "quá 15 phút" in kept, "the quarantine says all"


def test_a_row_of_a_file_tells_all_its_faults_by_the_headers_of_its_sender() -> None:
    header = "Mã sự kiện;Mã trạm;Thời điểm đo;Đại lượng đo;Giá trị;Đơn vị đo;Cờ"
    rows = [
        "1;trạm 1;hôm qua;mặn;mười;g/L;7",
        "2;ST01;17/05/2023 08:00;salinity;4,5;g/L;1",
    ]
    admitted = admit_file(CONTRACTS["reading"], "\n".join([header, *rows]).encode())
    assert admitted.indexes == [2]
    (judged,) = admitted.rejected
    told = [(f.field, f.rule) for f in judged.each()]
    assert told == [
        ("measured_at", "malformed_instant"),
        ("value", "not_a_number"),
        ("station_code", "malformed"),
        ("quantity", "unknown_value"),
        ("quality", "unknown_value"),
    ]
    titles = ("Thời điểm đo", "Giá trị", "Mã trạm", "Đại lượng đo", "Cờ")
    for fault, title in zip(judged.each(), titles, strict=True):
        assert fault.message_vi.startswith(f"dòng 2, cột {title}: “"), fault.message_vi
        assert "ví dụ" in fault.message_vi


@pytest.mark.parametrize("count", [1, 2, 25, 200])
def test_of_very_many_faults_the_text_stays_within_what_is_kept(count: int) -> None:
    one = faults.Fault("r", "f", "v", "sai " * 20, "wrong " * 20)
    vi, en = faults.together([one] * count)
    assert max(len(vi), len(en)) <= SAID_LENGTH_MAX
    assert (f"và {count}" in vi) is False
    if count > 20:
        assert re.search(r"và \d+ lỗi nữa", vi)


@given(st.text(max_size=30))
def test_whatever_a_field_holds_is_told_without_the_form(text: str) -> None:
    contract = registry.contracts()["dossier"]
    good = cases("dossier")["pass"][0]
    judged = verdict(contract, good | {"dossier_code": text, "received_by": text})
    for fault in judged.each() if judged else ():
        assert "A-Z" not in fault.message_vi.replace(fault.value, "")
