"""The tax office's fees as a source: its database has no API, Debezium follows it.

It owes nothing by itself; the province's list of duties says what it owes.
"""

from datetime import date

from connectors.tax_fees.connector import TABLE
from hub.definitions.source import Source

SOURCE = Source(
    name="tax_fees",
    contract="fee",
    title_vi="Phí, lệ phí (luồng thay đổi của cơ sở dữ liệu thuế)",
    title_en="Fees (change feed of the tax office's database)",
    owner="Thuế tỉnh",
    cadence="working_day",
    since=date(2025, 1, 1),
    until=date(2025, 1, 1),
    again=TABLE.again,
)
