"""A land office that fills its outbox: an SQLite file to which dossiers' events are added.

Where faults strike it is a table of PostgreSQL, with a login that only reads.

`python -m connectors.land_office.simulator --file F --seed S --dossiers N` fills one and prints
what must come of it. All dossiers are made up.
"""

import argparse
import json
import random
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import psycopg

from hub.clock import VIETNAM
from hub.connecting.struck import Truth, Upstream

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


STRUCK_DOSSIERS = 3  # in each of two transactions
COLUMNS = "ma_ho_so, su_kien, thoi_diem, noi_nhan, noi_giai_quyet, ma_tthc, muc_do, kenh, han_tra"
POSTGRES_TABLE = """
CREATE TABLE hub_outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tx xid8 NOT NULL DEFAULT pg_current_xact_id(),
  ma_ho_so text, su_kien text, thoi_diem text, noi_nhan text, noi_giai_quyet text, ma_tthc text,
  muc_do text, kenh text, han_tra text, nguoi_nop text DEFAULT 'Nguyễn Văn Mẫu')
"""
POSTGRES_INSERT = f"INSERT INTO hub_outbox ({COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
READER, DATABASE = "hub_doc", "dat_dai"


class _Office(Upstream):
    """An outbox in PostgreSQL, filled by transactions that commit in another order than they began.

    It refuses by taking the right to read, hangs by a lock, and says a row again as another row.
    """

    away = (psycopg.Error,)

    def __init__(self, seed: int, services: Mapping[str, str]) -> None:
        self._owner = services["HUB_DATABASE_URL"].replace("+psycopg", "")
        self._seed, self._now = seed, datetime(2025, 3, 1, tzinfo=VIETNAM)
        self._locked = ExitStack()
        with psycopg.connect(self._owner, autocommit=True) as owner:
            owner.execute(f"CREATE DATABASE {DATABASE}".encode())
            owner.execute(f"CREATE ROLE {READER} LOGIN".encode())
        with self._connected() as owner:
            owner.execute(POSTGRES_TABLE.encode())
            owner.execute("CREATE INDEX ON hub_outbox (tx, id)")
            owner.execute(f"GRANT SELECT ON hub_outbox TO {READER}".encode())
        host = self._owner.partition("@")[2].rpartition("/")[0]
        super().__init__(
            {
                "HUB_LAND_OFFICE_URL": f"postgresql+psycopg://{READER}@{host}/{DATABASE}",
                "HUB_LAND_OFFICE_COMMIT": "tx",
                "HUB_LAND_OFFICE_POLL_SECONDS": "0.5",
                "HUB_LAND_OFFICE_TIMEOUT_SECONDS": "2",
            }
        )

    def be(self, manner: str) -> None:
        """Behave so from now on."""
        self._locked.close()
        with self._connected() as owner:
            verb, way = ("REVOKE", "FROM") if manner == "refuse" else ("GRANT", "TO")
            owner.execute(f"{verb} SELECT ON hub_outbox {way} {READER}".encode())
        if manner == "hang":
            holder = self._locked.enter_context(closing(self._connected()))
            holder.execute("LOCK TABLE hub_outbox IN ACCESS EXCLUSIVE MODE")
        super().be(manner)

    def close(self) -> None:
        """Let nothing more happen."""
        self._locked.close()
        super().close()

    def step(self, number: int) -> Truth:
        """Add what happens to some dossiers; that of the first of them becomes seen last."""
        first = 2 * number * STRUCK_DOSSIERS
        early = plan(self._seed, first, STRUCK_DOSSIERS, self._now)
        late = plan(self._seed, first + STRUCK_DOSSIERS, STRUCK_DOSSIERS, self._now)
        times = 2 if self.manner == "twice" else 1
        with self._connected() as one, self._connected() as other:
            for connection, planned in ((one, early), (other, late)):
                # Who holds the table has it for long.
                connection.execute("SET LOCAL lock_timeout = '1s'")
                with connection.cursor() as cursor:
                    cursor.executemany(POSTGRES_INSERT, planned.rows * times)
            other.commit()
            one.commit()
        truth = Truth(early.received + late.received, early.rejected + late.rejected)
        truth.present["ended_at"] = early.resolved + late.resolved
        return truth

    def _connected(self) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(
            f"{self._owner.rpartition('/')[0]}/{DATABASE}",
            connect_timeout=5,
            application_name="land",
        )


def struck(_: Path, seed: int, services: Mapping[str, str]) -> Upstream:
    """Fill an outbox in PostgreSQL at each step, where faults strike."""
    return _Office(seed, services)


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
