"""Sessions: who is signed in, until when. What the browser keeps is a secret, here is its digest.

They are rows and no signed cookies: so that one ends at once, in every gateway, when somebody signs
out. Roles are not kept in them: they are read anew from the list `people`. What is kept is what the
sign-on said at the time: the values of one claim.
"""

import hashlib
import json
import secrets
from dataclasses import dataclass

import sqlalchemy as sa

from hub.clock import Clock, to_us
from hub.store.database import Database, begun
from hub.store.tables import Big, Key

SECRET_BYTES = 32
SECOND_US = 1_000_000
OF_ONE_MAX = 20  # sessions of one person; the oldest ends when one more begins
VALUES_MAX, VALUE_LENGTH_MAX = 500, 256
NAME_LENGTH_MAX = 128

metadata = sa.MetaData()
table = sa.Table(
    "signed_in",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("subject", Key(255), nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("claim", sa.Text, nullable=False),
    sa.Column("begun_at", Big, nullable=False),
    sa.Column("ends_at", Big, nullable=False),
)


@dataclass(frozen=True)
class Session:
    """Who signed in, and the values of the claim that gives roles; `ends_at` in µs."""

    subject: str
    actor: str
    name: str
    values: tuple[str, ...]
    ends_at: int = 0


class Sessions:
    """The sessions of a hub, in a database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        with begun(database, database.writer) as c:
            database.lock(c, "sessions")
            metadata.create_all(c)

    def begin(self, session: Session, seconds: int) -> str:
        """Begin a session; give its new secret.

        Those that are over are deleted, and the oldest of one person who has too many.
        """
        secret, now = secrets.token_urlsafe(SECRET_BYTES), to_us(self._clock())
        c = table.c
        own = sa.select(c.digest).where(c.subject == session.subject)
        latest = own.order_by(c.begun_at.desc(), c.digest).limit(OF_ONE_MAX - 1)
        with begun(self._database, self._database.writer) as connection:
            self._database.lock(connection, "sessions")
            connection.execute(table.delete().where(c.ends_at <= now))
            kept = connection.execute(latest).scalars().all()
            rest = sa.and_(c.subject == session.subject, c.digest.not_in(kept))
            connection.execute(table.delete().where(rest))
            connection.execute(
                table.insert().values(
                    digest=_digest(secret),
                    subject=session.subject,
                    actor=session.actor[:NAME_LENGTH_MAX],
                    name=session.name[:NAME_LENGTH_MAX],
                    claim=json.dumps(_bounded(session.values), ensure_ascii=False),
                    begun_at=now,
                    ends_at=now + seconds * SECOND_US,
                )
            )
        return secret

    def find(self, secret: str) -> Session | None:
        """Find the session of a secret; None where there is none, or it is over."""
        c = table.c
        query = sa.select(c.subject, c.actor, c.name, c.claim, c.ends_at).where(
            c.digest == _digest(secret), c.ends_at > to_us(self._clock())
        )
        with begun(self._database, self._database.reader) as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        return Session(row[0], row[1], row[2], tuple(json.loads(row[3])), int(row[4]))

    def end(self, secret: str) -> None:
        """End a session."""
        with begun(self._database, self._database.writer) as connection:
            connection.execute(table.delete().where(table.c.digest == _digest(secret)))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _bounded(values: tuple[str, ...]) -> list[str]:
    return [v for v in values if len(v) <= VALUE_LENGTH_MAX][:VALUES_MAX]
