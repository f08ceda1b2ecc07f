"""Dossier fees as a source: files of the one-stop system, of banks and of receipt books.

It owes nothing by itself; the province's list of duties says what it owes.
"""

from datetime import date

from hub.definitions.source import Source

SOURCE = Source(
    name="fees",
    contract="fee",
    title_vi="Phí, lệ phí hồ sơ",
    title_en="Dossier fees",
    owner="Sở Tài chính",
    cadence="daily",
    since=date(2025, 1, 1),
    until=date(2025, 1, 1),
)
