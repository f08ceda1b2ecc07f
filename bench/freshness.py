"""Freshness: how long after its acknowledgement an event is in the figure that a reader asks for.

On the production profile, all on one machine: Kafka, PostgreSQL, one `hub serve`, one `hub work`,
and a sender in a process of its own. It offers 1,000 events a second in an open loop, each
request when its time has come: as requests of ten events, and as single ones; all are receptions
of new dossiers. Freshness (ms) is the moment from which a reader sees an event in the figure less
the moment at which its sender had the 202. The reader asks SQL for the count of dossiers received
every 5 ms; the k-th event acknowledged is in the figure from the first answer of k or more. Where
events overtake each other between two partitions that makes the spread smaller than it is, and
leaves the mean as it is.

Usage: `python -m bench.freshness [ROUNDS] [SECONDS]` (3 rounds of 20 s for each by default);
`measure` gives the same as a `Section`.
"""

import multiprocessing
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
import psycopg
import uvloop

from bench.hubs import servers, serving, working
from bench.processes import seconds as seconds_used
from bench.section import Row, Section, Target, middle, quantile
from hub.access import keys
from hub.access.scope import WHOLE
from hub.clock import VIETNAM, system_clock
from hub.opening import open_hub
from hub.settings import Settings
from tests.parts.pushing import Pusher

RATE = 1_000  # events a second
WARM_SECONDS = 5.0
POLL_SECONDS = 0.005
END_SECONDS_MAX = 60.0  # for what was sent to be answered, and then to be in the figure
CONNECTIONS = 256
UNITS = 12
COUNT = "SELECT COALESCE(SUM(count), 0)::bigint FROM cell WHERE cell_set = %s"
CELL_SET = "dossier.received/received_by"
P50_MOST, P99_MOST = 35.0, 150.0  # ms


@dataclass(frozen=True)
class Load:
    """How events are offered: so many in a request, in turn by so many senders."""

    name: str
    size: int
    senders: int


# A key is let in 100 times a second.
LOADS = (Load("requests of 10", 10, 4), Load("single events", 1, 40))


@dataclass
class Sent:
    """What the sender saw; moments are seconds of the clock that all processes share."""

    begun: float
    acknowledged: list[float]  # of each event, as its 202 came
    answered: list[tuple[float, float]]  # of each request: when it was due (s), and how long (s)
    refused: int


@dataclass(frozen=True)
class Turns(Pusher):
    """Sends with keys in turn, and notes when each 202 came."""

    pushers: tuple[Pusher, ...] = ()
    came: list[float] = field(default_factory=list)

    async def _ask(self, reader: Any, writer: Any, number: int, body: bytes) -> int:
        pusher = self.pushers[number % len(self.pushers)]
        status = await pusher._ask(reader, writer, number, body)
        if status == 202:
            self.came.append(time.perf_counter())
        return status


def body(name: str, request: int, size: int, day: str, due: str) -> bytes:
    """Make the events of one request: new dossiers of several units, received on a day."""
    made = []
    for n in range(request * size, (request + 1) * size):
        unit = f"H57.{n % UNITS + 1}"
        made.append(
            f'{{"event_id":"{name}-{n}","dossier_code":"{unit}-{name}-{n}","kind":"received",'
            f'"occurred_at":"{day}","received_by":"{unit}","procedure_code":"1.005129",'
            f'"service_level":"full","channel":"online","due_at":"{due}"}}'
        )
    return (f"[{','.join(made)}]" if size > 1 else made[0]).encode()


def send(port: int, own: Sequence[str], load: Load, name: str, seconds: float) -> Sent:
    """Send for so long, and tell what came back; runs in a process of its own."""
    pushers = [Pusher("127.0.0.1", port, "/v1/events/dossier", key) for key in own]
    turns = Turns("127.0.0.1", port, "", "", CONNECTIONS, pushers=tuple(pushers))
    today = system_clock().astimezone(VIETNAM).replace(hour=0, minute=0, second=0, microsecond=0)
    day, due = today.isoformat(), (today + timedelta(days=7)).isoformat()
    rate = RATE / load.size
    begun = time.perf_counter()
    told = uvloop.run(
        turns.push(lambda n: body(name, n, load.size, day, due), seconds=seconds, rate=rate)
    )
    return Sent(
        begun,
        [at for at in turns.came for _ in range(load.size)],
        [(t.number / rate, t.seconds) for t in told],
        sum(t.status != 202 for t in told),
    )


