"""A land office that fills its outbox: an SQLite file to which dossiers' events are added.

`python -m connectors.land_office.simulator --file F --seed S --dossiers N` fills one and prints
what must come of it. All dossiers are made up.
"""

import argparse
import json
import random
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from hub.clock import VIETNAM

TABLE = """
CREATE TABLE IF NOT EXISTS hub_outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT, ma_ho_so TEXT, su_kien TEXT, thoi_diem TEXT, noi_nhan TEXT,
  noi_giai_quyet TEXT, ma_tthc TEXT, muc_do TEXT, kenh TEXT, han_tra TEXT, nguoi_nop TEXT)
"""
INSERT = "INSERT INTO hub_outbox VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'Nguyễn Văn Mẫu')"
BAD_EVERY = 60
DEMO_FIRST, DEMO_SECONDS = 150, 3.0
Row = tuple[str | None, ...]


@dataclass
class Planned:
    """Rows to be added, and what must come of them."""

    rows: list[Row] = field(default_factory=list)
    received: int = 0
    resolved: int = 0
    rejected: int = 0


def plan(seed: int, first: int, dossiers: int, now: datetime) -> Planned:
    """Make events of so many dossiers, numbered from `first` on, of the days before `now`."""
    chance = random.Random(f"{seed} {first}")
    planned = Planned()
    for number in range(first, first + dossiers):
        at = now - timedelta(hours=chance.uniform(1, 700))
        unit = f"H57.{chance.randrange(32, 141)}"
        code = f"{unit}-{at:%y%m%d}-{seed % 10}{number:06}"
        due = at + timedelta(days=10)
        received: Row = (code, "TIEP_NHAN", _text(at), unit, None, "1.001009", "Toàn trình")
        received += (chance.choice(("Trực tuyến", "Trực tiếp")), _text(due))
        planned.rows.append(received)
        planned.received += 1
        done = at + timedelta(hours=chance.uniform(1, 400))
        if done < now and chance.random() < 0.8:
            planned.rows.append((code, "XONG", _text(done), None, unit, None, None, None, None))
            planned.resolved += 1
        if number % BAD_EVERY == BAD_EVERY - 1:
            planned.rows.append((code, "KHAC", _text(at), unit, None, None, None, None, None))
            planned.rejected += 1
    return planned


def _text(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


def add(file: Path, planned: Planned) -> None:
    """Add rows to an outbox, which is made where there is none."""
    with closing(sqlite3.connect(file, timeout=30)) as outbox, outbox:
        outbox.execute(TABLE)
        outbox.executemany(INSERT, planned.rows)


@contextmanager
def demonstrated(folder: Path, seed: int, start: int) -> Iterator[dict[str, str]]:
    """Fill an outbox, then add a dossier every few seconds; give the settings."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "dat-dai.sqlite3"
    first = start * 100_000
    add(file, plan(seed, first, DEMO_FIRST, datetime.now(VIETNAM)))
    stopping = threading.Event()

    def live() -> None:
        number = first + DEMO_FIRST
        while not stopping.wait(DEMO_SECONDS):
            add(file, plan(seed, number, 1, datetime.now(VIETNAM)))
            number += 1

    thread = threading.Thread(target=live, name="land office simulator", daemon=True)
    thread.start()
    try:
        yield {
            "HUB_LAND_OFFICE_URL": f"sqlite:///{file}",
            "HUB_LAND_OFFICE_POLL_SECONDS": "1",
        }
    finally:
        stopping.set()
        thread.join()


def main() -> None:
    """Fill an outbox, then print what must come of it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dossiers", type=int, default=200)
    given = parser.parse_args()
    planned = plan(given.seed, 0, given.dossiers, datetime.now(VIETNAM))
    add(given.file, planned)
    said = {n: getattr(planned, n) for n in ("received", "resolved", "rejected")}
    print(json.dumps(said))


if __name__ == "__main__":
    main()
