"""What is set aside: records that no entity's events keep, collected beside the steps.

Those are rejected records, repeats, and all records of topics that have no entities. Each is in the
ledger by its class; rejected ones are in the quarantine, too, and others are told of them.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import polars as pl

from hub.apply.change import Change
from hub.apply.intake import Rejected, Taken, reject
from hub.apply.rows import count_records, ledger_rows
from hub.definitions import avro, revisions
from hub.definitions.contract import Contract
from hub.definitions.own.rejection import REJECTION
from hub.log.slices import Joined
from hub.store.reading import Reading

EVENTS_PER_ENTITY_MAX = 1_000
TOO_LARGE = "entity_too_large"
QUARANTINED = "quarantined"
_RECORDS: dict[str, Any] = {
    "partition": pl.Int64,
    "offset": pl.Int64,
    "contract": pl.String,
    "sender": pl.String,
    "day": pl.Int64,
    "class": pl.String,
}
_QUARANTINE: dict[str, Any] = {
    "event_id": pl.String,
    "sender": pl.String,
    "contract": pl.String,
    "rejected_at": pl.Int64,
    "index": pl.Int64,
    "rule": pl.String,
    "field": pl.String,
    "value": pl.String,
    "message_vi": pl.String,
    "message_en": pl.String,
    "original": pl.String,
}


class SetAside:
    """Collects what the steps of one batch set aside, then writes it as rows."""

    def __init__(self, contract: Contract, taken: Taken) -> None:
        self._contract = contract
        self._rejected = list(taken.rejected)
        self._records: list[pl.DataFrame] = []

    def reject(self, rejected: Iterable[Rejected]) -> None:
        """Add records that are wrong, each with what is wrong with it."""
        self._rejected += rejected

    def repeat(self, events: pl.DataFrame) -> None:
        """Add events that repeat another one, content and all."""
        contract, repeats = pl.lit(self._contract.name), pl.lit("duplicate")
        self.classify(events.with_columns(contract.alias("contract"), repeats.alias("class")))

    def classify(self, records: pl.DataFrame) -> None:
        """Add records that have their `contract` and `class`."""
        # Contracts may have a field called `day`, too.
        named = (pl.col("accepted_on" if n == "day" else n).alias(n) for n in _RECORDS)
        self._records.append(records.select(named))

    def rows(self) -> pl.DataFrame:
        """List everything, record by record: place, contract, sender, day and class."""
        rejected = [
            (
                r.partition,
                r.offset,
                self._contract.name,
                r.origin.sender,
                r.accepted_on,
                QUARANTINED,
            )
            for r in self._rejected
        ]
        return pl.concat([*self._records, pl.DataFrame(rejected, schema=_RECORDS, orient="row")])

    def quarantine(self) -> pl.DataFrame:
        """Write the rejected records as rows of the quarantine."""
        return _quarantine_rows(self._contract, self._rejected)

    def notices(self, *, also: Sequence[Rejected] = ()) -> pl.DataFrame:
        """Write what others are told: of the rejected records, and of others that are kept."""
        return _notices(self._contract, [*self._rejected, *also])


def find_rejections(contract: Contract, taken: Taken, reading: Reading, shard: int) -> Change:
    """Turn records of the quarantine topic into rows of its table; repeats are counted as such."""
    set_aside = SetAside(contract, taken)
    known = reading.quarantined(taken.frame["event_id"].to_list())
    classed = class_records(taken.frame, known, QUARANTINED)
    set_aside.classify(classed)
    items = classed.filter(pl.col("class") == QUARANTINED).select(_QUARANTINE.keys())
    records = set_aside.rows()
    return Change(
        ledger=ledger_rows(shard, count_records(records)),
        quarantine=pl.concat([items, set_aside.quarantine()]),
        notices=set_aside.notices(),
        aside=records,
    )


def class_records(records: pl.DataFrame, known: list[str], name: str) -> pl.DataFrame:
    """Give records of a topic without entities their class: `name`, or repeats of a known id."""
    is_first = pl.col("event_id").is_first_distinct() & ~pl.col("event_id").is_in(known)
    return records.with_columns(
        pl.when(is_first).then(pl.lit(name)).otherwise(pl.lit("duplicate")).alias("class"),
    )


def too_large(contract: Contract, records: Joined, events: pl.DataFrame) -> Iterator[Rejected]:
    """Reject events of entities that have as many as they may have."""
    for event in events.iter_rows(named=True):
        entity = contract.entity_of(event)
        vi = f"đối tượng {entity} đã có {EVENTS_PER_ENTITY_MAX} sự kiện, không nhận thêm"
        en = f"{entity} already has {EVENTS_PER_ENTITY_MAX} events, no more are taken"
        field = contract.spec.entity[0]
        yield reject(records, int(event["row"]), TOO_LARGE, field, entity, vi, en)


def conflicts(records: Joined, events: pl.DataFrame) -> list[Rejected]:
    """Name new events whose identity has another content too: both are kept, one counts."""
    disputed = events.filter(pl.col("is_contested") & ~pl.col("is_copy"))
    vi = "cùng mã sự kiện nhưng nội dung khác; cả hai được giữ, một được tính"
    en = "the same event id with another content; both are kept, one counts"
    return [
        reject(records, row, "conflict", "event_id", event_id, vi, en)
        for row, event_id in disputed.select("row", "event_id").iter_rows()
    ]


def _quarantine_rows(contract: Contract, rejected: Sequence[Rejected]) -> pl.DataFrame:
    """Write rejected records as rows of the quarantine; their name is where they stand."""
    rows = [
        (
            f"{contract.topic}/{r.partition}/{r.offset}",
            r.origin.sender,
            contract.name,
            r.origin.accepted_at,
            0,
            r.rule,
            r.field,
            r.value,
            r.message_vi,
            r.message_en,
            r.original,
        )
        for r in rejected
    ]
    return pl.DataFrame(rows, schema=_QUARANTINE, orient="row")


def _notices(contract: Contract, rejected: Sequence[Rejected]) -> pl.DataFrame:
    """Write what others are to be told of: rows of the quarantine, as the notice's bytes."""
    rows = _quarantine_rows(contract, rejected)
    names = [f.name for f in REJECTION.fields]
    frame = REJECTION.conform(rows.drop("sender")).select(names)
    payload, ends = avro.encode_columns(revisions.latest(REJECTION.name).plain, frame)
    starts = [0, *ends.tolist()[:-1]]
    return pl.DataFrame(
        {
            "event_id": rows["event_id"],
            "datum": [payload[a:b] for a, b in zip(starts, ends.tolist(), strict=False)],
        },
        schema={"event_id": pl.String, "datum": pl.Binary},
    )
