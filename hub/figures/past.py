"""The past: the store as it was at a kept cut of the log.

A stored event knows its place in the log. So what a figure was at a cut is what it is now, less
what the entities that changed since contribute now, plus what they contributed then: their events
before the cut, folded again by the same code. Nothing is written for it but the cuts themselves,
and the answer is the same for ever.
"""

import contextlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import islice, pairwise
from typing import Any

import numpy as np
import polars as pl

from hub.apply import fold
from hub.apply.rows import arrival_rows, cell_rows, count_classes
from hub.clock import DAY_US, day_start
from hub.definitions.fact import Fact, Measure
from hub.definitions.own.alert import ALERT
from hub.definitions.own.control import CONTROL
from hub.log.cut import Cut
from hub.store.cuts import NoCutError
from hub.store.reading import Reading, Row, Span, Tally, dims_text, sum_facts_sql
from hub.store.states import decode_states

ENTITIES_AT_ONCE = 50_000


@dataclass(frozen=True)
class _Since:
    """What changed since a cut: facts of both foldings, and what they change in the tables.

    Rows of tables say what is to be added to the present ones.
    """

    facts: pl.DataFrame
    cells: pl.DataFrame
    ledger: list[Row]
    arrivals: list[Row]


class Past(Reading):
    """The store as it was at a cut, for figures: their sums, and what they are judged by."""

    def __init__(self, reading: Reading, known_at: Cut) -> None:
        super().__init__(
            reading.connection,
            reading.database,
            reading.definitions,
            reading.kept,
            reading.succession,
        )
        self.known_at = known_at
        self._known: dict[str, _Since] = {}
        self._measures = {
            measure.cell_set(dims): (fact, measure, dims)
            for fact in self.definitions.facts.values()
            for measure in fact.measures
            for dims in measure.sets
        }

    def totals(self) -> dict[str, int]:
        """See `Reading.totals`."""
        out: dict[str, int] = {}
        for (_, topic, _), n in sorted(self.known_at.positions.items()):
            out[topic] = out.get(topic, 0) + n
        return dict(sorted(out.items()))

    def committed_at(self) -> int:
        """See `Reading.committed_at`."""
        return self.known_at.at

    def horizon(self, contract: str) -> int | None:
        """See `Reading.horizon`."""
        return max((r[4] for r in self._heard if r[0] == contract), default=None)

    def closings(self) -> list[Row]:
        """See `Reading.closings`."""
        return self._acts_known("closing", super().closings())

    def lists(self) -> list[Row]:
        """See `Reading.lists`."""
        return self._acts_known("reference_list", super().lists())

    def declarations(self) -> list[Row]:
        """See `Reading.declarations`."""
        return self._acts_known("declaration", super().declarations())

    def alert_events(self, alert: str | None = None) -> list[dict[str, Any]]:
        """See `Reading.alert_events`."""
        known = sum(
            n for (_, topic, _), n in self.known_at.positions.items() if topic == ALERT.topic
        )
        return [e for e in super().alert_events(alert) if e["log_offset"] < known]

    def _acts_known(self, table: str, rows: list[Row]) -> list[Row]:
        known = sum(
            n for (_, topic, _), n in self.known_at.positions.items() if topic == CONTROL.topic
        )
        acts = self.rows(f"SELECT event_id FROM {table} WHERE log_offset < :n", n=known)
        names = {event_id for (event_id,) in acts}
        return [r for r in rows if r[0] in names]

    def table(self, name: str) -> list[Row]:
        """Read the ledger, the arrivals or what was heard, as `Reading.table` does."""
        if name == "heard":
            return self._heard
        since = [self._since(f) for f in self.definitions.facts.values()]
        if name == "arrival":
            return [*super().table(name), *(r for s in since for r in s.arrivals)]
        assert name == "ledger", name
        return [*super().table(name), *(r for s in since for r in s.ledger), *self._aside]

    def sum_cells(
        self, cell_set: str, start: str, end: str, *, by_period: bool
    ) -> list[tuple[str, str, int, int]]:
        """See `Reading.sum_cells`."""
        fact, measure, dims = self._measures[cell_set]
        sums = {
            row[:2]: row[2:] for row in super().sum_cells(cell_set, start, end, by_period=by_period)
        }
        within = (pl.col("cell_set") == cell_set) & pl.col("period").is_between(
            pl.lit(start), pl.lit(end), closed="left"
        )
        touched = self._since(fact).cells.filter(within)
        if measure.is_recomputed:
            assert by_period, cell_set
            self._recompute(sums, fact, measure, dims, touched)
        for period, text, count, value in touched.select("period", "dims", "count", "value").rows():
            key = (period if by_period else "", text)
            n, v = sums.get(key, (0, 0))
            sums[key] = (n + count, v + value)
        return [(*key, n, v) for key, (n, v) in sums.items() if n]

    def _recompute(
        self,
        sums: dict[tuple[str, str], tuple[int, int]],
        fact: Fact,
        measure: Measure,
        dims: tuple[str, ...],
        touched: pl.DataFrame,
    ) -> None:
        """Take values anew of the days in which any fact changed."""
        for day in touched["period"].unique().to_list():
            start = day_start(date.fromisoformat(day))
            rows = self.sum_facts(fact, measure, dims, {}, (start, start + DAY_US))
            values = {dims_text(dict(zip(dims, r, strict=False))): int(r[-1] or 0) for r in rows}
            for key in [k for k in sums if k[0] == day]:
                sums[key] = (sums[key][0], 0)
            for text, value in values.items():
                sums[day, text] = (sums.get((day, text), (0, 0))[0], value)

    def sum_facts(
        self,
        fact: Fact,
        measure: Measure,
        by: Sequence[str],
        where: dict[str, str],
        span: Span,
    ) -> list[Row]:
        """See `Reading.sum_facts`."""
        changed = self._changed(fact, measure, span)
        if not len(changed):
            return super().sum_facts(fact, measure, by, where, span)
        if measure.is_recomputed:
            return self._sum_again(fact, measure, by, where, span)
        for column, value in where.items():
            changed = changed.filter(pl.col(column) == value)
        sums = {
            tuple(r[: len(by)]): (int(r[-2]), int(r[-1] or 0))
            for r in super().sum_facts(fact, measure, by, where, span)
        }
        changed = changed.select(
            *(pl.sql_expr(column).alias(column) for column in by),
            _back().alias("~n"),
            (_back() * pl.sql_expr(measure.value)).alias("~v"),
        )
        grouped = changed.group_by(by) if by else changed.group_by(pl.lit(0).alias("~"))
        for *key, n, v in grouped.agg(pl.col("~n").sum(), pl.col("~v").sum()).rows():
            name = tuple(key[: len(by)])
            before = sums.get(name, (0, 0))
            sums[name] = (before[0] + n, before[1] + int(v or 0))
        return [(*key, n, v) for key, (n, v) in sums.items() if n]

    def count_facts(self, fact: Fact, tally: Tally) -> list[Row]:
        """See `Reading.count_facts`."""
        n = len(tally.by)
        counts = {r[:n]: r[n:] for r in super().count_facts(fact, tally)}
        for row in count_rows(self._since(fact).facts, tally):
            now = counts.get(row[:n], (0,) * len(tally.counted))
            counts[row[:n]] = tuple(a - b for a, b in zip(now, row[n:], strict=True))
        return [(*key, *then) for key, then in counts.items() if any(then) or not n]

    def _changed(self, fact: Fact, measure: Measure, span: Span) -> pl.DataFrame:
        at = pl.col(measure.when)
        within = at < span[1] if span[0] is None else (at >= span[0]) & (at < span[1])
        return self._since(fact).facts.filter(within & pl.sql_expr(measure.where))

    def _sum_again(
        self,
        fact: Fact,
        measure: Measure,
        by: Sequence[str],
        where: dict[str, str],
        span: Span,
    ) -> list[Row]:
        """Sum over the facts themselves, as they were: what cannot be taken back."""
        names = ["entity", *fact.types]
        plain = Measure(measure.name, measure.where, measure.sets, at=measure.at)
        facts = self._since(fact).facts
        changed = set(facts["entity"])
        was = self._changed(fact, plain, span).filter(pl.col("as_of") == fold.WAS)
        start = span[0] if span[0] is not None else -(2**63)
        now = self.rows(
            f"SELECT {','.join(names)} FROM {fact.table}"
            f" WHERE {measure.when} >= :a AND {measure.when} < :b",
            a=start,
            b=span[1],
        )
        with contextlib.closing(sqlite3.connect(":memory:")) as facts_then:
            facts_then.execute(f"CREATE TABLE {fact.table} ({','.join(names)})")
            facts_then.executemany(
                f"INSERT INTO {fact.table} VALUES ({','.join('?' * len(names))})",
                [*(r for r in now if r[0] not in changed), *was.select(names).rows()],
            )
            sql, values = sum_facts_sql(fact, measure, by, where, span)
            return [tuple(r) for r in facts_then.execute(sql, values) if r[-2]]

    def _since(self, fact: Fact) -> _Since:
        if fact.contract not in self._known:
            self._known[fact.contract] = self._find_since(fact)
        return self._known[fact.contract]

    def _find_since(self, fact: Fact) -> _Since:
        contract = self.definitions.contracts[fact.contract]
        then = self._positions(contract.topic)
        rows = self.stream(
            f"SELECT entity, version, events, state FROM {fact.table} WHERE {_place_since(then)}"
        )
        facts: list[pl.DataFrame] = []
        ledger: list[pl.DataFrame] = []
        arrivals: list[pl.DataFrame] = []
        while (chunk := list(islice(rows, ENTITIES_AT_ONCE))) or not facts:
            entities = pl.Series("entity", [r[0] for r in chunk], pl.String)
            numbers = np.repeat(np.arange(len(chunk)), [r[2] for r in chunk])
            events = decode_states(contract, chunk).with_columns(
                pl.Series("entity_number", numbers, pl.Int64),
                _is_before(then).alias("is_earlier"),
            )
            events, folded = fold.fold_twice(fact, contract, events, entities)
            facts.append(folded)
            ledger.append(count_classes(contract, events))
            arrivals.append(arrival_rows(contract, events, 0))
        joined = pl.concat(facts)
        negated = (-pl.col("count")).alias("count")
        return _Since(
            joined,
            cell_rows(fact, joined, 0).with_columns(
                (-pl.col(n)).alias(n) for n in ("count", "value")
            ),
            [
                (contract_name, sender, day, kind, 0, count)
                for frame in ledger
                for contract_name, sender, day, kind, count in frame.with_columns(negated).rows()
            ],
            [row for frame in arrivals for row in frame.with_columns(negated).rows()],
        )

    def facts_since(self, fact: Fact) -> pl.DataFrame:
        """Give the facts of entities that have events after the cut: as they were and as they are.

        Rows are those of `fold.fold_twice`: `as_of` says which of the two each is.
        """
        return self._since(fact).facts

    def events_since(self, fact: Fact, entities: list[str] | None = None) -> pl.DataFrame:
        """List events after the cut: (entity, sender, event_id, accepted_on, partition, offset)."""
        contract = self.definitions.contracts[fact.contract]
        found = self._since(fact).facts["entity"].unique(maintain_order=True).to_list()
        rows = self.states(fact, found if entities is None else entities)
        then = self._positions(contract.topic)
        names = np.repeat(np.array([r[0] for r in rows], object), [r[2] for r in rows])
        return (
            decode_states(contract, rows)
            .with_columns(pl.Series("entity", names, pl.String))
            .filter(~_is_before(then))
            .select("entity", "sender", "event_id", "accepted_on", "partition", "offset")
            .sort("partition", "offset")
        )

    def _positions(self, topic: str) -> dict[int, int]:
        """Give the cut's offsets of a topic; raise `NoCutError` where its log was replaced."""
        logs = {
            r[0] for r in self.rows("SELECT DISTINCT log FROM position WHERE topic = :t", t=topic)
        }
        then = {k: n for k, n in self.known_at.positions.items() if k[1] == topic}
        if len(logs | {log for log, _, _ in then}) > 1:
            raise NoCutError(f"{topic} was made anew since")
        return {partition: n for (_, _, partition), n in then.items()}

    @cached_property
    def _heard(self) -> list[Row]:
        """When senders were last heard, as rows of its table."""
        condition, values = self._up_to_cut()
        return [
            (contract, sender, 0, int(accepted_at), int(horizon))
            for contract, sender, accepted_at, horizon in self.rows(
                "SELECT contract, sender, MAX(accepted_at), MAX(horizon) FROM cut_heard"
                f" WHERE {condition} GROUP BY 1, 2",
                **values,
            )
        ]

    @cached_property
    def _aside(self) -> list[Row]:
        """Take back what was set aside since: rows to add to the ledger's."""
        condition, values = self._up_to_cut()
        return [
            (contract, sender, day, kind, 0, -int(count))
            for contract, sender, day, kind, count in self.rows(
                "SELECT contract, sender, day, class, SUM(count) FROM cut_aside"
                f" WHERE NOT ({condition}) GROUP BY 1, 2, 3, 4",
                **values,
            )
        ]

    def _up_to_cut(self) -> tuple[str, dict[str, object]]:
        """Write the condition that a row of history stands before the cut."""
        parts = ["1 = 0"]
        values: dict[str, object] = {}
        for i, ((log, topic, partition), n) in enumerate(self.known_at.positions.items()):
            parts.append(
                f"(log = :l{i} AND topic = :t{i} AND partition = :p{i} AND next_offset <= :n{i})"
            )
            values |= {f"l{i}": log, f"t{i}": topic, f"p{i}": partition, f"n{i}": n}
        return " OR ".join(parts), values


