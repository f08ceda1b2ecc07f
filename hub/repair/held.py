"""Held events: what was taken and does not count yet, as its sender does not stand in its thing.

Both sides see them: who sent them, and the units that stand in the thing, whose figure they would
change. They count by themselves once standing comes: when who owns the thing, or the operator,
names the sender's unit.
"""

from typing import Any

import polars as pl

from hub.access.keys import Sender
from hub.apply.fold import HELD
from hub.apply.stored import settle_stored
from hub.clock import iso, iso_day
from hub.definitions.contract import Contract
from hub.store.reading import Reading

THINGS_MAX = 200  # looked at for one page


def held(reading: Reading, seer: Sender | None, offset: int) -> dict[str, Any]:
    """List held events that somebody may see, by thing; `offset` counts things.

    `seer` is None for whoever sees all.
    """
    listed: list[dict[str, Any]] = []
    skipped, room = offset, THINGS_MAX
    has_more = False
    stamped = [c for c in reading.definitions.contracts.values() if c.spec.stamp]
    for contract in stamped:
        fact = reading.definitions.facts[contract.name]
        page = "WHERE held > 0 ORDER BY entity LIMIT :n OFFSET :o"
        rows = list(reading.stored(fact, page, n=room + 1, o=skipped))
        ((total,),) = reading.rows(f"SELECT COUNT(*) FROM {fact.table} WHERE held > 0")
        skipped = max(0, skipped - total)
        has_more |= len(rows) > room
        rows = rows[:room]
        room -= len(rows)
        settled = settle_stored(contract, rows)
        stand = _standing(contract, settled)
        for event in settled.filter(pl.col("class") == HELD).iter_rows(named=True):
            units = stand.get(event["entity"], [])
            if _sees(contract, seer, event, units):
                listed.append(_shown(contract, event, units))
    following = offset + THINGS_MAX - room
    return {"held": listed, "next_offset": following if has_more else None}


def _standing(contract: Contract, settled: pl.DataFrame) -> dict[str, list[str]]:
    """Name the units that stand in each thing: those that events which count name."""
    counting = settled.filter("is_live")
    named = pl.concat(
        [counting.select("entity", pl.col(n).alias("unit")) for n in contract.spec.units]
    )
    by_thing = named.drop_nulls().group_by("entity").agg(pl.col("unit").unique().sort())
    return dict(by_thing.iter_rows())


def _sees(contract: Contract, seer: Sender | None, event: dict[str, Any], units: list[str]) -> bool:
    if seer is None or event["sender"] == seer.name:
        return True
    if not seer.scope.may_send(contract.name):
        return False
    return not seer.scope.codes("units").isdisjoint(units)


def _shown(contract: Contract, event: dict[str, Any], units: list[str]) -> dict[str, Any]:
    """Show an event, who stands in its thing, and what would let it count."""
    instants = {f.name for f in contract.fields if f.kind == "instant"}
    shown = {
        f.name: iso(event[f.name]) if f.name in instants else event[f.name]
        for f in contract.sent
        if event[f.name] is not None
    }
    thing, sender = event["entity"], event["sender"]
    stamp = contract.spec.stamp
    own = next(f.doc for f in contract.fields if f.name == contract.spec.units[0])
    may = event[stamp].split(",") if stamp else []
    if units:
        vi = f"{thing} là của {', '.join(units)}; được tính khi họ nêu {' hoặc '.join(may)}"
        en = f"{thing} is of {', '.join(units)}; counts once they name {' or '.join(may)}"
    else:
        vi = f"{thing} chưa có “{own.vi}”; được tính khi có, nếu là {' hoặc '.join(may)}"
        en = f"{thing} has no {own.en!r} yet; counts once it has, if that is {' or '.join(may)}"
    return {
        "contract": contract.name,
        "entity": thing,
        "sender": sender,
        "sent_for": may,
        "accepted_on": iso_day(event["accepted_on"]),
        "event": shown,
        "standing": units,
        "message_vi": vi,
        "message_en": en,
    }
