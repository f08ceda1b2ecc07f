"""Entities: what a batch of events changes of the things that they are about, step by step.

`find_change` is the list of the steps. None of them writes to the store; what they set aside is
collected in `SetAside`.
"""

import numpy as np
import polars as pl

from hub.apply import fold
from hub.apply.change import Change
from hub.apply.intake import Taken
from hub.apply.rows import (
    arrival_rows,
    cell_rows,
    count_classes,
    count_records,
    heard_each,
    heard_rows,
    lateness_rows,
    ledger_rows,
)
from hub.apply.set_aside import EVENTS_PER_ENTITY_MAX, SetAside, conflicts, too_large
from hub.apply.stored import IS_NEW, fact_rows, read_stored
from hub.definitions.contract import Contract
from hub.definitions.fact import Fact
from hub.store.reading import Reading

_TRAVEL = ("accepted_on", "sender", "partition", "offset")


def find_change(
    fact: Fact, contract: Contract, taken: Taken, reading: Reading, shard: int
) -> Change:
    """Work out what records change, reading only the entities that they touch."""
    set_aside = SetAside(contract, taken)
    entities, new = number_entities(contract, taken.frame)
    stored = read_stored(fact, contract, reading, entities)
    events = join_stored(contract, stored.events, new)
    events, repeats = part_repeats(contract, events)
    events, repeats, excess = bound_entities(contract, events, repeats)
    set_aside.repeat(repeats)
    set_aside.reject(too_large(contract, taken.records, excess))
    events = leave_untouched(entities, events).with_columns((~IS_NEW).alias("is_earlier"))
    events, facts = fold.fold_twice(fact, contract, events, entities["entity"])
    present = events.filter(fold.IS_PRESENT)
    arrived = present.filter(IS_NEW)
    present_facts = facts.filter(fold.IS_PRESENT)
    created, changed = fact_rows(fact, contract, taken, (present, present_facts), stored)
    heard = heard_each(contract, new, taken.records)
    records = set_aside.rows()
    return Change(
        ledger=ledger_rows(shard, count_classes(contract, events), count_records(records)),
        quarantine=set_aside.quarantine(),
        notices=set_aside.notices(also=conflicts(taken.records, arrived)),
        aside=records,
        created=created,
        changed=changed,
        cells=cell_rows(fact, facts, shard),
        arrivals=arrival_rows(contract, events, shard),
        lateness=lateness_rows(new, heard, arrived["row"], shard),
        heard=heard_rows(heard, shard),
        heard_each=heard,
    )


def number_entities(contract: Contract, records: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Number the entities that records are about; give them, and the records with their number."""
    new = records.with_columns(contract.entity.alias("entity"))
    entities = pl.DataFrame({"entity": new["entity"].unique(maintain_order=True)})
    entities = entities.with_row_index("entity_number").with_columns(
        pl.col("entity_number").cast(pl.Int64)
    )
    return entities, new.join(entities, on="entity", how="left", maintain_order="left")


def join_stored(contract: Contract, stored: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """Put new events behind the stored ones of their entities."""
    columns = ["entity_number", "row", *_TRAVEL, *(f.name for f in contract.fields)]
    return pl.concat([stored.select(columns), new.select(columns)])


def part_repeats(contract: Contract, events: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Part events from those that repeat an earlier one, content and all."""
    is_repeat = fold.find_repeats(contract, events, "entity_number")
    return events.filter(~is_repeat), events.filter(is_repeat)


def bound_entities(
    contract: Contract, events: pl.DataFrame, repeats: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Part from events and repeats those in excess of what an entity may have.

    What repeats an event that was not taken is not taken either.
    """
    counts = np.bincount(events["entity_number"].to_numpy())
    if not len(events) or counts.max() <= EVENTS_PER_ENTITY_MAX:
        return events, repeats, events.clear()
    place = events.select(pl.int_range(pl.len()).over("entity_number")).to_series()
    is_excess = place >= EVENTS_PER_ENTITY_MAX
    excess = events.filter(is_excess)
    same = ["entity_number", "sender", *(f.name for f in contract.fields)]
    again = repeats.join(excess, on=same, how="semi", nulls_equal=True)
    repeats = repeats.filter(~pl.col("row").is_in(again["row"].implode()))
    return events.filter(~is_excess), repeats, pl.concat([excess, again])


def leave_untouched(entities: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """Leave out the events of entities of which no record is a new event."""
    numbers = events["entity_number"]
    is_touched = np.zeros(len(entities), np.bool_)
    is_touched[numbers.filter(events.select(IS_NEW).to_series()).to_numpy()] = True
    return events.filter(is_touched[numbers.to_numpy()]).rechunk()
