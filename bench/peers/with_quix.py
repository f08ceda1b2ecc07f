"""The three tallies in Quix Streams: `group_by`, a stateful function, its own sink to PostgreSQL.

Exactly once by Kafka's transactions, with a checkpoint each second, which also writes the rows;
state is in RocksDB with changelog topics. Needs quixstreams[postgresql] and fastavro, in an
environment of its own. Usage: `python -m bench.peers.with_quix BOOTSTRAP DATABASE_URL SCHEMAS`; the
working directory holds its state.
"""

import sys
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from quixstreams import Application, State
from quixstreams.models.serializers.base import Deserializer
from quixstreams.sinks.community.postgresql import PostgreSQLSink

from bench.peers.tallies import TALLIES, Announcement, Event, Tally, decoder

COMMIT_SECONDS = 1.0

announcement = Announcement()


class Datum(Deserializer):  # type: ignore[misc]  # the package is in another environment
    """Events in the Confluent wire format."""

    def __init__(self, schemas: Path, contract: str) -> None:
        super().__init__()
        self._decode = decoder(schemas, contract)

    def __call__(self, value: bytes, ctx: Any) -> Event:
        announcement.make()
        return self._decode(value)


def sink(tally: Tally, database_url: str) -> PostgreSQLSink:
    """Upsert into a tally's table, which is there already."""
    place = urlsplit(database_url)
    return PostgreSQLSink(
        host=place.hostname,
        port=place.port,
        dbname=place.path.strip("/"),
        user=place.username,
        password="",
        table_name=f"tally_{tally.name}",
        schema_auto_update=False,
        primary_key_columns=list(tally.columns[:2]),
        upsert_on_primary_key=True,
        include_metadata=False,
    )


def count(app: Application, tally: Tally, schemas: Path, database_url: str) -> None:
    """Keep a tally: what counts, by its key, joined with what there was, into its table."""

    def part(event: Event) -> dict[str, Any] | None:
        found = tally.part(event)
        return None if found is None else found._asdict()

    def joined(part: dict[str, Any], state: State) -> dict[str, Any]:
        old = state.get("figure")
        figure = part["figure"] if old is None else tally.join(old, part["figure"])
        state.set("figure", figure)
        return {"key": part["key"], "figure": figure}

    def row(found: dict[str, Any]) -> dict[str, Any]:
        return dict(zip(tally.columns, tally.row(found["key"], found["figure"]), strict=True))

    datum = Datum(schemas, tally.contract)
    topic = app.topic(tally.topic, key_deserializer="bytes", value_deserializer=datum)
    parts = app.dataframe(topic).apply(part).filter(lambda found: found is not None)
    by_key = parts.group_by(
        lambda found: found["key"],
        name=tally.name,
        key_serializer="string",
        key_deserializer="string",
    )
    by_key.apply(joined, stateful=True).apply(row).sink(sink(tally, database_url))


def main() -> None:
    """Run the application."""
    app = Application(
        broker_address=sys.argv[1],
        consumer_group=f"peer-quix-{uuid.uuid4()}",
        auto_offset_reset="earliest",
        processing_guarantee="exactly-once",
        commit_interval=COMMIT_SECONDS,
        state_dir=Path.cwd() / "state",
        loglevel="WARNING",
    )
    for tally in TALLIES:
        count(app, tally, Path(sys.argv[3]), sys.argv[2])
    app.run()


if __name__ == "__main__":
    main()
