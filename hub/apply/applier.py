"""Apply: a batch of events changes facts, cells, ledger and position in one transaction.

Nothing else ever writes a figure. What a batch does: decode in columns, join the stored events of
the touched entities, drop repeats, fold each entity as it was and as it is, and add the difference
to the cells.
"""

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from hub.apply import fold, intake
from hub.apply.intake import Rejected, Taken
from hub.apply.lateness import bucket_expr
from hub.clock import Clock, day_of, to_us
from hub.definitions import avro, revisions
from hub.definitions.contract import Contract
from hub.definitions.fact import Fact, day_expr, iso_day_expr
from hub.definitions.own.control import CONTROL, flaw
from hub.definitions.own.rejection import REJECTION
from hub.log import pieces
from hub.log.slices import Ints, Joined, Slice, join
from hub.store.states import decode_states, state_head
from hub.store.store import FencedError, Reading, Store, VersionMismatchError
from hub.store.tables import LANES

EVENTS_PER_ENTITY_MAX = 1_000
TOO_LARGE = "entity_too_large"
RETRIES_MAX = 5
_TRAVEL = ("accepted_on", "sender", "partition", "offset")


@dataclass
class Change:
    """What a batch changes, ready to be written: frames with the columns of the tables.

    `created` and `changed` are facts; `notices` tells others of what was set aside. `aside` and
    `heard_each` say, record by record, what a past cut cannot be folded from.
    """

    ledger: pl.DataFrame
    quarantine: pl.DataFrame
    notices: pl.DataFrame
    aside: pl.DataFrame
    created: pl.DataFrame | None = None
    changed: pl.DataFrame | None = None
    cells: pl.DataFrame | None = None
    arrivals: pl.DataFrame | None = None
    lateness: pl.DataFrame | None = None
    heard: pl.DataFrame | None = None
    heard_each: pl.DataFrame | None = None
    closings: pl.DataFrame | None = None


class Applier:
    """Applies a log to the store, one topic's slices at a time.

    `has_listeners`: somebody publishes notices of what was set aside, so they are to be left.
    """

    def __init__(
        self,
        store: Store,
        identity: Callable[[str], str],
        clock: Clock,
        *,
        has_listeners: bool = False,
    ) -> None:
        self._store = store
        self._identity = identity
        self._clock = clock
        self._has_listeners = has_listeners

    def apply(self, contract: Contract, slices: Sequence[Slice], shard: int = 0) -> None:
        """Apply slices of one topic, of one partition or several, from their positions on.

        Cells are added to in a `shard`: any number; who has one of their own waits for nobody.

        Raises `FencedError` where somebody else has moved a position, `DefinitionChangedError`
        where the store's figures follow other definitions, `StoreUnavailableError`.
        """
        # A batch makes hundreds of thousands of rows that all live until it is written: collecting
        # garbage among them finds none, and took an eighth of the time.
        gc.disable()
        try:
            for attempt in range(RETRIES_MAX):
                try:
                    self._apply_once(contract, slices, shard)
                except VersionMismatchError:
                    if attempt == RETRIES_MAX - 1:
                        raise
                else:
                    return
        finally:
            gc.enable()

    def _apply_once(self, contract: Contract, slices: Sequence[Slice], shard: int) -> None:
        fact = self._store.facts.get(contract.name)
        build, change = self._find(fact, contract, slices, shard)
        log = self._identity(contract.topic)
        with self._store.writing() as writing:
            at = writing.instant(to_us(self._clock()))
            spans = _spans(slices)
            followings = {partition: following for partition, (_, following) in spans.items()}
            writing.swap_positions(log, contract.topic, spans, at)
            writing.keep_cut(log, contract.topic, followings, at, change.aside, change.heard_each)
            writing.check_build(build)
            if fact is not None:
                writing.check_definition(fact)
                writing.write_facts(fact, change.created, change.changed)
                writing.write_cells(fact, change.cells)
            writing.add_ledger(change.ledger)
            writing.add_arrivals(change.arrivals)
            writing.add_lateness(change.lateness)
            writing.hear(change.heard)
            writing.quarantine(change.quarantine)
            writing.close_periods(change.closings)
            if self._has_listeners:
                writing.notify(change.notices)

    def _find(
        self, fact: Fact | None, contract: Contract, slices: Sequence[Slice], shard: int
    ) -> tuple[str | None, Change]:
        """Work out what slices change; what that took of memory is free again when it is written.

        Gives the name of the set of tables that was read, too.
        """
        taken = intake.take(contract, join(list(slices)))
        with self._store.reading() as reading:
            build = reading.build()
            if contract.name == CONTROL.name:
                return build, find_closings(contract, taken, reading, shard)
            if fact is None:
                return build, find_rejections(contract, taken, reading, shard)
            return build, find_change(fact, contract, taken, reading, shard)


