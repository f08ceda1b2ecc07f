"""The change that a batch makes: frames with the columns of the tables, ready to be written."""

from dataclasses import dataclass

import polars as pl


@dataclass
class Change:
    """What a batch changes, ready to be written: frames with the columns of the tables.

    `created` and `changed` are facts; `notices` tells others of what was set aside. `aside` and
    `heard_each` say, record by record, what a past cut cannot be folded from.
    """

    ledger: pl.DataFrame
    quarantine: pl.DataFrame
    notices: pl.DataFrame
    aside: pl.DataFrame
    created: pl.DataFrame | None = None
    changed: pl.DataFrame | None = None
    cells: pl.DataFrame | None = None
    arrivals: pl.DataFrame | None = None
    lateness: pl.DataFrame | None = None
    heard: pl.DataFrame | None = None
    heard_each: pl.DataFrame | None = None
    closings: pl.DataFrame | None = None
    lists: pl.DataFrame | None = None
    declarations: pl.DataFrame | None = None
    alerts: pl.DataFrame | None = None
