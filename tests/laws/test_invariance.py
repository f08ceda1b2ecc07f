"""Any order, any repetition, any batches from 1 to 20,000, any partitions and shards: one outcome.

A machine sends, repeats, corrects, withdraws and contradicts, into 1 to 12 partitions, and applies
from any of them as much as it likes. At the end the tables are those of one batch on one partition.
"""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count, cycle
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
from hypothesis import seed as chosen_by
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from hub import registry
from hub.clock import DAY_US, OFFSET_US
from hub.kafka import wire
from hub.log.log import Acknowledgement, Kept, Receipt, Submission
from hub.log.slices import Origin, Slice
from hub.store.troubles import FencedError
from stream_jobs.worked import dossier, received
from tests.laws.test_order_free import EVENTS, deliveries, once
from tests.parts.same import digests
from tests.parts.small import Json, Sent, Small

pytestmark = pytest.mark.slow
PARTITIONS_MAX = 12
BATCH_MAX = 20_000
SIZES = [1, 2, 63, 64, 65, 1_000, BATCH_MAX]
EXAMPLES, STEPS = 3, 12
# How many partitions there are, and whether records stray into any of them.
LOGS = ((1, False), (2, True), (5, False), (PARTITIONS_MAX, True))
ROUNDS_MAX = 10
CLASSES = {"applied", "duplicate", "conflict", "retracted"}


class Parted:
    """A log in memory, in partitions: by key, as producers are asked to, or as chance decides."""

    is_open = False

    def __init__(self) -> None:
        self._checkpoints: dict[str, str] = {}
        self.begin(1)

    def begin(self, partitions: int, strays: random.Random | None = None) -> None:
        """Be empty again, with so many partitions; records may be `strays`."""
        self.partitions = partitions
        self._strays = strays
        self._records: dict[tuple[str, int], list[tuple[Origin, int, bytes]]] = {}
        self._receipts: list[Receipt] = []

    def identity(self, topic: str) -> str:
        return "in memory"

    def append(self, submissions: Sequence[Submission]) -> None:
        for s in submissions:
            day = (s.accepted_at + OFFSET_US) // DAY_US
            receipt = Receipt(s.receipt, s.sender, s.contract, day, s.accepted, s.rejected)
            self._receipts.append(receipt)
            for batch in s.batches:
                origin = Origin(batch.sender, batch.accepted_at, batch.receipt)
                ends = batch.ends.tolist()
                contract = registry.contracts()[s.contract]
                named = (batch.schema_id, batch.payload, batch.count)
                keys, _ = wire.keys_and_ids(contract, *named)
                for key, a, b in zip(keys, [0, *ends], ends, strict=False):
                    record = (origin, batch.schema_id, batch.payload[a:b])
                    place = self._strays.randrange(1 << 32) if self._strays else crc32(key.encode())
                    self._of(batch.topic, place % self.partitions).append(record)

    def _of(self, topic: str, partition: int) -> list[tuple[Origin, int, bytes]]:
        return self._records.setdefault((topic, partition), [])

    def seen(self) -> None:
        """Whoever wants to know reads it."""

    def begins(self, topic: str) -> dict[int, int]:
        return dict.fromkeys(range(self.partitions), 0)

    def ends(self, topic: str) -> dict[int, int]:
        return {p: len(self._of(topic, p)) for p in range(self.partitions)}

    def ends_of(self, topics: Iterable[str]) -> dict[str, dict[int, int]]:
        return {topic: self.ends(topic) for topic in topics}

    def read(
        self,
        topic: str,
        offset: int,
        *,
        partition: int = 0,
        until: int | None = None,
        events_max: int = 100_000,
    ) -> list[Slice]:
        found = self._of(topic, partition)[offset:until][:events_max]
        if not found:
            return []
        origins = list(dict.fromkeys(origin for origin, _, _ in found))
        places = {origin: i for i, origin in enumerate(origins)}
        following = offset + len(found)
        one = Slice(
            topic=topic,
            partition=partition,
            first=offset,
            following=following,
            offsets=np.arange(offset, following),
            schema_ids=np.array([schema_id for _, schema_id, _ in found], np.int64),
            origins=origins,
            origin=np.array([places[origin] for origin, _, _ in found], np.int64),
            payload=b"".join(datum for _, _, datum in found),
            ends=np.cumsum([len(datum) for _, _, datum in found]),
            is_admitted=True,
        )
        return [one]

    def checkpoint(self, name: str) -> str | None:
        return self._checkpoints.get(name)

    def checkpoints(self, names: Sequence[str]) -> dict[str, str]:
        return {n: self._checkpoints[n] for n in names if n in self._checkpoints}

    def set_checkpoints(self, values: Mapping[str, str]) -> None:
        self._checkpoints |= values

    @property
    def is_empty(self) -> bool:
        return not any(self._records.values())

    def receipt(self, name: str) -> Kept | None:
        return None

    def receipts(self) -> list[Receipt]:
        return self._receipts

    def acknowledgements(self, names: Sequence[str]) -> list[Acknowledgement]:
        raise NotImplementedError

    def all_checkpoints(self) -> dict[str, str]:
        return dict(self._checkpoints)

    def acknowledged(self) -> dict[str, int]:
        senders = {r.sender for r in self._receipts}
        mine = {s: [r for r in self._receipts if r.sender == s] for s in senders}
        return {s: sum(r.accepted + r.rejected for r in rs) for s, rs in mine.items()}

    def close(self) -> None:
        pass