def _spans(slices: Sequence[Slice]) -> dict[int, tuple[int, int]]:
    """Give per partition what its slices span: the first offset, and the one after the last.

    Raises `FencedError` where one does not follow the other: then something between them is gone.
    """
    found: dict[int, tuple[int, int]] = {}
    for s in slices:
        first, following = found.get(s.partition, (s.first, s.first))
        if s.first != following:
            raise FencedError(f"{s.topic}/{s.partition}: {s.first} does not follow {following}")
        found[s.partition] = first, s.following
    return found


def find_change(
    fact: Fact, contract: Contract, taken: Taken, reading: Reading, shard: int
) -> Change:
    """Work out what records change, reading only the entities that they touch."""
    new = taken.frame.with_columns(contract.entity.alias("entity"))
    entities = new["entity"].unique(maintain_order=True)
    known = reading.states(fact, entities.to_list())
    numbers = pl.DataFrame({"entity": entities}).with_row_index("g")
    numbers = numbers.with_columns(pl.col("g").cast(pl.Int64))
    new = new.join(numbers, on="entity", how="left", maintain_order="left")
    kept = pl.DataFrame(
        [r[:3] for r in known],
        schema={"entity": pl.String, "version": pl.Int64, "events": pl.Int64},
        orient="row",
    ).join(numbers, on="entity", how="left", maintain_order="left")
    kept = kept.with_row_index("place")
    times = kept["events"].to_numpy()
    prior = decode_states(contract, known).with_columns(
        pl.Series("g", np.repeat(kept["g"].to_numpy(), times), pl.Int64),
        pl.lit(-1, pl.Int64).alias("row"),
    )
    columns = ["g", "row", *_TRAVEL, *(f.name for f in contract.fields)]
    events = pl.concat([prior.select(columns), new.select(columns)])
    repeats = fold.find_repeats(contract, events, "g")
    repeated, events = events.filter(repeats), events.filter(~repeats)
    events, overflow = _bound(events)
    if len(overflow):
        # What repeats an event that was not taken is not taken either.
        same = ["g", "sender", *(f.name for f in contract.fields)]
        again = repeated.join(overflow, on=same, how="semi", nulls_equal=True)
        repeated = repeated.filter(~pl.col("row").is_in(again["row"].implode()))
        overflow = pl.concat([overflow, again])
    set_aside = [*taken.rejected, *_too_large(contract, taken.records, overflow)]
    is_touched = np.zeros(len(entities), np.bool_)
    is_touched[events.filter(pl.col("row") >= 0)["g"].to_numpy()] = True
    events = events.filter(is_touched[events["g"].to_numpy()]).rechunk()
    kept = kept.filter(is_touched[kept["g"].to_numpy()])

    events = events.with_columns((pl.col("row") < 0).alias("is_earlier"))
    events, facts = fold.fold_twice(fact, contract, events, entities)
    is_new = pl.col("g") % 2 == 1
    heard = _heard_each(contract, new, taken.records)
    fresh = _fresh_states(contract, taken, new, events.filter(is_new))
    present = facts.filter(is_new).sort("g")
    present = pl.concat([present, _places(events.filter(is_new))], how="horizontal")
    created, changed = _fact_rows(fact, present, fresh, kept, [r[3] for r in known])
    return Change(
        ledger=_ledger(
            contract.name,
            shard,
            _count(repeated.with_columns(pl.lit("duplicate").alias("class"))),
            count_classes(events),
            _count_rejected(set_aside),
        ),
        quarantine=_quarantine_rows(contract, set_aside),
        notices=_notices(contract, [*set_aside, *_conflicts(taken, events.filter(is_new))]),
        aside=_aside(
            repeated.select(
                "partition",
                "offset",
                pl.lit(contract.name).alias("contract"),
                "sender",
                pl.col("accepted_on").alias("day"),
                pl.lit("duplicate").alias("class"),
            ),
            contract,
            set_aside,
        ),
        created=created,
        changed=changed,
        cells=cell_rows(fact, facts, shard),
        arrivals=arrival_rows(contract, events, shard),
        lateness=_lateness_rows(new, heard, events, shard),
        heard=heard.group_by("contract", "sender")
        .agg(pl.col("accepted_at", "horizon").max())
        .with_columns(pl.lit(shard, pl.Int64).alias("shard"))
        .sort("sender"),
        heard_each=heard,
    )


