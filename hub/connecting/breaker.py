"""The breaker: stops a source whose input is mostly wrong, rather than quarantining a whole day."""

from collections import deque
from collections.abc import Sequence

WINDOW = 10_000
SEEN_MIN = 1_000  # fewer records say nothing about a share


class Breaker:
    """Opens when more than a share of the latest records, or so many in a row, were rejected.

    What opens it is not taken. After `seconds` one delivery is tried; it closes where that passes.
    """

    def __init__(self, share_max: float, in_a_row_max: int, seconds: float) -> None:
        self._share_max = share_max
        self._in_a_row_max = in_a_row_max
        self._seconds = seconds
        self._seen: deque[bool] = deque(maxlen=WINDOW)
        self._in_a_row = 0
        self._opened_at: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether nothing is to be taken."""
        return self._opened_at is not None

    def wait_seconds(self, now: float) -> float:
        """Say how long to wait before the next try; `now` is of a monotonic clock."""
        return 0.0 if self._opened_at is None else max(0.0, self._opened_at + self._seconds - now)

    def allows(self, rejected: Sequence[bool], now: float) -> bool:
        """Judge a delivery by which of its records are rejected, in order; opens or closes."""
        # After a stop only the delivery itself counts: what stopped it may have been mended.
        seen = [] if self.is_open else list(self._seen)
        in_a_row = 0 if self.is_open else self._in_a_row
        longest = in_a_row
        for is_bad in rejected:
            in_a_row = in_a_row + 1 if is_bad else 0
            longest = max(longest, in_a_row)
        seen = [*seen, *rejected][-WINDOW:]
        is_over = len(seen) >= SEEN_MIN and sum(seen) > self._share_max * len(seen)
        if is_over or longest >= self._in_a_row_max:
            self._opened_at = now
            return False
        self._opened_at = None
        self._seen = deque(seen, maxlen=WINDOW)
        self._in_a_row = in_a_row
        return True
