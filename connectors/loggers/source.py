"""Exports of loggers as a source: they come when somebody reads a logger out.

It owes nothing by itself; the province's list of duties says what it owes.
"""

from datetime import date

from hub.definitions.source import Source

SOURCE = Source(
    name="loggers",
    contract="reading",
    title_vi="Tệp của thiết bị tự ghi",
    title_en="Files of loggers",
    owner="Sở Nông nghiệp và Môi trường",
    cadence="monthly",
    since=date(2021, 1, 1),
    until=date(2021, 1, 1),
)
