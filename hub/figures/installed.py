"""All that is installed, as one value: what opens a hub finds it once and hands it down."""

from collections.abc import Mapping
from dataclasses import dataclass

from hub.definitions.installed import Definitions
from hub.figures.book import Book
from hub.figures.kpi import Kpi
from hub.reference.lists import Reference
from hub.store.reading import Reading


@dataclass(frozen=True)
class Installed:
    """Definitions of events and facts, KPIs by id, and the lists that figures are read against."""

    definitions: Definitions
    kpis: Mapping[str, Kpi]
    reference: Reference

    def book(self, reading: Reading) -> Book:
        """Open the book on a snapshot, or on one as it was (`Past`)."""
        return Book(reading, self.definitions, self.reference)
