"""The past: the store as it was at a kept cut of the log.

A stored event knows its place in the log. So what a figure was at a cut is what it is now, less
what the entities that changed since contribute now, plus what they contributed then: their events
before the cut, folded again by the same code. Nothing is written for it but the cuts themselves,
and the answer is the same for ever.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import islice

import numpy as np
import polars as pl

from hub.apply import fold
from hub.apply.rows import arrival_rows, cell_rows, count_classes
from hub.clock import DAY_US, day_start
from hub.columns.asking import Parts, Span, Tally, count_rows, listed, sum_rows
from hub.columns.frames import schema_of
from hub.columns.listing import Listing
from hub.definitions.fact import Fact, Measure
from hub.definitions.own.control import CONTROL
from hub.log.cut import Cut
from hub.store.cuts import NoCutError
from hub.store.reading import NONE, Reading, Row, dims_text
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
            reading.columns,
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

    def _acts_known(self, table: str, rows: list[Row]) -> list[Row]:
        known = sum(
            n for (_, topic, _), n in self.known_at.positions.items() if topic == CONTROL.topic
        )
        acts = self.rows(f"SELECT event_id FROM {table} WHERE log_offset < :n", n=known)
        names = {event_id for (event_id,) in acts}
        return [r for r in rows if r[0] in names]

    def table(self, name: str) -> list[Row]:
        """Read the ledger or what was heard, as `Reading.table` does."""
        if name == "heard":
            return self._heard
        since = [self._since(f) for f in self.definitions.facts.values()]
        assert name == "ledger", name
        return [*super().table(name), *(r for s in since for r in s.ledger), *self._aside]

    def arrived_since(self, contract: str) -> list[Row]:
        """See `Reading.arrived_since`."""
        fact = self.definitions.facts.get(contract)
        return [] if fact is None else self._since(fact).arrivals

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
        parts: Parts | None = None,
    ) -> list[Row]:
        """See `Reading.sum_facts`."""
        changed = self._changed(fact, measure, span)
        if not len(changed):
            return super().sum_facts(fact, measure, by, where, span, parts)
        if measure.is_recomputed:
            return self._sum_again(fact, measure, by, where, span, parts)
        for column, value in where.items():
            changed = changed.filter(pl.col(column) == value)
        by_key = {
            tuple(r[:-2]): (int(r[-2]), int(r[-1] or 0))
            for r in super().sum_facts(fact, measure, by, where, span, parts)
        }
        keys = [pl.sql_expr(column).alias(f"~by{i}") for i, column in enumerate(by)]
        keys += [] if parts is None else [parts.expr(measure.when).alias("~part")]
        sums = _back().sum().alias("~n"), (_back() * pl.sql_expr(measure.value)).sum().alias("~v")
        grouped = changed.group_by(*keys, pl.lit(0).alias("~")).agg(sums)
        for *key, _, n, v in grouped.rows():
            name = tuple(key)
            before = by_key.get(name, (0, 0))
            by_key[name] = (before[0] + n, before[1] + int(v or 0))
        return [(*key, n, v) for key, (n, v) in by_key.items() if n]

    def count_facts(self, fact: Fact, tally: Tally) -> list[Row]:
        """See `Reading.count_facts`."""
        n = len(tally.by)
        counts = {r[:n]: r[n:] for r in super().count_facts(fact, tally)}
        for row in count_rows(self._since(fact).facts.lazy(), tally, fold.sign()):
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
        parts: Parts | None,
    ) -> list[Row]:
        """Sum over the facts themselves, as they were: what cannot be taken back."""
        return sum_rows(self.all_facts(fact).facts, measure, by, where, span, parts)

    def all_facts(self, fact: Fact) -> Listing:
        """See `Reading.all_facts`."""
        changed, schema = self._since(fact).facts, schema_of(fact)
        now = super().all_facts(fact).facts.select(schema.names())
        kept = now.filter(~pl.col("entity").is_in(changed["entity"].implode())).collect()
        was = changed.filter(pl.col("as_of") == fold.WAS).select(schema.names()).cast(schema)
        return Listing.of(pl.concat([kept, was]))

    def facts(
        self, fact: Fact, columns: Sequence[str], condition: str, where: Mapping[str, str] = NONE
    ) -> pl.DataFrame:
        """See `Reading.facts`."""
        return listed(self.all_facts(fact).facts, columns, condition, where)

    def _since(self, fact: Fact) -> _Since:
        if fact.contract not in self._known:
            self._known[fact.contract] = self._find_since(fact)
        return self._known[fact.contract]

    def _find_since(self, fact: Fact) -> _Since:
        contract = self.definitions.contracts[fact.contract]
        then = self._positions(contract.topic)
        rows = self.changed(fact, ("entity", "version", "events", "state"), then)
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
            [row for frame in arrivals for row in frame.with_columns(negated).drop("shard").rows()],
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


def _is_before(then: dict[int, int]) -> pl.Expr:
    """Tell whether an event stands before a cut, given the cut's offset by partition."""
    position = pl.col("partition").replace_strict(then, default=0, return_dtype=pl.Int64)
    return pl.col("offset") < position


def _back() -> pl.Expr:
    """Give 1 for a fact as it was, -1 for it as it is."""
    return -fold.sign()
