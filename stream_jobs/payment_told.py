"""What was told of payment statistics: each revision, by whom, and when the hub had it."""

from collections.abc import Mapping
from datetime import date

import polars as pl

from hub.apply import fold
from hub.apply.stored import settle_stored
from hub.clock import EPOCH_DATE
from hub.figures.book import Book
from hub.reference.periods import Period, parse_period

CONTRACT = "payment"
AT_ONCE = 50_000  # statistics whose revisions are read together


def day_number(day: date) -> int:
    """Count a day from 1970-01-01."""
    return (day - EPOCH_DATE).days


def revisions(book: Book, period: Period, where: Mapping[str, str]) -> pl.DataFrame:
    """Give what counts of statistics whose own period is within one, least revision first.

    Adds to the contract's fields `entity`, `sender`, the days (from 1970-01-01) `accepted_on`, and
    `first_on` and `end_on`, between which the statistic's own period is.
    """
    fact, contract = book.facts[CONTRACT], book.definitions.contracts[CONTRACT]
    # Periods are written from the year on, so that their texts are in the order of years.
    first, last = period.start_on.year, period.end_on.year + 1
    known = book.reading.facts(
        fact, ["entity", "period"], f"period >= '{first:04}' AND period < '{last:04}'", where
    )
    spans = {text: parse_period(text) for text in known["period"].unique()}
    within = {
        text: (day_number(span.start_on), day_number(span.end_on))
        for text, span in spans.items()
        if period.start_on <= span.start_on and span.end_on <= period.end_on
    }
    entities = known.filter(pl.col("period").is_in(list(within)))["entity"].sort()
    parts = [
        settle_stored(contract, book.reading.states(fact, part.to_list()))
        for part in (entities.slice(at, AT_ONCE) for at in range(0, max(len(entities), 1), AT_ONCE))
    ]
    days = pl.DataFrame(
        [(text, *span) for text, span in within.items()],
        {"period": pl.String, "first_on": pl.Int64, "end_on": pl.Int64},
        orient="row",
    )
    counted = pl.concat(parts).filter("is_live").join(days, on="period", how="left")
    return fold.order(contract, counted, "entity")
