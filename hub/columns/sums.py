"""Sums: what was asked of a base once is known; what changed since is taken off and added on.

A base does not change, so what it says to a question is true as long as it stands. A question that
is asked again costs what changed since, however much there is.
"""

import threading
from collections.abc import Callable, Hashable, Sequence

from hub.columns.asking import Row

ENTRIES_MAX = 2_000
ROWS_MAX = 100_000  # of all answers that are kept; a row is some 200 bytes
ROWS_OF_ONE_MAX = 20_000


class Kept:
    """Answers of one base, the latest asked last; so many, and so many rows. For many threads."""

    def __init__(self) -> None:
        self._rows: dict[Hashable, list[Row]] = {}
        self._size = 0
        self._lock = threading.Lock()

    def get(self, question: Hashable, ask: Callable[[], list[Row]]) -> list[Row]:
        """Give what is known, or ask. The rows are everybody's: they are not to be changed."""
        with self._lock:
            known = self._rows.pop(question, None)
            if known is not None:
                self._rows[question] = known
                return known
        rows = ask()
        if len(rows) <= ROWS_OF_ONE_MAX:
            with self._lock:
                self._size += len(rows) - len(self._rows.pop(question, ()))
                self._rows[question] = rows
                while self._size > ROWS_MAX or len(self._rows) > ENTRIES_MAX:
                    self._size -= len(self._rows.pop(next(iter(self._rows))))
        return rows


def together(rows: Sequence[Row], gone: Sequence[Row], here: Sequence[Row], keys: int) -> list[Row]:
    """Take rows off, and add others on: each is a key of so many values, then whole numbers."""
    sums = {row[:keys]: row[keys:] for row in rows}
    for sign, others in ((-1, gone), (1, here)):
        for row in others:
            there = sums.get(row[:keys], (0,) * (len(row) - keys))
            sums[row[:keys]] = tuple(a + sign * b for a, b in zip(there, row[keys:], strict=True))
    return [(*key, *numbers) for key, numbers in sums.items()]
