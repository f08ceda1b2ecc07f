"""Choices: what may stand in a field, as people call it, and the list that a code is of."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hub.definitions.contract import Contract, Doc


@dataclass(frozen=True)
class Choices:
    """Marks a field by what people may choose for it.

    `names` are what the values of a closed set are called; `of` is the list of reference data that
    the codes of a field are of.
    """

    names: Mapping[str, Doc] = field(default_factory=dict, hash=False)
    of: str = ""


NONE = Choices()


def choices_of(contract: Contract, name: str) -> Choices:
    """Give what may be chosen for a field of a contract: nothing where its class does not say."""
    info = contract.model.model_fields.get(name)
    metadata = info.metadata if info is not None else []
    return next((m for m in metadata if isinstance(m, Choices)), NONE)
