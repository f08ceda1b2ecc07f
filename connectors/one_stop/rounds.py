"""Rounds: whether the cursors of a lane go on, or come round.

An upstream whose cursor comes back to where it was would be asked for the same pages for ever. So
of the pages that say that more is there, each cursor is held against one of those before it; which
one is kept moves on after 1, 2, 4 … pages (Brent's way of finding a cycle), so that a cycle of any
length is noticed within a few of its rounds, and one cursor is all that is remembered.

What comes round is asked again later and later: it may be mended at the upstream.
"""

WAIT_SECONDS = (1.0, 60.0)  # the first wait and the longest


class Rounds:
    """The cursors of one lane, as its pages give them."""

    def __init__(self) -> None:
        self._found = 0
        self._begin()

    def _begin(self) -> None:
        self._mark = ""
        self._pages, self._pages_until_moved = 0, 1
        # What the next page is asked by, where the lane goes on from here; None: by anything.
        self._next: str | None = None

    @property
    def is_round(self) -> bool:
        """Whether the page read last came round."""
        return self._found > 0

    @property
    def wait_seconds(self) -> float:
        """How long to wait before it is asked again: twice as long each time, up to a minute."""
        first, longest = WAIT_SECONDS
        return min(longest, first * float(2 ** min(self._found - 1, 16)))

    def comes_round(self, asked: str, cursor: str, *, has_more: bool) -> bool:
        """Take in a page's cursor, and the one that it was asked by.

        More behind a page that names no cursor, or the one it was asked by, comes round as well.
        Where a lane was set back, since what it brought was not taken, it begins anew: to read a
        page again is no round.
        """
        if self._next not in (None, asked):
            self._begin()
        if not has_more:
            self._found = 0
            self._begin()
            return False
        if cursor in ("", asked, self._mark):
            self._found += 1
            self._next = asked
            return True
        self._found = 0
        self._next = cursor
        self._pages += 1
        if self._pages == self._pages_until_moved:
            self._mark = cursor
            self._pages, self._pages_until_moved = 0, 2 * self._pages_until_moved
        return False
