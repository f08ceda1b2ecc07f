"""A sender's mapping: what it says is read so, what it cannot say is refused, all of it at once."""

import io
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import registry
from hub.clock import from_us
from hub.definitions.admission import BodyError
from hub.sheets.files import admit_file, corrections, errors
from hub.sheets.mapped import check_mapping, find_mapping_faults
from hub.sheets.mapping import (
    FileMapping,
    MappingError,
    mapping_of,
    of_rows,
    read_mapping,
    write_mapping,
)
from hub.sheets.vietnamese import spoken

PAYMENT = registry.contracts()["payment"]
READING = registry.contracts()["reading"]
BANK: dict[str, Any] = {
    "contract": "payment",
    "sender": "NH A",
    "columns": [
        {"header": "Mã dòng", "field": "event_id"},
        {"header": "Tên ngân hàng", "field": "reporter"},
        {"header": "Loại", "field": "service"},
        {"header": "Cách trả", "field": "method"},
        {"header": "Thời gian", "field": "period"},
        {"header": "Số món", "field": "transactions"},
        {"header": "Số người", "field": "customers"},
        {"header": "Doanh số", "field": "amount_vnd", "unit": "triệu đồng", "mark": "comma"},
    ],
    "words": {
        "reporter": {"Ngân hàng Hòa Bình": "NH01"},
        "service": {"Tiền điện": "electricity"},
        "method": {"Chuyển khoản": "cashless", "Thu tại quầy": "collection_point"},
    },
    "always": {"area": "H57", "revision": "0"},
    "passed_over": ["Người lập"],
}
HEADER = "Mã dòng;Tên ngân hàng;Loại;Cách trả;Thời gian;Số món;Số người;Doanh số;Người lập"
ROWS = [
    "1;Ngân hàng Hòa Bình;Tiền điện;Chuyển khoản;01/2023;1.200;300;1.234,5;x",
    "2;NGÂN HÀNG  HOÀ BÌNH;tiền điện;thu tại quầy;02/2023;50;40;0,75;y",
]


def bank(**changed: Any) -> FileMapping:
    mapping = mapping_of({**BANK, **changed})
    check_mapping(PAYMENT, mapping)
    return mapping


def as_csv(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *rows]).encode()


def test_a_file_is_read_as_its_senders_mapping_says() -> None:
    admitted = admit_file(PAYMENT, as_csv(*ROWS), bank())
    assert admitted.rejected == []
    assert admitted.mapping == admitted.understood.mapping == bank().digest
    by_hand = [
        ("1", "NH01", "electricity", "cashless", "H57", "2023-01", 0, 1200, 300, 1_234_500_000),
        ("2", "NH01", "electricity", "collection_point", "H57", "2023-02", 0, 50, 40, 750_000),
    ]
    names = ("event_id", "reporter", "service", "method", "area", "period", "revision")
    figures = ("transactions", "customers", "amount_vnd")
    assert admitted.events.select(*names, *figures).rows() == by_hand


def test_nothing_is_dropped_unsaid_and_the_first_line_names_the_mapping() -> None:
    lines = [vi for vi, _ in admit_file(PAYMENT, as_csv(*ROWS), bank()).understood.lines()]
    assert lines[0] == f"đọc theo bảng ánh xạ {bank().digest}"
    assert any("Người lập" in line for line in lines)


def test_without_its_mapping_the_file_is_refused_as_before() -> None:
    with pytest.raises(BodyError) as refused:
        admit_file(PAYMENT, as_csv(*ROWS))
    assert refused.value.rule == "missing_header"


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("Trực tuyến", "TRỰC  TUYẾN ", True),
        ("Trực tuyến", "Tru\u031b\u0323c tuyê\u0301n", True),  # decomposed
        ("Hòa Bình", "Hoà Bình", True),  # two ways to place one tone
        ("Thủy lợi", "Thuỷ lợi", True),
        ("Cộng", "Công", False),
        ("Cộng", "Cong", False),
        ("Sở Tư pháp", "Sở Tư phập", False),
        ("điện", "dien", False),
        ("má hai", "ma hái", False),  # a tone stays in its syllable
    ],
)
def test_words_are_compared_with_all_their_marks(one: str, other: str, is_same: bool) -> None:
    assert (spoken(one) == spoken(other)) is is_same


