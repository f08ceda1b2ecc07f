"""The hub's own facts and cells of the seeded events, and whether others find the same.

`load` puts events into a hub's log, as its gateway does; `results` reads what its store says;
`check` holds facts and cells in the columns of `bench.in_polars` against that.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from bench.in_polars import Frames
from bench.topic import SENDERS
from hub import registry
from hub.clock import system_clock
from hub.log.submitting import append_columns
from hub.opening import OpenHub
from hub.store.reading import dims_text
from hub.store.store import Store

Cells = Mapping[tuple[Any, ...], tuple[int, int]]


class DifferentError(RuntimeError):
    """What was computed is not what the hub says."""


@dataclass(frozen=True)
class Results:
    """What a store says: facts by contract, without those of which nothing is known; cells by set:
    (period, dimensions) -> (count, value)."""

    facts: Frames
    cells: Mapping[str, Cells]


def load(hub: OpenHub, parts: Iterable[tuple[str, pl.DataFrame]]) -> None:
    """Append events: contract check, encoding, log."""
    for name, frame in parts:
        append_columns(
            hub.log, registry.definitions().contract(name), SENDERS[name], frame, system_clock
        )


# Marks of requests and answers: no cell is made of them, and no other engine makes them here.
WAITS = "waits"


def results(store: Store) -> Results:
    """Read facts and cells."""
    facts = {}
    with store.reading() as reading:
        for name, fact in store.facts.items():
            types = {"text": pl.String, "integer": pl.Int64}
            schema = {"entity": pl.String, **{n: types[t] for n, t in fact.types.items()}}
            rows = reading.rows(f"SELECT {','.join(schema)} FROM {fact.table}")
            known = pl.DataFrame(rows, schema=schema, orient="row")
            is_known = pl.any_horizontal(pl.col(n).is_not_null() for n in fact.types)
            facts[name] = known.filter(is_known)
        cells = {
            name: {key: said[:2] for key, said in reading.cells(name).items()}
            for name in reading.cell_sets("")
        }
    return Results(facts, {name: found for name, found in cells.items() if found})


def check(who: str, facts: Frames, cells: Frames, hub: Results) -> None:
    """Raise `DifferentError` where facts or cells are not the hub's."""
    for name, frame in facts.items():
        own = hub.facts[name].sort("entity")
        own = own.select(
            c
            for c in own
            if c.name in frame.columns or (c.null_count() < len(c) and c.name != WAITS)
        )
        contract = registry.definitions().contract(name)
        keyed = frame if "entity" in frame.columns else frame.with_columns(entity=contract.entity)
        if not keyed.select(own.columns).sort("entity").equals(own):
            raise DifferentError(f"{who}: facts of {name} are not the hub's")
    found = {name: _by_key(frame) for name, frame in cells.items() if len(frame)}
    if found.keys() != hub.cells.keys():
        raise DifferentError(f"{who}: cells {sorted(found)} are not {sorted(hub.cells)}")
    for name, own_cells in hub.cells.items():
        if found[name] != own_cells:
            raise DifferentError(f"{who}: cells {name} are not the hub's")


def _by_key(frame: pl.DataFrame) -> dict[tuple[Any, ...], tuple[int, int]]:
    dims = [n for n in frame.columns if n not in ("period", "count", "value")]
    rows = frame.select("period", *dims, "count", "value").iter_rows()
    return {
        (period, dims_text(dict(zip(dims, rest[:-2], strict=True)))): (rest[-2], rest[-1])
        for period, *rest in rows
    }
