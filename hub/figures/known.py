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
        owing = _owing(book, fact) if column == _party(book, fact) else set()
        if value in listed | owing:
            continue
        values = book.reading.values_of(fact, column)
        if values and value not in values:
            yield Strange(name, value, near(value, sorted(values | listed | owing)))


def _party(book: Book, fact: Fact) -> str | None:
    return book.definitions.contracts[fact.contract].party


def _owing(book: Book, fact: Fact) -> set[str]:
    """Name the parties that owe by the list of duties: known, though they never sent anything."""
    return {s.party for s in book.sources.values() if s.contract == fact.contract and s.party}