class Pair:
    """A hub that is treated in every way, and one that gets the same as one batch."""

    def __init__(self, folder: Path) -> None:
        self.log, self.calm_log = Parted(), Parted()
        self.treated = Small(folder / "treated", self.log)
        self.calm = Small(folder / "calm", self.calm_log)
        self.sent: dict[str, list[Sent]] = {}
        self.at: dict[tuple[str, int], int] = {}

    def begin(self, partitions: int, strays: random.Random | None = None) -> None:
        self.log.begin(partitions, strays)
        self.calm_log.begin(1)
        # Of repeats in two partitions nobody knows which came first, nor on which day they count.
        self.is_one_day = strays is not None
        self.treated.clear()
        self.calm.clear()
        self.sent = {name: [] for name in EVENTS}
        self.at = {}

    def send(self, name: str, sent: list[Sent]) -> None:
        if self.is_one_day:
            sent = [Sent(s.sender, 20_400, s.event) for s in sent]
        self.treated.append(registry.contracts()[name], sent)
        self.sent[name] += sent

    def read(self, name: str, partitions: Sequence[int], size: int) -> list[Slice]:
        """Read up to `size` records, from the first of these partitions as much as it has."""
        topic = registry.contracts()[name].topic
        found: list[Slice] = []
        for partition in partitions:
            left = size - sum(s.count for s in found)
            at = self.at.get((topic, partition), 0)
            found += self.log.read(topic, at, partition=partition, events_max=left)
        return found

    def apply(self, name: str, slices: list[Slice], shard: int) -> None:
        """Apply in one transaction."""
        self.treated.applier().apply(registry.contracts()[name], slices, shard)
        self.at |= {(s.topic, s.partition): s.following for s in slices}

    def check(self) -> set[str]:
        """Apply what is left, and compare; give the classes of the ledger."""
        for name, sent in self.sent.items():
            if slices := self.read(name, range(self.log.partitions), len(sent)):
                self.apply(name, slices, 0)
            if sent:
                for i in range(0, len(sent), BATCH_MAX):
                    self.calm.append(registry.contracts()[name], sent[i : i + BATCH_MAX])
                self.calm.apply(registry.contracts()[name], 1)
        assert digests(self.treated.store) == digests(self.calm.store)
        assert self.treated.negative_cells() == self.calm.negative_cells() == []
        assert self.treated.ledger_by_day() == self.treated.received_by_day()
        assert self.treated.verify().differences == []
        with self.treated.store.reading() as reading:
            rows = reading.rows("SELECT DISTINCT class FROM ledger WHERE count <> 0")
        return {r[0] for r in rows}

    def close(self) -> None:
        self.treated.close()
        self.calm.close()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    opened = Pair(tmp_path)
    yield opened
    opened.close()


NAMES = st.sampled_from(sorted(EVENTS))
SEEDS = st.integers(0, 2**32)


class Seen:
    """What the machines met: over events that never met each other a law would say little."""

    def __init__(self) -> None:
        self.classes: set[str] = set()
        self.sizes: set[int] = set()

    @property
    def missing(self) -> list[str]:
        """What has not been met."""
        kinds = {
            "every class": self.classes >= CLASSES,
            "batches of one and of two": self.sizes >= {1, 2},
            "eight sizes of batches": len(self.sizes) >= 8,
            "a batch of more than a thousand": max(self.sizes, default=0) > 1_000,
        }
        return [kind for kind, is_met in kinds.items() if not is_met]


