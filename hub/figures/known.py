"""Known: whether lists or data know a value that a question is filtered by.

A figure of a code that nobody knows would read as zero. So it is refused, and near codes are named.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from hub.definitions.fact import Fact
from hub.figures.book import Book
from hub.figures.by_unit import near

VALUES_MAX = 10_000  # of a column, among which near ones are looked for


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
            continue
        listed = {
            row["code"] for rows in book.reference.tables.values() for row in rows if "code" in row
        }
        if value in listed or _has(book, fact.table, column, value):
            continue
        values = _values(book, fact.table, column)
        if values:
            yield Strange(name, value, near(value, sorted(values | listed)))


def _has(book: Book, table: str, column: str, value: str) -> bool:
    sql = f"SELECT 1 FROM {table} WHERE {column} = :v LIMIT 1"
    return bool(book.reading.rows(sql, v=value))


def _values(book: Book, table: str, column: str) -> set[str]:
    sql = f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL LIMIT {VALUES_MAX}"
    return {row[0] for row in book.reading.rows(sql)}
