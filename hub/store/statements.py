"""Parts of statements that both databases write alike."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import sqlalchemy as sa

from hub.columns.asking import Parts, Span, Tally
from hub.definitions.fact import Fact, Measure

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


def counted_sql(measure: Measure, where: dict[str, str], span: Span) -> tuple[str, dict[str, Any]]:
    """Write the condition that a fact counts in a span, and the named values."""
    start, until = span
    conditions = [f"({measure.where})", f"{measure.when} < :until"]
    values: dict[str, Any] = {"until": until}
    if start is not None:
        conditions.append(f"{measure.when} >= :start")
        values["start"] = start
    for i, (column, value) in enumerate(where.items()):
        conditions.append(f"{column} = :v{i}")
        values[f"v{i}"] = value
    return " AND ".join(conditions), values


def sum_facts_sql(
    fact: Fact,
    measure: Measure,
    by: Sequence[str],
    where: dict[str, str],
    span: Span,
    parts: Parts | None = None,
) -> tuple[str, dict[str, Any]]:
    """Write what sums a measure over facts: rows (by…, count, value), and the named values."""
    by = [*by, *([] if parts is None else [parts.sql(measure.when)])]
    condition, values = counted_sql(measure, where, span)
    value = measure.value if measure.is_recomputed else f"SUM({measure.value})"
    group = f" GROUP BY {','.join(by)}" if by else ""
    sql = f"SELECT {','.join([*by, 'COUNT(*)', value])} FROM {fact.table} WHERE {condition}{group}"
    return sql, values


def count_facts_sql(fact: Fact, tally: Tally) -> tuple[str, dict[str, Any]]:
    """Write what counts facts, and the named values."""
    conditions = [f"({tally.within})"]
    values: dict[str, Any] = {}
    for i, (column, value) in enumerate(tally.where.items()):
        conditions.append(f"{column} = :v{i}")
        values[f"v{i}"] = value
    counts = (f"SUM(CASE WHEN {condition} THEN 1 ELSE 0 END)" for condition in tally.counted)
    group = f" GROUP BY {','.join(tally.by)}" if tally.by else ""
    sql = (
        f"SELECT {','.join([*tally.by, *counts])} FROM {fact.table}"
        f" WHERE {' AND '.join(conditions)}{group}"
    )
    return sql, values


def place_since(then: Mapping[int, int]) -> str:
    """Write the condition that a fact's place in the log is not before a cut, as an index has it.

    That is: in its partitions from its offsets on, in any other, or (-1) in several.
    """
    places = [f"(log_partition = {p} AND log_offset >= {n})" for p, n in then.items()]
    edges = [-1, *sorted(then), 2**31 - 1]
    between = [(a, b) for a, b in pairwise(edges) if b - a > 1]
    places += [f"(log_partition > {a} AND log_partition < {b})" for a, b in between]
    return " OR ".join(["log_partition < 0", *places])
