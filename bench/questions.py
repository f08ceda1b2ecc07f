"""Questions: any figure, split and list at once over a year of the demo, beside DuckDB and SQL.

`python -m bench.questions [SCALE]` loads the demo year (a scale of 1 is 867,000 dossiers), asks
each question in turns with others, and gives medians and the slowest of a hundred. Beside it stands
the same sum by DuckDB over the same columns in memory, and for figures the scan of fact rows in SQL
that answered until then (of today's build, with columns left out). What a server takes of memory is
that of `hub serve`, which makes the columns and is then asked all of it; what a dossier and a
reading take in the database is that of their tables with all their indexes.
"""

import gc
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bench.hubs import served
from bench.processes import peak_mib
from bench.section import Row, Section, Target, middle, quantile
from bench.unasked import unasked
from hub.board.board import board_body
from hub.clock import to_us
from hub.definitions.fact import day_start_sql
from hub.figures.compute import read_question
from hub.figures.made_of import Wanted, facts
from hub.figures.official import answer
from hub.opening import OpenHub, open_hub
from hub.reference.periods import parse_period
from hub.settings import Settings
from hub.store.reading import Reading

ROUNDS, SECONDS_MAX = 100, 6.0  # of each question, whichever ends first
LOAD_SECONDS_MAX = 900
SHARE = "dossier_on_time_share"
ONE, TWO, PAGE, BOARD = Target(most=100), Target(most=200), Target(most=50), Target(most=60)
MEMORY = Target(most=500)
BYTES = {"dossier": Target(most=220), "reading": Target(most=60)}
ANSWER_SECONDS_MAX = 300.0
RATIO = Target(most=1.5)
SPLITS = {
    "whole": {},
    "by unit": {"by": "unit"},
    "by procedure": {"by": "procedure"},
    "by day": {"by": "day"},
    "by citizen's unit": {"by": "unit", "role": "citizen"},
    "of one procedure": {"procedure": "1.005129"},
    "units × months": {"by": "unit,month"},
}
# The sum that each is, of what DuckDB is asked for.
IN_DUCKDB = {
    "by unit": "resolved_by",
    "by procedure": "procedure_code",
    "by day": "(ended_at + 25200000000) // 86400000000",
    "by citizen's unit": "citizen_unit",
}
LISTS = {
    "first page": Wanted(),
    "a page far down": Wanted(after="~H57.20"),
    "the latest first": Wanted(sort="-ended_at", limit=100),
}
_Ask = Callable[[Reading], Any]


def measure(scale: float = 1.0) -> Section:
    """Measure on a year of the demo, loaded for it."""
    with tempfile.TemporaryDirectory(prefix="lgsp-bench-") as folder:
        _load(Path(folder), scale)
        with open_hub(Settings(data_dir=Path(folder))) as hub:
            begun = time.perf_counter()
            hub.tend_columns()
            making = time.perf_counter() - begun
        with open_hub(Settings(data_dir=Path(folder))) as hub:
            begun = time.perf_counter()
            hub.tend_columns()
            opening = time.perf_counter() - begun
            gc.freeze()  # as who serves does: all that is imported is looked through again else
            rows, raw = _asked(hub)
        rows += [
            Row("columns made of the database, and asked first", making, "s"),
            Row("columns opened from their files, and asked first", opening, "s"),
        ]
        rows += _memory(Settings(data_dir=Path(folder)))
        rows += _bytes(Path(folder) / "store.sqlite3")
    return Section(
        title="Questions over a year of the demo",
        about=(
            "Answers in JSON, one at a time, of one reading each; p99 is the slowest of a hundred."
            " Asked anew, what was once said is left out of account; asked again, it is not. Beside"
            " them the median, DuckDB's for the sum alone over the same columns in memory, and one"
            " scan of fact rows in SQL as before there were columns."
        ),
        settings={"scale": scale, "rounds": ROUNDS},
        rows=rows,
        raw=raw,
    )


def _load(folder: Path, scale: float) -> None:
    command = [sys.executable, "-m", "hub.cli", "demo", "--once", "--scale", str(scale)]
    env = {**os.environ, "HUB_DATA_DIR": str(folder)}
    subprocess.run(
        command, env=env, check=True, timeout=LOAD_SECONDS_MAX, stdout=subprocess.DEVNULL
    )


