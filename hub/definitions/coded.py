"""Coded: what the codes of a field are called, and which list they are of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import get_args

from hub.definitions.contract import Contract


@dataclass(frozen=True)
class Coded:
    """Marks a field of codes: by code what people call it, the first of them shown to people.

    Or, where the province says what there is, `listed`: the list that holds the codes.
    """

    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    listed: str = ""


_UNKNOWN = Coded()


@cache
def coded(contract: Contract, name: str) -> Coded:
    """Say what the codes of a field are called; nothing is known of other fields."""
    info = contract.model.model_fields.get(name)
    if info is None:
        return _UNKNOWN
    marks = [*info.metadata, *(m for a in get_args(info.annotation) for m in get_args(a)[1:])]
    return next((m for m in marks if isinstance(m, Coded)), _UNKNOWN)
