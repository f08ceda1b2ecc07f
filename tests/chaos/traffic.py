"""Traffic of a chaos run: made-up events through the gateway and, beside, straight to Kafka.

Whatever is not acknowledged is sent again, to the gateway with the same idempotency key. What was
acknowledged is written down, a file for each contract, and that alone is held against the hub.
"""

import json
import queue
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

import httpx
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from hub import registry
from hub.definitions.rivals import RULE as RIVALS
from hub.gateway.gateway import body_digest, request_name
from tests.chaos.events import STEP, Events, Item
from tests.chaos.poison import KINDS, LARGE, Poison, make
from tests.parts.foreign import record, wire_values
from tests.parts.small import Json

SENDER = "chaos"  # by both ways, so that what came by one is a repeat by the other
STEP_SECONDS = 0.5
FOREIGN_SHARE = 0.25
POISON_EVERY = 700  # events
LARGE_EVERY = 20  # pieces of poison
POSTERS = 3
WAITING_MAX = 20  # requests; with so many no more is made
ANSWER_SECONDS_MAX = 15.0
RETRY_SECONDS = 0.3
TO_BE_SENT_AGAIN = (429, 503)


@dataclass(frozen=True)
class _Post:
    contract: str
    items: list[Item]
    body: bytes
    key: str


class Acknowledged:
    """What was acknowledged, written down as it was sent."""

    def __init__(self, folder: Path) -> None:
        self.counted: Counter[str] = Counter()
        # Names of items that were rejected, and kept as the answer says.
        self.rejected: list[str] = []
        self._lock = threading.Lock()
        self._paths = {n: folder / f"acknowledged-{n}.ndjson" for n in registry.contracts()}
        self._files: dict[str, IO[str]] = {n: p.open("w") for n, p in self._paths.items()}

    def add(self, contract: str, events: list[Json], way: str) -> None:
        """Note events that were acknowledged."""
        text = "".join(json.dumps(e, ensure_ascii=False) + "\n" for e in events)
        with self._lock:
            self._files[contract].write(text)
            self.counted[way] += len(events)

    def reject(self, names: list[str]) -> None:
        """Note items that were rejected, by the names that the quarantine knows them by."""
        with self._lock:
            self.rejected += names

    def read(self, contract: str) -> list[Json]:
        """Give back what was acknowledged of a contract."""
        self._files[contract].flush()
        lines = self._paths[contract].read_text("utf-8").splitlines()
        return [json.loads(line) for line in lines]


