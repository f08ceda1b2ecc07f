"""A hub with people who are told: an outlet that keeps what it was given, lists, and a clock."""

import threading
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings

from hub.alerts.outlet import Message, NotToldError, Outlet, Written
from hub.alerts.quota import UNLIMITED, Quota
from hub.alerts.telling import append
from hub.bulletins.approval import approve, withdraw
from hub.bulletins.issuing import Issuer, read_lists
from hub.clock import iso, to_us
from hub.definitions.contract import Doc
from hub.figures.loading import load_lists
from hub.store import deliveries
from tests.conftest import Hub

OWNER = "Giám đốc Sở"
TEXT = "Độ mặn tại {station} là {value} g/L, vượt {threshold} g/L từ {since}. Xã {area}."
ENDED = "Độ mặn tại {station} đã dưới {threshold} g/L từ {ended}."


def occasion(kind: str = "raised", wording: str = "man", **more: str) -> dict[str, str]:
    """Write a row of the list `bulletins`."""
    row = {
        "rule": "salinity_over_4",
        "kind": kind,
        "subject": "",
        "area": "28567",
        "outlet": "drum",
        "wording": wording,
        "quiet_from": "",
        "quiet_until": "",
        "passes": "",
        "valid_from": "2020-01-01",
        "valid_to": "",
        "source": "",
    }
    return {**row, **more}


def wording(name: str = "man", text: str = TEXT, **more: str) -> dict[str, str]:
    """Write a row of the list `wordings`."""
    row = {"name": name, "outlet": "drum", "owner": OWNER, "title": "Xâm nhập mặn", "text": text}
    ends = {"template": "", "valid_from": "2020-01-01", "valid_to": "", "source": ""}
    return {**row, **ends, **more}


class Outpost:
    """An outlet that keeps what it was given; who is in `raising` does not take it.

    It hangs while `holds` is there and not set; `held` says that it does.
    """

    def __init__(self) -> None:
        self.quota = UNLIMITED
        self.raising: dict[str, NotToldError] = {}
        self.holds: threading.Event | None = None
        self.held = threading.Event()
        self.tried: list[tuple[str, Message]] = []
        self.taken: list[tuple[str, Message]] = []
        self._messages: dict[str, Message] = {}

    def write(self, message: Message, address: str) -> Written:
        """Keep the message for sending."""
        self._messages[message.id] = message
        return {"to": address, "id": message.id}

    def send(self, written: Written, _: BaseSettings) -> None:
        """Take it, or not."""
        told = written["to"], self._messages[written["id"]]
        self.tried.append(told)
        if self.holds is not None:
            self.held.set()
            self.holds.wait(60)
        if (error := self.raising.get(written["to"]) or self.raising.get("")) is not None:
            raise error
        self.taken.append(told)

    def outlet(self) -> Outlet:
        """Open it."""
        quota: Quota = self.quota
        doc = Doc("Trống", "Drum")
        return Outlet(doc, BaseSettings, self.write, self.send, lambda _: quota, for_people=True)

    @property
    def texts(self) -> list[tuple[str, str]]:
        """Give to whom what was told."""
        return [(to, message.brief) for to, message in self.taken]


class Commune:
    """A hub and the people that it tells; each round is as after a restart."""

    def __init__(self, hub: Hub, folder: Path) -> None:
        self.hub = hub
        self.drum = Outpost()
        self.file = folder / "subscribers.csv"
        self.people("nd-1")

    def people(self, *codes: str, area: str = "28567") -> None:
        """Write the file of subscribers; the address of each is its code."""
        head = "code,area,outlet,address,agreed_on\n"
        lines = "".join(f"{code},{area},drum,{code},2023-01-01\n" for code in codes)
        self.file.write_text(head + lines, "utf-8")

    def lists(self, **tables: Iterable[dict[str, str]]) -> None:
        """Load lists."""
        rows = {name: list(listed) for name, listed in tables.items()}
        load_lists(self.hub.log, rows, to_us(self.hub.now), "tester")
        self.hub.runner.catch_up()

    def approve(self, name: str = "man", *, withdrawn: bool = False) -> None:
        """Let a wording's owner approve it as it stands, or take that back."""
        lists = read_lists(self.hub.store, (), to_us(self.hub.now))
        now = str(iso(to_us(self.hub.now)))
        found = lists.wordings[name, "drum"]
        self.lists(**(withdraw(name, "drum") if withdrawn else approve(found, OWNER, now)))

    def came(self, *events: dict[str, Any]) -> None:
        """Append events of alerts."""
        append(self.hub.log, events, to_us(self.hub.now))
        self.hub.runner.catch_up()

    def round(self, **later: float) -> int:
        """Let the clock run, and tell."""
        self.hub.now += timedelta(**later)
        return self.issuer().round()

    def issuer(self) -> Issuer:
        """Open what tells people."""
        outlets = {"drum": (self.drum.outlet(), BaseSettings())}
        return Issuer(self.hub.store, outlets, self.file, lambda: self.hub.now)

    def kept(self) -> list[dict[str, Any]]:
        """Give what is kept of deliveries."""
        with self.hub.store.reading() as reading:
            return deliveries.listed(reading.connection, None, 10_000, 0)

    def states(self) -> dict[str, str]:
        """Give the state of each delivery, by recipient and kind of event."""
        with self.hub.store.reading() as reading:
            rows = deliveries.listed(reading.connection, None, 10_000, 0)
            events = deliveries.events_of(reading.connection, [r["event_id"] for r in rows])
        return {f"{r['recipient']} {events[r['event_id']]['kind']}": r["state"] for r in rows}
