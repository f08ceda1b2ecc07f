"""Outlets against real receivers: an HTTP server, an SMTP server and Mosquitto.

Each takes, refuses, hangs, is away, and comes back.
"""

import base64
import hashlib
import hmac
import json
import signal
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from paho.mqtt.enums import CallbackAPIVersion

from deploy.local.services.mosquitto import Mosquitto
from deploy.local.services.ports import HOST
from hub.alerts.outlet import Message, NotToldError
from outlets.mail import outlet as mail
from outlets.mqtt import outlet as mqtt
from outlets.sms import outlet as sms
from outlets.webhook import outlet as webhook
from tests.parts.receivers import HttpReceiver, SmtpReceiver
from tests.parts.waiting import until

MESSAGE = Message(
    id="0f3a9c1e5b7d2a4c6e80",
    written_at=1_677_628_800_000_000,
    title="[nghiêm trọng] CẢNH BÁO: ST01",
    lines=("Trạm ST01: độ mặn 4,5 g/L", "Xem: http://hub/?group=salinity"),
    brief="CẢNH BÁO: Trạm ST01: độ mặn 4,5 g/L",
    link="http://hub/?group=salinity",
    events=({"kind": "raised", "value": "4.5"},),
)


@pytest.fixture(autouse=True)
def _soon_left(monkeypatch: pytest.MonkeyPatch) -> None:
    for outlet in (webhook, sms, mail, mqtt):
        monkeypatch.setattr(outlet, "SECONDS_MAX", 1.0)


@pytest.fixture
def http() -> Iterator[HttpReceiver]:
    opened = HttpReceiver()
    yield opened
    opened.close()


@pytest.fixture
def smtp() -> Iterator[SmtpReceiver]:
    opened = SmtpReceiver()
    yield opened
    opened.close()


def through_all(receiver: Any, send: Any) -> None:
    """Send to one that refuses, hangs, is away, and comes back."""
    for manner in ("refuse", "hang", "away"):
        receiver.manner = manner
        if manner == "away":
            receiver.released.set()
            receiver.stop()
        with pytest.raises(NotToldError) as error:
            send()
        vi, mark, en = str(error.value).partition(" | ")
        assert vi and mark and en  # noqa: PT018
    receiver.manner = "take"
    receiver.start()
    send()
    assert len(receiver.taken) == 1


def test_a_webhook_is_signed_in_both_ways(http: HttpReceiver, tmp_path: Path) -> None:
    key, secret, pem = Ed25519PrivateKey.generate(), tmp_path / "secret", tmp_path / "key.pem"
    secret.write_text("chìa khóa\n", "utf-8")
    pem.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    settings = webhook.WebhookSettings(secret_file=secret, key_file=pem)
    through_all(http, lambda: webhook.send(webhook.write(MESSAGE, http.url), settings))
    assert len(http.seen) == 3
    ((headers, body),) = http.taken
    signed = b"0f3a9c1e5b7d2a4c6e80." + body
    mac = hmac.new("chìa khóa".encode(), signed, hashlib.sha256).hexdigest()
    assert headers["X-Hub-Signature-256"] == f"sha256={mac}"
    key.public_key().verify(base64.b64decode(headers["X-Hub-Signature-Ed25519"]), signed)
    assert json.loads(body)["text"].startswith("Trạm ST01")


def test_a_webhook_without_a_readable_secret_is_not_sent(
    http: HttpReceiver, tmp_path: Path
) -> None:
    odd = tmp_path / "odd"
    odd.write_text("no key")
    for settings in (
        webhook.WebhookSettings(),
        webhook.WebhookSettings(secret_file=tmp_path / "none"),
        webhook.WebhookSettings(key_file=odd),
    ):
        with pytest.raises(NotToldError):
            webhook.send(webhook.write(MESSAGE, http.url), settings)
    assert http.seen == []


def test_an_sms_gateway_gets_short_text_under_a_token(http: HttpReceiver, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("abc\n")
    settings = sms.SmsSettings(url=http.url, token_file=token)
    through_all(http, lambda: sms.send(sms.write(MESSAGE, "0901234567"), settings))
    ((headers, body),) = http.taken
    assert headers["Authorization"] == "Bearer abc"
    assert headers["Idempotency-Key"] == MESSAGE.id
    assert json.loads(body)["text"].startswith("CANH BAO: Tram ST01: do man 4,5 g/L")


def test_mail_goes_to_a_real_server(smtp: SmtpReceiver) -> None:
    settings = mail.MailSettings(server=smtp.server, sender="hub@tinh.gov.vn", tls="none")
    through_all(smtp, lambda: mail.send(mail.write(MESSAGE, "truc@tinh.gov.vn"), settings))
    (envelope,) = smtp.taken
    assert (envelope.mail_from, envelope.rcpt_tos) == ("hub@tinh.gov.vn", ["truc@tinh.gov.vn"])
    told = message_from_bytes(envelope.content, policy=policy.default)
    assert told["Subject"] == "[nghiêm trọng] CẢNH BÁO: ST01"
    assert told["Message-ID"] == "<0f3a9c1e5b7d2a4c6e80@tinh.gov.vn>"
    assert told.get_content().replace("\r\n", "\n") == "\n".join(MESSAGE.lines) + "\n"


def test_mail_is_not_sent_in_the_clear_where_tls_is_asked_for(smtp: SmtpReceiver) -> None:
    settings = mail.MailSettings(server=smtp.server, sender="hub@tinh.gov.vn")
    with pytest.raises(NotToldError):
        mail.send(mail.write(MESSAGE, "truc@tinh.gov.vn"), settings)
    assert smtp.seen == []


def test_mqtt_is_acknowledged_by_mosquitto_that_hangs_stops_and_comes_back(
    mosquitto: Mosquitto,
) -> None:
    came: list[bytes] = []
    listener = paho.Client(CallbackAPIVersion.VERSION2)
    listener.on_message = lambda _, __, message: came.append(bytes(message.payload))

    @listener.connect_callback()
    def _connected(*_: Any) -> None:
        listener.subscribe("canh-bao/#", 1)

    listening: list[int] = []
    listener.on_subscribe = lambda *_: listening.append(1)
    listener.connect(HOST, mosquitto.port)
    listener.loop_start()
    settings = mqtt.MqttSettings(url=mosquitto.address)
    written = mqtt.write(MESSAGE, "canh-bao/st01")
    try:
        until(lambda: listening, "it listens")
        mqtt.send(written, settings)
        until(lambda: came, "it came")
        assert json.loads(came[0])["id"] == MESSAGE.id
        process = mosquitto.process
        assert process is not None
        process.send(signal.SIGSTOP)
        with pytest.raises(NotToldError):
            mqtt.send(written, settings)
        process.send(signal.SIGCONT)
        mosquitto.kill()
        with pytest.raises(NotToldError):
            mqtt.send(written, settings)
        mosquitto.start()
        until(lambda: len(listening) > 1, "it listens again")
        mqtt.send(written, settings)
        until(lambda: len(came) > 1, "it came again")
        assert {json.loads(c)["id"] for c in came} == {MESSAGE.id}
    finally:
        listener.disconnect()
        listener.loop_stop()
