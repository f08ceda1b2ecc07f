"""Limits: what the same figures cost without a log, a ledger, digests or a store.

`measure` lets Polars and DuckDB take turns over the seeded events of `bench.topic`, decoded and in
memory: three plain tallies over all records, then the facts and cells that the hub makes of them,
checked against the hub's own. `copy_rows` and `consume` say what PostgreSQL and Kafka by themselves
let through. Usage: `python -m bench.limits [EVENTS]` (1,000,000 by default); DuckDB by
`pip install '.[bench]'`, without which its rows are left out.
"""

import asyncio
import importlib.util
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg
import sqlalchemy as sa
from confluent_kafka import Consumer, KafkaException
from confluent_kafka import TopicPartition as At

from bench import in_hub, in_polars
from bench.in_polars import Frames
from bench.rounds import ROUNDS, alternate, settings
from bench.section import Row, Section, middle
from bench.topic import interleaved, make
from hub import registry
from hub.opening import open_hub
from hub.settings import Settings

EVENTS = 1_000_000
SECONDS_MAX = 600
AT_ONCE = 10_000
CHUNK_BYTES = 1 << 20
TALLIES, FIGURES = "three tallies", "facts and cells"
_Compute = Callable[[], object]


def measure(events: int = EVENTS, seed: int = 1, rounds: int = ROUNDS) -> Section:
    """Measure Polars and DuckDB over the same events.

    Raises `in_hub.DifferentError` where the figures of one are not the hub's.
    """
    said = settings(events, seed, rounds, "polars")
    frames = decoded(events, seed)
    works: dict[str, _Compute] = {
        f"Polars: {TALLIES}": lambda: in_polars.tallies(frames),
        f"Polars: {FIGURES}": lambda: in_polars.figures(frames),
    }
    hub = hub_results(events, seed)
    in_hub.check("Polars", *in_polars.figures(frames), hub)
    misses = []
    if importlib.util.find_spec("duckdb") is None:
        misses.append("DuckDB was not measured: it is not installed; pip install '.[bench]'")
    else:
        works |= _with_duckdb(frames, hub)
        said |= settings(events, seed, rounds, "duckdb")
    took = alternate(works, rounds)
    rows = [Row(name, events / t.seconds, "events/s") for name, t in took.items()]
    return Section(
        title="Limits in memory",
        about=(
            "The same decoded events in memory: three plain tallies over all records; then facts"
            " and cells as the hub makes them, equal to the hub's, with nothing proven or kept."
        ),
        settings=said,
        rows=rows,
        raw={name: t.as_json() for name, t in took.items()},
        misses=misses,
    )


def decoded(events: int, seed: int) -> Frames:
    """Make the events as they are when they are decoded: the columns of each contract alone."""
    return {name: frame.drop("at").rechunk() for name, frame in make(events, seed).items()}


def hub_results(events: int, seed: int) -> in_hub.Results:
    """Let an embedded hub apply the same events, and read what it says."""
    with (
        tempfile.TemporaryDirectory(prefix="lgsp-bench-") as folder,
        open_hub(Settings(data_dir=Path(folder))) as hub,
    ):
        in_hub.load(hub, interleaved(make(events, seed)))
        hub.runner.catch_up()
        return in_hub.results(hub.store)


def _with_duckdb(frames: Frames, hub: in_hub.Results) -> dict[str, _Compute]:
    from bench import in_duckdb  # noqa: PLC0415 (may not be installed)

    tables = in_duckdb.tables(frames)
    wanted = in_polars.tallies(frames)
    for name, tally in in_duckdb.tallies(tables).items():
        keys = tally.columns
        if not tally.sort(keys).equals(wanted[name].select(keys).sort(keys)):
            raise in_hub.DifferentError(f"DuckDB: {name} is not what Polars finds")
    in_hub.check("DuckDB", *in_duckdb.figures(tables), hub)
    return {
        f"DuckDB: {TALLIES}": lambda: in_duckdb.tallies(tables),
        f"DuckDB: {FIGURES}": lambda: in_duckdb.figures(tables),
    }


def copy_rows(database_url: str, rounds: int = ROUNDS) -> tuple[float, float, int]:
    """Copy the fact rows of a hub's database into new tables, by a bare COPY in binary.

    Gives the median seconds without any index, with the same primary key and indexes, and the
    rows. A transaction a table, from bytes in memory; the new tables are logged, and dropped.
    """
    url = sa.make_url(database_url).set(drivername="postgresql")
    tables = [fact.table for fact in registry.facts().values()]
    took: dict[str, list[float]] = {"": [], "INCLUDING INDEXES": []}
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as c:
        c.execute(f"SET statement_timeout = {SECONDS_MAX * 1000}")
        held = {}
        for table in tables:
            with c.cursor().copy(f"COPY {table} TO STDOUT (FORMAT binary)") as copy:
                held[table] = b"".join(bytes(part) for part in copy)
        rows = sum(_count(c, table) for table in tables)
        for _ in range(rounds):
            for indexes, seconds in took.items():
                seconds.append(sum(_copy(c, t, indexes, raw) for t, raw in held.items()))
    return middle(took[""]), middle(took["INCLUDING INDEXES"]), rows


