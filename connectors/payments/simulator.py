"""Drops payment statistics into a folder as banks do: in pieces, by rename, twice, with bad rows.

`python -m connectors.payments.simulator --folder F --seed S` writes the files of a seed and prints
what must come of them. All figures are synthetic.
"""

import argparse
import json
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors.payments.connector import METHODS, NAMED_BY, SERVICES
from hub.clock import VIETNAM
from hub.connecting.dropping import as_csv, as_xlsx, dropped
from hub.connecting.struck import DropFolder, Upstream, integers
from hub.connecting.struck import Truth as Struck

HEADERS = (
    "Đơn vị báo cáo",
    "Dịch vụ",
    "Hình thức",
    "Địa bàn",
    "Kỳ",
    "Lần báo cáo",
    "Số giao dịch",
    "Số khách hàng",
    "Số tiền",
)
TITLE = "Thống kê thanh toán (số liệu tổng hợp)"
WAYS = ("rename", "pieces", "twice", "other_name")
PIECES = 4
BAD_EVERY = 400  # rows: far below the share at which the breaker stops a source
Statistic = dict[str, Any]


@dataclass(frozen=True)
class Drop:
    """A file to be dropped: its good statistics, its number of bad rows, and the way it comes."""

    name: str
    content: bytes
    good: tuple[Statistic, ...]
    bad: int
    way: str


@dataclass(frozen=True)
class Truth:
    """What must come of drops: the statistic that counts per key, and how many rows are which.

    `events` are different good rows, `rejected` bad ones; a file that came twice counts once.
    """

    statistics: dict[tuple[str, ...], Statistic]
    events: int
    rejected: int


def grouped(number: int) -> str:
    """Write an integer in the Vietnamese way: `1.234.567`."""
    return f"{number:,}".replace(",", ".")


def plan(seed: int, files: int, rows: int = 120, year: int = 2023, months: int = 12) -> list[Drop]:
    """Make the files of a seed about a year's first months: CSV and XLSX in turn."""
    chance = random.Random(seed)
    services = {code: name for name, code in SERVICES.items()}
    methods = {code: name for name, code in METHODS.items()}
    drops = []
    written = 0
    for number in range(files):
        good = tuple(_statistic(chance, f"{seed}.{number}", i, year, months) for i in range(rows))
        lines: list[list[Any]] = [
            [
                g["reporter"],
                services[g["service"]],
                methods[g["method"]],
                g["area"],
                "/".join(reversed(g["period"].split("-"))),
                g["revision"],
                grouped(g["transactions"]),
                grouped(g["customers"]),
                f"{grouped(g['amount_vnd'])} đồng",
            ]
            for g in good
        ]
        bad = (written + rows) // BAD_EVERY - written // BAD_EVERY
        written += rows
        for i in range(bad):
            lines.insert(chance.randrange(rows), _bad(f"{seed}.{number}.{i}"))
        is_csv = number % 2 == 0
        content = (
            as_csv([HEADERS, *lines], chance.choice(";,\t"))
            if is_csv
            else as_xlsx("Thống kê", [[TITLE], HEADERS, *lines])
        )
        name = f"thong-ke-{seed}-{number:04}.{'csv' if is_csv else 'xlsx'}"
        drops.append(Drop(name, content, good, bad, WAYS[number % len(WAYS)]))
    return drops


def truth(drops: Sequence[Drop]) -> Truth:
    """Say what must come of drops: per key the highest revision counts."""
    found: dict[tuple[str, ...], Statistic] = {}
    events = set()
    for statistic in (g for d in drops for g in d.good):
        key = tuple(statistic[n] for n in NAMED_BY[:-1])
        events.add((*key, statistic["revision"]))
        if key not in found or found[key]["revision"] < statistic["revision"]:
            found[key] = statistic
    return Truth(found, len(events), sum(d.bad for d in drops))


