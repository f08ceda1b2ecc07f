"""Makes the events of the golden pack, as senders post them: three years of dossiers, by chance.

Chance is seeded, so the same pack comes out everywhere. What is rare in life is common here: ends
at midnight, on the due day and beside it, reopened dossiers, events withdrawn before they come.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

Json = dict[str, Any]
LISTS = Path(__file__).parents[3] / "reference"
VIETNAM = timezone(timedelta(hours=7))
FIRST, LAST = date(2024, 1, 1), date(2026, 12, 31)
MERGER = date(2025, 7, 1)
SENDERS = ("one_stop", "portal")
CHANNELS = ("counter", "online", "post")
LEVELS = ("full", "partial", "information")
# Old communes: merged whole (31498, 31501, 31504 and 31507 into 31507, a code used again), split
# (31178, 31183, 31207, of which two codes are used again); a district, that ended.
OLD = ("31498", "31501", "31504", "31507", "31178", "31183", "31207", "916", "31120")
NEW = ("31507", "31120", "31168", "31150", "31183", "31207", "31228", "92")
# Departments, in both ways of writing; no list has them, so they are below no unit.
OFFICES = ("H57.132", "000.00.19.H57", "H57.7")
DATED = {"valid_from": "2020-01-01", "valid_to": "", "source": "synthetic"}


@dataclass(frozen=True)
class Procedure:
    """A procedure: its field, level, and how its time is counted, as the lists say it."""

    code: str
    field_vi: str
    service_level: str
    counts: str
    amount: str
    on_supplement: str = "pause"
    hours: tuple[str, str] = ("", "")


PROCEDURES = (
    Procedure("1.005129", "Lý lịch tư pháp", "full", "working_days", "10"),
    Procedure("2.000001", "Xây dựng", "partial", "working_days", "15", "restart"),
    Procedure("2.000488", "Đất đai", "partial", "calendar_days", "30"),
    Procedure("1.001193", "Hộ tịch", "full", "fixed_hours", "", "pause", ("15:00", "17:00")),
    Procedure("1.004873", "Hộ tịch", "information", "working_days", "3", "go_on"),
    Procedure("3.000123", "Thuế", "full", "working_hours", "20"),
)
SUFFIXES = ("", "", ".H57", ".000.00.00.H57")  # as some write a procedure
UNCLOCKED = "9.999999"  # on no list: it has no policy and stands under no field


def rows(name: str) -> list[dict[str, str]]:
    """Read a list of the real divisions, or one that is installed."""
    with (LISTS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def lists() -> dict[str, list[dict[str, str]]]:
    """Give the lists of the pack's province; of one split commune the weights are known."""
    weights = {("31178", "31120"): "0.35", ("31178", "31168"): "0.65"}
    lineage = rows("divisions/can-tho/lineage.csv")
    pause = {"on_payment": "pause"}
    return {
        "units": rows("divisions/can-tho/units.csv"),
        "lineage": [
            r | {"weight": weights.get((r["from_code"], r["to_code"]), r["weight"])}
            for r in lineage
        ],
        "procedures": [
            {
                "code": p.code,
                "name_vi": f"Thủ tục {p.code}",
                "field_vi": p.field_vi,
                "service_level": p.service_level,
            }
            | DATED
            for p in PROCEDURES
        ],
        "calendar": rows("calendar.csv"),
        "hours": [
            {"unit": "", "opens": "07:30", "closes": "11:30"} | DATED,
            {"unit": "", "opens": "13:30", "closes": "17:00"} | DATED,
            {"unit": "31507", "opens": "08:00", "closes": "16:00"} | DATED,
        ],
        "clock_policies": [
            {
                "procedure": p.code,
                "counts": p.counts,
                "amount": p.amount,
                "before": p.hours[0],
                "due_hour": p.hours[1],
                "on_supplement": p.on_supplement,
            }
            | pause
            | DATED
            for p in PROCEDURES
        ],
    }


@dataclass
class Story:
    """One dossier as it is told: its code, who tells it, and the events so far."""

    code: str
    sender: str
    chance: Random
    events: list[tuple[str, Json]] = field(default_factory=list)

    def tell(self, kind: str, at: datetime, **more: Any) -> str:
        """Add an event; give its id. What is None is left out."""
        event_id = f"{len(self.events) + 1}"
        said = {n: v for n, v in more.items() if v is not None}
        event = {
            "event_id": event_id,
            "dossier_code": self.code,
            "kind": kind,
            "occurred_at": at.isoformat(),
            **said,
        }
        self.events.append((said.pop("sender", self.sender), event))
        event.pop("sender", None)
        return event_id

    def happens(self, share: float) -> bool:
        """Throw a coin."""
        return self.chance.random() < share


