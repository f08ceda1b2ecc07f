"""What a cell of a sheet holds: a text, a number, a percentage, a day, or nothing that counts."""

from decimal import Decimal


class Percent(Decimal):
    """A number that its cell shows as a percentage: 0.3393 for 33,93 %."""


class Dated(str):
    """A day as precisely as its cell shows it, or with its time of day where it holds one.

    `2023`, `2023-05`, `2023-05-17` or `2023-05-17T08:05:30`.
    """

    __slots__ = ()


class Failed(str):
    """An error that a formula gave, such as `#DIV/0!`."""

    __slots__ = ()


class Uncomputed(Failed):
    """A formula that no program has computed: its text."""

    __slots__ = ()


class Typed(str):
    """What somebody typed in the place of a cell: read by itself, whatever its column shows."""

    __slots__ = ()


Cell = str | Decimal
SheetRow = tuple[int, list[Cell]]
