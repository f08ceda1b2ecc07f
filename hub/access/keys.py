"""API keys: who may send, for which units, under which contracts. Only a key's hash is kept."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from hub.clock import Clock, to_us
from hub.store.store import Store
from hub.store.tables import api_key

PREFIX = "hub_"


@dataclass(frozen=True)
class Sender:
    """Who sends: the name outlives the rotation of keys. Empty sets mean all."""

    name: str
    units: frozenset[str] = frozenset()
    contracts: frozenset[str] = frozenset()
    key_id: str = ""  # of the key that was shown
    certificate: str = ""  # that its client must show: the SHA-256 of its DER form
    is_officer: bool = False  # sees and repairs what others sent

    def may_send(self, contract: str) -> bool:
        """Tell whether the key is bound to this contract."""
        return not self.contracts or contract in self.contracts


@dataclass(frozen=True)
class Listed:
    """A key as it is listed; the key itself is not kept."""

    id: str
    name: str
    units: str
    contracts: str
    created_at: int
    expires_at: int | None
    is_officer: int
    revoked_at: int | None

    def state(self, now: int) -> str:
        """Say whether it is valid, revoked or expired."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "valid"


@dataclass(frozen=True)
class Made:
    """A new key: its id, by which it is revoked, and the key itself, which is shown once."""

    id: str
    key: str


def make() -> Made:
    """Think of a key; nothing knows it yet."""
    return Made(secrets.token_hex(4), PREFIX + secrets.token_urlsafe(32))


def create(
    store: Store,
    clock: Clock,
    name: str,
    units: Sequence[str] = (),
    contracts: Sequence[str] = (),
    *,
    expires_at: int | None = None,
    is_officer: bool = False,
    certificate: str = "",
    made: Made | None = None,
) -> str:
    """Keep a key, a new one if none is given, and give it; it cannot be shown again.

    Empty `units` and `contracts` mean all; without `expires_at` (µs) it is valid until revoked.
    """
    made = made or make()
    with store.administering() as connection:
        connection.execute(
            api_key.insert().values(
                id=made.id,
                name=name,
                key_hash=_hash(made.key),
                units=",".join(units),
                contracts=",".join(contracts),
                created_at=to_us(clock()),
                expires_at=expires_at,
                is_officer=int(is_officer),
                certificate=certificate,
            )
        )
    return made.key


def revoke(store: Store, clock: Clock, key_id: str) -> bool:
    """Revoke a key by its id; tell whether there was one to revoke."""
    with store.administering() as connection:
        done = connection.execute(
            api_key.update()
            .where(api_key.c.id == key_id, api_key.c.revoked_at.is_(None))
            .values(revoked_at=to_us(clock()))
        )
        return bool(done.rowcount)


def listed(store: Store) -> list[Listed]:
    """List all keys, revoked ones too, oldest first."""
    c = api_key.c
    names = ("id", "name", "units", "contracts", "created_at", "expires_at", "is_officer")
    query = sa.select(*(c[n] for n in names), c.revoked_at).order_by(c.created_at)
    with store.administering() as connection:
        return [Listed(*tuple(row)) for row in connection.execute(query)]


def find(store: Store, key: str, now: int) -> Sender | None:
    """Find the sender that a key belongs to; None for an unknown, revoked or expired key."""
    with store.reading() as reading:
        rows = reading.rows(
            "SELECT name, units, contracts, id, certificate, is_officer FROM api_key"
            " WHERE key_hash = :h AND revoked_at IS NULL"
            " AND (expires_at IS NULL OR expires_at > :now)",
            h=_hash(key),
            now=now,
        )
    if not rows:
        return None
    name, units, contracts, key_id, certificate, officer = rows[0]
    return Sender(name, _split(units), _split(contracts), key_id, certificate, bool(officer))


def _split(text: str) -> frozenset[str]:
    return frozenset(t for t in text.split(",") if t)


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
