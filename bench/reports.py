"""Reports: how long biểu 06a and 06b of the demo year take to fill, all units, all procedures.

The labelled synthetic year is loaded into an embedded hub and applied; then each report is filled
from a snapshot that nobody has asked anything, again and again; medians.

Usage: `python -m bench.reports [SCALE]` (1 by default); `measure` gives the same as a `Section`.
"""

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.section import Row, Section, Target, middle, quantile
from bench.unasked import unasked
from hub import registry
from hub.clock import system_clock, to_us
from hub.commands import demonstration
from hub.opening import OpenHub, open_hub
from hub.reports.filled import Filled, fill, read_report_question
from hub.settings import Settings
from tests.parts import lists

ROUNDS = 9
YEAR = "2023"
MOST_MS = {"06a": 300.0, "06b": 1_000.0}


def rounds(hub: OpenHub, name: str) -> tuple[list[float], Filled]:
    """Fill a report of the year so many times; give the milliseconds, and what it said."""
    report = registry.reports()[name]
    installed = lists.installed()
    question = read_report_question(report, {"period": YEAR}, to_us(system_clock()))
    took = []
    for _ in range(ROUNDS):
        with hub.store.reading() as reading, unasked():
            book = installed.book(reading)
            begun = time.perf_counter()
            filled = fill(report, question, book)
            took.append((time.perf_counter() - begun) * 1_000)
    return took, filled


def measure(scale: float = 1.0) -> Section:
    """Load the demo year and fill both reports."""
    raw: dict[str, Any] = {}
    rows = []
    with tempfile.TemporaryDirectory(prefix="lgsp-bench-") as folder:
        settings = Settings(data_dir=Path(folder))
        demo = demonstration.Demo(demonstration.SEED, scale)
        with open_hub(settings) as hub:
            demonstration.claim(hub, demo)
        demonstration.load(settings, demo)
        with open_hub(settings) as hub:
            hub.runner.catch_up()
            hub.tend_columns()  # as a hub that serves does before anybody asks
            for name, most in MOST_MS.items():
                took, filled = rounds(hub, name)
                raw[name] = took
                note = f"{len(filled.lines)} rows; slowest {quantile(took, 1):.0f} ms"
                target = Target(most=most)
                rows.append(Row(f"{name} of {YEAR}", middle(took), "ms", note, target))
    return Section(
        "Reports",
        "biểu 06a of all units and 06b of all procedures, over a year, from facts",
        {"scale": scale, "rounds": ROUNDS},
        rows,
        raw,
    )


if __name__ == "__main__":
    print(measure(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0).printed())
