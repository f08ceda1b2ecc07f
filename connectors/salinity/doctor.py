"""What the doctor looks at of the stations' broker: whether it answers, and what it dropped.

Mosquitto keeps 1,000 messages for a session that is away (`max_queued_messages`, 2.0) and drops
those that come after, saying so nowhere but in `$SYS/broker/publish/messages/dropped`.
"""

import os
import ssl
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from connectors.salinity.connector import SalinitySettings
from connectors.salinity.upstream import CONNECT_SECONDS, PORTS
from hub.doctor.finding import Finding, good
from hub.settings import read_own

DROPPED = "$SYS/broker/publish/messages/dropped"
TOLD_SECONDS = 11.0  # each 10 s by default a broker tells of itself, and keeps what it told


def findings() -> Iterator[Finding]:
    """Ask the broker of `HUB_SALINITY_URL`; where that is not set there is none to ask."""
    if "HUB_SALINITY_URL" not in os.environ:
        return
    url = read_own("salinity", SalinitySettings).url
    place = urlsplit(url).hostname or ""
    what = f"MQTT {place}"
    try:
        dropped = _dropped(url)
    except OSError as error:
        yield Finding(
            "fault",
            what,
            f"không kết nối được: {error}",
            f"it cannot be reached: {error}",
            "xem máy chủ MQTT có chạy không, và HUB_SALINITY_URL",
            "see that the broker runs, and HUB_SALINITY_URL",
        )
        return
    if dropped is None:
        yield Finding(
            "note",
            what,
            f"máy chủ không cho đọc {DROPPED}, nên không biết đã bỏ bản tin nào chưa",
            f"the broker does not tell {DROPPED}, so nobody knows whether it dropped any",
            f"cho người dùng của trục đọc {DROPPED} (acl_file: topic read $SYS/#)",
            f"let the hub's user read {DROPPED} (acl_file: topic read $SYS/#)",
        )
    elif dropped:
        yield Finding(
            "fault",
            what,
            f"máy chủ đã bỏ {dropped} bản tin từ khi khởi động",
            f"the broker has dropped {dropped} messages since it started",
            "đặt max_queued_messages lớn hơn số bản tin của khoảng vắng dài nhất (12 trạm gửi mỗi"
            " phút trong 72 giờ: 51.840), rồi nạp lại số liệu thiếu từ tệp của trạm",
            "set max_queued_messages above what comes in the longest absence (12 stations each"
            " minute for 72 hours: 51,840), and load what is missing from the stations' files",
        )
    else:
        yield good(what, "chưa bỏ bản tin nào", "it has dropped nothing")


def _dropped(url: str) -> int | None:
    """Give how many messages a broker dropped since it started; None where it does not tell.

    Raises `OSError` where it cannot be reached.
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

    parts = urlsplit(url)
    # No session of its own remains, and that of the connector is left alone.
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
    client.connect_timeout = CONNECT_SECONDS
    client.on_connect, client.on_message = on_connect, on_message
    if parts.username is not None:
        client.username_pw_set(unquote(parts.username), unquote(parts.password or ""))
    if parts.scheme == "mqtts":
        client.tls_set_context(ssl.create_default_context())
    client.connect(parts.hostname or "", parts.port or PORTS[parts.scheme])
    deadline = time.monotonic() + TOLD_SECONDS
    while not counts and not refused and time.monotonic() < deadline:
        if client.loop(0.1):
            break
    client.disconnect()
    if refused:
        raise ConnectionRefusedError(refused[0])
    return counts[0] if counts else None
