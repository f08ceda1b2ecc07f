"""The stored state of an entity: its distinct events, as Avro datums one after another.

Each datum stands after its acceptance day (days since 1970-01-01), its sender and its place in the
log, so that the states of many entities, joined, decode in one go, and each can be folded as it was
at any earlier position of the log.
"""

import polars as pl

from hub.definitions import avro, revisions
from hub.definitions.avro import Schema
from hub.definitions.contract import Contract
from hub.store.reading import Row


def state_schema(contract: Contract) -> Schema:
    """Describe one stored event."""
    own = revisions.latest(contract.name).plain["fields"]
    head = [
        {"name": "accepted_on", "type": "long"},
        {"name": "sender", "type": "string"},
        {"name": "partition", "type": "long"},
        {"name": "offset", "type": "long"},
    ]
    return {"type": "record", "name": "stored", "fields": [*head, *own]}


def state_head(accepted_on: int, sender: str, partition: int) -> bytes:
    """Write what stands before a stored event's offset and datum."""
    return avro.long_bytes(accepted_on) + avro.string_bytes(sender) + avro.long_bytes(partition)


def decode_states(contract: Contract, rows: list[Row]) -> pl.DataFrame:
    """Decode the states of rows (entity, version, events, state), one after another."""
    payload = b"".join(r[3] for r in rows)
    return avro.decode_columns(state_schema(contract), payload, sum(r[2] for r in rows))


def contents(contract: Contract, rows: list[Row]) -> set[Row]:
    """Give the sender and the contract's fields of every stored event."""
    frame = decode_states(contract, rows)
    return set(frame.select("sender", *(f.name for f in contract.fields)).iter_rows())
