"""What is printed: the board begins on its first sheet, and no sheet is left half empty."""

from __future__ import annotations

import pypdfium2

from tests.browser.test_page import Show, wait_for_all

A_KPI = "Hồ sơ đang giải quyết"


def test_the_table_of_the_board_begins_on_the_first_sheet(show: Show) -> None:
    page = show()
    wait_for_all(page)
    for paper in ({"format": "A4"}, {"format": "A4", "landscape": True}):
        printed = pypdfium2.PdfDocument(page.pdf(**paper))
        texts = [sheet.get_textpage().get_text_bounded() for sheet in printed]
        assert A_KPI in texts[0].replace("\r\n", " "), paper
        assert all(len(text) > 200 for text in texts[:-1]), "a sheet is next to empty"
