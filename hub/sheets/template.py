"""Templates: empty files of a list for a province to fill in, and of a contract for a clerk."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from hub.definitions.contract import ITEMS_MAX, Contract
from hub.reference.form import Form
from hub.sheets.asked import Asked, asked_of
from hub.sheets.grids import OWN_SHEETS

# The codes of each list, with the name of each.
Codes = Mapping[str, Sequence[tuple[str, str]]]
GUIDE, LISTS = OWN_SHEETS
_FORMATS = {"instant": "dd/mm/yyyy hh:mm", "money": "#,##0", "integer": "0", "decimal": "General"}
_NEEDED, _OPTIONAL = (PatternFill("solid", fgColor=c) for c in ("FFD9E8F6", "FFF0F2F4"))
_HELP_MAX = 255  # letters in what Excel shows beside a cell
_WIDTH_MIN = 18


def write_template(form: Form, path: Path) -> None:
    """Write an empty file of a list as CSV and as XLSX, with Vietnamese headers."""
    titles = [c.title_vi for c in form.columns]
    with path.with_suffix(".csv").open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerow(titles)
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = form.title_vi[:31]
    sheet.append(titles)
    for number, title in enumerate(titles, 1):
        sheet.cell(1, number).font = Font(bold=True)
        letter = get_column_letter(number)
        sheet.column_dimensions[letter].width = max(14, len(title) + 2)
        sheet.column_dimensions[letter].number_format = "@"  # codes keep their leading zeros
    book.save(path.with_suffix(".xlsx"))


def contract_csv(contract: Contract) -> bytes:
    """Write an empty CSV file of a contract, its columns apart as Vietnamese Excel has them."""
    file = io.StringIO()
    csv.writer(file, delimiter=";").writerow([a.header for a in asked_of(contract)])
    return file.getvalue().encode("utf-8-sig")


def contract_workbook(contract: Contract, codes: Codes) -> bytes:
    """Write an empty workbook of a contract: formats, lists to choose from, explanations.

    `codes` are the lists in force; of one that was not loaded any code may be written.
    """
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = contract.spec.title.vi[:31]
    columns = asked_of(contract)
    _write_columns(sheet, columns)
    _write_guide(book.create_sheet(GUIDE), contract, columns)
    _write_lists(book, book.create_sheet(LISTS), sheet, columns, codes)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _write_columns(sheet: Worksheet, columns: Sequence[Asked]) -> None:
    sheet.append([c.header for c in columns])
    sheet.freeze_panes = "A2"
    for number, column in enumerate(columns, 1):
        head = sheet.cell(1, number)
        head.font = Font(bold=True)
        head.fill = _NEEDED if column.is_needed else _OPTIONAL
        head.alignment = Alignment(wrap_text=True, vertical="top")
        dimension = sheet.column_dimensions[get_column_letter(number)]
        dimension.width = max(_WIDTH_MIN, len(column.header) + 2)
        dimension.number_format = _FORMATS.get(column.kind, "@")  # codes keep leading zeros


def _write_guide(sheet: Worksheet, contract: Contract, columns: Sequence[Asked]) -> None:
    """Explain each column, a row each."""
    title = contract.spec.title.vi
    sheet.append([f"Hướng dẫn điền tệp {title.lower()}"])
    sheet.append(
        ["Mỗi dòng là một bản ghi. Không đổi tên cột; cột không bắt buộc có thể để trống."]
    )
    sheet.append(["Ngày giờ ghi ngày trước tháng sau, ví dụ 17/05/2023 08:00, giờ Việt Nam."])
    sheet.append([])
    sheet.append(["Tên cột trong tệp", "Ý nghĩa", "Phải điền", "Cách ghi", "Ví dụ"])
    for column in columns:
        needed = "bắt buộc" if column.is_needed else column.needed_for_vi or "có thể bỏ trống"
        sheet.append([f"[{column.header}]", column.doc.vi, needed, column.how_vi, column.example])
    sheet["A1"].font = Font(bold=True, size=14)
    for cell in sheet[5]:
        cell.font, cell.fill = Font(bold=True), _OPTIONAL
    for letter, width in zip("ABCDE", (30, 52, 34, 52, 24), strict=True):
        sheet.column_dimensions[letter].width = width
    for row in sheet.iter_rows(min_row=5):
        for cell in row:
            cell.alignment = Alignment(wrap_text=True, vertical="top")


def _write_lists(
    book: Workbook, sheet: Worksheet, form: Worksheet, columns: Sequence[Asked], codes: Codes
) -> None:
    """Write what may be chosen, a column each with its meaning beside it, and offer it."""
    at = 1
    for number, column in enumerate(columns, 1):
        choices = column.choices or codes.get(column.list_name, ())
        letter = get_column_letter(number)
        offer = DataValidation(
            type="list" if choices else None,
            allow_blank=True,
            showInputMessage=True,
            promptTitle=column.header[:32],
            prompt=f"{column.doc.vi}. {column.how_vi}"[:_HELP_MAX],
            # What a list does not know may be true all the same: it is counted, and listed.
            errorStyle="stop" if column.choices else "warning",
            showErrorMessage=bool(choices),
            errorTitle=column.header[:32],
            error="Hãy chọn trong danh sách." if column.choices else "Mã chưa có trong danh mục.",
        )
        if choices:
            sheet.cell(1, at, f"Chọn cho {column.header}").font = Font(bold=True)
            for row, (value, meaning) in enumerate(choices, 2):
                sheet.cell(row, at, value).number_format = "@"
                sheet.cell(row, at + 1, meaning)
            first, end = get_column_letter(at), len(choices) + 1
            where = f"{quote_sheetname(LISTS)}!${first}$2:${first}${end}"
            name = f"chon_{column.field}"
            book.defined_names[name] = DefinedName(name, attr_text=where)
            offer.formula1 = name
            sheet.column_dimensions[first].width = 28
            sheet.column_dimensions[get_column_letter(at + 1)].width = 48
            at += 2
        offer.add(f"{letter}2:{letter}{ITEMS_MAX}")
        form.add_data_validation(offer)
