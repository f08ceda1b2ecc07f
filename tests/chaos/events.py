"""Made-up events of contracts, as senders really send them: some late, some again.

Lives of dossiers, readings of stations, payment statistics, and of every other contract what its
cases make, from a seed. Of them 5 % come again, 5 % come hours to months late, 2 % are corrected,
1 % withdrawn; a few are two years old, a few say something else under a known name, and a few break
their contract.
"""

import heapq
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import NamedTuple

from hub import registry
from tests.parts.small import Json
from tests.parts.varied import varied

BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
STEP = timedelta(hours=6)
RECENT_MAX = 2_000
LATE_HOURS_MAX = 90 * 24
# In a step.
NEW_DOSSIERS, NEW_READINGS, NEW_PAYMENTS, NEW_OTHERS = 14, 40, 20, 5
REPEATED, LATE, CORRECTED, WITHDRAWN = 0.05, 0.05, 0.02, 0.01
CONFLICTING, OLD, BROKEN = 0.002, 0.003, 0.001
METHODS = ("cashless", "collection_point", "cash")
SERVICES = ("electricity", "water", "tuition", "hospital")
OTHERS = [n for n in registry.contracts() if n not in ("dossier", "reading", "payment")]
STATIONS = [f"ST{n:02}" for n in range(40)]


class Item(NamedTuple):
    """One thing to be sent; a `broken` one is to be rejected."""

    contract: str
    event: Json
    broken: bool = False


