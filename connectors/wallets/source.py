"""Payments of fees as gateways and wallets confirm them, one by one, by signed callbacks (IPN).

It owes nothing by itself; the province's list of duties says what it owes.
"""

from datetime import date

from hub.definitions.source import Source

SOURCE = Source(
    name="wallets",
    contract="fee",
    title_vi="Cổng thanh toán, ví điện tử",
    title_en="Payment gateways and wallets",
    owner="Sở Tài chính",
    cadence="daily",
    since=date(2025, 1, 1),
    until=date(2025, 1, 1),
)
