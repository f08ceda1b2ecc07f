"""ZNS: a template that the provider has approved, with its parameters, to a telephone number.

As Zalo's service takes them: the number begins with 84, the answer is always 200 with an `error`.
What it says of an error decides who is tried again: this one never, all of them later, or nobody
before the day or the hours begin.
"""

import json
import re
from pathlib import Path
from typing import Annotated, Any

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
from outlets.zns.token import access_token

PHONE = re.compile(r"(?:\+84|84|0)(\d{9})")
TEMPLATE = re.compile(r"[A-Za-z0-9]{1,64}")
PARAMETER_MAX = 100
TOKEN_ENDED = -124
# Of the provider's published codes: of the number or of who has it; of the day; of the hours; of
# the account or the template, which people have to mend.
OF_THIS_ONE = {
    -108: "số điện thoại không hợp lệ | no such number",
    -114: "người dùng không nhận được | the user cannot be told",
    -118: "không có tài khoản | there is no such account",
    -119: "tài khoản không nhận được | the account takes none",
    -139: "người dùng từ chối nhận | the user refuses",
    -141: "người dùng từ chối nhận | the user refuses",
}
OF_THE_DAY = {
    -144: "hết hạn mức ngày của tài khoản | the account's quota of the day is used up",
    -147: "hết hạn mức ngày của mẫu | the template's quota of the day is used up",
}
OF_THE_HOURS = {-133: "không được gửi ban đêm | not to be sent at night"}


class ZnsSettings(BaseSettings):
    """How to reach the service.

    `url`: where it takes messages; without it nothing is sent. `renewal_url`: where it gives
    tokens, to `app_id` with the secret in `secret_file`. `token_file`: JSON with `refresh_token`,
    which is written anew with each pair. `per_minute`, `per_day`: how many messages it takes, 0:
    any. `hours`: at which of the day it may be used.
    """

    model_config = SettingsConfigDict(extra="ignore")

    url: str = ""
    renewal_url: str = ""
    app_id: str = ""
    secret_file: Path | None = None
    token_file: Path | None = None
    per_minute: Annotated[int, Field(ge=0)] = 0
    per_day: Annotated[int, Field(ge=0)] = 0
    hours: str = "06:00-22:00"

    @field_validator("url", "renewal_url")
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
    """Write number, template and parameters; the address is a telephone number."""
    match = PHONE.fullmatch(address)
    if match is None:
        raise AddressError(
            f"số điện thoại có {len(address)} ký tự: cần 0901234567 hoặc 84901234567"
            " | expected a phone number like that"
        )
    bulletin = message.bulletin
    if bulletin is None or not TEMPLATE.fullmatch(bulletin.template):
        named = "" if bulletin is None else bulletin.template
        raise AddressError(
            f"{named!r}: kênh zns chỉ gửi mẫu tin có mã mẫu của nhà cung cấp (cột template)"
            " | zns sends a wording with the provider's template id alone"
        )
    for name, value in bulletin.parameters.items():
        if len(value) > PARAMETER_MAX:
            raise AddressError(
                f"tham số {name} có {len(value)} ký tự: tối đa {PARAMETER_MAX}"
                f" | {name} has {len(value)} characters, {PARAMETER_MAX} at most"
            )
    return {
        "phone": f"84{match[1]}",
        "template_id": bulletin.template,
        "template_data": json.dumps(dict(bulletin.parameters), ensure_ascii=False),
        "tracking_id": message.id,
    }


def send(written: Written, settings: ZnsSettings) -> None:
    """Post it; a token that has ended is made anew once."""
    if not settings.url:
        raise ShutError("chưa đặt HUB_OUTLET_ZNS_URL | it is not set")
    if settings.token_file is None or not settings.renewal_url:
        raise ShutError(
            "chưa đặt HUB_OUTLET_ZNS_TOKEN_FILE hoặc HUB_OUTLET_ZNS_RENEWAL_URL | neither may lack"
        )
    body = {**written, "template_data": json.loads(written["template_data"])}
    asked = (settings.token_file, settings.renewal_url, settings.app_id)
    secret = read_secret(settings.secret_file)
    token = access_token(*asked, secret)
    said = _post(body, settings.url, token)
    if said == TOKEN_ENDED:
        token = access_token(*asked, secret, stale=token)
        said = _post(body, settings.url, token)
    if said:
        raise _refused(said)


def _post(body: dict[str, Any], url: str, token: str) -> int:
    """Post it under a token; give the error that the service names, 0 for none."""
    headers = {"Content-Type": "application/json", "access_token": token}
    content = json.dumps(body, ensure_ascii=False).encode()
    try:
        answer = httpx.post(url, content=content, headers=headers, timeout=SECONDS_MAX)
        answer.raise_for_status()
        return int(answer.json()["error"])
    except httpx.HTTPStatusError as error:
        code = error.response.status_code
        raise ShutError(f"dịch vụ ZNS trả lời {code} | it was answered so") from None
    except httpx.HTTPError as error:
        raise ShutError(f"không gửi được | cannot be sent: {type(error).__name__}") from None
    except (ValueError, KeyError, TypeError):
        raise ShutError("dịch vụ ZNS trả lời không phải JSON | its answer is no JSON") from None


def _refused(code: int) -> NotToldError:
    if code in OF_THIS_ONE:
        return NeverToldError(f"ZNS {code}: {OF_THIS_ONE[code]}")
    if code in OF_THE_DAY:
        return ShutError(f"ZNS {code}: {OF_THE_DAY[code]}", "day")
    if code in OF_THE_HOURS:
        return ShutError(f"ZNS {code}: {OF_THE_HOURS[code]}", "hours")
    return NotToldError(f"dịch vụ ZNS trả lời lỗi {code} | it was answered so")


def quota(settings: ZnsSettings) -> Quota:
    """Say how much the service takes, and when."""
    return Quota(settings.per_minute, settings.per_day, read_hours(settings.hours))


OUTLET = Outlet(
    title=Doc("Tài khoản chính thức (ZNS)", "Official account (ZNS)"),
    settings=ZnsSettings,
    write=write,
    send=send,
    quota=quota,
    for_people=True,
)