def test_a_word_that_is_almost_one_of_the_mapping_is_not_taken() -> None:
    (verdict,) = admit_file(
        PAYMENT, as_csv(ROWS[0].replace("Chuyển khoản", "Chuyen khoan")), bank()
    ).rejected
    assert (verdict.rule, verdict.field, verdict.value) == (
        "unknown_value",
        "method",
        "Chuyen khoan",
    )
    assert "cột Cách trả" in verdict.message_vi, "the sender's own header"


def test_order_and_mark_are_those_of_the_mapping_where_the_file_shows_neither() -> None:
    header = "event_id;Trạm;Lúc;quantity;Trị số;unit"
    said: dict[str, Any] = {
        "contract": "reading",
        "sender": "T",
        "columns": [{"header": "Trạm", "field": "station_code"}],
    }
    for order, mark, at, value in (
        ("day", "comma", "2022-11-05T08:00:00+07:00", 1_300_000),
        ("month", "point", "2022-05-11T08:00:00+07:00", 1_300),
    ):
        more = [
            {"header": "Lúc", "field": "measured_at", "order": order},
            {"header": "Trị số", "field": "value", "mark": mark},
        ]
        mapping = mapping_of({**said, "columns": said["columns"] + more})
        check_mapping(READING, mapping)
        row = "1;ST01;05/11/2022 08:00;water_level;1.300;m"
        quality = as_csv(f"{row};4", header=f"{header};QC")
        (event,) = admit_file(READING, quality, mapping).events.iter_rows(named=True)
        assert event["value"] == value
        assert from_us(event["measured_at"]).isoformat() == at


def test_only_the_sheets_of_the_mapping_are_read() -> None:
    book = openpyxl.Workbook()
    for name in ("Quý 1", "Nháp"):
        sheet = book.create_sheet(name)
        sheet.append(HEADER.split(";"))
        sheet.append(ROWS[0].replace("1.200", "1200").split(";"))
    del book["Sheet"]
    out = io.BytesIO()
    book.save(out)
    admitted = admit_file(PAYMENT, out.getvalue(), bank(sheets=["quý 1"]))
    assert (len(admitted.kept), admitted.rejected) == (1, [])
    passed = [p.vi for p in admitted.understood.passed]
    assert "bỏ qua trang “Nháp”: bảng ánh xạ không đọc trang này" in passed
    with pytest.raises(BodyError) as refused:
        admit_file(PAYMENT, out.getvalue(), bank(sheets=["Quý 2"]))
    assert refused.value.rule == "missing_sheet"


def test_a_file_of_errors_is_in_our_own_units_whatever_the_mapping_says() -> None:
    """What is given back is in đồng; read in millions again it would be a million times as much."""
    wrong = admit_file(PAYMENT, as_csv(ROWS[0].replace("Chuyển khoản", "Séc")), bank())
    rejected = [
        {
            "event_id": "r:0",
            "original": raw.decode(),
            **{
                n: getattr(wrong.rejected[0], n)
                for n in ("index", "field", "message_vi", "message_en")
            },
        }
        for raw in wrong.originals.values()
    ]
    back = errors(PAYMENT, rejected)
    assert "1234500000" in back
    mapping = bank(
        columns=[
            *BANK["columns"][:-1],
            {"header": "Số tiền, đồng", "field": "amount_vnd", "unit": "triệu đồng"},
        ]
    )
    again = admit_file(PAYMENT, back.replace("Séc", "Chuyển khoản").encode(), mapping)
    assert again.rejected == []
    assert again.events["amount_vnd"].to_list() == [1_234_500_000]
    ((name, item),) = corrections(PAYMENT, back.replace("Séc", "Chuyển khoản").encode(), mapping)
    assert (name, b'"cashless"' in item) == ("r:0", True)  # type: ignore[operator]


