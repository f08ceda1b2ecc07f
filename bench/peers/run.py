"""The peers by name, and how one is measured."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import psycopg

from bench.peers import environment, java
from bench.topic import Expected

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / ".hub-bench"
SCHEMAS = ROOT / "schemas" / "avro"
QUIX = ("quixstreams[postgresql]==3.28.1", "fastavro>=1.10,<2")
BYTEWAX = ("bytewax[kafka]==0.21.1", "fastavro>=1.10,<2", "psycopg[binary]>=3.2,<4")
SECONDS_MAX = 1_800.0
POLL_SECONDS = 0.05
# Looking takes this part of the time at most: sums over large tables cost the peer's cores.
POLL_SHARE_MAX = 0.05
END_SECONDS_MAX = 15.0
LOG_TAIL_LINES = 40

TABLES = {
    "tally_received": "unit text, day date, n bigint, PRIMARY KEY (unit, day)",
    "tally_amount": "area text, period text, amount bigint, PRIMARY KEY (area, period)",
    "tally_salinity": "station text, day date, greatest bigint, PRIMARY KEY (station, day)",
}


class PeerError(RuntimeError):
    """A peer ended early, took too long or was wrong; the message holds its last words."""


@dataclass(frozen=True)
class Peer:
    """One way to do the job.

    `prepare(folder)` builds or installs it below a folder, once; `command(bootstrap, database_url,
    folder)` runs it, in a working directory of its own that holds its state. `cannot` says what it
    does not do of what the hub does.
    """

    cannot: str
    prepare: Callable[[Path], object]
    command: Callable[[str, str, Path], list[str]]


def _nothing(folder: Path) -> None:
    """Prepare a peer that the project's own environment has."""


def _faust(mode: str, bootstrap: str, database_url: str, folder: Path) -> list[str]:
    del folder
    module = [sys.executable, "-m", "bench.peers.with_faust"]
    return [*module, bootstrap, plain(database_url), str(SCHEMAS), mode]


def _kafka_streams(guarantee: str, bootstrap: str, database_url: str, folder: Path) -> list[str]:
    run = java.command(folder / "kafka-streams", "peers.KafkaStreamsPeer")
    return [*run, bootstrap, java.jdbc(database_url), str(SCHEMAS), guarantee]


def _python(name: str, bootstrap: str, database_url: str, folder: Path) -> list[str]:
    module = [str(environment.python(folder / name)), "-m", f"bench.peers.with_{name}"]
    return [*module, bootstrap, plain(database_url), str(SCHEMAS)]


def _flink(bootstrap: str, database_url: str, folder: Path) -> list[str]:
    run = java.command(folder / "flink", "peers.FlinkPeer", *java.OPENED)
    return [*run, bootstrap, java.jdbc(database_url, is_rewritten=False), str(SCHEMAS)]


def plain(database_url: str) -> str:
    """Write a database's URL as PostgreSQL's own clients know it."""
    return "postgresql://" + database_url.partition("://")[2]


_ALL = (
    "removes no repeats, applies no corrections or retractions, validates nothing, proves nothing"
)
PEERS: dict[str, Peer] = {
    "faust": Peer(
        cannot=f"{_ALL}; at least once: a crash counts again what was not committed yet.",
        prepare=_nothing,
        command=partial(_faust, "idiomatic"),
    ),
    "faust-fastest": Peer(
        cannot=f"{_ALL}; at least once; without group_by it is right with one worker only.",
        prepare=_nothing,
        command=partial(_faust, "fastest"),
    ),
    "kafka-streams": Peer(
        cannot=f"{_ALL}; its state is exactly once, PostgreSQL beside it is not: a crash loses the"
        " figures that wait for the next batch until their keys change again.",
        prepare=partial(java.build, "kafka-streams"),
        command=partial(_kafka_streams, "exactly_once_v2"),
    ),
    "kafka-streams-alo": Peer(
        cannot=f"{_ALL}; at least once: a crash counts again what was not committed yet.",
        prepare=partial(java.build, "kafka-streams"),
        command=partial(_kafka_streams, "at_least_once"),
    ),
    "quix": Peer(
        cannot=f"{_ALL}; its state is exactly once, PostgreSQL beside it at least once.",
        prepare=partial(environment.install, "quix", QUIX),
        command=partial(_python, "quix"),
    ),
    "flink": Peer(
        cannot=f"{_ALL}; its state is exactly once, PostgreSQL beside it at least once.",
        prepare=partial(java.build, "flink"),
        command=_flink,
    ),
    "bytewax": Peer(
        cannot=f"{_ALL}; its state is exactly once, PostgreSQL beside it at least once.",
        prepare=partial(environment.install, "bytewax", BYTEWAX),
        command=partial(_python, "bytewax"),
    ),
}


