"""Forms: what a list of reference data must look like, so that a list is a file that is found."""

import csv
import io
from dataclasses import dataclass

from hub.troubles import TroubleError

Row = dict[str, str]


class FormError(TroubleError):
    """A file does not have the form of its list."""


@dataclass(frozen=True)
class Column:
    """A column of a list, by its name in the file's first line; `is_required`: it must be there."""

    name: str
    title_vi: str
    title_en: str
    is_required: bool = True


# A row is in force from its first day up to, not including, its last; without a last, since then.
VALID_FROM = Column("valid_from", "Hiệu lực từ ngày", "Valid from")
VALID_TO = Column("valid_to", "Hiệu lực đến trước ngày", "Valid until before")
SOURCE = Column("source", "Nguồn", "Source", is_required=False)


@dataclass(frozen=True)
class Form:
    """The form of a list. The list's name is the name of the file that holds its form.

    `digest_place` is for the lists whose digest every figure carries, in this order. A list without
    one is in the digest of those figures alone that are read against it: a new list changes the
    definition version of no figure that was there before.
    """

    title_vi: str
    title_en: str
    columns: tuple[Column, ...]
    digest_place: int | None = None

    @property
    def is_effective_dated(self) -> bool:
        """Whether its rows are in force from a day to a day."""
        return VALID_FROM in self.columns

    def read(self, text: str) -> list[Row]:
        """Read a CSV file's rows; raise `FormError` where a column is missing."""
        rows = csv.DictReader(io.StringIO(text, newline=""))
        present = rows.fieldnames or ()
        missing = [c.name for c in self.columns if c.is_required and c.name not in present]
        if missing:
            raise FormError(f"no column {', '.join(missing)}; there are {', '.join(present)}")
        return list(rows)
