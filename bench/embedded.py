"""Embedded profile: events through contract, log, fold and cells, beside bare ways to store bytes.

The whole path of the embedded hub (SQLite log and store, one process) over the seeded events of
`bench.topic`, beside a bare SQLite append of the same datums, both with WAL and synchronous=FULL:
(i) a row an event, its offset the key, as anyone keeps events that are to be found again, and
(ii) one blob for so many events, which is what the hub's own log does; a transaction per 20,000.
Usage: `python -m bench.embedded [EVENTS]` (1,000,000 by default).
"""

import sqlite3
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import polars as pl

from bench import in_hub
from bench.parts import Parts
from bench.rounds import ROUNDS, Took, settings, told
from bench.section import Row, Section, Target, middle
from bench.topic import CHUNK, SENDERS, interleaved, make
from hub import registry
from hub.log.submitting import encode
from hub.opening import open_hub
from hub.settings import Settings

EVENTS = 1_000_000
LEAST = 0.5
WHOLE, LOG, FOLD = "whole path", "contract and log", "fold, facts, cells"
ROWS, BLOBS = "bare SQLite, a row an event", "bare SQLite, a blob per 20,000"


def measure(events: int = EVENTS, seed: int = 1, rounds: int = ROUNDS) -> Section:
    """Measure the whole path and both bare ways, in turn."""
    said = settings(events, seed, rounds, "polars") | {"sqlite": sqlite3.sqlite_version}
    parts = list(interleaved(make(events, seed)))
    datums = [datum for name, frame in parts for datum in _datums(name, frame)]
    chunks = [datums[at : at + CHUNK] for at in range(0, len(datums), CHUNK)]
    took = {name: Took() for name in (ROWS, BLOBS, LOG, FOLD)}
    inside: list[dict[str, float]] = []
    for number in range(1, rounds + 1):
        with tempfile.TemporaryDirectory(prefix="lgsp-bench-") as name:
            folder = Path(name)
            took[ROWS].time(partial(append_rows, folder / "rows", chunks))
            took[BLOBS].time(partial(append_blobs, folder / "blobs", chunks))
            with open_hub(Settings(data_dir=folder / "hub")) as hub:
                took[LOG].time(partial(in_hub.load, hub, parts))
                with Parts() as timed:
                    took[FOLD].time(hub.runner.catch_up)
                inside.append(timed.seconds)
        told(number, rounds)
    took[WHOLE] = Took(
        [a + b for a, b in zip(took[LOG].wall, took[FOLD].wall, strict=True)],
        [a + b for a, b in zip(took[LOG].processor, took[FOLD].processor, strict=True)],
    )
    return Section(
        title="Embedded profile",
        about=(
            "Contract check, encoding, SQLite log, fold, facts and cells, beside a bare append of"
            " the same datums to SQLite; WAL and synchronous=FULL."
        ),
        settings=said,
        rows=_rows(events, took),
        raw={**{name: t.as_json() for name, t in took.items()}, "parts": inside},
        misses=_misses(took, inside),
    )


def _rows(events: int, took: dict[str, Took]) -> list[Row]:
    whole = took[WHOLE].seconds
    rows = [Row(name, events / t.seconds, "events/s") for name, t in took.items()]
    rows.append(
        Row(
            "whole path to a row an event",
            took[ROWS].seconds / whole,
            "of it",
            f"to a blob per 20,000, which is what the hub's log does: "
            f"{took[BLOBS].seconds / whole:.3f} of it",
            Target(least=LEAST),
        )
    )
    rows.append(
        Row(
            "contract and log to a row an event",
            took[ROWS].seconds / took[LOG].seconds,
            "of it",
            f"to a blob per 20,000: {took[BLOBS].seconds / took[LOG].seconds:.3f} of it",
        )
    )
    return rows


def _misses(took: dict[str, Took], parts: list[dict[str, float]]) -> list[str]:
    whole = took[WHOLE].seconds
    ratio = took[ROWS].seconds / whole
    if ratio >= LEAST:
        return []
    shares = {p: middle([one.get(p, 0.0) for one in parts]) / whole for p in parts[0]}
    shares["contract and log"] = took[LOG].seconds / whole
    most = sorted(shares, key=lambda part: -shares[part])[:4]
    where = ", ".join(f"{part} {shares[part]:.0%}" for part in most)
    return [
        f"The whole path has {ratio:.2f} of the rate of a bare append of rows, not {LEAST}: {where}"
        " of its time. It writes the events to the log, and then the facts and cells that come of"
        " them, some three rows for four events, to the store. What might help: fewer rows, whose"
        " number counts and not their size, and folding one contract while another is written."
    ]


def _datums(name: str, frame: pl.DataFrame) -> list[bytes]:
    """Encode events as the hub does, a datum each."""
    contract = registry.definitions().contract(name)
    batch = encode(contract, SENDERS[name], contract.conform(frame), "r", 0)
    ends = batch.ends.tolist()
    return [batch.payload[a:b] for a, b in zip([0, *ends], ends, strict=False)]


def append_rows(path: Path, chunks: Sequence[Sequence[bytes]]) -> None:
    """Append a row an event, its offset the key; a transaction a chunk."""
    with closing(_durable(path)) as connection:
        connection.execute("CREATE TABLE event (offset INTEGER PRIMARY KEY, datum BLOB NOT NULL)")
        offset = 0
        for chunk in chunks:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO event VALUES (?, ?)", enumerate(chunk, offset))
            connection.execute("COMMIT")
            offset += len(chunk)


def append_blobs(path: Path, chunks: Sequence[Sequence[bytes]]) -> None:
    """Append a blob a chunk, under the offset of its first event; a transaction each."""
    with closing(_durable(path)) as connection:
        connection.execute("CREATE TABLE batch (offset INTEGER PRIMARY KEY, datums BLOB NOT NULL)")
        offset = 0
        for chunk in chunks:
            connection.execute("INSERT INTO batch VALUES (?, ?)", (offset, b"".join(chunk)))
            offset += len(chunk)


def _durable(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def main() -> None:
    """Print the rows."""
    print(measure(*(int(n) for n in sys.argv[1:2])).printed())


if __name__ == "__main__":
    main()