def measure(
    peer: Peer,
    bootstrap: str,
    database_url: str,
    expected: Expected,
    seconds_max: float = SECONDS_MAX,
) -> float:
    """Run a peer until its tables are complete, check them, give its events a second.

    From its first record to the complete tables; starting up is not in it. Raises `PeerError`.
    """
    peer.prepare(BUILT)
    with (
        psycopg.connect(plain(database_url), autocommit=True) as connection,
        tempfile.TemporaryDirectory(prefix="lgsp-peer-") as folder,
    ):
        for name, columns in TABLES.items():
            connection.execute(f"DROP TABLE IF EXISTS {name}")
            connection.execute(f"CREATE TABLE {name} ({columns})")
        said, log = Path(folder, "said"), Path(folder, "log")
        state = Path(folder, "state")
        state.mkdir()
        with _running(peer.command(bootstrap, database_url, BUILT), state, said, log) as process:
            try:
                ended = _wait(connection, expected, process, seconds_max)
                _check(connection, expected)
            except PeerError as error:
                raise PeerError(f"{error}\n{_tail(said)}\n{_tail(log)}") from None
        first = re.search(r"^first ([0-9.]+)", said.read_text(errors="replace"), re.MULTILINE)
        if first is None:
            raise PeerError(f"it did not say when it began\n{_tail(said)}\n{_tail(log)}")
    return expected.total_events / (ended - float(first[1]))


@contextlib.contextmanager
def _running(
    command: Sequence[str], folder: Path, said: Path, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process in a group of its own, and end all of the group."""
    with said.open("wb") as out, log.open("wb") as errors:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=errors,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(END_SECONDS_MAX)


def _wait(
    connection: psycopg.Connection[Any],
    expected: Expected,
    process: subprocess.Popen[bytes],
    seconds_max: float,
) -> float:
    """Poll until rows and sums are as they must be; tell when they were."""
    # The smallest first; a table that is complete is not looked at again.
    missing = sorted(expected.totals, key=lambda n: expected.totals[n].rows)
    deadline = time.monotonic() + seconds_max
    while True:
        begun = time.monotonic()
        while missing and _total(connection, expected, missing[0]):
            missing.pop(0)
        now = time.time()
        if not missing:
            return now
        if process.poll() is not None:
            raise PeerError(f"it ended with exit code {process.returncode}")
        if time.monotonic() > deadline:
            raise PeerError(f"not complete after {seconds_max:,.0f} s: {', '.join(missing)}")
        took = time.monotonic() - begun
        time.sleep(max(POLL_SECONDS - took, took / POLL_SHARE_MAX))


def _total(connection: psycopg.Connection[Any], expected: Expected, name: str) -> bool:
    """Tell whether a table is complete."""
    figure = expected.tables[name].columns[-1]
    query = f"SELECT count(*), coalesce(sum({figure}), 0)::bigint FROM {name}"
    found = connection.execute(query).fetchone()
    wanted = expected.totals[name]
    return found == (wanted.rows, wanted.figures)


def _check(connection: psycopg.Connection[Any], expected: Expected) -> None:
    """Compare the tables row by row."""
    for name, table in expected.tables.items():
        rows = connection.execute(f"SELECT {', '.join(table.columns)} FROM {name}").fetchall()
        found = pl.DataFrame(rows, schema=table.schema, orient="row")
        order = table.columns[:-1]
        if not found.sort(order).equals(table.sort(order)):
            raise PeerError(f"{name} differs from what was expected")


def _tail(path: Path) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])
