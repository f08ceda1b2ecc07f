"""API keys: who may send, for which units, under which contracts. Only a key's hash is kept."""

import hashlib
import secrets
from dataclasses import dataclass

import sqlalchemy as sa

from hub.clock import Clock, to_us
from hub.store import Store
from hub.tables import api_key

PREFIX = "hub_"


@dataclass(frozen=True)
class Sender:
    """Who sends: the name outlives the rotation of keys. Empty sets mean all."""

    name: str
    units: frozenset[str] = frozenset()
    contracts: frozenset[str] = frozenset()

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
    revoked_at: int | None


def create(store: Store, clock: Clock, name: str, units: list[str], contracts: list[str]) -> str:
    """Make a key and give it; it cannot be shown again."""
    key = PREFIX + secrets.token_urlsafe(32)
    with store.administering() as connection:
        connection.execute(
            api_key.insert().values(
                id=secrets.token_hex(4),
                name=name,
                key_hash=_hash(key),
                units=",".join(units),
                contracts=",".join(contracts),
                created_at=to_us(clock()),
            )
        )
    return key


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
    query = sa.select(c.id, c.name, c.units, c.contracts, c.created_at, c.revoked_at)
    with store.administering() as connection:
        return [Listed(*row) for row in connection.execute(query.order_by(c.created_at))]


def find(store: Store, key: str) -> Sender | None:
    """Find the sender that a key belongs to; None for an unknown or revoked key."""
    with store.reading() as reading:
        rows = reading.rows(
            "SELECT name, units, contracts FROM api_key WHERE key_hash = :h AND revoked_at IS NULL",
            h=_hash(key),
        )
    if not rows:
        return None
    name, units, contracts = rows[0]
    return Sender(name, _split(units), _split(contracts))


def _split(text: str) -> frozenset[str]:
    return frozenset(t for t in text.split(",") if t)


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
