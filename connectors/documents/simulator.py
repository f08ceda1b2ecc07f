"""Drops counts of papers into a folder as systems of documents export them, CSV and XLSX in turn.

`python -m connectors.documents.simulator --folder F --seed S` writes the files of a seed and prints
what must come of them. Some rows break the contract; some bear a mark of secrets, as an export does
that nobody filtered, and of those nothing may be kept. All figures are synthetic.
"""

import argparse
import json
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.documents.synthetic import ONLINE_PERCENT, UNITS
from hub.clock import VIETNAM
from hub.connecting.dropping import as_csv, as_xlsx, drop, dropped
from hub.connecting.struck import DropFolder, Truth, Upstream, integers

HEADERS = (
    *("STT", "Mã đơn vị", "Cấp", "Ngày", "Văn bản đã xử lý", "Xử lý trên môi trường mạng"),
    "Độ mật",
)
LEVELS = {"province": "Cấp tỉnh", "district": "Cấp huyện", "commune": "Cấp xã"}
TITLE = "BÁO CÁO TÌNH HÌNH XỬ LÝ VĂN BẢN TRÊN MÔI TRƯỜNG MẠNG"
CLASSES = ("Mật", "Tối mật", "Tuyệt mật")
ROWS = 120
BAD_EVERY = 60  # rows: below the share at which the breaker stops a source in a demo


@dataclass(frozen=True)
class Drop:
    """A file to be dropped, and what must come of it."""

    name: str
    content: bytes
    handled: int
    online: int
    accepted: int
    rejected: int
    secret: int


def plan(seed: int, files: int, last: date, rows: int = ROWS) -> list[Drop]:
    """Make the files of a seed: each has counts of one of the days up to `last`."""
    chance = random.Random(seed)
    units = [(level, u) for level in ("province", "commune") for u in UNITS[level]]
    drops = []
    for number in range(files):
        day = last - timedelta(days=files - 1 - number)
        lines: list[list[Any]] = []
        handled = online = 0
        for at, (level, unit) in enumerate(units[:rows], 1):
            whole = chance.randrange(1, 2_000)
            part = whole * ONLINE_PERCENT[level] // 100
            handled, online = handled + whole, online + part
            lines.append([at, unit, LEVELS[level], f"{day:%d/%m/%Y}", _grouped(whole), part, ""])
        bad, secret = rows // BAD_EVERY, number % 2
        for i in range(bad):
            lines.append([f"x{i}", "Sở mẫu", "Cấp tỉnh", f"{day:%d/%m/%Y}", "1", 1, ""])
        for i in range(secret):
            row = [f"m{i}", units[i][1], "Cấp tỉnh", f"{day:%d/%m/%Y}", "3", 0]
            lines.append([*row, chance.choice(CLASSES)])
        is_csv = number % 2 == 0
        content = (
            as_csv([HEADERS, *lines]) if is_csv else as_xlsx("Văn bản", [[TITLE], HEADERS, *lines])
        )
        name = f"van-ban-{seed}-{day:%Y%m%d}.{'csv' if is_csv else 'xlsx'}"
        counts = (handled, online, min(rows, len(units)), bad + secret, secret)
        drops.append(Drop(name, content, *counts))
    return drops


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", ".")


DEMO_DAYS = 14
DEMO_SECONDS = 20.0


@contextmanager
def demonstrated(folder: Path, seed: int, start: int) -> Iterator[dict[str, str]]:
    """Drop the files of the last days, then one every few seconds; give the settings."""
    files = plan(seed + 1000 * start, DEMO_DAYS, datetime.now(VIETNAM).date())
    with dropped(folder, files, DEMO_SECONDS / DEMO_DAYS):
        yield {"HUB_DOCUMENTS_FOLDER": str(folder), "HUB_DOCUMENTS_SETTLE_SECONDS": "1"}


STRUCK_ROWS = 60
STRUCK_ON = date(2023, 12, 31)  # backwards, so that nobody else counts the same days


def struck(folder: Path, seed: int, _: Mapping[str, str]) -> Upstream:
    """Drop a day's file at each step, where faults strike."""

    def make(number: int) -> tuple[Drop, Truth]:
        one = plan(seed, 2, STRUCK_ON - timedelta(days=2 * number), STRUCK_ROWS)[number % 2]
        counted = integers(handled=one.handled, handled_online=one.online)
        return one, Truth(one.accepted, one.rejected, counted)

    own = {"HUB_DOCUMENTS_FOLDER": str(folder), "HUB_DOCUMENTS_SETTLE_SECONDS": "0.5"}
    return DropFolder(folder, own, make)


def main() -> None:
    """Drop the files of a seed, then print what must come of them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--files", type=int, default=6)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    drops = plan(given.seed, given.files, datetime.now(VIETNAM).date())
    for one in drops:
        drop(given.folder, one)
    names = ("handled", "online", "accepted", "rejected", "secret")
    print(json.dumps({n: sum(getattr(d, n) for d in drops) for n in names}))


if __name__ == "__main__":
    main()
