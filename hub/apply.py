"""Apply: a batch of events changes facts, cells, ledger and position in one transaction.

Nothing else ever writes a figure. What a batch does: decode in columns, join the stored events of
the touched entities, drop repeats, fold each entity as it was and as it is, and add the difference
to the cells.
"""

import gc
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from hub import avro, fold, published
from hub.admission import original_text
from hub.clock import Clock, day_of, to_us
from hub.contracts import Contract
from hub.facts import Fact, day_expr, iso_day_expr
from hub.log import Batch
from hub.states import decode_states, state_head
from hub.store import Reading, Row, Store, VersionMismatchError
from hub.tables import LANES

EVENTS_PER_ENTITY_MAX = 1_000
TOO_LARGE = "entity_too_large"
RETRIES_MAX = 5
_TRAVEL = ("accepted_on", "sender")


def decode(contract: Contract, batches: Sequence[Batch]) -> pl.DataFrame:
    """Decode batches into the contract's columns, with `accepted_on`, `sender` and `batch`."""
    frames = []
    start = 0
    while start < len(batches):
        stop = start
        while stop < len(batches) and batches[stop].schema_id == batches[start].schema_id:
            stop += 1
        group = batches[start:stop]
        payload = b"".join(b.payload for b in group)
        schema = published.by_id(group[0].schema_id).plain
        frame = avro.decode_columns(schema, payload, sum(b.count for b in group))
        frames.append(contract.conform(frame))
        start = stop
    counts = [b.count for b in batches]
    index = np.repeat(np.arange(len(batches)), counts)
    shared = pl.DataFrame(
        {
            "accepted_on": [day_of(b.accepted_at) for b in batches],
            "sender": [b.sender for b in batches],
            "batch": range(len(batches)),
        },
        schema={"accepted_on": pl.Int64, "sender": pl.String, "batch": pl.Int64},
    )
    return pl.concat([pl.concat(frames), shared[index]], how="horizontal")


@dataclass
class Change:
    """What a batch changes, ready to be written."""

    created: list[Row]
    changed: list[Row]
    cells: list[Row]
    ledger: list[Row]
    arrivals: list[Row]
    heard: list[Row]
    quarantine: list[Row]


class Applier:
    """Applies the log to the store, one topic's batches at a time."""

    def __init__(
        self,
        store: Store,
        log_identity: str,
        contracts: dict[str, Contract],
        clock: Clock,
        partition: int = 0,
    ) -> None:
        self._store = store
        self._log = log_identity
        self._contracts = contracts
        self._clock = clock
        self._partition = partition

    def apply(self, contract: Contract, batches: Sequence[Batch]) -> None:
        """Apply consecutive batches of one topic, from the position on.

        Raises `FencedError` where somebody else has moved the position.
        """
        # A batch makes hundreds of thousands of rows that all live until it is written: collecting
        # garbage among them finds none, and took an eighth of the time.
        gc.disable()
        try:
            for attempt in range(RETRIES_MAX):
                try:
                    self._apply_once(contract, batches)
                except VersionMismatchError:
                    if attempt == RETRIES_MAX - 1:
                        raise
                else:
                    return
        finally:
            gc.enable()

    def _apply_once(self, contract: Contract, batches: Sequence[Batch]) -> None:
        fact = self._store.facts.get(contract.name)
        at = to_us(self._clock())
        if fact is None:
            rejected = _rejections(contract, batches)
            ledger = _quarantined(rejected, self._partition)
            change = Change([], [], [], ledger, [], [], rejected)
        else:
            with self._store.reading() as reading:
                change = find_change(fact, contract, batches, reading, self._partition)
        with self._store.writing() as writing:
            writing.swap_position(
                self._log,
                contract.topic,
                self._partition,
                batches[0].base_offset,
                batches[-1].next_offset,
                at,
            )
            if fact is not None:
                writing.write_facts(fact, change.created, change.changed)
                writing.add_cells(change.cells)
                touched = [r[:3] for r in change.cells]
                for measure in fact.measures:
                    if measure.is_recomputed:
                        writing.recompute(fact, measure, touched, self._partition)
            writing.add_ledger(change.ledger)
            writing.add_arrivals(change.arrivals)
            writing.quarantine(change.quarantine)
            writing.hear(change.heard)


