"""The synthetic year of the one-stop system: the published volumes, everything else invented.

Units, procedures, days, due dates and outcomes are generated and belong to nobody. Events are kept
as integer columns, sorted by arrival, and only become text one frame at a time.
"""

import random
from collections import deque
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from functools import cache
from itertools import count
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from connectors.one_stop.volumes import Volumes, volumes
from hub.clock import VIETNAM

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.floating]
Bools = npt.NDArray[np.bool_]
Text = list[str | None]

FRAME_ROWS = 20_000
DEFECTS_MAX = 400
WAITING_MAX = 200

KINDS: Text = [
    *("registered", "received", "refused", "processing", "supplement_requested", "withdrawn"),
    *("stopped", "resolved", "returned", "supplemented", "due_changed", "synced"),
    *("sync_failed", "rated"),
]
KIND = {name: number for number, name in enumerate(KINDS)}
CHANNELS: Text = ["counter", "online", "post", None]
LEVELS: Text = ["full", "partial", "information", None]
DEPARTMENTS, DISTRICTS, COMMUNES = range(20), range(20, 31), range(31, 140)
UNITS: Text = [*(f"H57.{n + 1}" for n in range(140)), None]
# Departments and districts still use the older generation of dossier codes.
CODE_PREFIXES = [f"000.00.{n + 1:02}.H57" if n < 31 else f"H57.{n + 1}" for n in range(140)]
PROCEDURES: Text = [
    *(f"1.{1001 + 8 * i:06}" if i < 1200 else f"2.{1000 + 3 * (i - 1200):06}" for i in range(1774)),
    None,
]
# 1,041 of the 1,774 procedures are full online, spread evenly.
LEVEL_OF = np.array(
    [
        0 if (i + 1) * 1041 // 1774 > i * 1041 // 1774 else 2 if i % 3 == 0 else 1
        for i in range(1774)
    ]
)

DAY_S = 86_400
OFFSET_S = 7 * 3_600
OPENS_S, CLOSES_S = 7 * 3_600 + 1_800, 17 * 3_600
SHIFT_S = CLOSES_S - OPENS_S
EPOCH_ON = date(1970, 1, 1)
# Weekdays off: the first day of each public holiday and its length in calendar days.
DAYS_OFF = {
    **{"2021-01-01": 1, "2021-02-10": 7, "2021-04-21": 1, "2021-04-30": 4, "2021-09-02": 2},
    **{"2022-01-03": 1, "2022-01-31": 5, "2022-04-11": 1, "2022-05-02": 2, "2022-09-01": 2},
    **{"2023-01-02": 1, "2023-01-20": 7, "2023-05-01": 3, "2023-09-01": 4},
    **{"2024-01-01": 1, "2024-02-08": 7},
}


def _day(text: str) -> int:
    return (date.fromisoformat(text) - EPOCH_ON).days


FIRST_DAY = _day("2020-12-01")
YEAR_START_S = _day("2023-01-01") * DAY_S - OFFSET_S
YEAR_END_S = _day("2024-01-01") * DAY_S - OFFSET_S


def total(scale: float) -> int:
    """Count the events, repeats included, that `history` yields at `scale`."""
    v = volumes(scale)
    return v.distinct + v.repeats


@cache
def _working_days() -> Ints:
    off = {_day(first) + i for first, length in DAYS_OFF.items() for i in range(length)}
    days = range(FIRST_DAY, _day("2025-01-01"))
    return np.array([d for d in days if (d + 3) % 7 < 5 and d not in off])


# Working time is one axis of seconds, in which each working day is as long as its opening hours:
# whatever is added or interpolated on it falls into opening hours.
def _to_work(t: Ints) -> Ints:
    day, second = np.divmod(t + OFFSET_S, DAY_S)
    index = np.searchsorted(_working_days(), day)
    inside = np.clip(second - OPENS_S, 0, SHIFT_S)
    return np.where(_working_days()[index] == day, index * SHIFT_S + inside, index * SHIFT_S)


def _to_utc(w: Ints) -> Ints:
    index, second = np.divmod(w, SHIFT_S)
    return _working_days()[index] * DAY_S + OPENS_S + second - OFFSET_S


class Dossiers(NamedTuple):
    """One row per dossier; instants in seconds since the epoch, the rest numbers of a code list."""

    code: pl.Series
    unit: Ints
    resolved_by: Ints
    citizen_unit: Ints
    procedure: Ints
    channel: Ints
    due: Ints
    due_changed: Ints


