"""Polled tables: an outbox that a department fills in its own database, read by key.

A row is an event, added and never changed. Two ways in which nothing is lost though transactions
commit in another order than their keys were given out:

- with a *commit column* (PostgreSQL, `xid8 DEFAULT pg_current_xact_id()`): rows are read by
  (transaction, key), below the oldest transaction that still runs. What is below it is final.
- without one: where keys are left out, the gap is read again until it fills, for `gap_seconds`.

The source is spared: one connection, batches, pauses, a statement timeout, read-only transactions
(`hub.connecting.sparing`). All that the feed knows is its position, a checkpoint of the log that
becomes durable together with the events.
"""

import hashlib
import json
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from hub.connecting.feeds import (
    Connector,
    Context,
    Delivery,
    JsonObject,
    Load,
    Record,
    UpstreamError,
)
from hub.connecting.sparing import Guest, is_postgres
from hub.connecting.typed import TypedTable
from hub.definitions.admission import Verdict, unreadable
from hub.definitions.contract import Contract
from hub.sheets.files import NAME
from hub.sheets.mapping import FileMapping

GAPS_MAX = 1_000  # spans of keys that are waited for; beyond, neighbours become one span
SPANS_READ_MAX = 200  # in one statement
KEY_MAX = 2**63 - 1
_NEXT = "pg_snapshot_xmax(pg_current_snapshot())"  # no transaction was given this number yet


class PolledSettings(BaseSettings):
    """Where the table is and how it is read: `HUB_<SOURCE>_<FIELD>`.

    `url`: of the database, as SQLAlchemy writes it; `password_file`: its password, if any. `table`:
    perhaps with its schema; `key`: its column of whole numbers that grow. `commit`: its column of
    transactions (`xid8`), where it has one. `batch_rows`: of one statement; `pause_seconds`:
    between two of them; `poll_seconds`: after one that brought nothing. `timeout_seconds`: of a
    statement. `gap_seconds`: for how long a key that was left out is waited for, without `commit`.
    `may_write`: whether a login that can write there is taken all the same.
    """

    model_config = SettingsConfigDict(extra="ignore")

    url: SecretStr = Field(examples=["postgresql+psycopg://hub@database.example:5432/land"])
    password_file: Path | None = None
    table: str = Field("hub_outbox", pattern=r"^([A-Za-z_]\w*\.)?[A-Za-z_]\w*$")
    key: str = Field("id", pattern=r"^[A-Za-z_]\w*$")
    commit: str = Field("", pattern=r"^([A-Za-z_]\w*)?$")
    batch_rows: int = Field(500, ge=1, le=10_000)
    pause_seconds: float = Field(0.5, ge=0, le=3600)
    poll_seconds: float = Field(5, ge=0.01, le=3600)
    timeout_seconds: float = Field(10, ge=0.1, le=300)
    gap_seconds: float = Field(86_400, ge=1, le=30 * 86_400)
    may_write: bool = False

    @field_validator("url")
    @classmethod
    def _is_a_url(cls, value: SecretStr) -> SecretStr:
        try:
            sa.make_url(value.get_secret_value())
        except sa.exc.ArgumentError:
            raise ValueError("expected postgresql+psycopg://user@host:port/name") from None
        return value


@dataclass(frozen=True)
class Gap:
    """Keys from `first` to `last` that were left out, since `since` (seconds since 1970)."""

    first: int
    last: int
    since: int


@dataclass(frozen=True)
class Position:
    """How far a table is read: the last key, with its transaction, and the gaps below."""

    key: int = 0
    commit: int = 0
    gaps: tuple[Gap, ...] = ()

    @classmethod
    def load(cls, text: str | None) -> "Position":
        """Read what `dump` wrote; nothing is the beginning."""
        if not text:
            return cls()
        key, commit, gaps = json.loads(text)
        return cls(key, commit, tuple(Gap(*g) for g in gaps))

    def dump(self) -> str:
        """Write it compactly."""
        gaps = [[g.first, g.last, g.since] for g in self.gaps]
        return json.dumps([self.key, self.commit, gaps], separators=(",", ":"))

    def after(self, keys: Sequence[int], filled: Sequence[int], now: int) -> "Position":
        """Go on by new keys, in order: what they leave out are gaps, what filled them is none."""
        gaps = list(_without(self.gaps, filled))
        last = self.key
        for key in keys:
            if key > last + 1:
                gaps.append(Gap(last + 1, key - 1, now))
            last = max(last, key)
        while len(gaps) > GAPS_MAX:
            # Those that are closest become one: what is between was taken and is a repeat.
            at = min(range(len(gaps) - 1), key=lambda i: gaps[i + 1].first - gaps[i].last)
            one, other = gaps[at : at + 2]
            gaps[at : at + 2] = [Gap(one.first, other.last, max(one.since, other.since))]
        return Position(last, self.commit, tuple(gaps))

    def without_older(self, than: float) -> "Position":
        """Give up gaps that did not fill: of transactions that were rolled back."""
        return Position(self.key, self.commit, tuple(g for g in self.gaps if g.since >= than))


