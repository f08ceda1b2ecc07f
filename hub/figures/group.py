"""Groups: KPIs that a page shows together, under one title."""

from dataclasses import dataclass, replace
from importlib.resources.abc import Traversable

from hub.definitions.contract import Doc


@dataclass(frozen=True)
class Group:
    """A group of KPIs. Its id is the name of its file.

    `place` orders the groups of the board; one without has no place there, but a page of its own.
    `part` is its part of the page, where there is one: the JavaScript module beside its file.
    """

    title: Doc
    place: int | None
    id: str = ""
    part: Traversable | None = None

    def named(self, name: str, part: Traversable | None) -> "Group":
        """Give the group its id and its part."""
        return replace(self, id=name, part=part)
