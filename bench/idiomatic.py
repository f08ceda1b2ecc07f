"""What people would write first: a Faust agent per event, a table, a tumbling window.

Counts events by kind and day. Keeps nothing else: no validation, no duplicates, no
corrections, no SQL. Prints `<seconds since it began> <events>` lines to standard output and ends
after the number of events that it was given. Usage:
`python bench/idiomatic.py BOOTSTRAP FOLDER EVENTS`.
"""

import io
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import fastavro
import faust

from hub import published

REPORT_EVENTS = 1_000


def main() -> None:
    """Run the worker until it has seen so many events."""
    bootstrap, folder, events = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    schema = fastavro.parse_schema(published.latest("dossier").schema)
    app = faust.App(
        f"idiomatic-{os.getpid()}",
        broker=f"kafka://{bootstrap}",
        datadir=folder,
        store="memory://",
        topic_partitions=12,
        topic_disable_leader=True,
        web_enabled=False,
        worker_redirect_stdouts=False,
        consumer_auto_offset_reset="earliest",
    )
    topic = app.topic("lgsp.dossier.v1", value_serializer="raw", key_serializer="raw")
    counted = app.Table("counted", default=int, partitions=12).tumbling(86_400.0)
    seen = 0
    begun = time.monotonic()

    @app.agent(topic)
    async def count(stream: faust.StreamT[bytes]) -> None:
        nonlocal seen
        async for value in stream:
            event: Any = fastavro.schemaless_reader(io.BytesIO(value[5:]), schema, None)
            counted[event["kind"]] += 1
            seen += 1
            if seen % REPORT_EVENTS == 0:
                print(json.dumps([time.monotonic() - begun, seen]), flush=True)
            if seen >= events:
                os._exit(0)

    app.Worker(loglevel="ERROR").execute_from_commandline()


if __name__ == "__main__":
    main()
