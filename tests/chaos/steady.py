"""Steady traffic through one gateway, by senders who wait for their answers, and one reader.

What is not acknowledged is sent again with the same idempotency key. What was is written down, by
event and by request, so that another hub can be sent the same. A dossier that is received in a year
of its own goes with each step: whoever reads that year's figure sees how fresh it is.
"""

import json
import queue
import threading
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import httpx

from hub import registry
from hub.definitions.rivals import RULE as RIVALS
from hub.gateway.gateway import body_digest, request_name
from stream_jobs.worked import received
from tests.chaos.events import Events, Item
from tests.chaos.traffic import SENDER, TO_BE_SENT_AGAIN, Acknowledged
from tests.parts.waiting import until

STEP_SECONDS = 0.4
SENDERS = 4
WAITING_MAX = 40  # requests; with so many no more is made
ANSWER_SECONDS_MAX = 15.0
READ_SECONDS_MAX = 5.0
RETRY_SECONDS = 0.3
READ_PAUSE_SECONDS = 0.2
FRESH_SECONDS = 2.0
SURPRISES_MAX = 20
MARKED_ON = "2023-05-17"  # a year that no other event is of
QUESTION = "/v1/kpis/dossier_received_new?period=2023"


class Request(NamedTuple):
    """One request, as it is sent for as often as it takes. `marks`: dossiers of the year."""

    contract: str
    key: str
    items: list[Item]
    marks: int

    @property
    def body(self) -> bytes:
        """What is sent."""
        return json.dumps([i.event for i in self.items], ensure_ascii=False).encode()


