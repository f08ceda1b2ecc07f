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


class Veiled(Failed):
    """A number that its cell shows as another one, or a day that it shows without its year."""

    __slots__ = ()


class Merged(Failed):
    """A cell that was merged with one above it: the number of that one's row."""

    __slots__ = ()


class Cut(Failed):
    """A cell that the last line of a text ends before."""

    __slots__ = ()


class Typed(str):
    """What somebody typed in the place of a cell: read by itself, whatever its column shows."""

    __slots__ = ()


Cell = str | Decimal


def as_shown(cell: Cell) -> str:
    """Write a cell as its sender sees it: a text as it stands, else as Excel shows it in Vietnam.

    A percentage is `33,93%`, a number `1234,5`, a day `17/05/2023`.
    """
    if isinstance(cell, Percent):
        return f"{as_shown((cell * 100).normalize())}%"
    if isinstance(cell, Decimal):
        return f"{cell:f}".replace(".", ",")
    if isinstance(cell, Dated):
        day, _, time = cell.partition("T")
        return " ".join(filter(None, ("/".join(reversed(day.split("-"))), time)))
    return cell


SheetRow = tuple[int, list[Cell]]
