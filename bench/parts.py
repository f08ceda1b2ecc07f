"""Parts: where the time of applying and rebuilding goes, by the clock, each without the others.

Inside `with Parts() as parts`, the functions in `_parts()` are timed wherever they are called; a
part that calls another is not charged for it. What threads do at once counts for each of them.
Timing costs under a microsecond a call, and none is called for a single event.
"""

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import wraps
from typing import Any, Self
from unittest.mock import patch

from hub.apply import applier, entities, fold, intake, rebuild
from hub.archive.log import ArchivedLog
from hub.kafka.log import KafkaLog
from hub.log.sqlite import SqliteLog
from hub.store import differences
from hub.store.reading import Reading

READ, DECODE, KNOWN = "read the log", "decode and check", "read stored events"
FOLD, DIGEST, CELLS = "fold", "digests", "cells"
WRITE, COMPARE, SWITCH = "write and commit", "compare", "change places"
ELSE = "else"


def _parts() -> list[tuple[Any, str, str]]:
    """List what is timed: where it is, its name there, the part that it belongs to."""
    return [
        *((log, "read", READ) for log in (SqliteLog, KafkaLog, ArchivedLog)),
        (applier, "join", DECODE),
        (intake, "take", DECODE),
        (Reading, "states", KNOWN),
        (applier, "find_change", FOLD),
        (fold, "digest_facts", DIGEST),
        (entities, "cell_rows", CELLS),
        # What is left of it is the transaction.
        (applier.Applier, "_apply_once", WRITE),
        (differences, "compare", COMPARE),
        (rebuild, "alike", COMPARE),
        (rebuild.Rebuild, "_switch", SWITCH),
    ]


class Parts:
    """Seconds by part, in `seconds`, and in all, in `total`."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.total = 0.0
        self._begun = 0.0
        self._lock = threading.Lock()
        self._own = threading.local()  # of each call under way: the seconds of calls within it
        self._patches = ExitStack()

    def __enter__(self) -> Self:
        """Begin to time."""
        for owner, name, part in _parts():
            if hasattr(owner, name):
                timed = self._timed(part, getattr(owner, name))
                self._patches.enter_context(patch.object(owner, name, timed))
        self._begun = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        """End; what no part took is `ELSE`."""
        self.total = time.perf_counter() - self._begun
        self._patches.close()
        self.seconds[ELSE] = max(self.total - sum(self.seconds.values()), 0.0)

    def _timed(self, part: str, work: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(work)
        def timed(*given: Any, **named: Any) -> Any:
            inner: list[float] = self._own.__dict__.setdefault("inner", [])
            begun = time.perf_counter()
            inner.append(0.0)
            try:
                return work(*given, **named)
            finally:
                took = time.perf_counter() - begun
                own = took - inner.pop()
                with self._lock:
                    self.seconds[part] = self.seconds.get(part, 0.0) + own
                if inner:
                    inner[-1] += took

        return timed
