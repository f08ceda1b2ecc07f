"""Templates: empty files of a list, for a province to fill in."""

import csv
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from hub.reference.form import Form


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
