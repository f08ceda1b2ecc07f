"""Following: what became of each item that a receipt stands for."""

import json
from typing import Any

import numpy as np
import polars as pl

from hub.apply import intake
from hub.apply.stored import settle_stored
from hub.clock import iso
from hub.definitions import avro, revisions
from hub.definitions.contract import Contract
from hub.definitions.originals import Opener
from hub.definitions.own.rejection import REJECTION
from hub.log.log import Kept, Log
from hub.log.slices import Slice, join
from hub.repair import items as rejection
from hub.store.reading import Reading

ITEMS_MAX = 1_000
NEAR = 100_000  # how many records before a receipt's own an attempt to append it may stand
Item = dict[str, Any]


def follow(
    log: Log, reading: Reading, opens: Opener, name: str, kept: Kept, offset: int
) -> dict[str, Any]:
    """Say what became of a receipt's items, a page of them from an offset on.

    States: waiting (durable, and not yet in any figure), applied, duplicate (its like was there),
    conflict (the same id has another content that counts), held (its sender does not stand in its
    thing yet), retracted, quarantined; of those that were quarantined, replayed (as another receipt
    says), superseded (by what came in its place) and discarded.
    """
    items: list[Item] = []
    for topic in sorted(kept.places):
        contract = reading.definitions.of_topic(topic)
        if contract.name == REJECTION.name:
            items += _rejected(reading, opens, rejections(log, opens, name, kept))
        else:
            positions = reading.positions(log.identity(topic), topic)
            items += _events(log, reading, contract, kept, name, positions)
    answer = json.loads(kept.answer)[1] if kept.answer != "{}" else None
    states: dict[str, int] = {}
    for item in items:
        states[item["state"]] = states.get(item["state"], 0) + 1
    if kept.is_spooled and answer is not None:
        states["waiting"] = answer["accepted"] + answer["duplicates"] + len(answer["rejected"])
    following = offset + ITEMS_MAX
    return {
        "receipt": name,
        "sender": kept.sender,
        "contract": kept.contract,
        "accepted_at": iso(kept.accepted_at),
        "answer": answer,
        "states": states,
        "items": items[offset:following],
        "next_offset": following if following < len(items) else None,
    }


def rejections(log: Log, opens: Opener, name: str, kept: Kept) -> list[Item]:
    """Read the rejected items of a receipt, in their order, `original` in plain text.

    Where the original was erased it is empty, and `original_erased_at` says when.
    """
    schema = revisions.latest(REJECTION.name).plain
    wires = [
        avro.read_one(schema, datum)
        for one in slices_of(log, REJECTION.topic, kept)
        for origin, datum in zip(one.origin.tolist(), one.datums(), strict=True)
        if one.origins[origin].receipt == name
    ]
    for wire in wires:
        original = opens(kept.sender, wire["event_id"], wire["original"])
        wire["original"] = (original.raw or b"").decode(errors="replace")
        wire["original_erased_at"] = iso(original.erased_at)
    return sorted(wires, key=lambda wire: int(wire["index"]))


def slices_of(log: Log, topic: str, kept: Kept) -> list[Slice]:
    """Read the slices in which a receipt's records of a topic stand; others' may be among them."""
    return [s for place in kept.places.get(topic, []) for s in _read(log, topic, place)]


def _read(log: Log, topic: str, place: tuple[int, int, int]) -> list[Slice]:
    partition, at, end = place
    found: list[Slice] = []
    while at < end:
        slices = log.read(topic, at, partition=partition, until=end)
        if not slices:
            break
        found += slices
        at = slices[-1].following
    return found


def _rejected(reading: Reading, opens: Opener, rejected: list[Item]) -> list[Item]:
    wanted = rejection.Wanted(ids=[wire["event_id"] for wire in rejected])
    known = {i.event_id: i for i in rejection.all_items(reading, opens, wanted)}
    names = ("index", "rule", "field", "value", "message_vi", "message_en")
    return [
        {
            "event_id": wire["event_id"],
            **_repaired(known.get(wire["event_id"])),
            **{n: wire[n] for n in names},
            **_erased(wire["original_erased_at"]),
        }
        for wire in rejected
    ]


