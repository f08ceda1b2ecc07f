"""What the doctor looks at of the stations' broker: whether it answers, and what it dropped.

Mosquitto keeps 1,000 messages for a session that is away (`max_queued_messages`, 2.0) and drops
those that come after. Whoever published hears nothing of it; the broker counts them since its start
in `$SYS/broker/publish/messages/dropped`, and writes one line to its log (`log_type notice`).
"""

import os
import time
from collections.abc import Iterator
from typing import Any

from paho.mqtt.client import Client, MQTTMessage

from connectors.salinity.broker import BrokerSettings
from connectors.salinity.connector import SalinitySettings
from hub.connecting.feeds import UpstreamError
from hub.doctor.finding import Finding, good
from hub.settings import read_own

DROPPED = "$SYS/broker/publish/messages/dropped"
TOLD_SECONDS = 11.0  # each 10 s by default a broker tells of itself, and keeps what it told


def findings() -> Iterator[Finding]:
    """Ask the broker of `HUB_SALINITY_URL`; where that is not set there is none to ask."""
    if "HUB_SALINITY_URL" not in os.environ:
        return
    broker = read_own("salinity", SalinitySettings)
    what = f"MQTT {broker.place}"
    try:
        lost = dropped(broker)
    except UpstreamError as error:
        yield Finding(
            "fault",
            what,
            f"không kết nối được: {error}",
            f"it cannot be reached: {error}",
            "xem máy chủ MQTT có chạy không, và HUB_SALINITY_URL",
            "see that the broker runs, and HUB_SALINITY_URL",
        )
        return
    if lost is None:
        yield Finding(
            "note",
            what,
            f"máy chủ không cho đọc {DROPPED}, nên không biết đã bỏ bản tin nào chưa",
            f"the broker does not tell {DROPPED}, so nobody knows whether it dropped any",
            f"cho người dùng của trục đọc {DROPPED} (acl_file: topic read $SYS/#)",
            f"let the hub's user read {DROPPED} (acl_file: topic read $SYS/#)",
        )
    elif lost:
        yield Finding(
            "fault",
            what,
            f"máy chủ đã bỏ {lost} bản tin từ khi khởi động",
            f"the broker has dropped {lost} messages since it started",
            "đặt max_queued_messages lớn hơn số bản tin của khoảng vắng dài nhất (12 trạm gửi mỗi"
            " phút trong 72 giờ: 51.840), hoặc 0 và max_queued_bytes, rồi nạp lại số liệu thiếu từ"
            " tệp của trạm; xem docs/runbooks/mosquitto.md",
            "set max_queued_messages above what comes in the longest absence (12 stations each"
            " minute for 72 hours: 51,840), or 0 and max_queued_bytes, and load what is missing"
            " from the stations' files; see docs/runbooks/mosquitto.md",
        )
    else:
        yield good(what, "chưa bỏ bản tin nào", "it has dropped nothing")


def dropped(broker: BrokerSettings) -> int | None:
    """Give how many messages a broker dropped since it started; None where it does not tell.

    Raises `UpstreamError` where it cannot be reached.
    """
    counts: list[int] = []
    refused: list[str] = []

    def on_connect(client: Client, _: Any, __: Any, reason: Any, ___: Any) -> None:
        if reason.is_failure:
            refused.append(str(reason))
        else:
            client.subscribe(DROPPED)

    def on_message(_: Client, __: Any, message: MQTTMessage) -> None:
        counts.append(int(message.payload))

    # No session of its own remains, and that of the connector is left alone.
    client = broker.client()
    client.on_connect, client.on_message = on_connect, on_message
    broker.connect(client)
    deadline = time.monotonic() + TOLD_SECONDS
    while not counts and not refused and time.monotonic() < deadline:
        if client.loop(0.1):
            break
    client.disconnect()
    if refused:
        raise UpstreamError(refused[0])
    return counts[0] if counts else None
