"""API keys: who may send, within which scope, until when. Only a key's hash is kept."""

import hashlib
import secrets
from dataclasses import dataclass

import sqlalchemy as sa

from hub.access.grounds import NAMES, NOTHING_SAID, Grounds
from hub.access.scope import PARTS, WHOLE, Scope, scope_of
from hub.clock import Clock, to_us
from hub.store.store import Store
from hub.store.tables import api_key

PREFIX = "hub_"


@dataclass(frozen=True)
class Sender:
    """Who sends: the name outlives the rotation of keys.

    Who sends by no key, a connector or a command, is what the operator set up: of whole scope.
    """

    name: str
    scope: Scope = WHOLE
    key_id: str = ""  # of the key that was shown
    certificate: str = ""  # that its client must show: the SHA-256 of its DER form
    is_officer: bool = False  # sees and repairs what others sent
    sees_all: bool = False  # sees what others sent, as an officer does
    roles: frozenset[str] = frozenset()  # of a person who is signed in, that let this one in here
    has_key_of: str = ""  # the sender for whom a signed-in person may act


@dataclass(frozen=True)
class Listed:
    """A key as it is listed; the key itself is not kept."""

    id: str
    name: str
    scope: Scope
    created_at: int
    expires_at: int | None
    is_officer: int
    revoked_at: int | None
    certificate: str
    certificate_until: int | None  # None too where the key was made before that was noted
    grounds: Grounds

    @property
    def until(self) -> int | None:
        """When it is of no use any more, by itself or by the certificate that it needs."""
        return min((u for u in (self.expires_at, self.certificate_until) if u), default=None)

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
    scope: Scope,
    *,
    expires_at: int | None = None,
    is_officer: bool = False,
    certificate: str = "",
    certificate_until: int | None = None,
    grounds: Grounds = NOTHING_SAID,
    made: Made | None = None,
) -> str:
    """Keep a key, a new one if none is given, and give it; it cannot be shown again.

    Without `expires_at` (µs) it is valid until revoked. `certificate_until` (µs) is when the
    certificate ends that its client must show.
    """
    made = made or make()
    with store.administering() as connection:
        connection.execute(
            api_key.insert().values(
                id=made.id,
                name=name,
                key_hash=_hash(made.key),
                **scope.written(),
                created_at=to_us(clock()),
                expires_at=expires_at,
                is_officer=int(is_officer),
                certificate=certificate,
                certificate_until=certificate_until,
                **grounds.written(),
            )
        )
    return made.key


def describe(store: Store, key_id: str, grounds: Grounds) -> bool:
    """Say anew on what grounds a key is, where something is said; tell whether there is one."""
    with store.administering() as connection:
        done = connection.execute(
            api_key.update().where(api_key.c.id == key_id).values(**grounds.written())
        )
        return bool(done.rowcount)


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
    names = (
        *("id", "name", "created_at", "expires_at", "is_officer", "revoked_at"),
        *("certificate", "certificate_until"),
    )
    query = sa.select(*(c[n] for n in (*names, *PARTS, *NAMES))).order_by(c.created_at)
    with store.reading() as reading:
        rows = reading.connection.execute(query).mappings().all()
    return [
        Listed(
            scope=_scope(r),
            grounds=Grounds(**{n: r[n] for n in NAMES}),
            **{n: r[n] for n in names},
        )
        for r in rows
    ]


def find(store: Store, key: str, now: int) -> Sender | None:
    """Find the sender that a key belongs to; None for an unknown, revoked or expired key."""
    c = api_key.c
    names = ("name", "id", "certificate", "is_officer")
    query = sa.select(*(c[n] for n in (*names, *PARTS))).where(
        c.key_hash == _hash(key),
        c.revoked_at.is_(None),
        sa.or_(c.expires_at.is_(None), c.expires_at > now),
    )
    with store.reading() as reading:
        row = reading.connection.execute(query).mappings().first()
    if row is None:
        return None
    is_officer = bool(row["is_officer"])
    return Sender(
        row["name"], _scope(row), row["id"], row["certificate"], is_officer, sees_all=is_officer
    )


def scopes_of(store: Store, name: str, now: int) -> list[Scope]:
    """Give the scopes of a sender's valid keys; where none is valid, of its latest one.

    Who never had a key sends as the operator set it up: of whole scope.
    """
    own = [k for k in listed(store) if k.name == name]
    valid = [k for k in own if k.state(now) == "valid"]
    return [k.scope for k in valid or own[-1:]] or [WHOLE]


def _scope(row: sa.RowMapping) -> Scope:
    return scope_of({part: row[part] for part in PARTS})


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
