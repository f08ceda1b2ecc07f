"""Who is told of alerts while the hub is struck: receivers that refuse, hang, and go away.

With each fault a station that nobody else has measures salt. It is to be told by every outlet: to
officers, or to the people of a commune in approved words. Who receives is found: each outlet has a
module of `tests/chaos/receivers`. In the end, with the receivers back, each is told of each alert,
and of none of them by two messages.
"""

import csv
import os
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

from hub.alerts.messages import KINDS
from hub.bulletins.approval import approve
from hub.bulletins.wording import read_wordings
from hub.clock import DAY_US, VIETNAM, iso, system_clock, to_us
from hub.figures.loading import load_lists
from hub.opening import OpenHub, load_province, open_hub
from hub.settings import Settings
from hub.store import deliveries, report_runs
from tests.chaos import receivers
from tests.chaos.events import Item
from tests.chaos.found import found
from tests.chaos.receiving import AREA, Came, Receiving

HEAD = (
    "name,role,unit,level_from,from_hour,until_hour,otherwise,outlet,address,escalate_minutes,"
    "escalate_to,valid_from,valid_to,source\n"
)
SEEN_SECONDS_MAX = 10.0
AGO = timedelta(minutes=10)  # a rule looks every five: what is younger it has not seen
HOURS_MAX = 60  # of the clock that goes on while what is left is told: a day off, and time to spare
RULE, OWNER = "salinity_over_4", "Giám đốc Sở"
SUBSCRIBERS = "code,area,outlet,address,agreed_on\n"
OCCASIONS = "rule,kind,subject,area,outlet,wording,quiet_from,quiet_until,passes,"
OCCASIONS += "valid_from,valid_to,source\n"
WORDINGS = "name,outlet,owner,title,text,template,valid_from,valid_to,source\n"
TEXT = '"Độ mặn tại {station} là {value} g/L, vượt {threshold} g/L từ {since}."'


@dataclass
class Clock:
    """A clock that is moved by hand."""

    now: datetime

    def __call__(self) -> datetime:
        """Tell the present instant."""
        return self.now


