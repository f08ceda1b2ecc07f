"""Listing: rows of a list as a file that people open: CSV as Vietnamese Excel has it, or XLSX."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from hub.clock import VIETNAM
from hub.sheets.files import harmless

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_WIDTH_MIN, _WIDTH_MAX = 12, 40
Rows = Iterable[Sequence[Any]]


def as_csv(titles: Sequence[str], rows: Rows) -> bytes:
    """Write rows as CSV with semicolons: instants as 17/05/2023 08:00 in Vietnam, 0.5 as 0,5."""
    file = io.StringIO()
    writer = csv.writer(file, delimiter=";")
    writer.writerow(titles)
    writer.writerows([_as_text(value) for value in row] for row in rows)
    return file.getvalue().encode("utf-8-sig")


def as_workbook(name: str, titles: Sequence[str], rows: Rows) -> bytes:
    """Write rows as a workbook of one sheet: numbers as numbers, instants and days as such."""
    from openpyxl import Workbook  # noqa: PLC0415 (few need openpyxl)
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415
    from openpyxl.styles import Font  # noqa: PLC0415
    from openpyxl.utils import get_column_letter  # noqa: PLC0415

    book = Workbook(write_only=True)
    sheet = book.create_sheet(name[:31])
    sheet.freeze_panes = "A2"
    for number, title in enumerate(titles, 1):
        width = min(max(_WIDTH_MIN, len(title) + 2), _WIDTH_MAX)
        sheet.column_dimensions[get_column_letter(number)].width = width
    head = [WriteOnlyCell(sheet, value=title) for title in titles]
    for cell in head:
        cell.font = Font(bold=True)
    sheet.append(head)
    for row in rows:
        cells = []
        for value in row:
            cell = WriteOnlyCell(sheet, value=_as_cell(value))
            if isinstance(value, date):
                cell.number_format = "dd/mm/yyyy hh:mm" if _has_time(value) else "dd/mm/yyyy"
            cells.append(cell)
        sheet.append(cells)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _has_time(value: date) -> bool:
    return isinstance(value, datetime)


def _as_text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M")
    if isinstance(value, date):
        return value.strftime("%d/%m/%Y")
    if isinstance(value, Decimal):
        return f"{value:f}".replace(".", ",")
    return harmless(value) if isinstance(value, str) else value


def _as_cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(VIETNAM).replace(tzinfo=None)
    return harmless(value) if isinstance(value, str) else value
