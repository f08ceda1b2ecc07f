"""The publisher: tells others, by topics, of figures that changed and of what was set aside.

One process at a time publishes; it holds a lock of the database for as long as it lives. What is to
be told is first written down, then produced, then marked: after a crash in between it is told
again, word for word, and whoever listens keeps the highest revision of a figure and the first of a
notice. A figure that changed several times meanwhile is told once.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import polars as pl
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.clock import Clock, from_us, iso, to_us
from hub.definitions import avro, revisions
from hub.definitions.own.kpi import FIGURE
from hub.definitions.own.rejection import REJECTION
from hub.figures.book import years
from hub.figures.compute import Question
from hub.figures.figure import AS_TOLD, Figure
from hub.figures.installed import Installed
from hub.figures.official import figures
from hub.kafka import wire
from hub.kafka.log import KafkaLog, Record
from hub.operating import tracing
from hub.reference.periods import Period, parse_period
from hub.store.cuts import Thinning
from hub.store.reading import dims_text, parse_dims
from hub.store.store import Store
from hub.store.tables import figure as figure_table
from hub.store.tables import notice

LOCK = "lgsp:publisher"
NOTICES_PER_ROUND_MAX = 1_000
RENEW_US = 60_000_000


class Publisher:
    """Publishes rounds of changes. One instance leads; the others wait for its lock."""

    def __init__(self, store: Store, log: KafkaLog, installed: Installed, clock: Clock) -> None:
        self._store = store
        self._installed = installed
        self._log = log
        self._clock = clock
        self._noted: object = None
        self._thinning = Thinning(store, clock)

    @contextmanager
    def leading(self) -> Iterator[Connection | None]:
        """Give the connection that holds the lock, or None where another process does."""
        with self._store.named_errors(), self._store.database.writer.connect() as c:
            is_mine = c.execute(
                sa.text("SELECT pg_try_advisory_lock(hashtext(:n))"), {"n": LOCK}
            ).scalar()
            c.commit()
            try:
                yield c if is_mine else None
            finally:
                # The lock belongs to the session: close it for good, not back into the pool.
                c.invalidate()

    def round(self, c: Connection) -> int:
        """Publish what is to be told; count the records. Now and then, thin the history."""
        self._thinning.now_and_then()
        count = self._tell_notices(c) + self._tell_figures(c)
        with self._store.reading() as reading:
            # Stocks and freshness change with the clock too, though nothing is committed.
            span = to_us(self._clock()) // RENEW_US
            now = reading.totals(), reading.committed_at(), span
        if now != self._noted:
            with tracing.computing({"hub.topic": FIGURE.topic}):
                self._note_figures(c)
                self._noted = now
                count += self._tell_figures(c)
        return count

    def _tell_notices(self, c: Connection) -> int:
        query = sa.select(notice.c.event_id, notice.c.datum).order_by(notice.c.event_id)
        with c.begin():
            rows = c.execute(query.limit(NOTICES_PER_ROUND_MAX)).fetchall()
            if rows:
                schema_id = revisions.latest(REJECTION.name).schema_id
                shared = wire.headers(REJECTION.topic, wire.OWN_SOURCE, "notice")
                now = to_us(self._clock())
                self._log.produce(
                    [
                        (
                            REJECTION.topic,
                            now,
                            event_id.encode(),
                            avro.wire(schema_id, bytes(datum)),
                            [*shared, ("ce_id", event_id.encode())],
                        )
                        for event_id, datum in rows
                    ]
                )
                names = [r[0] for r in rows]
                c.execute(notice.delete().where(notice.c.event_id.in_(names)))
        return len(rows)

    def _tell_figures(self, c: Connection) -> int:
        query = sa.select(figure_table.c.key, figure_table.c.revision, figure_table.c.datum)
        with c.begin():
            rows = c.execute(query.where(figure_table.c.is_published == 0)).fetchall()
        if not rows:
            return 0
        schema_id = revisions.latest(FIGURE.name).schema_id
        shared = wire.headers(FIGURE.topic, wire.OWN_SOURCE, "figure")
        now = to_us(self._clock())
        records: list[Record] = [
            (
                FIGURE.topic,
                now,
                key.encode(),
                avro.wire(schema_id, bytes(datum)),
                [*shared, ("ce_id", f"{key}@{revision:x}".encode())],
            )
            for key, revision, datum in rows
        ]
        self._log.produce(records)
        with c.begin():
            for key, revision, _ in rows:
                mine = (figure_table.c.key == key, figure_table.c.revision == revision)
                c.execute(figure_table.update().where(*mine).values(is_published=1))
        return len(rows)

    def _note_figures(self, c: Connection) -> None:
        """Write down the figures of one cut that say something else than before."""
        now = to_us(self._clock())
        with self._store.reading() as reading:
            book = self._installed.book(reading)
            periods = [parse_period(str(y)) for y, _ in years(book)]
            at = from_us(now)
            periods += [parse_period(at.strftime(f)) for f in ("%Y-%m", "%Y-%m-%d")]
            named = {
                _key(kpi.id, period, figure): (kpi.id, period, figure)
                for period in periods
                for kpi in self._installed.kpis.values()
                for figure in figures(kpi, Question(period, now, (), {}), book)
            }
        with c.begin():
            query = sa.select(figure_table.c.key, figure_table.c.revision, figure_table.c.said)
            known = {
                key: (revision, figure_said) for key, revision, figure_said in c.execute(query)
            }
            rows = []
            for key in known.keys() - named.keys():
                kpi, text, dims = key.split("|", 2)
                period = next((p for p in periods if p.text == text), None)
                if period is not None:
                    # What was told and has nothing in it any more is told so, not left to stand.
                    named[key] = kpi, period, _nothing(dims, now)
            for key, (kpi, period, figure) in named.items():
                figure_said = {"kpi": kpi, **figure.public(AS_TOLD)}
                revision, before = known.get(key, (0, "null"))
                if figure_said != json.loads(before):
                    # By the clock, so that it grows even where this table was lost.
                    revision = max(revision + 1, now)
                    datum = _datum(kpi, period, figure, revision)
                    rows.append((key, revision, datum, json.dumps(figure_said), 0))
            if rows:
                columns = {
                    "key": pl.String,
                    "revision": pl.Int64,
                    "datum": pl.Binary,
                    "said": pl.String,
                    "is_published": pl.Int64,
                }
                frame = pl.DataFrame(rows, schema=columns, orient="row")
                rules = dict.fromkeys(("revision", "datum", "said", "is_published"), "=")
                self._store.database.merge(c, figure_table, frame, rules)


def _key(kpi: str, period: Period, figure: Figure) -> str:
    return "|".join((kpi, period.text, dims_text(dict(figure.dims))))


def _nothing(dims: str, at: int) -> Figure:
    return Figure(
        dims=parse_dims(dims),
        value=None,
        numerator=0,
        denominator=0,
        scale=1,
        measure_unit="",
        target=None,
        met=None,
        status="provisional",
        completeness=0,
        fresh_at=None,
        at=iso(at),
        cut="",
        definition_version="",
    )


def _datum(kpi: str, period: Period, figure: Figure, revision: int) -> bytes:
    target = figure.target
    same = (
        "value", "numerator", "denominator", "scale", "measure_unit", "met", "status", "cut",
        "definition_version",
    )  # fmt: skip
    values = {
        "event_id": f"{revision:x}",
        "recorded_at": None,
        "kpi": kpi,
        "period": period.text,
        "dims": dims_text(dict(figure.dims)),
        "revision": revision,
        "target_op": target and target.op,
        "target_value": target and str(target.value),
        "completeness": str(figure.completeness),
        "fresh_at": _us(figure.fresh_at),
        "at": _us(figure.at),
        **figure.public(same),
    }
    return avro.write_one(revisions.latest(FIGURE.name).plain, values)


def _us(text: str | None) -> int | None:
    return None if text is None else to_us(datetime.fromisoformat(text))
