"""What laws over a Kafka log ask: what was applied of it, and events to put into it."""

from typing import Any

from hub import registry
from hub.apply.runner import Runner
from hub.kafka.log import KafkaLog
from hub.log.log import Batch
from hub.log.slices import Slice
from hub.log.submitting import encode
from hub.proof.verify import verify
from hub.store.reading import Row
from hub.store.store import Store
from stream_jobs.worked import dossier
from tests.parts import lists
from tests.parts.foreign import wire_values
from tests.parts.small import NOW, Json, admitted_frame, in_this_process
from tests.unit.log.test_sqlite import AT

DOSSIER = registry.contracts()["dossier"]
TOPIC = DOSSIER.topic
PARTITIONS = 5  # of a wide log
# A day on which nothing else happens, as producers tell timestamps: in milliseconds.
STAMP = 1_690_000_000_000


def catch_up(log: KafkaLog, store: Store) -> int:
    return Runner(log, store, None, lambda: NOW).catch_up()


def differences(log: KafkaLog, store: Store) -> list[str]:
    with in_this_process():
        return verify(log, store, lists.installed()).differences


def ask(store: Store, sql: str) -> list[Row]:
    with store.reading() as reading:
        return reading.rows(sql)


def facts(store: Store) -> dict[str, int]:
    """How many events each dossier has."""
    return dict(ask(store, "SELECT entity, events FROM fact_dossier"))


def classes(store: Store) -> dict[tuple[str, str], int]:
    """The ledger over all days: (sender, class) -> count."""
    sql = "SELECT sender, class, SUM(count) FROM ledger GROUP BY 1, 2"
    return {(s, c): int(n) for s, c, n in ask(store, sql)}


def quarantined(store: Store) -> dict[str, dict[str, Any]]:
    names = ["event_id", "sender", "contract", "rejected_at", "rule", "field", "value"]
    names += ["message_vi", "message_en", "original"]
    rows = ask(store, f"SELECT {','.join(names)} FROM quarantine")
    return {row[0]: dict(zip(names, row, strict=True)) for row in rows}


def offsets(slices: list[Slice]) -> list[int]:
    return [o for s in slices for o in s.offsets.tolist()]


def event(code: str, event_id: str, **more: Any) -> dict[str, Any]:
    """Wire values of something that happened to a dossier."""
    return wire_values("dossier", dossier(code, "processing", "2023-05-01")) | {
        "event_id": event_id,
        **more,
    }


def dossiers(*items: Json, sender: str = "s", receipt: str = "r") -> Batch:
    return encode(DOSSIER, sender, admitted_frame(DOSSIER, items), receipt, AT)
