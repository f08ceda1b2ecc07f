"""Counts of papers as a source: files that systems of documents export, a row a unit and day.

It owes nothing by itself; the province's list of duties says what it owes.
"""

from datetime import date

from connectors.documents.connector import AGAIN
from hub.definitions.source import Source

SOURCE = Source(
    name="documents",
    contract="document",
    title_vi="Hệ thống quản lý văn bản",
    title_en="Systems of documents",
    owner="Văn phòng UBND tỉnh",
    cadence="working_day",
    since=date(2023, 1, 1),
    until=date(2023, 1, 1),
    again=AGAIN,
)
