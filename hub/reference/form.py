"""Forms: what a list of reference data must look like, so that a list is a file that is found."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from hub.troubles import TroubleError

Row = dict[str, str]


class FormError(TroubleError):
    """A file does not have the form of its list."""


@dataclass(frozen=True)
class Column:
    """A column of a list, by its name in the file's first line; `is_required`: it must be there.

    `kind` is what a cell holds, a `count` being a whole number from 1 on; of `choices`, by what
    people call them, it holds one. A cell may be empty where its column `may_be_empty`, or need not
    be there at all.
    """

    name: str
    title_vi: str
    title_en: str
    is_required: bool = True
    kind: Literal["text", "day", "decimal", "count"] = "text"
    choices: Mapping[str, str] = field(default_factory=dict, hash=False)
    may_be_empty: bool = False


# A row is in force from its first day up to, not including, its last; without a last, since then.
VALID_FROM = Column("valid_from", "Hiệu lực từ ngày", "Valid from", kind="day")
VALID_TO = Column(
    "valid_to", "Hiệu lực đến trước ngày", "Valid until before", kind="day", may_be_empty=True
)
LEVELS = {
    "tỉnh": "province",
    "sở": "department",
    "huyện": "district",
    "xã": "commune",
}
SOURCE = Column("source", "Nguồn", "Source", is_required=False)


@dataclass(frozen=True)
class Form:
    """The form of a list. The list's name is the name of the file that holds its form.

    `digest_place` is for the lists whose digest every figure carries, in this order. A list without
    one is in the digest of those figures alone that are read against it: a new list changes the
    definition version of no figure that was there before.

    `key` names the columns that say what a row is about: on one day there is one such row.
    `parent` is the column that names the row, of the same list, that a row is part of. Of the
    columns `one_of`, one at least is filled. `hours` names those that hold an hour, as 07:30;
    `needs` says, by column and its value, which others must be filled beside it.

    `is_open`: others' tools may read it by SQL. What names people, or how they are reached, is not.
    """

    title_vi: str
    title_en: str
    columns: tuple[Column, ...]
    digest_place: int | None = None
    key: tuple[str, ...] = ("code",)
    parent: str | None = None
    one_of: tuple[str, ...] = ()
    hours: tuple[str, ...] = ()
    needs: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict, hash=False)
    is_open: bool = False

    @property
    def is_effective_dated(self) -> bool:
        """Whether its rows are in force from a day to a day."""
        return VALID_FROM in self.columns

    @property
    def not_loaded(self) -> tuple[str, str]:
        """Say in Vietnamese and in English that the list was not loaded."""
        vi, en = (t[:1].lower() + t[1:] for t in (self.title_vi, self.title_en))
        return f"chưa nạp danh mục {vi}", f"the list of {en} is not loaded"

    def read(self, text: str) -> list[Row]:
        """Read a CSV file's rows; raise `FormError` where a column is missing."""
        rows = csv.DictReader(io.StringIO(text, newline=""))
        present = rows.fieldnames or ()
        missing = [c.name for c in self.columns if c.is_required and c.name not in present]
        if missing:
            raise FormError(f"no column {', '.join(missing)}; there are {', '.join(present)}")
        return list(rows)
