"""The three tallies in Bytewax: keyed state, rows collected for half a second, a sink of its own.

Each partition is read by itself, and what counts goes to the worker of its key without a topic
between. State and offsets are kept in a recovery store each second. Needs bytewax[kafka], fastavro
and psycopg, in an environment of its own. Usage: `python -m bench.peers.with_bytewax BOOTSTRAP
DATABASE_URL SCHEMAS`; the working directory holds the recovery store.
"""

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import bytewax.operators as op
import psycopg
from bytewax.connectors.kafka import KafkaSource, KafkaSourceMessage
from bytewax.dataflow import Dataflow
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main

from bench.peers.tallies import TALLIES, Announcement, Part, Tally, decoder

EPOCH = timedelta(seconds=1)
COLLECT, COLLECT_ROWS = timedelta(seconds=0.5), 5_000

announcement = Announcement()


class Figure(op.StatefulBatchLogic):  # type: ignore[misc]  # the package is in another environment
    """The figure of one key; emitted once for what comes together."""

    def __init__(self, tally: Tally, figure: int | None) -> None:
        self._tally = tally
        self._figure = figure

    def on_batch(self, values: list[int]) -> tuple[list[int], bool]:
        """Take in what comes."""
        figure = self._figure
        for value in values:
            figure = value if figure is None else self._tally.join(figure, value)
        assert figure is not None
        self._figure = figure
        return [figure], op.StatefulBatchLogic.RETAIN

    def snapshot(self) -> int | None:
        """Give what is kept."""
        return self._figure


class Rows(StatelessSinkPartition):  # type: ignore[misc]
    """Writes what was collected, the newest figure of each key."""

    def __init__(self, tally: Tally, database_url: str) -> None:
        self._tally = tally
        self._connection = psycopg.connect(database_url)

    def write_batch(self, items: list[tuple[str, list[tuple[str, int]]]]) -> None:
        """Write lists of figures by key."""
        newest = {key: figure for _, figures in items for key, figure in figures}
        with self._connection.cursor() as cursor:
            cursor.executemany(self._tally.upsert, [self._tally.row(*f) for f in newest.items()])
        self._connection.commit()


class Table(DynamicSink):  # type: ignore[misc]
    """A tally's table."""

    def __init__(self, tally: Tally, database_url: str) -> None:
        self._tally = tally
        self._database_url = database_url

    def build(self, step_id: str, worker_index: int, worker_count: int) -> Rows:
        """Give what one worker writes with."""
        return Rows(self._tally, self._database_url)


def count(flow: Dataflow, tally: Tally, bootstrap: str, database_url: str, schemas: Path) -> None:
    """Keep a tally."""
    decode = decoder(schemas, tally.contract)

    def part(message: KafkaSourceMessage[Any, bytes]) -> Part | None:
        announcement.make()
        return tally.part(decode(message.value))

    name = tally.name
    messages = op.input(f"{name}_read", flow, KafkaSource([bootstrap], [tally.topic]))
    parts = op.filter_map(f"{name}_part", messages, part)
    figures = op.stateful_batch(f"{name}_figure", parts, lambda kept: Figure(tally, kept))
    together = op.key_on(f"{name}_together", figures, lambda _: "")
    rows = op.collect(f"{name}_collect", together, timeout=COLLECT, max_size=COLLECT_ROWS)
    op.output(f"{name}_write", rows, Table(tally, database_url))


def main() -> None:
    """Run the dataflow."""
    flow = Dataflow("tallies")
    for tally in TALLIES:
        count(flow, tally, sys.argv[1], sys.argv[2], Path(sys.argv[3]))
    store = Path("recovery")
    store.mkdir(exist_ok=True)
    init_db_dir(store, 1)
    cli_main(flow, epoch_interval=EPOCH, recovery_config=RecoveryConfig(store))


if __name__ == "__main__":
    main()
