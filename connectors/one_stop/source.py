"""The one-stop system as a source."""

from connectors.one_stop.again import AGAIN
from hub.definitions.source import Source

SOURCE = Source(
    name="one_stop",
    contract="dossier",
    title_vi="Hệ thống thông tin một cửa",
    title_en="One-stop dossier system",
    owner="Văn phòng UBND tỉnh",
    cadence="working_day",
    again=AGAIN,
)
