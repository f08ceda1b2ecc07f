"""What is ready at each moment of a roll-out, watched beside it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.cluster.api import Api, Manifest, is_ready
from tests.parts import waiting
from tests.parts.waiting import SECONDS_MAX

POLL_SECONDS = 0.25
SPACE = "/api/v1/namespaces/lgsp"


def until(condition: Callable[[], object], what: str, seconds: float = SECONDS_MAX) -> None:
    """Wait for a condition, asked four times a second: each time costs the API server a list."""

    def asked() -> object:
        time.sleep(POLL_SECONDS)
        return condition()

    waiting.until(asked, what, seconds)


def name_of(pod: Manifest) -> str:
    """Say of which workload a pod is."""
    return str(pod["metadata"].get("labels", {}).get("app.kubernetes.io/name", ""))


def image_of(pod: Manifest) -> str:
    """Say which image its first container has."""
    return str(pod["spec"]["containers"][0]["image"])


@dataclass
class Seen:
    """The least and most that were ready, by workload; how often it was asked, for how long."""

    wanted: dict[str, int]
    least: dict[str, int] = field(default_factory=dict)
    most: dict[str, int] = field(default_factory=dict)
    looks: int = 0
    seconds: float = 0.0

    def take(self, pods: list[Manifest]) -> None:
        """Count one look."""
        self.looks += 1
        for name in self.wanted:
            ready = sum(name_of(p) == name and is_ready(p) for p in pods)
            self.least[name] = min(self.least.get(name, ready), ready)
            self.most[name] = max(self.most.get(name, ready), ready)

    def said(self) -> str:
        """Say it in a line."""
        counts = (f"{n} {self.least[n]} to {self.most[n]}" for n in self.wanted)
        return f"ready: {', '.join(counts)} ({self.looks} looks in {self.seconds:.1f} s)"


@contextmanager
def watched(api: Api, **wanted: int) -> Iterator[Seen]:
    """Watch how many pods of workloads are ready while something is done."""
    seen, stopping = Seen(wanted), threading.Event()
    begun = time.monotonic()
    troubles: list[Exception] = []

    def look() -> None:
        try:
            while not stopping.is_set():
                seen.take(api.items(f"{SPACE}/pods"))
                stopping.wait(POLL_SECONDS)
        except Exception as error:
            troubles.append(error)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        stopping.set()
        thread.join()
        seen.seconds = time.monotonic() - begun
    if troubles:
        raise troubles[0]