class Course(NamedTuple):
    """How dossiers go.

    `started`, `ended`, `due`, `due_changed` and `is_unended` have one row per dossier, instants on
    the axis of working time; `paused` (asked for a supplement), `moved` (of those, with a new due
    date) and `ends` (by kind of end) list dossiers.
    """

    started: Ints
    ended: Ints
    due: Ints
    due_changed: Ints
    paused: Ints
    moved: Ints
    is_unended: Bools
    ends: dict[str, Ints]


class Events(NamedTuple):
    """One row per event: its dossier, its kind, seconds since the epoch, and the answer."""

    dossier: Ints
    kind: Ints
    occurred: Ints
    is_satisfied: Bools


def _pick(rng: np.random.Generator, weights: Floats, n: int) -> Ints:
    return rng.choice(len(weights), n, p=weights / weights.sum())


def _heavy_tail(rng: np.random.Generator, n: int) -> Floats:
    weights: Floats = (rng.permutation(n) + 3.0) ** -0.9
    weights /= weights.sum()
    return weights


def _receptions(
    rng: np.random.Generator, day_weights: Floats, first: int, is_online: Bools
) -> Ints:
    """Draw reception instants: at any hour online, else in opening hours of working days."""
    days = first + np.arange(len(day_weights))
    weekday = (days + 3) % 7
    online_days = day_weights * np.where(weekday < 5, 1.0, 0.45)
    counter_days = day_weights * np.isin(days, _working_days()) * np.where(weekday == 0, 1.25, 1.0)
    half_hour = np.arange(48) + 0.5
    peaks = np.exp(-(((half_hour - 18.5) / 4) ** 2)) + 0.8 * np.exp(-(((half_hour - 29) / 4) ** 2))
    opening = (half_hour * 1_800 > OPENS_S) & (half_hour * 1_800 < CLOSES_S)
    day, slot = np.empty(len(is_online), np.int64), np.empty(len(is_online), np.int64)
    for mask, by_day, by_slot in (
        (is_online, online_days, peaks + 0.15 * (half_hour > 12) + 0.02),
        (~is_online, counter_days, peaks * opening),
    ):
        n = int(mask.sum())
        day[mask], slot[mask] = _pick(rng, by_day, n), _pick(rng, by_slot, n)
    seconds = slot * 1_800 + rng.integers(0, 1_800, len(is_online))
    return (first + day) * DAY_S + seconds - OFFSET_S


def _season(first: int, after: int) -> Floats:
    year = 2 * np.pi / 365.25
    weights: Floats = 1 + 0.2 * np.sin(year * (np.arange(first, after) - first - 100.0))
    return weights


def _channels_and_receptions(rng: np.random.Generator, v: Volumes) -> tuple[Ints, Ints]:
    year, after, before = _day("2023-01-01"), _day("2024-01-01"), _day("2022-09-01")
    first, last = _day("2021-01-01"), _day("2022-12-20")
    spans = (
        (v.new, year, _season(year, after)),
        (v.carried_over, before, np.exp(-(year - np.arange(before, year)) / 18.0)),
        (v.earlier, first, _season(first, last)),
    )
    channels, receptions = [], []
    for (n, start, weights), online in zip(spans, v.online, strict=True):
        channel = np.where(rng.random(n) < 0.06, 2, 0)
        channel[rng.permutation(n)[:online]] = 1
        channels.append(channel)
        receptions.append(_receptions(rng, weights, start, channel == 1))
    return np.concatenate(channels), np.concatenate(receptions)


def _dossiers(rng: np.random.Generator, received: Ints, channel: Ints, course: Course) -> Dossiers:
    """Draw units and procedures, a few of which have most of the dossiers."""
    n = len(received)
    levels = ((DEPARTMENTS, 0.18), (DISTRICTS, 0.27), (COMMUNES, 0.55))
    by_level = [share * _heavy_tail(rng, len(level)) for level, share in levels]
    unit = _pick(rng, np.concatenate(by_level), n)
    is_commune = unit >= COMMUNES[0]
    moves_up = rng.random(n) < np.where(is_commune, 0.3, 0.05)
    is_at_home = is_commune & (rng.random(n) < 0.85)
    elsewhere = rng.integers(COMMUNES[0], COMMUNES[-1] + 1, n)
    by_procedure = _heavy_tail(rng, len(LEVEL_OF))
    digital = _pick(rng, by_procedure * (LEVEL_OF < 2), n)
    return Dossiers(
        code=_codes(unit, received),
        unit=unit,
        resolved_by=np.where(moves_up, _pick(rng, by_level[0], n), unit),
        citizen_unit=np.where(is_at_home, unit, elsewhere),
        procedure=np.where(channel == 1, digital, _pick(rng, by_procedure, n)),
        channel=channel,
        due=_closing(course.due),
        due_changed=_closing(course.due_changed),
    )


