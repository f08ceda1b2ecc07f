"""Files: a base on disk, so that who starts need not read all facts from the database again.

A file's name holds the digest of its bytes. What is cut short or changed is found so, and what no
longer fits the database says so itself: then it is made again, and nothing is lost.
"""

import hashlib
import json
import logging
import os
from pathlib import Path

import polars as pl

from hub.columns.frames import Base, Frames, Standing, schema_of
from hub.definitions.fact import Fact

STANDING = "standing-1"  # another number where files are written in another form
DIGEST_BYTES = 16
logger = logging.getLogger(__name__)


class DamagedError(Exception):
    """A file does not hold what its name says."""


def write_base(folder: Path, fact: Fact, frames: Frames) -> Path:
    """Write a base that nothing has changed in; files of the contract's older ones go.

    Raises `OSError`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    standing = frames.standing
    said: dict[str, object] = {"tables": standing.tables}
    said |= {n: sorted(getattr(standing, n).items()) for n in ("positions", "commits")}
    aside = folder / f"{fact.contract}.{os.getpid()}.aside"
    frames.base.facts.write_parquet(aside, metadata={STANDING: json.dumps(said)})
    path = folder / f"{fact.contract}.{_digest(aside)}.parquet"
    aside.replace(path)
    for other in _files(folder, fact):
        if other != path:
            other.unlink(missing_ok=True)
    return path


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        blake = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=DIGEST_BYTES))
    return blake.hexdigest()


def _files(folder: Path, fact: Fact) -> list[Path]:
    return sorted(folder.glob(f"{fact.contract}.*.parquet"), key=lambda p: p.stat().st_mtime)


def find_base(folder: Path, fact: Fact) -> tuple[Path, Frames] | None:
    """Read the latest base of a contract, None where there is none that is whole.

    Raises `OSError`.
    """
    for path in reversed(_files(folder, fact)):
        try:
            return path, _read(path, fact)
        except (DamagedError, pl.exceptions.PolarsError, ValueError, KeyError) as error:
            logger.warning("%s is made again: %s", path, error)
    return None


def check_base(path: Path) -> None:
    """Raise `DamagedError` where a file is not what its name says, `OSError` where it is gone."""
    if path.suffixes[-2] != f".{_digest(path)}":
        raise DamagedError("its bytes are not those that were written")


def _read(path: Path, fact: Fact) -> Frames:
    check_base(path)
    said = json.loads(pl.read_parquet_metadata(path)[STANDING])
    facts = pl.read_parquet(path)
    if facts.schema != schema_of(fact):
        raise DamagedError("its columns are others")
    standing = Standing(said["tables"], dict(said["positions"]), dict(said["commits"]))
    return Frames.of(standing, Base(facts))
