"""Events of any contract, varied from its cases that must pass: a new contract needs no maker here.

An event is one of those cases, in which some fields have what another case has there; what the
contract would not take is varied again. A case is in `schemas/cases/NAME.json`.
"""

import json
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache

from hub import registry
from hub.definitions.admission import admit
from hub.definitions.contract import Contract
from tests.parts.cases import cases
from tests.parts.small import Json

TRIES = 12
SWAPPED, RECORDED, RETRACTED = 0.3, 0.3, 0.25


class Varied:
    """What is made of one contract's cases."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self._cases: list[Json] = cases(contract.name)["pass"]
        names = [f.name for f in contract.sent]
        self._values = {n: [c[n] for c in self._cases if c.get(n) is not None] for n in names}
        self._instants = [f.name for f in contract.sent if f.kind == "instant"]
        things: list[Json] = []
        for case in self._cases:
            thing = {n: case[n] for n in contract.spec.entity}
            if thing not in things:
                things.append(thing)
        self._things = things[:2]

    def first(self) -> Json:
        """Give the first of the cases."""
        return dict(self._cases[0])

    def takes(self, event: Json) -> bool:
        """Say whether the contract takes an event."""
        return admit(self.contract, json.dumps([event]).encode()).rejected == []

    def close(
        self,
        chance: random.Random,
        ids: Sequence[str],
        instants: Sequence[str],
        thing: Json | None = None,
    ) -> Json:
        """Make an event of few names and instants, of a thing or of one of two: they meet."""
        spec = self.contract.spec
        for _ in range(TRIES):
            event = self._swapped(chance)
            event |= thing or chance.choice(self._things)
            event["event_id"] = chance.choice(ids)
            event |= {n: chance.choice(instants) for n in self._instants if n in event}
            if chance.random() < RECORDED:
                event["recorded_at"] = chance.choice(instants)
            event |= {n: chance.randint(0, 2) for n in spec.order_first if self._counts(n)}
            if "retracts" in event:
                event["retracts"] = chance.choice([*ids, "never-sent"])
            if self.takes(event):
                return event
        return {**self.first(), **(thing or {}), "event_id": ids[0]}

    def odd(self, chance: random.Random, things: int, instants: Sequence[str]) -> list[Json]:
        """Make stories of things in which anything may come first, twice, late or not at all."""
        made = []
        for number in range(things):
            thing = self._thing(chance, number, datetime.fromisoformat(chance.choice(instants)))
            ids = [f"o{number}-{place}" for place in range(chance.randrange(1, 8))]
            made += [self.close(chance, [name], instants, thing) for name in ids]
        return made

    def story(self, chance: random.Random, number: int, at: datetime) -> list[Json]:
        """Let one to three things happen, from `at` on, to what nothing happened to before.

        Their `event_id` is left for who sends them; `number` is another one each time.
        """
        spec = self.contract.spec
        thing = self._thing(chance, number, at)
        begin = {**self.first(), **thing}
        if not self.contract.kinds:
            return [begin]
        made = []
        for place in range(chance.randint(1, 3)):
            then = (at + timedelta(minutes=place)).isoformat(timespec="seconds")
            event = self._swapped(chance) | thing
            event |= {n: then for n in self._instants if n in event and n not in thing}
            if event["kind"] != spec.retracting_kind and self.takes(event):
                made.append(event)
        return made or [begin]

    def corrected(self, event: Json, at: datetime) -> Json:
        """Say it again, recorded at an instant and by a higher revision."""
        again = {**event, "recorded_at": at.isoformat(timespec="seconds")}
        again |= {n: event.get(n, 0) + 1 for n in self.contract.spec.order_first if self._counts(n)}
        return again

    def other(self, chance: random.Random, event: Json) -> Json:
        """Say something else of the same thing under the same name, if anything can be."""
        held = {"event_id", "kind", *self.contract.spec.entity}
        names = [n for n in self._values if n not in held and n in event]
        for name in chance.sample(names, len(names)):
            for value in self._values[name]:
                changed = {**event, name: value}
                if changed != event and self.takes(changed):
                    return changed
        return {**event, "recorded_at": "2020-01-01T00:00:00Z"}

    def _counts(self, name: str) -> bool:
        return any(f.name == name and f.kind == "integer" for f in self.contract.sent)

    def _swapped(self, chance: random.Random) -> Json:
        spec = self.contract.spec
        taken = self._cases
        if spec.retracting_kind and chance.random() < RETRACTED:
            taken = [c for c in self._cases if c.get("kind") == spec.retracting_kind]
        event = dict(chance.choice(taken))
        for name in event:
            if name != "kind" and chance.random() < SWAPPED:
                event[name] = chance.choice(self._values[name])
        return event

    def _thing(self, chance: random.Random, number: int, at: datetime) -> Json:
        """Name a thing that no other number names, in words that the contract takes."""
        named: Json = {}
        for name in self.contract.spec.entity:
            value = self.first()[name]
            tries = [at.isoformat(timespec="seconds"), f"{value}{number}", f"{number:032x}"]
            if name == self.contract.spec.occurred:
                tries.insert(0, f"{at:%Y-%m-%d}"[: len(str(value))])
            fits = [t for t in tries if self._fits(named, name, t)]
            if not fits:
                # Some values go with others only: what has been named already decides.
                drawn = chance.choice(self._values[name])
                fits = [v for v in (drawn, *self._values[name]) if self._fits(named, name, v)]
            named[name] = fits[0] if fits else drawn
        return named

    def _fits(self, named: Json, name: str, value: object) -> bool:
        return self.takes({**self.first(), **named, name: value})


@cache
def varied(name: str) -> Varied:
    """Give what is made of the cases of a contract that the registry finds."""
    return Varied(registry.contracts()[name])
