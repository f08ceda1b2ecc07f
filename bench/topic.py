"""The topics that the hub and its peers read: seeded synthetic events, and what must come of them.

About 70 % are events of dossiers (the first of the one-stop system's synthetic years, as dense as
the demo's: some 600,000 dossiers a year in 140 units), 25 % readings of 200
stations each quarter of an hour, 5 % payments by area and day; each stream is in its own order of
arrival, and the three are interleaved so that all begin and end together. Of each kind 10 % are
exact repeats of an event a few thousand events before, and 5 % are corrections: a dossier's due
date changes, or its reception is retracted and sent anew; a reading is revised; a payment comes
with its next revision.

`fill` produces them as the hub's gateway does. `Expected` says what three plain aggregates over all
records are, repeats and corrections counted like any other: a peer sees records, not facts.
Usage: `fill(Settings(...), events, seed)`, with Kafka and PostgreSQL running.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice

import numpy as np
import numpy.typing as npt
import polars as pl

from connectors.one_stop import synthetic as one_stop
from connectors.salinity.synthetic import FROM_SEA_KM, salinity_milligrams_per_litre
from hub import registry
from hub.clock import DAY_US, OFFSET_US, system_clock
from hub.kafka.topics import Topics, wanted
from hub.log.submitting import append_columns
from hub.opening import open_hub
from hub.settings import Settings

Ints = npt.NDArray[np.int64]

SHARES = {"dossier": 0.70, "reading": 0.25, "payment": 0.05}
SENDERS = {"dossier": "one_stop", "reading": "salinity", "payment": "payments"}
REPEATED, CORRECTED = 0.10, 0.05
# How many events later, of all events, a repeat and a correction come.
REPEAT_LAG, CORRECTION_LAG = (2_000, 6_000), (5_000, 30_000)
CHUNK = 20_000

STATIONS = 200
QUARTER_S, HOUR_US = 900, 3_600_000_000
START_S = 1_609_434_000  # 2021-01-01 in Viet Nam, where the dossiers begin too
AREAS = 140
# Who reports which service by which method; each area has two of them a day.
STATISTICS = (
    ("DIENLUC", "electricity", "cashless"),
    ("DIENLUC", "electricity", "collection_point"),
    ("CAPNUOC", "water", "cashless"),
    ("CAPNUOC", "water", "cash"),
    ("GIAODUC", "tuition", "cashless"),
    ("YTE", "hospital", "cash"),
)
PER_DAY = 2


@dataclass(frozen=True)
class Total:
    """How many rows a table must have, and the sum of its figures."""

    rows: int
    figures: int


@dataclass(frozen=True)
class Expected:
    """What is in the topics, and the tables that must come of it: key columns, then the figure."""

    events: dict[str, int]
    tables: dict[str, pl.DataFrame]

    @property
    def total_events(self) -> int:
        """Count the events of all topics."""
        return sum(self.events.values())

    @cached_property
    def totals(self) -> dict[str, Total]:
        """Sum up each table."""
        return {n: Total(t.height, int(t.to_series(-1).sum())) for n, t in self.tables.items()}


def fill(settings: Settings, events: int, seed: int = 1) -> Expected:
    """Make missing topics, produce so many events, and say what must come of them."""
    topics = Topics(settings.kafka_bootstrap)
    topics.apply(topics.plan(wanted(registry.contracts().values())), 1)
    topics.close()
    frames = make(events, seed)
    with open_hub(settings) as hub:
        produced = 0
        for name, frame in interleaved(frames):
            append_columns(
                hub.log, registry.definitions().contract(name), SENDERS[name], frame, system_clock
            )
            produced += frame.height
            print(f"\rproduced {produced:,}", end="", file=sys.stderr)
    print(file=sys.stderr)
    return expected(frames)


def make(events: int, seed: int) -> dict[str, pl.DataFrame]:
    """Make the events of each contract, in order, with where each stands among all (`at`)."""
    counts = {name: round(events * share) for name, share in SHARES.items()}
    counts["dossier"] += events - sum(counts.values())
    made = {"dossier": _dossiers, "reading": _readings, "payment": _payments}
    out = {}
    for number, (name, count) in enumerate(counts.items()):
        rng = np.random.default_rng([seed, number])
        repeats, corrections = round(REPEATED * count), round(CORRECTED * count)
        first = made[name](rng, count - repeats - corrections, corrections, events)
        assert first.height == count - repeats, name
        again = first[np.sort(rng.choice(first.height, repeats, replace=False))]
        lag = rng.uniform(*REPEAT_LAG, repeats)
        whole = pl.concat(
            [first, again.with_columns(pl.col("at") + pl.Series(lag, dtype=pl.Float64))]
        )
        out[name] = whole.sort("at", maintain_order=True)
    return out


def interleaved(frames: dict[str, pl.DataFrame]) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield what is to be produced, a part of each contract in turn."""
    rounds = -(-sum(f.height for f in frames.values()) // CHUNK)
    for number in range(rounds):
        for name, frame in frames.items():
            first, end = (frame.height * i // rounds for i in (number, number + 1))
            if end > first:
                yield name, frame[first:end].drop("at")


def expected(frames: dict[str, pl.DataFrame]) -> Expected:
    """Compute what the peers must find."""
    received = frames["dossier"].filter(pl.col("kind") == "received")
    salinity = frames["reading"].filter(
        (pl.col("quantity") == "salinity")
        & (pl.col("quality").is_null() | pl.col("quality").is_in([1, 2]))
    )
    return Expected(
        events={registry.definitions().contract(n).topic: f.height for n, f in frames.items()},
        tables={
            "tally_received": received.group_by(
                unit=pl.col("received_by"), day=_day("occurred_at")
            ).agg(n=pl.len().cast(pl.Int64)),
            "tally_amount": frames["payment"]
            .group_by("area", "period")
            .agg(amount=pl.col("amount_vnd").sum()),
            "tally_salinity": salinity.group_by(
                station=pl.col("station_code"), day=_day("measured_at")
            ).agg(greatest=pl.col("value").max()),
        },
    )


def _day(instant: str) -> pl.Expr:
    """Give the local day of an instant as a date."""
    return ((pl.col(instant) + OFFSET_US) // DAY_US).cast(pl.Int32).cast(pl.Date)


def _spread(count: int, events: int) -> pl.Series:
    """Spread so many events evenly among all."""
    return pl.Series((np.arange(count) + 0.5) * (events / max(count, 1)), dtype=pl.Float64)


def _later(rng: np.random.Generator, count: int) -> pl.Expr:
    return pl.col("at") + pl.Series(rng.uniform(*CORRECTION_LAG, count), dtype=pl.Float64)


def _picked(rng: np.random.Generator, frame: pl.DataFrame, count: int) -> pl.DataFrame:
    """Pick rows, each at most once, in their order."""
    if count > frame.height:
        raise ValueError(f"{frame.height} events are too few for {count} corrections")
    return frame[np.sort(rng.choice(frame.height, count, replace=False))]


def _dossiers(rng: np.random.Generator, count: int, corrections: int, events: int) -> pl.DataFrame:
    """Make a part of the synthetic years, with due dates that change and receptions sent anew."""
    scale = max(1.0, count / one_stop.total(1.0) * 1.02 + 0.0001)
    frames = one_stop.history(int(rng.integers(1 << 31)), scale)
    rows = chain.from_iterable(f.iter_slices(1_000) for f in frames)
    base = pl.concat(islice(rows, count // 1_000 + 1)).head(count)
    base = base.with_columns(
        pl.lit(None, pl.Int64).alias("recorded_at"),
        pl.lit(None, pl.String).alias("retracts"),
        _spread(count, events).alias("at"),
    )
    anew = corrections // 3
    changed = corrections - 2 * anew
    # The synthetic years have repeats of their own, of which one alone may be corrected.
    receptions = base.filter(pl.col("kind") == "received").unique("event_id", maintain_order=True)
    picked = _picked(rng, receptions, changed + anew)
    shuffled = picked[rng.permutation(picked.height)]
    moved, withdrawn = shuffled.head(changed), shuffled.tail(anew)
    only = ("received_by", "resolved_by", "citizen_unit", "procedure_code", "service_level")
    nothing = [pl.lit(None, pl.String).alias(n) for n in (*only, "channel")]
    due_changed = moved.with_columns(
        *nothing,
        event_id=pl.col("event_id") + "-h",
        kind=pl.lit("due_changed"),
        occurred_at=pl.col("occurred_at") + 26 * HOUR_US,
        due_at=pl.col("due_at") + 7 * DAY_US,
        at=_later(rng, changed),
    )
    retracted = withdrawn.with_columns(
        *nothing,
        event_id=pl.col("event_id") + "-r",
        kind=pl.lit("retracted"),
        occurred_at=pl.col("occurred_at") + 3 * HOUR_US,
        due_at=pl.lit(None, pl.Int64),
        retracts=pl.col("event_id"),
        at=_later(rng, anew),
    )
    # What was taken for another unit's is received by a department, right after it is withdrawn.
    received = withdrawn.with_columns(
        event_id=pl.col("event_id") + "-n",
        received_by=pl.Series([f"H57.{n}" for n in rng.integers(1, 21, anew)], dtype=pl.String),
        recorded_at=pl.col("occurred_at") + 3 * HOUR_US,
        at=retracted["at"] + 1,
    )
    return pl.concat([base, due_changed, retracted, received])


def _readings(rng: np.random.Generator, count: int, corrections: int, events: int) -> pl.DataFrame:
    """Make readings of all stations by the quarter of an hour; of five, four are salinity."""
    number = np.arange(count)
    quarter, place = np.divmod(number, STATIONS * 5 // 4)
    # After each four stations' salinity comes the water level of one of them.
    is_level = place % 5 == 4
    station = np.where(is_level, place // 5 * 4 + quarter % 4, place // 5 * 4 + place % 5)
    at_s = START_S + quarter * QUARTER_S
    salt = salinity_milligrams_per_litre(station % len(FROM_SEA_KM), at_s)
    salt = (salt * rng.normal(1, 0.03, count)).astype(np.int64) + station
    level = 1_500 + (rng.normal(0, 1, count) * 400).astype(np.int64)
    flags = [1, 2, 3, 4, 9, None]
    flag = rng.choice(len(flags), count, p=[0.88, 0.03, 0.03, 0.01, 0.01, 0.04])
    base = pl.DataFrame(
        {
            "event_id": "TR-" + pl.Series(number).cast(pl.String).str.zfill(9),
            "recorded_at": pl.Series([None] * count, dtype=pl.Int64),
            "station_code": pl.Series([f"TRAM{n:03}" for n in range(1, STATIONS + 1)]).gather(
                station
            ),
            "measured_at": at_s * 1_000_000,
            "quantity": pl.Series(["salinity", "water_level"]).gather(is_level.astype(np.int64)),
            "value": np.where(is_level, level, salt),
            "unit": pl.Series(["g/L", "m"]).gather(is_level.astype(np.int64)),
            "quality": pl.Series(flags, dtype=pl.Int64).gather(flag),
            "revised_at": pl.Series([None] * count, dtype=pl.Int64),
            "at": _spread(count, events),
        }
    )
    # One in a hundred comes late, as where a station had no network.
    late = np.where(rng.random(count) < 0.01, rng.exponential(20_000, count), 0.0)
    base = base.with_columns(pl.col("at") + pl.Series(late))
    revised = _picked(rng, base, corrections).with_columns(
        event_id=pl.col("event_id") + "-s",
        value=pl.col("value") + pl.Series(rng.integers(-40, 41, corrections)),
        revised_at=pl.col("measured_at") + 30 * HOUR_US,
        at=_later(rng, corrections),
    )
    return pl.concat([base, revised])


def _payments(rng: np.random.Generator, count: int, corrections: int, events: int) -> pl.DataFrame:
    """Make daily statistics of all areas, two of six for each."""
    number = np.arange(count)
    day, place = np.divmod(number, AREAS * PER_DAY)
    turn, area = np.divmod(place, AREAS)
    of = (area + day + 3 * turn) % len(STATISTICS)
    reporter, service, method = (
        pl.Series(column).gather(of) for column in zip(*STATISTICS, strict=True)
    )
    people = rng.integers(20, 4_000, count)
    first = START_S + 7 * 3_600
    period = pl.Series((first // 86_400 + day).astype(np.int32)).cast(pl.Date).cast(pl.String)
    base = pl.DataFrame(
        {
            "event_id": "TT-" + pl.Series(number).cast(pl.String).str.zfill(9),
            "reporter": reporter,
            "service": service,
            "method": method,
            "area": pl.Series([f"H57.{n}" for n in range(1, AREAS + 1)]).gather(area),
            "period": period,
            "revision": pl.repeat(1, count, dtype=pl.Int64, eager=True),
            "transactions": people + rng.integers(0, 500, count),
            "customers": people,
            "amount_vnd": people * rng.integers(50_000, 700_000, count),
            "at": _spread(count, events),
        }
    )
    revised = _picked(rng, base, corrections).with_columns(
        event_id=pl.col("event_id") + "-2",
        revision=pl.col("revision") + 1,
        amount_vnd=pl.col("amount_vnd") + pl.Series(rng.integers(0, 9_000_000, corrections)),
        at=_later(rng, corrections),
    )
    return pl.concat([base, revised])
