"""The payment statistics as a source.

A calendar month is due: at least one statistic whose period begins in it.
"""

from connectors.payments.connector import AGAIN
from hub.definitions.source import Source

SOURCE = Source(
    name="payments",
    contract="payment",
    title_vi="Thống kê thanh toán",
    title_en="Payment statistics",
    owner="Ngân hàng Nhà nước chi nhánh tỉnh",
    cadence="monthly",
    again=AGAIN,
)
