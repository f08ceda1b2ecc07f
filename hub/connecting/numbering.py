"""Numbering: rows of a drop folder's files replace what is known, where their senders do not count.

A file without the column of revisions, or with nothing in it, holds reports of senders who know
none: each row takes the revision by which it stands in the place of what is known
(`hub.sheets.revising`). Where the sender counts, a blank is an error.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from hub.connecting.feeds import JsonObject, Known
from hub.connecting.rows import FileRecords
from hub.definitions.contract import Contract
from hub.sheets.revising import Revised, counted, note_replaced, revise
from hub.sheets.table import Table


@dataclass(frozen=True)
class Numbering:
    """How rows of a table are numbered on; `event` makes a row's values an event with its name."""

    contract: Contract
    table: Table
    event: Callable[[dict[str, Any]], JsonObject]

    def correct(self, records: FileRecords, known: Known) -> FileRecords:
        """Give rows of a file without revisions those by which they replace what is known."""
        if not records.understood.to_count:
            return records
        revised = revise(self.contract, [e for r in records for e in r.events], known)
        corrected = [
            replace(r, events=tuple(self._revision(e, revised) for e in r.events)) for r in records
        ]
        replacing = [
            r.place for r in records for e in r.events if self._entity(e) in revised.replaced
        ]
        note_replaced(self.contract, records.understood, replacing)
        return FileRecords(corrected, records.understood)

    def settle(self, events: list[JsonObject], content: bytes, known: Known) -> list[JsonObject]:
        """Give a corrected row the revision by which it replaces what is known, if it has none."""
        columns = (self.table.column_of(header) for header in json.loads(content))
        if any(c is not None and c.field == counted(self.contract) for c in columns):
            return events
        revised = revise(self.contract, events, known)
        return [self._revision(e, revised) for e in events]

    def _revision(self, event: JsonObject, revised: Revised) -> dict[str, Any]:
        values = {k: v for k, v in event.items() if k != "event_id"}
        number = revised.revisions[self._entity(event)]
        return dict(self.event({**values, counted(self.contract): number}))

    def _entity(self, event: JsonObject) -> str:
        return self.contract.entity_of(dict(event))
