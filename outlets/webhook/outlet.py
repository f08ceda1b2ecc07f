"""A webhook: the message as JSON, signed by HMAC-SHA256 (RFC 2104) or by Ed25519 (RFC 8032).

What is signed is the message's id, a dot and the body: `X-Hub-Id` is signed with it, so that what
was caught cannot be sent again under another id.
"""

import base64
import hashlib
import hmac
import json
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
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


class WebhookSettings(BaseSettings):
    """How webhooks are signed.

    `secret_file`: a file with the secret of HMAC-SHA256; `key_file`: a PEM file with an Ed25519
    key, which then signs beside it. Without both, nothing is signed, and nothing is sent.
    """

    model_config = SettingsConfigDict(extra="ignore")

    secret_file: Path | None = None
    key_file: Path | None = None


def write(message: Message, address: str) -> Written:
    """Write the message as JSON; the address is a URL without a password."""
    url = urlsplit(address)
    if url.scheme not in ("http", "https") or not url.hostname or "@" in url.netloc:
        raise AddressError(
            f"{address.rpartition('@')[2]!r}: cần địa chỉ https://máy/đường-dẫn, không có mật khẩu"
            " | expected https://host/path, without a password"
        )
    body = {
        "id": message.id,
        "written_at": iso(message.written_at),
        "title": message.title,
        "text": "\n".join(message.lines),
        "link": message.link,
        "events": list(message.events),
    }
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return {"url": address, "id": message.id, "body": text}


def signatures(written: Written, settings: WebhookSettings) -> dict[str, str]:
    """Sign what was written; raise `NotToldError` where there is nothing to sign it by."""
    signed = f"{written['id']}.{written['body']}".encode()
    headers = {}
    if secret := read_secret(settings.secret_file):
        digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        headers["X-Hub-Signature-256"] = f"sha256={digest}"
    if pem := read_secret(settings.key_file):
        try:
            key = load_pem_private_key(pem.encode(), None)
        except (ValueError, TypeError):
            key = None
        if not isinstance(key, Ed25519PrivateKey):
            raise NotToldError(
                "HUB_OUTLET_WEBHOOK_KEY_FILE không phải khóa Ed25519 dạng PEM | is no Ed25519 key"
            )
        headers["X-Hub-Signature-Ed25519"] = base64.b64encode(key.sign(signed)).decode()
    if not headers:
        raise NotToldError(
            "chưa đặt HUB_OUTLET_WEBHOOK_SECRET_FILE hoặc HUB_OUTLET_WEBHOOK_KEY_FILE, nên không"
            " ký được | neither is set, so it cannot be signed"
        )
    return headers


def send(written: Written, settings: WebhookSettings) -> None:
    """Post it; any answer but 2xx is a refusal."""
    headers = {
        "Content-Type": "application/json",
        "X-Hub-Id": written["id"],
        **signatures(written, settings),
    }
    body = written["body"].encode()
    try:
        answer = httpx.post(written["url"], content=body, headers=headers, timeout=SECONDS_MAX)
    except httpx.HTTPError as error:
        raise NotToldError(f"không gửi được | cannot be sent: {type(error).__name__}") from None
    if not answer.is_success:
        raise NotToldError(f"bên nhận trả lời {answer.status_code} | it was answered so")


OUTLET = Outlet(title=Doc("Webhook", "Webhook"), settings=WebhookSettings, write=write, send=send)
