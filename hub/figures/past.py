"""The past: the store as it was at a kept cut of the log.

A stored event knows its place in the log. So what a figure was at a cut is what it is now, less
what the entities that changed since contribute now, plus what they contributed then: their events
before the cut, folded again by the same code. Nothing is written for it but the cuts themselves,
and the answer is the same for ever.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np
import polars as pl

from hub.apply import fold
from hub.apply.rows import arrival_rows, count_classes
from hub.definitions.fact import Fact
from hub.definitions.own.alert import ALERT
from hub.definitions.own.control import CONTROL
from hub.figures.aliases import Aliased, Merger, claimants, columns, merge
from hub.figures.altered import Altered
from hub.log.cut import Cut
from hub.store.cuts import NoCutError
from hub.store.reading import Reading, Row
from hub.store.statements import place_since
from hub.store.states import decode_states

ENTITIES_AT_ONCE = 50_000


@dataclass(frozen=True)
class _Since:
    """What changed since a cut: facts of both foldings, and what they change in the tables.

    Rows of tables say what is to be added to the present ones.
    """

    facts: pl.DataFrame
    ledger: list[Row]
    arrivals: list[Row]


class Past(Altered):
    """The store as it was at a cut, for figures: their sums, and what they are judged by."""

    def __init__(self, reading: Reading, known_at: Cut) -> None:
        super().__init__(reading)
        self.known_at = known_at
        self._known: dict[str, _Since] = {}
        self._changes: dict[str, pl.DataFrame] = {}
        self._merged: dict[str, Merger | None] = {}
        self._present = Aliased(reading)

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

    def _since(self, fact: Fact) -> _Since:
        if fact.contract not in self._known:
            self._known[fact.contract] = self._find_since(fact)
        return self._known[fact.contract]

    def _find_since(self, fact: Fact) -> _Since:
        contract = self.definitions.contracts[fact.contract]
        then = self._positions(contract.topic)
        rows = self.stored(fact, f"WHERE {place_since(then)}")
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
        negated = (-pl.col("count")).alias("count")
        return _Since(
            pl.concat(facts).select(*columns(fact), "as_of"),
            [
                (contract_name, sender, day, kind, 0, count)
                for frame in ledger
                for contract_name, sender, day, kind, count in frame.with_columns(negated).rows()
            ],
            [row for frame in arrivals for row in frame.with_columns(negated).drop("shard").rows()],
        )

    def changes(self, fact: Fact) -> pl.DataFrame:
        """See `Altered.changes`: what changed since is as it was, codes that were one then are."""
        if fact.contract not in self._changes:
            self._changes[fact.contract] = self._find_changes(fact)
        return self._changes[fact.contract]

    def _find_changes(self, fact: Fact) -> pl.DataFrame:
        since = _turned(self._since(fact).facts)
        merger = self.merger(fact)
        if merger is None:
            return since
        # The codes of what was one then: as the tables have them now, and one fact in their place.
        parts = merger.facts.filter(~fold.IS_PRESENT)
        is_known = pl.col("entity").is_in(since["entity"].unique().implode())
        is_part = pl.col("entity").is_in(parts["entity"].implode())
        return pl.concat(
            [
                since.filter(~(fold.IS_PRESENT & is_part)),
                parts.filter(~is_known),
                merger.facts.filter(fold.IS_PRESENT),
            ]
        )

    def merger(self, fact: Fact) -> Merger | None:
        """Tell which codes were one at the cut; None where none claimed to be another."""
        if fact.contract not in self._merged:
            contract = self.definitions.contracts[fact.contract]
            names = contract.spec.names
            found = None
            if names is not None:
                was = self._since(fact).facts.filter(~fold.IS_PRESENT)
                claiming = set(was.filter(pl.col(names.also).is_not_null())["entity"])
                claiming |= set(claimants(self.raw, fact, contract))
                before = _is_before(self._positions(contract.topic))
                found = merge(self.raw, fact, contract, claiming, before) if claiming else None
            self._merged[fact.contract] = found
        return self._merged[fact.contract]

    def facts_since(self, fact: Fact) -> pl.DataFrame:
        """Give the facts that may be others than at the cut: as they were and as they are.

        `as_of` says which of the two each is. What stands on both sides is no other. A thing of
        several codes, then or now, has the code that it goes by last.
        """
        parts = [self._since(fact).facts]
        then, now = self.merger(fact), self._present.merger(fact)
        if then is not None:
            parts.append(_turned(then.facts))
        if now is not None:
            parts.append(now.facts)
        names = self._named(fact)
        return pl.concat(parts).with_columns(pl.col("entity").replace(names)) if names else parts[0]

    def _named(self, fact: Fact) -> dict[str, str]:
        """Give the code that a thing goes by, last, for each code of what is or was one."""
        mergers = (self.merger(fact), self._present.merger(fact))
        return {c: name for m in mergers if m is not None for c, name in m.names.items()}

    def known(self, fact: Fact, codes: list[str], until: int) -> set[str]:
        """Tell of which codes something was known at the cut that happened before an instant."""
        contract = self.definitions.contracts[fact.contract]
        rows = self.raw.states(fact, codes)
        named = np.repeat(np.array([r[0] for r in rows], object), [r[2] for r in rows])
        events = decode_states(contract, rows).with_columns(
            pl.Series("entity", named.tolist(), pl.String)
        )
        before = _is_before(self._positions(contract.topic)) & (contract.occurred < until)
        return set(events.filter(before)["entity"])

    def events_since(self, fact: Fact, entities: list[str] | None = None) -> pl.DataFrame:
        """List events after the cut: (entity, sender, event_id, accepted_on, partition, offset).

        Of some things, with all their codes, or of all: `entity` is the code that it goes by.
        """
        contract = self.definitions.contracts[fact.contract]
        names = self._named(fact)
        if entities is None:
            codes = self._since(fact).facts["entity"].unique(maintain_order=True).to_list()
        else:
            asked = set(entities)
            codes = [*entities, *(c for c, n in names.items() if n in asked and c not in asked)]
        rows = self.raw.states(fact, codes)
        then = self._positions(contract.topic)
        own = np.repeat(
            np.array([names.get(r[0], r[0]) for r in rows], object), [r[2] for r in rows]
        )
        return (
            decode_states(contract, rows)
            .with_columns(pl.Series("entity", own, pl.String))
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


def _turned(facts: pl.DataFrame) -> pl.DataFrame:
    """Let what was be what is, and the other way."""
    turned = pl.when(fold.IS_PRESENT).then(pl.lit(fold.WAS)).otherwise(pl.lit(fold.IS))
    return facts.with_columns(turned.cast(fold.AS_OF).alias("as_of"))


def _is_before(then: dict[int, int]) -> pl.Expr:
    """Tell whether an event stands before a cut, given the cut's offset by partition."""
    position = pl.col("partition").replace_strict(then, default=0, return_dtype=pl.Int64)
    return pl.col("offset") < position