class Told:
    """The receivers, the lists that name them, and what was made for them to be told of."""

    def __init__(self, folder: Path) -> None:
        self.by: dict[str, Receiving] = {}
        for outlet, made in found(receivers).items():
            (folder / outlet).mkdir()
            self.by[outlet] = made(folder / outlet)
        self._is_away = False
        self._numbers = count(1)
        self.lists = folder / "lists"
        self.lists.mkdir()
        rows = [f"Trực {o},duty,,critical,,,,{o},{r.address}" for o, r in self._of(public=False)]
        text = "".join(f"{row},,,2020-01-01,,\n" for row in rows)
        (self.lists / "recipients.csv").write_text(HEAD + text, "utf-8")
        self._people(folder)
        self.env = {
            "HUB_REFERENCE_DIR": str(self.lists),
            "HUB_SUBSCRIBERS_FILE": str(folder / "subscribers.csv"),
        }
        for receiving in self.by.values():
            self.env |= receiving.env

    def _of(self, *, public: bool) -> list[tuple[str, Receiving]]:
        return [(o, r) for o, r in self.by.items() if r.is_public == public]

    def _people(self, folder: Path) -> None:
        """Write who is told beside officers, and in which words."""
        people = self._of(public=True)
        rows = [f"{r.address},{AREA},{o},{r.address},2023-01-01\n" for o, r in people]
        (folder / "subscribers.csv").write_text(SUBSCRIBERS + "".join(rows), "utf-8")
        rows = [f"{RULE},raised,,{AREA},{o},man,,,,2020-01-01,,\n" for o, _ in people]
        (self.lists / "bulletins.csv").write_text(OCCASIONS + "".join(rows), "utf-8")
        rows = [f"man,{o},{OWNER},Mặn,{TEXT},{r.template},2020-01-01,,\n" for o, r in people]
        (self.lists / "wordings.csv").write_text(WORDINGS + "".join(rows), "utf-8")

    def load(self, hub: OpenHub) -> None:
        """Load the lists, and let the words' owner approve them."""
        load_province(hub, self.lists, "the lists")
        now = to_us(hub.clock())
        with (self.lists / "wordings.csv").open(encoding="utf-8") as file:
            found = read_wordings(list(csv.DictReader(file)), now)
        lists = {n: r for w in found.values() for n, r in approve(w, OWNER, str(iso(now))).items()}
        load_lists(hub.log, lists, now, "chaos")

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
        """Let all receivers take, refuse, hang or be away from now on."""
        all_of_them = [r.receiver for r in self.by.values()]
        if self._is_away and manner != "away":
            for receiver in all_of_them:
                receiver.start()
        for receiver in all_of_them:
            receiver.be(manner)
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
        return sum(len(r.receiver.seen) for r in self.by.values())

    def finish(self, settings: Settings) -> None:
        """Tell what is left, by a clock that goes on by the hour, so that nobody has to wait."""
        self.be("take")
        clock = Clock(system_clock())
        file = Path(self.env["HUB_SUBSCRIBERS_FILE"])
        settings = settings.model_copy(update={"subscribers_file": file})
        with _environment(self.env), open_hub(settings, clock) as hub:
            teller, deliverer, issuer = hub.teller(), hub.deliverer(), hub.issuer()
            dispatcher = hub.dispatcher()
            while teller.round() != 0:
                hub.runner.catch_up()
            for _ in range(HOURS_MAX):
                deliverer.round()
                issuer.round()
                dispatcher.round()
                if not _waiting(hub):
                    return
                clock.now += timedelta(hours=1)

    def close(self) -> None:
        """Stop all."""
        self.be("take")
        for receiving in self.by.values():
            receiving.receiver.close()

    def check(self, hub: OpenHub) -> tuple[str, list[str]]:
        """Hold what came against what was decided: what was found, and what is wrong."""
        with hub.store.reading() as reading:
            rows = deliveries.listed(reading.connection, None, 1_000_000, 0)
            events = deliveries.events_of(reading.connection, [r["event_id"] for r in rows])
            missed = deliveries.undecided(reading.connection, tuple(KINDS))
            missed += deliveries.unissued(reading.connection, [RULE], ["raised"])
            raised = {e["subject"] for e in reading.alert_events() if e["kind"] == "raised"}
        came: dict[str, Came] = {outlet: r.came() for outlet, r in self.by.items()}
        messages: dict[tuple[str, str], set[str]] = defaultdict(set)
        wrong = [f"not decided: {e['event_id']}" for e in missed]
        for row in (r for r in rows if r["state"] != deliveries.NOBODY):
            if row["state"] != deliveries.SENT or row["message"] not in came[row["outlet"]]:
                wrong.append(f"not told: {row['event_id']} by {row['outlet']}, {row['state']}")
            messages[row["event_id"], row["outlet"]].add(row["message"])
        wrong += [f"told under two ids: {k}: {v}" for k, v in messages.items() if len(v) > 1]
        for event in events.values():
            is_public = (event["rule"], event["kind"]) == (RULE, "raised")
            wanted = [o for o, r in self.by.items() if is_public or not r.is_public]
            lacking = [o for o in wanted if (event["event_id"], o) not in messages]
            if event["level"] == "critical" and lacking and not _is_past(event, rows):
                wrong.append(f"nobody is told by {lacking} of {event['event_id']}")
        for outlet, texts in came.items():
            known = {r["message"] for r in rows if r["outlet"] == outlet}
            wrong += [f"{outlet}: told, and not decided: {i}" for i in texts.keys() - known]
            wrong += [f"{outlet}: two messages under {i}" for i in texts if len(texts[i]) > 1]
        wrong += self._twice()
        made = {f"CB{n:03}" for n in range(1, next(self._numbers))}
        wrong += [f"not raised: {station}" for station in sorted(made - raised)]
        text = f"{len(made)} alerts made, {len(messages)} tellings decided; taken by"
        text += "".join(f" {o} {len(r.receiver.taken)}," for o, r in self.by.items())
        text += f" of {self._seen()} that came"
        met = sum((r.receiver.met for r in self.by.values()), Counter[str]())
        text += f"; {met['refuse']} were refused, {met['hang']} hung"
        return text, wrong

    def _twice(self) -> list[str]:
        """Look, in what came, for events that were told under two ids."""
        ids: dict[tuple[str, str], set[str]] = defaultdict(set)
        for outlet, receiving in self.by.items():
            for event, name in receiving.told():
                ids[outlet, event].add(name)
        return [f"came under two ids: {e}: {sorted(i)}" for e, i in ids.items() if len(i) > 1]


def _waiting(hub: OpenHub) -> bool:
    with hub.store.reading() as reading:
        states = {state for _, state, *_ in deliveries.counted(reading.connection)}
        runs = report_runs.listed(reading.connection, 1_000)
    return deliveries.WAITING in states or any(r["state"] == report_runs.WAITING for r in runs)


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
