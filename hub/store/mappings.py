"""Mappings that were confirmed, as the store has them: which is in force, and all before it.

Each is a list of reference data by itself, named by contract and sender: an event of the log.
"""

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from hub.clock import iso
from hub.reference.lists import MAPPING
from hub.sheets.mapping import FileMapping, of_rows
from hub.store.reading import Reading
from hub.store.store import Store
from hub.store.troubles import StoreUnavailableError

NAME_LENGTH_MAX = 128


def list_name(contract: str, sender: str) -> str:
    """Name the list that is a sender's mapping: a long name by its digest."""
    name = f"{MAPPING}{contract}:{sender}"
    if len(name) <= NAME_LENGTH_MAX:
        return name
    return f"{MAPPING}{hashlib.blake2b(name.encode(), digest_size=16).hexdigest()}"


@dataclass(frozen=True)
class Confirmed:
    """A mapping that somebody confirmed; `is_in_force`: no later one stands in its place."""

    mapping: FileMapping
    confirmed_at: int
    confirmed_by: str
    is_in_force: bool

    def public(self) -> dict[str, Any]:
        """Say which it is, without what it says."""
        return {
            "contract": self.mapping.contract,
            "sender": self.mapping.sender,
            "digest": self.mapping.digest,
            "confirmed_at": iso(self.confirmed_at),
            "confirmed_by": self.confirmed_by,
            "is_in_force": self.is_in_force,
        }


def all_mappings(reading: Reading) -> list[Confirmed]:
    """List every mapping that was confirmed, the newest first."""
    rows = reading.rows(
        "SELECT name, loaded_at, loaded_by, content FROM reference_list"
        " WHERE name LIKE :p ORDER BY log_offset DESC",
        p=f"{MAPPING}%",
    )
    seen: set[str] = set()
    listed = []
    for name, at, by, content in rows:
        listed.append(Confirmed(of_rows(json.loads(content)), at, by, name not in seen))
        seen.add(name)
    return listed


def find_mapping(
    listed: Sequence[Confirmed], contract: str, sender: str, digest: str = ""
) -> Confirmed | None:
    """Find a sender's mapping: the one in force, or the one that has a digest."""
    own = (c for c in listed if (c.mapping.contract, c.mapping.sender) == (contract, sender))
    return next((c for c in own if c.mapping.digest == digest or not digest), None)


class Mappings:
    """Gives the mappings in force; while the database is away, those that were known last."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: dict[str, tuple[str, FileMapping]] = {}

    def in_force(self, contract: str, sender: str) -> FileMapping | None:
        """Give the mapping by which a sender's files are read, None where it has none."""
        name = list_name(contract, sender)
        with suppress(StoreUnavailableError), self._store.reading() as reading:
            loaded = [event for event, listed, _ in reading.lists() if listed == name]
            kept = self._kept.get(name)
            if loaded and (kept is None or kept[0] != loaded[-1]):
                mapping = of_rows(json.loads(reading.list_rows(loaded[-1])))
                self._kept[name] = loaded[-1], mapping
        kept = self._kept.get(name)
        return None if kept is None else kept[1]
