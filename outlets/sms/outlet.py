"""SMS: short text, without diacritics, posted to a gateway over HTTP.

Without diacritics a text is of the GSM 7-bit alphabet (3GPP TS 23.038): 160 characters in a
message, 153 in each part of a longer one, where with them there would be 70 and 67.
"""

import json
import re
import unicodedata
from pathlib import Path
from typing import Annotated

import httpx
from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from hub.alerts.outlet import (
    SECONDS_MAX,
    AddressError,
    Message,
    NeverToldError,
    NotToldError,
    Outlet,
    ShutError,
    Written,
    read_secret,
)
from hub.alerts.quota import Quota, read_hours
from hub.definitions.contract import Doc

PHONE = re.compile(r"(?:\+84|0)\d{9}")
CHARACTERS_MAX = 306  # two parts of 153
DOTS = "..."
BAD_REQUESTS = (400, 404, 410, 422)  # of this message or number, and no better tomorrow


class SmsSettings(BaseSettings):
    """How to reach the gateway.

    `url`: where it takes messages; without it nothing is sent. `token_file`: a file with what it
    asks for as `Authorization: Bearer`. `sender`: the brand name (tên định danh) that is shown.
    `per_minute`, `per_day`: how many messages it takes from us, 0: any. `hours`: at which of the
    day, such as 06:00-22:00; empty: at all.
    """

    model_config = SettingsConfigDict(extra="ignore")

    url: str = ""
    token_file: Path | None = None
    sender: Annotated[str, Field(pattern=r"^[A-Za-z0-9 ._-]{0,11}$")] = ""
    per_minute: Annotated[int, Field(ge=0)] = 0
    per_day: Annotated[int, Field(ge=0)] = 0
    hours: str = ""

    @field_validator("hours")
    @classmethod
    def _are_hours(cls, value: str) -> str:
        read_hours(value)
        return value

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
    """Write the short text, cut where it is too long; its link is whole or not there.

    A bulletin is in words that somebody approved: it is whole, or not written.
    """
    if not PHONE.fullmatch(address):
        raise AddressError(
            f"số điện thoại có {len(address)} ký tự: cần 0901234567 hoặc +84901234567"
            " | expected a phone number like that"
        )
    if message.bulletin is not None:
        return {"to": address, "id": message.id, "text": _whole(message.bulletin.text)}
    text, link = plain(message.brief), f" {plain(message.link)}"
    room = CHARACTERS_MAX - len(link)
    if room < CHARACTERS_MAX // 2:
        room, link = CHARACTERS_MAX, ""
    if len(text) > room:
        text = text[: room - len(DOTS)].rstrip() + DOTS
    return {"to": address, "id": message.id, "text": text + link}


def _whole(text: str) -> str:
    """Write a bulletin's text; raise `AddressError` where it is too long for two parts."""
    bare = plain(text)
    if len(bare) > CHARACTERS_MAX or bare.count("?") > text.count("?"):
        raise AddressError(
            f"tin SMS có {len(bare)} ký tự: tối đa {CHARACTERS_MAX}, chỉ chữ viết được không dấu"
            f" | {len(bare)} characters; {CHARACTERS_MAX} at most, all of them plain letters"
        )
    return bare


def send(written: Written, settings: SmsSettings) -> None:
    """Post it to the gateway; any answer but 2xx is a refusal."""
    if not settings.url:
        raise ShutError("chưa đặt HUB_OUTLET_SMS_URL | it is not set")
    headers = {"Content-Type": "application/json", "Idempotency-Key": written["id"]}
    if token := read_secret(settings.token_file):
        headers["Authorization"] = f"Bearer {token}"
    own = {"from": settings.sender} if settings.sender else {}
    body = json.dumps({**written, **own}, ensure_ascii=False).encode()
    try:
        answer = httpx.post(settings.url, content=body, headers=headers, timeout=SECONDS_MAX)
    except httpx.HTTPError as error:
        raise ShutError(f"không gửi được | cannot be sent: {type(error).__name__}") from None
    if answer.is_success:
        return
    said = f"cổng SMS trả lời {answer.status_code} | it was answered so"
    if answer.status_code in BAD_REQUESTS:
        raise NeverToldError(said)
    if answer.status_code in (401, 403, 429):
        raise ShutError(said)
    raise NotToldError(said)


def quota(settings: SmsSettings) -> Quota:
    """Say how much the gateway takes, and when."""
    return Quota(settings.per_minute, settings.per_day, read_hours(settings.hours))


OUTLET = Outlet(
    title=Doc("Tin nhắn SMS", "SMS"), settings=SmsSettings, write=write, send=send, quota=quota
)
