"""MQTT: the message as JSON on a topic, at quality of service 1; the broker says it has it."""

import json
import ssl
from pathlib import Path
from urllib.parse import urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from pydantic import field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from hub.alerts.outlet import (
    SECONDS_MAX,
    AddressError,
    Message,
    NotToldError,
    Outlet,
    Written,
    read_secret,
)
from hub.clock import iso
from hub.definitions.contract import Doc

PORTS = {"mqtt": 1883, "mqtts": 8883}
BYTES_MAX = 65_535  # of a topic, MQTT 3.1.1, 4.7.3


class MqttSettings(BaseSettings):
    """How to reach the broker.

    `url`: `mqtt://host:port` or `mqtts://` (TLS); without it nothing is sent. `user`,
    `password_file`: where the broker asks for them. `ca`: PEM of who signs the broker's
    certificate; without it those whom the machine trusts.
    """

    model_config = SettingsConfigDict(extra="ignore")

    url: str = ""
    user: str = ""
    password_file: Path | None = None
    ca: Path | None = None

    @field_validator("url")
    @classmethod
    def _is_mqtt(cls, value: str) -> str:
        url = urlsplit(value)
        if value and (url.scheme not in PORTS or not url.hostname or "@" in url.netloc):
            raise ValueError("expected mqtt://host:port or mqtts://host:port")
        return value


def write(message: Message, address: str) -> Written:
    """Write the message as JSON; the address is a topic without wildcards."""
    is_topic = address and not set(address) & set("+#\0") and not address.startswith("$")
    if not is_topic or len(address.encode()) > BYTES_MAX:
        raise AddressError(
            f"{address!r}: cần một chủ đề không có + hay # | expected a topic without + and #"
        )
    body = {
        "id": message.id,
        "written_at": iso(message.written_at),
        "title": message.title,
        "text": message.brief,
        "link": message.link,
        "events": list(message.events),
    }
    return {
        "topic": address,
        "payload": json.dumps(body, ensure_ascii=False, separators=(",", ":")),
    }


def send(written: Written, settings: MqttSettings) -> None:
    """Publish it; the broker has acknowledged it, or it is not told."""
    if not settings.url:
        raise NotToldError("chưa đặt HUB_OUTLET_MQTT_URL | it is not set")
    url = urlsplit(settings.url)
    # Of MQTT 5: by 3.1.1 a broker that lets us not write there could only say that it has it.
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    client.connect_timeout = SECONDS_MAX
    refused: list[str] = []
    client.on_publish = lambda *said: refused.extend([str(said[3])] * said[3].is_failure)
    if settings.user:
        client.username_pw_set(settings.user, read_secret(settings.password_file))
    try:
        if url.scheme == "mqtts":
            client.tls_set_context(ssl.create_default_context(cafile=settings.ca))
        client.connect(str(url.hostname), url.port or PORTS[url.scheme], keepalive=30)
        client.loop_start()
        sent = client.publish(written["topic"], written["payload"].encode(), qos=1)
        sent.wait_for_publish(SECONDS_MAX)
        is_taken = sent.rc == MQTTErrorCode.MQTT_ERR_SUCCESS and sent.is_published()
    except (OSError, ValueError, RuntimeError) as error:
        raise NotToldError(f"không gửi được | cannot be sent: {type(error).__name__}") from None
    finally:
        client.disconnect()
        client.loop_stop()
    if refused:
        raise NotToldError(f"máy chủ MQTT từ chối | the broker refused it: {refused[0]}")
    if not is_taken:
        raise NotToldError("máy chủ MQTT không xác nhận | the broker did not acknowledge it")


OUTLET = Outlet(title=Doc("MQTT", "MQTT"), settings=MqttSettings, write=write, send=send)