WRONG: list[tuple[str, dict[str, Any], list[tuple[str, str]]]] = [
    ("undecided header", {"columns": [{"header": "A"}]}, [("undecided", "column")]),
    (
        "no such field",
        {"columns": [{"header": "A", "field": "amount"}]},
        [("unknown_field", "column")],
    ),
    (
        "two headers of one field",
        {"columns": [{"header": "A", "field": "area"}, {"header": "B", "field": "area"}]},
        [("twice", "column")],
    ),
    (
        "one header twice",
        {"columns": [{"header": "Địa bàn", "field": "area"}], "passed_over": ["dia ban"]},
        [("twice", "column"), ("twice", "column")],
    ),
    (
        "unit of a text",
        {"columns": [{"header": "A", "field": "area", "unit": "đồng"}]},
        [("not_fitting", "unit")],
    ),
    (
        "order of a number",
        {"columns": [{"header": "A", "field": "amount_vnd", "order": "day"}]},
        [("not_fitting", "order")],
    ),
    (
        "mark of a day",
        {"columns": [{"header": "A", "field": "period", "mark": "point"}]},
        [("not_fitting", "mark")],
    ),
    ("undecided word", {"words": {"method": {"Séc": ""}}}, [("undecided", "word")]),
    ("no such code", {"words": {"method": {"Séc": "cheque"}}}, [("unknown_value", "word")]),
    ("malformed code", {"words": {"area": {"Huyện A": "h57 1"}}}, [("malformed", "word")]),
    ("words of no field", {"words": {"way": {"Séc": "cash"}}}, [("unknown_field", "word")]),
    (
        "one word twice",
        {"words": {"method": {"Thu hộ": "cash", "THU HỘ": "cashless"}}},
        [("twice", "word")] * 2,
    ),
    ("not for all rows", {"always": {"revision": "hai"}}, [("not_an_integer", "always")]),
    ("other contract", {"contract": "reading"}, [("other_contract", "contract")]),
    (
        "all at once",
        {"columns": [{"header": "A"}], "words": {"method": {"Séc": ""}}, "always": {"area": ""}},
        [("undecided", "column"), ("undecided", "always"), ("undecided", "word")],
    ),
]


@pytest.mark.parametrize(("why", "said", "rules"), WRONG, ids=[w[0] for w in WRONG])
def test_what_cannot_be_used_is_refused_in_two_languages(
    why: str, said: dict[str, Any], rules: list[tuple[str, str]]
) -> None:
    mapping = mapping_of({"contract": "payment", "sender": "A", **said})
    faults = list(find_mapping_faults(PAYMENT, mapping))
    assert sorted((f.rule, f.part) for f in faults) == sorted(rules), why
    for fault in faults:
        assert fault.message_vi != fault.message_en
    with pytest.raises(MappingError):
        check_mapping(PAYMENT, mapping)


@pytest.mark.parametrize(
    "text",
    [
        "contract = ",
        'contract = "payment"',
        'contract = "payment"\nsender = "A"\nunits = 1',
        'contract = "payment"\nsender = "A"\n[[columns]]\nheader = "A"\nunit = "nghìn"',
    ],
)
def test_a_file_that_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(MappingError) as refused:
        read_mapping(text)
    assert refused.value.vi != refused.value.en


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


@given(
    st.lists(st.tuples(TEXT, st.sampled_from(["", "đồng", "tỷ đồng"])), max_size=4),
    st.dictionaries(TEXT, st.dictionaries(TEXT, TEXT, max_size=3), max_size=2),
    st.dictionaries(TEXT, TEXT, max_size=3),
    st.lists(TEXT, max_size=3),
)
def test_a_mapping_is_read_back_as_it_was_written(
    columns: list[tuple[str, str]],
    words: dict[str, dict[str, str]],
    always: dict[str, str],
    others: list[str],
) -> None:
    mapping = mapping_of(
        {
            "contract": "payment",
            "sender": "Sở “A”",
            "columns": [{"header": h, "field": "x", "unit": u} for h, u in columns],
            "words": words,
            "always": always,
            "sheets": others,
            "passed_over": others,
        }
    )
    again = read_mapping(write_mapping(mapping, {}))
    assert again == mapping
    assert again.digest == of_rows(mapping.rows).digest == mapping.digest


def test_another_mapping_has_another_digest() -> None:
    digests = {
        bank().digest,
        bank(sender="NH B").digest,
        bank(always={"area": "H58", "revision": "0"}).digest,
        bank(passed_over=[]).digest,
    }
    assert len(digests) == 4
