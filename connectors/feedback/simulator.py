"""Drops forms into a folder as the app, hotline 1022 and portal export them, with what happens.

`python -m connectors.feedback.simulator --folder F --seed S` writes the files of a seed, the key of
pseudonyms beside the folder, and prints what must come of them. All people are made up.
"""

import argparse
import json
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hub.clock import VIETNAM
from hub.connecting.dropping import as_csv, as_xlsx, drop, dropped
from hub.connecting.struck import DropFolder, Truth, Upstream, integers

CHANNELS = ("Ứng dụng", "Tổng đài 1022", "Cổng thông tin")
TOPICS = ("Môi trường", "Giao thông", "Hạ tầng đô thị", "An ninh trật tự", "Y tế")
HEADERS = (
    *("Mã phản ánh", "Kênh tiếp nhận", "Lĩnh vực", "Địa bàn", "Họ tên", "Số điện thoại"),
    *("Nội dung", "Ngày tiếp nhận", "Đơn vị xử lý", "Ngày chuyển", "Hạn xử lý", "Ngày trả lời"),
    *("Hài lòng", "Ngày đánh giá", "Ngày mở lại"),
)
FORMS = 60
REPEATED = 0.15  # forms about a matter that was reported before, by another channel
BAD_EVERY = 50


@dataclass
class Drop:
    """A file to be dropped, and what must come of all files until then."""

    name: str
    content: bytes
    matters: int
    forms: int
    rejected: int
    people: list[str] = field(default_factory=list)


def plan(seed: int, files: int, now: datetime, forms: int = FORMS) -> list[Drop]:
    """Make the files of a seed: each has new forms of the hours before `now`."""
    chance = random.Random(seed)
    drops: list[Drop] = []
    people: list[tuple[str, str, str]] = []  # who reported what, where
    total = matters = rejected = 0
    for number in range(files):
        lines: list[list[Any]] = []
        for i in range(forms):
            is_again = bool(people) and chance.random() < REPEATED
            if not is_again:
                phone = f"09{seed % 10_000:04}{len(people):04}"
                people.append((phone, chance.choice(TOPICS), f"H57.{chance.randrange(32, 141)}"))
                matters += 1
            who = chance.choice(people) if is_again else people[-1]
            lines.append(_form(chance, f"{seed}.{number}.{i}", who, now))
            total += 1
        for i in range(forms // BAD_EVERY):
            row = _form(chance, f"{seed}.{number}.x{i}", people[0], now)
            lines.append([row[0], "Mạng xã hội", *row[2:]])
            rejected += 1
        is_csv = number % 2 == 0
        content = as_csv([HEADERS, *lines]) if is_csv else as_xlsx("Phản ánh", [HEADERS, *lines])
        name = f"phan-anh-{seed}-{number:04}.{'csv' if is_csv else 'xlsx'}"
        phones = [phone for phone, _, _ in people]
        drops.append(Drop(name, content, matters, total, rejected, phones))
    return drops


def _form(chance: random.Random, code: str, who: tuple[str, str, str], now: datetime) -> list[Any]:
    phone, topic, place = who
    written = chance.choice((phone, f"+84{phone[1:]}", f"{phone[:4]} {phone[4:7]} {phone[7:]}"))
    at = now - timedelta(hours=chance.uniform(2, 240))
    row: list[Any] = [f"PA-{code}", chance.choice(CHANNELS), topic, place, "Nguyễn Văn Mẫu"]
    row += [written, "Nội dung mẫu", _text(at), *[""] * 7]
    if chance.random() < 0.8:
        assigned = at + timedelta(minutes=chance.randrange(5, 90))
        due = at + timedelta(days=chance.randrange(1, 8))
        row[8:11] = [f"H57.{chance.randrange(1, 21)}", _text(assigned), f"{due:%d/%m/%Y}"]
        answered = assigned + timedelta(hours=chance.uniform(0.2, 100))
        if answered < now:
            row[11] = _text(answered)
            rated = answered + timedelta(hours=1)
            if chance.random() < 0.6 and rated < now:
                row[12:14] = [chance.choice(("có", "có", "có", "không")), _text(rated)]
            if chance.random() < 0.05 and rated < now:
                row[14] = _text(rated)
    return row


def _text(at: datetime) -> str:
    return f"{at:%d/%m/%Y %H:%M}"


def write_key(folder: Path, seed: int) -> Path:
    """Write a key beside a folder; a made-up one, since all people are."""
    path = folder.with_name(f"{folder.name}.key")
    path.write_bytes(random.Random(seed).randbytes(32).hex().encode())
    path.chmod(0o600)
    return path


DEMO_FILES = 500
DEMO_SECONDS = 20.0


@contextmanager
def demonstrated(folder: Path, seed: int, start: int) -> Iterator[dict[str, str]]:
    """Drop a file now and every few seconds; give the settings."""
    folder.mkdir(parents=True, exist_ok=True)
    key = write_key(folder, seed)
    numbers = range(DEMO_FILES)
    # Each as of the instant at which it is dropped.
    files = (plan(seed + 1000 * start + n, 1, datetime.now(VIETNAM))[0] for n in numbers)
    with dropped(folder, files, DEMO_SECONDS):
        yield {
            "HUB_FEEDBACK_FOLDER": str(folder),
            "HUB_FEEDBACK_KEY_FILE": str(key),
            "HUB_FEEDBACK_SETTLE_SECONDS": "1",
        }


STRUCK_FORMS = 60


def struck(folder: Path, seed: int, _: Mapping[str, str]) -> Upstream:
    """Drop a file of forms at each step, where faults strike; no person is in two of them."""
    now = datetime.now(VIETNAM)

    def make(number: int) -> tuple[Drop, Truth]:
        one = plan(100 * seed + number, 1, now, STRUCK_FORMS)[0]
        return one, Truth(one.matters, one.rejected, integers(forms=one.forms))

    own = {
        "HUB_FEEDBACK_FOLDER": str(folder),
        "HUB_FEEDBACK_KEY_FILE": str(write_key(folder, seed)),
        "HUB_FEEDBACK_SETTLE_SECONDS": "0.5",
    }
    return DropFolder(folder, own, make)


def main() -> None:
    """Drop the files of a seed, then print what must come of them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--files", type=int, default=6)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    key = write_key(given.folder, given.seed)
    drops = plan(given.seed, given.files, datetime.now(VIETNAM))
    for one in drops:
        drop(given.folder, one)
    last = drops[-1]
    said = {"matters": last.matters, "forms": last.forms, "rejected": last.rejected}
    print(json.dumps(said | {"key_file": str(key)}))


if __name__ == "__main__":
    main()
