"""Drops statements into a folder as banks export them, CSV and XLSX in turn, one of them not whole.

`python -m connectors.statements.simulator --folder F --seed S` writes the files of a seed and
prints what must come of them. Some credits have no reference of a fee, some debits are refunds, and
the money goes to the treasury each day. All payments are synthetic.
"""

import argparse
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from hub.clock import VIETNAM
from hub.connecting.dropping import as_csv, as_xlsx, drop, dropped
from hub.connecting.struck import DropFolder, Truth, Upstream, integers

BANKS = ("VCB", "BIDV", "MOMO")
HEADERS = ("STT", "Ngày giao dịch", "Số bút toán", "Ghi nợ", "Ghi có", "Số dư", "Nội dung")
AMOUNTS = (8_000, 15_000, 50_000, 75_000, 150_000)
OPENING = 12_500_000
ROWS = 40
WORDLESS_EVERY, REFUND_EVERY = 20, 10
PAYERS = ("NGUYEN VAN MAU", "TRAN THI MAU", "LE MAU")


@dataclass(frozen=True)
class Drop:
    """A file to be dropped, and what must come of it: whole, or refused as one record."""

    name: str
    content: bytes
    paid: int
    refunded: int
    accepted: int
    rejected: int


def plan(seed: int, files: int, last: date, rows: int = ROWS) -> list[Drop]:
    """Make the statements of a seed, one for each day up to `last`; the last one lacks a row."""
    chance = random.Random(seed)
    return [
        _statement(chance, seed, number, last - timedelta(days=files - 1 - number), rows, files)
        for number in range(files)
    ]


def _statement(
    chance: random.Random, seed: int, number: int, day: date, rows: int, files: int
) -> Drop:
    bank = BANKS[number % len(BANKS)]
    balance, lines = OPENING, list[list[Any]]()
    paid = refunded = accepted = rejected = 0
    minutes = sorted(chance.randrange(24 * 60) for _ in range(rows))
    for at, minute in enumerate(minutes, 1):
        amount = chance.choice(AMOUNTS)
        reference = f"H57.{chance.choice((1, 2, 132))}-{day:%y%m%d}-{at:04} LP01"
        words = f"{chance.choice(PAYERS)} nop le phi {reference}"
        is_refund = at % REFUND_EVERY == 0 and at % WORDLESS_EVERY != 0
        if at % WORDLESS_EVERY == 0:
            words, rejected = f"{chance.choice(PAYERS)} chuyen tien", rejected + 1
        elif is_refund:
            words, refunded, accepted = f"Hoan phi {reference}", refunded + amount, accepted + 1
        else:
            paid, accepted = paid + amount, accepted + 1
        balance += -amount if is_refund else amount
        moved = (_dots(amount), "") if is_refund else ("", _dots(amount))
        when = f"{day:%d/%m/%Y} {minute // 60:02}:{minute % 60:02}:00"
        lines.append([at, when, f"FT{seed}{day:%y%m%d}-{at}", *moved, _dots(balance), words])
    balance -= OPENING
    when = f"{day:%d/%m/%Y} 23:59:00"
    swept = [_dots(OPENING), "", _dots(balance), "Ket chuyen Kho bac Nha nuoc"]
    lines.append([rows + 1, when, f"FT{seed}{day:%y%m%d}-KB", *swept])
    is_whole = number < files - 1 or files == 1
    if not is_whole:
        del lines[rows // 2]
        paid, refunded, accepted, rejected = 0, 0, 0, 1
    printed = _around(lines, balance)
    content = as_csv(printed) if number % 2 == 0 else as_xlsx("Sao kê", printed)
    name = f"{bank}-{seed}-{day:%Y%m%d}.{'csv' if number % 2 == 0 else 'xlsx'}"
    return Drop(name, content, paid, refunded, accepted, rejected)


def _dots(number: int) -> str:
    return f"{number:,}".replace(",", ".")


def _around(lines: Sequence[Sequence[Any]], closing: int) -> list[list[Any]]:
    """Put around the rows what a bank prints around them."""
    blank = [""] * 4
    return [
        ["SAO KÊ TÀI KHOẢN"],
        ["Số dư đầu kỳ", *blank, _dots(OPENING)],
        list(HEADERS),
        *map(list, lines),
        ["Số dư cuối kỳ", *blank, _dots(closing)],
        ["Người lập biểu", "", "", "", "Kế toán trưởng"],
    ]


DEMO_DAYS = 6
DEMO_SECONDS = 20.0


@contextmanager
def demonstrated(folder: Path, seed: int, start: int) -> Iterator[dict[str, str]]:
    """Drop the statements of the last days, one every few seconds; give the settings."""
    # A day's statement comes once the bank has closed it, after a weekend and a holiday, too.
    last = datetime.now(VIETNAM).date() - timedelta(days=14)
    files = plan(seed + 1000 * start, DEMO_DAYS, last)
    with dropped(folder, files, DEMO_SECONDS / DEMO_DAYS):
        yield {
            "HUB_STATEMENTS_FOLDER": str(folder),
            "HUB_STATEMENTS_SETTLE_SECONDS": "1",
            "HUB_STATEMENTS_CUT_OFFS": "VCB=16:30,BIDV=16:00,MOMO=24:00",
        }


STRUCK_ON = date(2024, 12, 31)  # backwards


def struck(folder: Path, seed: int, _: Mapping[str, str]) -> Upstream:
    """Drop a day's statement at each step, where faults strike; one of three is not whole."""

    def make(number: int) -> tuple[Drop, Truth]:
        files = 2 if number % 3 == 2 else 1
        one = plan(seed, files, STRUCK_ON - timedelta(days=number))[-1]
        counted = integers(paid_vnd=one.paid, refunded_vnd=one.refunded)
        return one, Truth(one.accepted, one.rejected, counted)

    own = {"HUB_STATEMENTS_FOLDER": str(folder), "HUB_STATEMENTS_SETTLE_SECONDS": "0.5"}
    return DropFolder(folder, own, make)


def main() -> None:
    """Drop the files of a seed, then print what must come of them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--files", type=int, default=6)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    last = datetime.now(VIETNAM).date() - timedelta(days=14)
    drops = plan(given.seed, given.files, last)
    for one in drops:
        drop(given.folder, one)
    names = ("paid", "refunded", "accepted", "rejected")
    print(json.dumps({n: sum(getattr(d, n) for d in drops) for n in names}))


if __name__ == "__main__":
    main()
