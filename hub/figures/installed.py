"""All that is installed, as one value: what opens a hub finds it once and hands it down."""

from collections.abc import Mapping
from dataclasses import dataclass

from hub.definitions.installed import Definitions
from hub.figures.book import Book
from hub.figures.group import Group
from hub.figures.kpi import Kpi
from hub.reference.lists import Lists
from hub.store.reading import Reading


@dataclass(frozen=True)
class Installed:
    """Definitions of events and facts, KPIs and their groups by id, and the lists of figures."""

    definitions: Definitions
    kpis: Mapping[str, Kpi]
    groups: Mapping[str, Group]
    lists: Lists

    @property
    def roles(self) -> list[str]:
        """The roles that questions about KPIs may go by."""
        return list(dict.fromkeys(role for kpi in self.kpis.values() for role in kpi.roles))

    def book(self, reading: Reading) -> Book:
        """Open the book on a snapshot, or on one as it was (`Past`)."""
        return Book(reading, self.definitions, self.lists, kpis=self.kpis)
