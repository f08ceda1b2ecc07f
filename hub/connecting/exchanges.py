"""Exchanges, as a feed needs them: what is to be sent to another service, and what became of it."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol


class Exchanges(Protocol):
    """The exchange ledger, as `hub.store.exchanges` keeps it."""

    def alone(self, source: str) -> AbstractContextManager[bool]:
        """Hold the sending of a source's messages."""

    def take(self, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """Take messages; give the ids of those that are to be sent."""

    def drop(self, ids: Iterable[str]) -> None:
        """Forget messages of which nothing was sent."""

    def due(self, source: str, now: int, limit: int) -> list[dict[str, Any]]:
        """Give messages that are due, one about a thing at most."""

    def untold(self, source: str, limit: int) -> list[dict[str, Any]]:
        """Give what is settled and of which the log has nothing."""

    def told(self, ids: Iterable[str]) -> None:
        """Keep that the log has what came of messages."""

    def act(self, message: str, act: str, at: int, **values: Any) -> None:
        """Write down what was done about a message."""

    def states(self, ids: Sequence[str]) -> dict[str, str]:
        """Give how messages stand, of those that the ledger has."""
