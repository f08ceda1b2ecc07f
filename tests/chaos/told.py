"""Who is told of alerts while the hub is struck: receivers that refuse, hang, and go away.

With each fault a station that nobody else has measures salt, which people are to be told of by an
HTTP receiver and an SMTP server. In the end, with the receivers back, each is told of each alert,
and of none of them by two messages.
"""

import json
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes
from itertools import count
from pathlib import Path

from hub.alerts.messages import KINDS
from hub.clock import DAY_US, VIETNAM, system_clock
from hub.opening import OpenHub, open_hub
from hub.settings import Settings
from hub.store import deliveries
from tests.chaos.events import Item
from tests.parts.receivers import HttpReceiver, SmtpReceiver

HEAD = (
    "name,role,unit,level_from,from_hour,until_hour,otherwise,outlet,address,escalate_minutes,"
    "escalate_to,valid_from,valid_to,source\n"
)
SEEN_SECONDS_MAX = 10.0
AGO = timedelta(minutes=10)  # a rule looks every five: what is younger it has not seen
HOURS_MAX = 60  # of the clock that goes on while what is left is told: a day off, and time to spare
OUTLETS = ("mail", "webhook")


@dataclass
class Clock:
    """A clock that is moved by hand."""

    now: datetime

    def __call__(self) -> datetime:
        """Tell the present instant."""
        return self.now