def moment(chance: Random, day: date) -> datetime:
    """Give an instant of a day: in office hours, or at one of its edges."""
    edge = chance.random()
    at = datetime(day.year, day.month, day.day, tzinfo=VIETNAM)
    if edge < 0.02:
        return at
    if edge < 0.04:
        return at + timedelta(days=1, microseconds=-1)
    return at + timedelta(minutes=450 + chance.randrange(570), microseconds=chance.randrange(3))


def code_of(number: int, unit: str, day: date) -> str:
    """Name a dossier: a unit's counter of the day, in the way that the unit writes codes."""
    return f"{unit}-{day:%y%m%d}-{number:04}"


def units_on(day: date) -> tuple[str, ...]:
    """Give the units that receive on a day."""
    return (*(OLD if day < MERGER else NEW), *OFFICES)


def due_day(chance: Random, day: date) -> date:
    """Say when a source promises a result: it counts days, and hardly looks at a calendar."""
    return day + timedelta(days=chance.choice((1, 3, 7, 10, 14, 15, 21, 30)))


def receive(story: Story, day: date) -> tuple[datetime, date | None]:
    """Tell the reception, now and then twice; give when it was, and the day that was promised."""
    chance = story.chance
    at = moment(chance, day)
    due = None if story.happens(0.12) else due_day(chance, day)
    closes = None if due is None else datetime(due.year, due.month, due.day, 17, tzinfo=VIETNAM)
    unit = chance.choice(units_on(day))
    code = chance.choice([*(p.code for p in PROCEDURES), UNCLOCKED])
    said = {
        "received_by": unit,
        "resolved_by": chance.choice((None, unit, unit, chance.choice(units_on(day)))),
        "citizen_unit": chance.choice((None, chance.choice(units_on(day)))),
        "procedure_code": code + chance.choice(SUFFIXES),
        "service_level": chance.choice(LEVELS),
        "channel": chance.choice(CHANNELS),
        "due_at": None if closes is None else closes.isoformat(),
    }
    event_id = story.tell("received", at, **said)
    if story.happens(0.02):  # corrected by a later record
        later = at + timedelta(days=chance.randrange(1, 40))
        again = said | {"channel": chance.choice(CHANNELS), "recorded_at": later.isoformat()}
        story.tell("received", at + timedelta(hours=chance.randrange(-30, 30)), **again)
    if story.happens(0.005):  # it had never been
        story.tell("retracted", at + timedelta(days=1), retracts=event_id)
    return at, due


def wait(story: Story, at: datetime, due: date | None) -> tuple[datetime, date | None]:
    """Tell that something was asked of the citizen, and came; a source may promise another day."""
    chance = story.chance
    asked, answer = chance.choice(
        (("supplement_requested", "supplemented"), ("payment_requested", "processing"))
    )
    begun = at + timedelta(hours=chance.randrange(1, 60))
    story.tell(asked, begun)
    if story.happens(0.1):
        return begun, due  # nobody answered
    days = chance.randrange(0, 15)
    ended = begun + timedelta(days=days, minutes=chance.randrange(1, 400))
    story.tell(answer, ended)
    if due is not None and story.happens(0.6):
        due += timedelta(days=days)
        closes = datetime(due.year, due.month, due.day, 17, tzinfo=VIETNAM)
        changed = story.tell("due_changed", ended, due_at=closes.isoformat())
        if story.happens(0.05):
            story.tell("retracted", ended, retracts=changed)
    # More may be asked, or the dossier may end, before the answer comes.
    return begun if story.happens(0.3) else ended, due


def end(story: Story, at: datetime, due: date | None) -> datetime | None:
    """Tell how it ended, if it did: mostly near the day that was promised."""
    chance = story.chance
    if story.happens(0.04):
        return None
    target = due or (at + timedelta(days=10)).date()
    day = target + timedelta(days=chance.choice((-9, -5, -2, -1, -1, 0, 0, 0, 1, 1, 2, 8, 40)))
    ended = max(moment(chance, max(day, at.date())), at + timedelta(minutes=1))
    if story.happens(0.005):
        ended -= timedelta(days=60)  # a source that writes ends before receptions
    kind = chance.choices(
        ("resolved", "returned", "refused", "withdrawn", "stopped"), (84, 4, 4, 5, 3)
    )[0]
    by = chance.choice(units_on(ended.date())) if story.happens(0.2) else None
    told = story.tell(kind, ended, resolved_by=by)
    if kind != "returned" and story.happens(0.4):
        story.tell("returned", ended + timedelta(hours=chance.randrange(1, 200)))
    if story.happens(0.03):  # opened again, and ended once more
        story.tell("processing", ended + timedelta(days=1))
        story.tell(kind, ended + timedelta(days=chance.randrange(1, 90)))
    if story.happens(0.02):  # withdrawn by who sent it; a retraction of what was never sent waits
        story.tell("retracted", ended + timedelta(days=2), retracts=chance.choice((told, "99")))
    return ended


