"""What two sets of tables hold alike, asked of their database at once.

Fetching a row costs many times what comparing it costs where it lies, and nearly always all are
equal. So a rebuild asks this first, and goes row by row (`hub.store.differences`) only through
what is not alike, to name it.
"""

from collections.abc import Mapping, Sequence

from hub.definitions.fact import Fact
from hub.store.database import Database
from hub.store.differences import CELLS, fact_columns, fact_name
from hub.store.statements import Ask
from hub.store.tables import LANES, cell

_SUMS = ("count", "value", "disputed", *LANES)


def alike(database: Database, facts: Mapping[str, Fact]) -> set[str]:
    """Name the facts and cells that are equal in both sets; nothing where they stand apart.

    Both are read at the same positions or not at all: who applies to the tables in force may have
    gone on.
    """
    with database.beside() as (ask, mine, second):
        both = (mine, second), (second, mine)
        if not all(_is_none(ask, _positions(one, other)) for one, other in both):
            return set()
        equal = {
            fact_name(contract)
            for contract, columns in fact_columns(facts).items()
            if _are_equal(ask, (mine, second), facts[contract].table, ["entity"], columns)
        }
        keys = [c.name for c in cell.primary_key]
        # Where no row is in another shard, they need not be summed up.
        if _are_equal(ask, (mine, second), cell.name, keys, _SUMS) or _is_none(
            ask, _differing_cells(mine, second)
        ):
            equal.add(CELLS)
        return equal


def _is_none(ask: Ask, query: str) -> bool:
    return ask(query).first() is None


def _positions(one: str, other: str) -> str:
    columns = "log, topic, partition, next_offset"
    return f"SELECT {columns} FROM {one}.position EXCEPT SELECT {columns} FROM {other}.position"


def _are_equal(
    ask: Ask, places: tuple[str, str], table: str, keys: Sequence[str], columns: Sequence[str]
) -> bool:
    """Tell whether two tables have the same rows, as far as these columns say."""
    for place in places:
        known = ask(f"SELECT * FROM {place}.{table} LIMIT 0").keys()
        if not {*keys, *columns} <= set(known):
            return False
    mine, second = (f"{place}.{table}" for place in places)
    on = " AND ".join(f'a."{n}" = b."{n}"' for n in keys)
    same = " AND ".join(
        f'(a."{n}" = b."{n}" OR (a."{n}" IS NULL AND b."{n}" IS NULL))' for n in columns
    )
    joined = f"{mine} a JOIN {second} b ON {on} WHERE {same}"
    return (
        len({ask(f"SELECT COUNT(*) FROM {rows}").scalar() for rows in (mine, second, joined)}) == 1
    )


def _differing_cells(mine: str, second: str) -> str:
    """Write the query for cells whose sums over shards differ."""
    sums = [f'"{n}"' for n in _SUMS]
    left = " OR ".join(f"SUM({n}) <> 0" for n in sums)
    return (
        "SELECT 1 FROM ("
        f"SELECT cell_set, period, dims, {', '.join(sums)} FROM {mine}.cell"
        f" UNION ALL SELECT cell_set, period, dims, -{', -'.join(sums)} FROM {second}.cell"
        f") both_sets GROUP BY cell_set, period, dims HAVING {left} LIMIT 1"
    )
