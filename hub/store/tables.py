"""The store's tables. Figures are only ever written by `hub.apply.applier`."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

from hub.definitions.fact import Fact

metadata = MetaData()
Big = BigInteger().with_variant(Integer(), "sqlite")


def Key(length: int | None = None) -> Any:  # noqa: N802 (a type)
    """Text that is compared byte by byte in both databases, whatever the server's language."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def _cut_key() -> tuple[Column[Any], ...]:
    """Name where a partition of a log stood."""
    return (
        Column("log", Key(64), primary_key=True),
        Column("topic", String(64), primary_key=True),
        Column("partition", Integer, primary_key=True),
        Column("next_offset", Big, primary_key=True),
    )


def _answered_for() -> tuple[Column[Any], ...]:
    """Name who answers for an access, for what it is and by which law; "": nobody said."""
    names = ("owner", "purpose", "legal_basis")
    return tuple(Column(name, Text, nullable=False, server_default="") for name in names)


LANES = ("d0", "d1", "d2", "d3")

# Where apply stands in each log partition; swapped first in every transaction.
position = Table(
    "position",
    metadata,
    Column("log", Key(64), primary_key=True),
    Column("topic", String(64), primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("next_offset", Big, nullable=False),
    Column("committed_at", Big, nullable=False),
)
# What the figures in this store were computed by.
definition = Table(
    "definition",
    metadata,
    Column("contract", Key(256), primary_key=True),
    Column("digest", String(64), nullable=False),
)
# The row of `definition` that names a set of tables which a rebuild made; no contract is named so.
BUILD = "~build"
cell = Table(
    "cell",
    metadata,
    Column("cell_set", Key(128), primary_key=True),
    Column("period", Key(10), primary_key=True),
    Column("dims", Key(), primary_key=True),
    Column("shard", Integer, primary_key=True),
    Column("count", Big, nullable=False),
    Column("value", Big, nullable=False),
    Column("disputed", Big, nullable=False),
    *(Column(lane, Big, nullable=False) for lane in LANES),
    sqlite_with_rowid=False,
)
# Each event in exactly one class, by its present state; `day` is that of acceptance.
ledger = Table(
    "ledger",
    metadata,
    Column("contract", Key(256), primary_key=True),
    Column("sender", String(128), primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("class", String(16), primary_key=True),
    Column("shard", Integer, primary_key=True),
    Column("count", Big, nullable=False),
    sqlite_with_rowid=False,
)
# Distinct events by the day on which they happened; `party` is who or what they report of (a bank,
# a station, a receiving unit), `span` how long a period they are about (day, month, year), if any.
arrival = Table(
    "arrival",
    metadata,
    Column("contract", Key(256), primary_key=True),
    Column("sender", String(128), primary_key=True),
    Column("party", Key(256), primary_key=True),
    Column("span", String(8), primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("shard", Integer, primary_key=True),
    Column("count", Big, nullable=False),
    sqlite_with_rowid=False,
)
# When each sender was last heard, and the latest instant that its events speak of.
heard = Table(
    "heard",
    metadata,
    Column("contract", Key(256), primary_key=True),
    Column("sender", String(128), primary_key=True),
    Column("shard", Integer, primary_key=True),
    Column("accepted_at", Big, nullable=False),
    Column("horizon", Big, nullable=False),
    sqlite_with_rowid=False,
)
# How late distinct events came, by day of acceptance and bucket (`hub.apply.lateness`).
lateness = Table(
    "lateness",
    metadata,
    Column("contract", Key(256), primary_key=True),
    Column("sender", String(128), primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("bucket", Integer, primary_key=True),
    Column("shard", Integer, primary_key=True),
    Column("count", Big, nullable=False),
    sqlite_with_rowid=False,
)
# When anything in a month of a contract, its cells or arrivals, was last changed: the commit.
touched = Table(
    "touched",
    metadata,
    Column("contract", Key(256), primary_key=True),
    Column("month", Key(7), primary_key=True),
    Column("shard", Integer, primary_key=True),
    Column("at", Big, nullable=False),
    sqlite_with_rowid=False,
)
quarantine = Table(
    "quarantine",
    metadata,
    Column("event_id", Key(160), primary_key=True),
    Column("sender", String(128), nullable=False),
    Column("contract", String(256), nullable=False),
    Column("rejected_at", Big, nullable=False),
    Column("index", Big, nullable=False),
    Column("rule", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("message_vi", Text, nullable=False),
    Column("message_en", Text, nullable=False),
    Column("original", Text, nullable=False),
)
# Periods that were closed, at which cut, with which figures; `log_offset` is where the event is.
closing = Table(
    "closing",
    metadata,
    Column("event_id", Key(128), primary_key=True),
    Column("sender", String(128), nullable=False),
    Column("period", Key(10), nullable=False),
    Column("closed_at", Big, nullable=False),
    Column("closed_by", Text, nullable=False),
    Column("cut", Text, nullable=False),
    Column("figures", Text, nullable=False),
    Column("silent", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("log_offset", Big, nullable=False),
)
# Lists of reference data as they were loaded, the last of a name being in force; `content`: JSON.
reference_list = Table(
    "reference_list",
    metadata,
    Column("event_id", Key(128), primary_key=True),
    Column("sender", String(128), nullable=False),
    Column("name", String(128), nullable=False),
    Column("loaded_at", Big, nullable=False),
    Column("loaded_by", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("content", Text, nullable=False),
    Column("log_offset", Big, nullable=False),
)
# What senders declared to have sent; `content` is a declaration.
declaration = Table(
    "declaration",
    metadata,
    Column("event_id", Key(128), primary_key=True),
    Column("sender", String(128), nullable=False),
    Column("contract", Key(256), nullable=False),
    Column("declared_at", Big, nullable=False),
    Column("content", Text, nullable=False),
    Column("log_offset", Big, nullable=False),
)
# What became of alerts, event by event: the fields of the contract `alert`.
alert_event = Table(
    "alert_event",
    metadata,
    Column("event_id", Key(128), primary_key=True),
    Column("sender", String(128), nullable=False),
    Column("alert", Key(256), nullable=False, index=True),
    *(
        Column(name, String(256), nullable=False)
        for name in ("kind", "rule", "level", "owner", "subject_kind", "subject", "state")
    ),
    Column("unit", String(256)),
    Column("at", Big, nullable=False),
    Column("raised_at", Big, nullable=False),
    *(Column(name, Big) for name in ("cleared_at", "value", "threshold")),
    Column("measure_unit", String(256), nullable=False),
    Column("text_vi", Text, nullable=False),
    Column("text_en", Text, nullable=False),
    Column("link", String(256), nullable=False),
    Column("replayed", Integer, nullable=False),
    *(Column(name, Text) for name in ("amends", "was", "by", "comment")),
    Column("log_offset", Big, nullable=False),
)
# Where apply stood at each commit, so that figures can be asked as of then; kept through a rebuild.
cut = Table(
    "cut",
    metadata,
    *_cut_key(),
    Column("at", Big, nullable=False, index=True),
    sqlite_with_rowid=False,
)
# Repeats and rejected items between one cut of a partition and its next: no entity has them.
cut_aside = Table(
    "cut_aside",
    metadata,
    *_cut_key(),
    Column("contract", Key(256), primary_key=True),
    Column("sender", String(128), primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("class", String(16), primary_key=True),
    Column("count", Big, nullable=False),
    sqlite_with_rowid=False,
)
# Senders heard between one cut of a partition and its next.
cut_heard = Table(
    "cut_heard",
    metadata,
    *_cut_key(),
    Column("contract", Key(256), primary_key=True),
    Column("sender", String(128), primary_key=True),
    Column("accepted_at", Big, nullable=False),
    Column("horizon", Big, nullable=False),
    sqlite_with_rowid=False,
)
# What others are still to be told of, by the quarantine topic; `datum` is an Avro rejection.
notice = Table(
    "notice",
    metadata,
    Column("event_id", Key(160), primary_key=True),
    Column("datum", LargeBinary, nullable=False),
)
# The production profile's receipts; the embedded log keeps its own beside the events.
receipt = Table(
    "receipt",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("sender", Text, nullable=False),
    Column("contract", Text, nullable=False),
    Column("accepted_at", Big, nullable=False),
    Column("accepted", Big, nullable=False),
    Column("rejected", Big, nullable=False),
    Column("idempotency_key", Text),
    Column("body_digest", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("places", Text, nullable=False, server_default="{}"),
    sa.UniqueConstraint("sender", "idempotency_key"),
)
checkpoint = Table(
    "checkpoint",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
# Figures as they went to the KPI topic: the latest revision, and whether it is out. `said` is what
# the figure says, without what changes at every commit.
figure = Table(
    "figure",
    metadata,
    Column("key", Text, primary_key=True),
    Column("revision", Big, nullable=False),
    Column("datum", LargeBinary, nullable=False),
    Column("said", Text, nullable=False),
    Column("is_published", Integer, nullable=False),
)
# Not a figure: who may send. Survives a rebuild.
api_key = Table(
    "api_key",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("name", String(128), nullable=False),
    Column("key_hash", String(64), nullable=False, unique=True),
    Column("units", Text, nullable=False),
    Column("contracts", Text, nullable=False),
    Column("reporters", Text, nullable=False, server_default=""),
    Column("areas", Text, nullable=False, server_default=""),
    Column("stations", Text, nullable=False, server_default=""),
    Column("created_at", Big, nullable=False),
    Column("expires_at", Big),
    Column("is_officer", Integer, nullable=False, server_default="0"),
    Column("certificate", String(64), nullable=False, server_default=""),
    Column("certificate_until", Big),
    *_answered_for(),
    Column("revoked_at", Big),
)

# Roles of PostgreSQL that read the SQL views: in which units (none: all), until when. Survives a
# rebuild.
sql_role = Table(
    "sql_role",
    metadata,
    Column("role", Key(63), primary_key=True),
    Column("units", Text, nullable=False),
    Column("created_at", Big, nullable=False),
    Column("expires_at", Big),
    *_answered_for(),
)

# What was done to items of the quarantine, act by act. Not a figure: survives a rebuild.
repair = Table(
    "repair",
    metadata,
    Column("event_id", Key(160), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("action", String(16), nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", Big, nullable=False),
    Column("content", Text),
    Column("receipt", Text),
    Column("reason", Text, nullable=False),
)

# Who was told what of alerts; without a recipient nobody was. Not a figure: survives a rebuild.
delivery = Table(
    "delivery",
    metadata,
    Column("id", Key(64), primary_key=True),
    Column("event_id", Key(128), nullable=False, index=True),
    Column("alert", Key(256), nullable=False, index=True),
    Column("recipient", String(256), nullable=False),
    Column("outlet", String(64), nullable=False),
    # The role that is told because nobody acknowledged; empty where it is no such telling.
    Column("escalated_to", Key(256), nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("decided_at", Big, nullable=False),
    Column("due_at", Big, nullable=False),
    Column("try_at", Big, nullable=False),
    # What it is told by, alone or with others, and since when that is fixed.
    Column("message", Key(64)),
    Column("begun_at", Big),
    Column("is_joined", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("last_error", Text),
    Column("at", Big, nullable=False),
    # Of a bulletin: the wording it is told by, the commune, and what was said. Else there is none.
    Column("wording", String(256)),
    Column("area", String(128)),
    Column("bulletin", Key(64)),
)

# What people were told: `content` is JSON, under a digest of it.
bulletin = Table(
    "bulletin",
    metadata,
    Column("id", Key(64), primary_key=True),
    Column("wording", String(256), nullable=False),
    Column("outlet", String(64), nullable=False),
    Column("wording_digest", Key(64), nullable=False),
    Column("approved_by", String(256), nullable=False),
    Column("area", String(128), nullable=False),
    Column("content", Text, nullable=False),
    Column("at", Big, nullable=False),
)
# What was tried by an outlet, for the quotas of a minute and a day.
attempt = Table(
    "attempt",
    metadata,
    Column("number", Big, primary_key=True, autoincrement=True),
    Column("outlet", Key(64), nullable=False),
    Column("message", Key(64), nullable=False),
    Column("at", Big, nullable=False),
    Index("ix_attempt_outlet_at", "outlet", "at"),
)

# Which scheduled reports were given to whom, of which cut. Not a figure: survives a rebuild.
report_run = Table(
    "report_run",
    metadata,
    Column("id", Key(64), primary_key=True),
    Column("name", String(256), nullable=False),
    Column("report", String(16), nullable=False),
    Column("period", String(32), nullable=False),
    Column("unit", String(128), nullable=False),
    Column("outlet", String(64), nullable=False),
    Column("address", String(256), nullable=False),
    Column("due_at", Big, nullable=False, index=True),
    Column("state", String(16), nullable=False, index=True),
    Column("decided_at", Big, nullable=False),
    Column("try_at", Big, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("last_error", Text),
    Column("cut", Text),
    Column("at", Big, nullable=False),
)

# Everything that `hub rebuild` makes anew from the log.
DERIVED = (
    position, definition, cell, ledger, arrival, heard, lateness, touched, quarantine, notice,
    closing, reference_list, declaration, alert_event,
)  # fmt: skip
# When what was known: the log does not say, so it is kept.
HISTORY = (cut, cut_aside, cut_heard)


def fact_table(fact: Fact, into: MetaData) -> Table:
    """Describe the table of a fact: its columns, its digest and the events it was folded from.

    `held` counts events that do not count, as their senders do not stand in the entity.
    `state` holds the entity's distinct events as Avro datums, each after its acceptance day, sender
    and place in the log, packed (`hub.store.packing`); `events` says how many. `log_partition` and
    `log_offset` are the latest of those places: what changed since a cut is found by them.
    """
    types: dict[str, Any] = {"text": Key(), "integer": Big}
    return Table(
        fact.table,
        into,
        # Those of one width stand together: PostgreSQL would fill up to the next multiple of it.
        Column("version", Big, nullable=False),
        Column("log_offset", Big, nullable=False),
        *(Column(lane, Big, nullable=False) for lane in LANES),
        *(Column(n, types[kind]) for n, kind in fact.types.items() if kind == "integer"),
        Column("log_partition", Integer, nullable=False),
        Column("events", Integer, nullable=False),
        Column("is_disputed", Integer, nullable=False),
        Column("held", Integer, nullable=False),
        Column("entity", Key(), primary_key=True),
        *(Column(n, types[kind]) for n, kind in fact.types.items() if kind == "text"),
        Column("state", LargeBinary, nullable=False),
        # Rows stand in the order of the log, nearly: the least and greatest of each block will do,
        # and cost next to nothing to keep.
        Index(
            f"ix_{fact.table}_log",
            "log_partition",
            "log_offset",
            postgresql_using="brin",
            postgresql_with={"autosummarize": "on"},
        ),
        Index(
            f"ix_{fact.table}_held",
            "entity",
            sqlite_where=sa.text("held > 0"),
            postgresql_where=sa.text("held > 0"),
        ),
        *(_index(fact, columns) for columns in fact.indexes),
        *(_index(fact, columns).ddl_if(dialect="postgresql") for columns in fact.sql_indexes),
    )


def _index(fact: Fact, columns: tuple[str, ...]) -> Index:
    """Index the facts that have the first of these columns."""
    is_there = sa.text(f"{columns[0]} IS NOT NULL")
    name = f"ix_{fact.table}_{'_'.join(columns)}"
    return Index(name, *columns, sqlite_where=is_there, postgresql_where=is_there)
