"""Listing: some facts of many, in an order, a page at a time."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hub.columns.asking import ENTITY

ORDER, VALUE = "~order", "~value"
STEP_BITS = 20  # between two facts of a base, so many bits' worth of changed ones have room
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Listing:
    """Facts, with a number each by whose order they are in the order of their entities."""

    facts: pl.LazyFrame

    @classmethod
    def of(cls, facts: pl.DataFrame) -> "Listing":
        """Number facts that have no numbers yet."""
        numbers = facts[ENTITY].arg_sort().arg_sort().cast(pl.Int64)
        return cls(facts.with_columns(numbers.alias(ORDER)).lazy())

    def order_of(self, entity: str) -> int | None:
        """Give an entity's number, or that of the first one after it; None where none is after."""
        after = self.facts.filter(pl.col(ENTITY) >= entity).select(pl.col(ORDER).min()).collect()
        found: int | None = after.item()
        return found


def base_numbers(entities: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Number the facts of a base; give their entities in order, too."""
    order = entities.arg_sort()
    ranks = np.empty(len(entities), np.int64)
    ranks[order.to_numpy()] = np.arange(len(entities))
    middle = 1 << (STEP_BITS - 1)
    return pl.Series(ORDER, (ranks << STEP_BITS) + middle), entities.gather(order)


def change_numbers(entities: pl.Series, in_base: pl.Series) -> pl.Series:
    """Number facts that lie beside a base, whose entities are given in order."""
    order = entities.arg_sort().to_numpy()
    places = in_base.search_sorted(entities.gather(order), "left").to_numpy().astype(np.int64)
    # Of those that have the same place in the base, each comes after the one before.
    firsts = np.searchsorted(places, places, "left")
    numbers = np.empty(len(entities), np.int64)
    numbers[order] = (places << STEP_BITS) + np.arange(len(entities)) - firsts
    return pl.Series(ORDER, numbers)


def page(rows: pl.DataFrame, offset: int, limit: int) -> pl.DataFrame:
    """Give so many rows from an offset on, in the order of `VALUE`, then of `ORDER`.

    Rows that have no value come last.
    """
    if not len(rows):
        return rows
    order = rows[ORDER].to_numpy()
    if VALUE in rows.columns:
        value = rows[VALUE].fill_null(2**63 - 1).to_numpy()
        least = _least(value, order, offset + limit)[offset:]
    else:
        ends = sorted({min(offset, len(order) - 1), min(offset + limit, len(order)) - 1})
        least = np.argpartition(order, ends)[offset : offset + limit]
        least = least[np.argsort(order[least])]
    return rows[least]


def _least(value: Ints, order: Ints, count: int) -> Ints:
    """Give the places of so many of the least, by value and then by order, in that order."""
    chosen: Ints = np.arange(len(value))
    if count < len(value):
        last = np.partition(value, count - 1)[count - 1]
        below, same = np.flatnonzero(value < last), np.flatnonzero(value == last)
        few = count - len(below)
        if few < len(same):
            same = same[np.argpartition(order[same], few - 1)[:few]]
        chosen = np.concatenate([below, same])
    return chosen[np.lexsort((order[chosen], value[chosen]))]
