"""What processes used: seconds of the processors and memory, as the kernel counts them."""

import os
from collections.abc import Iterable
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def seconds(pids: Iterable[int]) -> float:
    """Give what processes used of the processors, with their children that ended."""
    return sum(_used(pid) for pid in pids)


def family(pid: int) -> list[int]:
    """List a process and what it started, and what that started."""
    parents = {int(p.name): _parent(p) for p in Path("/proc").iterdir() if p.name.isdigit()}
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def peak_mib(pid: int) -> float:
    """Give the most memory that a process had at a time, in MiB."""
    return _status(pid, "VmHWM") / 1024


def _status(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise LookupError(name)


def _stat(path: Path) -> list[str]:
    return (path / "stat").read_text().rpartition(")")[2].split()


def _parent(path: Path) -> int:
    try:
        return int(_stat(path)[1])
    except OSError:
        return 0  # it ended meanwhile


def _used(pid: int) -> float:
    try:
        return sum(int(n) for n in _stat(Path(f"/proc/{pid}"))[11:15]) / _TICKS
    except OSError:
        return 0.0
