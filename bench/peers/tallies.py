"""What the peers in Python share: what a record adds to which tally, and how tallies are written.

Needs fastavro alone, so that a peer with an environment of its own can use it.
"""

import io
import json
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import fastavro

WIRE_HEADER_BYTES = 5
DAY_US, OFFSET_US = 86_400_000_000, 7 * 3_600_000_000
EPOCH = date(1970, 1, 1)
GOOD = (None, 1, 2)
Event = dict[str, Any]


class Part(NamedTuple):
    """What a record adds to a figure."""

    key: str
    figure: int


def received(event: Event) -> Part | None:
    """Count a reception by unit and local day."""
    if event["kind"] != "received":
        return None
    return Part(f"{event['received_by']}|{day(event['occurred_at'])}", 1)


def amount(event: Event) -> Part | None:
    """Add an amount by area and period."""
    return Part(f"{event['area']}|{event['period']}", event["amount_vnd"])


def salinity(event: Event) -> Part | None:
    """Take a good value by station and local day."""
    if event["quantity"] != "salinity" or event["quality"] not in GOOD:
        return None
    return Part(f"{event['station_code']}|{day(event['measured_at'])}", event["value"])


def day(instant: int) -> int:
    """Give the local day of an instant in microseconds, as days since 1970-01-01."""
    return (instant + OFFSET_US) // DAY_US


def add(old: int, new: int) -> int:
    """Add two figures."""
    return old + new


class Tally(NamedTuple):
    """One of the three: its topic, what a record adds, how two figures become one, its table."""

    name: str
    contract: str
    part: Callable[[Event], Part | None]
    join: Callable[[int, int], int]
    columns: tuple[str, str, str]

    @property
    def topic(self) -> str:
        """The topic that it reads."""
        return f"lgsp.{self.contract}.v1"

    @property
    def upsert(self) -> str:
        """The statement that writes a row."""
        first, second, figure = self.columns
        return (
            f"INSERT INTO tally_{self.name} ({first}, {second}, {figure}) VALUES (%s, %s, %s)"
            f" ON CONFLICT ({first}, {second}) DO UPDATE SET {figure} = EXCLUDED.{figure}"
        )

    def row(self, key: str, figure: int) -> tuple[str, str | date, int]:
        """Turn a figure and its key into a row of the table."""
        first, second = key.split("|")
        is_day = self.columns[1] == "day"
        return first, EPOCH + timedelta(int(second)) if is_day else second, figure


TALLIES = (
    Tally("received", "dossier", received, add, ("unit", "day", "n")),
    Tally("amount", "payment", amount, add, ("area", "period", "amount")),
    Tally("salinity", "reading", salinity, max, ("station", "day", "greatest")),
)


def decoder(schemas: Path, contract: str) -> Callable[[bytes], Event]:
    """Give what decodes a value in the Confluent wire format; instants stay integers."""
    text = json.loads((schemas / f"{contract}.1.avsc").read_text("utf-8"))
    schema = fastavro.parse_schema(_without_logical_types(text))
    read: Any = fastavro.schemaless_reader

    def decode(value: bytes) -> Event:
        with io.BytesIO(value) as stream:
            stream.seek(WIRE_HEADER_BYTES)
            event: Event = read(stream, schema, None)
        return event

    return decode


def _without_logical_types(schema: Any) -> Any:
    """Leave out logical types: a datetime made of each instant costs as much as all the rest."""
    if isinstance(schema, list):
        return [_without_logical_types(s) for s in schema]
    if isinstance(schema, dict):
        return {k: _without_logical_types(v) for k, v in schema.items() if k != "logicalType"}
    return schema


class Announcement:
    """Says once when the first record is processed."""

    def __init__(self) -> None:
        self.is_made = False

    def make(self) -> None:
        """Say it, the first time."""
        if not self.is_made:
            self.is_made = True
            print(f"first {time.time():.6f}", flush=True)