def _places(events: pl.DataFrame) -> pl.DataFrame:
    """Say where in the log the latest of an entity's events stands, in the order of the groups.

    An entity whose events are in several partitions has no such place: partition -1.
    """
    several = pl.col("partition").min() != pl.col("partition").max()
    return (
        events.group_by("g")
        .agg(
            pl.when(several).then(-1).otherwise(pl.col("partition").max()).alias("log_partition"),
            pl.col("offset").max().alias("log_offset"),
        )
        .sort("g")
        .drop("g")
    )


def _bound(events: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Set aside new events of an entity that already has as many as it may have."""
    if not len(events) or np.bincount(events["g"].to_numpy()).max() <= EVENTS_PER_ENTITY_MAX:
        return events, events.clear()
    place = events.select(pl.int_range(pl.len()).over("g")).to_series()
    return events.filter(place < EVENTS_PER_ENTITY_MAX), events.filter(
        place >= EVENTS_PER_ENTITY_MAX
    )


def _count(events: pl.DataFrame) -> pl.DataFrame:
    keys = ("sender", pl.col("accepted_on").alias("day"), "class")
    return events.group_by(*keys).agg(pl.len().cast(pl.Int64).alias("count"))


def count_classes(events: pl.DataFrame) -> pl.DataFrame:
    """Count judged events of both foldings by sender, day of acceptance and class."""
    keys = ("sender", pl.col("accepted_on").alias("day"), "class")
    return events.group_by(*keys).agg(sign_of_group().sum().alias("count"))


def _ledger(contract: str, shard: int, *counted: pl.DataFrame) -> pl.DataFrame:
    keys = ["contract", "sender", "day", "class", "shard"]
    summed = pl.concat(counted).with_columns(
        pl.lit(contract).alias("contract"), pl.lit(shard, pl.Int64).alias("shard")
    )
    summed = summed.group_by(keys).agg(pl.col("count").sum()).filter(pl.col("count") != 0)
    return summed.sort(keys)


def _count_rejected(rejected: Sequence[Rejected]) -> pl.DataFrame:
    rows = [(r.origin.sender, r.accepted_on, "quarantined") for r in rejected]
    schema = {"sender": pl.String, "accepted_on": pl.Int64, "class": pl.String}
    return _count(pl.DataFrame(rows, schema=schema, orient="row"))


_ASIDE = ["partition", "offset", "contract", "sender", "day", "class"]


def _aside(
    repeated: pl.DataFrame, contract: Contract, rejected: Sequence[Rejected]
) -> pl.DataFrame:
    """List records that leave no trace in any entity's events: the columns `_ASIDE`."""
    rows = [
        (r.partition, r.offset, contract.name, r.origin.sender, r.accepted_on, "quarantined")
        for r in rejected
    ]
    return pl.concat([repeated, pl.DataFrame(rows, schema=repeated.schema, orient="row")])


def sign_of_group() -> pl.Expr:
    """Give 1 for an entity as it is, -1 for it as it was."""
    return pl.when(pl.col("g") % 2 == 1).then(1).otherwise(-1).cast(pl.Int64)


_CELLS = {
    **dict.fromkeys(("cell_set", "period", "dims"), pl.String),
    **dict.fromkeys(("shard", "count", "value", "disputed", *LANES), pl.Int64),
}


def cell_rows(fact: Fact, facts: pl.DataFrame, shard: int) -> pl.DataFrame:
    """Sum facts as they are less facts as they were (`fold_twice`) into rows of cells."""
    signed = facts.with_columns(sign_of_group().alias("sign"))
    sums = ["count", "value", "disputed", *LANES]
    frames = [pl.DataFrame(schema=_CELLS)]
    kept = [m for m in fact.measures if m.sets]
    counts = signed.select(pl.sql_expr(m.where).alias(m.name) for m in kept)
    for measure in kept:
        if not counts[measure.name].any():
            continue  # in a transaction of a few events that is most of them
        value = pl.lit(0, pl.Int64) if measure.is_recomputed else pl.sql_expr(measure.value)
        # What is taken anew over the facts belongs to no shard.
        own = 0 if measure.is_recomputed else shard
        counted = signed.filter(counts[measure.name]).select(
            *(pl.col(d).alias(f"~{d}") for d in sorted({d for ds in measure.sets for d in ds})),
            day_expr(measure.when).alias("period"),
            pl.col("sign").alias("count"),
            (value.cast(pl.Int64) * pl.col("sign")).alias("value"),
            (pl.col("is_disputed") * pl.col("sign")).alias("disputed"),
            *((pl.col(lane) * pl.col("sign")).alias(lane) for lane in LANES),
        )
        for dims in measure.sets:
            names = [f"~{d}" for d in dims]
            cells = counted.group_by("period", *names).agg(pl.col(sums).sum())
            key = [pl.format(f"{d}={{}}", pl.col(f"~{d}").fill_null("")) for d in dims]
            cells = cells.filter(pl.any_horizontal(pl.col(sums) != 0)).select(
                pl.lit(measure.cell_set(dims)).alias("cell_set"),
                iso_day_expr("period"),
                (pl.concat_str(key, separator=",") if key else pl.lit("")).alias("dims"),
                pl.lit(own, pl.Int64).alias("shard"),
                *sums,
            )
            frames.append(cells)
    # In key order the database's pages are written once each, and no two writers wait in a circle.
    return pl.concat(frames).sort("cell_set", "period", "dims", "shard")


def arrival_rows(contract: Contract, events: pl.DataFrame, shard: int) -> pl.DataFrame:
    """Count distinct events, of both foldings, by the day on which they happened."""
    return (
        events.filter(~pl.col("is_loser"))
        .with_columns(contract.occurred.alias("~occurred"))
        .group_by("sender", day_expr("~occurred").alias("day"))
        .agg(sign_of_group().sum().alias("count"))
        .filter(pl.col("count") != 0)
        .select(
            pl.lit(contract.name).alias("contract"),
            "sender",
            "day",
            pl.lit(shard, pl.Int64).alias("shard"),
            "count",
        )
        .sort("sender", "day")
    )


def _heard_each(contract: Contract, new: pl.DataFrame, records: Joined) -> pl.DataFrame:
    """Say of each record who was heard, when it was accepted and what instant it speaks of."""
    accepted = np.array([o.accepted_at for o in records.origins], np.int64)
    at = accepted[records.origin[new["row"].to_numpy()]]
    return new.select(
        "partition",
        "offset",
        pl.lit(contract.name).alias("contract"),
        "sender",
        pl.Series("accepted_at", at, pl.Int64),
        contract.occurred.alias("horizon"),
    )


def _lateness_rows(
    new: pl.DataFrame, heard: pl.DataFrame, events: pl.DataFrame, shard: int
) -> pl.DataFrame:
    """Count new distinct events by how late they came."""
    taken = events.filter((pl.col("row") >= 0) & (pl.col("g") % 2 == 1))["row"]
    late = heard.with_columns(new["row"], new["accepted_on"].alias("day"))
    late = late.filter(pl.col("row").is_in(taken.implode()))
    lateness = bucket_expr(pl.col("accepted_at") - pl.col("horizon"))
    keys = ["contract", "sender", "day", "bucket"]
    counted = late.with_columns(lateness.alias("bucket")).group_by(keys)
    return (
        counted.agg(pl.len().cast(pl.Int64).alias("count"))
        .with_columns(pl.lit(shard, pl.Int64).alias("shard"))
        .sort(keys)
    )


def _fact_rows(
    fact: Fact,
    facts: pl.DataFrame,
    fresh: tuple[Ints, pl.Series],
    kept: pl.DataFrame,
    old_states: list[bytes],
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Make the rows to insert and to update: facts, with the new stored events appended.

    `facts` are the facts as they are, with `entity`, in the order of their group; `fresh` gives,
    per group in that order, how many events are new and their stored bytes; `kept` what was stored
    of some of them, with the `place` of its bytes in `old_states`.
    """
    sizes, states = fresh
    tail = ["is_disputed", *LANES, *fact.types, "log_partition", "log_offset"]
    frame = facts.with_columns(pl.Series("fresh", sizes, pl.Int64), states.alias("state"))
    frame = frame.with_columns((pl.col("g") // 2).alias("g"))
    is_known = pl.col("g").is_in(kept["g"].implode())
    created = frame.filter(~is_known).select(
        "entity",
        pl.lit(1, pl.Int64).alias("version"),
        pl.col("fresh").alias("events"),
        *tail,
        "state",
    )
    # In the order of their keys: next to each other in the database's index, too.
    created = created.sort("entity")
    old = frame.filter(is_known).join(
        kept.select("g", "version", "events", "place"),
        on="g",
        how="left",
        maintain_order="left",
    )
    joined = [
        old_states[place] + state for place, state in zip(old["place"], old["state"], strict=True)
    ]
    changed = old.select(
        "entity",
        pl.col("version") + 1,
        pl.col("events") + pl.col("fresh"),
        *tail,
        pl.Series("state", joined, pl.Binary),
    )
    return created, changed


def _fresh_states(
    contract: Contract, taken: Taken, new: pl.DataFrame, events: pl.DataFrame
) -> tuple[Ints, pl.Series]:
    """Give, per touched entity in order, how many events are new and their stored bytes."""
    fresh = events.filter(pl.col("row") >= 0).sort("g", "row").select("g", "row")
    stored = _stored_bytes(contract, taken, new, fresh["row"].to_numpy())
    firsts = np.flatnonzero(np.diff(fresh["g"].to_numpy(), prepend=-1))
    return np.diff(firsts, append=len(fresh)), pieces.join_runs(stored, firsts)


def _stored_bytes(contract: Contract, taken: Taken, new: pl.DataFrame, rows: Ints) -> pieces.Pieces:
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
        place = np.searchsorted(new["row"].to_numpy(), rows)
        datums = pieces.cut(*avro.encode_columns(latest.plain, new[place].select(names)))
    return pieces.join_each(
        pieces.listed(heads).take(records.origin[rows]),
        pieces.cut(*avro.longs_bytes(records.offsets[rows])),
        datums,
    )


def _classed(taken: Taken, known: list[str], name: str) -> pl.DataFrame:
    """Add to records of a topic without facts their class: `name`, or a repeat of a known id."""
    is_first = pl.col("event_id").is_first_distinct() & ~pl.col("event_id").is_in(known)
    return taken.frame.with_columns(
        pl.when(is_first).then(pl.lit(name)).otherwise(pl.lit("duplicate")).alias("class"),
    )


def find_closings(contract: Contract, taken: Taken, reading: Reading, shard: int) -> Change:
    """Turn records of the control topic into rows of closed periods; the first of an id counts."""
    flaws = [flaw(row) for row in taken.frame.iter_rows(named=True)]
    is_whole = pl.Series([name is None for name in flaws], dtype=pl.Boolean)
    broken = [
        _malformed(taken.records, int(row), name)
        for row, name in zip(taken.frame["row"], flaws, strict=True)
        if name is not None
    ]
    rejected = [*taken.rejected, *broken]
    taken.frame = taken.frame.filter(is_whole)
    rows = _classed(taken, [r[0] for r in reading.closings()], "applied")
    names = ("event_id", "sender", "period", "closed_at", "closed_by", "cut", "figures", "silent")
    counted = rows.with_columns(
        pl.lit(contract.name).alias("contract"), pl.col("accepted_on").alias("day")
    )
    return Change(
        ledger=_ledger(contract.name, shard, _count(rows), _count_rejected(rejected)),
        quarantine=_quarantine_rows(contract, rejected),
        notices=_notices(contract, rejected),
        aside=_aside(counted.select(_ASIDE), contract, rejected),
        closings=rows.filter(pl.col("class") == "applied").select(
            *names, "digest", pl.col("offset").alias("log_offset")
        ),
    )


def _malformed(records: Joined, row: int, name: str) -> Rejected:
    vi = f"{name}: không đọc được; chỉ `hub period close` ghi sự kiện này"
    en = f"{name}: cannot be read; only `hub period close` writes such events"
    origin = records.origins[int(records.origin[row])]
    place = (int(records.partition[row]), int(records.offsets[row]))
    return Rejected(*place, origin, "malformed", name, "", vi, en, intake.original(records, row))


def find_rejections(contract: Contract, taken: Taken, reading: Reading, shard: int) -> Change:
    """Turn records of the quarantine topic into rows of its table; repeats are counted as such."""
    known = reading.quarantined(taken.frame["event_id"].to_list())
    names = ("contract", "rejected_at", "index", "rule", "field", "value", "message_vi")
    rows = _classed(taken, known, "quarantined").select(
        "event_id", "sender", *names, "message_en", "original", "accepted_on", "class"
    )
    ledgers = [
        _ledger(str(name), shard, _count(group)) for (name,), group in rows.group_by("contract")
    ]
    ledgers.append(_ledger(contract.name, shard, _count_rejected(taken.rejected)))
    counted = rows.select(
        taken.frame["partition"],
        taken.frame["offset"],
        "contract",
        "sender",
        pl.col("accepted_on").alias("day"),
        "class",
    )
    fresh = rows.filter(pl.col("class") == "quarantined").drop("class", "accepted_on")
    return Change(
        ledger=pl.concat(ledgers),
        quarantine=pl.concat([fresh, _quarantine_rows(contract, taken.rejected)]),
        notices=_notices(contract, taken.rejected),
        aside=_aside(counted, contract, taken.rejected),
    )


_QUARANTINE: dict[str, Any] = {
    "event_id": pl.String,
    "sender": pl.String,
    "contract": pl.String,
    "rejected_at": pl.Int64,
    "index": pl.Int64,
    "rule": pl.String,
    "field": pl.String,
    "value": pl.String,
    "message_vi": pl.String,
    "message_en": pl.String,
    "original": pl.String,
}


def _quarantine_rows(contract: Contract, rejected: Sequence[Rejected]) -> pl.DataFrame:
    """Write rejected records as rows of the quarantine; their name is where they stand."""
    rows = [
        (
            f"{contract.topic}/{r.partition}/{r.offset}",
            r.origin.sender,
            contract.name,
            r.origin.accepted_at,
            0,
            r.rule,
            r.field,
            r.value,
            r.message_vi,
            r.message_en,
            r.original,
        )
        for r in rejected
    ]
    return pl.DataFrame(rows, schema=_QUARANTINE, orient="row")


def _notices(contract: Contract, rejected: Sequence[Rejected]) -> pl.DataFrame:
    """Write what others are to be told of: rows of the quarantine, as the notice's bytes."""
    rows = _quarantine_rows(contract, rejected)
    names = [f.name for f in REJECTION.fields]
    frame = REJECTION.conform(rows.drop("sender")).select(names)
    payload, ends = avro.encode_columns(revisions.latest(REJECTION.name).plain, frame)
    starts = [0, *ends.tolist()[:-1]]
    return pl.DataFrame(
        {
            "event_id": rows["event_id"],
            "datum": [payload[a:b] for a, b in zip(starts, ends.tolist(), strict=False)],
        },
        schema={"event_id": pl.String, "datum": pl.Binary},
    )


def _conflicts(taken: Taken, events: pl.DataFrame) -> list[Rejected]:
    """Name new records whose identity has another content too: both are kept, one counts."""
    found = events.filter((pl.col("row") >= 0) & pl.col("content_digest").is_not_null())
    vi = "cùng mã sự kiện nhưng nội dung khác; cả hai được giữ, một được tính"
    en = "the same event id with another content; both are kept, one counts"
    records = taken.records
    return [
        Rejected(
            int(records.partition[row]),
            int(records.offsets[row]),
            records.origins[int(records.origin[row])],
            "conflict",
            "event_id",
            event_id,
            vi,
            en,
            intake.original(records, row),
        )
        for row, event_id in found.select("row", "event_id").iter_rows()
    ]


def _too_large(contract: Contract, records: Joined, overflow: pl.DataFrame) -> list[Rejected]:
    """Name events of entities that have as many as they may have."""
    found = []
    for event in overflow.iter_rows(named=True):
        row = int(event["row"])
        entity = contract.entity_of(event)
        vi = f"đối tượng {entity} đã có {EVENTS_PER_ENTITY_MAX} sự kiện, không nhận thêm"
        en = f"{entity} already has {EVENTS_PER_ENTITY_MAX} events, no more are taken"
        found.append(
            Rejected(
                int(records.partition[row]),
                int(records.offsets[row]),
                records.origins[int(records.origin[row])],
                TOO_LARGE,
                contract.spec.entity[0],
                entity,
                vi,
                en,
                intake.original(records, row),
            )
        )
    return found
