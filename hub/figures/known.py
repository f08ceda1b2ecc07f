"""Known: whether lists or data know a value that a question is filtered by.

A figure of a code that nobody knows would read as zero. So it is refused, and near codes are named.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from hub.definitions.fact import Fact
from hub.figures.book import Book
from hub.figures.by_unit import near


class Strange(NamedTuple):
    """A value that neither lists nor data know: the parameter, the value, and near ones."""

    name: str
    value: str
    near: list[str]


def strange(book: Book, fact: Fact, asked: Mapping[str, tuple[str, str]]) -> Iterator[Strange]:
    """Give the filters of a fact that nobody knows; `asked` has (column, value) by name.

    Where neither has any value of a column there is nothing to tell a strange one by.
    """
    for name, (column, value) in asked.items():
        if not column.isidentifier():
            table, _, said = column.partition(".")
            texts = {
                text for row in book.reference.tables.get(table, ()) if (text := row.get(said))
            }
            if texts and value not in texts:
                yield Strange(name, value, near(value, sorted(texts)))
            continue
        listed = {
            row["code"] for rows in book.reference.tables.values() for row in rows if "code" in row
        }
        if value in listed:
            continue
        values = book.reading.values_of(fact, column)
        if values and value not in values:
            yield Strange(name, value, near(value, sorted(values | listed)))