def machine(
    pair: Pair, partitions: int, seen: Seen, *, with_strays: bool, seed: int
) -> type[RuleBasedStateMachine]:
    """Make a machine that does what it likes with so many partitions."""

    @chosen_by(seed)
    class Machine(RuleBasedStateMachine):
        @initialize(chance=SEEDS)
        def begin(self, chance: int) -> None:
            pair.begin(partitions, random.Random(chance) if with_strays else None)

        @rule(name=NAMES, data=st.data())
        def send(self, name: str, data: st.DataObject) -> None:
            """Events that correct, withdraw and contradict each other: they share few names."""
            pair.send(name, data.draw(deliveries(EVENTS[name])))

        @precondition(lambda _: len(pair.sent["dossier"]) < 3_000)  # enough, and quickly compared
        @rule(seed=SEEDS, size=st.sampled_from([100, 2_500]))
        def send_many(self, seed: int, size: int) -> None:
            pair.send("dossier", many(seed, size))

        @rule(name=NAMES, seed=SEEDS, days=st.integers(0, 3))
        def repeat(self, name: str, seed: int, days: int) -> None:
            sent = pair.sent[name]
            again = random.Random(seed).sample(sent, len(sent) // 2)
            if again:
                pair.send(name, [Sent(s.sender, s.day + days, s.event) for s in again])

        @rule(
            order=st.permutations(range(PARTITIONS_MAX)),
            sizes=st.lists(st.sampled_from(SIZES), min_size=1, max_size=4),
            shard=st.integers(0, 2),
        )
        def apply(self, order: list[int], sizes: list[int], shard: int) -> None:
            """Some of what waits, of the topics and partitions that come first in an order."""
            mine = [p for p in order if p < pair.log.partitions]
            names = [name for _, name in sorted(zip(order, sorted(EVENTS), strict=False))]
            for size in sizes:
                for name in names:
                    if slices := pair.read(name, mine, size):
                        pair.apply(name, slices, shard)
                        with pytest.raises(FencedError):  # who was slower comes with the same
                            pair.apply(name, slices, shard)
                        seen.sizes.add(sum(s.count for s in slices))
                        break

        def teardown(self) -> None:
            seen.classes |= pair.check()

    return Machine


def test_whatever_is_done_the_tables_are_those_of_one_batch_on_one_partition(pair: Pair) -> None:
    """What a seed stands for is not ours to say: machines run until all has been met."""
    seen = Seen()
    bounded = settings(once, max_examples=EXAMPLES, stateful_step_count=STEPS)
    for number in range(ROUNDS_MAX):
        for partitions, with_strays in LOGS:
            seed = 100 * number + partitions
            made = machine(pair, partitions, seen, with_strays=with_strays, seed=seed)
            run_machine(made, settings=bounded)
        if not seen.missing:
            return
    assert seen.missing == []


def many(seed: int, count: int) -> list[Sent]:
    """Some thousand events in disorder, a few of them of every unpleasant kind."""
    chance = random.Random(seed)
    events: list[Json] = []
    while len(events) < count:
        code = f"H57.{seed % 97}-{len(events)}"
        first = received(code, f"2023-0{chance.randint(1, 9)}-11", due="2023-06-01")
        events.append(first)
        kind = chance.randrange(10)
        if kind < 5:
            events.append(dossier(code, "resolved", f"2023-0{chance.randint(1, 9)}-20"))
        if kind in (0, 5):  # corrected
            again = {"channel": "online", "recorded_at": "2023-12-01T00:00:00Z"}
            events.append(first | {"event_id": f"{code}-again"} | again)
        if kind in (1, 6):  # withdrawn, which may come first
            events.append(dossier(code, "retracted", "2023-12-02", retracts=events[-1]["event_id"]))
        if kind in (2, 7):  # in conflict
            events.append(events[-1] | {"received_by": "H57.9"})
        if kind in (3, 8):
            events += [first, first]
    chance.shuffle(events)
    return [Sent("s", 20_400 + i // 2_000, e) for i, e in enumerate(events)]


# How many come at a time, and how many are applied at most: steadily, in drops, in a flood.
SPEEDS = {
    "a flood": ([BATCH_MAX], [BATCH_MAX]),
    "a flood, sipped": ([BATCH_MAX], [4_999, 1, 64, 65, 1_000]),
    "drops, then floods": ([1, 2, 3, 64, 65, 66, 1_000, 5_000, BATCH_MAX], [BATCH_MAX]),
    "steadily": ([900], [1_100]),
}


@pytest.mark.parametrize(
    ("speed", "partitions"),
    [("a flood", 5), ("a flood, sipped", 12), ("drops, then floods", 1), ("steadily", 12)],
)
def test_the_speed_of_arrival_changes_nothing(pair: Pair, speed: str, partitions: int) -> None:
    pair.begin(partitions)
    sent = many(2, BATCH_MAX)
    comes, is_applied = SPEEDS[speed]
    numbers, sizes = count(), cycle(is_applied)
    for size in cycle(comes):
        if not sent:
            break
        pair.send("dossier", sent[:size])
        del sent[:size]
        turn = next(numbers)
        order = [(p + turn) % partitions for p in range(partitions)]
        while slices := pair.read("dossier", order, next(sizes)):
            pair.apply("dossier", slices, turn % 3)
    assert pair.check() == CLASSES
