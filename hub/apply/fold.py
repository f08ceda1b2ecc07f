"""The fold: from the set of an entity's events to its one fact, whatever order they came in.

Works on columns, over many entities at once. A *group* is one entity's set of events; the caller
numbers them. An entity is folded twice: as it was and as it is; the column `as_of` says which.

Rules (all order-free):

- Identity is (entity, sender, event_id). The same content again is a repeat. Another content is a
  conflict: the smaller content digest counts, until a retraction withdraws the identity.
- What the hub wrote into an event is no content. Sent again by a key of another scope it is kept,
  as it may stand where the first does not; one of the two counts, the other is a repeat.
- An event counts once its sender stands in its thing (`hub.apply.standing`); until then it is held.
- A retraction names an event of the same entity and sender, may arrive first, and cannot itself be
  withdrawn.
- Events are ordered by what they say, never by arrival: the contract's `order_first`,
  `recorded_at` (by default when it happened), when it happened, rank of kind, sender, event_id,
  content digest. The greatest counts.
"""

import hashlib

import numpy as np
import polars as pl

from hub.apply import standing
from hub.definitions import avro, revisions
from hub.definitions.contract import Contract
from hub.definitions.fact import Fact

IDENTITY = ["sender", "event_id"]
# The class of an event that does not count, as its sender does not stand in its thing.
HELD = "held"
# What the column `as_of` says: as the entity was before its new events, or as it is with them.
WAS, IS = "was", "is"
AS_OF = pl.Enum([WAS, IS])
IS_PRESENT = pl.col("as_of") == IS


def content_digest(datum: bytes) -> bytes:
    """Digest an event's content: BLAKE2b (RFC 7693), 16 bytes, over its datum.

    Closing zeros are left out: a new revision only appends optional fields, and an absent one is a
    zero byte, so the digest does not depend on the revision that wrote the event.
    """
    return hashlib.blake2b(datum.rstrip(b"\x00"), digest_size=16).digest()


def find_repeats(contract: Contract, events: pl.DataFrame, group: str) -> pl.Series:
    """Tell which rows repeat an earlier row: same group, identity and content."""
    again = events.select(group, *IDENTITY).is_duplicated()
    if not again.any():
        return pl.repeat(value=False, n=len(events), dtype=pl.Boolean, eager=True)
    content = [f.name for f in contract.fields]
    rows = np.flatnonzero(again.to_numpy())
    first = events[rows].select(
        pl.struct(group, "sender", *content).is_first_distinct().alias("first")
    )
    out = np.zeros(len(events), np.bool_)
    out[rows] = ~first["first"].to_numpy()
    return pl.Series(out)


def digest_contents(contract: Contract, events: pl.DataFrame, group: str) -> pl.DataFrame:
    """Add `content_digest`: given where an identity has several events, else null."""
    several = events.select(group, *IDENTITY).is_duplicated()
    digests: list[bytes | None] = [None] * len(events)
    if several.any():
        rows = np.flatnonzero(several.to_numpy())
        schema = revisions.latest(contract.name).plain
        contents = events[rows].select(f.name for f in contract.sent)
        payload, ends = avro.encode_columns(schema, contract.conform(contents))
        start = 0
        for row, end in zip(rows.tolist(), ends.tolist(), strict=True):
            digests[row] = content_digest(payload[start:end])
            start = end
    return events.with_columns(pl.Series("content_digest", digests, dtype=pl.Binary))