def _count(c: psycopg.Connection[tuple[int]], table: str) -> int:
    found = c.execute(f"SELECT count(*) FROM {table}").fetchone()
    return found[0] if found else 0


def _copy(c: psycopg.Connection[tuple[int]], table: str, indexes: str, raw: bytes) -> float:
    """Copy a table's rows into a new one; give the seconds."""
    name = f"limit_{table}"
    try:
        # Made in a transaction of its own: rows of a table that is new could go without a log.
        c.execute(f"CREATE TABLE {name} (LIKE {table} {indexes})")
        begun = time.perf_counter()
        with (
            c.transaction(),
            c.cursor().copy(f"COPY {name} FROM STDIN (FORMAT binary)") as copy,
        ):
            for at in range(0, len(raw), CHUNK_BYTES):
                copy.write(raw[at : at + CHUNK_BYTES])
        return time.perf_counter() - begun
    finally:
        c.execute(f"DROP TABLE IF EXISTS {name}")


def consume(bootstrap: str, topics: Sequence[str]) -> float:
    """Consume all records of topics and do nothing with them; give events a second.

    From the first records on, which are not counted; so starting up is not in it.
    """
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": f"bench-{uuid.uuid4().hex}",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "queued.max.messages.kbytes": 256 << 10,
            "fetch.message.max.bytes": 4 << 20,
        }
    )
    try:
        places = []
        records = 0
        for topic in topics:
            for partition in consumer.list_topics(topic, timeout=30).topics[topic].partitions:
                low, high = consumer.get_watermark_offsets(At(topic, partition), timeout=30)
                places.append(At(topic, partition, low))
                records += high - low
        consumer.assign(places)
        deadline = time.monotonic() + SECONDS_MAX
        first = done = 0
        begun = ended = 0.0
        while done < records:
            found = consumer.consume(AT_ONCE, 1.0)
            ended = time.perf_counter()
            for message in found:
                error = message.error()
                if error is not None:
                    raise KafkaException(error)
            done += len(found)
            if found and not first:
                first, begun = done, ended
            if time.monotonic() > deadline:
                raise TimeoutError(f"{done} of {records} records in {SECONDS_MAX} s")
        return (records - first) / max(ended - begun, 1e-9)
    finally:
        consumer.close()


def consume_batches(bootstrap: str, topics: Sequence[str]) -> float:
    """Do the same as the hub's workers do: fetch whole batches, read them into columns."""
    return asyncio.run(asyncio.wait_for(_batches(bootstrap, topics), SECONDS_MAX))


async def _batches(bootstrap: str, topics: Sequence[str]) -> float:
    import aiokafka  # type: ignore[import-untyped]  # noqa: PLC0415

    from hub.kafka import records  # noqa: PLC0415 (it needs aiokafka)
    from hub.worker import fetching, transport  # noqa: PLC0415 (they need Faust)

    fetching.keep_batches_whole()
    consumer = aiokafka.AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="none",
        isolation_level="read_committed",
        fetch_max_bytes=transport.FETCH_BYTES_MAX,
        max_partition_fetch_bytes=transport.PARTITION_BYTES_MAX,
        fetch_max_wait_ms=transport.FETCH_WAIT_MS,
    )
    await consumer.start()
    try:
        metadata = await consumer._client.fetch_all_metadata()
        places = [
            aiokafka.TopicPartition(t, p) for t in topics for p in metadata.partitions_for_topic(t)
        ]
        consumer.assign(places)
        begins = await consumer.beginning_offsets(places)
        ends = await consumer.end_offsets(places)
        fetcher = consumer._fetcher
        fetcher._prefetch_backoff = 0
        for place, at in begins.items():
            fetcher.seek_to(place, at)
        left = {place: end for place, end in ends.items() if end > begins[place]}
        first = done = 0
        begun = 0.0
        while left:
            waiter = fetcher._create_fetch_waiter()
            if not fetcher._records:
                await asyncio.wait([waiter], timeout=1)
            waiter.cancel()
            for place in list(fetcher._records):
                fetched = fetching.take(fetcher, place, fetcher._records[place], AT_ONCE)
                if fetched is None:
                    continue
                if fetched.following >= left.get(place, 0):
                    left.pop(place, None)
                read = await asyncio.to_thread(records.read, fetched.batches)
                done += len(read.offsets)
                if not first:
                    first, begun = done, time.perf_counter()
        return (done - first) / max(time.perf_counter() - begun, 1e-9)
    finally:
        await consumer.stop()


def main() -> None:
    """Print the rows."""
    print(measure(*(int(n) for n in sys.argv[1:2])).printed())


if __name__ == "__main__":
    main()
