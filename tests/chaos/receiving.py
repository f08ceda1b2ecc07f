"""Receiving: who takes what an outlet sends while the hub is struck, and what came there."""

import json
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.parts.receivers import Receiver

AREA = "28567"
Came = dict[str, set[bytes]]  # by id: every content that came under it


class Receiving(ABC):
    """One outlet's receiver. `address` is who is told, `env` by what the hub finds it.

    `is_public`: people of a commune are told by it, in a wording that the provider knows as
    `template`; else officers are.
    """

    address: str
    env: Mapping[str, str]
    is_public = False
    template = ""

    def __init__(self, receiver: Receiver, _: Path) -> None:
        self.receiver = receiver

    @abstractmethod
    def came(self) -> Came:
        """Give what came."""

    def told(self) -> Iterable[tuple[str, str]]:
        """Give the events of which it was told, each with the id under which it was."""
        return ()


def by_name(taken: Iterable[Mapping[str, Any]], name: str) -> Came:
    """Give bodies by the id that each names."""
    found: Came = defaultdict(set)
    for said in taken:
        found[said[name]].add(json.dumps(said, sort_keys=True).encode())
    return found
