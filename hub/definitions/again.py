"""Again: how what a connector rejected is read again, as its upstream writes it, once corrected."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.definitions.admission import Verdict

JsonObject = Mapping[str, Any]
# Gives some columns of those things that are known, by the thing's name.
Known = Callable[[Sequence[str], Sequence[str]], dict[str, tuple[Any, ...]]]


def _as_it_is(raw: bytes) -> bytes:
    return raw


def as_they_are(events: list[JsonObject], _: bytes, __: Known) -> list[JsonObject]:
    """Send events as they were corrected."""
    return events


@dataclass(frozen=True)
class Again:
    """What a source does with a record that was rejected.

    `shown` gives an original as a JSON object whose names are the upstream's; a correction keeps
    that form. `read` makes events of the contract of it (content, original), or says what is still
    wrong. `about` gives of an original what can be read, by the contract's fields: which thing it
    is about. `settled` lets events stand in the place of what is known when they are sent. Where
    corrections are remembered, the connector is left word of what they told (`told_name`).
    """

    read: Callable[[bytes, bytes], list[JsonObject] | Verdict]
    about: Callable[[bytes], JsonObject]
    shown: Callable[[bytes], bytes] = _as_it_is
    settled: Callable[[list[JsonObject], bytes, Known], list[JsonObject]] = as_they_are
    is_remembered: bool = False


def told_name(source: str, entity: str) -> str:
    """Name the checkpoint of what corrections told of a thing, beside its connector."""
    return f"told:{source}:{entity}"


def mended_name(item: str) -> str:
    """Name the checkpoint in which a connector says that an item was mended at its upstream."""
    return f"mended:{item}"
