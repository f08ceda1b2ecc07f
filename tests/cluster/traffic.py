"""Events and questions through the gateways' Service, one after another, and what went wrong."""

import threading
import time
from contextlib import suppress

import httpx

from stream_jobs.worked import received
from tests.cluster.api import Manifest

PAUSE_SECONDS = 0.1
SENT_BY, YEAR = "2026-01-04", "2026"
FIGURE = f"/v1/kpis/dossier_received_new?period={YEAR}"
# Every other dossier comes online: a definition may count these alone.
CHANNELS = ("counter", "online")


class Traffic(threading.Thread):
    """Sends an event and asks for the figure, ten times a second, to one address."""

    def __init__(self, address: str, key: str) -> None:
        """`address`: of the Service, at which whoever is ready answers."""
        super().__init__(daemon=True)
        self._address, self._key = address, key
        self._ending = threading.Event()
        self.acknowledged = 0
        self.figures: list[int] = []
        self.unanswered = 0  # tries that were made again
        self.longest = 0.0  # seconds without an acknowledgement
        self.unread = 0.0  # seconds without a figure

    @property
    def online(self) -> int:
        """How many of those that were acknowledged came online."""
        return self.acknowledged // len(CHANNELS)

    def run(self) -> None:
        """Go on until ended."""
        last = read = time.monotonic()
        body = self._next()
        while not self._ending.wait(PAUSE_SECONDS):
            if self._ask("POST", "/v1/events/dossier", body) is not None:
                self.acknowledged += 1
                body = self._next()
                self.longest = max(self.longest, time.monotonic() - last)
                last = time.monotonic()
            figure = self.figure()
            if figure is not None:
                self.figures.append(figure)
                self.unread = max(self.unread, time.monotonic() - read)
                read = time.monotonic()

    def figure(self) -> int | None:
        """Ask for the figure; None where nobody answers."""
        said = self._ask("GET", FIGURE)
        return None if said is None else sum(int(f["numerator"]) for f in said["figures"])

    def end(self) -> None:
        """Stop sending."""
        self._ending.set()
        self.join()

    def begin_anew(self) -> None:
        """Forget the longest gaps so far."""
        self.longest = self.unread = 0.0
        self.unanswered = 0

    def said(self) -> str:
        """Say the gaps."""
        return (
            f"{self.acknowledged} acknowledged so far; longest without one {self.longest:.1f} s,"
            f" without a figure {self.unread:.1f} s; {self.unanswered} tries made again"
        )

    def _next(self) -> list[Manifest]:
        count = self.acknowledged
        return [received(f"R{count}", SENT_BY, CHANNELS[count % len(CHANNELS)])]

    def _ask(self, method: str, path: str, body: object = None) -> Manifest | None:
        """Ask once, over a connection of its own: to another gateway where one has gone."""
        with suppress(httpx.HTTPError):
            answer = httpx.request(
                method,
                f"http://{self._address}{path}",
                json=body,
                headers={"Authorization": f"Bearer {self._key}"},
                timeout=10,
            )
            if answer.is_success:
                said: Manifest = answer.json()
                return said
        self.unanswered += 1
        return None
