"""Backlog: large submissions wait while much is still to be applied, so that small ones are fresh.

History that is loaded goes as fast as it is applied, and no faster; what happens now passes by, and
waits for no more than what was let in before it.
"""

import threading
import time

from hub.log.log import LogUnavailableError
from hub.opening import OpenHub
from hub.store.troubles import StoreUnavailableError

LARGE_BYTES = 256 << 10  # a submission of so many bytes is one of many events
FRESH_SECONDS = 0.5


class Backlog:
    """Knows, half a second old at most, how much of the log is still to be applied."""

    def __init__(self, hub: OpenHub) -> None:
        self._hub = hub
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._events = 0

    def is_full(self) -> bool:
        """Tell whether large submissions must wait; never, where that cannot be known."""
        with self._lock:
            if time.monotonic() - self._read_at > FRESH_SECONDS:
                try:
                    self._events = sum(self._hub.applying.lag().values())
                except (LogUnavailableError, StoreUnavailableError):
                    self._events = 0
                self._read_at = time.monotonic()
            return self._events > self._hub.settings.backlog_events_max
