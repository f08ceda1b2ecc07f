"""Readers: who asks a hub for figures all the while, and what they were answered."""

import threading
import time
from collections import Counter

import httpx

ASKED = (
    "/v1/kpis?period=2026",
    "/v1/kpis/dossier_received_new?period=2026&by=unit",
    "/v1/kpis/dossier_on_time_share?period=2026-Q2",
    "/v1/sources",
    "/overview",
)
PAUSE_SECONDS = 0.5
ANSWER_SECONDS_MAX = 30.0


class Readers:
    """So many readers, each in a thread; `answers` counts statuses, `took` has seconds of 200s."""

    def __init__(self, url: str, count: int) -> None:
        self.answers: Counter[str] = Counter()
        self.took: list[float] = []
        self._url = url
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._read, args=(n,), name=f"reader{n}", daemon=True)
            for n in range(count)
        ]

    def start(self) -> None:
        """Begin to ask."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ask no more."""
        self._stopping.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(2 * ANSWER_SECONDS_MAX)

    def _read(self, number: int) -> None:
        with httpx.Client(base_url=self._url, timeout=ANSWER_SECONDS_MAX, verify=False) as client:
            while not self._stopping.wait(PAUSE_SECONDS):
                number += 1
                begun = time.monotonic()
                try:
                    status = str(client.get(ASKED[number % len(ASKED)]).status_code)
                except httpx.TransportError as error:
                    status = type(error).__name__
                with self._lock:
                    self.answers[status] += 1
                    if status == "200":
                        self.took.append(time.monotonic() - begun)