class Steady:
    """Senders and a reader, from `start` to `finish`.

    `accepted` are the moments of acknowledgements, `reads` those of answers with what they counted.
    """

    def __init__(self, seed: int, folder: Path, url: str, key: str) -> None:
        self.acknowledged = Acknowledged(folder)
        self.taken: list[Request] = []
        self.accepted: list[float] = []
        self.reads: list[tuple[float, int]] = []
        self.answers: Counter[str] = Counter()
        self.surprises: list[str] = []
        self.receipts: list[str] = []
        self.made = 0
        self._marked: list[float] = []
        self._events = Events(seed)
        self._url, self._headers = url, {"Authorization": f"Bearer {key}"}
        self._name = f"steady-{seed}"
        self._waiting: queue.Queue[Request | None] = queue.Queue()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._giving_up = threading.Event()
        works: list[Callable[[], None]] = [self._make, self._read, *[self._send] * SENDERS]
        self._threads = [
            threading.Thread(target=self._guarded, args=(work,), daemon=True) for work in works
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def finish(self) -> None:
        """Make no more, and send what was made."""
        self._stopping.set()
        until(lambda: not self._is_at_work(), "all that was made is acknowledged")

    def give_up(self) -> None:
        """Send nothing more at all."""
        self._stopping.set()
        self._giving_up.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(2 * ANSWER_SECONDS_MAX)

    def fresh(self) -> list[float]:
        """Give the moments of answers that counted all acknowledged `FRESH_SECONDS` before."""
        with self._lock:
            marked, reads = sorted(self._marked), list(self.reads)
        return [at for at, n in reads if n >= bisect_right(marked, at - FRESH_SECONDS)]

    def _is_at_work(self) -> bool:
        return any(t.is_alive() for t in self._threads)

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:
            self.surprises.append(repr(error))
            self._giving_up.set()
            raise

    def _make(self) -> None:
        """Make a step at an even pace, as long as they are taken."""
        number = 0
        due = time.monotonic()
        while not self._stopping.wait(max(0.0, due - time.monotonic())):
            due = max(due + STEP_SECONDS, time.monotonic() - STEP_SECONDS)
            if self._waiting.qsize() < WAITING_MAX:
                number += 1
                marked = received(f"{self._name.upper()}-{number}", MARKED_ON)
                self._put(number, self._events.step(), [Item("dossier", marked)])
        self._put(number + 1, self._events.rest(), [])
        for _ in range(SENDERS):
            self._waiting.put(None)

    def _put(self, number: int, items: list[Item], marks: list[Item]) -> None:
        for contract in registry.contracts():
            more = marks if contract == "dossier" else []
            mine = [*more, *(i for i in items if i.contract == contract)]
            if mine:
                self.made += len(mine)
                key = f"{self._name}-{number}-{contract}"
                self._waiting.put(Request(contract, key, mine, len(more)))

    def _send(self) -> None:
        with httpx.Client(timeout=ANSWER_SECONDS_MAX, verify=False) as client:
            while (one := self._waiting.get()) is not None:
                while not self._sent(client, one):
                    if self._giving_up.wait(RETRY_SECONDS):
                        return

    def _sent(self, client: httpx.Client, request: Request) -> bool:
        """Send it once; tell whether it was acknowledged."""
        headers = {**self._headers, "Idempotency-Key": request.key}
        url = f"{self._url}/v1/events/{request.contract}"
        try:
            answer = client.post(url, content=request.body, headers=headers)
        except httpx.TransportError as error:
            self._count(type(error).__name__)
            return False
        at = time.monotonic()
        self._count(str(answer.status_code))
        if answer.status_code not in (202, 422):
            if answer.status_code not in TO_BE_SENT_AGAIN:
                self._surprise(f"{answer.status_code} {answer.text[:300]}")
            return False
        told = answer.json()
        self._note(request, {v["index"]: v["rule"] for v in told["rejected"]})
        with self._lock:
            self.accepted.append(at)
            self._marked += [at] * request.marks
            self.taken.append(request)
            self.receipts.append(told["receipt"])
        return True

    def _note(self, one: Request, rejected: dict[int, str]) -> None:
        """Write down what was acknowledged of a request, and what was rejected."""
        # By chance two statistics of one bank, area and day are made, and sent together.
        meant = {n for n, rule in rejected.items() if rule != RIVALS}
        broken = {n for n, item in enumerate(one.items) if item.broken}
        if meant != broken - (rejected.keys() - meant):
            self._surprise(f"{one.key}: rejected {rejected}, expected {broken}")
        events = [i.event for n, i in enumerate(one.items) if n not in rejected]
        self.acknowledged.add(one.contract, events, "gateway")
        name = request_name(SENDER, one.key, body_digest(one.contract, one.body))
        self.acknowledged.reject([f"{name}:{n}" for n in rejected])

    def _read(self) -> None:
        with httpx.Client(timeout=READ_SECONDS_MAX, verify=False) as client:
            while not (self._stopping.wait(READ_PAUSE_SECONDS) or self._giving_up.is_set()):
                try:
                    answer = client.get(f"{self._url}{QUESTION}")
                except httpx.TransportError as error:
                    self._count(f"read: {type(error).__name__}")
                    continue
                if answer.status_code != 200:
                    self._count(f"read: {answer.status_code}")
                    continue
                figures = answer.json()["figures"]
                counted = int(figures[0]["numerator"]) if figures else 0
                with self._lock:
                    self.reads.append((time.monotonic(), counted))

    def _count(self, answer: str) -> None:
        with self._lock:
            self.answers[answer] += 1

    def _surprise(self, text: str) -> None:
        with self._lock:
            if len(self.surprises) < SURPRISES_MAX:
                self.surprises.append(text)


def send_again(taken: list[Request], post: Callable[..., httpx.Response]) -> list[str]:
    """Send requests to another hub, one after another; say which it did not acknowledge."""
    wrong = []
    for one in taken:
        answer = post(one.contract, one.body, **{"Idempotency-Key": one.key})
        if answer.status_code not in (202, 422):
            wrong.append(f"{one.key}: {answer.status_code} {answer.text[:200]}")
    return wrong
