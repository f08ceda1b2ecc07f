"""Workbook: a report as XLSX, laid out as the form is, numbers as numbers."""

import io

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from hub.reports import written
from hub.reports.written import Body

_LAST = written.SHOWN + 2
_FONT = "Times New Roman"
_THIN = Side(style="thin")
_BOX = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_CENTRED = Alignment(horizontal="center", vertical="center", wrap_text=True)


def write_workbook(body: Body) -> bytes:
    """Write a report as a workbook of one sheet."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = body["report"]
    at = _head(sheet, body)
    at = _column_titles(sheet, body, at)
    for row in written.rows(body):
        values: tuple[str | int, ...] = (row.number, row.name, *row.counts)
        for column, value in enumerate(values, 1):
            cell = sheet.cell(at, column, value)
            cell.font = Font(_FONT, 11, bold=row.is_head)
            cell.border = _BOX
            if column > 2:
                cell.number_format = "#,##0"
            elif column == 2:
                cell.alignment = Alignment(wrap_text=True, vertical="center")
        at += 1
    for line in written.foot(body):
        _line(sheet, at + 1, (1, _LAST), line, Font(_FONT, 10, italic=True), "left")
        at += 1
    _page(sheet)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _head(sheet: Worksheet, body: Body) -> int:
    """Write the head; give the row at which the table begins."""
    for i, line in enumerate(written.head_left(body), 1):
        _line(sheet, i, (1, 4), line, Font(_FONT, 10, bold=i == 1), "left")
    for i, line in enumerate(written.head_right(body), 1):
        _line(sheet, i, (9, _LAST), line, Font(_FONT, 10, bold=i == 1), "left")
    at = 4
    for line in body["heading_vi"]:
        _line(sheet, at, (1, _LAST), line, Font(_FONT, 13, bold=True), "center")
        at += 1
    for line in written.under_title(body):
        _line(sheet, at, (1, _LAST), line, Font(_FONT, 11), "center")
        at += 1
    unit = f"Đơn vị tính: {body['unit_of_count_vi']}"
    _line(sheet, at, (1, _LAST), unit, Font(_FONT, 10, italic=True), "right")
    return at + 1


def _column_titles(sheet: Worksheet, body: Body, at: int) -> int:
    """Write the titles of the columns in three rows; give the row after them."""
    cells = {(at, 1): "STT", (at, 2): body["row_title_vi"], (at + 2, 1): "", (at + 2, 2): ""}
    merged = [(at, i, at + 1, i) for i in (1, 2)]
    column = 3
    for title, width in written.groups(body):
        cells[at, column] = title
        merged.append((at, column, at, column + width - 1))
        column += width
    for i, title in enumerate(written.titles(body), 3):
        cells[at + 1, i] = title
        cells[at + 2, i] = f"({i - 2})"
    for (row, column), text in cells.items():
        sheet.cell(row, column, text)
    for row in range(at, at + 3):
        for column in range(1, _LAST + 1):
            cell = sheet.cell(row, column)
            cell.font = Font(_FONT, 11, bold=row < at + 2, italic=row == at + 2)
            cell.alignment = _CENTRED
            cell.border = _BOX
    for span in merged:
        sheet.merge_cells(None, *span)
    sheet.freeze_panes = f"C{at + 3}"
    sheet.print_title_rows = f"{at}:{at + 2}"
    return at + 3


def _line(
    sheet: Worksheet, row: int, span: tuple[int, int], text: str, font: Font, side: str
) -> None:
    cell = sheet.cell(row, span[0], text)
    cell.font = font
    cell.alignment = Alignment(horizontal=side, wrap_text=True, vertical="center")
    sheet.merge_cells(None, row, span[0], row, span[1])


def _page(sheet: Worksheet) -> None:
    """Set widths, and A4 on its side, as wide as the page."""
    sheet.column_dimensions["A"].width = 6
    sheet.column_dimensions["B"].width = 44
    for i in range(3, _LAST + 1):
        sheet.column_dimensions[get_column_letter(i)].width = 11
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
