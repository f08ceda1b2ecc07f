"""The embedded runner: the one thread, in the one process, that applies the log to the store."""

import threading
import time
from contextlib import ExitStack
from pathlib import Path

from hub.apply.applier import Applier
from hub.clock import Clock
from hub.locks import held
from hub.log.log import Log
from hub.operating import metrics, tracing
from hub.store.cuts import Thinning
from hub.store.store import Store

POLL_SECONDS = 0.05
FEW = 2_000  # events of one step
PAUSE_SECONDS_MAX = 0.25
# A large batch meets most of an entity's events at once: 400,000 load 1.6 times as fast as 200,000,
# in 1.2 GB of memory. Live batches are as small as what has come since the last.
EVENTS_PER_BATCH_MAX = 400_000


class Runner:
    """Applies new batches as they come.

    Holds a file lock, so that one process at most applies; the position's compare-and-swap guards
    the rest. An error that is not the data's stops it, and is kept in `failure`.
    """

    def __init__(self, log: Log, store: Store, lock_path: Path | None, clock: Clock) -> None:
        self._log = log
        self._store = store
        self._contracts = store.definitions.applied
        self._applier = Applier(store, log.identity, clock, has_listeners=log.is_open)
        self._thinning = Thinning(store, clock)
        self._stopping = threading.Event()
        self._changed = threading.Condition()
        self._lock_path = lock_path
        self._held = ExitStack()
        self._thread: threading.Thread | None = None
        self.failure: Exception | None = None
        self.commits = 0
        self._positions: dict[tuple[str, int], int] = {}

    def resume(self) -> None:
        """Go on from where the store stands."""
        with self._store.reading() as reading:
            for contract in self._contracts.values():
                known = reading.positions(self._log.identity(contract.topic), contract.topic)
                for partition in self._log.ends(contract.topic):
                    self._positions[contract.topic, partition] = known.get(partition, 0)

    def lock(self) -> None:
        """Take the lock; raise `AlreadyRunningError` where another process holds it."""
        if self._lock_path is None:
            return  # many may apply a Kafka log; the position alone decides
        self._held.enter_context(held(self._lock_path))

    def start(self) -> None:
        """Begin to apply in a thread of its own."""
        self.resume()
        self._thread = threading.Thread(target=self._run, name="apply", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish the batch at hand, then stop and give the lock back."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        self._held.close()

    def catch_up(self) -> int:
        """Apply everything that is in the log; count the events."""
        total = 0
        while (n := self.step()) is not None:
            total += n
        return total

    def step(self) -> int | None:
        """Apply one batch of each topic's partitions; count the events, None with nothing to do."""
        total = None
        if not self._positions:
            self.resume()
        for contract in self._contracts.values():
            slices = []
            mine = [(p, at) for (t, p), at in self._positions.items() if t == contract.topic]
            for partition, position in mine:
                slices += self._log.read(
                    contract.topic,
                    position,
                    partition=partition,
                    events_max=EVENTS_PER_BATCH_MAX // len(mine),
                )
            if not slices:
                continue
            begun = tracing.now()
            with metrics.APPLY_SECONDS.time():
                self._applier.apply(contract, slices)
            tracing.note_applied(
                contract.topic, (o.receipt for s in slices for o in s.origins), begun
            )
            for s in slices:
                self._positions[s.topic, s.partition] = s.following
            count = sum(s.count for s in slices)
            metrics.EVENTS_APPLIED.labels(contract.topic).inc(count)
            total = (total or 0) + count
            with self._changed:
                self.commits += 1
                self._changed.notify_all()
        return total

    def wait(self, seen: int, timeout_seconds: float) -> int:
        """Wait until there are more commits than `seen`; give their number."""
        with self._changed:
            self._changed.wait_for(lambda: self.commits > seen, timeout_seconds)
            return self.commits

    def positions(self) -> dict[str, int]:
        """Give the next offset to apply, by topic, summed over partitions."""
        if not self._positions:
            self.resume()
        out: dict[str, int] = {}
        for (topic, _), at in self._positions.items():
            out[topic] = out.get(topic, 0) + at
        return out

    def lag(self) -> dict[str, int]:
        """Count by topic the events that are in the log and not yet applied."""
        positions = self.positions()
        ends = self._log.ends_of(positions)
        return {t: sum(ends[t].values()) - at for t, at in positions.items()}

    @property
    def is_running(self) -> bool:
        """Whether the thread is alive."""
        return self._thread is not None and self._thread.is_alive()

    def _run(self) -> None:
        try:
            idle_at: int | None = None
            while not self._stopping.is_set():
                self._thinning.now_and_then()
                begun, seen = time.monotonic(), self._log.seen()
                applied = None if seen is not None and seen == idle_at else self.step()
                if applied is None:
                    idle_at = seen
                    time.sleep(POLL_SECONDS)
                elif applied < FEW:
                    # As long as it took: whoever sends gets half of the processor, and the next
                    # commit more events.
                    took = time.monotonic() - begun
                    self._stopping.wait(min(took, PAUSE_SECONDS_MAX))
        except Exception as error:
            self.failure = error
            raise
        finally:
            self._log.close()
