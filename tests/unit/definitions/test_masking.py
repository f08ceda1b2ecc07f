"""What is masked of a value that may be about a person, and what is left as it is."""

import csv
from pathlib import Path

import pytest

from hub.definitions.masking import hidden, mask_text, masked

ROOT = Path(__file__).parents[3]

MASKED = [
    ("079203001234", "[CCCD ••••••••••34]"),
    ("số 079203001234.", "số [CCCD ••••••••••34]."),
    ("CCCD:079203001234", "CCCD:[CCCD ••••••••••34]"),
    ("079 203 001 234", "[CCCD ••••••••••34]"),
    ("0792 0300 1234", "[CCCD ••••••••••34]"),
    ("024123456", "[CMND •••••••56]"),
    ("CMND 024123456 cấp 2010", "CMND [CMND •••••••56] cấp 2010"),
    ("79203001234", "[số •••••••••34]"),  # a sheet program took the zero away
    ("0912345678", "[SĐT ••••••••78]"),
    ("0912.345.678", "[SĐT ••••••••78]"),
    ("0912 345 678", "[SĐT ••••••••78]"),
    ("09 12 34 56 78", "[SĐT ••••••••78]"),
    ("+84 912 345 678", "[SĐT •••••••••78]"),
    ("(+84) 912-345-678", "[SĐT •••••••••78]"),
    ("+84912345678", "[SĐT •••••••••78]"),
    ("SĐT-0912345678", "SĐT-[SĐT ••••••••78]"),
    ("ĐT: (028) 3829 1234", "ĐT: [SĐT •••••••••34]"),
    ("DN4010123456789", "[thẻ BHYT •••••••••••••89]"),
    ("thẻ hs 4 79 0123456789, cấp 2024", "thẻ [thẻ BHYT •••••••••••••89], cấp 2024"),
    ("GD-4-79-01-234-56789", "[thẻ BHYT •••••••••••••89]"),
    ("an.nguyen@gmail.com", "[email, 19 ký tự]"),
    ("Nguyễn Văn An", "[họ tên, 13 ký tự]"),
    ("NGUYỄN VĂN AN", "[họ tên, 13 ký tự]"),
    ("hồ sơ của Trần Thị Bé Ba gửi", "hồ sơ của [họ tên, 14 ký tự] gửi"),
    ("Họ tên: Lê Nam; kênh", "Họ tên: [đã che: 6 ký tự]; kênh"),
    ("Người nộp hồ sơ : Lê Nam", "Người nộp hồ sơ : [đã che: 6 ký tự]"),
    ("ho_ten=Le Nam", "ho_ten=[đã che: 6 ký tự]"),
    ("Ngày sinh: 01/02/1990", "Ngày sinh: [đã che: 10 ký tự]"),
    ("địa chỉ: 12 Lê Lợi, phường 1", "địa chỉ: [đã che: 19 ký tự]"),
    ("Người lập biểu: Lê Nam", "Người lập biểu: [đã che: 6 ký tự]"),
]
LEFT = [
    "H57.12-230104-0001",
    "000.00.01.H57-230104-0001",
    "1.005129.000.00.00.H57",
    "SN-012345678901",
    "SN012345678901",
    "SN012345678901234",
    "FT25136000000189X",
    "ST01|salinity|2023-05-17T05:00:00.000000",
    "lgsp.dossier.v1/0/123456789",
    "0006489ab1c2d3e4f5:12",
    "2023-05-17T08:00:00+07:00",
    "20230804091500",
    "01-02-2024 08:00",
    "17/05/2023 08:00",
    "1.234.567.890",
    "không dùng tiền mặt",
    "Trung tâm Phục vụ hành chính công",
    "UBND huyện Trần Văn Thời",
    "Đường Nguyễn Văn Linh",
    "Đơn vị tính: triệu đồng",
    "[đã che: 24 ký tự]",
]


@pytest.mark.parametrize(("written", "shown"), MASKED)
def test_what_is_about_a_person_is_masked(written: str, shown: str) -> None:
    assert mask_text(written) == shown
    assert mask_text(shown) == shown, "once is enough"


@pytest.mark.parametrize("written", LEFT)
def test_codes_and_words_are_left_as_they_are(written: str) -> None:
    assert mask_text(written) == written


def test_a_field_of_numbers_or_instants_holds_no_number_of_a_person_without_its_zero() -> None:
    for written in ("150000000", "150000000,5", "123456789012"):
        assert mask_text(written, "number") == written
    assert mask_text("202403040800", "instant") == "202403040800"
    assert mask_text("079203001234", "number") == "[CCCD ••••••••••34]"
    assert mask_text("0912345678", "instant") == "[SĐT ••••••••78]"


def test_what_is_no_plain_value_is_hidden_whole() -> None:
    assert masked({"họ tên": "Lê Nam"}) == hidden({"họ tên": "Lê Nam"}) == "[đã che: 20 ký tự]"
    assert hidden("") == hidden(b"") == ""
    assert masked(None) == "null"
    assert masked(79203001234) == "[số •••••••••34]"


def test_a_number_is_not_cut_in_two_so_that_half_of_it_is_shown() -> None:
    assert "07920300" not in mask_text("x " * 995 + "079203001234")


def test_names_of_agencies_and_units_are_left() -> None:
    """A unit that no list knows is named to whoever is to map it."""
    names = []
    for path in ("connectors/one_stop/agencies.csv", "reference/demo/unit.csv"):
        if (ROOT / path).exists():
            with (ROOT / path).open(encoding="utf-8") as file:
                names += [v for row in csv.DictReader(file) for v in row.values() if v]
    for list_file in (ROOT / "reference/divisions").rglob("*.csv"):
        with list_file.open(encoding="utf-8") as file:
            names += [v for row in csv.DictReader(file) for v in row.values() if v]
    assert len(names) > 500
    assert {n: mask_text(n) for n in names if mask_text(n) != n} == {}
