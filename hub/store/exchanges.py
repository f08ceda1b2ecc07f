"""The ledger of exchanges: each message to another service, who sent it, when, for what, and what
was answered (NĐ 278/2025/NĐ-CP: every exchange of data is traced).

A row is a message; its acts are added and never changed. What a message says is not here, but its
digest. Not a figure: survives a rebuild.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.clock import iso
from hub.definitions.contract import Doc
from hub.store.store import Store
from hub.store.tables import Big, Key, metadata
from hub.store.troubles import StoreUnavailableError

Row = dict[str, Any]
Opened = TypeVar("Opened")
WAITING, SENDING, PENDING = "waiting", "sending", "pending"
TAKEN, REFUSED, GIVEN_UP, CORRECTED = "taken", "refused", "given_up", "corrected"
UNFINISHED = (WAITING, SENDING, PENDING)
NOT_TAKEN = (REFUSED, GIVEN_UP)
# In words of both languages, for who asks why something is not synced.
STATES = {
    WAITING: Doc("chờ gửi", "waits to be sent"),
    SENDING: Doc("đã gửi, chưa rõ trả lời", "sent, without a clear answer"),
    PENDING: Doc("đã gửi, bên nhận đang xử lý", "sent, the receiver works on it"),
    TAKEN: Doc("bên nhận đã xác nhận", "the receiver acknowledged it"),
    REFUSED: Doc("bên nhận từ chối", "the receiver refused it"),
    GIVEN_UP: Doc("thôi gửi sau nhiều lần không được", "given up after many tries"),
    CORRECTED: Doc("được thay bằng thông điệp sau", "a later message stands in its place"),
}
IDS_AT_ONCE = 500

# The ledger of what was exchanged with other services: one row a message, never what it says of
# people. Not a figure: survives a rebuild.
exchange = sa.Table(
    "exchange",
    metadata,
    sa.Column("id", Key(64), primary_key=True),
    sa.Column("source", Key(64), nullable=False),
    # What the message is about, and its number among those about the same.
    sa.Column("entity", Key(128), nullable=False, index=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("service", sa.String(64), nullable=False),
    sa.Column("sender", sa.String(128), nullable=False),
    sa.Column("receiver", sa.String(256), nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("legal_basis", sa.Text, nullable=False),
    sa.Column("digest", Key(64), nullable=False),
    sa.Column("trace_id", Key(32), nullable=False, index=True),
    sa.Column("state", Key(16), nullable=False),
    sa.Column("taken_at", Big, nullable=False, index=True),
    sa.Column("sent_at", Big),
    sa.Column("answered_at", Big),
    sa.Column("try_at", Big, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("answer_code", sa.String(64)),
    sa.Column("answer", sa.Text),
    sa.Column("last_error", sa.Text),
    # The later message that stands in the place of this one.
    sa.Column("corrected_by", Key(64)),
    # Whether the log has what came of it.
    sa.Column("is_told", sa.Integer, nullable=False),
    sa.Column("at", Big, nullable=False),
    # What is to be sent, and how many stand how; what the log is still to be told.
    sa.Index("ix_exchange_state_source", "state", "source"),
    sa.Index("ix_exchange_is_told_at", "is_told", "at"),
)

# What was done about a message of the ledger, act by act: rows are added, never changed.
exchange_act = sa.Table(
    "exchange_act",
    metadata,
    sa.Column("id", Key(80), primary_key=True),
    sa.Column("exchange", Key(64), nullable=False, index=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("act", sa.String(16), nullable=False),
    sa.Column("at", Big, nullable=False),
    sa.Column("code", sa.String(64)),
    sa.Column("detail", sa.Text),
)


def why(row: Mapping[str, Any]) -> Doc:
    """Say how a message stands, and why, as far as that is known."""
    state = STATES[row["state"]]
    detail = []
    if row["state"] in NOT_TAKEN and row["answer_code"]:
        detail.append(f"{row['answer_code']}: {row['answer'] or '–'}")
    elif row["state"] != TAKEN and row["last_error"]:
        detail.append(row["last_error"])
    tail = "".join(f" ({d})" for d in detail)
    return Doc(f"{state.vi}{tail}", f"{state.en}{tail}")


def standing(rows: Sequence[Row]) -> Row:
    """Give of the messages about a thing, in their order, the one that says how it stands.

    The first that is not finished, since the others wait for it; else the latest.
    """
    return next((r for r in rows if r["state"] in UNFINISHED), rows[-1])


class Exchanges:
    """The ledger, as a connector keeps it.

    `away` makes the error that is raised while the database is away.
    """

    def __init__(
        self, store: Store, away: Callable[[str], Exception] = StoreUnavailableError
    ) -> None:
        self._store = store
        self._away = away

    def alone(self, source: str) -> AbstractContextManager[bool]:
        """Hold the sending of a source's messages; give whether it is free, without waiting."""
        return self._asked(self._store.alone(f"exchanges:{source}"))

    def take(self, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """Take messages into the ledger, in their order; give the ids of those that are to be sent.

        One that stands there already is not taken anew. One that says what the latest about the
        same said is not either, unless that was refused or given up; such a one it corrects.
        """
        with self._asked(self._store.administering()) as c:
            return [r["id"] for r in rows if _take(c, r)]

    def drop(self, ids: Iterable[str]) -> None:
        """Forget messages of which nothing was sent: what they came in was refused as a whole."""
        with self._asked(self._store.administering()) as c:
            for message in ids:
                row = _one(c, message)
                if row is not None and row["state"] == WAITING and not row["tries"]:
                    c.execute(exchange_act.delete().where(exchange_act.c.exchange == message))
                    c.execute(exchange.delete().where(exchange.c.id == message))

    def due(self, source: str, now: int, limit: int) -> list[Row]:
        """Give messages that are due, the longest first, none while one before it waits."""
        earlier = exchange.alias("earlier")
        is_behind = sa.exists().where(
            earlier.c.source == exchange.c.source,
            earlier.c.entity == exchange.c.entity,
            earlier.c.number < exchange.c.number,
            earlier.c.state.in_(UNFINISHED),
        )
        query = (
            sa.select(exchange)
            .where(
                exchange.c.source == source,
                exchange.c.state.in_(UNFINISHED),
                exchange.c.try_at <= now,
                ~is_behind,
            )
            .order_by(exchange.c.try_at, exchange.c.number, exchange.c.id)
            .limit(limit)
        )
        with self._asked(self._store.reading()) as reading:
            return _rows(reading.connection, query)

    def untold(self, source: str, limit: int) -> list[Row]:
        """Give what is settled and of which the log has nothing yet, what was settled first."""
        query = (
            sa.select(exchange)
            .where(
                exchange.c.source == source,
                exchange.c.state.not_in(UNFINISHED),
                exchange.c.is_told == 0,
            )
            .order_by(exchange.c.at, exchange.c.id)
            .limit(limit)
        )
        with self._asked(self._store.reading()) as reading:
            return _rows(reading.connection, query)

    def told(self, ids: Iterable[str]) -> None:
        """Keep that the log has what came of messages."""
        with self._asked(self._store.administering()) as c:
            c.execute(exchange.update().where(exchange.c.id.in_(list(ids))).values(is_told=1))

    def act(self, message: str, act: str, at: int, **values: Any) -> None:
        """Write down what was done about a message, and how it stands by that."""
        with self._asked(self._store.administering()) as c:
            _act(c, message, act, at, values.get("answer_code"), _detail(values))
            c.execute(exchange.update().where(exchange.c.id == message).values(**values, at=at))

    def states(self, ids: Sequence[str]) -> dict[str, str]:
        """Give how messages stand, of those that the ledger has."""
        states: dict[str, str] = {}
        with self._asked(self._store.reading()) as reading:
            for start in range(0, len(ids), IDS_AT_ONCE):
                part = exchange.c.id.in_(list(ids[start : start + IDS_AT_ONCE]))
                rows = reading.connection.execute(
                    sa.select(exchange.c.id, exchange.c.state).where(part)
                )
                states |= {r[0]: r[1] for r in rows}
        return states

    @contextmanager
    def _asked(self, opened: AbstractContextManager[Opened]) -> Iterator[Opened]:
        """Open something of the store; say by `away` where it cannot be had."""
        try:
            with opened as usable:
                yield usable
        except StoreUnavailableError as error:
            raise self._away(f"sổ trao đổi | the exchange ledger: {error}") from error


def of(c: Connection, entities: Sequence[str]) -> list[Row]:
    """Read the messages about some things, in their order."""
    rows: list[Row] = []
    for start in range(0, len(entities), IDS_AT_ONCE):
        part = list(entities[start : start + IDS_AT_ONCE])
        query = (
            sa.select(exchange)
            .where(exchange.c.entity.in_(part))
            .order_by(exchange.c.entity, exchange.c.number, exchange.c.id)
        )
        rows += _rows(c, query)
    return rows


def acts_of(c: Connection, messages: Sequence[str]) -> dict[str, list[Row]]:
    """Read what was done about some messages, act by act."""
    acts: dict[str, list[Row]] = {m: [] for m in messages}
    for start in range(0, len(messages), IDS_AT_ONCE):
        part = list(messages[start : start + IDS_AT_ONCE])
        query = (
            sa.select(exchange_act)
            .where(exchange_act.c.exchange.in_(part))
            .order_by(exchange_act.c.exchange, exchange_act.c.number)
        )
        for row in _rows(c, query):
            acts[row["exchange"]].append(row)
    return acts


def listed(c: Connection, where: Mapping[str, str], limit: int, offset: int) -> list[Row]:
    """Read messages, the latest first; `where` gives columns with the value that is asked for."""
    query = sa.select(exchange).order_by(exchange.c.taken_at.desc(), exchange.c.id)
    for column, value in where.items():
        query = query.where(exchange.c[column] == value)
    return _rows(c, query.limit(limit).offset(offset))


def counted(c: Connection) -> list[tuple[str, str, int]]:
    """Count messages: rows (source, state, how many)."""
    query = (
        sa.select(exchange.c.source, exchange.c.state, sa.func.count())
        .group_by(exchange.c.source, exchange.c.state)
        .order_by(exchange.c.source, exchange.c.state)
    )
    return [(r[0], r[1], int(r[2])) for r in c.execute(query)]


def refusals(c: Connection, limit: int) -> list[tuple[str, str, str, int]]:
    """Count what stands refused, by reason: rows (source, code, answer, how many), most first."""
    count = sa.func.count()
    columns = (exchange.c.source, exchange.c.answer_code, exchange.c.answer)
    query = (
        sa.select(*columns, count)
        .where(exchange.c.state == REFUSED)
        .group_by(*columns)
        .order_by(count.desc(), *columns)
        .limit(limit)
    )
    return [(r[0], r[1] or "", r[2] or "", int(r[3])) for r in c.execute(query)]


def thin(store: Store, before: int) -> int:
    """Forget what was settled, and told to the log, before an instant (µs); count the messages.

    Of each thing the latest message of a service stays for ever, without its acts: by it one that
    comes again is known, so that it is not sent a second time. What is not settled stays whole.
    """
    later = exchange.alias("later")
    same = [later.c[n] == exchange.c[n] for n in ("source", "entity", "service")]
    is_over = exchange.c.state.not_in(UNFINISHED) & (exchange.c.is_told == 1)
    is_old = is_over & (exchange.c.at < before)
    old = sa.select(exchange.c.id).where(is_old)
    has_later = sa.exists().where(*same, later.c.number > exchange.c.number)
    with store.administering() as c:
        c.execute(exchange_act.delete().where(exchange_act.c.exchange.in_(old)))
        return c.execute(exchange.delete().where(is_old, has_later)).rowcount


TIMES = ("taken_at", "sent_at", "answered_at", "try_at", "at")
TEXTS = (
    *("id", "source", "entity", "service", "sender", "receiver", "purpose", "legal_basis"),
    *("digest", "trace_id", "state", "answer_code", "answer", "last_error", "corrected_by"),
)


def public(row: Mapping[str, Any], acts: Iterable[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """Show a message of the ledger: who sent what about which to whom, when, for what purpose."""
    words = why(row)
    return {
        **{name: row[name] for name in TEXTS},
        "number": row["number"],
        "tries": row["tries"],
        "why_vi": words.vi,
        "why_en": words.en,
        **{name: iso(row[name]) for name in TIMES},
        "acts": [
            {"act": a["act"], "at": iso(a["at"]), "code": a["code"], "detail": a["detail"]}
            for a in acts
        ],
    }


def _take(c: Connection, row: Mapping[str, Any]) -> bool:
    if _one(c, row["id"]) is not None:
        return False
    same = (exchange.c.source == row["source"], exchange.c.entity == row["entity"])
    of_service = (*same, exchange.c.service == row["service"])
    query = sa.select(exchange).where(*of_service).order_by(exchange.c.number.desc()).limit(1)
    latest = next(iter(_rows(c, query)), None)
    if latest and latest["digest"] == row["digest"] and latest["state"] not in NOT_TAKEN:
        return False
    number = c.execute(sa.select(sa.func.max(exchange.c.number)).where(*same)).scalar() or 0
    empty = dict.fromkeys(
        ("sent_at", "answered_at", "answer_code", "answer", "last_error", "corrected_by")
    )
    own = {"number": number + 1, "state": WAITING, "tries": 0, "is_told": 0}
    c.execute(exchange.insert(), {**empty, **row, **own})
    _act(c, row["id"], "taken_in", row["at"], None, None)
    refused = exchange.c.state.in_(NOT_TAKEN)
    query = sa.select(exchange.c.id).where(*of_service, refused)
    for earlier in list(c.execute(query).scalars()):
        _act(c, earlier, CORRECTED, row["at"], None, row["id"])
        values = {"state": CORRECTED, "corrected_by": row["id"], "at": row["at"]}
        c.execute(exchange.update().where(exchange.c.id == earlier).values(**values))
    return True


def _act(
    c: Connection, message: str, act: str, at: int, code: str | None, detail: str | None
) -> None:
    numbers = sa.select(sa.func.max(exchange_act.c.number))
    last = c.execute(numbers.where(exchange_act.c.exchange == message)).scalar() or 0
    own = {"id": f"{message}:{last + 1}", "exchange": message, "number": last + 1}
    c.execute(exchange_act.insert(), {**own, "act": act, "at": at, "code": code, "detail": detail})


def _detail(values: Mapping[str, Any]) -> str | None:
    return values.get("answer") or values.get("last_error")


def _one(c: Connection, message: str) -> Row | None:
    return next(iter(_rows(c, sa.select(exchange).where(exchange.c.id == message))), None)


def _rows(c: Connection, query: sa.Select[Any]) -> list[Row]:
    return [dict(r) for r in c.execute(query).mappings()]
