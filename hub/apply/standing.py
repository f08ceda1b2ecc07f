"""Standing: whose events about a thing count, where units share it (decision 0024).

The hub writes into each event of a limited sender which units that may speak for (`Spec.stamp`);
one of whole scope has no such mark, and always stands. Of the others, per thing:

- its owners are the units that events of whole scope name in the contract's first field of units;
  where none does, the one that the first limited event to do so names. First is one whose unit the
  thing's own code begins with (codes of dossiers do: TT 01/2018/TT-VPCP), then one accepted first,
  which no sender can write;
- named are the units that an event of whole scope, or one that names an owner, has in the fields
  after it;
- an event that names an owner's place stands where it names an owner; one that names only another
  place, where that unit is named, or where nobody is and its sender speaks for an owner; one that
  names none, where its sender speaks for an owner or for who is named.

A retraction touches its sender's own events alone and always stands.
"""

import polars as pl

from hub.definitions.contract import Contract

STANDS = "stands"
_UNIT = "~unit"


def find_standing(contract: Contract, events: pl.DataFrame, group: str) -> pl.Series:
    """Tell which events stand.

    `events` have the contract's fields, `accepted_on`, `partition`, `offset`, `is_live` (whether
    they would count) and `group`, the thing that each is about.
    """
    stamp = contract.spec.stamp
    everywhere = pl.repeat(value=True, n=len(events), dtype=pl.Boolean, eager=True)
    if stamp is None or events[stamp].null_count() == len(events):
        return everywhere
    own, *others = contract.spec.units
    is_limited = pl.col(stamp).is_not_null()
    frame = events.select(
        group, stamp, own, *others, "accepted_on", "offset", "partition", "is_live",
        pl.col(contract.spec.entity[0]).alias("~code"),
    ).with_row_index("~at")  # fmt: skip
    frame = frame.join(frame.filter(is_limited).select(group).unique(), on=group, how="semi")
    live = frame.filter("is_live")
    owners = _owners(live, group, stamp, own)
    live = _mark(live, owners, [group, own], "~names_owner")
    by_right = live.filter(~is_limited | pl.col("~names_owner"))
    named = pl.concat(
        [by_right.select(group, pl.col(n).alias(_UNIT)) for n in others] or [owners.clear()]
    )
    named = named.drop_nulls().unique()
    standing = pl.concat([owners, named]).unique()
    limited = frame.filter(is_limited)
    limited = _mark(limited, owners, [group, own], "~names_owner")
    limited = limited.with_columns(pl.coalesce(*others, pl.lit(None, pl.String)).alias("~other"))
    limited = _mark(limited, named, [group, "~other"], "~names_named")
    limited = limited.join(
        named.select(group).unique().with_columns(pl.lit(value=True).alias("~has_named")),
        on=group,
        how="left",
    )
    limited = _speaks(limited, owners, group, stamp, "~for_owner")
    limited = _speaks(limited, standing, group, stamp, "~for_standing")
    stands = (
        pl.when(pl.col(own).is_not_null())
        .then(pl.col("~names_owner"))
        .when(pl.col("~other").is_not_null())
        .then(pl.col("~names_named") | (pl.col("~has_named").is_null() & pl.col("~for_owner")))
        .otherwise(pl.col("~for_standing"))
    )
    fallen = limited.filter(~stands)["~at"]
    return everywhere.scatter(fallen, values=False) if len(fallen) else everywhere


def _owners(live: pl.DataFrame, group: str, stamp: str, own: str) -> pl.DataFrame:
    """Find who owns each thing: (group, unit)."""
    naming = live.filter(pl.col(own).is_not_null()).with_columns(pl.col(own).alias(_UNIT))
    is_limited = pl.col(stamp).is_not_null()
    by_whole = naming.filter(~is_limited).select(group, _UNIT).unique()
    head = pl.col("~code").str.split("-").list.first()
    is_its_code = (pl.col(_UNIT) == head) | pl.col(_UNIT).str.starts_with(head + ".")
    first = (
        naming.join(by_whole, on=group, how="anti")
        .sort(~is_its_code, "accepted_on", "offset", "partition")
        .unique(group, keep="first", maintain_order=True)
        .select(group, _UNIT)
    )
    return pl.concat([by_whole, first])


def _mark(events: pl.DataFrame, units: pl.DataFrame, on: list[str], name: str) -> pl.DataFrame:
    """Add whether the unit that an event names is among those of its thing."""
    marked = units.unique().with_columns(pl.lit(value=True).alias(name))
    return events.join(
        marked, left_on=on, right_on=[on[0], _UNIT], how="left", maintain_order="left"
    ).with_columns(pl.col(name).fill_null(value=False))


def _speaks(
    limited: pl.DataFrame, units: pl.DataFrame, group: str, stamp: str, name: str
) -> pl.DataFrame:
    """Add whether an event's sender may speak for one of its thing's units."""
    codes = limited.select(group, "~at", pl.col(stamp).str.split(",").alias(_UNIT)).explode(_UNIT)
    speaking = codes.join(units, on=[group, _UNIT], how="semi").select("~at").unique()
    return limited.with_columns(pl.col("~at").is_in(speaking["~at"].implode()).alias(name))
