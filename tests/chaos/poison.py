"""Records that no producer of the hub's would send, straight to Kafka."""

from collections.abc import Callable
from dataclasses import dataclass

from hub import registry
from hub.definitions import revisions
from hub.definitions.avro import WIRE_HEADER
from hub.definitions.own.rejection import REJECTION
from tests.chaos.events import Events
from tests.parts.by_hand import datum
from tests.parts.foreign import record, wire_values

CONTRACTS = ("dossier", "reading", "payment")
HUGE_BYTES = 10 << 20
# A contract's topic takes wire batches of 1 MiB and 12 bytes, with heads, keys and headers in them.
LARGEST_BYTES = (1 << 20) - 256
UNKNOWN_SCHEMA = 9_999


@dataclass
class Poison:
    """One such record; later the partition and offset where it stands, or that it was refused."""

    kind: str
    topic: str
    key: str | None
    value: bytes | None
    place: tuple[int, int] | None = None
    is_refused: bool = False

    @property
    def name(self) -> str:
        """How the quarantine names it."""
        assert self.place is not None
        return f"{self.topic}/{self.place[0]}/{self.place[1]}"


def _good(name: str, events: Events) -> bytes:
    return record(name, wire_values(name, events.valid(name)))


def _wrong_types(name: str, events: Events) -> bytes:
    """Write the datum of another contract under this one's schema id."""
    other = "dossier" if name == "payment" else "payment"
    head = WIRE_HEADER.pack(0, revisions.latest(name).schema_id)
    return head + _good(other, events)[len(head) :]


def _not_in_the_set(name: str, events: Events) -> bytes:
    """Write a datum that decodes, with a value that its field does not know."""
    field = {"dossier": "kind", "reading": "quantity", "payment": "method"}[name]
    wire = wire_values(name, events.valid(name)) | {field: "pigeon"}
    head = WIRE_HEADER.pack(0, revisions.latest(name).schema_id)
    return head + datum(registry.definitions().contract(name), wire)


def _of_size(size: int, events: Events) -> bytes:
    tag = str(events.valid("dossier")["event_id"]).encode()
    return b"poison" + tag + bytes(size - len(tag) - 6)


KINDS: dict[str, Callable[[str, Events], bytes | None]] = {
    "bad magic byte": lambda name, events: b"\x07" + _good(name, events)[1:],
    "unknown schema id": lambda name, events: (
        WIRE_HEADER.pack(0, UNKNOWN_SCHEMA) + _good(name, events)[WIRE_HEADER.size :]
    ),
    "truncated datum": lambda name, events: _good(name, events)[:-3],
    "wrong types": _wrong_types,
    "value outside its set": _not_in_the_set,
    "null value": lambda *_: None,
    "tombstone": lambda *_: None,
    "10 MB": lambda _, events: _of_size(HUGE_BYTES, events),
    "the largest that is taken": lambda _, events: _of_size(LARGEST_BYTES, events),
    "10 MB where so much is taken": lambda _, events: _of_size(HUGE_BYTES, events),
}
# Rarer than the others, as each is in memory of broker, worker and database several times over.
LARGE = ("10 MB", "the largest that is taken", "10 MB where so much is taken")


def make(kind: str, number: int, events: Events) -> Poison:
    """Make one of a kind; where it has bytes, no other one has the same."""
    name = CONTRACTS[number % len(CONTRACTS)]
    topic = registry.definitions().contract(name).topic
    if kind == "10 MB where so much is taken":
        topic = REJECTION.topic
    key = None if kind == "null value" else f"poison{number}"
    return Poison(kind, topic, key, KINDS[kind](name, events))