@dataclass
class Seen:
    """What the reader saw: counts, each with when it was first seen, and what asking cost (s)."""

    at: list[float]
    count: list[int]
    polls: int = 0
    asking: float = 0.0
    used: float = 0.0  # of the processors, by the reader and the database for it


def read(settings: Settings, sending: "Future[Sent]") -> Seen:
    """Ask for the figure until it has all that was acknowledged, from the count at the start."""
    url = settings.database_url.replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        server = connection.info.backend_pid
        used = time.thread_time() + seconds_used([server])
        cursor = connection.cursor()

        def ask() -> int:
            row = cursor.execute(COUNT, (CELL_SET,), prepare=True).fetchone()
            assert row is not None
            return int(row[0])

        base = ask()
        seen = Seen([], [])
        due, last, wanted, deadline = time.perf_counter(), 0, None, float("inf")
        while True:
            begun = time.perf_counter()
            count = ask() - base
            at = time.perf_counter()
            seen.polls += 1
            seen.asking += at - begun
            if count > last:
                seen.at.append(at)
                seen.count.append(count)
                last = count
            if wanted is None and sending.done():
                wanted, deadline = len(sending.result().acknowledged), at + END_SECONDS_MAX
            if (wanted is not None and last >= wanted) or at > deadline:
                seen.used = time.thread_time() + seconds_used([server]) - used
                return seen
            due = max(due + POLL_SECONDS, at)
            time.sleep(due - at)


@dataclass
class Found:
    """What one round of a load came to, after its warm-up; all times in ms."""

    freshness: list[float]  # of each event acknowledged, in that order
    acknowledged: list[float]  # when (s after the begin), one for each of `freshness`
    answers: list[float]
    carried: float  # events a second that came into the figure
    refused: int
    is_whole: bool  # all that was acknowledged came into the figure
    polls_ms: float
    reader_share: float  # of one core

    def as_json(self) -> dict[str, Any]:
        """Give it as JSON: quantiles in place of each event, and the course by second."""
        by_second: dict[int, list[float]] = {}
        for at, ms in zip(self.acknowledged, self.freshness, strict=True):
            by_second.setdefault(int(at), []).append(ms)
        return {
            "freshness_ms_by_percent": [
                round(quantile(self.freshness, p / 100), 1) for p in PERCENT
            ],
            "freshness_ms_mean": round(float(np.mean(self.freshness)), 1),
            "freshness_ms_by_second": {
                s: [round(quantile(v, 0.5), 1), round(quantile(v, 0.99), 1)]
                for s, v in sorted(by_second.items())
            },
            "answer_ms_by_percent": [round(quantile(self.answers, p / 100), 1) for p in PERCENT],
            "events": len(self.freshness),
            "events_per_second": round(self.carried, 1),
            "refused_requests": self.refused,
            "all_in_the_figure": self.is_whole,
            "poll_ms_mean": round(self.polls_ms, 2),
            "reader_share_of_a_core": round(self.reader_share, 3),
        }


PERCENT = (0, 1, 5, 10, 25, 50, 75, 90, 95, 99, 99.9, 100)


def judge(sent: Sent, seen: Seen, seconds: float) -> Found:
    """Put acknowledgements beside what the reader saw."""
    if not seen.at:
        raise RuntimeError(f"nothing came into the figure; refused requests: {sent.refused}")
    came = np.sort(np.array(sent.acknowledged))
    at = np.array(seen.at)
    place = np.searchsorted(np.array(seen.count), np.arange(1, len(came) + 1))
    is_seen = place < len(at)
    begin = sent.begun + WARM_SECONDS
    is_counted = is_seen & (came >= begin) & (came < begin + seconds)
    fresh = (at[place[is_counted]] - came[is_counted]) * 1000
    within = (at >= begin) & (at < begin + seconds)
    steps = np.diff(np.array(seen.count), prepend=0)
    reading = seen.polls * POLL_SECONDS
    return Found(
        fresh.tolist(),
        (came[is_counted] - begin).tolist(),
        [took * 1000 for due, took in sent.answered if due >= WARM_SECONDS],
        float(steps[within].sum()) / seconds,
        sent.refused,
        bool(is_seen.all()),
        1000 * seen.asking / seen.polls,
        seen.used / max(reading, at[-1] - sent.begun),
    )


