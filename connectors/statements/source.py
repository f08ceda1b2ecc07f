"""Statements of the accounts that fees are paid into: files that banks and wallets export.

It owes nothing by itself; the province's list of duties says what it owes.
"""

from datetime import date

from hub.definitions.source import Source

SOURCE = Source(
    name="statements",
    contract="fee",
    title_vi="Sao kê ngân hàng, ví điện tử",
    title_en="Statements of banks and wallets",
    owner="Sở Tài chính",
    cadence="working_day",
    since=date(2025, 1, 1),
    until=date(2025, 1, 1),
)