def drop(folder: Path, dropped: Drop, pause: float) -> Iterator[None]:
    """Put a file into a folder the way it comes; between its steps the caller has its turn."""
    path = folder / dropped.name
    if dropped.way == "pieces":
        size = len(dropped.content) // PIECES + 1
        with path.open("wb") as file:
            for start in range(0, len(dropped.content), size):
                file.write(dropped.content[start : start + size])
                file.flush()
                time.sleep(pause)
                yield
        return
    unfinished = path.with_suffix(".part")
    unfinished.write_bytes(dropped.content)
    unfinished.rename(path)
    yield
    if dropped.way in ("twice", "other_name"):
        time.sleep(pause)
        again = path.with_stem(f"{path.stem}-lan-2") if dropped.way == "other_name" else path
        unfinished.write_bytes(dropped.content)
        unfinished.rename(again)
        yield


def _statistic(chance: random.Random, who: str, number: int, year: int, months: int) -> Statistic:
    transactions = chance.randrange(1, 200_000)
    return {
        "reporter": f"NGANHANG.{who}",
        "service": chance.choice(list(SERVICES.values())),
        "method": chance.choice(list(METHODS.values())),
        "area": f"H57.{number // 4}",
        "period": chance.choice(
            (f"{year}", f"{year}-{number % months + 1:02}", f"{year}-{min(5, months):02}-17")
        ),
        "revision": number,
        "transactions": transactions,
        "customers": transactions * 9 // 10,
        "amount_vnd": transactions * chance.randrange(1_000, 900_000),
    }


def _bad(who: str) -> list[str]:
    return [f"NGANHANG.{who}", "điện", "quẹt thẻ", "H57", "05/2023", "1", "10", "9", "1.000"]


DEMO_FILES = 500
DEMO_SECONDS = 20.0


@contextmanager
def demonstrated(folder: Path, seed: int, start: int) -> Iterator[dict[str, str]]:
    """Drop a file now and every few seconds; give the settings.

    `start` counts the starts of one demonstration: the statistics of each are others' own.
    """
    now, first = datetime.now(VIETNAM), seed + 1000 * start
    numbers = range(DEMO_FILES)
    files = (plan(first + n, 1, year=now.year, months=now.month)[0] for n in numbers)
    with dropped(folder, files, DEMO_SECONDS, lambda at, file: list(drop(at, file, 0.2))):
        yield {"HUB_PAYMENTS_FOLDER": str(folder), "HUB_PAYMENTS_SETTLE_SECONDS": "1"}


STRUCK_ROWS = 80


def struck(folder: Path, seed: int, _: Mapping[str, str]) -> Upstream:
    """Drop a file at each step, where faults strike; its statistics are its own bank's."""

    def make(number: int) -> tuple[Drop, Struck]:
        one = plan(1_000_000 * seed + number, 1, STRUCK_ROWS)[0]
        found = truth([one])
        rows = list(found.statistics.values())
        sums = {n: sum(s[n] for s in rows) for n in ("transactions", "customers", "amount_vnd")}
        return one, Struck(len(rows), found.rejected, integers(**sums))

    own = {"HUB_PAYMENTS_FOLDER": str(folder), "HUB_PAYMENTS_SETTLE_SECONDS": "0.5"}
    return DropFolder(folder, own, make)


def main() -> None:
    """Drop the files of a seed, then print what must come of them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--files", type=int, default=12)
    parser.add_argument("--rows", type=int, default=120, help="rows a file")
    parser.add_argument("--pause", type=float, default=0.5, help="seconds between the steps")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    drops = plan(given.seed, given.files, given.rows)
    for one in drops:
        for _ in drop(given.folder, one, given.pause):
            pass
        time.sleep(given.pause)
    found = truth(drops)
    amount = sum(s["amount_vnd"] for s in found.statistics.values())
    said = {"statistics": len(found.statistics), "events": found.events}
    print(json.dumps(said | {"rejected": found.rejected, "amount_vnd": amount}))


if __name__ == "__main__":
    main()
