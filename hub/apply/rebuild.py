"""Rebuild: all tables anew from archive and log, beside those in force, which then change places.

Serving and applying go on meanwhile. The second set of tables follows the positions of the one in
force. Where both stand at the same, they are compared; equal, or approved, the second one is put in
force in one transaction. A process that ends at any step leaves the tables in force as they were.
"""

import json
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress

from hub.apply.applier import Applier
from hub.apply.intake import take
from hub.apply.runner import EVENTS_PER_BATCH_MAX, Runner
from hub.clock import Clock
from hub.definitions.contract import Contract
from hub.locks import AlreadyRunningError
from hub.log.log import Log, LogUnavailableError
from hub.log.slices import Slice, join
from hub.store import differences
from hub.store.alike import alike
from hub.store.differences import Differences, fact_columns, fact_name
from hub.store.reading import Reading
from hub.store.receipts import Receipts
from hub.store.store import Store
from hub.store.troubles import FencedError
from hub.troubles import TroubleError

LOCK = "rebuild"
# What is applied while those who apply to the tables in force wait; as much as one batch of theirs.
LAST_EVENTS_MAX = 20_000
# Each with half of what one may hold: as much memory as before.
CONTRACTS_AT_ONCE = 2
# The checkpoint of the second set that tells that it was compared, and what differed.
COMPARED = "rebuild"
_Progress = Callable[[int, int], None]
Place = tuple[str, int]  # topic and partition
Positions = dict[Place, int]


def apply_all(runner: Runner, report: _Progress) -> int:
    """Apply everything that is in archive and log; count the events."""
    total = sum(runner.lag().values())
    report(0, total)
    while any(runner.lag().values()):
        try:
            runner.step()
            report(total - sum(runner.lag().values()), total)
        except FencedError:
            # A worker is at it too; what it did need not be done again.
            runner.resume()
    return total


class NothingBuiltError(TroubleError):
    """There is no second set of tables that could be put in force."""


class _BehindError(Exception):
    """More is left than may be applied while others wait."""


class _DiffersError(Exception):
    """Facts of what came after the comparison differ."""

    def __init__(self, differences: Differences) -> None:
        super().__init__(differences.lines)
        self.differences = differences


