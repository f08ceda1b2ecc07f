"""Loudspeakers: a text to be read out in communes, handed to the source information system.

The classes of urgency are those of TT 39/2020/TT-BTTTT: what is ordinary is read by the commune's
own schedule, what has priority in its next programme, an emergency at once. The system's own API is
that of who supplies it: this is the form that a supplier's adapter takes, as JSON over HTTP.
"""

import json
import re
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
from hub.clock import iso
from hub.definitions.contract import Doc

AREAS = re.compile(r"\d{5}(,\d{5}){0,19}")
CHARACTERS_MAX = 600  # about a minute when read out
HOUR_US = 3_600_000_000
# By the alert's level: class of urgency, how often it is read out, and until when it may be.
CLASSES = {
    "notice": ("thong_thuong", 1, 24 * HOUR_US),
    "warning": ("uu_tien", 2, 12 * HOUR_US),
    "critical": ("khan_cap", 3, 2 * HOUR_US),
}
BAD_REQUESTS = (400, 404, 410, 422)
TAKEN_BEFORE = 409


class LoudspeakerSettings(BaseSettings):
    """How to reach the source information system.

    `url`: where it takes bulletins; without it nothing is sent. `token_file`: a file with what it
    asks for as `Authorization: Bearer`. `per_minute`, `per_day`: how many it takes, 0: any.
    `hours`: at which of the day it takes them; empty: at all.
    """

    model_config = SettingsConfigDict(extra="ignore")

    url: str = ""
    token_file: Path | None = None
    per_minute: Annotated[int, Field(ge=0)] = 0
    per_day: Annotated[int, Field(ge=0)] = 0
    hours: str = ""

    @field_validator("url")
    @classmethod
    def _is_http(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("expected https://host/path")
        return value

    @field_validator("hours")
    @classmethod
    def _are_hours(cls, value: str) -> str:
        read_hours(value)
        return value


def write(message: Message, address: str) -> Written:
    """Write text, class, areas and schedule; the address is a commune's code, or some of them."""
    if not AREAS.fullmatch(address):
        raise AddressError(
            f"{address!r}: cần mã xã 5 chữ số, tối đa 20 mã cách nhau dấu phẩy"
            " | expected commune codes of 5 digits, 20 at most, with commas between"
        )
    bulletin = message.bulletin
    if bulletin is None:
        raise AddressError(
            "loa truyền thanh chỉ phát mẫu tin cho người dân, không phát cảnh báo nội bộ"
            " | loudspeakers tell bulletins alone, no officers' alerts"
        )
    if len(bulletin.text) > CHARACTERS_MAX:
        raise AddressError(
            f"lời phát thanh có {len(bulletin.text)} ký tự: tối đa {CHARACTERS_MAX}"
            f" | {len(bulletin.text)} characters, {CHARACTERS_MAX} at most"
        )
    urgency, times, span = CLASSES[bulletin.level]
    schedule = {
        "from": iso(message.written_at),
        "until": iso(message.written_at + span),
        "times": times,
    }
    return {
        "id": message.id,
        "areas": address,
        "urgency": urgency,
        "title": bulletin.title,
        "text": bulletin.text,
        "schedule": json.dumps(schedule),
    }


def send(written: Written, settings: LoudspeakerSettings) -> None:
    """Post it; that it was taken before under the same id is as good as that it is taken."""
    if not settings.url:
        raise ShutError("chưa đặt HUB_OUTLET_LOUDSPEAKER_URL | it is not set")
    headers = {"Content-Type": "application/json", "Idempotency-Key": written["id"]}
    if token := read_secret(settings.token_file):
        headers["Authorization"] = f"Bearer {token}"
    body = {
        **written,
        "areas": written["areas"].split(","),
        "schedule": json.loads(written["schedule"]),
    }
    content = json.dumps(body, ensure_ascii=False).encode()
    try:
        answer = httpx.post(settings.url, content=content, headers=headers, timeout=SECONDS_MAX)
    except httpx.HTTPError as error:
        raise ShutError(f"không gửi được | cannot be sent: {type(error).__name__}") from None
    code = answer.status_code
    if answer.is_success or code == TAKEN_BEFORE:
        return
    said = f"hệ thống thông tin nguồn trả lời {code} | it was answered so"
    if code in BAD_REQUESTS:
        raise NeverToldError(said)
    if code in (401, 403, 429):
        raise ShutError(said)
    raise NotToldError(said)


def quota(settings: LoudspeakerSettings) -> Quota:
    """Say how much the system takes, and when."""
    return Quota(settings.per_minute, settings.per_day, read_hours(settings.hours))


OUTLET = Outlet(
    title=Doc("Loa truyền thanh", "Loudspeakers"),
    settings=LoudspeakerSettings,
    write=write,
    send=send,
    quota=quota,
    for_people=True,
)
