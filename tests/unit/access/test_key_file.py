"""The file of the keys of originals: its owner's alone, and without what was destroyed."""

import sqlite3
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.access.seals import Seals, open_file

NOW = datetime(2026, 3, 10, 5, tzinfo=UTC)
FAR = 10**6


@pytest.fixture
def seals(tmp_path: Path) -> Seals:
    opened = Seals(open_file(tmp_path / "seals.sqlite3"), lambda: NOW)
    opened.seal("a", "x", b"")
    return opened


def files(folder: Path) -> list[Path]:
    return [p for p in folder.rglob("*") if p.is_file()]


def test_keys_are_their_owners_alone_to_read(seals: Seals, tmp_path: Path) -> None:
    assert [stat.S_IMODE(p.stat().st_mode) for p in files(tmp_path)] == [0o600] * 3


def test_a_file_that_was_put_back_from_a_copy_is_its_owners_alone_again(tmp_path: Path) -> None:
    path = tmp_path / "seals.sqlite3"
    path.touch(0o644)
    path.chmod(0o644)
    open_file(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_destroyed_key_is_in_no_file(seals: Seals, tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "seals.sqlite3")
    ((secret,),) = connection.execute("SELECT secret FROM seal_key").fetchall()
    connection.close()
    assert any(secret in p.read_bytes() for p in files(tmp_path))
    seals.destroy(seals.older_than(FAR))
    assert not any(secret in p.read_bytes() for p in files(tmp_path))
