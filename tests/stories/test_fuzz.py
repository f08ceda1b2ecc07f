"""Bodies and files that are nearly right, by a seeded chance: no 500, no leak, nothing lost.

`HUB_TEST_FUZZ=50000 pytest tests/stories/test_fuzz.py` sends more of them, another seed
`HUB_TEST_FUZZ_SEED`.
"""

import gzip
import io
import json
import os
import random
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import openpyxl

from hub import registry
from tests.stories.conftest import Served

REQUESTS = int(os.environ.get("HUB_TEST_FUZZ", "1500"))
SEED = int(os.environ.get("HUB_TEST_FUZZ_SEED", "20261123"))
FILE_EACH = 10  # of so many requests, one is a file
ITEMS_MAX = 4
ALLOWED = {202, 400, 409, 413, 415, 422}
GROWTH_MIB_MAX = 100
OWN = ("control", "alert")  # what the hub itself writes: the lists loaded, the hour's alerts
CASES: dict[str, list[dict[str, Any]]] = {
    name: json.loads((Path("schemas/cases") / f"{name}.json").read_text("utf-8"))["pass"]
    for name in registry.contracts()
    if (Path("schemas/cases") / f"{name}.json").exists()
}
VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 2**63, 10**400, 1e308, "", " ", "\x00", "\ud800", "NaN", "9" * 5000),
    *("2023-02-30", "2023-05-17T08:00:00", "0001-01-01T00:00:00+14:00", "H57.1", [], {}, [[]]),
)
TOKENS = (
    *(b"NaN", b"1e999999", b"\xff", b"\x00", b"\xef\xbb\xbf", b"[" * 3000, b"{" * 3000, b",,"),
    *(b'"\\ud800"', b"\r\n", b'"', b"]", b"}", b"9" * 4400, b"\xe2\x80\xae", b"\\u0000"),
)
KINDS = (
    *("application/json", "application/x-ndjson", "text/plain", "application/cloudevents+json"),
    *("application/cloudevents-batch+json", "x", "multipart/form-data; boundary=x"),
)


def mutated(chance: random.Random, raw: bytes) -> bytes:
    """Change bytes a little: flip, cut, double, or put something nasty in."""
    out = bytearray(raw)
    for _ in range(chance.choice((0, 0, 1, 1, 2, 5))):
        at = chance.randrange(len(out) + 1)
        match chance.randrange(4):
            case 0 if out:
                out[min(at, len(out) - 1)] = chance.randrange(256)
            case 1:
                del out[at : at + chance.randrange(1, 40)]
            case 2:
                out[at:at] = out[at : at + chance.randrange(1, 200)]
            case _:
                out[at:at] = chance.choice(TOKENS)
    return bytes(out)


def item(chance: random.Random, name: str, number: int) -> dict[str, Any]:
    """Make an event of a contract, most often of the right form."""
    made = dict(chance.choice(CASES[name]))
    made["event_id"] = f"fuzz-{number}"
    for _ in range(chance.choice((0, 0, 0, 1, 2))):
        made[chance.choice([*made, "surprise"])] = chance.choice(VALUES)
    if chance.random() < 0.1:
        made.pop(chance.choice(list(made)))
    return made


def body(chance: random.Random, name: str, number: int) -> tuple[bytes, dict[str, str]]:
    """Make a request of events."""
    items = [item(chance, name, number * 10 + i) for i in range(chance.randrange(1, ITEMS_MAX))]
    headers = {}
    texts = [json.dumps(i) for i in items]
    raw = chance.choice(("[" + ",".join(texts) + "]", "\n".join(texts), texts[0])).encode()
    if chance.random() < 0.2:
        event = {"specversion": "1.0", "id": "1", "source": "s", "type": "t", "data": items[0]}
        event |= {chance.choice(list(event)): chance.choice(VALUES)} if number % 2 else {}
        raw = json.dumps(chance.choice((event, [event]))).encode()
        headers["Content-Type"] = chance.choice(KINDS[3:5])
    elif chance.random() < 0.3:
        headers["Content-Type"] = chance.choice(KINDS)
    if chance.random() < 0.1:
        headers |= {"ce-specversion": "1.0", "ce-id": "x", "ce-source": "s", "ce-type": "t"}
    if chance.random() < 0.3:
        headers["Idempotency-Key"] = f"k{number}"
    raw = mutated(chance, raw)
    if chance.random() < 0.2:
        headers["Content-Encoding"] = chance.choice(("gzip", "gzip", "gzip", "br"))
        raw = mutated(chance, gzip.compress(raw, mtime=0)) if number % 3 else gzip.compress(raw)
    return raw, headers