def after(story: Story, at: datetime) -> None:
    """Tell what came of it elsewhere: the national portal, the citizen's rating."""
    chance = story.chance
    if story.happens(0.55):
        synced = at + timedelta(hours=chance.randrange(-48, 24 * 60))
        for _ in range(chance.choice((1, 1, 2))):
            story.tell("synced", synced, sender=chance.choice(SENDERS))
            synced += timedelta(days=chance.randrange(1, 40))
    if story.happens(0.2):
        story.tell("sync_failed", at + timedelta(days=chance.randrange(0, 30)))
    if story.happens(0.25):
        rated = at + timedelta(days=chance.randrange(0, 20), hours=3)
        story.tell("rated", rated, satisfied=chance.random() < 0.9)
        if story.happens(0.2):
            record = (rated + timedelta(days=9)).isoformat()
            story.tell("rated", rated, satisfied=chance.random() < 0.5, recorded_at=record)


def tell(story: Story, day: date) -> None:
    """Tell a dossier from its first event to its last."""
    chance = story.chance
    at = moment(chance, day)
    due: date | None = None
    if story.happens(0.01):
        story.tell("processing", at)  # nobody ever told of its reception
    else:
        if story.happens(0.3):
            story.tell("registered", at - timedelta(days=1))
        at, due = receive(story, day)
    if story.happens(0.5):
        by = chance.choice(units_on(day)) if story.happens(0.3) else None
        story.tell("processing", at + timedelta(minutes=30), resolved_by=by)
    for _ in range(chance.choice((0, 0, 0, 0, 1, 1, 2))):
        at, due = wait(story, at + timedelta(hours=1), due)
    ended = end(story, at, due)
    after(story, ended or at)


def under_codes(story: Story, serial: int, day: date) -> None:
    """Tell a dossier under two or three codes, and, early or late, that they are one.

    It is told from either side, by an event of its own or by another one, or by way of a code of
    which nothing else comes; now and then that is taken back.
    """
    chance = story.chance
    more = [code_of(10_000 + serial, unit, day) for unit in OFFICES[:2]] + [f"OWN-{serial}"]
    codes = [story.code, *chance.sample(more, chance.choice((1, 1, 2)))]
    story.events = [(who, e | {"dossier_code": chance.choice(codes)}) for who, e in story.events]
    who, again = chance.choice(story.events)
    first = datetime.fromisoformat(story.events[0][1]["occurred_at"])
    for pair in pairwise(codes):
        one, other = chance.sample(pair, 2)
        at = first + timedelta(days=chance.choice((-3, 2, 100)))
        own = [e for _, e in story.events if e["dossier_code"] == one and "same_as" not in e]
        if own and story.happens(0.3):
            chance.choice(own)["same_as"] = other
        elif story.happens(0.2):
            for code in pair:
                story.tell("aliased", at, dossier_code=code, same_as=f"LINK-{serial}-{other}"[:60])
        else:
            told = story.tell("aliased", at, dossier_code=one, same_as=other)
            if story.happens(0.08):
                story.tell("retracted", at, dossier_code=one, retracts=told)
    if "same_as" not in again and story.happens(0.3):  # sent under another code, too
        story.events.append((who, again | {"dossier_code": chance.choice(codes)}))


def days(chance: Random, count: int) -> list[date]:
    """Choose the days of receptions: some of the year before, many before Tết and the merger."""
    length = (LAST - FIRST).days + 1
    peaks = (date(2024, 2, 5), date(2025, 1, 22), date(2025, 6, 27), date(2026, 2, 12))
    chosen = []
    for _ in range(count):
        where = chance.random()
        if where < 0.02:
            chosen.append(FIRST - timedelta(days=chance.randrange(1, 60)))
        elif where < 0.10:
            chosen.append(chance.choice(peaks) + timedelta(days=chance.randrange(0, 5)))
        else:
            chosen.append(FIRST + timedelta(days=chance.randrange(length)))
    return sorted(chosen)


