"""What two sets of tables say, held against each other by name: the law of identical tables.

Compared is what must be identical whatever the order, the speed and the shards in which events
came: facts, cells over shards, quarantine, ledger totals, arrivals, and when senders were heard.
Not compared: versions, positions, and the day on which the second of two equal events was accepted.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from hub.definitions.fact import Fact
from hub.store.reading import Reading, Row
from hub.store.tables import LANES

LINES_MAX = 100
CELLS = "cells"  # all of them, where they are known to be equal
Said = Iterable[tuple[Row, Row]]  # key and values, by key
Columns = Mapping[str, Sequence[str]]


@dataclass
class Differences:
    """What differs, by name: the first `LINES_MAX` of it in words, and how much it is."""

    lines: list[str] = field(default_factory=list)
    count: int = 0

    def differ(self, name: str, old: object, new: object) -> None:
        """Note a difference."""
        self.count += 1
        if len(self.lines) < LINES_MAX:
            self.lines.append(f"{name}: in force {old}, anew {new}")


def fact_name(contract: str) -> str:
    """Name a contract's facts among the tables."""
    return f"fact {contract}"


def fact_columns(facts: Mapping[str, Fact]) -> dict[str, list[str]]:
    """List what a fact says, by contract."""
    return {n: ["events", "is_disputed", "held", *LANES, *f.types] for n, f in facts.items()}


def tables(
    reading: Reading, facts: Mapping[str, Fact], columns: Columns, alike: Collection[str] = ()
) -> Iterator[tuple[str, Said]]:
    """Give what the tables say, one after another, each in the order of its keys.

    Left out are those that are known to be `alike` in another set (`hub.store.alike`).
    """
    for contract, fact in facts.items():
        if fact_name(contract) in alike:
            continue
        names = ",".join(["entity", *columns[contract]])
        rows = reading.stream(f"SELECT {names} FROM {fact.table} ORDER BY entity")
        yield fact_name(contract), ((r[:1], r[1:]) for r in rows)
    for cell_set in [] if CELLS in alike else sorted(reading.cell_sets("")):
        found = reading.cells(cell_set)
        if found:
            yield f"cell {cell_set}", sorted(found.items())
    kept = {r[:1]: r[1:] for r in reading.table("quarantine")}
    yield "quarantine", sorted(kept.items())
    ledger: dict[Row, int] = {}
    for contract, sender, _, kind, _, count in reading.table("ledger"):
        key = (contract, sender, kind)
        ledger[key] = ledger.get(key, 0) + int(count)
    yield "ledger", _counted(ledger)
    arrivals: dict[Row, int] = {}
    for *arrived, _, count in reading.table("arrival"):
        arrivals[tuple(arrived)] = arrivals.get(tuple(arrived), 0) + int(count)
    yield "arrival", _counted(arrivals)
    heard: dict[Row, Row] = {}
    for contract, sender, _, *latest in reading.table("heard"):
        before = heard.get((contract, sender), tuple(latest))
        heard[contract, sender] = tuple(map(max, before, latest))
    yield "heard", sorted(heard.items())
    yield "closing", sorted((r[:1], r[1:]) for r in reading.closings())
    yield "list", sorted((r[:1], r[1:]) for r in reading.lists())
    yield "declaration", sorted((r[:1], r[1:]) for r in reading.declarations())
    told = (tuple(event.values()) for event in reading.alert_events())
    yield "alert", sorted((r[:1], r[1:]) for r in told)


def _counted(counts: dict[Row, int]) -> Said:
    return [(k, (n,)) for k, n in sorted(counts.items()) if n]


def compare(
    old: Reading, new: Reading, facts: Mapping[str, Fact], alike: Collection[str] = ()
) -> Differences:
    """Hold two sets of tables against each other; both are to stand at the same positions.

    What is known to be `alike` in both is not read again.
    """
    differences = Differences()
    columns = {}
    for contract, wanted in fact_columns(facts).items():
        table = facts[contract].table
        here, there = set(old.column_names(table)), set(new.column_names(table))
        if here != there:
            differences.differ(f"columns of {table}", sorted(here - there), sorted(there - here))
        columns[contract] = [n for n in wanted if n in here]
    olds = tables(old, facts, columns, alike)
    news = tables(new, facts, columns, alike)
    for name, left, right in _paired(olds, news):
        _compare_rows(name, left, right, differences)
    return differences


def _paired(
    olds: Iterator[tuple[str, Said]], news: Iterator[tuple[str, Said]]
) -> Iterator[tuple[str, Said, Said]]:
    """Pair tables by name; what is on one side only is held against nothing."""
    old, new = next(olds, None), next(news, None)
    while old is not None or new is not None:
        if new is None or (old is not None and _rank(old[0]) < _rank(new[0])):
            assert old is not None
            yield old[0], old[1], ()
            old = next(olds, None)
        elif old is None or _rank(new[0]) < _rank(old[0]):
            yield new[0], (), new[1]
            new = next(news, None)
        else:
            yield old[0], old[1], new[1]
            old, new = next(olds, None), next(news, None)


def _rank(name: str) -> tuple[int, str]:
    """Tell where a table comes: only cell sets may be missing, and they come sorted."""
    counted = ("fact", "cell", "quarantine", "ledger", "arrival", "heard")
    kinds = (*counted, "closing", "list", "declaration", "alert")
    kind, _, rest = name.partition(" ")
    return (kinds.index(kind), rest if kind == "cell" else "")


def _compare_rows(name: str, left: Said, right: Said, differences: Differences) -> None:
    olds, news = iter(left), iter(right)
    old, new = next(olds, None), next(news, None)
    while old is not None or new is not None:
        if new is None or (old is not None and old[0] < new[0]):
            assert old is not None
            differences.differ(_named(name, old[0]), old[1], "nothing")
            old = next(olds, None)
        elif old is None or new[0] < old[0]:
            differences.differ(_named(name, new[0]), "nothing", new[1])
            new = next(news, None)
        else:
            if old[1] != new[1]:
                differences.differ(_named(name, old[0]), old[1], new[1])
            old, new = next(olds, None), next(news, None)


def _named(name: str, key: Row) -> str:
    kind, _, of = name.partition(" ")
    said = "/".join(str(k) for k in key)
    return f"{kind} {of}/{said}" if of else f"{kind} {said}"