class Traffic:
    """Makes events and sends them until told to stop, then what was held back.

    An answer that no sender should ever get is in `surprises`.
    """

    def __init__(
        self, seed: int, folder: Path, url: str, key: str, bootstrap: str, step: timedelta = STEP
    ) -> None:
        self.events = Events(seed, step)
        self.acknowledged = Acknowledged(folder)
        self.poison: list[Poison] = []
        self.answers: Counter[str] = Counter()
        self.sent: Counter[str] = Counter()
        self.surprises: list[str] = []
        self.step_seconds = STEP_SECONDS
        self.is_held = False  # while so much is to be applied that no more is made
        self._chance = random.Random(f"traffic {seed}")
        self._url = url
        self._headers = {"Authorization": f"Bearer {key}"}
        self._name = f"chaos-{seed}"
        self._posts: queue.Queue[_Post | None] = queue.Queue()
        self._foreign = _Foreign(bootstrap, self.acknowledged)
        self._stopping = threading.Event()
        self._giving_up = threading.Event()
        self._lock = threading.Lock()
        named: list[tuple[str, Callable[[], None]]] = [("make", self._make)]
        named += [(f"post{n}", self._post) for n in range(POSTERS)]
        named.append(("foreign", lambda: self._foreign.run(self._giving_up)))
        self._threads = [
            threading.Thread(target=self._guarded, args=(run,), name=name, daemon=True)
            for name, run in named
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Make no more; what was made and held back is still sent."""
        self._stopping.set()

    def put(self, item: Item) -> None:
        """Send one more event, straight to Kafka."""
        self._foreign.put([item])

    def give_up(self) -> None:
        """Send nothing more at all."""
        self._stopping.set()
        self._giving_up.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(2 * ANSWER_SECONDS_MAX)

    @property
    def is_done(self) -> bool:
        """Whether everything that was made is acknowledged."""
        return not any(t.is_alive() for t in self._threads)

    def _guarded(self, run: Callable[[], None]) -> None:
        try:
            run()
        except Exception as error:
            self.surprises.append(f"{threading.current_thread().name}: {error!r}")
            self._giving_up.set()
            raise

    def _make(self) -> None:
        """Make steps at an even pace, as long as they are taken."""
        number = 0
        for kind in KINDS:
            self._send_poison(kind)
        due = time.monotonic()
        while not self._stopping.wait(max(0.0, due - time.monotonic())):
            due = max(due + self.step_seconds, time.monotonic() - self.step_seconds)
            if self.is_held or self._posts.qsize() > WAITING_MAX or self._foreign.waiting > 5_000:
                continue
            number += 1
            self._send(self.events.step(), number)
        self._send(self.events.rest(), number + 1)
        for _ in range(POSTERS):
            self._posts.put(None)
        self._foreign.finish()

    def _send(self, items: list[Item], number: int) -> None:
        before = self.sent["events"] // POISON_EVERY
        for contract in registry.contracts():
            mine = [i for i in items if i.contract == contract]
            # Who sends straight to Kafka has nobody to tell it what is wrong.
            is_foreign = self._chance.random() < FOREIGN_SHARE and not any(i.broken for i in mine)
            for at in range(0, len(mine), 1_000):
                part = mine[at : at + 1_000]
                if is_foreign:
                    self._foreign.put(part)
                else:
                    body = json.dumps([i.event for i in part], ensure_ascii=False).encode()
                    key = f"{self._name}-{contract}-{number}-{at}"
                    self._posts.put(_Post(contract, part, body, key))
            self.sent["foreign" if is_foreign else "gateway"] += len(mine)
            self.sent["events"] += len(mine)
        for _ in range(self.sent["events"] // POISON_EVERY - before):
            is_large = len(self.poison) % LARGE_EVERY == LARGE_EVERY - 1
            kinds = [k for k in KINDS if (k in LARGE) == is_large]
            self._send_poison(self._chance.choice(kinds))

    def _send_poison(self, kind: str) -> None:
        one = make(kind, len(self.poison), self.events)
        self.poison.append(one)
        self._foreign.put_poison(one)

    def _post(self) -> None:
        with httpx.Client(timeout=ANSWER_SECONDS_MAX) as client:
            while not self._giving_up.is_set():
                post = self._posts.get()
                if post is None:
                    return
                while not self._posted(client, post):
                    if self._giving_up.wait(RETRY_SECONDS):
                        return

    def _posted(self, client: httpx.Client, post: _Post) -> bool:
        """Post once; tell whether it was acknowledged."""
        url = f"{self._url}/v1/events/{post.contract}"
        headers = {**self._headers, "Idempotency-Key": post.key}
        try:
            answer = client.post(url, content=post.body, headers=headers)
        except httpx.TransportError as error:
            self._count(type(error).__name__)
            return False
        self._count(str(answer.status_code))
        if answer.status_code not in (202, 422):
            if answer.status_code not in TO_BE_SENT_AGAIN:
                self._surprise(f"{answer.status_code} {answer.text[:300]}")
            return False
        said = answer.json()
        rejected = {v["index"] for v in said["rejected"]}
        # By chance two statistics of one bank, area and day are made, and sent together.
        rivals = {v["index"] for v in said["rejected"] if v["rule"] == RIVALS}
        expected = {n for n, item in enumerate(post.items) if item.broken}
        if rejected - rivals != expected - rivals:
            self._surprise(f"rejected {said['rejected'][:3]}, expected {expected}")
        taken = [i.event for n, i in enumerate(post.items) if n not in rejected]
        self.acknowledged.add(post.contract, taken, "gateway")
        name = request_name(SENDER, post.key, body_digest(post.contract, post.body))
        self.acknowledged.reject([f"{name}:{n}" for n in rejected])
        return True

    def _count(self, answer: str) -> None:
        with self._lock:
            self.answers[answer] += 1

    def _surprise(self, text: str) -> None:
        with self._lock:
            if len(self.surprises) < 20:
                self.surprises.append(text)


class _Foreign:
    """A producer that is not the hub's; events go in as they stand, poison as it is."""

    def __init__(self, bootstrap: str, acknowledged: Acknowledged) -> None:
        self.waiting = 0
        self.failed = 0
        self._lock = threading.Lock()
        self._bootstrap = bootstrap
        self._acknowledged = acknowledged
        self._queue: queue.Queue[Item | Poison] = queue.Queue()
        self._is_finished = threading.Event()
        self._producer = self._open()

    def _open(self) -> Producer:
        settings: dict[str, Any] = {
            "bootstrap.servers": self._bootstrap,
            "partitioner": "murmur2_random",
            # So that what a broker had taken when it was killed is not there twice.
            "enable.idempotence": True,
            "message.max.bytes": 32 << 20,  # it is the broker that is to refuse
            "message.timeout.ms": 0,
            "reconnect.backoff.max.ms": 1_000,
            "linger.ms": 5,
            "log_level": 2,
        }
        return Producer(settings)

    def put(self, items: list[Item]) -> None:
        """Send events."""
        self._wait_for(len(items))
        for item in items:
            self._queue.put(item)

    def put_poison(self, poison: Poison) -> None:
        """Send poison."""
        self._wait_for(1)
        self._queue.put(poison)

    def finish(self) -> None:
        """Let `run` end when all is delivered."""
        self._is_finished.set()

    def run(self, giving_up: threading.Event) -> None:
        """Produce what is put, until all is delivered."""
        while not giving_up.is_set():
            self._producer.poll(0)
            try:
                one = self._queue.get(timeout=0.1)
            except queue.Empty:
                if self._is_finished.is_set() and not self.waiting:
                    return
                continue
            self._produce(one)

    def _produce(self, one: Item | Poison) -> None:
        if isinstance(one, Poison):
            topic, key, value = one.topic, one.key, one.value
        else:
            contract = registry.definitions().contract(one.contract)
            wire = wire_values(one.contract, one.event)
            topic, value = contract.topic, record(one.contract, wire)
            key = "|".join(str(one.event[n]) for n in contract.spec.key)
        headers = [("ce_source", f"/senders/{SENDER}".encode())]

        def delivered(error: KafkaError | None, message: Message) -> None:
            self._delivered(one, error, message)

        while True:
            try:
                self._producer.produce(
                    topic, value, key, headers=list(headers), on_delivery=delivered
                )
                return
            except BufferError:
                self._producer.poll(0.1)
            except KafkaException:
                self._producer.flush(1)
                self._producer = self._open()  # the old one has seen what it cannot get over

    def _delivered(self, one: Item | Poison, error: KafkaError | None, message: Message) -> None:
        if error is not None and error.code() == KafkaError.MSG_SIZE_TOO_LARGE:
            assert isinstance(one, Poison)
            one.is_refused = True
        elif error is not None:
            self.failed += 1
            self._queue.put(one)
            return
        elif isinstance(one, Poison):
            one.place = (message.partition() or 0, message.offset() or 0)
        else:
            self._acknowledged.add(one.contract, [one.event], "foreign")
        self._wait_for(-1)

    def _wait_for(self, more: int) -> None:
        with self._lock:
            self.waiting += more