def settle(contract: Contract, events: pl.DataFrame, group: str) -> pl.DataFrame:
    """Settle which events count: add their present class and whether the fold reads them.

    `events` are distinct, with `content_digest`. Adds `class` (applied, held, duplicate, conflict,
    retracted), `is_live`, `is_contested` (its identity has several contents), `is_loser` (not the
    content that counts) and `is_disputed` (the losing content of an identity that nobody withdrew).
    """
    keys = [group, *IDENTITY]
    no = pl.lit(value=False)
    frame = events
    if events["content_digest"].null_count() < len(events):
        least, greatest = (
            getattr(pl.col("content_digest"), of)().over(keys) for of in ("min", "max")
        )
        frame = frame.with_columns(
            (pl.col("content_digest") > least).fill_null(value=False).alias("is_loser"),
            (greatest > least).fill_null(value=False).alias("is_contested"),
        )
    else:
        frame = frame.with_columns(no.alias("is_loser"), no.alias("is_contested"))
    retracting = pl.col("kind") == contract.spec.retracting_kind if contract.can_retract else no
    withdrawn = (
        frame.filter(retracting & ~pl.col("is_loser"))
        .select(group, "sender", pl.col("retracts").alias("event_id"))
        .unique()
        if contract.can_retract
        else None
    )
    if withdrawn is not None and len(withdrawn):
        frame = frame.join(
            withdrawn.with_columns(pl.lit(value=True).alias("named")),
            on=keys,
            how="left",
            maintain_order="left",
        ).with_columns((pl.col("named").fill_null(value=False) & ~retracting).alias("gone"))
    else:
        frame = frame.with_columns(no.alias("gone"))
    frame = frame.with_columns(
        (~pl.col("gone") & ~pl.col("is_loser") & ~retracting).alias("is_live"),
        (~pl.col("gone") & pl.col("is_loser")).alias("is_disputed"),
    )
    stands = standing.find_standing(contract, frame, group)
    frame = frame.with_columns((pl.col("is_live") & ~stands).alias("is_held"))
    frame = _part_copies(contract, frame, keys)
    return frame.with_columns(
        pl.when("gone")
        .then(pl.lit("retracted"))
        .when("is_copy")
        .then(pl.lit("duplicate"))
        .when("is_loser")
        .then(pl.lit("conflict"))
        .when("is_held")
        .then(pl.lit(HELD))
        .otherwise(pl.lit("applied"))
        .alias("class"),
        pl.col("is_live") & ~pl.col("is_held"),
    )


