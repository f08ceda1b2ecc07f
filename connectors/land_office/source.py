"""The land office as a source: it has no API, and fills a table of its own that the hub reads.

It owes nothing by itself; the province's list of duties says what it owes.
"""

from datetime import date

from connectors.land_office.connector import AGAIN
from hub.definitions.source import Source

SOURCE = Source(
    name="land_office",
    contract="dossier",
    title_vi="Hồ sơ đất đai (bảng gửi đi của Văn phòng đăng ký đất đai)",
    title_en="Land dossiers (outbox of the land office)",
    owner="Văn phòng đăng ký đất đai",
    cadence="working_day",
    since=date(2025, 1, 1),
    until=date(2025, 1, 1),
    again=AGAIN,
)
