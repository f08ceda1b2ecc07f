"""A draft of a mapping: what a sample proves is filled in, all else is a doubt, never a guess."""

import io
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub import registry
from hub.sheets.files import admit_file
from hub.sheets.mapped import check_mapping, find_mapping_faults
from hub.sheets.mapping import mapping_of, read_mapping
from hub.sheets.proposing import Doubt, Draft, fields_of, propose
from hub.sheets.table import FileError
from hub.sheets.xlsx import XlsxError

CONTRACTS = registry.contracts()
PAYMENT, DOSSIER = CONTRACTS["payment"], CONTRACTS["dossier"]
NAMES = {
    "units": {
        "H57": "Tỉnh A",
        "H57.1": "Sở Tư pháp",
        "H57.12": "Xã Hòa Bình",
        "H57.21": "Xã Hòa Bình",
        "H57.3": "Sở Y tế",
    },
    "procedures": {"1.005129": "Cấp bản sao trích lục", "1.005192": "Đăng ký khai sinh"},
}
PLAIN = (
    "Mã sự kiện;Đơn vị báo cáo;Dịch vụ được thanh toán;Hình thức;Địa bàn;Kỳ thống kê;Lần điều chỉnh"
)
PLAIN += ";Số giao dịch;Số khách hàng;Số tiền"


def drafted(lines: str, contract: Any = PAYMENT, **more: Any) -> Draft:
    return propose(contract, "A", lines.encode(), NAMES, **more)


def of_part(draft: Draft, part: str) -> list[Doubt]:
    return [d for d in draft.doubts if d.part == part]


def payment(**changed: str) -> str:
    cells = {
        "Mã sự kiện": "1",
        "Đơn vị báo cáo": "NH01",
        "Dịch vụ được thanh toán": "electricity",
        "Hình thức": "cash",
        "Địa bàn": "H57",
        "Kỳ thống kê": "2023-01",
        "Lần điều chỉnh": "0",
        "Số giao dịch": "1",
        "Số khách hàng": "1",
        "Số tiền": "1000",
    } | changed
    return f"{PLAIN}\n{';'.join(cells.values())}\n"


def test_a_plain_file_leaves_but_the_unit_to_look_at() -> None:
    draft = drafted(payment())
    assert [(d.part, d.is_open) for d in draft.doubts] == [("unit", False)]
    check_mapping(PAYMENT, draft.mapping)
    assert admit_file(PAYMENT, payment().encode(), draft.mapping).rejected == []


def test_words_of_the_contract_and_names_of_the_lists_are_filled_in() -> None:
    draft = drafted(payment(**{"Dịch vụ được thanh toán": "HỌC  PHÍ", "Địa bàn": "sở tư pháp"}))
    # What the contract itself calls so is read without a mapping.
    assert draft.mapping.words == {"area": {"sở tư pháp": "H57.1"}}
    assert of_part(draft, "word") == []


def test_a_name_that_two_units_have_is_a_doubt() -> None:
    draft = drafted(payment(**{"Địa bàn": "Xã Hoà Bình"}))
    assert draft.mapping.words == {"area": {"Xã Hoà Bình": ""}}
    (doubt,) = of_part(draft, "word")
    assert (doubt.is_open, doubt.field, doubt.word) == (True, "area", "Xã Hoà Bình")
    assert [c.value for c in doubt.candidates] == ["H57.12", "H57.21"]


@pytest.mark.parametrize("name", ["So Tu phap", "Sở Tư pháo", "Sờ Tư pháp"])
def test_a_name_without_its_marks_is_offered_and_not_taken(name: str) -> None:
    draft = drafted(payment(**{"Địa bàn": name}))
    assert draft.mapping.words["area"] == {name: ""}
    (doubt,) = of_part(draft, "word")
    assert doubt.is_open


def test_a_code_that_no_list_has_is_told_with_near_ones() -> None:
    (doubt,) = of_part(drafted(payment(**{"Địa bàn": "H57.13"})), "word")
    assert not doubt.is_open
    assert [c.value for c in doubt.candidates][:1] == ["H57.12"]


def test_a_word_that_nobody_knows_stays_open() -> None:
    draft = drafted(payment(**{"Hình thức": "Séc"}))
    assert draft.mapping.words == {"method": {"Séc": ""}}
    (doubt,) = of_part(draft, "word")
    assert (doubt.is_open, doubt.word) == (True, "Séc")
    assert [f.rule for f in find_mapping_faults(PAYMENT, draft.mapping)] == ["undecided"]


def test_a_header_that_is_only_like_one_is_filled_in_and_told() -> None:
    draft = drafted(payment().replace("Số giao dịch", "Số GD"))
    (doubt,) = of_part(draft, "column")
    assert (doubt.header, doubt.field, doubt.is_open) == ("Số GD", "transactions", False)


def test_a_header_that_may_be_several_fields_stays_open() -> None:
    draft = drafted(payment().replace("Số giao dịch", "Tổng 1").replace("Số khách hàng", "Tổng 2"))
    columns = {c.header: c.field for c in draft.mapping.columns}
    assert (columns["Tổng 1"], columns["Tổng 2"]) == ("", "")
    for doubt in of_part(draft, "column"):
        assert doubt.is_open
        assert {"transactions", "customers"} <= {c.value for c in doubt.candidates}