def _part_copies(contract: Contract, events: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Add `is_copy`: the content of an identity once more, by a key of another scope.

    The one that stands counts; of several such, or of none, the one that was accepted first.
    """
    if contract.spec.stamp is None or events["content_digest"].null_count() == len(events):
        return events.with_columns(pl.lit(value=False).alias("is_copy"))
    first = ["is_held", "accepted_on", "offset", "partition"]
    firsts = (
        events.with_row_index("~at")
        .filter(pl.col("content_digest").is_not_null())
        .sort(first)
        .with_columns(pl.struct(*keys, "content_digest").is_first_distinct().alias("is_first"))
        .select("~at", ~pl.col("is_first"))
    )
    copies = firsts.filter("is_first")["~at"]
    is_copy = pl.int_range(pl.len()).is_in(copies.implode())
    no_copy = ~pl.col("is_copy")
    return events.with_columns(is_copy.alias("is_copy")).with_columns(
        (pl.col("is_loser") | pl.col("is_copy")).alias("is_loser"),
        *((pl.col(n) & no_copy).alias(n) for n in ("is_live", "is_disputed", "is_held")),
    )


def order(contract: Contract, events: pl.DataFrame, group: str) -> pl.DataFrame:
    """Sort events by group and, inside it, from least to greatest."""
    occurred = contract.occurred
    instants = [
        *(pl.col(n).alias(f"~{n}") for n in contract.spec.order_first),
        pl.coalesce("recorded_at", occurred).alias("~recorded"),
        occurred.alias("~occurred"),
    ]
    if contract.kinds:
        ranks = {kind: i for i, kind in enumerate(contract.kinds)}
        instants.append(pl.col("kind").replace_strict(ranks, return_dtype=pl.Int32).alias("~rank"))
    keyed = events.with_columns(instants)
    keys = [group, *(n for n in keyed.columns if n.startswith("~"))]
    keyed = keyed.sort(keys, nulls_last=False)
    # Sorting by text is slow and decides only ties, so it is done only where there are any.
    if len(keyed) > 1 and keyed.select(_ties(keys)).to_series().any():
        keyed = keyed.sort([*keys, *IDENTITY, "content_digest"], nulls_last=False)
    return keyed.drop([n for n in keyed.columns if n.startswith("~")])


def _ties(keys: list[str]) -> pl.Expr:
    """Tell which rows of a sorted frame have the keys of the row before."""
    return pl.all_horizontal(pl.col(k).eq_missing(pl.col(k).shift()) for k in keys)


def fold(
    fact: Fact, contract: Contract, events: pl.DataFrame, group: str, groups: int
) -> pl.DataFrame:
    """Fold settled events into facts: a row per group 0..groups-1, with `is_disputed`, `held`."""
    live = order(contract, events.filter("is_live"), group).with_row_index("~place")
    picked = live.group_by(group, maintain_order=False).agg(
        *(pl.when(w).then(pl.col("~place")).max().alias(f"{n}#") for n, w in fact.picks.items()),
        *(e.alias(n) for n, e in fact.aggregates.items()),
    )
    disputed = events.filter("is_disputed").select(group).unique()
    held = events.filter("is_held").group_by(group).agg(pl.len().cast(pl.Int64).alias("held"))
    frame = (
        pl.DataFrame({group: pl.int_range(groups, eager=True)})
        .with_columns(pl.col(group).cast(events.schema[group]))
        .join(picked, on=group, how="left", maintain_order="left")
        .join(held, on=group, how="left", maintain_order="left")
        .with_columns(
            pl.col(group).is_in(disputed[group].implode()).cast(pl.Int64).alias("is_disputed"),
            pl.col("held").fill_null(0),
        )
    )
    needed = {root for e in fact.columns.values() for root in e.meta.root_names()}
    parts = [(name, *name.partition(".")) for name in sorted(needed)]
    gathered = (
        pl.lit(live[column]).gather(pl.col(f"{pick}#")).alias(name)
        for name, pick, _, column in parts
        if column
    )
    columns = (e.alias(n) for n, e in fact.columns.items())
    return (
        frame.lazy().with_columns(gathered).select(group, "is_disputed", "held", *columns).collect()
    )


def fold_twice(
    fact: Fact, contract: Contract, events: pl.DataFrame, entities: pl.Series
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Fold entities as they were and as they are.

    `events` are distinct, with `entity_number`, an index into `entities`, and `is_earlier`: whether
    the entity as it was has the event. Gives the events of both foldings, settled, and their facts
    with entity and digest. Both have `as_of`; an entity without events then has no fact then.
    """
    events = digest_contents(contract, events, "entity_number")
    # A group is an entity as of one of the two. Grouping by its number is faster than by a pair.
    groups = pl.DataFrame(
        {
            "entity": pl.concat([entities, entities]),
            "entity_number": np.tile(np.arange(len(entities)), 2),
            "as_of": pl.Series([WAS, IS], dtype=AS_OF).gather(np.repeat([0, 1], len(entities))),
        }
    )
    number = pl.col("entity_number")
    past = events.filter("is_earlier").with_columns(number.alias("group"), _as_of(WAS))
    present = events.with_columns((number + len(entities)).alias("group"), _as_of(IS))
    events = settle(contract, pl.concat([past, present]), "group")
    facts = fold(fact, contract, events, "group", len(groups))
    is_there = np.zeros(len(facts), np.bool_)
    is_there[events["group"].to_numpy()] = True
    facts = pl.concat([groups, facts.drop("group")], how="horizontal").filter(is_there)
    return events.drop("group"), digest_facts(fact, facts)


def _as_of(folding: str) -> pl.Expr:
    return pl.lit(folding, AS_OF).alias("as_of")


def sign() -> pl.Expr:
    """Give 1 for an entity as it is, -1 for it as it was: what was is taken back."""
    return pl.when(IS_PRESENT).then(1).otherwise(-1).cast(pl.Int64)


def digest_facts(fact: Fact, facts: pl.DataFrame) -> pl.DataFrame:
    """Add each fact's digest as four lanes `d0`..`d3` of 32 bits.

    The digest is BLAKE2b, 16 bytes, over the UTF-8 text of contract, entity, the columns in their
    declared order (absent: empty) and the mark of dispute, joined by U+001F; its lanes are little
    endian. Anybody can recompute it with a standard tool.
    """
    text = facts.select(
        pl.concat_str(
            [
                pl.lit(fact.contract),
                pl.col("entity"),
                *(pl.col(n).cast(pl.String).fill_null("") for n in fact.types),
                pl.col("is_disputed").cast(pl.String),
            ],
            separator="\x1f",
        )
    ).to_series()
    blake = hashlib.blake2b
    texts = text.cast(pl.Binary).to_list()
    joined = b"".join([blake(t, digest_size=16).digest() for t in texts])
    lanes = np.frombuffer(joined, "<u4").reshape(-1, 4).astype(np.int64)
    return facts.with_columns(pl.Series(f"d{i}", lanes[:, i]) for i in range(4))