def _without(gaps: Sequence[Gap], filled: Sequence[int]) -> Iterator[Gap]:
    for gap in gaps:
        first = gap.first
        for key in sorted(k for k in filled if gap.first <= k <= gap.last):
            if key > first:
                yield Gap(first, key - 1, gap.since)
            first = key + 1
        if first <= gap.last:
            yield Gap(first, gap.last, gap.since)


@dataclass(frozen=True)
class PolledTable:
    """A source's table: the name of the source, its contract, and how its columns are read."""

    source: str
    contract: Contract
    mapping: FileMapping

    def read(self, _: str, content: bytes) -> list[Record]:
        """Read rows as PostgreSQL's `row_to_json` writes them, one a line, by the key `id`."""
        records = []
        for place, line in enumerate(content.splitlines() or [b""]):
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                row = None
            if not isinstance(row, dict) or not row:
                vi, en = "không phải một dòng của bảng", "this is no row of a table"
                shown = line[:200].decode("utf-8", "replace")
                records.append(Record(line, (), unreadable("not_a_row", "", shown, vi, en, place)))
            else:
                typed = TypedTable(self.contract, self.mapping, list(row))
                records.append(self.record(typed, row, row.get("id"), place))
        return records

    def record(self, typed: TypedTable, row: Mapping[str, Any], key: Any, place: int) -> Record:
        """Give a row as the event that it is, named by its key where it has no name of its own."""
        kept = typed.kept(row)
        known_by = f"{key}\x1f".encode() + kept
        said = typed.read(row, place, key if isinstance(key, int) else None)
        if isinstance(said, Verdict):
            return Record(kept, (), said, place, known_by)
        named = hashlib.blake2b(f"{self.source}\x1f{key}".encode(), digest_size=16).hexdigest()
        return Record(kept, ({NAME: named, **said},), None, place, known_by)

    def connector(self) -> Connector:
        """Give the connector that reads the table."""
        return Connector(PolledSettings, self.read, partial(PolledFeed, self))


