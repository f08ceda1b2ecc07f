"""Mending: an open item is closed by what came in its place, and only by that.

Two things close an item. Its connector says that the upstream mended the record. Or a later record
of the same sender and contract was taken, which nobody had sent before, and which is the same one:

- it has the item's event id, and what can be read of thing and kind agrees, but for the field that
  was wrong; or
- thing, kind and instant of the item can be read and are all the same, and its revision is not a
  lower one than the item's.

What is looked at are records that were applied, from where the last look ended.
"""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import polars as pl
from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from hub.apply.intake import take
from hub.clock import Clock, to_us
from hub.definitions.again import mended_name
from hub.definitions.contract import Contract
from hub.definitions.originals import Opener
from hub.definitions.own.rejection import REJECTION
from hub.log.log import Log, NotInLogError
from hub.log.slices import Slice, join
from hub.repair.items import ENDED, FIXED, OPEN, SUPERSEDED, Act, Item, Wanted, all_items
from hub.repair.noting import MeanwhileError, note
from hub.store.reading import Reading
from hub.store.states import decode_states
from hub.store.store import Store

ACTOR = "hub"
_CURSOR = "mending:{}"
_OCCURRED = "~occurred"


def close_mended(store: Store, log: Log, opens: Opener, clock: Clock) -> int:
    """Close the open items that were mended; open those again that are wrong once more.

    Gives how many acts were noted. Where rejected items are still to be applied nothing is looked
    at: what came after them could be taken for what came before. Raises `LogUnavailableError`.
    """
    with store.reading() as reading:
        stands = {
            topic: reading.positions(log.identity(topic), topic)
            for topic in (REJECTION.topic, *(c.topic for c in store.definitions.contracts.values()))
        }
        rejected = log.ends(REJECTION.topic)
        if any(stands[REJECTION.topic].get(p, 0) < end for p, end in rejected.items()):
            return 0
        waiting = [i for s in (OPEN, FIXED) for i in all_items(reading, opens, Wanted(state=s))]
        closed = list(all_items(reading, opens, Wanted(state=SUPERSEDED)))
        acts = _of_upstreams(log, waiting, closed, to_us(clock()))
        left = [i for i in waiting if i.event_id not in acts]
        cursors: dict[str, str] = {}
        for contract in store.definitions.contracts.values():
            own = [_Sought(i, contract) for i in left if i.contract == contract.name]
            looked = _Look(store, log, reading, contract, stands[contract.topic])
            acts |= looked.find(own, to_us(clock()))
            cursors |= looked.cursor
    noted = _note(store, [*waiting, *closed], acts)
    log.set_checkpoints(cursors)
    return noted


def _of_upstreams(
    log: Log, waiting: Iterable[Item], closed: Iterable[Item], now: int
) -> dict[str, Act]:
    """Ask what connectors say: which items were mended, and which are wrong again since."""
    own = {i.event_id: i for i in (*waiting, *closed) if i.again is not None}
    acts: dict[str, Act] = {}
    if not own:
        return acts
    said = log.checkpoints([mended_name(name) for name in own])
    for name, item in own.items():
        text = said.get(mended_name(name))
        if text is None:
            continue
        if text and item.state != SUPERSEDED:
            mended = json.loads(text)
            events = ", ".join(mended["events"])
            reason = f"nguồn đã sửa lúc {mended['at']}" + (f": {events}" if events else "")
            acts[name] = Act(SUPERSEDED, item.sender, now, None, None, reason)
        elif not text and item.state == SUPERSEDED and item.acts[-1].by == item.sender:
            acts[name] = Act(OPEN, item.sender, now, None, None, "nguồn lại gửi sai như trước")
    return acts


@dataclass(frozen=True)
class _Sought:
    """An item that waits, and what can be read of it."""

    item: Item
    contract: Contract

    @cached_property
    def values(self) -> dict[str, Any]:
        """The wire values of those fields that can be read."""
        about = self.item.about
        values: dict[str, Any] = {}
        for f in self.contract.sent:
            if f.name not in about:
                continue
            text = json.dumps({f.name: about[f.name]})
            with suppress(ValidationError):
                alone = _alone(self.contract, f.name).model_validate_json(text)
                values[f.name] = f.to_wire(getattr(alone, f.name))
        return values

    @cached_property
    def event_id(self) -> str | None:
        """The id that its sender gave it."""
        return self.values.get("event_id")

    @property
    def _named_by(self) -> tuple[str, ...]:
        kind = ("kind",) if self.contract.kinds else ()
        return (*self.contract.spec.entity, *kind)

    @cached_property
    def key(self) -> str | None:
        """Thing, kind and instant in one text; None where one of them cannot be read."""
        names = (*self._named_by, self.contract.spec.occurred)
        if any(self.values.get(n) is None for n in names):
            return None
        kind = str(self.values.get("kind", "")) if self.contract.kinds else ""
        occurred = self.contract.occurred_of(self.values)
        return "\x1f".join((self.contract.entity_of(self.values), kind, str(occurred)))

    def is_mended_by(self, event: Mapping[str, Any]) -> bool:
        """Tell whether an event of the same sender, found by id or key, stands in its place."""
        if event["accepted_at"] <= self.item.rejected_at:
            return False  # of one file at the most
        if self.event_id is not None and event["event_id"] == self.event_id:
            wrong = self.item.field
            known = [n for n in self._named_by if n != wrong and self.values.get(n) is not None]
            return all(event[n] == self.values[n] for n in known)
        return event["~key"] == self.key and self._is_no_older(event)

    def _is_no_older(self, event: Mapping[str, Any]) -> bool:
        about = self.item.about
        for name in self.contract.spec.order_first:
            mine, others = self.values.get(name), event[name]
            if mine is None:
                if about.get(name) not in (None, ""):
                    return False  # a revision is said, and cannot be read
            elif others is None or others < mine:
                return False
        return True


