"""Declarations: what a sender says to have sent, of a day, a period or one file, in all.

A declaration is written as JSON with sorted names, so that it reads the same wherever it is kept.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple


@dataclass(frozen=True)
class Declaration:
    """Control totals of what was sent: of a `period` in which it was sent, or of one `receipt`.

    `sums` are by field, in the integers that travel. Of declarations about the same the highest
    `revision` is in force, of equals the last.
    """

    period: str = ""
    receipt: str = ""
    count: int | None = None
    sums: Mapping[str, int] = field(default_factory=dict)
    first_code: str = ""
    last_code: str = ""
    revision: int = 0

    @property
    def subject(self) -> str:
        """What it is about."""
        return self.period or self.receipt

    def dump(self) -> str:
        """Write it."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)

    @classmethod
    def load(cls, text: str) -> "Declaration":
        """Read what `dump` wrote; raises `ValueError`, `TypeError` or `KeyError` for another."""
        fields: dict[str, Any] = json.loads(text)
        declared = cls(**fields)
        texts = (declared.period, declared.receipt, declared.first_code, declared.last_code)
        numbers = (declared.revision, *dict(declared.sums).values())
        is_whole = all(isinstance(t, str) for t in texts)
        is_whole &= all(isinstance(n, int) for n in numbers)
        is_whole &= declared.count is None or isinstance(declared.count, int)
        if not is_whole or bool(declared.period) == bool(declared.receipt):
            raise ValueError("no declaration")
        return declared


class Declared(NamedTuple):
    """A declaration as it was made: the event that made it, by whom, under which contract, when."""

    event_id: str
    sender: str
    contract: str
    declared_at: int
    declaration: Declaration


def in_force(declared: list[Declared]) -> list[Declared]:
    """Choose, of what each sender declared of the same, what is in force."""
    best: dict[tuple[str, str, str], Declared] = {}
    for one in declared:
        about = (one.sender, one.contract, one.declaration.subject)
        if about not in best or _order(best[about]) < _order(one):
            best[about] = one
    return sorted(best.values(), key=lambda d: (d.sender, d.contract, d.declaration.subject))


def _order(declared: Declared) -> tuple[int, int, str]:
    return declared.declaration.revision, declared.declared_at, declared.event_id
