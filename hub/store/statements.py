"""Parts of statements that both databases write alike."""

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

Ask = Callable[[str], Any]  # runs a query, gives its rows
SECOND = "rebuild"  # the second set of tables is named so: a file beside, or a schema


def column_names(columns: Sequence[str]) -> str:
    """List the names of columns."""
    return ",".join(f'"{c}"' for c in columns)


def key_names(table: sa.Table) -> list[str]:
    """Name the columns of a table's primary key."""
    return [c.name for c in table.primary_key]


def merge_clause(table: sa.Table, rules: dict[str, str], greatest: str) -> str:
    """Write what becomes of a row whose key is there already, by the rules of `Database.merge`.

    `greatest` is the database's function for the greatest of its arguments.
    """
    templates = {
        "+": '"{c}"={t}."{c}"+excluded."{c}"',
        "max": '"{c}"={g}({t}."{c}",excluded."{c}")',
        "=": '"{c}"=excluded."{c}"',
    }
    sets = [templates[r].format(c=c, t=table.name, g=greatest) for c, r in rules.items()]
    return f"UPDATE SET {','.join(sets)}" if sets else "NOTHING"