@cache
def _alone(contract: Contract, name: str) -> type[BaseModel]:
    """Give what judges one field of a contract by itself."""
    info = contract.model.model_fields[name]
    strict = ConfigDict(strict=True)
    return create_model(name, __config__=strict, **{name: (info.annotation, info)})  # type: ignore[call-overload, no-any-return]


class _Look:
    """A look through the records of one contract that were applied since the last one."""

    def __init__(
        self, store: Store, log: Log, reading: Reading, contract: Contract, stands: dict[int, int]
    ) -> None:
        self._store, self._log, self._reading = store, log, reading
        self._contract = contract
        self._stands = stands
        self._name = _CURSOR.format(contract.topic)
        self._identity = log.identity(contract.topic)
        kept = json.loads(log.checkpoint(self._name) or "{}")
        # Of a log that was made anew nothing was looked at yet.
        at = kept.get("at", {}) if kept.get("log") == self._identity else {}
        self._at = {p: int(at.get(str(p), 0)) for p in stands}
        self._before = dict(self._at)

    @property
    def cursor(self) -> dict[str, str]:
        """Where the next look begins, as a checkpoint; none where it is where it was."""
        if self._at == self._before:
            return {}
        return {self._name: json.dumps({"log": self._identity, "at": self._at})}

    def find(self, sought: list[_Sought], now: int) -> dict[str, Act]:
        """Find what stands in the place of items; give the act that closes each."""
        acts: dict[str, Act] = {}
        for partition, end in self._stands.items():
            while (at := self._at[partition]) < end:
                slices = self._read(partition, at, end) if sought else []
                if sought:
                    acts = self._find_in(slices, sought, now) | acts
                self._at[partition] = slices[-1].following if slices else end
        return acts

    def _read(self, partition: int, at: int, end: int) -> list[Slice]:
        topic = self._contract.topic
        try:
            return self._log.read(topic, at, partition=partition, until=end)
        except NotInLogError as error:  # what was forgotten before it was looked at mends nothing
            first = min(error.span[0], end)
            return self._log.read(topic, first, partition=partition, until=end)

    def _find_in(self, slices: list[Slice], sought: list[_Sought], now: int) -> dict[str, Act]:
        senders = {s.item.sender for s in sought}
        those = [s for s in slices if senders & {o.sender for o in s.origins}]
        if not those:
            return {}
        records = join(those)
        taken = take(self._contract, records)
        frame = taken.frame.filter(pl.col("sender").is_in(senders)).with_columns(
            self._contract.entity.alias("~entity"), self._contract.occurred.alias(_OCCURRED)
        )
        kind = pl.col("kind") if self._contract.kinds else pl.lit("")
        parts = [pl.col("~entity"), kind, pl.col(_OCCURRED).cast(pl.String)]
        frame = frame.with_columns(pl.concat_str(parts, separator="\x1f").alias("~key"))
        ids = {s.event_id for s in sought} - {None}
        keys = {s.key for s in sought} - {None}
        frame = frame.filter(pl.col("event_id").is_in(ids) | pl.col("~key").is_in(keys))
        events = [
            {**event, "accepted_at": o.accepted_at, "receipt": o.receipt}
            for event in frame.iter_rows(named=True)
            if (o := records.origins[records.origin[event["row"]]])
        ]
        first = self._first_places({e["~entity"] for e in events})
        new = [e for e in events if (e["partition"], e["offset"]) in first]
        acts: dict[str, Act] = {}
        for s in sought:
            mends = (e for e in new if e["sender"] == s.item.sender and s.is_mended_by(e))
            event = next(mends, None)
            if event is not None:
                name = f"{event['~entity']} {event['event_id']}"
                act = Act(SUPERSEDED, ACTOR, now, None, event["receipt"] or None, name)
                acts[s.item.event_id] = act
        return acts

    def _first_places(self, entities: set[str]) -> set[tuple[int, int]]:
        """Say where in the log events of things stand that repeat none before them."""
        fact = self._store.facts[self._contract.name]
        rows = self._reading.states(fact, sorted(entities))
        if not rows:
            return set()
        return set(decode_states(self._contract, rows).select("partition", "offset").iter_rows())


def _note(store: Store, items: Iterable[Item], acts: Mapping[str, Act]) -> int:
    """Note acts upon items; one that somebody else has been at meanwhile is left to the next."""
    noted = 0
    for item in items:
        act = acts.get(item.event_id)
        if act is None or (act.action != OPEN and item.state in ENDED):
            continue
        with suppress(MeanwhileError):
            note(store, [(item, act, None)])
            noted += 1
    return noted
