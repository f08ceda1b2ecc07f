"""A drop folder as a feed: each file that is put into it is taken once, whole, and moved away.

A taken file goes to `done/`, or to `failed/` with `<name>.loi.csv` beside it where rows of it were
rejected. Where something in it was passed over, or read in another unit, `<name>.ghi-chu.txt`
beside it says how the file was understood. What was taken is known by its content: the checkpoint
`<source>:file:<digest>` becomes durable together with the file's events, so a process that dies
before the move only moves.
"""

import csv
import fcntl
import hashlib
import io
import json
import os
import signal
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from hub.connecting.connection import judge_arrived
from hub.connecting.feeds import Context, Delivery, UpstreamError
from hub.connecting.rows import FileRecords
from hub.definitions.admission import Verdict
from hub.definitions.coded import find_field, label
from hub.definitions.contract import Contract
from hub.log.submitting import accepted_at
from hub.sheets.files import worded
from hub.sheets.grids import FILE_BYTES_MAX
from hub.sheets.mapping import FileMapping
from hub.sheets.understood import Understood

POLL_SECONDS = 0.25
FILES_MAX = 10_000  # looked at in one pass
UNFINISHED = (".tmp", ".part")
HIDDEN = (".", "~$")
ERROR_COLUMNS = (
    "Dòng / Row",
    "Cột / Column",
    "Giá trị / Value",
    "Quy tắc / Rule",
    "Lý do (tiếng Việt)",
    "Reason (English)",
)
UNDERSTOOD = "Tệp được hiểu như sau / How the file was understood:"
NOTHING_TAKEN = "KHÔNG NHẬN DÒNG NÀO: quá nhiều dòng sai / NOTHING WAS TAKEN: too many wrong rows"


Read = Callable[[str, bytes, FileMapping | None], FileRecords]


@dataclass(frozen=True)
class _File:
    """A file as it was read: its content, the digest of that, and what tells whether it changed."""

    path: Path
    content: bytes
    digest: str
    state: tuple[int, int, int]


