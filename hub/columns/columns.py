"""Columns of all contracts: found for a snapshot of the database, made, kept and made again."""

import logging
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Protocol

import polars as pl

from hub.columns.asking import Row
from hub.columns.files import DamagedError, check_base, find_base, write_base
from hub.columns.frames import Base, Frames, Standing, schema_of
from hub.definitions.fact import Fact

# Facts of so few events are read by each who asks; more by one, for whom the others wait.
EVENTS_AT_ONCE_MAX = 50_000
KNOWN_MAX = 8  # who reads an older snapshot finds its frames among so many
ROWS_AT_ONCE = 20_000
logger = logging.getLogger(__name__)


class Tables(Protocol):
    """The tables of a contract's facts, as one snapshot of the database has them."""

    standing: Standing

    def changed(self, columns: Sequence[str], since: Mapping[int, int]) -> Iterator[Row]:
        """Read columns of the facts that have events at or after these offsets."""

    def has_stood(self, standing: Standing) -> bool:
        """Tell whether these tables stood there once, and not others that were put back since."""


@dataclass
class Columns:
    """The columns of one contract's facts, as `definition` folds them.

    `folder` holds their files; without one they are in memory alone.
    """

    fact: Fact
    definition: str
    folder: Path | None
    # The latest last; all go on from one base, but for the last moments of an older one.
    _known: list[Frames] = field(default_factory=list)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _making: threading.Lock = field(default_factory=threading.Lock)
    _is_looked_for: bool = False
    # Whether a base came, of which whoever tends the columns was not told yet.
    _is_new: bool = True
    # The file of the base, with its size and time when it was found whole.
    _file: tuple[Path, tuple[int, int]] | None = None

    def anew(self) -> "Columns":
        """Give columns that know nothing yet."""
        return Columns(self.fact, self.definition, self.folder)

    def fits(self, standing: Standing) -> bool:
        """Tell whether tables follow the definition that is installed here."""
        return standing.tables.endswith(f" {self.definition}")

    def at(self, tables: Tables) -> Frames:
        """Give the facts of a snapshot. Where many are to be read, one does, and others wait."""
        present = self._near(tables)
        if present is None:
            with self._making:
                present = self._near(tables) or self._made(tables)
        return present

    def tend(self, tables: Tables) -> bool:
        """See to it that there are columns, and a file of them that is whole; at any time.

        Tell whether they have another base than when this was told last.
        """
        if not self._making.acquire(blocking=False):
            return False
        try:
            self._forget()
            present = self._near(tables) or self._made(tables)
            if present.is_worn:
                present = self._renew(present)
            _ = present.base.numbers  # of one that was read from its file, too
            if self.folder is not None and not self._is_whole():
                is_base = not len(present.changes)
                self._write(self.folder, present if is_base else present.renewed(self._order))
            is_new, self._is_new = self._is_new, False
            return is_new
        finally:
            self._making.release()

    def _near(self, tables: Tables) -> Frames | None:
        """Give the facts of a snapshot; None where too much is to be read while others wait."""
        standing = tables.standing
        with self._lock:
            before = self._before(tables)
            if before.standing == standing:
                return before
            gap = sum(standing.positions.values()) - sum(before.standing.positions.values())
            if gap > EVENTS_AT_ONCE_MAX:
                return None
            return self._keep(before.after(standing, self._read(tables, before.standing)))

    def _made(self, tables: Tables) -> Frames:
        """Read what is missing beside those who ask of other snapshots, and make a base of it."""
        before = self._before(tables)
        return self._renew(before.after(tables.standing, self._read(tables, before.standing)))

    def _renew(self, present: Frames) -> Frames:
        """Make a base of facts as they stand; whoever asks next goes on from it."""
        renewed = present.renewed(self._order)
        del present  # as much memory again, which nobody else may have
        _ = renewed.listing  # made here, so that nobody who asks waits for it
        with self._lock:
            self._keep(renewed)
        self._file, self._is_new = None, True
        return renewed

    def _begun(self, standing: Standing) -> Frames:
        nothing = pl.DataFrame(schema=schema_of(self.fact))
        return Frames.of(Standing(standing.tables, {}), Base(nothing))

    def _write(self, folder: Path, found: Frames) -> None:
        try:
            path = write_base(folder, self.fact, found)
            self._file = path, _stamp(path)
        except OSError as error:
            # They serve as well in memory; who starts next reads the database.
            logger.warning("%s: columns are kept in memory alone from now on: %s", folder, error)
            self.folder = None

    @property
    def _order(self) -> str:
        return self.fact.measures[0].when

    def _before(self, tables: Tables) -> Frames:
        """Find the latest frames that a snapshot goes on from; of nothing, where there are none."""
        with self._lock:
            if not self._is_looked_for:
                self._is_looked_for = True
                self._open(tables)
            reached = (f for f in reversed(self._known) if tables.standing.reaches(f.standing))
            return next(reached, None) or self._begun(tables.standing)

    def _open(self, tables: Tables) -> None:
        if self.folder is None or not self.folder.is_dir():
            return
        found = find_base(self.folder, self.fact)
        if found is None:
            return
        path, frames = found
        if tables.standing.reaches(frames.standing) and tables.has_stood(frames.standing):
            self._file = path, _stamp(path)
            self._keep(frames)
        else:
            logger.warning("%s is made again: it is not of these tables", path)

    def _keep(self, frames: Frames) -> Frames:
        """Keep frames for who asks next; those of other tables go."""
        same = [f for f in self._known if f.standing.tables == frames.standing.tables]
        later = [f for f in same if not frames.standing.reaches(f.standing)]
        earlier = [f for f in same if frames.standing.reaches(f.standing)]
        self._known = [*earlier, frames, *later][-KNOWN_MAX:]
        return frames

    def _forget(self) -> None:
        """Let go of what went on from an older base: who read it has ended since."""
        with self._lock:
            self._known = [f for f in self._known if f.base is self._known[-1].base]

    def _read(self, tables: Tables, since: Standing) -> pl.DataFrame:
        schema = schema_of(self.fact)
        rows = tables.changed(schema.names(), since.positions)
        frames = [pl.DataFrame(schema=schema)]
        while chunk := list(islice(rows, ROWS_AT_ONCE)):
            frames.append(pl.DataFrame(chunk, schema, orient="row"))
        return pl.concat(frames)

    def _is_whole(self) -> bool:
        """Tell whether the base's file is there as it was written; it is read where it changed."""
        if self._file is None:
            return False
        path, stamp = self._file
        try:
            if _stamp(path) != stamp:
                check_base(path)
                self._file = path, _stamp(path)
        except (DamagedError, OSError) as error:
            logger.warning("%s is made again: %s", path, error)
            return False
        return True


def _stamp(path: Path) -> tuple[int, int]:
    said = os.stat(path)
    return said.st_size, said.st_mtime_ns
