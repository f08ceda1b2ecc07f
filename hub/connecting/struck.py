"""Struck: a simulated upstream where faults strike, and what must have come of it in the end.

A simulator that has `struck(folder, seed, services)` takes part in `make chaos` by itself: it gives
an `Upstream`, whose connector is killed while the upstream refuses, hangs and says things twice.
`services` are settings of the hub that is struck, of which it may use what runs there: Kafka and
PostgreSQL.
"""

import queue
import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.connecting.dropping import File

MANNERS = ("take", "refuse", "hang", "twice")
RETRY_SECONDS = 0.5


@dataclass
class Truth:
    """What an upstream has as its truth, counted by itself and not by how a connector reads it.

    `facts`: things; `rejected`: records that cannot be taken, None where that is not known; `sums`:
    of columns of the facts; `present`: in how many facts a column has a value. `exchanged`: what it
    settled of messages that it was sent, by what each is about: `taken` or `refused`. `whole`: all
    that it has to say, as bytes that its connector reads, where that says how things stand.
    """

    facts: int = 0
    rejected: int | None = 0
    sums: Counter[str] = field(default_factory=Counter)
    present: Counter[str] = field(default_factory=Counter)
    exchanged: dict[str, str] | None = None
    whole: bytes | None = None

    def add(self, other: "Truth") -> None:
        """Count what came to be true beside."""
        self.facts += other.facts
        if self.rejected is not None and other.rejected is not None:
            self.rejected += other.rejected
        self.sums += other.sums
        self.present += other.present


class Upstream(ABC):
    """An upstream to which things happen, `at_once` of them, each in a thread of its own.

    A step that meets what is `away` is done again until it is through, as the upstream's own people
    do. `settings` are those by which the connector finds it.
    """

    away: tuple[type[Exception], ...] = (OSError,)
    at_once = 1

    def __init__(self, settings: Mapping[str, str]) -> None:
        self.settings = settings
        self.manner = MANNERS[0]
        self.closing = threading.Event()
        self._truth = Truth()
        self._asked: queue.Queue[int | None] = queue.Queue()
        self._count = self._done = 0
        self._failures: list[Exception] = []
        self._counting = threading.Lock()
        name = type(self).__name__
        self._threads = [
            threading.Thread(target=self._run, name=name, daemon=True) for _ in range(self.at_once)
        ]
        for thread in self._threads:
            thread.start()

    def happen(self) -> None:
        """Let the next thing happen; wait for nothing."""
        self._asked.put(self._count)
        self._count += 1

    def be(self, manner: str) -> None:
        """Behave so from now on: one of `MANNERS`."""
        self.manner = manner

    @property
    def waiting(self) -> int:
        """How many things are still to happen; raises what one of them failed by."""
        if self._failures:
            raise self._failures[0]
        return self._count - self._done

    def truth(self) -> Truth:
        """Give what is true now, once nothing waits."""
        return self._truth

    def close(self) -> None:
        """Let nothing more happen."""
        self.closing.set()
        for _ in self._threads:
            self._asked.put(None)
        for thread in self._threads:
            thread.join()

    @abstractmethod
    def step(self, number: int) -> Truth:
        """Let a thing happen; give what came to be true by it. Done again, it says the same."""

    def _run(self) -> None:
        for number in iter(self._asked.get, None):
            while not self.closing.is_set():
                try:
                    said = self.step(number)
                except self.away:
                    self.closing.wait(RETRY_SECONDS)
                except Exception as error:
                    self._failures.append(error)
                    raise
                else:
                    with self._counting:
                        self._truth.add(said)
                        self._done += 1
                    break


class DropFolder(Upstream):
    """A drop folder: `make` gives the file of a number, and what must come of it.

    It refuses by being gone, hangs by a file that is still being written, and what is said twice
    comes again under another name.
    """

    def __init__(
        self, folder: Path, settings: Mapping[str, str], make: Callable[[int], tuple[File, Truth]]
    ) -> None:
        self._folder, self._gone = folder, folder.with_name(f"{folder.name}.gone")
        self._make = make
        self._changed = threading.Condition()
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(settings)

    def be(self, manner: str) -> None:
        """Behave so from now on."""
        with self._changed:
            if manner == "refuse" and self._folder.exists():
                self._folder.rename(self._gone)
            elif manner != "refuse" and self._gone.exists():
                self._gone.rename(self._folder)
            super().be(manner)
            self._changed.notify_all()

    def close(self) -> None:
        """Let nothing more happen."""
        self.be(MANNERS[0])
        super().close()

    def step(self, number: int) -> Truth:
        """Drop a file."""
        file, truth = self._make(number)
        with self._changed:
            self._changed.wait_for(lambda: self.manner != "refuse")
            names = [file.name] + [f"lai-{file.name}"] * (self.manner == "twice")
            for name in names:
                self._write(name, file.content)
        return truth

    def _write(self, name: str, content: bytes) -> None:
        half = len(content) // 2
        with (self._folder / name).open("wb") as out:
            out.write(content[:half])
            out.flush()
            if self.manner == "hang":
                self._changed.wait_for(lambda: self.manner != "hang")
            out.write(content[half:])


def integers(**columns: Any) -> Counter[str]:
    """Count columns: `integers(handled=3)`."""
    return Counter({name: int(value) for name, value in columns.items()})