class Folder:
    """A folder into which others put files.

    `read` makes records of a file, by the mapping in force; a record's place is its row, counted
    from 0. `header_of` names the column of a field of `contract`; `corrected` lets records of a new
    file stand in the place of what is known. A file is complete when its size and time stood still
    for `settle_seconds`, and, where the file system tells, nobody has it open for writing.
    """

    def __init__(
        self,
        source: str,
        contract: Contract,
        path: Path,
        settle_seconds: float,
        context: Context,
        read: Read,
        header_of: Callable[[str], str],
        corrected: Callable[[FileRecords], FileRecords] = lambda records: records,
    ) -> None:
        self._corrected = corrected
        self._source = source
        self._contract = contract
        self._path = path
        self._settle_seconds = settle_seconds
        self._context = context
        self._log = context.log
        self._read = read
        self._header_of = header_of
        # When a file was first seen in its present state; `time.monotonic`.
        self._since: dict[str, tuple[tuple[int, int, int], float]] = {}

    def fetch(self, seconds: float) -> Delivery | None:
        """Give the first complete file by name, waiting at most so long for one.

        Raises `UpstreamError` where the folder or a file in it cannot be read.
        """
        until = time.monotonic() + seconds
        while True:
            try:
                found = self._look()
            except OSError as error:
                raise UpstreamError(f"{self._path}: {error}") from error
            left = until - time.monotonic()
            if found is not None or left <= 0:
                return found
            time.sleep(min(left, POLL_SECONDS))

    def close(self) -> None:
        """Do nothing: no file stays open."""

    def _look(self) -> Delivery | None:
        """Look through the folder once: deliver a new file, move away those that are known."""
        blocked: OSError | None = None
        for path in self._complete():
            try:
                file = _read_file(path)
            except FileNotFoundError:
                continue
            except OSError as error:
                blocked = error  # the others are not to wait for it
                continue
            if file is None:
                continue
            known = self._log.checkpoint(self._checkpoint(file.digest))
            if known is None:
                return self._delivery(file)
            self._settle(file, json.loads(known))
        if blocked is not None:
            raise blocked
        return None

    def _complete(self) -> list[Path]:
        """List the files that nobody writes any more, by name."""
        now = time.monotonic()
        seen: dict[str, tuple[tuple[int, int, int], float]] = {}
        for name, state in sorted(_files(self._path)):
            before = self._since.get(name)
            seen[name] = before if before is not None and before[0] == state else (state, now)
        self._since = seen
        return [self._path / n for n, (_, at) in seen.items() if now - at >= self._settle_seconds]

    def _checkpoint(self, digest: str) -> str:
        return f"{self._source}:file:{digest}"

    def _delivery(self, file: _File) -> Delivery:
        records = self._corrected(self._records(file))
        taken = _known_as(file, records.understood, "")

        def acknowledge(verdicts: list[Verdict]) -> None:
            self._carried(self._finish, file, verdicts, records.understood)

        def refuse(verdicts: list[Verdict]) -> None:
            self._carried(self._fail, file, verdicts, records.understood, NOTHING_TAKEN)

        return Delivery(records, {self._checkpoint(file.digest): taken}, acknowledge, refuse)

    def _records(self, file: _File) -> FileRecords:
        return self._read(file.path.name, file.content, self._context.mapping())

    def _carried(self, do: Callable[..., object], *given: object) -> None:
        try:
            do(*given)
        except OSError as error:
            raise UpstreamError(f"{self._path}: {error}") from error

    def _settle(self, file: _File, known: dict[str, object]) -> None:
        """Move away a file whose events are durable: after a crash, or since it came twice."""
        if known["moved"]:
            vi = f"Nội dung đã nhận từ tệp {known['name']}, nay ở {known['moved']}; không nhận lại."
            en = f"Taken before from {known['name']}, now {known['moved']}; not taken again."
            self._move(file, "done", note=f"{vi}\n{en}\n")
            return
        records = self._records(file)
        at = accepted_at(self._context.clock)
        judged = judge_arrived(self._contract, records, at, self._context.ranges)
        verdicts = [j for j in judged if isinstance(j, Verdict)]
        self._finish(file, verdicts, records.understood)

    def _finish(self, file: _File, verdicts: list[Verdict], understood: Understood) -> None:
        """Move a file that was taken, then remember that: what comes again is a second drop."""
        if verdicts:
            target = self._fail(file, verdicts, understood)
        else:
            target = self._move(file, "done", note=_note(understood))
        if target is None:
            return  # under its new name it is to get its error file
        where = f"{target.parent.name}/{target.name}"
        moved = _known_as(file, understood, where)
        self._log.set_checkpoints({self._checkpoint(file.digest): moved})

    def _fail(
        self,
        file: _File,
        verdicts: list[Verdict],
        understood: Understood,
        first_line: str = "",
    ) -> Path | None:
        errors = self._error_file(verdicts, understood, first_line)
        return self._move(file, "failed", errors=errors, note=_note(understood))

    def _error_file(
        self, verdicts: Sequence[Verdict], understood: Understood, first_line: str
    ) -> bytes:
        file = io.StringIO()
        # With Vietnamese settings Excel takes the semicolon for what separates.
        rows = csv.writer(file, delimiter=";")
        if first_line:
            rows.writerow([first_line])
        rows.writerow(ERROR_COLUMNS)
        for v in verdicts:
            sheet, number = understood.row_of(v.index)
            where = f"{sheet}!{number}" if sheet else str(number)
            _, header = understood.cells.get(v.index, (0, ""))
            for fault in v.each():
                words = worded(self._contract, fault)
                column = header or understood.header_of(fault.field)
                column = column or self._titled(fault.field)
                cells = (column, fault.value, fault.rule, *words)
                rows.writerow([_inert(c) for c in (where, *cells)])
        return b"\xef\xbb\xbf" + file.getvalue().encode()

    def _titled(self, field: str) -> str:
        """Name a column that the file has not: as it would be headed, else by the field's label."""
        title, of_field = self._header_of(field), find_field(self._contract, field)
        return label(of_field).vi if title == field and of_field is not None else title

    def _move(
        self, file: _File, to: str, *, errors: bytes | None = None, note: str | None = None
    ) -> Path | None:
        """Move a file, after what is written beside it; one that has changed since stays: None."""
        folder = self._path / to
        folder.mkdir(exist_ok=True)
        target = _free(folder, file.path.name)
        try:
            if _state(file.path.lstat()) != file.state:
                return None
            if errors is not None:
                _write(folder / f"{target.name}.loi.csv", errors)
            if note is not None:
                _write(folder / f"{target.name}.ghi-chu.txt", note.encode("utf-8-sig"))
            file.path.rename(target)
        except FileNotFoundError:
            return None  # renamed by its owner: under its new name it is known by its content
        self._since.pop(file.path.name, None)
        return target


