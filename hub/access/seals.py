"""Seals: originals of rejected items are kept under keys of their senders, until those are gone.

A key is of one sender and one day; what was sealed by it stays where it is when it is destroyed,
in log, topics, archive and store, and can be read by nobody. Keys are in none of these: embedded
they are in a file of their own, else in a table that only the hub's own user reads. What is kept
of a destroyed key is when that was.

AES-256-GCM (NIST SP 800-38D) with random nonces; a sealed text is bound to the name of its item.
"""

import base64
import os
import threading
from collections.abc import Collection
from contextlib import AbstractContextManager, suppress
from pathlib import Path

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.engine import Connection, Engine

from hub.clock import Clock, day_of, to_us
from hub.definitions.originals import SEALED, Opener, Original, key_of, read_plain
from hub.log.log import LogUnavailableError
from hub.store.database import Database, begun
from hub.store.sqlite import Sqlite
from hub.store.tables import Big, Key
from hub.store.troubles import StoreUnavailableError

KEY_BITS = 256
NAME_LENGTH = 16
NONCE_BYTES = 12

metadata = sa.MetaData()
table = sa.Table(
    "seal_key",
    metadata,
    sa.Column("id", sa.String(NAME_LENGTH), primary_key=True),
    sa.Column("sender", Key(128), nullable=False),
    sa.Column("day", sa.Integer, nullable=False),
    sa.Column("secret", sa.LargeBinary),  # none: it was destroyed
    sa.Column("destroyed_at", Big),
)


def open_file(path: Path) -> Database:
    """Open a file of keys, which its owner alone may read."""
    path = path.absolute()
    # Never opened here where it is there: closing it would drop SQLite's own locks on it, all that
    # this process has (POSIX), and another process would then remove the WAL from under it.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    path.chmod(0o600)  # one that was put back from a copy, too
    return Sqlite(f"sqlite:///{path}", is_original=True)


class Seals:
    """Seals and opens originals, and destroys keys. Safe to use from threads and processes."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        # Those that seal today; one that opens is read anew, as it may have been destroyed.
        self._sealing: dict[tuple[str, int], tuple[str, AESGCM]] = {}
        with self._begun(database.writer) as c:
            database.lock(c, "seals")
            metadata.create_all(c)

    def _begun(self, engine: Engine) -> AbstractContextManager[Connection]:
        return begun(self._database, engine)

    def seal(self, sender: str, name: str, raw: bytes) -> str:
        """Seal an item's bytes; the key is durable before this ends. See `originals.Seal`.

        Raises `LogUnavailableError` where no key can be kept: then the item cannot be, either.
        """
        try:
            key, cipher = self._todays(sender)
        except StoreUnavailableError as error:
            raise LogUnavailableError(str(error)) from error
        nonce = os.urandom(NONCE_BYTES)
        sealed = nonce + cipher.encrypt(nonce, raw, name.encode())
        return f"{SEALED}{key}:{base64.b64encode(sealed).decode()}"

    def opener(self) -> Opener:
        """Give what opens originals, for one answer: it reads each key once."""
        keys: dict[str, tuple[str, bytes | None, int | None] | None] = {}

        def opens(sender: str, name: str, kept: str) -> Original:
            key = key_of(kept)
            if key is None:
                return read_plain(kept)
            if key not in keys:
                keys[key] = self._find(key)
            of_sender, secret, destroyed_at = keys[key] or ("", None, None)
            if secret is None or of_sender != sender:
                return Original(erased_at=destroyed_at)
            return _opened(secret, name, kept)

        return opens

    def older_than(self, day: int) -> set[str]:
        """Name the keys of before a day that are not destroyed."""
        query = sa.select(table.c.id).where(table.c.day < day, table.c.secret.is_not(None))
        with self._begun(self._database.reader) as c:
            return set(c.execute(query).scalars())

    def destroy(self, keys: Collection[str]) -> None:
        """Destroy keys, so that nothing which they sealed can ever be read again."""
        at = to_us(self._clock())
        with self._begun(self._database.writer) as c:
            self._database.lock(c, "seals")
            for key in keys:
                mine = table.update().where(table.c.id == key)
                c.execute(mine.values(secret=None, destroyed_at=at))
        self._database.scrub(table)

    def _todays(self, sender: str) -> tuple[str, AESGCM]:
        """Find the key that seals for a sender today, or make it."""
        day = day_of(to_us(self._clock()))
        with self._lock:
            if (sender, day) not in self._sealing:
                self._sealing = {k: v for k, v in self._sealing.items() if k[1] == day}
                with self._begun(self._database.writer) as c:
                    self._database.lock(c, "seals")
                    self._sealing[sender, day] = _make(c, sender, day)
            return self._sealing[sender, day]

    def _find(self, key: str) -> tuple[str, bytes | None, int | None] | None:
        names = ("sender", "secret", "destroyed_at")
        query = sa.select(*(table.c[n] for n in names)).where(table.c.id == key)
        with self._begun(self._database.reader) as c:
            row = c.execute(query).first()
        return None if row is None else (row[0], row[1], row[2])


def _opened(secret: bytes, name: str, kept: str) -> Original:
    """Open what a key sealed; what it did not, as somebody wrote it to a topic, is no original."""
    try:
        sealed = base64.b64decode(kept.rpartition(":")[2])
        nonce, rest = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        return Original(AESGCM(secret).decrypt(nonce, rest, name.encode()))
    except (ValueError, InvalidTag):
        return Original()


def _make(c: Connection, sender: str, day: int) -> tuple[str, AESGCM]:
    """Give the key of a sender and day, a new one where another process made none."""
    mine = (table.c.sender == sender, table.c.day == day, table.c.secret.is_not(None))
    found = c.execute(sa.select(table.c.id, table.c.secret).where(*mine)).first()
    if found is not None:
        return found[0], AESGCM(found[1])
    key, secret = os.urandom(NAME_LENGTH // 2).hex(), AESGCM.generate_key(KEY_BITS)
    c.execute(table.insert().values(id=key, sender=sender, day=day, secret=secret))
    return key, AESGCM(secret)