class Told:
    """Two receivers, the list that names them, and what was made for them to be told of."""

    def __init__(self, folder: Path) -> None:
        self.http, self.smtp = HttpReceiver(), SmtpReceiver()
        self._is_away = False
        self._numbers = count(1)
        self.lists = folder / "lists"
        self.lists.mkdir()
        rows = [("Trực ban", "webhook", self.http.url), ("Lãnh đạo", "mail", "a@tinh.gov.vn")]
        text = "".join(f"{n},duty,,critical,,,,{o},{a},,,2020-01-01,,\n" for n, o, a in rows)
        (self.lists / "recipients.csv").write_text(HEAD + text, "utf-8")
        secret = folder / "secret"
        secret.write_text("bí mật\n", "utf-8")
        self.env = {
            "HUB_REFERENCE_DIR": str(self.lists),
            "HUB_OUTLET_WEBHOOK_SECRET_FILE": str(secret),
            "HUB_OUTLET_MAIL_SERVER": self.smtp.server,
            "HUB_OUTLET_MAIL_SENDER": "hub@tinh.gov.vn",
            "HUB_OUTLET_MAIL_TLS": "none",
        }

    def reading(self) -> Item:
        """Measure salt by the machine's own clock, where nothing was measured before."""
        number = next(self._numbers)
        at = system_clock().astimezone(VIETNAM) - AGO
        event = {
            "event_id": f"told-{number}",
            "station_code": f"CB{number:03}",
            "measured_at": at.isoformat(timespec="seconds"),
            "quantity": "salinity",
            "value": 6.1,
            "unit": "g/L",
        }
        return Item("reading", event)

    def be(self, manner: str) -> None:
        """Let both receivers take, refuse, hang or be away from now on."""
        receivers = self.http, self.smtp
        if self._is_away and manner != "away":
            for receiver in receivers:
                receiver.start()
        for receiver in receivers:
            receiver.manner = manner
            # Who hung is let go of, and who comes now hangs.
            receiver.released.set()
            if manner == "hang":
                receiver.released.clear()
            if manner == "away" and not self._is_away:
                receiver.stop()
        self._is_away = manner == "away"

    def until_met(self, manner: str) -> None:
        """Be so until the hub has sent something to a receiver that is; not for ever."""
        self.be(manner)
        before, deadline = self._seen(), time.monotonic() + SEEN_SECONDS_MAX
        while self._seen() == before and time.monotonic() < deadline:
            time.sleep(0.05)

    def _seen(self) -> int:
        return len(self.http.seen) + len(self.smtp.seen)

    def finish(self, settings: Settings) -> None:
        """Tell what is left, by a clock that goes on by the hour, so that nobody has to wait."""
        self.be("take")
        clock = Clock(system_clock())
        with _environment(self.env), open_hub(settings, clock) as hub:
            teller, deliverer = hub.teller(), hub.deliverer()
            while teller.round() != 0:
                hub.runner.catch_up()
            for _ in range(HOURS_MAX):
                deliverer.round()
                if not _waiting(hub):
                    return
                clock.now += timedelta(hours=1)

    def close(self) -> None:
        """Stop both."""
        self.be("take")
        self.http.close()
        self.smtp.close()

    def check(self, hub: OpenHub) -> tuple[str, list[str]]:
        """Hold what came against what was decided: what was found, and what is wrong."""
        with hub.store.reading() as reading:
            rows = deliveries.listed(reading.connection, None, 1_000_000, 0)
            events = deliveries.events_of(reading.connection, [r["event_id"] for r in rows])
            missed = deliveries.undecided(reading.connection, tuple(KINDS))
            raised = {e["subject"] for e in reading.alert_events() if e["kind"] == "raised"}
        came = {"webhook": self._webhooks(), "mail": self._mails()}
        messages: dict[tuple[str, str], set[str]] = defaultdict(set)
        wrong = [f"not decided: {e['event_id']}" for e in missed]
        for row in (r for r in rows if r["state"] != deliveries.NOBODY):
            if row["state"] != deliveries.SENT or row["message"] not in came[row["outlet"]]:
                wrong.append(f"not told: {row['event_id']} by {row['outlet']}, {row['state']}")
            messages[row["event_id"], row["outlet"]].add(row["message"])
        wrong += [f"told under two ids: {k}: {v}" for k, v in messages.items() if len(v) > 1]
        for event in events.values():
            lacking = [o for o in OUTLETS if (event["event_id"], o) not in messages]
            if event["level"] == "critical" and lacking and not _is_past(event, rows):
                wrong.append(f"nobody is told by {lacking} of {event['event_id']}")
        for outlet, texts in came.items():
            known = {r["message"] for r in rows if r["outlet"] == outlet}
            wrong += [f"{outlet}: told, and not decided: {i}" for i in texts.keys() - known]
            wrong += [f"{outlet}: two messages under {i}" for i in texts if len(texts[i]) > 1]
        wrong += self._twice()
        made = {f"CB{n:03}" for n in range(1, next(self._numbers))}
        wrong += [f"not raised: {station}" for station in sorted(made - raised)]
        taken = len(self.http.taken), len(self.smtp.taken)
        text = f"{len(made)} alerts made, {len(messages)} tellings decided; {taken[0]} webhooks"
        text += f" and {taken[1]} mails taken, of {len(self.http.seen)} and {len(self.smtp.seen)}"
        met = self.http.met + self.smtp.met
        text += f"; {met['refuse']} were refused, {met['hang']} hung"
        return text, wrong

    def _webhooks(self) -> dict[str, set[bytes]]:
        found: dict[str, set[bytes]] = defaultdict(set)
        for headers, body in self.http.taken:
            found[headers["X-Hub-Id"]].add(body)
        return found

    def _mails(self) -> dict[str, set[bytes]]:
        found: dict[str, set[bytes]] = defaultdict(set)
        for envelope in self.smtp.taken:
            name = message_from_bytes(envelope.content)["Message-ID"]
            found[name.strip("<>").partition("@")[0]].add(envelope.content)
        return found

    def _twice(self) -> list[str]:
        """Look, in what came, for events that were told under two ids."""
        ids: dict[str, set[str]] = defaultdict(set)
        for headers, body in self.http.taken:
            for event in json.loads(body)["events"]:
                ids[event["event_id"]].add(headers["X-Hub-Id"])
        return [f"came under two ids: {e}: {sorted(i)}" for e, i in ids.items() if len(i) > 1]


def _waiting(hub: OpenHub) -> bool:
    with hub.store.reading() as reading:
        return any(
            state == deliveries.WAITING for _, state, *_ in deliveries.counted(reading.connection)
        )


def _is_past(event: deliveries.Row, rows: list[deliveries.Row]) -> bool:
    """Tell whether an event was over a day ago, by a clock that was ahead, when it was decided."""
    decided = [r["decided_at"] for r in rows if r["event_id"] == event["event_id"]]
    return bool(event["at"] < max(decided) - DAY_US)


@contextmanager
def _environment(more: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(more)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