class Rebuild:
    """Makes the tables of a store anew. Safe beside any process that serves or applies."""

    def __init__(
        self, log: Log, store: Store, clock: Clock, progress: _Progress = lambda *_: None
    ) -> None:
        self._log = log
        self._store = store
        self._clock = clock
        self._progress = progress
        self._contracts = tuple(store.definitions.applied.values())
        self._identities = {c.topic: log.identity(c.topic) for c in self._contracts}
        self.applied = 0
        self._done = self._total = 0
        self._lock = threading.Lock()  # holds what several contracts' events add to
        # By contract, what was touched since both sets were found equal; None where they were not.
        self._touched: dict[str, set[str]] | None = None

    def build(self) -> Differences:
        """Build a second set, compare it, and put it in force where it is equal.

        Where it is not, it is left for `approve`. Raises `AlreadyRunningError`, `NotInLogError`,
        `TablesInUseError`.
        """
        with self._alone():
            self._store.database.drop_second()
            with self._second() as second:
                second.check_definitions()
                second.name_build(uuid.uuid4().hex)
                differing = self._compare(second)
                if not differing.count:
                    self._touched = {}
                    try:
                        self._switch(second)
                    except _DiffersError as error:
                        differing = error.differences
                        self._note(second, differing)
            if not differing.count:
                self._store.database.drop_second()
        return differing

    def approve(self) -> int:
        """Put in force what was built and compared; count the differences that it had then.

        Raises `NothingBuiltError`, `DefinitionChangedError` where it was built by others than the
        installed ones, `TablesInUseError`.
        """
        with self._alone():
            if not self._store.database.has_second():
                raise NothingBuiltError("nothing was built; run `hub rebuild` first")
            with self._second() as second:
                compared = Receipts(second).checkpoint(COMPARED)
                with self._store.reading() as old, second.reading() as new:
                    is_in_force = old.build() == new.build()
                if compared is None or is_in_force:
                    raise NothingBuiltError(
                        "what was built is in force already"
                        if is_in_force
                        else "what was built was not finished; run `hub rebuild` again"
                    )
                second.check_definitions()
                self._switch(second)
            self._store.database.drop_second()
        return int(json.loads(compared)["differences"])

    def discard(self) -> bool:
        """Drop what was built; tell whether anything was."""
        with self._alone():
            found = self._store.database.has_second()
            self._store.database.drop_second()
        return found

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._store.alone(LOCK) as is_mine:
            if not is_mine:
                raise AlreadyRunningError("another `hub rebuild` is at it")
            yield

    @contextmanager
    def _second(self) -> Iterator[Store]:
        second = self._store.second()
        try:
            yield second
        finally:
            second.close()

    def _positions(self, reading: Reading) -> Positions:
        return {
            (topic, partition): at
            for topic, identity in self._identities.items()
            for partition, at in reading.positions(identity, topic).items()
        }

    def _compare(self, second: Store) -> Differences:
        self._follow(second)
        with self._store.reading() as old:
            self._apply(second, self._positions(old))
            known = alike(self._store.database, self._store.facts)
            with second.reading() as new:
                found = differences.compare(old, new, self._store.facts, known)
        self._note(second, found)
        return found

    def _note(self, second: Store, found: Differences) -> None:
        """Leave with the second set that it was compared, and what differed."""
        said = {"differences": found.count}
        Receipts(second).set_checkpoints({COMPARED: json.dumps(said)})

    def _compare_touched(self, old: Reading, second: Store) -> None:
        """Hold the facts against each other that changed since both sets were found equal.

        Raises `_DiffersError`.
        """
        differing = Differences()
        columns = fact_columns(self._store.facts)
        with second.reading() as new:
            for name, entities in (self._touched or {}).items():
                fact, asked = self._store.facts[name], columns[name]
                olds, news = (
                    {row[0]: row[1:] for row in r.fact_values(fact, asked, sorted(entities))}
                    for r in (old, new)
                )
                for entity in sorted(olds.keys() | news.keys()):
                    was, now = olds.get(entity, "nothing"), news.get(entity, "nothing")
                    if was != now:
                        differing.differ(f"{fact_name(name)}/{entity}", was, now)
        if differing.count:
            raise _DiffersError(differing)

    def _follow(self, second: Store) -> None:
        """Apply until little is left to where the tables in force stand."""
        while True:
            with self._store.reading() as reading:
                until = self._positions(reading)
            left = self._left(second, until)
            self._apply(second, until)
            if left <= LAST_EVENTS_MAX:
                return

    def _left(self, second: Store, until: Positions) -> int:
        with second.reading() as reading:
            at = self._positions(reading)
        return sum(end - at.get(place, 0) for place, end in until.items())

    def _switch(self, second: Store) -> None:
        """Put the second set in force, at the positions of the tables that it replaces."""
        while True:
            self._follow(second)
            with suppress(_BehindError), self._store.replacing() as old:
                until = self._positions(old)
                if self._left(second, until) > LAST_EVENTS_MAX:
                    raise _BehindError  # it took long until nobody read any more
                self._apply(second, until)
                self._compare_touched(old, second)
                second.close()
                return

    def _apply(self, second: Store, until: Positions) -> None:
        """Apply to the second set up to positions, and not further."""
        with second.reading() as reading:
            at = self._positions(reading)
        self._done, self._total = sum(at.values()), sum(until.values())
        spans = {place: (at.get(place, 0), end) for place, end in until.items()}
        # One contract's events change nothing that another's do: while one is written, the other
        # is read and folded.
        with ThreadPoolExecutor(CONTRACTS_AT_ONCE, "rebuild") as pool:
            work = [pool.submit(self._apply_one, second, c, spans) for c in self._contracts]
            for one in as_completed(work):
                if one.exception() is not None:
                    pool.shutdown(wait=False, cancel_futures=True)
                one.result()

    def _apply_one(
        self, second: Store, contract: Contract, spans: Mapping[Place, tuple[int, int]]
    ) -> None:
        """Apply one contract's events to the second set."""
        # Others were told of what was set aside when it was; they are not told again.
        applier = Applier(second, self._identities.__getitem__, self._clock)
        waiting = {p: s for (topic, p), s in spans.items() if topic == contract.topic}
        waiting = {partition: (at, end) for partition, (at, end) in waiting.items() if at < end}
        while waiting:
            slices = []
            for partition, (first, end) in list(waiting.items()):
                found = self._read(contract.topic, partition, (first, end), len(waiting))
                slices += found
                waiting[partition] = (found[-1].following, end)
                if found[-1].following >= end:
                    del waiting[partition]
            applier.apply(contract, slices)
            with self._lock:
                self._touch(contract, slices)
                self.applied += sum(s.count for s in slices)
                self._done += sum(s.following - s.first for s in slices)
                self._progress(self._done, self._total)

    def _touch(self, contract: Contract, slices: list[Slice]) -> None:
        if self._touched is not None and contract.name in self._store.facts:
            frame = take(contract, join(slices)).frame
            entities = frame.select(contract.entity.alias("entity"))["entity"]
            self._touched.setdefault(contract.name, set()).update(entities)

    def _read(
        self, topic: str, partition: int, span: tuple[int, int], partitions: int
    ) -> list[Slice]:
        first, end = span
        slices = self._log.read(
            topic,
            first,
            partition=partition,
            until=end,
            events_max=max(EVENTS_PER_BATCH_MAX // CONTRACTS_AT_ONCE // partitions, 1),
        )
        if not slices:
            raise LogUnavailableError(
                f"{topic}/{partition}: nothing came from offset {first} on, though {end} is applied"
            )
        return slices
