"""Dialects: how a gateway writes, signs and is answered; each is a file beside this one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from hub.connecting.feeds import Record

Parameters = Mapping[str, str]
# What becomes of a callback; each dialect has a word for it.
Outcome = Literal[
    "confirmed", "already", "not_found", "other_amount", "bad_signature", "busy", "unknown"
]
TOLD: Mapping[str, Outcome] = {
    "no_reference": "not_found",
    "not_an_amount": "other_amount",
    "other_amount": "other_amount",
}


@dataclass(frozen=True)
class Dialect:
    """A gateway's way to call: by `method` at `path`, its parameters in a query or a JSON body.

    `parse` gives the parameters, None where they are none; `is_signed` tells whether one of some
    secrets made the signature; `partner` names who the province is to it; `is_paid` tells whether
    anything was paid. By `number` a payment is known again, `amount` names what was paid; `record`
    reads it as a record at a place; `answer` writes what its sender is told.
    """

    name: str
    method: str
    path: str
    parse: Callable[[str], Parameters | None]
    is_signed: Callable[[Parameters, Sequence[bytes]], bool]
    partner: str
    is_paid: Callable[[Parameters], bool]
    number: str
    amount: str
    record: Callable[[Parameters, int], Record]
    answer: Callable[[Parameters, Outcome], Mapping[str, Any]]

    def checkpoint(self, parameters: Parameters) -> str:
        """Name the checkpoint by which a payment is known again."""
        return f"wallets:{self.name}:{parameters.get(self.number, '')}"
