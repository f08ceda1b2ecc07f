"""Names: what the province's lists call their codes today, for who mistook one.

While the database is away they are those that were known last; nothing is refused by them.
"""

import json
from collections.abc import Mapping
from contextlib import suppress

from hub.clock import Clock, day_of, iso_day, to_us
from hub.reference.form import Row
from hub.store.store import Store
from hub.store.troubles import StoreUnavailableError


class Names:
    """Gives the names of a list's codes; nothing where the list was not loaded."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._rows: dict[str, tuple[str, list[Row]]] = {}

    def of(self, listed: str) -> Mapping[str, str]:
        """Give the name of each code of a list that is in force today."""
        with suppress(StoreUnavailableError), self._store.reading() as reading:
            loaded = [event for event, name, _ in reading.lists() if name == listed]
            if loaded and self._rows.get(listed, ("", []))[0] != loaded[-1]:
                self._rows[listed] = loaded[-1], json.loads(reading.list_rows(loaded[-1]))
        day = iso_day(day_of(to_us(self._clock())))
        _, rows = self._rows.get(listed, ("", []))
        return {
            r["code"]: r.get("name_vi", "")
            for r in rows
            if r["valid_from"] <= day and (not r["valid_to"] or day < r["valid_to"])
        }