class Events:
    """An endless stream of events, a step of made-up time at once."""

    def __init__(self, seed: int, step: timedelta = STEP) -> None:
        self._step = step
        self.counted: Counter[str] = Counter()
        self._chance = random.Random(f"events {seed}")
        self._numbers = count(1)
        self._name = f"s{seed}"
        self._now = BEGIN
        # What is sent later: when, a number that decides between equals, and what.
        self._later: list[tuple[datetime, int, Item]] = []
        # What happens later to a dossier, in the same form.
        self._lives: list[tuple[datetime, int, Json]] = []
        self._recent: list[Item] = []

    def step(self) -> list[Item]:
        """Let some time go by; give what is sent in it."""
        self._now += self._step
        made = [Item("dossier", e) for e in self._dossiers()]
        made += [Item("reading", self._reading(n)) for n in range(NEW_READINGS)]
        made += [Item("payment", self._payment(n)) for n in range(NEW_PAYMENTS)]
        made += [Item(n, e) for n in OTHERS for _ in range(NEW_OTHERS) for e in self._story(n)]
        sent = [one for item in made for one in self._disturbed(item)]
        while self._later and self._later[0][0] <= self._now:
            sent.append(heapq.heappop(self._later)[2])
        self._chance.shuffle(sent)
        return sent

    def rest(self) -> list[Item]:
        """Give what was held back to be sent late."""
        left = [item for _, _, item in sorted(self._later)]
        self._later = []
        return left

    def valid(self, contract: str) -> Json:
        """Make an event that nobody else sends."""
        if contract == "reading":
            return self._reading(0)
        if contract == "payment":
            return self._payment(0)
        if contract in OTHERS:
            return self._story(contract)[0]
        return self._received(f"H57.{next(self._numbers)}", self._now)

    def _id(self) -> str:
        return f"{self._name}-{next(self._numbers)}"

    def _disturbed(self, item: Item) -> list[Item]:
        """Decide what becomes of one event, and what comes of it."""
        self.counted["made"] += 1
        sent = [item]
        if self._is(OLD):
            item = self._aged(item)
            sent = [item]
            self._hold("repeated", item, hours=self._chance.uniform(1, 48))
        if self._is(LATE):
            sent = []
            self._hold("late", item, hours=LATE_HOURS_MAX ** self._chance.random())
        if self._is(REPEATED):
            self._hold("repeated", item, hours=self._chance.choice((0, 1, 24, 240)))
        if self._is(CORRECTED):
            self._hold("corrected", self._correction(item), hours=self._chance.uniform(1, 72))
        # Only events of dossiers can be withdrawn.
        if item.contract == "dossier" and self._is(2 * WITHDRAWN):
            withdrawal = self._of_dossier(item.event["dossier_code"], "retracted", self._now)
            withdrawal["retracts"] = item.event["event_id"]
            self._hold("withdrawn", Item("dossier", withdrawal), self._chance.uniform(0, 72))
        if self._is(CONFLICTING):
            self._hold("conflicting", self._other_content(item), self._chance.uniform(0, 72))
        if self._is(BROKEN):
            self._hold("broken", self._broken(item), hours=0)
        return sent

    def _is(self, share: float) -> bool:
        return self._chance.random() < share

    def _hold(self, why: str, item: Item, hours: float) -> None:
        self.counted[why] += 1
        at = self._now + timedelta(hours=hours)
        heapq.heappush(self._later, (at, next(self._numbers), item))

    def _aged(self, item: Item) -> Item:
        """Move an event about two years back, where nothing of its kind is."""
        self.counted["two years old"] += 1
        event = dict(item.event)
        for name in ("occurred_at", "measured_at", "due_at"):
            if name in event:
                event[name] = _text(datetime.fromisoformat(event[name]) - timedelta(days=730))
        if "day" in event:
            event["day"] = str(int(event["day"][:4]) - 2) + event["day"][4:8] + "01"
        if "period" in event:
            event["period"] = str(int(event["period"][:4]) - 2) + event["period"][4:8] + "01"
        return Item(item.contract, event)

    def _correction(self, item: Item) -> Item:
        """Say something else of the same thing, under a name of its own and recorded later."""
        event = {**item.event, "event_id": self._id()}
        if item.contract in OTHERS:
            event = varied(item.contract).corrected(event, self._now + timedelta(hours=1))
        elif item.contract == "payment":
            event["revision"] += 1
            event["customers"] += 7
        elif item.contract == "reading":
            event["revised_at"] = _text(self._now + timedelta(hours=1))
            event["value"] = round(event["value"] + 0.125, 3)
        else:
            event["recorded_at"] = _text(self._now + timedelta(hours=1))
            if event["kind"] == "received":
                event["channel"] = "post"
        return Item(item.contract, event)

    def _other_content(self, item: Item) -> Item:
        event = dict(item.event)
        if item.contract in OTHERS:
            event = varied(item.contract).other(self._chance, event)
        elif item.contract == "payment":
            event["amount_vnd"] += 1_000
        elif item.contract == "reading":
            event["value"] = round(event["value"] + 0.5, 3)
        else:
            event["citizen_unit"] = "H57.999"
        return Item(item.contract, event)

    def _broken(self, item: Item) -> Item:
        event = {**item.event, "event_id": self._id(), "không có": 1}
        return Item(item.contract, event, broken=True)

    def _dossiers(self) -> list[Json]:
        """Let dossiers be received, and those that were go on."""
        for _ in range(NEW_DOSSIERS):
            self._begin_life()
        found = []
        while self._lives and self._lives[0][0] <= self._now:
            found.append(heapq.heappop(self._lives)[2])
        return found

    def _begin_life(self) -> None:
        code = f"H57.{next(self._numbers)}"
        at = self._now - self._chance.random() * self._step
        life = [self._received(code, at)]
        kinds = ["processing"]
        if self._is(0.2):
            kinds += ["supplement_requested", "supplemented"]
        if self._is(0.1):
            kinds.append("due_changed")
        ending = "resolved", "returned", "refused", "withdrawn", "stopped"
        kinds.append(self._chance.choices(ending, (20, 2, 1, 1, 1))[0])
        if self._is(0.6):
            kinds.append("synced" if self._is(0.9) else "sync_failed")
        if self._is(0.2):
            kinds.append("rated")
        for kind in kinds:
            at += timedelta(hours=self._chance.expovariate(1 / 30))
            event = self._of_dossier(code, kind, at)
            if kind == "resolved":
                event["resolved_by"] = "H57.2"
            if kind == "due_changed":
                event["due_at"] = _text(at + timedelta(days=9))
            if kind == "rated":
                event["satisfied"] = self._is(0.9)
            life.append(event)
        for event in life:
            when = datetime.fromisoformat(event["occurred_at"])
            heapq.heappush(self._lives, (when, next(self._numbers), event))

    def _of_dossier(self, code: str, kind: str, at: datetime) -> Json:
        event = {"event_id": self._id(), "dossier_code": code, "kind": kind}
        return {**event, "occurred_at": _text(at)}

    def _received(self, code: str, at: datetime) -> Json:
        return {
            **self._of_dossier(code, "received", at),
            "received_by": f"H57.{self._chance.randint(1, 30)}",
            "procedure_code": f"1.{self._chance.randint(1000, 1100):06}",
            "service_level": self._chance.choice(("full", "partial", "information")),
            "channel": self._chance.choice(("counter", "online", "post")),
            "due_at": _text(at + timedelta(days=5)),
        }

    def _reading(self, number: int) -> Json:
        is_salty = self._is(0.7)
        return {
            "event_id": self._id(),
            "station_code": self._chance.choice(STATIONS),
            "measured_at": _text(self._now + timedelta(seconds=number)),
            "quantity": "salinity" if is_salty else "water_level",
            "value": round(self._chance.uniform(0, 8), 3),
            "unit": "g/L" if is_salty else "m",
            "quality": self._chance.choice((1, 1, 1, 2, 4)),
        }

    def _story(self, contract: str) -> list[Json]:
        """Let something happen to what nothing happened to before."""
        at = self._now - self._chance.random() * STEP
        made = varied(contract).story(self._chance, next(self._numbers), at)
        return [{**event, "event_id": self._id()} for event in made]

    def _payment(self, number: int) -> Json:
        customers = self._chance.randint(1, 500)
        return {
            "event_id": self._id(),
            "reporter": f"NH{self._chance.randint(1, 9)}",
            "service": self._chance.choice(SERVICES),
            "method": self._chance.choice(METHODS),
            "area": f"H57.{number + 1}",
            "period": f"{self._now:%Y-%m-%d}",
            "revision": 1,
            "transactions": 2 * customers,
            "customers": customers,
            "amount_vnd": customers * 100_000,
        }


def _text(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