def find_change(
    fact: Fact, contract: Contract, batches: Sequence[Batch], reading: Reading, shard: int
) -> Change:
    """Work out what batches change, reading only the entities that they touch."""
    new = decode(contract, batches).with_columns(
        contract.entity.alias("entity"), pl.int_range(pl.len()).alias("row")
    )
    entities = new["entity"].unique(maintain_order=True)
    known = reading.states(fact, entities.to_list())
    numbers = pl.DataFrame({"entity": entities}).with_row_index("g")
    numbers = numbers.with_columns(pl.col("g").cast(pl.Int64))
    new = new.join(numbers, on="entity", how="left", maintain_order="left")
    kept = pl.DataFrame(
        [(r[0], r[1], r[2], r[3]) for r in known],
        schema={"id": pl.Int64, "entity": pl.String, "version": pl.Int64, "events": pl.Int64},
        orient="row",
    ).join(numbers, on="entity", how="left", maintain_order="left")
    kept = kept.with_row_index("place")
    prior = decode_states(contract, known).with_columns(
        pl.Series("g", np.repeat(kept["g"].to_numpy(), kept["events"].to_numpy()), pl.Int64),
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
    ledger = _count(repeated.with_columns(pl.lit("duplicate").alias("class")), 1)
    ledger += _count(overflow.with_columns(pl.lit("quarantined").alias("class")), 1)
    touched = events.filter(pl.col("row") >= 0).select("g").unique()
    events = events.join(touched, on="g", how="semi", maintain_order="left")
    kept = kept.join(touched, on="g", how="semi", maintain_order="left")

    # Each entity twice: group 2g as it was, group 2g+1 as it is.
    events = fold.digest_contents(contract, events, "g")
    was = events.filter(pl.col("row") < 0).with_columns(pl.col("g") * 2)
    events = pl.concat([was, events.with_columns(pl.col("g") * 2 + 1)])
    events = fold.judge(contract, events, "g")
    is_new = pl.col("g") % 2 == 1
    ledger += _count(events.filter(is_new), 1) + _count(events.filter(~is_new), -1)
    facts = fold.fold(fact, contract, events, "g", 2 * len(entities))
    there = pl.concat([touched * 2 + 1, kept.select(pl.col("g") * 2)])
    facts = facts.join(there.with_columns(pl.col("g").cast(facts.schema["g"])), on="g", how="semi")
    facts = facts.with_columns(entities.gather(facts["g"] // 2).alias("entity"))
    facts = fold.digest_facts(fact, facts)
    fresh = _fresh_states(contract, new, events.filter(is_new), batches)
    present = facts.filter(is_new).sort("g")
    created, changed = _fact_rows(fact, present, fresh, kept, [r[4] for r in known])
    return Change(
        created,
        changed,
        _cell_rows(fact, facts, shard),
        [(contract.name, *r[:3], shard, r[3]) for r in ledger],
        _arrival_rows(contract, events, shard),
        _heard_rows(contract, new, batches, shard),
        _overflow_rows(contract, overflow, batches),
    )


def _bound(events: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Set aside new events of an entity that already has as many as it may have."""
    if not len(events) or np.bincount(events["g"].to_numpy()).max() <= EVENTS_PER_ENTITY_MAX:
        return events, events.clear()
    place = events.select(pl.int_range(pl.len()).over("g")).to_series()
    return events.filter(place < EVENTS_PER_ENTITY_MAX), events.filter(
        place >= EVENTS_PER_ENTITY_MAX
    )


def _count(events: pl.DataFrame, sign: int) -> list[Row]:
    if not len(events):
        return []
    counted = events.group_by("sender", "accepted_on", "class").agg(pl.len().cast(pl.Int64))
    return [(s, d, c, sign * n) for s, d, c, n in counted.iter_rows()]


def _cell_rows(fact: Fact, facts: pl.DataFrame, shard: int) -> list[Row]:
    signed = facts.with_columns(
        pl.when(pl.col("g") % 2 == 1).then(1).otherwise(-1).cast(pl.Int64).alias("sign")
    )
    rows: list[Row] = []
    for measure in fact.measures:
        value = pl.lit(0, pl.Int64) if measure.is_recomputed else pl.sql_expr(measure.value)
        period = pl.col(str(measure.period)) if measure.period else day_expr(str(measure.at))
        counted = signed.filter(pl.sql_expr(measure.where)).select(
            *sorted({d for dims in measure.sets for d in dims}),
            period.alias("~period"),
            pl.col("sign").alias("~count"),
            (value.cast(pl.Int64) * pl.col("sign")).alias("~value"),
            (pl.col("is_disputed") * pl.col("sign")).alias("~disputed"),
            *((pl.col(lane) * pl.col("sign")).alias(lane) for lane in LANES),
        )
        sums = ["~count", "~value", "~disputed", *LANES]
        for dims in measure.sets:
            cells = counted.group_by("~period", *dims).agg(pl.col(sums).sum())
            key = [pl.format(f"{d}={{}}", pl.col(d).fill_null("")) for d in dims]
            cells = cells.filter(pl.any_horizontal(pl.col(sums) != 0)).select(
                pl.lit(measure.cell_set(dims)).alias("~set"),
                (pl.col("~period") if measure.period else iso_day_expr("~period")).alias("~p"),
                (pl.concat_str(key, separator=",") if key else pl.lit("")).alias("~dims"),
                pl.lit(shard).alias("~shard"),
                *sums,
            )
            # In key order the database's pages are written once each.
            rows += cells.sort("~p", "~dims").rows()
    return rows


def _arrival_rows(contract: Contract, events: pl.DataFrame, shard: int) -> list[Row]:
    counted = (
        events.filter(~pl.col("is_loser"))
        .with_columns(contract.occurred.alias("~occurred"))
        .group_by("sender", day_expr("~occurred").alias("day"))
        .agg(pl.when(pl.col("g") % 2 == 1).then(1).otherwise(-1).sum().cast(pl.Int64).alias("n"))
        .filter(pl.col("n") != 0)
    )
    return [(contract.name, s, d, shard, n) for s, d, n in counted.iter_rows()]


def _fact_rows(
    fact: Fact,
    facts: pl.DataFrame,
    fresh: tuple[npt.NDArray[np.int64], list[bytes]],
    kept: pl.DataFrame,
    old_states: list[bytes],
) -> tuple[list[Row], list[Row]]:
    """Make the rows to insert and to update: facts, with the new stored events appended.

    `facts` are the facts as they are, with `entity`, in the order of their group; `fresh` gives,
    per group in that order, how many events are new and their stored bytes; `kept` what was stored
    of some of them, with the `place` of its bytes in `old_states`.
    """
    sizes, states = fresh
    tail = ["is_disputed", *LANES, *fact.types]
    frame = facts.with_columns(pl.Series("fresh", sizes), pl.int_range(pl.len()).alias("at"))
    frame = frame.with_columns((pl.col("g") // 2).alias("g"))
    is_known = pl.col("g").is_in(kept["g"].implode())
    new = frame.filter(~is_known)
    head = [pl.col("entity"), pl.lit(1).alias("version"), pl.col("fresh").alias("events")]
    created = [
        (*row, states[i])
        for row, i in zip(new.select(*head, *tail).iter_rows(), new["at"], strict=True)
    ]
    old = frame.filter(is_known).join(
        kept.select("g", "id", "version", "events", "place"),
        on="g",
        how="left",
        maintain_order="left",
    )
    head = [pl.col("entity"), pl.col("version") + 1, pl.col("events") + pl.col("fresh")]
    changed = [
        (*row, old_states[place] + states[i], key, version)
        for row, i, place, key, version in zip(
            old.select(*head, *tail).iter_rows(),
            old["at"],
            old["place"],
            old["id"],
            old["version"],
            strict=True,
        )
    ]
    return created, changed


def _fresh_states(
    contract: Contract, new: pl.DataFrame, events: pl.DataFrame, batches: Sequence[Batch]
) -> tuple[npt.NDArray[np.int64], list[bytes]]:
    """Give, per touched entity in order, how many events are new and their stored bytes."""
    fresh = events.filter(pl.col("row") >= 0).sort("g", "row").select("g", "row")
    stored = _stored_bytes(contract, new, fresh["row"].to_numpy(), batches)
    firsts = np.flatnonzero(np.diff(fresh["g"].to_numpy(), prepend=-1))
    sizes = np.diff(firsts, append=len(stored))
    states = [
        stored[a] if n == 1 else b"".join(stored[a : a + n])
        for a, n in zip(firsts.tolist(), sizes.tolist(), strict=True)
    ]
    return sizes, states


def _stored_bytes(
    contract: Contract,
    new: pl.DataFrame,
    rows: npt.NDArray[np.int64],
    batches: Sequence[Batch],
) -> list[bytes]:
    """Give the stored form of new events: acceptance day, sender, then the event's datum."""
    latest = published.latest(contract.name)
    heads = [state_head(day_of(b.accepted_at), b.sender) for b in batches]
    of_batch = new["batch"].to_numpy()[rows].tolist()
    if all(b.schema_id == latest.schema_id for b in batches):
        payload = b"".join(b.payload for b in batches)
        sizes = np.concatenate([np.diff(b.ends, prepend=0) for b in batches])
        ends = np.cumsum(sizes)
        starts = (ends - sizes)[rows].tolist()
        stops = ends[rows].tolist()
    else:
        names = [f.name for f in contract.fields]
        payload, ends = avro.encode_columns(latest.plain, new[rows].select(names))
        stops = ends.tolist()
        starts = [0, *stops[:-1]]
    return [heads[b] + payload[i:j] for b, i, j in zip(of_batch, starts, stops, strict=True)]


def _rejections(contract: Contract, batches: Sequence[Batch]) -> list[Row]:
    """Turn records of the quarantine topic into rows of the quarantine table."""
    names = ("contract", "rejected_at", "index", "rule", "field", "value", "message_vi")
    frame = decode(contract, batches)
    columns = ["event_id", "sender", *names, "message_en", "original"]
    return frame.select(columns).rows()


def _quarantined(rows: list[Row], shard: int) -> list[Row]:
    counts: dict[Row, int] = {}
    for row in rows:
        key = (row[2], row[1], day_of(row[3]), "quarantined", shard)
        counts[key] = counts.get(key, 0) + 1
    return [(*key, n) for key, n in counts.items()]


def _overflow_rows(
    contract: Contract, overflow: pl.DataFrame, batches: Sequence[Batch]
) -> list[Row]:
    rows: list[Row] = []
    counts = [b.count for b in batches]
    index = np.repeat(np.arange(len(batches)), counts)
    starts = np.cumsum(counts) - counts
    for event in overflow.iter_rows(named=True):
        number = int(index[event["row"]])
        batch, place = batches[number], int(event["row"] - starts[number])
        entity = contract.entity_of(event)
        vi = f"đối tượng {entity} đã có {EVENTS_PER_ENTITY_MAX} sự kiện, không nhận thêm"
        en = f"{entity} already has {EVENTS_PER_ENTITY_MAX} events, no more are taken"
        start = int(batch.ends[place - 1]) if place else 0
        datum = batch.payload[start : int(batch.ends[place])]
        rows.append(
            (
                f"{contract.topic}:{batch.base_offset + place}",
                batch.sender,
                contract.name,
                batch.accepted_at,
                place,
                TOO_LARGE,
                contract.spec.entity[0],
                entity,
                vi,
                en,
                original_text(avro.wire(batch.schema_id, datum)),
            )
        )
    return rows


def _heard_rows(
    contract: Contract, new: pl.DataFrame, batches: Sequence[Batch], shard: int
) -> list[Row]:
    latest: dict[str, int] = {}
    for b in batches:
        latest[b.sender] = max(latest.get(b.sender, b.accepted_at), b.accepted_at)
    horizons = new.group_by("sender").agg(contract.occurred.max())
    return [(contract.name, s, shard, latest[s], h) for s, h in horizons.iter_rows()]
