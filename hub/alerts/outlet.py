"""Outlets: by what somebody is told, each a folder of `outlets/` with cases.

An outlet writes a message for an address, which is pure, and sends what it wrote. Everything else
(who is told when, repeats under one id, retries, what is recorded) is `hub.alerts.delivering`'s.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic_settings import BaseSettings

from hub.alerts.quota import UNLIMITED, Quota
from hub.definitions.contract import Doc
from hub.troubles import TroubleError

SECONDS_MAX = 10.0  # a receiver that hangs is left after so long, and tried again


class NotToldError(TroubleError):
    """The receiver is away, refuses or hangs; it is tried again. No secret is in the message."""


class NeverToldError(NotToldError):
    """The receiver says that this one can never be told so: no such number, who is told refuses."""


class ShutError(NotToldError):
    """The outlet takes nothing from us for now, whoever is to be told: nobody else is tried.

    `until`: a while, the outlet's next `hours`, or the next local `day`.
    """

    def __init__(self, message: str, until: Literal["while", "hours", "day"] = "while") -> None:
        super().__init__(message)
        self.until = until


class AddressError(TroubleError):
    """An address is none of its outlet, or a bulletin does not fit it; the message says what is."""


@dataclass(frozen=True)
class Bulletin:
    """What the people of a commune are told, by a wording that its owner has approved.

    `text` is the wording with its `parameters` filled in, `template` the name by which the
    provider of the channel knows the wording, `area` the code of the commune; `level` is the
    alert's: notice, warning or critical.
    """

    wording: str
    template: str
    title: str
    text: str
    parameters: Mapping[str, str]
    area: str
    level: str


@dataclass(frozen=True)
class Message:
    """What somebody is told: `id` is the same however often it is sent.

    `title` is one line, `lines` the Vietnamese text, `brief` the same for who reads little.
    `events` are the events of alerts that it tells of, as JSON values; `link` is an address to
    look at; `files` are name, media type and bytes of what goes with it, where an outlet can;
    `written_at` is when it was decided, in microseconds, the same at each repeat. `bulletin` is
    there where people outside of the offices are told.
    """

    id: str
    written_at: int
    title: str
    lines: tuple[str, ...]
    brief: str
    link: str
    events: tuple[Mapping[str, Any], ...]
    files: tuple[tuple[str, str, bytes], ...] = ()
    bulletin: Bulletin | None = None


# What goes out, by part: of a webhook its url and body. Without secrets, which sending adds.
Written = Mapping[str, str]


def _no_quota(_: Any) -> Quota:
    return UNLIMITED


@dataclass(frozen=True)
class Outlet:
    """A way to tell somebody: `settings` are `HUB_OUTLET_<NAME>_…`, or they may all be silent.

    `write` raises `AddressError`; `send` raises `NotToldError`, and returns once the receiver has
    taken it. `quota` says how much may be sent, and at which hours. What is `for_people` tells
    bulletins, and no alert as officers read it.
    """

    title: Doc
    settings: type[BaseSettings]
    write: Callable[[Message, str], Written]
    send: Callable[[Written, Any], None]
    quota: Callable[[Any], Quota] = field(default=_no_quota)
    for_people: bool = False


Outlets = Mapping[str, tuple[Outlet, BaseSettings]]  # by name, each with its settings


def read_secret(path: Path | None) -> str:
    """Read a secret's file, without the line's end; empty where none is set.

    Raises `NotToldError`.
    """
    if path is None:
        return ""
    try:
        return path.read_text("utf-8").strip()
    except OSError as error:
        raise NotToldError(
            f"không đọc được tệp bí mật | the secret's file cannot be read: {error.strerror}"
        ) from None
