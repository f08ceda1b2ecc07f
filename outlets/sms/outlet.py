"""SMS: short text, without diacritics, posted to a gateway over HTTP.

Without diacritics a text is of the GSM 7-bit alphabet (3GPP TS 23.038): 160 characters in a
message, 153 in each part of a longer one, where with them there would be 70 and 67.
"""

import json
import re
import unicodedata
from pathlib import Path

import httpx
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
from hub.definitions.contract import Doc

PHONE = re.compile(r"(?:\+84|0)\d{9}")
CHARACTERS_MAX = 306  # two parts of 153
DOTS = "..."


class SmsSettings(BaseSettings):
    """How to reach the gateway.

    `url`: where it takes messages; without it nothing is sent. `token_file`: a file with what it
    asks for as `Authorization: Bearer`.
    """

    model_config = SettingsConfigDict(extra="ignore")

    url: str = ""
    token_file: Path | None = None

    @field_validator("url")
    @classmethod
    def _is_http(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("expected https://host/path")
        return value


def plain(text: str) -> str:
    """Write Vietnamese without diacritics; what is in no way ASCII becomes a question mark."""
    bare = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    kept = "".join(c for c in bare if not unicodedata.combining(c))
    kept = kept.replace("–", "-").replace("…", DOTS)
    return " ".join(kept.encode("ascii", "replace").decode().split())


def write(message: Message, address: str) -> Written:
    """Write the short text, cut where it is too long; its link is whole or not there."""
    if not PHONE.fullmatch(address):
        raise AddressError(
            f"số điện thoại có {len(address)} ký tự: cần 0901234567 hoặc +84901234567"
            " | expected a phone number like that"
        )
    text, link = plain(message.brief), f" {plain(message.link)}"
    room = CHARACTERS_MAX - len(link)
    if room < CHARACTERS_MAX // 2:
        room, link = CHARACTERS_MAX, ""
    if len(text) > room:
        text = text[: room - len(DOTS)].rstrip() + DOTS
    return {"to": address, "id": message.id, "text": text + link}


def send(written: Written, settings: SmsSettings) -> None:
    """Post it to the gateway; any answer but 2xx is a refusal."""
    if not settings.url:
        raise NotToldError("chưa đặt HUB_OUTLET_SMS_URL | it is not set")
    headers = {"Content-Type": "application/json", "Idempotency-Key": written["id"]}
    if token := read_secret(settings.token_file):
        headers["Authorization"] = f"Bearer {token}"
    body = json.dumps(dict(written), ensure_ascii=False).encode()
    try:
        answer = httpx.post(settings.url, content=body, headers=headers, timeout=SECONDS_MAX)
    except httpx.HTTPError as error:
        raise NotToldError(f"không gửi được | cannot be sent: {type(error).__name__}") from None
    if not answer.is_success:
        raise NotToldError(f"cổng SMS trả lời {answer.status_code} | it was answered so")


OUTLET = Outlet(title=Doc("Tin nhắn SMS", "SMS"), settings=SmsSettings, write=write, send=send)