def test_a_header_that_is_like_several_stays_open() -> None:
    lines = "Mã sự kiện;Mã hồ sơ;Đơn vị\n1;H57.1-230517-0001;H57.1\n"
    draft = drafted(lines, DOSSIER)
    assert {c.header: c.field for c in draft.mapping.columns}["Đơn vị"] == ""
    (doubt,) = of_part(draft, "column")
    assert {"received_by", "resolved_by"} <= {c.value for c in doubt.candidates}


def test_a_field_that_no_column_fills_is_asked_for_once() -> None:
    head, row = payment().splitlines()
    without = f"{head.replace(';Địa bàn', '')}\n{row.replace(';H57;', ';')}\n"
    draft = drafted(without)
    assert draft.mapping.always == {"area": ""}
    (doubt,) = of_part(draft, "always")
    assert (doubt.field, doubt.is_open) == ("area", True)


def test_a_revision_that_no_column_says_is_not_asked_for_as_the_hub_counts() -> None:
    head, row = payment().splitlines()
    without = f"{head.replace(';Lần điều chỉnh', '')}\n{row.replace(';2023-01;0', ';2023-01')}\n"
    draft = drafted(without)
    assert draft.mapping.always == {}
    assert of_part(draft, "always") == []


def test_numbers_of_a_row_and_notes_are_passed_over() -> None:
    head, row = payment().splitlines()
    draft = drafted(f"STT;{head};Ghi chú\n1;{row};x\n")
    assert draft.mapping.passed_over == ("STT", "Ghi chú")


def test_units_marks_and_orders_are_taken_from_what_shows_them() -> None:
    lines = payment(**{"Số tiền": "12,5", "Kỳ thống kê": "17/05/2023"})
    columns = {
        c.field: c
        for c in drafted(lines.replace("Số tiền", "Số tiền (triệu đồng)")).mapping.columns
    }
    assert (columns["amount_vnd"].unit, columns["amount_vnd"].mark) == ("triệu đồng", "comma")
    assert columns["period"].order == "day"


def test_an_order_that_nothing_shows_is_a_doubt_and_one_against_ours_is_open() -> None:
    (doubt,) = of_part(drafted(payment(**{"Kỳ thống kê": "05/06/2023"})), "order")
    assert not doubt.is_open
    draft = drafted(payment(**{"Kỳ thống kê": "05/17/2023"}))
    (doubt,) = of_part(draft, "order")
    assert doubt.is_open
    assert {c.field: c.order for c in draft.mapping.columns}["period"] == ""


def test_a_mark_that_nothing_shows_is_a_doubt() -> None:
    header = "event_id;station_code;measured_at;quantity;value;unit"
    row = "1;ST01;17/05/2023 08:00;độ mặn;1.300;‰"
    draft = drafted(f"{header}\n{row}\n", CONTRACTS["reading"])
    assert [d.header for d in of_part(draft, "mark")] == ["value"]
    assert draft.mapping.words == {}


def test_what_was_confirmed_before_is_kept() -> None:
    before = mapping_of(
        {
            "contract": "payment",
            "sender": "A",
            "columns": [{"header": "Cách", "field": "method"}],
            "words": {"method": {"Séc": "cashless"}},
        }
    )
    lines = payment(**{"Hình thức": "Séc"}).replace("Hình thức", "Cách")
    draft = drafted(lines, before=before)
    assert {c.header: c.field for c in draft.mapping.columns}["Cách"] == "method"
    assert draft.mapping.words["method"] == {"Séc": "cashless"}
    assert [d.is_open for d in draft.doubts] == [False]  # the unit


def test_sheets_with_other_headers_are_named() -> None:
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    first.title = "Tháng 1"
    for line in payment().splitlines():
        first.append(line.split(";"))
    book.create_sheet("Ghi chép").append(["Người", "Việc"])
    out = io.BytesIO()
    book.save(out)
    (doubt,) = of_part(propose(PAYMENT, "A", out.getvalue(), NAMES), "sheet")
    assert "Ghi chép" in doubt.message_vi


def test_what_is_no_table_is_refused() -> None:
    for data in (b"", b"\xff\xfe\xff", b"PK\x03\x04broken"):
        with pytest.raises((FileError, XlsxError)):
            propose(PAYMENT, "A", data, NAMES)


def test_samples_are_masked_and_fields_are_all_that_a_sender_fills() -> None:
    draft = drafted(payment(**{"Đơn vị báo cáo": "NGUYỄN VĂN AN 0912345678"}))
    shown = str(draft.samples)
    assert "0912345678" not in shown
    for contract in CONTRACTS.values():
        assert [f["field"] for f in fields_of(contract)] == [f.name for f in contract.sent]


CELL = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(CONTRACTS)),
    st.lists(st.one_of(CELL, st.sampled_from([*PLAIN.split(";"), "Kênh"])), min_size=1, max_size=6),
    st.lists(st.lists(CELL, min_size=1, max_size=6), max_size=4),
)
def test_a_draft_is_made_of_anything_and_says_what_it_left_open(
    name: str, header: list[str], rows: list[list[str]]
) -> None:
    text = "\n".join(";".join(c.replace(";", " ") for c in r) for r in (header, *rows))
    try:
        draft = propose(CONTRACTS[name], "A", text.encode(), NAMES)
    except FileError:
        return
    assert read_mapping(draft.text()) == draft.mapping
    undecided = list(find_mapping_faults(CONTRACTS[name], draft.mapping))
    told = {
        (d.part, d.header, d.field if not d.header else "", d.word)
        for d in draft.doubts
        if d.is_open
    }
    for fault in undecided:
        assert fault.rule == "undecided"
        assert (
            fault.part,
            fault.header,
            fault.field if not fault.header else "",
            fault.word,
        ) in told
