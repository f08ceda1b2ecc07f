"""Exchanging: messages to another service, sent until it says what became of them.

A message is taken into the ledger before anything else; its body waits in a file of `waiting/`,
since it may hold what is personal, and goes when it is settled. That it is being sent is written
down before it is: a process that ends in between asks first whether the message arrived. Only an
answer settles a message, and only a settled one is told to the log: by an event whose id is the
message's, so that whatever is done twice has one effect.
"""

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from hub.clock import DAY_US, Clock, to_us
from hub.connecting.exchanges import Exchanges
from hub.connecting.feeds import Delivery, Feed, JsonObject, Record, UpstreamError
from hub.definitions.admission import Verdict
from hub.definitions.masking import mask_text
from hub.troubles import TroubleError

BACKOFF_US, BACKOFF_US_MAX = 5_000_000, 600_000_000
GIVE_UP_US = 3 * DAY_US
TOLD_AT_ONCE, SENT_AT_ONCE = 500, 200
POLL_SECONDS = 0.2
ANSWER_LENGTH_MAX = 500
UNFINISHED = ("waiting", "sending", "pending")


class NotSentError(TroubleError):
    """The service is away, refuses to listen or hangs; it is asked, and tried again."""


@dataclass(frozen=True)
class Outgoing:
    """A message as it is to be sent: `body` is JSON about one thing, `entity`, for a `service`.

    `sender` is who hands it over, by the code that the service knows it by. `is_repeatable`: sent
    twice it has the effect of once.
    """

    service: str
    entity: str
    sender: str
    body: str
    is_repeatable: bool = False

    @property
    def digest(self) -> str:
        """The digest (BLAKE2b, 32 bytes) of what is sent."""
        said = f"{self.service}\n{self.body}".encode()
        return hashlib.blake2b(said, digest_size=32).hexdigest()


@dataclass(frozen=True)
class Traced:
    """By what one try to send a message is known on the way: W3C trace context, message id."""

    message: str
    trace_id: str
    tries: int

    @property
    def headers(self) -> dict[str, str]:
        """Give the headers that go with it; the trace is the same at each try, the span is not."""
        span = hashlib.blake2b(f"{self.message}:{self.tries}".encode(), digest_size=8).hexdigest()
        return {"traceparent": f"00-{self.trace_id}-{span}-01", "X-Hub-Id": self.message}


@dataclass(frozen=True)
class Answer:
    """What a service said of a message. `unclear` is what no list of its codes has."""

    state: Literal["taken", "refused", "pending", "unclear"]
    code: str
    text: str


class Partner(Protocol):
    """A service that takes messages, by its own protocol. Each call raises `NotSentError`."""

    receiver: str
    purpose: str
    legal_basis: str

    def send(self, message: Outgoing, traced: Traced) -> Answer:
        """Send a message; give what is answered."""

    def ask(self, message: Outgoing, traced: Traced) -> Answer | None:
        """Ask what became of a message; None: the service does not have what it says."""

    def close(self) -> None:
        """Close the connection."""


