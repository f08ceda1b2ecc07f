"""What a file must hold, and what comes of it: declared columns, rows, and why one is rejected."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from hub.definitions.admission import Verdict
from hub.definitions.barred import Bars
from hub.definitions.masking import Kind as Masked
from hub.sheets.vietnamese import Kind, Mark, Order, Reader, key
from hub.troubles import RefusedError


@dataclass(frozen=True)
class Column:
    """A declared column: the field it fills, the headers it may have, and how a cell is read.

    `headers` are compared without case, diacritics, spaces and marks; the first is the one shown
    to people. A blank cell is rejected where it is `required`, else its field is left out. Where
    the whole column is not there every row has `absent`; None means that a required column must be
    there. `may_be_blank`: a required column must be there too, but a blank cell of it says that
    there is none, and its field is left out. `example` is a cell that would be right. `is_counted`:
    where no row says it, the hub counts on from what is known, and `absent` is the first.
    """

    field: str
    headers: tuple[str, ...]
    reads: Reader
    required: bool = True
    absent: Any = None
    example: str = ""
    is_counted: bool = False
    may_be_blank: bool = False

    @property
    def is_filled(self) -> bool:
        """Whether each of its cells must hold something."""
        return self.required and not self.may_be_blank

    @property
    def kind(self) -> Kind:
        """What its cells hold."""
        return self.reads.kind

    @property
    def title(self) -> str:
        """What a message calls it: its first header without what explains it, where that is one."""
        short = re.split(r"[,;:(]", self.headers[0])[0].strip()
        # The title of money names its unit, which belongs to it.
        return short if short in self.headers and self.kind != "money" else self.headers[0]


def masked_as(column: Column | None) -> Masked:
    """Say as what a column's cells are masked where they are shown."""
    kind = "text" if column is None else column.kind
    if kind in ("instant", "period"):
        return "instant"
    return "number" if kind in ("integer", "money", "decimal", "share") else "text"


@dataclass(frozen=True)
class Hint:
    """What is known of a sender's column beforehand: its decimal mark, order of days, unit."""

    mark: Mark | None = None
    order: Order | None = None
    scale: int | None = None


NO_HINT = Hint()


@dataclass(frozen=True)
class Own:
    """What a sender's own header stands for: a field, with what is known of its column, or none.

    `header` is how the sender writes it.
    """

    field: str = ""
    hint: Hint = NO_HINT
    header: str = ""


@dataclass(frozen=True)
class Table:
    """What a file must hold. `passed` are folded headers of ours that say nothing of the rows.

    `own` are headers that the sender alone uses, by what headers are compared by: they come before
    those of the columns. Of a workbook only `sheets` are read, where some are named. Of what `bars`
    name nothing may enter (`hub.definitions.barred`).
    """

    columns: tuple[Column, ...]
    passed: frozenset[str] = frozenset()
    own: Mapping[str, Own] = field(default_factory=dict)
    sheets: tuple[str, ...] = ()
    bars: Bars = ()

    @cached_property
    def needed(self) -> list[Column]:
        """The columns that must be there."""
        return [c for c in self.columns if c.required and c.absent is None]

    @cached_property
    def filled(self) -> list[Column]:
        """The columns that every row fills."""
        return [c for c in self.needed if c.is_filled]

    def title_of(self, column: Column) -> str:
        """Name a column as its sender knows it: by the sender's own header, else by its title."""
        owned = (own.header for own in self.own.values() if own.field == column.field)
        return next(filter(None, owned), column.title)

    @cached_property
    def by_header(self) -> dict[str, Column]:
        """The columns by what their headers are compared by."""
        return {key(h): c for c in reversed(self.columns) for h in reversed(c.headers)}

    def column_of(self, header: str) -> Column | None:
        """Find the column of a header as it was written, with a unit behind it or not."""
        parts = (header, re.split(r"[(\[,;:]", header)[0])
        return next((c for h in parts if (c := self.by_header.get(key(h)))), None)

    def header_of(self, field: str) -> str:
        """Name the column of a field as people see it; a field without one by itself."""
        return next((c.headers[0] for c in self.columns if c.field == field), field)


@dataclass(slots=True)
class Row:
    """One row: its number, its bytes, and what it says or why it is rejected.

    `number` is the one that its sheet program shows, `place` counts from 0 over all sheets, and
    `sheet` is the sheet's name where rows of several are read. `wrong` names the field of each
    fault of the verdict, empty where it is of none.
    """

    number: int
    original: bytes
    values: dict[str, Any]
    verdict: Verdict | None = None
    # What stands in a row that is rejected, by field: as it is read, or as text where it is not.
    said: dict[str, Any] = field(default_factory=dict)
    place: int = 0
    sheet: str = ""
    wrong: Sequence[str] = ()


class FileError(RefusedError):
    """A file cannot be read as a whole: the rule, the value, and why in both languages."""
