"""Aliases: codes that are one thing, as its events say, late or early, in whatever order.

An event names another code of its thing (`Names.also`). Codes that are joined by such claims, over
any number of steps, are one: its events are those of all its codes, as if each had been sent under
the one that it goes by (`Names.rank`). Nothing of it is stored, as of flags (`hub.figures.flags`):
the tables hold each code by itself, whichever partition it lives in, and what they are together is
worked out wherever a figure is made. So it hangs on the set of events alone.

A claim of whole scope counts. That of a limited sender counts where it may speak for a unit that
the other code's own events name as receiver or resolver, or else it could take others' dossiers.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
import polars as pl

from hub.apply import fold
from hub.columns.frames import Standing
from hub.definitions.contract import Contract
from hub.definitions.fact import Fact
from hub.figures.altered import Altered
from hub.store.reading import Reading, Row
from hub.store.statements import place_since
from hub.store.states import decode_states
from hub.store.tables import LANES

KEPT = "aliases"  # among what readers keep for one another
CHANGED_MAX = 20_000  # so many events are gone through; of more, it is faster to look at all


@dataclass(frozen=True)
class Claim:
    """What an event says: that two codes are one; `counts` where its sender may say so."""

    code: str
    other: str
    sender: str
    event_id: str
    counts: bool


@dataclass(frozen=True)
class Merger:
    """Which codes are one, and what that changes.

    `names` gives the code that a thing goes by for each of its codes, `claims` why. `facts` are the
    facts of its codes each by itself (as they were) and of all of them together (as they are).
    """

    names: dict[str, str]
    claims: tuple[Claim, ...]
    facts: pl.DataFrame

    def codes(self, name: str) -> list[str]:
        """List the codes of the thing that a code is of."""
        known = self.names.get(name, name)
        return sorted({name, *(code for code, goes_by in self.names.items() if goes_by == known)})


def merge(
    reading: Reading,
    fact: Fact,
    contract: Contract,
    claimants: Collection[str],
    before: pl.Expr | None = None,
) -> Merger | None:
    """Find which codes are one, given those with claims; by the events of a condition, or all."""
    events = _events(reading, fact, contract, claimants, before)
    names = contract.spec.names
    if names is None or events.is_empty():
        return None
    told = set(events[names.also].drop_nulls()) - set(claimants)
    events = pl.concat([events, _events(reading, fact, contract, told, before)])
    codes = events["entity"].unique().sort()
    events = events.join(
        pl.DataFrame({"entity": codes, "number": pl.int_range(len(codes), eager=True)}),
        on="entity",
        how="left",
        maintain_order="left",
    )
    settled = _settled(contract, events)
    alone = _folded(fact, contract, settled, codes)
    claims = _claims(contract, settled, alone)
    goes_by = _joined([(c.code, c.other) for c in claims if c.counts], set(codes), names.rank)
    things = pl.DataFrame(
        [(c, goes_by[c]) for c in codes if c in goes_by],
        schema={"entity": pl.String, "goes_by": pl.String},
        orient="row",
    ).filter(pl.len().over("goes_by") > 1)
    parts = alone.join(things, on="entity", how="semi")
    merged = _together(fact, contract, events, things) if len(things) else parts.clear()
    both = [(parts, fold.WAS), (merged, fold.IS)]
    facts = [f.with_columns(pl.lit(name, fold.AS_OF).alias("as_of")) for f, name in both]
    return Merger(goes_by, claims, pl.concat(facts))


def _together(
    fact: Fact, contract: Contract, events: pl.DataFrame, things: pl.DataFrame
) -> pl.DataFrame:
    """Fold the events of several codes as if each had been sent under the one that they go by."""
    assert contract.spec.names is not None
    ones = things["goes_by"].unique().sort().alias("entity")
    numbered = pl.DataFrame({"goes_by": ones, "number": pl.int_range(len(ones), eager=True)})
    events = (
        events.drop("number")
        .join(things.join(numbered, on="goes_by"), on="entity")
        .with_columns(pl.col("goes_by").alias(contract.spec.names.field))
    )
    return _folded(fact, contract, _settled(contract, events), ones)


def _events(
    reading: Reading,
    fact: Fact,
    contract: Contract,
    codes: Collection[str],
    before: pl.Expr | None,
) -> pl.DataFrame:
    """Read the stored events of codes, each with its code as `entity`."""
    rows = reading.states(fact, sorted(codes)) if codes else []
    names = np.repeat(np.array([r[0] for r in rows], object), [r[2] for r in rows])
    events = decode_states(contract, rows).with_columns(
        pl.Series("entity", names.tolist(), pl.String)
    )
    return events if before is None else events.filter(before)


def _settled(contract: Contract, events: pl.DataFrame) -> pl.DataFrame:
    return fold.settle(contract, fold.digest_contents(contract, events, "number"), "number")


def _folded(
    fact: Fact, contract: Contract, settled: pl.DataFrame, names: pl.Series
) -> pl.DataFrame:
    facts = fold.fold(fact, contract, settled, "number", len(names))
    facts = facts.with_columns(names.alias("entity"))
    return fold.digest_facts(fact, facts).select(columns(fact))


def columns(fact: Fact) -> list[str]:
    """Name the columns of a fact that changes have, but for `as_of`."""
    return ["entity", "is_disputed", "held", *fact.types, *LANES]


@cache  # most snapshots are asked for it by every sum
def nothing(fact: Fact) -> pl.DataFrame:
    """Give changes in which nothing differs."""
    types = {"text": pl.String(), "integer": pl.Int64()}
    schema = {n: types[fact.types.get(n, "integer")] for n in columns(fact)}
    return pl.DataFrame(schema={**schema, "entity": pl.String(), "as_of": fold.AS_OF})


def _claims(contract: Contract, settled: pl.DataFrame, alone: pl.DataFrame) -> tuple[Claim, ...]:
    """List the claims of live events, and whether each counts."""
    spec = contract.spec
    assert spec.names is not None
    units = {
        code: {u for u in named if u is not None}
        for code, *named in alone.select("entity", *spec.units).rows()
    }
    live = settled.filter(pl.col("is_live") & pl.col(spec.names.also).is_not_null())
    stamp = pl.lit(None, pl.String) if spec.stamp is None else pl.col(spec.stamp)
    rows = live.select("entity", spec.names.also, "sender", "event_id", stamp.alias("~stamp"))
    return tuple(
        Claim(
            code,
            other,
            sender,
            event_id,
            may_speak is None or not units.get(other, set()).isdisjoint(may_speak.split(",")),
        )
        for code, other, sender, event_id, may_speak in rows.sort(
            "entity", "sender", "event_id"
        ).rows()
    )


def _joined(
    pairs: Iterable[tuple[str, str]], known: set[str], rank: Callable[[str], tuple[int, str]]
) -> dict[str, str]:
    """Give, for each code that a pair has, the one that its thing goes by.

    That is the least by rank of those of which anything is known.
    """
    groups: dict[str, set[str]] = {}
    for pair in pairs:
        one = set().union(*(groups.get(code, {code}) for code in pair))
        for code in one:
            groups[code] = one
    return {c: min(one & known or one, key=rank) for c, one in groups.items()}


def claimants(reading: Reading, fact: Fact, contract: Contract) -> list[str]:
    """List the codes whose events now claim to be another's, too."""
    names = contract.spec.names
    if names is None:
        return []
    facts = reading.facts(fact, ["entity"], f"{names.also} IS NOT NULL")
    return facts["entity"].sort().to_list()


