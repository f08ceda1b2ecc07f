"""Totals: what senders declared to have sent is held against what came, and what became of it.

Of a period it is what was sent in it, by the day of acceptance: both sides can count that when the
day is over, and no later correction moves it. A repeat is no second record. A rejected item that
was sent again, or superseded, counts as what came in its place.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl

from hub.apply.intake import take
from hub.apply.stored import settle_stored
from hub.clock import day_of
from hub.definitions.contract import Contract
from hub.definitions.declaration import Declaration, Declared, in_force
from hub.definitions.originals import Opener
from hub.definitions.own.rejection import REJECTION
from hub.gateway.declaring import summed
from hub.log.log import Kept, Log, Receipt
from hub.log.slices import join
from hub.proof.declared import Difference, Tally, Unmet
from hub.reference.periods import Period, parse_period
from hub.repair.following import rejections, slices_of
from hub.repair.items import DISCARDED, REPLAYED, SUPERSEDED, Item, Wanted, all_items
from hub.store.reading import Reading

CODES_SHOWN_MAX = 200


def unmet(log: Log, reading: Reading, opens: Opener, period: Period) -> list[Unmet]:
    """List the declarations of a period that what came does not meet."""
    held = [d for d in declarations(reading) if _is_of(log, d.declaration, period)]
    if not held:
        return []
    receipts = log.receipts()
    listed = (_against(log, reading, opens, receipts, d) for d in held)
    return [one for one in listed if not one.is_met]


def declarations(reading: Reading) -> list[Declared]:
    """Read the declarations that are in force."""
    rows = reading.declarations()
    return in_force(
        [Declared(n, sender, c, at, Declaration.load(text)) for n, sender, c, at, text in rows]
    )


def _is_of(log: Log, declared: Declaration, period: Period) -> bool:
    if declared.receipt:
        kept = log.receipt(declared.receipt)
        return kept is not None and period.start <= kept.accepted_at < period.end
    own = parse_period(declared.period)
    return own.start_on < period.end_on and period.start_on < own.end_on


def _against(
    log: Log, reading: Reading, opens: Opener, receipts: Sequence[Receipt], declared: Declared
) -> Unmet:
    """Hold one declaration against what came."""
    contract, declaration = reading.definitions.contracts[declared.contract], declared.declaration
    if declaration.receipt:
        names = [declaration.receipt]
    else:
        span = parse_period(declaration.period)
        days = day_of(span.start), day_of(span.end)
        names = [
            r.id
            for r in receipts
            if (r.sender, r.contract) == (declared.sender, contract.name)
            and days[0] <= r.day < days[1]
        ]
    tally = tally_of(log, reading, opens, contract, declared.sender, names)
    kinds = {f.name: f.kind for f in contract.fields}
    differences = tuple(
        Difference(name, _shown(kinds[name], value), _shown(kinds[name], here))
        for name, value in sorted(declaration.sums.items())
        if (here := tally.sums.get(name, 0)) != value
    )
    codes = _codes_missing(reading, contract, declaration, tally.codes)
    came = sum(tally.states.values())
    return Unmet(
        declared.sender,
        contract.name,
        declaration.subject,
        declaration.revision,
        declaration.count,
        tally.states,
        0 if declaration.count is None else declaration.count - came,
        differences,
        tuple(codes[:CODES_SHOWN_MAX]),
        len(codes),
        tuple(sorted(tally.items)[:CODES_SHOWN_MAX]),
    )


def _shown(kind: str, value: int) -> str:
    if kind != "thousandths":
        return str(value)
    whole, rest = divmod(abs(value), 1000)
    return f"{'-' if value < 0 else ''}{whole}" + (f".{rest:03}".rstrip("0") if rest else "")


def tally_of(
    log: Log,
    reading: Reading,
    opens: Opener,
    contract: Contract,
    sender: str,
    names: Iterable[str],
) -> Tally:
    """Count what came under some receipts of a sender, distinct record by distinct record."""
    tally = Tally()
    own = {n: kept for n in names if (kept := log.receipt(n)) and kept.sender == sender}
    items = _items(log, reading, opens, own)
    frames = [f for n, kept in own.items() if (f := _events(log, contract, n, kept)) is not None]
    for item in items:
        last = item.acts[-1] if item.acts else None
        if item.state not in (REPLAYED, SUPERSEDED):
            tally.add("discarded" if item.state == DISCARDED else "rejected")
            tally.items += [item.event_id] if item.state != DISCARDED else []
            # Of one that can be named by its code it is known that it came.
            tally.codes |= {str(item.about.get(contract.spec.entity[0]))}
        elif last is None or last.receipt is None:
            tally.add("applied")  # its upstream mended it
        elif last.receipt not in own:
            in_place = _in_its_place(log, contract, item, last.receipt)
            if in_place is None:
                tally.add("applied")
            else:
                frames.append(in_place)
    if frames:
        _add_events(tally, reading, contract, pl.concat(frames))
    return tally


def _items(log: Log, reading: Reading, opens: Opener, own: dict[str, Kept]) -> list[Item]:
    """Read the rejected items of receipts; one that waits to be applied is not known yet."""
    ids = [
        wire["event_id"]
        for name, kept in own.items()
        if REJECTION.topic in kept.places
        for wire in rejections(log, opens, name, kept)
    ]
    return list(all_items(reading, opens, Wanted(ids=ids))) if ids else []


def _events(log: Log, contract: Contract, name: str, kept: Kept) -> pl.DataFrame | None:
    """Read the events of a receipt, in columns, with their sender."""
    slices = slices_of(log, contract.topic, kept)
    if not slices:
        return None
    records = join(slices)
    frame = take(contract, records).frame
    mine = [records.origins[o].receipt == name for o in records.origin[frame["row"].to_numpy()]]
    return frame.filter(pl.Series(mine, dtype=pl.Boolean))


def _in_its_place(log: Log, contract: Contract, item: Item, receipt: str) -> pl.DataFrame | None:
    """Read of another receipt the event that came in the place of an item; None where unknown."""
    kept = log.receipt(receipt)
    frame = None if kept is None else _events(log, contract, receipt, kept)
    if frame is None:
        return None
    if item.state == SUPERSEDED:
        event_id = item.acts[-1].reason.rpartition(" ")[2]
    else:
        try:
            event_id = str(json.loads(item.content or b"")["event_id"])
        except (ValueError, TypeError, KeyError):
            return None
    found = frame.filter(pl.col("event_id") == event_id)
    return found.head(1) if len(found) else None


def _add_events(tally: Tally, reading: Reading, contract: Contract, frame: pl.DataFrame) -> None:
    """Count distinct events, each in the state that its like has."""
    names = [f.name for f in contract.fields]
    frame = frame.with_columns(contract.entity.alias("entity"))
    distinct = frame.unique(["entity", *names], maintain_order=True)
    fact = reading.definitions.facts[contract.name]
    rows = reading.states(fact, distinct["entity"].unique().to_list())
    same = ["entity", "sender", *names]
    stored = settle_stored(contract, rows).select(*same, "class").unique(same)
    joined = distinct.join(stored, on=same, how="left", nulls_equal=True, maintain_order="left")
    states = joined["class"].fill_null("waiting")
    for state, count in states.value_counts().iter_rows():
        # A second copy of what another gateway took is the same record.
        tally.add("applied" if state == "duplicate" else str(state), int(count))
    for f in summed(contract):
        tally.sums[f.name] = tally.sums.get(f.name, 0) + int(joined[f.name].sum() or 0)
    tally.codes |= set(joined["entity"].to_list())


def _codes_missing(
    reading: Reading, contract: Contract, said: Declaration, came: set[str]
) -> list[str]:
    """Name the codes that were sent, by the declared first and last, and of which none is known."""
    ends = [c for c in (said.first_code, said.last_code) if c]
    named = sorted({*ends, *_between(contract, said)} - came)
    if not named:
        return []
    fact = reading.definitions.facts[contract.name]
    known = {row[0] for row in reading.fact_values(fact, ["events"], named)}
    return [code for code in named if code not in known]


def _between(contract: Contract, said: Declaration) -> list[str]:
    """Write out the codes from first to last, where both are numbered of one unit and day."""
    names = contract.spec.names
    if names is None or not (said.first_code and said.last_code):
        return []
    frame = pl.DataFrame({"code": [said.first_code, said.last_code]})
    parts = frame["code"].str.extract_groups(names.numbered).struct.unnest()
    first, last = (row for row in parts.iter_rows(named=True))
    head = ("unit", "date")
    if any(first[n] is None or first[n] != last[n] for n in head):
        return []
    digits = len(first["number"])
    numbers: range = range(int(first["number"]), int(last["number"]) + 1)
    if len(numbers) > 100_000:
        return []
    return [f"{first['unit']}-{first['date']}-{n:0{digits}}" for n in numbers]


def as_json(one: Unmet) -> dict[str, Any]:
    """Say what is not met."""
    return {**vars(one), "came": one.came, "sums": [vars(s) for s in one.sums]}