def _known_as(file: _File, understood: Understood, moved: str) -> str:
    """Write what is remembered of a file: its name, where it went, the mapping that read it."""
    known = {"name": file.path.name, "moved": moved}
    known |= {"mapping": understood.mapping} if understood.mapping else {}
    return json.dumps(known, ensure_ascii=False)


def _note(understood: Understood) -> str | None:
    """Say how a file was understood, where there is more to say than that its rows were read."""
    if not understood.has_more_to_say:
        return None
    lines = [line for both in understood.lines() for line in both]
    return "\n".join([UNDERSTOOD, *lines, ""])


def _inert(cell: str) -> str:
    """Keep a sheet program from taking a text for a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def _state(found: os.stat_result) -> tuple[int, int, int]:
    return (found.st_size, found.st_mtime_ns, found.st_ino)


def _files(folder: Path) -> Iterator[tuple[str, tuple[int, int, int]]]:
    """List the files that may be meant for us, with their states."""
    with os.scandir(folder) as entries:
        for entry in islice(entries, FILES_MAX):
            if entry.name.startswith(HIDDEN) or entry.name.lower().endswith(UNFINISHED):
                continue
            with suppress(FileNotFoundError):
                found = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(found.st_mode):
                    yield entry.name, _state(found)


def _read_file(path: Path) -> _File | None:
    """Read a file; None where it is being written. Of one that is too large, only the first part.

    Raises `OSError`.
    """
    # Neither a link nor a pipe that took the place of the file is to be followed or waited for.
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        before = os.fstat(file.fileno())
        if not stat.S_ISREG(before.st_mode) or _is_written(file.fileno()):
            return None
        content = file.read(FILE_BYTES_MAX + 1)
        after = os.fstat(file.fileno())
    if _state(after) != _state(before) or len(content) != min(after.st_size, FILE_BYTES_MAX + 1):
        return None
    digest = hashlib.blake2b(content, digest_size=16)
    if len(content) > FILE_BYTES_MAX:
        digest.update(str(after.st_size).encode())
    return _File(path, content, digest.hexdigest(), _state(after))


def _is_written(descriptor: int) -> bool:
    """Tell whether somebody has a file open for writing; not known counts as no.

    Asked by a read lease (Linux), which is only given where nobody writes; it is given back at
    once. Network file systems and files of other users give none.
    """
    try:
        # Who opens the file in that instant is told by a signal, whose default would end us.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _free(folder: Path, name: str) -> Path:
    """Find a name that is not taken: `a.csv`, `a (2).csv`, `a (3).csv`."""
    target = folder / name
    number = 1
    while target.exists():
        number += 1
        target = folder / f"{Path(name).stem} ({number}){Path(name).suffix}"
    return target


def _write(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    unfinished = path.with_name(f".{path.name}.tmp")
    unfinished.write_bytes(content)
    unfinished.replace(path)
