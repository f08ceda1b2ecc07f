"""Growth: what processes and tables take while a hub runs, sampled, judged by a rule, and drawn.

The rule, for each process that lives through the whole run: in its last third it has at most a
tenth more memory than in the third before, or `MEMORY_MIB` more, and at most `FEW` more handles and
threads. What keeps events grows with them: at the end each file, table and index takes at most a
quarter more bytes an acknowledged event than at half time, or `KEPT_MIB` more in all.
"""

import json
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from xml.sax.saxutils import escape

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
MIB = 2**20
MEMORY_SHARE, MEMORY_MIB = 1.10, 32.0
FEW = 8
KEPT_SHARE, KEPT_MIB = 1.25, 16.0
SAMPLES_MIN = 12  # fewer say nothing of a third
# Of a picture, in its own units.
WIDTH, HEIGHT, LEFT, TOP = 420, 170, 64, 30
COLOURS = ("#1b6ca8", "#c1440e", "#2e7d32", "#7b1fa2", "#8d6e00", "#00838f", "#ad1457", "#455a64")
# One that is in several charts has one colour.
PROCESSES = {"gateway": 0, "worker1": 1, "other workers": 2, "kafka": 3, "postgres": 4}
UNITS = {"memory": "MiB", "handles": "", "threads": "", "tables": "MiB", "logs": "MiB"}


@dataclass
class Sample:
    """One look: seconds since the beginning, acknowledged events, and what everything takes.

    Each of the others has values by name: memory in MiB, handles, threads, tables and logs in MiB.
    """

    at: float
    events: int
    memory: dict[str, float] = field(default_factory=dict)
    handles: dict[str, float] = field(default_factory=dict)
    threads: dict[str, float] = field(default_factory=dict)
    tables: dict[str, float] = field(default_factory=dict)
    logs: dict[str, float] = field(default_factory=dict)


def look_at(sample: Sample, name: str, pids: list[int]) -> None:
    """Add what a process, with others of its name, takes; what has just ended is passed over."""
    memory = handles = threads = 0
    for pid in pids:
        home = Path(f"/proc/{pid}")
        try:
            memory += int((home / "statm").read_text().split()[1]) * PAGE_BYTES
            handles += len(list((home / "fd").iterdir()))
            threads += len(list((home / "task").iterdir()))
        except OSError:
            continue
    if memory:
        sample.memory[name] = memory / MIB
        sample.handles[name], sample.threads[name] = handles, threads


