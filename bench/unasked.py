"""As if nobody had asked before: what a base once said to a question is not remembered."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from unittest import mock

from hub.columns.asking import Row
from hub.columns.sums import Kept


def _ask(_: Kept, question: Hashable, ask: Callable[[], list[Row]]) -> list[Row]:
    return ask()


@contextmanager
def unasked() -> Iterator[None]:
    """Let every question be asked of the facts themselves, so that no figure is one of memory."""
    with mock.patch.object(Kept, "get", _ask):
        yield