def _place_since(then: dict[int, int]) -> str:
    """Write the condition that a fact's place in the log is not before a cut, as an index has it.

    That is: in its partitions from its offsets on, in any other, or (-1) in several.
    """
    places = [f"(log_partition = {p} AND log_offset >= {n})" for p, n in then.items()]
    edges = [-1, *sorted(then), 2**31 - 1]
    between = [(a, b) for a, b in pairwise(edges) if b - a > 1]
    places += [f"(log_partition > {a} AND log_partition < {b})" for a, b in between]
    return " OR ".join(["log_partition < 0", *places])


def _is_before(then: dict[int, int]) -> pl.Expr:
    """Tell whether an event stands before a cut, given the cut's offset by partition."""
    position = pl.col("partition").replace_strict(then, default=0, return_dtype=pl.Int64)
    return pl.col("offset") < position


def count_rows(facts: pl.DataFrame, tally: Tally) -> list[Row]:
    """Count facts in columns: rows (by…, a count for each condition), as they are less as were.

    Without `as_of` all are as they are.
    """
    counted = counted_facts(facts, tally)
    sums = (pl.col("^~n.*$") * pl.col("~sign")).sum()
    by = [f"~by{i}" for i in range(len(tally.by))]
    grouped = counted.group_by(by).agg(sums) if by else counted.select(sums)
    return grouped.rows()


def counted_facts(facts: pl.DataFrame, tally: Tally) -> pl.DataFrame:
    """Count each fact by itself: (by…, 1 for it as it is and -1 as it was, 1 or 0 a condition)."""
    sign = fold.sign() if "as_of" in facts.columns else pl.lit(1, pl.Int64)
    within = facts.filter(pl.sql_expr(tally.within))
    for column, value in tally.where.items():
        within = within.filter(pl.sql_expr(column) == value)
    return within.select(
        *(pl.sql_expr(column).alias(f"~by{i}") for i, column in enumerate(tally.by)),
        sign.alias("~sign"),
        *(
            pl.sql_expr(f"CASE WHEN {condition} THEN 1 ELSE 0 END").alias(f"~n{i}")
            for i, condition in enumerate(tally.counted)
        ),
    )


def _back() -> pl.Expr:
    """Give 1 for a fact as it was, -1 for it as it is."""
    return -fold.sign()