def make(count: int, seed: int = 2026) -> Iterator[tuple[str, Json]]:
    """Make the events of so many dossiers, each with who sends it, and of those at the edges.

    Some are sent again as they are.
    """
    yield from edges()
    yield from waits()
    yield from oddities()
    chance = Random(seed)
    numbers: dict[tuple[str, date], int] = {}
    for serial, day in enumerate(days(chance, count)):
        unit = chance.choice(units_on(day))
        numbers[unit, day] = numbers.get((unit, day), 0) + 1
        story = Story(code_of(numbers[unit, day], unit, day), chance.choice(SENDERS), chance)
        tell(story, day)
        if story.happens(0.05):
            under_codes(story, serial, day)
        yield from story.events
        if story.happens(0.02):
            sender, event = chance.choice(story.events)
            yield sender, suffixed(event)


def suffixed(event: Json) -> Json:
    """Write the procedure of an event as another system does: that is the same event."""
    if "procedure_code" not in event:
        return event
    return event | {"procedure_code": event["procedure_code"][:8] + ".H57"}


EDGES = (
    "2025-05-31T23:59:59.999999+07:00",
    "2025-06-01T00:00:00+07:00",
    "2025-06-30T23:59:59.999999+07:00",
    "2025-07-01T00:00:00+07:00",
)
DUES = (
    None,
    "2025-05-31T17:00:00+07:00",
    "2025-06-30T23:59:59.999999+07:00",
    "2025-07-01T00:00:00+07:00",
)
ENDS = ("resolved", "returned", "refused", "withdrawn", "stopped")


def edges() -> Iterator[tuple[str, Json]]:
    """Make dossiers that begin, end and are due on either side of the edge of a month."""
    chance = Random(0)
    number = 0
    for begun in EDGES:
        for due in DUES:
            for ended in (None, *EDGES, "2025-08-20T10:00:00+07:00"):
                number += 1
                story = Story(f"EDGE-{number:03}", "one_stop", chance)
                resolver, citizen = ((None, "31507"), ("31507", None), ("H57.7", "31498"))[
                    number % 3
                ]
                story.tell(
                    "received",
                    datetime.fromisoformat(begun),
                    received_by="31507",
                    resolved_by=resolver,
                    citizen_unit=citizen,
                    procedure_code="1.005129",
                    service_level=LEVELS[number % 3],
                    channel=CHANNELS[number % 2],
                    due_at=due,
                )
                if ended is not None:
                    at = datetime.fromisoformat(ended)
                    story.tell(ENDS[number % 5], at)
                    story.tell("synced", at)
                    story.tell("rated", at, satisfied=number % 4 == 0)
                yield from story.events


def oddities() -> Iterator[tuple[str, Json]]:
    """Make dossiers of which sources say odd things: all withdrawn, told again without a due."""
    first = datetime(2025, 4, 1, 9, tzinfo=VIETNAM)
    said = {"received_by": "H57.7", "procedure_code": "2.000488", "channel": "online"}
    said |= {"service_level": "partial"}
    for number in range(4):
        story = Story(f"ODD-{number}", "portal", Random(0))
        if number == 0:  # nothing of it is left
            told = story.tell("processing", first)
            story.tell("retracted", first, retracts=told)
        else:
            story.tell("received", first, due_at="2025-04-10T17:00:00+07:00", **said)
            later = (first + timedelta(days=3)).isoformat()
            if number == 1:  # told again without one: that takes none away
                story.tell("received", first, recorded_at=later, **said)
            if number == 2:  # no other kind sets one
                story.tell("processing", first, due_at="2025-05-30T17:00:00+07:00")
            if number == 3:  # ended before it was received, rated and synced before that
                for kind in ("synced", "resolved"):
                    story.tell(kind, first - timedelta(days=40))
                story.tell("rated", first - timedelta(days=40), satisfied=True)
        yield from story.events


def waits() -> Iterator[tuple[str, Json]]:
    """Make dossiers that wait, each for one thing, until one kind of event ends it."""
    asked = ("supplement_requested", "payment_requested")
    for number, (asking, answer) in enumerate(
        (a, e) for a in asked for e in ("supplemented", "processing", *ENDS)
    ):
        for days in (3, 40):  # of working days ten are given
            story = Story(f"WAIT-{number:02}-{days}", "one_stop", Random(0))
            begun = datetime(2025, 3, 3, 9, tzinfo=VIETNAM)
            story.tell(
                "received",
                begun,
                received_by="H57.7",
                procedure_code="1.005129",
                service_level="full",
                channel="post",
            )
            story.tell(asking, begun + timedelta(days=1))
            story.tell(answer, begun + timedelta(days=days))
            if answer not in ENDS:
                story.tell("resolved", begun + timedelta(days=days + 30))  # late, by an answer
            yield from story.events
