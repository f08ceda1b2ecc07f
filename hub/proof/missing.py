"""What never came: steps of duties that nothing met, and gaps in codes that are numbered.

A code that a unit numbers by day (`H57.132-230517-0004`) tells of those before it. Whether a unit
numbers so is learned from its own codes, as some generators are random: on enough days its numbers
must run, nearly all, from 1 to the day's last. What came after the last one of a day cannot be
known from codes.
"""

from dataclasses import dataclass
from typing import Any

import polars as pl

from hub.apply.fold import IS_PRESENT
from hub.clock import DAY_US, OFFSET_US, iso_day
from hub.definitions.contract import Contract
from hub.figures.aliases import Aliased
from hub.figures.book import Ask, Book
from hub.reference.periods import Period

DAYS_MIN = 5  # on which a unit gave codes, before it can be said how
DENSITY_MIN = 0.8  # median share of a day's numbers, from 1 to its last, that are there
LEARNED_DAYS = 400  # up to so many days before a period's end are learned from
CODES_SHOWN_MAX = 200


@dataclass(frozen=True)
class Owed:
    """A step that a debtor owed and did not meet: days [first, last], what came and what is due."""

    debtor: str
    contract: str
    first: str
    last: str
    received: int
    due: int


@dataclass(frozen=True)
class Gap:
    """What a unit's codes of a day say is missing, as `missing`, of numbers 1 to `last`.

    `unreceived` are codes of which something is known, but not that they were received.
    """

    contract: str
    unit: str
    day: str
    last: int
    missing: tuple[str, ...]
    missing_count: int
    unreceived: tuple[str, ...]


def owed(book: Book, period: Period, now: int) -> list[Owed]:
    """List the steps of a period that duties owed and that were not met."""
    listed = [
        Owed(
            source.label,
            source.contract,
            iso_day(step.first),
            iso_day(step.end - 1),
            step.received,
            step.due,
        )
        for source in book.sources.values()
        for step in book.due(source, Ask(period, now))
        if step.received < step.due
    ]
    return sorted(listed, key=lambda o: (o.debtor, o.contract, o.first))


def gaps(book: Book, period: Period) -> list[Gap]:
    """List gaps in the codes of a period, unit by unit and day by day."""
    numbered = [c for c in book.definitions.contracts.values() if c.spec.names]
    return [gap for contract in numbered for gap in _gaps(book, contract, period)]


def _gaps(book: Book, contract: Contract, period: Period) -> list[Gap]:
    fact = book.facts[contract.name]
    # Every code that came is there, whatever it is one with; who received it, all of them say.
    sql = f"SELECT entity, {contract.party} FROM {fact.table}"
    parties: dict[str, str | None] = dict(book.reading.rows(sql))
    if isinstance(book.reading, Aliased) and (merger := book.reading.merger(fact)) is not None:
        ones = dict(merger.facts.filter(IS_PRESENT).select("entity", str(contract.party)).rows())
        parties |= {c: ones[n] for c, n in merger.names.items() if n in ones and c in parties}
    codes = pl.DataFrame(
        list(parties.items()), schema={"code": pl.String, "party": pl.String}, orient="row"
    )
    first, last = ((us + OFFSET_US) // DAY_US for us in (period.start, period.end - 1))
    by_day = number_codes(contract, codes).filter(pl.col("day") <= last)
    by_day = by_day.filter(pl.col("day") > last - LEARNED_DAYS)
    days = by_day.group_by("unit", "day").agg(
        pl.col("number").n_unique().alias("count"),
        pl.col("number").max().alias("last"),
        pl.col("number").unique().sort(),
        pl.col("digits").min(),
        pl.col("code").filter(pl.col("party").is_null()).sort().alias("unreceived"),
        pl.col("head").first(),
    )
    counting = days.group_by("unit").agg(
        pl.len().alias("days"), (pl.col("count") / pl.col("last")).median().alias("density")
    )
    known = counting.filter((pl.col("days") >= DAYS_MIN) & (pl.col("density") >= DENSITY_MIN))
    of_period = days.filter(pl.col("day") >= first).join(known, on="unit", how="semi")
    lacking = of_period.filter(
        (pl.col("count") < pl.col("last")) | (pl.col("unreceived").list.len() > 0)
    )
    return [_gap(contract, row) for row in lacking.sort("unit", "day").iter_rows(named=True)]


def number_codes(contract: Contract, codes: pl.DataFrame) -> pl.DataFrame:
    """Read numbered codes: unit, day from 1970-01-01, number, its digits, what precedes it."""
    assert contract.spec.names is not None
    parts = codes["code"].str.extract_groups(contract.spec.names.numbered)
    frame = codes.with_columns(parts.struct.unnest()).with_columns(
        pl.col("date")
        .str.to_date("%y%m%d", strict=False)
        .cast(pl.Int32)
        .cast(pl.Int64)
        .alias("day"),
        pl.col("number").str.len_chars().alias("digits"),
        pl.col("number").cast(pl.Int64, strict=False),
    )
    frame = frame.with_columns(pl.format("{}-{}-", "unit", "date").alias("head"))
    return frame.drop_nulls(["unit", "day", "number"])


def _gap(contract: Contract, row: dict[str, Any]) -> Gap:
    there = set(row["number"])
    lacking = [n for n in range(1, row["last"]) if n not in there]
    shown = lacking[:CODES_SHOWN_MAX]
    return Gap(
        contract.name,
        row["unit"],
        iso_day(row["day"]),
        row["last"],
        tuple(f"{row['head']}{n:0{row['digits']}}" for n in shown),
        len(lacking),
        tuple(row["unreceived"][:CODES_SHOWN_MAX]),
    )
