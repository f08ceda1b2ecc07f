"""A report as a file: what stands on the page, in the words and numbers of the form."""

import io

import openpyxl
import pytest

from hub.reports import written
from hub.reports.formats import FORMATS, write
from tests.conftest import Hub
from tests.unit.reports.test_filled import COUNTED, month, report

__all__ = ["month"]


@pytest.mark.parametrize(
    ("period", "words"),
    [
        ("2023", "Năm 2023"),
        ("2023-H2", "6 tháng cuối năm 2023"),
        ("2023-Q4", "Quý IV năm 2023"),
        ("2023-05", "Tháng 5 năm 2023"),
        ("2023-W07", "Tuần 7 năm 2023"),
        ("2023-05-17", "Ngày 17/5/2023"),
    ],
)
def test_a_period_is_named_as_people_do(period: str, words: str) -> None:
    assert written.write_period(period) == words


def test_what_is_made_up_says_so_on_the_page(month: Hub) -> None:
    body = report(month, "06a") | {"status": "provisional"}
    assert not any("MÔ PHỎNG" in line for line in written.under_title(body))
    made_up = written.under_title(body | {"is_synthetic": True})
    assert made_up[0] == "DỮ LIỆU MÔ PHỎNG (synthetic data)"


def test_numbers_and_days_are_as_documents_have_them() -> None:
    assert [written.write_number(n) for n in (0, 999, 599_888, 1_000_000)] == [
        *("0", "999", "599.888", "1.000.000"),
    ]
    # Days below 10 and the months 1 and 2 have a zero before them (NĐ 30/2020/NĐ-CP, phụ lục I).
    assert written.write_long_day("2023-02-05T10:00:00+07:00") == "ngày 05 tháng 02 năm 2023"
    assert written.write_long_day("2023-11-25") == "ngày 25 tháng 11 năm 2023"


def test_a_workbook_holds_numbers_under_the_forms_heading(month: Hub) -> None:
    body = report(month, "06b") | {"status": "provisional"}
    sheet = openpyxl.load_workbook(io.BytesIO(write(body, "xlsx"))).active
    assert sheet is not None
    rows = [[c for c in row if c not in (None, "")] for row in sheet.iter_rows(values_only=True)]
    assert rows[0] == ["Biểu số II.06b/VPCP/KSTT", "Đơn vị báo cáo: Toàn tỉnh"]
    assert ["TỔNG SỐ", *COUNTED] in rows
    assert ["Lý lịch tư pháp", 7, 1, 4, 2, 4, 1, 1, 2, 3, 2, 1] in rows
    assert ["Kỳ báo cáo: Tháng 5 năm 2023"] in rows
    assert [f"({i})" for i in range(1, 12)] in rows


def test_a_pdf_is_the_same_file_each_time_it_is_written(month: Hub) -> None:
    body = report(month, "06a")
    first, second = write(body, "pdf"), write(body, "pdf")
    assert first.startswith(b"%PDF-")
    assert first == second
    assert set(FORMATS) == {"json", "xlsx", "pdf"}


def test_what_looks_like_markup_is_set_as_it_stands(month: Hub) -> None:
    body = report(month, "06a")
    body["rows"][0]["name"] = "*Sở* #panic() $x$ <a> \\ [b"
    assert write(body, "pdf").startswith(b"%PDF-")
