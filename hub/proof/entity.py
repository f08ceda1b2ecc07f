"""One entity's events, gathered as they stand in the log and settled in plain Python.

It says again, one event at a time, what `hub.apply.fold` and `hub.apply.standing` say in columns.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hub.apply.fold import HELD, content_digest
from hub.apply.set_aside import EVENTS_PER_ENTITY_MAX
from hub.definitions import avro, revisions
from hub.definitions.contract import Contract

Wire = dict[str, Any]


@dataclass(frozen=True)
class Event:
    """A record that was taken: who sent it, on which day it was accepted, its wire values."""

    contract: Contract
    sender: str
    day: int
    wire: Wire
    said: tuple[Any, ...]
    stamp: str | None

    @cached_property
    def digest(self) -> bytes:
        """The digest of what its sender said."""
        values = {f.name: v for f, v in zip(self.contract.sent, self.said, strict=True)}
        return content_digest(avro.write_one(revisions.latest(self.contract.name).plain, values))

    @property
    def is_retraction(self) -> bool:
        """Whether it withdraws another."""
        kind = self.contract.spec.retracting_kind
        return kind is not None and self.wire.get("kind") == kind

    @property
    def speaks_for(self) -> set[str] | None:
        """Which units its sender may speak for; None where it may for all."""
        return None if self.stamp is None else set(self.stamp.split(","))

    @property
    def place(self) -> tuple[int, int, int]:
        """When and where it was accepted: day, offset, partition."""
        _, partition, offset = self.wire["~name"].rsplit("/", 2)
        return self.day, int(offset), int(partition)

    @property
    def order(self) -> tuple[Any, ...]:
        """Its place among the events of its entity, by what it says."""
        contract, wire = self.contract, self.wire
        occurred = contract.occurred_of(wire)
        first = tuple(
            (wire[n] is not None, wire[n] if wire[n] is not None else 0)
            for n in contract.spec.order_first
        )
        recorded = wire["recorded_at"] if wire["recorded_at"] is not None else occurred
        rank = contract.kinds.index(wire["kind"]) if contract.kinds else 0
        return (first, recorded, occurred, rank, self.sender, wire["event_id"])


class Entity:
    """One entity's events, as many as it may have."""

    def __init__(self, contract: Contract, events_max: int | None = EVENTS_PER_ENTITY_MAX) -> None:
        self._events_max = events_max
        self._contract = contract
        self._names = [f.name for f in contract.sent]
        self._events: dict[tuple[str, str], list[Event]] = {}
        self._others: list[tuple[str, int, str]] = []
        self._held: set[tuple[str, str]] = set()
        self._count = 0

    def add(self, sender: str, day: int, wire: Wire) -> bool:
        """Add one record; tell whether it is new, and taken."""
        name = self._contract.spec.stamp
        stamp = wire[name] if name else None
        said = tuple(wire[n] for n in self._names)
        known = self._events.get((sender, wire["event_id"]), [])
        if any(e.said == said and e.stamp == stamp for e in known):
            self._others.append((sender, day, "duplicate"))
            return False
        if self._count == self._events_max:
            self._others.append((sender, day, "quarantined"))
            return False
        known.append(Event(self._contract, sender, day, wire, said, stamp))
        self._events[sender, wire["event_id"]] = known
        self._count += 1
        return True

    def arrived(self) -> Iterator[tuple[str, str, Wire]]:
        """Give sender, party and winning content of each identity, withdrawn ones too.

        To be asked once it is settled: what is held speaks for no party.
        """
        for identity, events in self._events.items():
            wire = _winner(events).wire
            party = wire[self._contract.party] if self._contract.party else None
            yield identity[0], "" if identity in self._held else party or "", wire

    def settle(self) -> tuple[list[Wire], bool, list[tuple[str, int, str]]]:
        """Give the live events, least first; whether any is disputed; each record's class."""
        withdrawn = {
            (sender, winner.wire["retracts"])
            for (sender, _), events in self._events.items()
            if (winner := _winner(events)).is_retraction
        }
        classes = list(self._others)
        is_disputed = False
        counting: list[list[Event]] = []  # by identity, each with its copies
        for identity, events in self._events.items():
            winner = _winner(events)
            is_withdrawn = identity in withdrawn
            gone = [e for e in events if is_withdrawn and not e.is_retraction]
            classes += [(e.sender, e.day, "retracted") for e in gone]
            for copies in _alike([e for e in events if not is_withdrawn or e.is_retraction]):
                if copies[0].said == winner.said:
                    counting.append(copies)
                else:
                    is_disputed = True
                    classes += _classes(copies, _first(copies), "conflict")
        speaking = [e for copies in counting for e in copies if not e.is_retraction]
        standing = find_standing(self._contract, speaking)
        live: list[Event] = []
        for copies in counting:
            standing_ones = [e for e in copies if e.is_retraction or id(e) in standing]
            best = _first(standing_ones or copies)
            classes += _classes(copies, best, "applied" if standing_ones else HELD)
            if not standing_ones:
                self._held.add((best.sender, best.wire["event_id"]))
            elif not best.is_retraction:
                live.append(best)
        live.sort(key=lambda e: e.order)
        return [e.wire for e in live], is_disputed, classes


