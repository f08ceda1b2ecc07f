"""The salinity stations as a source: 12 stations, one reading an hour."""

from connectors.salinity.again import AGAIN
from hub.definitions.source import Source

SOURCE = Source(
    name="salinity",
    contract="reading",
    title_vi="Trạm quan trắc độ mặn",
    title_en="Salinity stations",
    owner="Sở Nông nghiệp và Môi trường",
    cadence="daily",
    again=AGAIN,
    events_per_due=288,
)