class PolledFeed:
    """Reads a table batch by batch; what it knows is its position in the log."""

    def __init__(self, of: PolledTable, settings: PolledSettings, context: Context) -> None:
        self._of, self._settings, self._context = of, settings, context
        self._checkpoint = f"{of.source}:position"
        self._guest = Guest(
            of.source,
            settings.url.get_secret_value(),
            settings.password_file,
            settings.timeout_seconds,
            may_write=settings.may_write,
        )
        self._due = 0.0
        self._load = Load()
        self._typed: TypedTable | None = None
        self._digest = ""
        self._where: sa.TableClause | None = None

    def load(self) -> Load:
        """Say what it costs its source, and what it waits for."""
        return self._load

    def close(self) -> None:
        """Close the connection."""
        self._guest.close()

    def fetch(self, seconds: float) -> Delivery | None:
        """Give the next rows, waiting at most so long until the source may be asked again."""
        wait = self._due - time.monotonic()
        if wait > seconds:
            time.sleep(seconds)
            return None
        time.sleep(max(0.0, wait))
        now = time.monotonic()
        text = self._context.log.checkpoint(self._checkpoint)
        position = Position.load(text)
        with self._asking() as (connection, typed):
            read = self._by_commit if self._settings.commit else self._by_key
            rows, after = read(connection, typed, position)
        self._load.reads += 1
        self._load.read_seconds += time.monotonic() - now
        self._load.last_rows = len(rows)
        # Only now: one that failed is to be seen to fail until it does not.
        is_full = len(rows) >= self._settings.batch_rows
        pause = self._settings.pause_seconds if is_full else self._settings.poll_seconds
        self._due = time.monotonic() + pause
        moved = after.dump()
        if moved == (text or Position().dump()):
            return None
        key = self._settings.key
        records = [self._of.record(typed, r, r[key], n) for n, r in enumerate(rows)]
        return Delivery(records, {self._checkpoint: moved})

    @contextmanager
    def _asking(self) -> Iterator[tuple[sa.Connection, TypedTable]]:
        """Open a read-only transaction, once it is known how the table is read."""
        with self._guest.asking() as connection:
            mapping = self._context.mapping() or self._of.mapping
            if self._typed is None or self._digest != mapping.digest or self._guest.is_new():
                self._typed = self._look(connection, mapping)
                self._digest = mapping.digest
            yield connection, self._typed

    def _look(self, connection: sa.Connection, mapping: FileMapping) -> TypedTable:
        """Hold the table's columns against the mapping; raises `UpstreamError`."""
        schema, _, name = self._settings.table.rpartition(".")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", sa.exc.SAWarning)  # of types it does not know
                described = sa.inspect(connection).get_columns(name, schema or None)
        except sa.exc.NoSuchTableError:
            vi, en = (
                "không có bảng này, hoặc không được đọc",
                "no such table, or it may not be read",
            )
            raise UpstreamError(f"{self._settings.table}: {vi} | {en}") from None
        columns = [str(c["name"]) for c in described]
        own = [self._settings.key, *filter(None, [self._settings.commit])]
        lacking = [c for c in own if c not in columns]
        typed = TypedTable(self._of.contract, mapping, [c for c in columns if c not in own])
        wrong = typed.verdict()
        if lacking or wrong is not None:
            vi = wrong.message_vi if wrong else f"không có cột {', '.join(lacking)}"
            en = wrong.message_en if wrong else f"there is no column {', '.join(lacking)}"
            raise UpstreamError(f"{self._settings.table}: {vi} | {en}")
        kinds = {str(c["name"]): c["type"] for c in described}
        if not isinstance(kinds[self._settings.key], sa.Integer):
            raise _no_number(f"{self._settings.key} ({kinds[self._settings.key]})")
        read = dict.fromkeys([*own, *typed.names])
        self._where = sa.table(name, *(sa.column(c) for c in read), schema=schema or None)
        return typed

    def _select(self, typed: TypedTable) -> tuple[sa.Select[Any], Any]:
        assert self._where is not None
        columns = self._where.c
        asked = [columns[self._settings.key], *(columns[n] for n in typed.names)]
        return sa.select(*asked).limit(self._settings.batch_rows), columns[self._settings.key]

    def _by_key(
        self, connection: sa.Connection, typed: TypedTable, position: Position
    ) -> tuple[list[dict[str, Any]], Position]:
        """Read on by key, and gaps once more."""
        now = int(self._context.clock().timestamp())
        select, key = self._select(typed)
        position = position.without_older(now - self._settings.gap_seconds)
        late: list[dict[str, Any]] = []
        for start in range(0, len(position.gaps), SPANS_READ_MAX):
            spans = position.gaps[start : start + SPANS_READ_MAX]
            where = sa.or_(*(key.between(g.first, g.last) for g in spans))
            late += _rows(connection, select.where(where).order_by(key), self._settings.key)
        rows = _rows(connection, select.where(key > position.key).order_by(key), self._settings.key)
        keys = [r[self._settings.key] for r in rows]
        after = position.after(keys, [r[self._settings.key] for r in late], now)
        self._load.waiting = {"open_gaps": len(after.gaps)}
        return [*late, *rows], after

    def _by_commit(
        self, connection: sa.Connection, typed: TypedTable, position: Position
    ) -> tuple[list[dict[str, Any]], Position]:
        """Read on by transaction and key, below the oldest transaction that still runs."""
        if not is_postgres(connection):
            vi, en = "chỉ PostgreSQL có cột giao dịch", "only PostgreSQL has a commit column"
            raise UpstreamError(f"{self._settings.commit}: {vi} | {en}")
        select, key = self._select(typed)
        assert self._where is not None
        given = connection.execute(sa.text("SELECT CAST(CAST(" + _NEXT + " AS text) AS bigint)"))
        if position.commit >= given.scalar_one():
            # Another server counts anew, as after a restore: what was read is read as repeats.
            position = Position()
        commit = self._where.c[self._settings.commit]
        number = sa.cast(sa.cast(commit, sa.Text), sa.BigInteger)
        oldest = sa.text("pg_snapshot_xmin(pg_current_snapshot())")
        begun = sa.text("(CAST(CAST(:commit AS text) AS xid8), CAST(:key AS bigint))")
        here = {"commit": str(position.commit), "key": position.key}
        beyond = sa.tuple_(commit, key).op(">")(begun)
        asked = select.add_columns(number.label("~commit")).where(beyond, commit.op("<")(oldest))
        rows = _rows(connection, asked.order_by(commit, key), self._settings.key, here)
        last = rows[-1] if rows else {}
        after = Position(
            last.get(self._settings.key, position.key), last.get("~commit", position.commit)
        )
        held = 0
        if len(rows) < self._settings.batch_rows:
            newer = sa.select(key).where(commit.op(">=")(oldest)).limit(self._settings.batch_rows)
            counted = sa.select(sa.func.count()).select_from(newer.subquery())
            held = int(connection.execute(counted).scalar_one())
        self._load.waiting = {"held_rows": held}
        return rows, after


def _rows(
    connection: sa.Connection, select: sa.Select[Any], key: str, values: JsonObject | None = None
) -> list[dict[str, Any]]:
    """Ask for rows; raises `UpstreamError` where the key is no whole number."""
    rows = [dict(r) for r in connection.execute(select, dict(values or {})).mappings()]
    for row in rows:
        if not isinstance(row[key], int) or isinstance(row[key], bool) or row[key] > KEY_MAX:
            raise _no_number(f"{key}={row[key]!r}")
    return rows


def _no_number(shown: str) -> UpstreamError:
    vi, en = "khóa phải là số nguyên tăng dần", "the key must be a whole number that grows"
    return UpstreamError(f"{shown}: {vi} | {en}")