def run(settings: Settings, port: int, load: Load, name: str, seconds: float) -> Found:
    """Offer a load and read beside it."""
    with open_hub(settings) as hub:
        own = [
            keys.create(hub.store, system_clock, f"{name}-{n}", WHOLE) for n in range(load.senders)
        ]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        sending = pool.submit(send, port, own, load, name, WARM_SECONDS + seconds)
        seen = read(settings, sending)
        return judge(sending.result(END_SECONDS_MAX), seen, seconds)


def measure(rounds: int = 3, seconds: float = 20.0) -> Section:
    """Measure both loads, in turns."""
    found: dict[Load, list[Found]] = {load: [] for load in LOADS}
    with servers() as (_, _, settings), serving(settings) as (port, _), working(settings):
        for number in range(rounds):
            for load in LOADS:
                name = f"{number}-{load.size}"
                found[load].append(run(settings, port, load, name, seconds))
                print(f"round {number + 1} of {rounds}: {load.name} done", file=sys.stderr)
    section = Section(
        "Freshness",
        f"From the sender's 202 to the figure that a reader asks for, {RATE:,} events a second"
        " offered in an open loop; production profile, one gateway and one worker.",
        {
            "events_per_second_offered": RATE,
            "seconds": seconds,
            "seconds_of_warm_up": WARM_SECONDS,
            "rounds": rounds,
            "connections": CONNECTIONS,
            "loads": {one.name: {"events": one.size, "keys": one.senders} for one in LOADS},
            "reader_asks_every_ms": POLL_SECONDS * 1000,
        },
        [],
    )
    for load, those in found.items():
        section.rows += _rows(load, those)
        section.raw[load.name] = [one.as_json() for one in those]
    if any(row.is_met is False for row in section.rows):
        section.misses.append(
            "an event waits for half of the transaction under way, and for all of its own; one of a"
            " few events takes 35 to 50 ms beside the gateway, the broker and the database on two"
            " cores, most of it 200 small steps of Polars: one pass over few rows would lower p50;"
            " reading the next records while the last are applied would save what gathering costs"
        )
    return section


def _rows(load: Load, found: list[Found]) -> list[Row]:
    def of(share: float) -> float:
        return middle([quantile(f.freshness, share) for f in found])

    ask, share = (middle([getattr(f, n) for f in found]) for n in ("polls_ms", "reader_share"))
    cost = (
        f"the reader asks every {POLL_SECONDS * 1000:g} ms, which takes it {ask:.1f} ms and, with"
        f" the database, {share:.1%} of a core; on average {POLL_SECONDS * 500:g} ms of this"
        " are its waiting"
    )
    lost = sum(not f.is_whole for f in found)
    answers = [middle([quantile(f.answers, s) for f in found]) for s in (0.5, 0.99)]
    return [
        Row(f"{load.name}: freshness p50", of(0.5), "ms", cost, Target(most=P50_MOST)),
        Row(f"{load.name}: freshness p99", of(0.99), "ms", "", Target(most=P99_MOST)),
        Row(
            f"{load.name}: carried",
            middle([f.carried for f in found]),
            "events/s",
            f"answered within p50 {answers[0]:.0f} ms, p99 {answers[1]:.0f} ms of when due",
        ),
        Row(
            f"{load.name}: requests not acknowledged",
            sum(f.refused for f in found),
            "requests",
            f"rounds in which not all acknowledged came into the figure: {lost}",
            Target(most=0),
        ),
    ]


def main() -> None:
    """Measure and print the rows."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 20.0
    print(measure(rounds, seconds).printed())


if __name__ == "__main__":
    main()
