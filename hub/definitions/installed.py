"""Definitions: the contracts, facts and sources that are installed, handed down as one value."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hub.definitions.contract import Contract
from hub.definitions.fact import Fact
from hub.definitions.own.alert import ALERT
from hub.definitions.own.control import CONTROL
from hub.definitions.own.kpi import FIGURE
from hub.definitions.own.rejection import REJECTION
from hub.definitions.source import Source

# The contracts of what the hub itself writes to topics.
OWN = {c.name: c for c in (REJECTION, FIGURE, CONTROL, ALERT)}
# Those that hold acts of the hub and its people, which no source sent.
OWN_ACTS = (CONTROL.name, ALERT.name)


@dataclass(frozen=True)
class Definitions:
    """Contracts and facts by contract name, sources by their own.

    `found_by` finds the same again: definitions hold functions, which do not travel to another
    process, so there they are found anew.
    """

    contracts: Mapping[str, Contract]
    facts: Mapping[str, Fact]
    sources: Mapping[str, Source]
    found_by: Callable[[], "Definitions"]

    def __reduce__(self) -> tuple[Callable[[], Any], tuple[()]]:
        return self.found_by, ()

    def contract(self, name: str) -> Contract:
        """Find one contract, the hub's own included; raise `KeyError` where there is none."""
        return OWN[name] if name in OWN else self.contracts[name]

    @cached_property
    def applied(self) -> dict[str, Contract]:
        """The contracts of all topics that are applied: control, events, rejected items, alerts.

        Control first: made anew from the log, what closed periods need is kept while it passes by.
        """
        return {CONTROL.name: CONTROL, **self.contracts, **{c.name: c for c in (REJECTION, ALERT)}}

    def of_topic(self, topic: str) -> Contract:
        """Find the contract of a topic that is applied; raise `KeyError` where there is none."""
        return next(c for c in self.applied.values() if c.topic == topic)