class Looked(NamedTuple):
    """What was worked out: where the tables stood, which codes were looked at, in which state.

    Nothing else is another one before one of these codes changes, or another one claims something.
    """

    standing: Standing | None
    codes: frozenset[str]
    state: list[Row]
    merger: Merger | None


class Aliased(Altered):
    """A snapshot in which codes that are one thing are one."""

    def __init__(self, reading: Reading) -> None:
        super().__init__(reading)
        self._mergers: dict[str, Merger | None] = {}
        self._states: dict[str, list[Row]] = {}

    def changes(self, fact: Fact) -> pl.DataFrame:
        """See `Altered.changes`."""
        merger = self.merger(fact)
        return nothing(fact) if merger is None else merger.facts

    def merger(self, fact: Fact) -> Merger | None:
        """Tell which codes are one; None where none claims to be another."""
        if fact.contract not in self._mergers:
            self._mergers[fact.contract] = self._find(fact)
        return self._mergers[fact.contract]

    def _find(self, fact: Fact) -> Merger | None:
        """Take what was worked out of the same codes in the same state, or work it out."""
        contract = self.definitions.contracts[fact.contract]
        if contract.spec.names is None:
            return None
        kept: dict[str, Looked] = self.kept.setdefault(KEPT, {})
        known = kept.get(fact.contract)
        tables = self.raw.tables(fact) if type(self.raw) is Reading and self.columns else None
        standing = tables.standing if tables is not None else None
        if known is None or not self._is_as_known(fact, known, standing):
            known = self._looked(fact, contract, known)
        kept[fact.contract] = known = known._replace(standing=standing)
        self._states[fact.contract] = known.state
        return known.merger

    def _is_as_known(self, fact: Fact, known: Looked, standing: Standing | None) -> bool:
        """Tell by the facts that changed since alone that nothing became of what codes are one."""
        then, names = known.standing, self.definitions.contracts[fact.contract].spec.names
        if then is None or standing is None or names is None or not standing.reaches(then):
            return False
        if sum(standing.positions.values()) - sum(then.positions.values()) > CHANGED_MAX:
            return False
        looked_at, values = self.raw.among("entity", sorted(known.codes))
        return not self.raw.rows(
            f"SELECT 1 FROM {fact.table} WHERE ({place_since(then.positions)})"
            f" AND ({names.also} IS NOT NULL OR {looked_at}) LIMIT 1",
            **values,
        )

    def _looked(self, fact: Fact, contract: Contract, known: Looked | None) -> Looked:
        claiming = claimants(self.raw, fact, contract)
        if not claiming:
            return Looked(None, frozenset(), [], None)
        if known is not None and known.codes.issuperset(claiming):
            state = self._state(fact, sorted(known.codes))
            if state == known.state:
                return known
        merger = merge(self.raw, fact, contract, claiming)
        named = set() if merger is None else {c for m in merger.claims for c in (m.code, m.other)}
        codes = frozenset({*claiming, *named})
        return Looked(None, codes, self._state(fact, sorted(codes)), merger)

    def signature(self, fact: Fact) -> str:
        """Tell apart what the codes that are one have come to; empty where none is another."""
        if self.merger(fact) is None:
            return ""
        said = repr(self._states[fact.contract])
        return hashlib.blake2b(said.encode(), digest_size=8).hexdigest()

    def _state(self, fact: Fact, codes: list[str]) -> list[Row]:
        """Tell apart what codes have come to."""
        rows = self.raw.fact_values(fact, ["version", *LANES], codes)
        return [(str(self.build()),), *sorted(rows)]

    def states(self, fact: Fact, entities: list[str]) -> list[Row]:
        """See `Reading.states`; of what goes by several codes, the events of all of them."""
        merger = self.merger(fact)
        if merger is None:
            return super().states(fact, entities)
        codes = {code: name for name in entities for code in merger.codes(name)}
        joined: dict[str, Row] = {}
        for entity, *state in super().states(fact, sorted(codes)):
            name = codes[entity]
            before = joined.get(name, (name, 0, 0, b""))
            joined[name] = (name, *(a + b for a, b in zip(before[1:], state, strict=True)))
        return list(joined.values())
