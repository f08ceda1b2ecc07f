"""What is stored of an entity: its fact and its events, as they are read and written."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from hub.apply import fold
from hub.apply.intake import Taken
from hub.clock import day_of
from hub.definitions import avro, revisions
from hub.definitions.contract import Contract
from hub.definitions.fact import Fact
from hub.log import pieces
from hub.log.slices import Ints
from hub.store.reading import Reading, Row
from hub.store.states import decode_states, state_head
from hub.store.tables import LANES

# A stored event has no row among the records of a batch.
_NO_ROW = -1
IS_NEW = pl.col("row") != _NO_ROW


@dataclass(frozen=True)
class Stored:
    """What the store holds of entities.

    `facts` has a row an entity that it knows: `entity_number`, `version`, how many `events` it has,
    and at which `place` of `states` their bytes are. `events` are those events, decoded, each with
    its `entity_number` and a `row` that says that it is not new.
    """

    facts: pl.DataFrame
    states: list[bytes]
    events: pl.DataFrame


def read_stored(fact: Fact, contract: Contract, reading: Reading, entities: pl.DataFrame) -> Stored:
    """Read what the store holds of entities, which have their `entity_number`."""
    rows = reading.states(fact, entities["entity"].to_list())
    facts = (
        pl.DataFrame(
            [r[:3] for r in rows],
            schema={"entity": pl.String, "version": pl.Int64, "events": pl.Int64},
            orient="row",
        )
        .join(entities, on="entity", how="left", maintain_order="left")
        .with_row_index("place")
    )
    numbers = np.repeat(facts["entity_number"].to_numpy(), facts["events"].to_numpy())
    events = decode_states(contract, rows).with_columns(
        pl.Series("entity_number", numbers, pl.Int64), pl.lit(_NO_ROW, pl.Int64).alias("row")
    )
    return Stored(facts, [r[3] for r in rows], events)


def settle_stored(contract: Contract, rows: list[Row]) -> pl.DataFrame:
    """Settle the events of rows (entity, version, events, state); adds `entity`.

    Events of several codes of one thing are settled as if sent under the one of their row; the
    code that each was sent under is then `sent_under`.
    """
    names = np.repeat(np.array([r[0] for r in rows], object), [r[2] for r in rows])
    events = decode_states(contract, rows).with_columns(pl.Series("entity", names, pl.String))
    if contract.spec.names is not None:
        field = contract.spec.names.field
        events = events.with_columns(
            pl.col(field).alias("sent_under"), pl.col("entity").alias(field)
        )
    return fold.settle(contract, fold.digest_contents(contract, events, "entity"), "entity")


def fact_rows(
    fact: Fact,
    contract: Contract,
    taken: Taken,
    present: tuple[pl.DataFrame, pl.DataFrame],
    stored: Stored,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Make the rows to insert and to update: facts, with the new events appended to the stored.

    `present` are events and facts of entities as they are, each with a new event at least; `stored`
    is what was known of some of them.
    """
    events, facts = present
    parts = [facts.sort("entity_number"), _places(events), _fresh_states(contract, taken, events)]
    rows = pl.concat(parts, how="horizontal")
    columns = ["is_disputed", "held", *LANES, *fact.types, "log_partition", "log_offset"]
    is_known = pl.col("entity_number").is_in(stored.facts["entity_number"].implode())
    created = rows.filter(~is_known).select(
        "entity",
        pl.lit(1, pl.Int64).alias("version"),
        pl.col("fresh").alias("events"),
        *columns,
        "state",
    )
    # In the order of their keys: next to each other in the database's index, too.
    created = created.sort("entity")
    known = rows.filter(is_known).join(
        stored.facts.select("entity_number", "version", "events", "place"),
        on="entity_number",
        how="left",
        maintain_order="left",
    )
    states = [
        stored.states[place] + state
        for place, state in zip(known["place"], known["state"], strict=True)
    ]
    changed = known.select(
        "entity",
        pl.col("version") + 1,
        pl.col("events") + pl.col("fresh"),
        *columns,
        pl.Series("state", states, pl.Binary),
    )
    return created, changed


def _places(events: pl.DataFrame) -> pl.DataFrame:
    """Say where in the log the latest of an entity's events stands, in the order of their numbers.

    An entity whose events are in several partitions has no such place: partition -1.
    """
    several = pl.col("partition").min() != pl.col("partition").max()
    return (
        events.group_by("entity_number")
        .agg(
            pl.when(several).then(-1).otherwise(pl.col("partition").max()).alias("log_partition"),
            pl.col("offset").max().alias("log_offset"),
        )
        .sort("entity_number")
        .drop("entity_number")
    )


def _fresh_states(contract: Contract, taken: Taken, events: pl.DataFrame) -> pl.DataFrame:
    """Give, per entity in the order of their numbers, how many events are new and their bytes."""
    fresh = events.filter(IS_NEW).select("entity_number", "row").sort("entity_number", "row")
    datums = _stored_bytes(contract, taken, fresh["row"].to_numpy())
    firsts = np.flatnonzero(np.diff(fresh["entity_number"].to_numpy(), prepend=-1))
    return pl.DataFrame(
        {
            "fresh": np.diff(firsts, append=len(fresh)),
            "state": pieces.join_runs(datums, firsts),
        },
        schema={"fresh": pl.Int64, "state": pl.Binary},
    )


def _stored_bytes(contract: Contract, taken: Taken, rows: Ints) -> pieces.Pieces:
    """Give the stored form of new events: acceptance day, sender, place, the event's datum."""
    latest = revisions.latest(contract.name)
    records = taken.records
    # Records of one origin stand in one slice, and a slice in one partition.
    partitions = np.zeros(len(records.origins), np.int64)
    partitions[records.origin] = records.partition
    heads = [
        state_head(day_of(o.accepted_at), o.sender, p)
        for o, p in zip(records.origins, partitions.tolist(), strict=True)
    ]
    if taken.is_shortest and (records.schema_ids == latest.schema_id).all():
        datums = pieces.cut(records.payload, records.ends).take(rows)
    else:
        names = [f.name for f in contract.fields]
        place = np.searchsorted(taken.frame["row"].to_numpy(), rows)
        datums = pieces.cut(*avro.encode_columns(latest.plain, taken.frame[place].select(names)))
    return pieces.join_each(
        pieces.listed(heads).take(records.origin[rows]),
        pieces.cut(*avro.longs_bytes(records.offsets[rows])),
        datums,
    )
