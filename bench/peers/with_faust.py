"""The three tallies in Faust: an agent per event, a table, a timer that writes what changed.

Where the key of a table is not the key of the topic, Faust's documentation demands that events are
keyed anew, so that one worker has all of a key. MODE `idiomatic` does it with Faust's own
`group_by`, which forwards all events (a `filter` before it is moved behind it), and keeps tables of
units with a tumbling window a day, none of which expires, as events come up to weeks late; in
RocksDB, as that documentation asks for in production. MODE `fastest` does without: no events keyed
anew, which is right with one worker only, and plain tables by unit and day in memory, which it
calls one for development. Usage: `python -m bench.peers.with_faust BOOTSTRAP DATABASE_URL SCHEMAS
MODE`; the working directory holds its data.
"""

import logging
import sys
import uuid
from datetime import date
from pathlib import Path
from typing import Any

import faust
import psycopg
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from faust.serializers.codecs import Codec
from mode.loop import use

from bench.peers.tallies import EPOCH, TALLIES, Announcement, Event, Part, Tally, decoder

PARTITIONS = 12
IDIOMATIC = "idiomatic"
STORES = {IDIOMATIC: "rocksdb://", "fastest": "memory://"}
WRITE_SECONDS = 1.0
DAY_SECONDS = 86_400.0
LINGER_SECONDS = 0.05  # by default each record that is ready is a request

announcement = Announcement()


class Datum(Codec):
    """Events in the Confluent wire format."""

    def __init__(self, schemas: Path, contract: str) -> None:
        super().__init__()
        self._decode = decoder(schemas, contract)

    def _loads(self, s: bytes) -> Event:
        announcement.make()
        return self._decode(s)

    def clone(self, *children: Any) -> "Datum":
        """Give itself: it has no children."""
        return self


def count(app: faust.App, tally: Tally, schemas: Path, mode: str) -> None:
    """Keep a tally: its table, its agents, its timer."""
    datum = Datum(schemas, tally.contract)
    topic = app.topic(tally.topic, key_serializer="raw", value_serializer=datum)
    by_key = app.topic(
        f"{app.conf.id}-{tally.name}-by-key",
        partitions=PARTITIONS,
        internal=True,
        key_serializer="raw",
        value_serializer=datum,
    )
    is_windowed = mode == IDIOMATIC
    table: Any = app.Table(tally.name, default=int, partitions=PARTITIONS)
    if is_windowed:
        table = table.tumbling(DAY_SECONDS).relative_to(lambda e: _seconds(tally, e.value))
    changed: dict[str, int] = {}

    def keep(part: Part | None) -> None:
        if part is None:
            return
        if is_windowed:
            window = table[_unit(part)].apply(tally.join, part.figure)
            changed[part.key] = window.value()
        else:
            changed[part.key] = table[part.key] = tally.join(table[part.key], part.figure)

    def key_of(event: Event) -> str:
        part = tally.part(event)
        return "" if part is None else _unit(part)

    @app.agent(topic, name=f"read_{tally.name}")
    async def read(stream: faust.StreamT[Event]) -> None:
        keyed = stream.group_by(key_of, name=tally.name, topic=by_key) if is_windowed else stream
        async for event in keyed:
            keep(tally.part(event))

    connection: psycopg.AsyncConnection[Any] | None = None

    @app.timer(WRITE_SECONDS, name=f"write_{tally.name}")  # type: ignore[untyped-decorator]
    async def write() -> None:
        nonlocal connection
        if not changed:
            return
        if connection is None:
            connection = await psycopg.AsyncConnection.connect(sys.argv[2])
        rows = [tally.row(key, figure) for key, figure in changed.items()]
        changed.clear()
        async with connection.cursor() as cursor:
            await cursor.executemany(tally.upsert, rows)
        await connection.commit()


def _unit(part: Part) -> str:
    return part.key.partition("|")[0]


def _seconds(tally: Tally, event: Event) -> float:
    """Give an instant within the day of an event, in seconds, as windows are laid by."""
    part = tally.part(event)
    assert part is not None
    _, second, _ = tally.row(part.key, 0)
    found = second if isinstance(second, date) else date.fromisoformat(second)
    return (found - EPOCH).days * DAY_SECONDS


def make_topics(bootstrap: str, app_id: str) -> None:
    """Make the worker's own topics, as an operator does where brokers make none by themselves.

    A worker makes them too, but may then see a changelog without partitions, and its agent crashes.
    """
    client = AdminClient({"bootstrap.servers": bootstrap})
    names = [f"{app_id}-{t.name}-{kind}" for t in TALLIES for kind in ("by-key", "changelog")]
    for made in client.create_topics([NewTopic(n, PARTITIONS, 1) for n in names]).values():
        made.result()


def main() -> None:
    """Run the worker."""
    bootstrap, schemas, mode = sys.argv[1], Path(sys.argv[3]), sys.argv[4]
    use("uvloop")
    app = faust.App(
        f"peer-faust-{uuid.uuid4()}",
        broker=f"kafka://{bootstrap}",
        datadir=Path.cwd(),
        store=STORES[mode],
        topic_partitions=PARTITIONS,
        topic_replication_factor=1,
        topic_disable_leader=True,
        cython_optimizations=True,
        producer_linger=LINGER_SECONDS,
        web_enabled=False,
        worker_redirect_stdouts=False,
        consumer_auto_offset_reset="earliest",
    )
    make_topics(bootstrap, app.conf.id)
    for tally in TALLIES:
        count(app, tally, schemas, mode)
    logging.disable(logging.INFO)  # else records of debugging are made, and then thrown away
    app.Worker(loglevel="WARNING").execute_from_commandline()


if __name__ == "__main__":
    main()