def file(chance: random.Random, name: str, number: int) -> bytes:
    """Make a CSV or XLSX file."""
    items = [item(chance, name, number * 10 + i) for i in range(chance.randrange(ITEMS_MAX))]
    header = list(CASES[name][0])
    rows: list[list[Any]] = [header, *([i.get(n) for n in header] for i in items)]
    if chance.random() < 0.5:
        mark = chance.choice(",;\t")
        lines = [mark.join(str(v) for v in row) for row in rows]
        encoding = chance.choice(("utf-8", "utf-8-sig", "utf-16", "cp1258"))
        return mutated(chance, "\n".join(lines).encode(encoding, "replace"))
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        cells = [v if isinstance(v, (bool, float)) else str(v) for v in row]
        book.active.append([c if isinstance(c, (bool, float)) else _printable(c) for c in cells])
    out = io.BytesIO()
    book.save(out)
    return mutated(chance, out.getvalue())


def _printable(text: str) -> str:
    """XLSX holds no control characters; what writes them refuses before anything is sent."""
    return "".join(c for c in text if c.isprintable() and c.isascii())


def held(pid: int) -> tuple[float, int, int]:
    """Tell what a process holds: resident MiB, open files, threads."""
    resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / (1 << 20)
    files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return resident, files, len(list(Path(f"/proc/{pid}/task").iterdir()))


def test_whatever_is_sent_is_answered_and_nothing_is_lost(served: Served) -> None:
    assert served.process is not None
    chance = random.Random(SEED)
    statuses: Counter[int] = Counter()
    taken = rejected = 0
    at_half = held(served.process.pid)
    with httpx.Client(headers={"Authorization": f"Bearer {served.key}"}, timeout=60) as client:
        for number in range(REQUESTS):
            name = chance.choice(list(CASES))
            headers: dict[str, str] = {}
            if number % FILE_EACH:
                raw, headers = body(chance, name, number)
                url = f"{served.url}/v1/events/{name}"
            else:
                raw, url = file(chance, name, number), f"{served.url}/v1/files/{name}"
            answer = client.post(url, content=raw, headers=headers)
            statuses[answer.status_code] += 1
            assert answer.status_code in ALLOWED, (number, raw[:500], headers, answer.text[:500])
            if answer.status_code in (202, 422) and "receipt" in answer.json():
                said = answer.json()
                taken += said["accepted"] + said["duplicates"]
                rejected += len(said["rejected"])
            if number == REQUESTS // 2:
                at_half = held(served.process.pid)
    at_end = held(served.process.pid)
    print(f"{REQUESTS} requests, seed {SEED}: {dict(statuses)}; {taken} taken, {rejected} rejected")
    print(f"resident MiB, files, threads: {at_half} at half, {at_end} at the end")
    assert min(statuses[202], statuses[400], statuses[422]) > REQUESTS // 50, statuses
    assert at_end[0] - at_half[0] < GROWTH_MIB_MAX
    assert at_end[1] - at_half[1] < 20
    assert at_end[2] - at_half[2] < 10
    served.settle()
    served.stop()
    with sqlite3.connect(served.folder / "log.sqlite3") as kept:
        query = "SELECT SUM(accepted), SUM(rejected) FROM receipt WHERE contract NOT IN (?, ?)"
        assert kept.execute(query, OWN).fetchone() == (taken, rejected)
    kept.close()
    proof = served.run("verify")  # facts, cells and ledger are those of the log
    assert proof.returncode == 0, proof.stdout