class Exchange:
    """A feed that sends messages and delivers what became of them.

    `inbox` gives deliveries of what is to be sent: `messages` are those of its last one, by the
    places of their records. `events` says to the log what came of a settled message.
    """

    def __init__(
        self,
        source: str,
        inbox: Feed,
        messages: Callable[[], tuple[str, Mapping[int, Outgoing]]],
        waiting: Path,
        ledger: Exchanges,
        partner: Partner,
        clock: Clock,
        events: Callable[[Mapping[str, Any]], tuple[JsonObject, ...]],
    ) -> None:
        self._source = source
        self._inbox = inbox
        self._messages = messages
        self._waiting = waiting
        self._ledger = ledger
        self._partner = partner
        self._clock = clock
        self._events = events
        self._waiting.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._recover()

    def fetch(self, seconds: float) -> Delivery | None:
        """Deliver what is settled, then what comes in; else send what is due.

        Raises `UpstreamError` where the folder or the service is away.
        """
        until = time.monotonic() + seconds
        while True:
            if (settled := self._settled()) is not None:
                return settled
            arrived = self._inbox.fetch(0)
            if arrived is not None:
                return self._taken(arrived)
            sent = self._send_due(until)
            left = until - time.monotonic()
            if left <= 0:
                return self._settled()
            if not sent:
                time.sleep(min(left, POLL_SECONDS))

    def close(self) -> None:
        """Close the inbox and the connection to the service."""
        self._inbox.close()
        self._partner.close()

    def _settled(self) -> Delivery | None:
        rows = self._ledger.untold(self._source, TOLD_AT_ONCE)
        if not rows:
            return None
        for row in rows:
            self._path(row["id"]).unlink(missing_ok=True)
        records = [
            Record(f"{row['id']} {row['state']}".encode(), self._events(row), place=place)
            for place, row in enumerate(rows)
        ]
        ids = [row["id"] for row in rows]

        def acknowledge(_: list[Verdict]) -> None:
            self._ledger.told(ids)

        return Delivery(records, acknowledge=acknowledge)

    def _taken(self, arrived: Delivery) -> Delivery:
        """Take what came into the ledger, before it is said to be taken."""
        came_in, messages = self._messages()
        ids = {place: _id(self._source, came_in, place) for place in messages}
        for place, message in messages.items():
            _write(self._path(ids[place]), json.dumps(asdict(message), ensure_ascii=False))
        fresh = self._take([(ids[place], messages[place]) for place in sorted(messages)])

        def refuse(verdicts: list[Verdict]) -> None:
            self._ledger.drop(fresh)
            for message in fresh:
                self._path(message).unlink(missing_ok=True)
            arrived.refuse(verdicts)

        return Delivery(
            arrived.records, arrived.checkpoints, arrived.acknowledge, refuse, arrived.passed_over
        )

    def _take(self, messages: Sequence[tuple[str, Outgoing]]) -> list[str]:
        at = to_us(self._clock())
        fresh = self._ledger.take([self._row(name, message, at) for name, message in messages])
        states = self._ledger.states([name for name, _ in messages])
        for name, _ in messages:
            if states.get(name) not in UNFINISHED:  # a repeat, or settled before
                self._path(name).unlink(missing_ok=True)
        return fresh

    def _row(self, name: str, message: Outgoing, at: int) -> dict[str, Any]:
        return {
            "id": name,
            "source": self._source,
            "entity": message.entity,
            "service": message.service,
            "sender": message.sender,
            "receiver": self._partner.receiver,
            "purpose": self._partner.purpose,
            "legal_basis": self._partner.legal_basis,
            "digest": message.digest,
            "trace_id": hashlib.blake2b(name.encode(), digest_size=16).hexdigest(),
            "taken_at": at,
            "try_at": at,
            "at": at,
        }

    def _recover(self) -> None:
        """Take anew what waits here and the ledger does not have: it was lost, or never had it.

        What a process left that ended while it wrote, or of what is settled, is removed.
        """
        for unfinished in self._waiting.glob(".*.tmp"):
            unfinished.unlink(missing_ok=True)
        names = sorted(p.stem for p in self._waiting.glob("*.json"))
        known = self._ledger.states(names)
        for name in names:
            if known.get(name, UNFINISHED[0]) not in UNFINISHED:
                self._path(name).unlink(missing_ok=True)
        bodies = [(n, self._read(n)) for n in names if n not in known]
        if lost := [(n, body) for n, body in bodies if body is not None]:
            self._take(lost)

    def _send_due(self, until: float) -> int:
        """Send, or ask about, what is due, the longest first; give how many were tried in time."""
        with self._ledger.alone(self._source) as is_mine:
            now = to_us(self._clock())
            rows = self._ledger.due(self._source, now, SENT_AT_ONCE) if is_mine else []
            for tried, row in enumerate(rows, 1):
                self._send(row)
                if time.monotonic() >= until:
                    return tried
        return len(rows)

    def _send(self, row: Mapping[str, Any]) -> None:
        message = self._read(row["id"])
        if message is None:
            vi, en = "không còn thân thông điệp", "the body of the message is gone"
            self._give_up(row, f"{vi} | {en}")
            return
        try:
            self._settle(row, self._answered(row, message))
        except NotSentError as error:
            self._put_off(row, str(error))
            raise UpstreamError(str(error)) from error

    def _answered(self, row: Mapping[str, Any], message: Outgoing) -> Answer:
        """Send a message for the first time; else ask, and send again where it did not arrive."""
        traced = Traced(row["id"], row["trace_id"], row["tries"] + 1)
        is_asked = row["state"] == "pending" or not message.is_repeatable
        if row["state"] != "waiting" and is_asked:
            answer = self._partner.ask(message, traced)
            if answer is not None:
                return answer
            if row["state"] == "pending":
                return Answer("pending", row["answer_code"] or "", row["answer"] or "")
        now = to_us(self._clock())
        values = {"state": "sending", "sent_at": now, "try_at": now + _backoff(row["tries"])}
        self._ledger.act(row["id"], "sent", now, tries=row["tries"] + 1, **values)
        return self._partner.send(message, traced)

    def _settle(self, row: Mapping[str, Any], answer: Answer) -> None:
        now = to_us(self._clock())
        text = mask_text(answer.text)[:ANSWER_LENGTH_MAX]
        answered: dict[str, Any] = {"answer_code": answer.code[:64], "answer": text}
        if answer.state in ("taken", "refused"):
            answered |= {"state": answer.state, "last_error": None}
            self._ledger.act(row["id"], answer.state, now, answered_at=now, **answered)
            return
        if answer.state == "pending":
            if self._is_too_late(row, now):
                self._give_up(row, "bên nhận không xử lý xong | the receiver did not finish it")
                return
            tries, try_at = row["tries"] + 1, now + _backoff(row["tries"])
            answered |= {"state": "pending", "last_error": None}
            self._ledger.act(row["id"], "pending", now, tries=tries, try_at=try_at, **answered)
            return
        vi = f"mã trả lời {answer.code!r} không có trong danh mục"
        en = f"the list of answers has no code {answer.code!r}"
        self._put_off(row, f"{vi} | {en}: {text}")

    def _put_off(self, row: Mapping[str, Any], error: str) -> None:
        now = to_us(self._clock())
        if self._is_too_late(row, now):
            self._give_up(row, error)
            return
        error, try_at = mask_text(error)[:ANSWER_LENGTH_MAX], now + _backoff(row["tries"])
        values = {"tries": row["tries"] + 1, "try_at": try_at, "last_error": error}
        self._ledger.act(row["id"], "put_off", now, **values)

    def _give_up(self, row: Mapping[str, Any], error: str) -> None:
        error = mask_text(error)[:ANSWER_LENGTH_MAX]
        values = {"state": "given_up", "last_error": error}
        self._ledger.act(row["id"], "given_up", to_us(self._clock()), **values)

    def _is_too_late(self, row: Mapping[str, Any], now: int) -> bool:
        return now - int(row["taken_at"]) >= GIVE_UP_US

    def _path(self, name: str) -> Path:
        return self._waiting / f"{name}.json"

    def _read(self, name: str) -> Outgoing | None:
        try:
            return Outgoing(**json.loads(self._path(name).read_text("utf-8")))
        except FileNotFoundError:
            return None


def _id(source: str, came_in: str, place: int) -> str:
    said = f"{source}\n{came_in}\n{place}".encode()
    return hashlib.blake2b(said, digest_size=20).hexdigest()


def _backoff(tries: int) -> int:
    return min(BACKOFF_US << min(tries, 20), BACKOFF_US_MAX)


def _write(path: Path, text: str) -> None:
    """Write a file for its owner alone, whole and durable, or not at all."""
    unfinished = path.with_name(f".{path.name}.tmp")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
