"""What tests share: a hub in a folder of its own, with a clock that tests move."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from deploy.local.services.part import Part
from hub import registry
from hub.access.keys import Sender
from hub.access.seals import Seals
from hub.apply.runner import Runner
from hub.clock import to_us
from hub.figures.book import Book
from hub.figures.compute import read_question
from hub.figures.official import answer
from hub.gateway.gateway import Answer, Gateway
from hub.gateway.signing import Signer
from hub.log.sqlite import SqliteLog
from hub.reference.lists import Lists, Reference
from hub.store.reading import Reading
from hub.store.store import Store
from tests.parts import depth, lists, starting, stores
from tests.rooms import rooms_of
from tests.turns import turn

# When the tests' gateway accepts, unless a test moves it: what is dated later is refused.
CLOCK = datetime(2026, 1, 15, 3, tzinfo=UTC)

depth.register()
starting.is_forking = True
Part.is_brief = True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by the rooms that it is of, and put their files in the order of turns."""
    for item in items:
        for room in rooms_of(item.path):
            item.add_marker(room)
    items.sort(key=lambda item: turn(item.path))


class Hub:
    """An embedded hub whose parts a test can reach."""

    def __init__(self, folder: Path) -> None:
        self.now = CLOCK
        self.folder = folder
        self.log = SqliteLog(folder / "log.sqlite3")
        self.store = Store(stores.store_url(folder), registry.definitions())
        self.store.check_definitions()
        self.runner = Runner(self.log, self.store, folder / "lock", lambda: self.now)
        self.signer = Signer(folder / "signing", 0)
        self.seals = Seals(stores.keys_of(folder, self.store), lambda: self.now)
        self.gateway = Gateway(self.log, self.store, lambda: self.now, self.signer, self.seals.seal)
        self.reference: Reference = lists.reference()

    def post(self, contract: str, *items: dict[str, Any], sender: str = "tester") -> Answer:
        body = json.dumps(items).encode()
        return self.gateway.accept(registry.contracts()[contract], Sender(sender), body)

    def send(self, contract: str, *items: dict[str, Any], sender: str = "tester") -> None:
        """Post and apply; every item must be taken."""
        answer = self.post(contract, *items, sender=sender)
        assert answer.body["rejected"] == []
        self.runner.catch_up()

    def kpi(self, name: str, at: str | None = None, **parameters: str) -> list[dict[str, Any]]:
        """Ask for figures."""
        kpi = registry.kpis()[name]
        if at:
            parameters["at"] = at
        with self.store.reading() as reading:
            book = self.book(reading)
            found: list[dict[str, Any]] = answer(
                kpi, read_question(kpi, parameters, to_us(self.now)), book
            )["figures"]
            return found

    def book(self, reading: Reading) -> Book:
        """Open the book on a snapshot, with the hub's own lists."""
        return Book(reading, registry.definitions(), Lists(self.reference), kpis=registry.kpis())

    def close(self) -> None:
        self.gateway.close()
        self.log.close()
        self.store.close()


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    opened = Hub(tmp_path)
    yield opened
    opened.close()
