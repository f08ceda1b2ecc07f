"""National messages as a source: what the national portal acknowledged, refused and never answered.

It owes nothing by itself; the province's list of duties says what it owes.
"""

from datetime import date

from hub.definitions.source import Source

SOURCE = Source(
    name="national",
    contract="dossier",
    title_vi="Đồng bộ hồ sơ với Cổng Dịch vụ công quốc gia",
    title_en="Synchronisation of dossiers with the national portal",
    owner="Văn phòng UBND tỉnh",
    cadence="daily",
    since=date(2025, 1, 1),
    until=date(2025, 1, 1),
)
