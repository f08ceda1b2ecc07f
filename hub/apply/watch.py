"""The watch: what a server knows of figures that workers elsewhere keep up to date."""

import logging
import threading
import time

from hub.log.log import Log
from hub.store.store import Store
from hub.store.troubles import StoreUnavailableError

log = logging.getLogger(__name__)
POLL_SECONDS = 0.2


class Watch:
    """Follows the store's positions, in the place of a runner."""

    def __init__(self, log: Log, store: Store) -> None:
        self._log = log
        self._store = store
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.failure: Exception | None = None
        self.commits = 0

    def start(self) -> None:
        """Begin to follow, in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop following."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        seen: object = None
        while not self._stopping.wait(POLL_SECONDS):
            try:
                with self._store.reading() as reading:
                    now = reading.committed_at(), reading.totals()
            except StoreUnavailableError as error:
                if self.failure is None:
                    log.warning("the database is away: %s", error)
                self.failure = error
                time.sleep(POLL_SECONDS)
                continue
            self.failure = None
            if now != seen:
                seen = now
                self.commits += 1

    @property
    def is_running(self) -> bool:
        """Whether the store can be read."""
        return self._thread is not None and self._thread.is_alive() and self.failure is None

    def positions(self) -> dict[str, int]:
        """Give the next offset to apply, by topic, summed over partitions."""
        topics = [c.topic for c in self._store.definitions.applied.values()]
        with self._store.reading() as reading:
            return {t: sum(reading.positions(self._log.identity(t), t).values()) for t in topics}

    def lag(self) -> dict[str, int]:
        """Count by topic the offsets that are in the log and not yet applied."""
        positions = self.positions()
        ends = self._log.ends_of(positions)
        return {t: sum(ends[t].values()) - at for t, at in positions.items()}
