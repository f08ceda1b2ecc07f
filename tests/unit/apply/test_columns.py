"""Columns of apply's own stand beside a contract's fields and a fact's columns, in one frame."""

from functools import cache

import polars as pl
import pytest

from hub import registry
from hub.apply import fold
from hub.apply.entities import join_stored, number_entities
from hub.apply.stored import IS_NEW

DEFINITIONS = registry.definitions()
TRAVEL = {"accepted_on": pl.Int64, "sender": pl.String, "partition": pl.Int64, "offset": pl.Int64}


@cache
def columns(name: str) -> tuple[frozenset[str], frozenset[str]]:
    """Name all columns that events and facts of a contract have on their way."""
    contract = DEFINITIONS.contracts[name]
    fields = {f.name: f.dtype for f in contract.fields}
    records = pl.DataFrame(schema={**fields, **TRAVEL, "row": pl.Int64})
    entities, new = number_entities(contract, records)
    events = join_stored(contract, new, new).with_columns((~IS_NEW).alias("is_earlier"))
    events, facts = fold.fold_twice(DEFINITIONS.facts[name], contract, events, entities["entity"])
    return frozenset(events.columns) | {"entity", "group"}, frozenset(facts.columns)


@pytest.mark.parametrize("name", sorted(DEFINITIONS.facts))
def test_no_field_and_no_column_of_a_fact_is_hidden_by_one_of_applys_own(name: str) -> None:
    """A field of such a name would be written over, and the figures be of something else."""
    others = [n for n in DEFINITIONS.facts if n != name]
    of_events, of_facts = set[str](), set[str]()
    for other in others:
        of_events |= columns(other)[0] - {f.name for f in DEFINITIONS.contracts[other].fields}
        of_facts |= columns(other)[1] - set(DEFINITIONS.facts[other].types)
    assert others
    assert {"as_of", "entity_number", "class", "sender"} <= of_events
    assert {"as_of", "entity_number", "is_disputed", "d0"} <= of_facts
    assert {f.name for f in DEFINITIONS.contracts[name].fields}.isdisjoint(of_events)
    assert set(DEFINITIONS.facts[name].types).isdisjoint(of_facts)