def bytes_under(folder: Path) -> int:
    """Add up the bytes of files; one that goes away meanwhile counts nothing."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_blocks * 512 if path.is_file() else 0
        except OSError:
            continue
    return total


def judge(samples: list[Sample], lived: set[str]) -> list[tuple[str, str, list[str]]]:
    """Hold samples to the rule: what is judged, the figures, and what breaks it."""
    if len(samples) < SAMPLES_MIN:
        return [("growth", f"{len(samples)} samples", [f"at least {SAMPLES_MIN} are needed"])]
    said = [_flat(samples, kind, lived) for kind in ("memory", "handles", "threads")]
    return [*said, *(_with_events(samples, kind) for kind in ("tables", "logs"))]


def _flat(samples: list[Sample], kind: str, lived: set[str]) -> tuple[str, str, list[str]]:
    third = len(samples) // 3
    wrong, texts = [], []
    for name in sorted(lived):
        before, after = (
            median([getattr(s, kind)[name] for s in part if name in getattr(s, kind)])
            for part in (samples[-2 * third : -third], samples[-third:])
        )
        most = before + FEW
        if kind == "memory":
            most = max(before * MEMORY_SHARE, before + MEMORY_MIB)
        texts.append(f"{name} {before:,.0f} → {after:,.0f}")
        if after > most:
            wrong.append(f"{name}: {before:,.1f}, then {after:,.1f}, at most {most:,.1f}")
    return kind, f"{', '.join(texts)} {UNITS[kind]}".rstrip(), wrong


def _with_events(samples: list[Sample], kind: str) -> tuple[str, str, list[str]]:
    half = next((s for s in samples if s.at >= samples[-1].at / 2), samples[-1])
    last = samples[-1]
    wrong, texts = [], []
    ends = getattr(last, kind)
    for name, mib in sorted(ends.items(), key=lambda kv: -kv[1]):
        before = getattr(half, kind).get(name, 0.0)
        most = max(before / max(half.events, 1) * last.events * KEPT_SHARE, before + KEPT_MIB)
        texts.append(f"{name} {mib * MIB / max(last.events, 1):,.0f}")
        if mib > most:
            wrong.append(f"{name}: {before:,.1f} MiB at half time, {mib:,.1f} at the end")
    total = sum(ends.values())
    text = f"{total:,.0f} MiB, bytes an event: {', '.join(texts[:6])}"
    return kind, text, wrong


class Sampler:
    """Looks every so many seconds, in a thread that its owner runs."""

    def __init__(self, look: Callable[[Sample], None], seconds: float) -> None:
        self.samples: list[Sample] = []
        self._look = look
        self._seconds = seconds
        self._begun = 0.0

    def run(self, is_over: Callable[[float], bool]) -> None:
        """Look until it is over, which is asked with the seconds to wait."""
        self._begun = time.monotonic()
        while not is_over(self._seconds):
            sample = Sample(time.monotonic() - self._begun, 0)
            self._look(sample)
            if self.samples and not sample.tables:  # the database is away: as it was last
                sample.tables = self.samples[-1].tables
            self.samples.append(sample)

    def written(self) -> str:
        """Give all samples as JSON lines."""
        return "".join(json.dumps(vars(s)) + "\n" for s in self.samples)


def drawn(samples: list[Sample], marks: list[tuple[float, str]], title: str) -> str:
    """Draw samples as SVG: a chart for each kind, with the instants of what struck."""
    charts: list[tuple[str, dict[str, list[tuple[float, float]]]]] = [
        ("Bộ nhớ, MiB | Memory, MiB", _series(samples, "memory")),
        ("Tệp đang mở | Open files", _series(samples, "handles")),
        ("Luồng | Threads", _series(samples, "threads")),
        ("Bảng và chỉ mục, MiB | Tables and indexes, MiB", _series(samples, "tables")),
        ("Nhật ký, lưu trữ, MiB | Log and archive, MiB", _series(samples, "logs")),
        ("Sự kiện đã nhận | Events taken", {"events": [(s.at, s.events) for s in samples]}),
    ]
    height = 40 + 3 * (HEIGHT + 110)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * (WIDTH + LEFT + 24)} {height}"'
        ' font-family="DejaVu Sans, sans-serif" font-size="11">',
        f'<rect width="100%" height="100%" fill="#fff"/><text x="16" y="24" font-size="15">'
        f"{escape(title)}</text>",
    ]
    for number, (name, series) in enumerate(charts):
        x, y = (number % 2) * (WIDTH + LEFT + 24), 40 + number // 2 * (HEIGHT + 110)
        parts += [f'<g transform="translate({x + LEFT},{y + TOP})">']
        parts += [*_chart(name, series, marks, samples[-1].at), "</g>"]
    return "\n".join([*parts, "</svg>\n"])


def _series(samples: list[Sample], kind: str) -> dict[str, list[tuple[float, float]]]:
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for sample in samples:
        for name, value in getattr(sample, kind).items():
            found[name].append((sample.at, value))
    largest = sorted(found, key=lambda n: -found[n][-1][1])[: len(COLOURS)]
    return {n: found[n] for n in largest}


def _chart(
    name: str,
    series: dict[str, list[tuple[float, float]]],
    marks: list[tuple[float, str]],
    end: float,
) -> Iterator[str]:
    top = max((v for points in series.values() for _, v in points), default=1.0) or 1.0
    yield f'<text x="0" y="-10" font-weight="bold">{escape(name)}</text>'
    for at, _ in marks:
        x = at / end * WIDTH
        yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{HEIGHT}" stroke="#ddd"/>'
    for share in (0.0, 0.5, 1.0):
        y = HEIGHT * (1 - share)
        yield f'<line x1="0" x2="{WIDTH}" y1="{y}" y2="{y}" stroke="#bbb"/>'
        yield f'<text x="-6" y="{y + 4}" text-anchor="end">{_short(top * share)}</text>'
    yield f'<text x="{WIDTH}" y="{HEIGHT + 16}" text-anchor="end">{end / 60:.0f} min</text>'
    for number, (label, points) in enumerate(sorted(series.items())):
        line = " ".join(f"{at / end * WIDTH:.1f},{HEIGHT * (1 - v / top):.1f}" for at, v in points)
        colour = COLOURS[PROCESSES.get(label, number) % len(COLOURS)]
        yield f'<polyline fill="none" stroke="{colour}" stroke-width="1.5" points="{line}"/>'
        x, y = number % 3 * 150, HEIGHT + 34 + number // 3 * 16
        yield f'<text x="{x}" y="{y}" fill="{colour}">■ {escape(label)}</text>'


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or not value else f"{value:.2g}"