def _closing(w: Ints) -> Ints:
    return _working_days()[w // SHIFT_S] * DAY_S + CLOSES_S - OFFSET_S


def _codes(unit: Ints, received: Ints) -> pl.Series:
    """Make dossier codes: unit, local day and the unit's counter of that day."""
    day = (received + OFFSET_S) // DAY_S - FIRST_DAY
    key = unit * 10_000 + day
    order = np.lexsort((received, key))
    place = np.arange(len(key))
    starts = np.r_[True, np.diff(key[order]) != 0][: len(key)]
    counter = np.empty_like(place)
    counter[order] = place - np.maximum.accumulate(np.where(starts, place, 0)) + 1
    labels = [(date(2020, 12, 1) + timedelta(d)).strftime("-%y%m%d-") for d in range(1200)]
    return pl.select(
        pl.concat_str(
            pl.Series(CODE_PREFIXES).gather(unit),
            pl.Series(labels).gather(day),
            pl.Series(counter).cast(pl.String).str.zfill(4),
        )
    ).to_series()


def _course(rng: np.random.Generator, v: Volumes, received: Ints) -> Course:
    """Draw due dates, ends and pauses; about 94 % end on time."""
    n = v.dossiers
    opened = _to_work(received)
    due_on = (received + OFFSET_S) // DAY_S + rng.integers(3, 21, n)
    due = np.searchsorted(_working_days(), due_on) * SHIFT_S + SHIFT_S - 1
    paused = rng.permutation(n)[: v.supplemented]
    moved = paused[: v.due_changed]
    due_changed = due.copy()
    due_changed[moved] += rng.integers(2, 11, len(moved)) * SHIFT_S

    started = opened + _part(rng.random(n) ** 3, np.minimum(2 * SHIFT_S, due - opened))
    in_time = started + _part(np.sqrt(rng.random(n)), due_changed - started)
    late_by = 1 + _part(np.minimum(rng.exponential(4, n), 60), SHIFT_S)
    ended = np.where(rng.random(n) < 0.06, due_changed + late_by, in_time)
    year = int(_to_work(np.array([YEAR_START_S]))[0])
    old = v.new + v.carried_over
    catch_up = year + rng.integers(0, 10 * SHIFT_S, v.carried_over)
    ended[v.new : old] = np.maximum(ended[v.new : old], catch_up)
    ended[old:] = np.minimum(ended[old:], year - 1)

    unended = np.concatenate(
        [
            rng.permutation(v.new)[: v.unended[0]],
            v.new + rng.permutation(v.carried_over)[: v.unended[1]],
        ]
    )
    is_unended = np.zeros(n, np.bool_)
    is_unended[unended] = True
    order = rng.permutation(np.flatnonzero(~is_unended))
    ends = np.split(order, np.cumsum(v.ends)[:-1])
    kinds = ("resolved", "refused", "withdrawn", "stopped")
    by_kind = dict(zip(kinds, ends, strict=True))
    return Course(started, ended, due, due_changed, paused, moved, is_unended, by_kind)


def _part(share: Floats, length: Ints | int) -> Ints:
    return (share * length).astype(np.int64)


def _events(
    rng: np.random.Generator, v: Volumes, received: Ints, channel: Ints, course: Course
) -> Events:
    """Draw the distinct events, kind by kind."""
    n = v.dossiers
    everyone = np.arange(n)
    ended = _to_utc(course.ended)
    online = np.flatnonzero(channel == 1)
    started, until = (w[course.paused] for w in (course.started, course.ended))
    until = np.minimum(until, course.due[course.paused])
    asked = started + _part(0.5 * rng.random(len(started)), until - started)
    answered = asked + _part(rng.random(len(started)), until - asked)
    resolved = course.ends["resolved"]
    returned = resolved[: v.returned]
    fetched = course.ended[returned] + _part(rng.random(len(returned)) ** 2, 3 * SHIFT_S)

    # The national portal learns of a result within hours or days, else of the reception alone.
    reached = rng.permutation(n)
    synced, synced_late = reached[: v.synced], reached[v.synced : v.synced + v.synced_late]
    delay = 60 + _part(rng.exponential(0.5, len(synced)), DAY_S)
    has_result = (ended[synced] + delay < YEAR_END_S) & ~course.is_unended[synced]
    synced_at = np.where(has_result, ended[synced], received[synced]) + delay
    failed = rng.permutation(n)[: v.sync_failed]
    could_rate = (ended >= YEAR_START_S) & (ended < YEAR_END_S - 16 * DAY_S)
    rated = rng.permutation(resolved[could_rate[resolved]])[: v.rated]
    rated_at = ended[rated] + _part(rng.exponential(2, len(rated)), DAY_S)

    happened: list[tuple[str, Ints, Ints]] = [
        ("registered", online, received[online] - 60 - rng.integers(0, DAY_S // 2, len(online))),
        ("received", everyone, received),
        ("processing", everyone, _to_utc(course.started)),
        ("supplement_requested", course.paused, _to_utc(asked)),
        ("supplemented", course.paused, _to_utc(answered)),
        ("due_changed", course.moved, _to_utc(answered[: len(course.moved)])),
        *((kind, rows, ended[rows]) for kind, rows in course.ends.items()),
        ("returned", returned, _to_utc(fetched)),
        ("synced", synced, np.minimum(synced_at, YEAR_END_S - 1)),
        ("synced", synced_late, YEAR_END_S + rng.integers(0, 31 * DAY_S, len(synced_late))),
        ("sync_failed", failed, received[failed] + rng.integers(30, 7_200, len(failed))),
        ("rated", rated, np.minimum(rated_at, YEAR_END_S - 1)),
    ]
    sizes = [len(rows) for _, rows, _ in happened]
    return Events(
        dossier=np.concatenate([rows for _, rows, _ in happened]),
        kind=np.repeat([KIND[name] for name, _, _ in happened], sizes),
        occurred=np.concatenate([at for _, _, at in happened]),
        is_satisfied=np.arange(sum(sizes)) < sum(sizes) - len(rated) + v.satisfied,
    )


def _arrival_order(rng: np.random.Generator, occurred: Ints, repeats: int) -> Ints:
    """Give the rows to send, in order: 1 % hours to weeks late, `repeats` of them sent again."""
    arrival = occurred.copy()
    delayed = np.flatnonzero(rng.random(len(arrival)) < 0.01)
    arrival[delayed] += 3_600 + _part(rng.exponential(3, len(delayed)), DAY_S)
    again = rng.choice(len(arrival), repeats, replace=False)
    arrival = np.concatenate([arrival, arrival[again] + rng.integers(3_600, 5 * DAY_S, repeats)])
    rows = np.concatenate([np.arange(len(occurred)), again])
    # One sort of plain integers is several times faster than a stable argsort.
    order: Ints = np.sort(arrival << 32 | np.arange(len(arrival))) & 0xFFFF_FFFF
    return rows[order]


def _frame(dossiers: Dossiers, events: Events, rows: Ints) -> pl.DataFrame:
    """Turn rows into contract columns; the last entry of a code list is null."""
    of, kind = events.dossier[rows], events.kind[rows]
    is_received, is_moved = kind == KIND["received"], kind == KIND["due_changed"]
    due = np.where(is_moved, dossiers.due_changed[of], dossiers.due[of])

    def of_received(names: Text, numbers: Ints) -> pl.Series:
        return pl.Series(names).gather(np.where(is_received, numbers[of], len(names) - 1))

    return pl.DataFrame(
        {
            "event_id": "MC23-" + pl.Series(rows).cast(pl.String).str.zfill(8),
            "dossier_code": dossiers.code.gather(of),
            "kind": pl.Series(KINDS).gather(kind),
            "occurred_at": events.occurred[rows] * 1_000_000,
            "received_by": of_received(UNITS, dossiers.unit),
            "resolved_by": of_received(UNITS, dossiers.resolved_by),
            "citizen_unit": of_received(UNITS, dossiers.citizen_unit),
            "procedure_code": of_received(PROCEDURES, dossiers.procedure),
            "service_level": of_received(LEVELS, LEVEL_OF[dossiers.procedure]),
            "channel": of_received(CHANNELS, dossiers.channel),
            "due_at": due * 1_000_000,
            "satisfied": events.is_satisfied[rows],
        }
    ).with_columns(
        pl.when(pl.Series(is_received | is_moved)).then("due_at"),
        pl.when(pl.col("kind") == "rated").then("satisfied"),
    )


def history(seed: int, scale: float) -> Iterator[pl.DataFrame]:
    """Yield the year in arrival order, as contract columns, at most 20,000 rows a frame."""
    v = volumes(scale)
    rng = np.random.default_rng(seed)
    channel, received = _channels_and_receptions(rng, v)
    course = _course(rng, v, received)
    dossiers = _dossiers(rng, received, channel, course)
    events = _events(rng, v, received, channel, course)
    order = _arrival_order(rng, events.occurred, v.repeats)
    for start in range(0, len(order), FRAME_ROWS):
        yield _frame(dossiers, events, order[start : start + FRAME_ROWS])


# What each defect changes in an acceptable reception; None leaves the field out.
_DEFECTS: tuple[dict[str, object], ...] = (
    {"MaLinhVuc": "LV.07"},
    {"dossier_code": "h57/32_230804"},
    {"occurred_at": "2023-08-04T09:15:00"},
    {"channel": "fax"},
    {"received_by": None},
    {"procedure_code": "1.5129"},
    {"channel": None},
    {"kind": "da_tiep_nhan"},
    {"service_level": "4"},
    {"due_at": "11/08/2023 17:00"},
    {"resolved_by": "Sở mẫu 01"},
    {"kind": "rated", "satisfied": "hài lòng"},
)


def defects(seed: int, scale: float) -> list[dict[str, object]]:
    """Make JSON-shaped items that break the contract, as old systems do: 1 to 400."""
    rng = random.Random(seed)
    items: list[dict[str, object]] = []
    for number in range(max(1, min(DEFECTS_MAX, round(DEFECTS_MAX * scale)))):
        at = datetime(2023, 1, 3, 8, tzinfo=VIETNAM) + timedelta(minutes=rng.randrange(500_000))
        item = _reception(rng, at, f"LOI23-{number:06}", f"LOI{number:06}")
        item |= _DEFECTS[number % len(_DEFECTS)]
        items.append({name: value for name, value in item.items() if value is not None})
    return items


def _reception(rng: random.Random, at: datetime, event_id: str, counter: str) -> dict[str, object]:
    unit = rng.randrange(len(CODE_PREFIXES))
    procedure = rng.randrange(len(LEVEL_OF))
    due_on = at.date() + timedelta(days=rng.randint(3, 20))
    return {
        "event_id": event_id,
        "dossier_code": f"{CODE_PREFIXES[unit]}-{at:%y%m%d}-{counter}",
        "kind": "received",
        "occurred_at": at.isoformat(),
        "received_by": UNITS[unit],
        "resolved_by": UNITS[unit],
        "citizen_unit": UNITS[rng.choice(COMMUNES)],
        "procedure_code": PROCEDURES[procedure],
        "service_level": LEVELS[LEVEL_OF[procedure]],
        "channel": rng.choice(["online", "post"] if LEVEL_OF[procedure] < 2 else ["counter"]),
        "due_at": datetime(due_on.year, due_on.month, due_on.day, 17, tzinfo=VIETNAM).isoformat(),
    }


# A dossier event every second.
LIVE_SECONDS = 1.0


def live(seed: int, clock: Callable[[], datetime]) -> Iterator[dict[str, object]]:
    """Yield events of now without end: new receptions and what follows on them, oldest first.

    Identifiers hold the clock's microsecond, so that those of a restart differ.
    """
    rng = random.Random(seed)
    waiting: deque[tuple[str, Iterator[str]]] = deque()
    for number in count():
        at = clock().astimezone(VIETNAM)
        stamp = f"{at:%H%M%S%f}-{number}"
        event_id = f"MC-{at:%Y%m%d}-{stamp}"
        if not waiting or (len(waiting) < WAITING_MAX and rng.random() < 0.25):
            event = _reception(rng, at, event_id, stamp)
            steps = iter(("processing", "resolved", "synced", "returned"))
            waiting.append((str(event["dossier_code"]), steps))
            yield event
            continue
        code, steps = waiting.popleft()
        kind = next(steps)
        yield {
            "event_id": event_id,
            "dossier_code": code,
            "kind": kind,
            "occurred_at": at.isoformat(),
        }
        if kind != "returned":
            waiting.append((code, steps))