def _winner(events: list[Event]) -> Event:
    """Give the content of an identity that counts."""
    return events[0] if len(events) == 1 else min(events, key=lambda e: e.digest)


def _alike(events: list[Event]) -> Iterable[list[Event]]:
    """Part an identity's events by what they say."""
    if len(events) < 2:
        return [events] if events else []
    by_content: dict[tuple[Any, ...], list[Event]] = {}
    for event in events:
        by_content.setdefault(event.said, []).append(event)
    return by_content.values()


def _first(copies: list[Event]) -> Event:
    """Give the one that was accepted first."""
    return copies[0] if len(copies) == 1 else min(copies, key=lambda e: e.place)


def _classes(copies: list[Event], best: Event, name: str) -> list[tuple[str, int, str]]:
    """Class events that say the same: the best has the class, the others repeat it."""
    return [(e.sender, e.day, name if e is best else "duplicate") for e in copies]


def find_standing(contract: Contract, events: list[Event]) -> set[int]:
    """Tell which of an entity's events stand, by their `id`."""
    if contract.spec.stamp is None or all(e.speaks_for is None for e in events):
        return {id(e) for e in events}
    own, *others = contract.spec.units
    owners = {e.wire[own] for e in events if e.speaks_for is None} - {None}
    if not owners:
        naming = [e for e in events if e.wire[own] is not None]
        if naming:
            owners = {min(naming, key=lambda e: _claim(contract, e)).wire[own]}
    by_right = [e for e in events if e.speaks_for is None or e.wire[own] in owners]
    named = {e.wire[n] for e in by_right for n in others} - {None}
    return {id(e) for e in events if _stands(e, owners, named, own, others)}


def _claim(contract: Contract, event: Event) -> tuple[bool, tuple[int, int, int]]:
    """Say how good a first limited event's claim to a thing is: the least is the best."""
    head = str(event.wire[contract.spec.entity[0]]).split("-")[0]
    unit = str(event.wire[contract.spec.units[0]])
    return not (unit == head or unit.startswith(head + ".")), event.place


def _stands(event: Event, owners: set[str], named: set[str], own: str, others: list[str]) -> bool:
    speaks_for = event.speaks_for
    if speaks_for is None:
        return True
    if event.wire[own] is not None:
        return event.wire[own] in owners
    other = next((event.wire[n] for n in others if event.wire[n] is not None), None)
    if other is not None:
        return other in named or (not named and not speaks_for.isdisjoint(owners))
    return not speaks_for.isdisjoint(owners | named)