def _asked(hub: OpenHub) -> tuple[list[Row], dict[str, Any]]:
    now, kpi, rows = to_us(hub.clock()), hub.kpis[SHARE], []
    raw: dict[str, Any] = {}
    in_duckdb = _duckdb(hub)

    def ask(name: str, work: _Ask, target: Target | None, *, is_in_sql: bool = False) -> None:
        with unasked():
            took = _times(hub.store.reading, work)
        _times(hub.store.reading, work, 1)  # from now on it is remembered
        again = _times(hub.store.reading, work)
        note = f"median {middle(took):.1f} ms; asked again {middle(again):.1f} ms"
        # A list or a board takes minutes there, and all of the memory.
        before = _times(lambda: _in_sql(hub), work, 1) if is_in_sql else []
        note += f"; in SQL {before[0]:,.0f} ms" if before else ""
        peer = IN_DUCKDB.get(name)
        if peer is not None and in_duckdb is not None:
            theirs = middle(in_duckdb(peer))
            note += f"; DuckDB {theirs:.1f} ms"
        raw[name] = {"ms": took, "again_ms": again, "in_sql_ms": before}
        rows.append(Row(f"{name}, p99", quantile(took, 0.99), "ms", note, target))
        rows.append(Row(f"{name}, asked again, p99", quantile(again, 0.99), "ms", "", target))
        if peer is not None and in_duckdb is not None:
            with unasked():
                ours = middle(_times(hub.store.reading, lambda reading: _sum(reading, peer)))
            rows.append(Row(f"{name}: the sum ÷ DuckDB's", ours / theirs, "×", "", RATIO))

    for name, asked in SPLITS.items():
        question = read_question(kpi, {"period": "2023", **asked}, now)
        ask(
            name,
            lambda reading, q=question: json.dumps(answer(kpi, q, hub.book(reading))),  # type: ignore[misc]
            TWO if "×" in name else ONE,
            is_in_sql=True,
        )
    whole = read_question(kpi, {"period": "2023"}, now)
    for name, wanted in LISTS.items():
        ask(
            f"facts, {name}",
            lambda reading, w=wanted: json.dumps(facts(kpi, whole, hub.book(reading), w)),  # type: ignore[misc]
            PAGE,
        )
    year, shown = parse_period("2023"), hub.kpis.values()
    ask(
        "the board of the year",
        lambda r: json.dumps(board_body(hub.book(r), shown, year, now, hub.published)),
        BOARD,
    )
    return rows, raw


def _memory(settings: Settings) -> Iterator[Row]:
    """Let a server make the columns anew, and ask it all."""
    shutil.rmtree(settings.data_dir / "columns")
    asked = [f"/{SHARE}?{urlencode({'period': '2023', **a})}" for a in SPLITS.values()]
    asked += [f"/{SHARE}/facts?period=2023", f"/{SHARE}/facts?period=2023&sort=-ended_at"]
    with served(settings) as (port, _, process):
        for question in (*asked, "?period=2023"):
            url = f"http://127.0.0.1:{port}/v1/kpis{question}"
            with urllib.request.urlopen(url, timeout=ANSWER_SECONDS_MAX) as answered:
                answered.read()
        most = peak_mib(process.pid)
    note = "it made the columns, and answered each of these once"
    yield Row("memory of hub serve, at most", most, "MiB", note, MEMORY)


def _bytes(path: Path) -> Iterator[Row]:
    """Say what a fact takes in SQLite with its indexes."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        for name, target in BYTES.items():
            sql = (
                "SELECT SUM(pgsize) FROM dbstat WHERE name IN"
                f" (SELECT name FROM sqlite_master WHERE tbl_name = 'fact_{name}')"
            )
            (held,) = connection.execute(sql).fetchone()
            (facts,) = connection.execute(f"SELECT COUNT(*) FROM fact_{name}").fetchone()
            yield Row(f"a {name} in SQLite, with indexes", held / facts, "bytes", "", target)


def _times(opened: Callable[[], Any], work: _Ask, rounds: int = ROUNDS) -> list[float]:
    took: list[float] = []
    begun = time.perf_counter()
    while len(took) < rounds and time.perf_counter() - begun < SECONDS_MAX:
        at = time.perf_counter()
        with opened() as reading:
            work(reading)
        took.append((time.perf_counter() - at) * 1e3)
    return took


@contextmanager
def _in_sql(hub: OpenHub) -> Iterator[Reading]:
    """Read without columns."""
    store = hub.store
    with store.reading() as r:
        yield Reading(r.connection, r.database, store.definitions, {}, store.succession, {})


def _sum(reading: Reading, by: str) -> object:
    """Sum what DuckDB is asked for."""
    fact = reading.definitions.facts["dossier"]
    key = by if by in fact.types else day_start_sql("ended_at")
    return reading.sum_facts(fact, fact.measure("dossier.resolved"), (key,), {}, (None, 2**62))


def _duckdb(hub: OpenHub) -> Callable[[str], list[float]] | None:
    try:
        import duckdb  # noqa: PLC0415 (may not be installed)
    except ImportError:
        return None
    connection = duckdb.connect()
    with hub.store.reading() as reading:
        frames = reading.frames(hub.store.facts["dossier"])
        assert frames is not None
        columns = frames.facts().select(
            "ended_at", "is_on_time", "resolved_by", "procedure_code", "citizen_unit"
        )
        arrow = columns.collect().to_arrow()
    connection.register("given", arrow)
    connection.execute("CREATE TABLE f AS SELECT * FROM given")

    def times(by: str) -> list[float]:
        sql = (
            f"SELECT {by}, COUNT(*), SUM(is_on_time) FROM f WHERE is_on_time IS NOT NULL GROUP BY 1"
        )
        return _times(hub.store.reading, lambda _: connection.execute(sql).fetchall(), 20)

    return times


if __name__ == "__main__":
    print(measure(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0).printed())