def _erased(at: str | None) -> Item:
    return {} if at is None else {"original_erased_at": at}


def _repaired(item: rejection.Item | None) -> Item:
    if item is None:
        return {"state": "waiting"}
    if item.state == rejection.REPLAYED:
        return {"state": item.state, "replayed_as": item.acts[-1].receipt}
    if item.state == rejection.SUPERSEDED:
        last = item.acts[-1]
        return {"state": item.state, "superseded_by": last.receipt, "reason": last.reason}
    return {"state": item.state if item.state == rejection.DISCARDED else "quarantined"}


def _events(
    log: Log,
    reading: Reading,
    contract: Contract,
    kept: Kept,
    receipt: str,
    positions: dict[int, int],
) -> list[Item]:
    slices = slices_of(log, contract.topic, kept)
    if not slices:
        return []
    records = join(slices)
    taken = intake.take(contract, records)
    mine = np.array([o.receipt == receipt for o in records.origins], bool)
    new = taken.frame.filter(pl.Series(mine[records.origin[taken.frame["row"].to_numpy()]]))
    new = new.with_columns(contract.entity.alias("entity"))
    if contract.name not in reading.definitions.facts:
        return _acts(reading, new)
    fact = reading.definitions.facts[contract.name]
    rows = reading.states(fact, new["entity"].unique().to_list())
    stored = settle_stored(contract, rows)
    same = ["entity", "sender", *(f.name for f in contract.fields)]
    stored = stored.select(
        *same, "class", pl.col("partition").alias("~p"), pl.col("offset").alias("~o")
    )
    joined = new.join(stored, on=same, how="left", nulls_equal=True, maintain_order="left")
    first = _attempted(log, contract.topic, kept, receipt, joined)
    position = pl.col("partition").replace_strict(positions, default=0, return_dtype=pl.Int64)
    is_itself = (pl.col("~p") == pl.col("partition")) & (pl.col("~o") == pl.col("offset"))
    is_itself |= (
        pl.struct("~p", "~o").is_in(first.implode()) & pl.struct("~p", "~o").is_first_distinct()
    )
    state = (
        pl.when(pl.col("offset") >= position)
        .then(pl.lit("waiting"))
        .when(pl.col("class").is_null())
        .then(pl.lit("quarantined"))  # the entity had too many events
        .when(is_itself)
        .then(pl.col("class"))
        .otherwise(pl.lit("duplicate"))
    )
    out = joined.select("event_id", "entity", state.alias("state")).to_dicts()
    return out + [
        {"event_id": None, "entity": None, "state": "quarantined", "rule": r.rule}
        for r in taken.rejected
        if r.origin.receipt == receipt
    ]


def _acts(reading: Reading, acts: pl.DataFrame) -> list[Item]:
    """Say what became of the hub's own acts: closings, lists that were loaded, declarations."""
    known = set(reading.acts())
    return [
        {"event_id": name, "entity": name, "state": "applied" if name in known else "waiting"}
        for name in acts["event_id"]
    ]


def _attempted(log: Log, topic: str, kept: Kept, receipt: str, items: pl.DataFrame) -> pl.Series:
    """Find which places (~p, ~o) that count instead of the items hold the receipt's own events.

    Where Kafka went away within an append, or before it answered, a part of it may be in the log
    when all of it is appended again: its second copies are repeats of what the sender sent once.
    """
    places: list[dict[str, int]] = []
    for partition, begin, _ in kept.places[topic]:
        is_near = (pl.col("~p") == partition) & pl.col("~o").is_between(
            begin - NEAR, begin, closed="left"
        )
        wanted = items.filter(is_near)["~o"].unique().to_list()
        if wanted:
            for one in _read(log, topic, (partition, min(wanted), max(wanted) + 1)):
                mine = np.array([o.receipt == receipt for o in one.origins], bool)[one.origin]
                places += [{"~p": partition, "~o": int(o)} for o in one.offsets[mine]]
    return pl.Series(places, dtype=pl.Struct({"~p": items["~p"].dtype, "~o": items["~o"].dtype}))
