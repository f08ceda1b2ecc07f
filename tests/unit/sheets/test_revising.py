"""Revising: of a table without revisions each row is a repeat, the next revision, or the first."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from hub import registry
from hub.definitions.contract import Contract
from hub.sheets.asked import asked_of
from hub.sheets.files import AdmittedFile, admit_file, count_on
from hub.sheets.mapping import FileMapping
from hub.sheets.revising import counted, figures, revise, settled
from schemas.contracts.payment import Payment
from schemas.contracts.reading import Reading

PAYMENT = Contract(Payment)
HEAD = "Đơn vị báo cáo;Dịch vụ;Hình thức;Địa bàn;Kỳ;Số giao dịch;Số khách hàng;Số tiền"
ROW = "NH01;nước;tiền mặt;H57;01/2020;1000;900;50.000.000"
THING = "NH01|water|cash|H57|2020-01"
FIELDS = ["revision", "transactions", "customers", "amount_vnd"]


def as_file(*rows: str, head: str = HEAD) -> bytes:
    return "\n".join([head, *rows, ""]).encode()


class Held:
    """What is known of things, by name; the things that were looked up."""

    def __init__(self, **amounts: tuple[Any, ...]) -> None:
        self.rows = {THING.replace("NH01", name): row for name, row in amounts.items()}
        self.asked: list[str] = []

    def __call__(
        self, entities: Sequence[str], columns: Sequence[str]
    ) -> dict[str, tuple[Any, ...]]:
        assert list(columns) == FIELDS
        self.asked += entities
        return {e: self.rows[e] for e in entities if e in self.rows}


def numbered(data: bytes, held: Held, outside: Sequence[int] = ()) -> AdmittedFile:
    admitted = admit_file(PAYMENT, data)
    assert admitted.understood.to_count == "revision"
    count_on(admitted, held, outside)
    return admitted


def revisions(admitted: AdmittedFile) -> list[int]:
    return admitted.events["revision"].to_list()


def test_what_is_counted_is_one_whole_number_that_outranks_instants() -> None:
    assert counted(PAYMENT) == "revision"
    assert counted(Contract(Reading)) == ""
    assert figures(PAYMENT) == FIELDS[1:]


def test_facts_have_what_reports_are_held_against() -> None:
    """A contract whose revisions the hub counts is looked up in its fact by these columns."""
    named = {n: c for n, c in registry.contracts().items() if counted(c)}
    assert "payment" in named
    for name, contract in named.items():
        columns = registry.installed().definitions.facts[name].columns
        assert {counted(contract), *figures(contract)} <= set(columns)


@pytest.mark.parametrize(
    ("held", "revision", "replaces"),
    [
        ({}, 0, False),
        ({"NH01": (0, 1000, 900, 50_000_000)}, 0, False),
        ({"NH01": (3, 1000, 900, 50_000_000)}, 3, False),
        ({"NH01": (3, 1000, 900, 52_500_000)}, 4, True),
        ({"NH01": (3, 1000, 901, 50_000_000)}, 4, True),
        ({"NH01": (None, None, None, None)}, 0, False),
        ({"NH02": (3, 1000, 900, 52_500_000)}, 0, False),
    ],
)
def test_a_row_takes_the_revision_that_replaces_what_is_known(
    held: dict[str, tuple[Any, ...]], revision: int, replaces: bool
) -> None:
    admitted = numbered(as_file(ROW), Held(**held))
    assert revisions(admitted) == [revision]
    passed = [p for p in admitted.understood.passed if p.what == "replaced"]
    assert len(passed) == replaces
    if replaces:
        assert passed[0].vi == (
            "1 dòng thay số liệu đã báo trước đó của cùng đơn vị báo cáo, dịch vụ được thanh toán,"
            " hình thức, địa bàn, kỳ thống kê: dòng 2"
        )
        assert passed[0].en.endswith("same reporter, service, method, area, period: row 2")


def test_names_of_rows_are_of_what_they_say_with_the_revision() -> None:
    first, same = (numbered(as_file(ROW), held).events["event_id"] for held in (Held(), Held()))
    assert first.to_list() == same.to_list()
    with_column = admit_file(PAYMENT, as_file(f"{ROW};0", head=f"{HEAD};Lần điều chỉnh"))
    assert with_column.events["event_id"].to_list() == first.to_list(), "the first is revision 0"
    later = numbered(as_file(ROW), Held(NH01=(0, 1, 1, 1))).events["event_id"]
    assert later.to_list() != first.to_list()
    own = numbered(as_file(f"a;{ROW}", head=f"Mã sự kiện;{HEAD}"), Held(NH01=(0, 1, 1, 1)))
    assert (own.events["event_id"].to_list(), revisions(own)) == (["a"], [1])


def test_a_column_of_blanks_says_as_much_as_none_and_one_that_says_some_must_say_all() -> None:
    head = f"{HEAD};Lần điều chỉnh"
    other = ROW.replace("NH01", "NH02")
    held = Held(NH01=(0, 1, 1, 1))
    assert revisions(numbered(as_file(f"{ROW};", f"{other}; ", head=head), held)) == [1, 0]
    some = admit_file(PAYMENT, as_file(f"{ROW};5", f"{other};", head=head))
    assert (some.understood.to_count, revisions(some)) == ("", [5])
    assert [(v.rule, v.index) for v in some.rejected] == [("required", 2)]


def test_who_says_it_for_all_rows_counts_himself() -> None:
    mapping = FileMapping(contract="payment", sender="NH01", always={"revision": "7"})
    admitted = admit_file(PAYMENT, as_file(ROW), mapping)
    assert (admitted.understood.to_count, revisions(admitted)) == ("", [7])


def test_what_is_typed_in_the_place_of_a_blank_is_the_senders_word() -> None:
    admitted = admit_file(PAYMENT, as_file(ROW), corrections={(1, "revision"): "2"})
    assert (admitted.understood.to_count, revisions(admitted)) == ("", [2])


def test_the_hub_is_said_to_count_where_nothing_is_looked_up() -> None:
    """As `hub check` judges a file, by itself."""
    admitted = admit_file(PAYMENT, as_file(ROW))
    assert (revisions(admitted), admitted.rejected) == ([0], [])
    (note,) = [p for p in admitted.understood.passed if p.what == "uncounted"]
    assert note.vi.startswith("không có cột Lần điều chỉnh: dòng có số liệu khác với số đã báo")
    assert note.en.startswith("no column of revision: a row with other figures")


def test_of_what_is_outside_of_the_senders_scope_nothing_is_looked_up() -> None:
    held = Held(NH01=(0, 1, 1, 1), NH02=(0, 1, 1, 1))
    admitted = numbered(as_file(ROW, ROW.replace("NH01", "NH02")), held, [2])
    assert held.asked == [THING]
    assert revisions(admitted) == [1, 0]


def test_a_rejected_row_is_kept_without_a_revision_and_takes_one_once_it_is_right() -> None:
    admitted = numbered(as_file(ROW.replace("tiền mặt", "quẹt thẻ"), ROW), Held())
    item = json.loads(admitted.originals[1])
    assert item["revision"] is None
    item["method"] = "cash"
    held = Held(NH01=(4, 1, 1, 1))
    said = json.loads(settled(PAYMENT, json.dumps(item).encode(), held))
    assert (said["revision"], said["event_id"]) == (5, item["event_id"])
    other = json.dumps(item | {"revision": 2}).encode()
    assert settled(PAYMENT, other, held) == other


def test_a_template_says_that_the_column_may_be_left_out() -> None:
    asked = {a.field: a for a in asked_of(PAYMENT)}
    assert not asked["revision"].is_needed
    assert not asked["event_id"].is_needed
    assert asked["revision"].how_vi.startswith("Bỏ trống cả cột thì trục tự đếm")


def test_things_are_counted_each_by_itself() -> None:
    named = {"reporter": "NH01", "service": "water", "method": "cash", "area": "H57"}
    said = dict.fromkeys(FIELDS[1:], 1)
    reports: list[dict[str, Any]] = [{**named, **said, "period": p} for p in ("2020-01", "2020-02")]
    known = Held(NH01=(1, 1, 1, 2))
    revised = revise(PAYMENT, reports, known)
    assert dict(revised.revisions) == {THING: 2, THING.replace("-01", "-02"): 0}
    assert revised.replaced == {THING}
