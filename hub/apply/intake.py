"""Intake: records of a log become columns of their contract, or rejections that say why not.

Whole batches are decoded at once. Where the log is open to foreign producers, every datum must
fill its record exactly and keep its contract; what does not is looked at alone, and costs no other
record anything. What is rejected here is counted as quarantined; its bytes stay in its topic and
are copied nowhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from hub.clock import day_of
from hub.definitions import avro, datums
from hub.definitions.admission import Verdict, verdict_on
from hub.definitions.ahead import ahead, verdict_ahead
from hub.definitions.contract import Contract
from hub.definitions.originals import in_log
from hub.log.slices import Ints, Joined, Origin

Bools = npt.NDArray[np.bool_]

# rule -> (Vietnamese, English)
_WORDS = {
    "not_wire_format": (
        "không theo định dạng Confluent (byte 0, 4 byte mã lược đồ, dữ liệu Avro)",
        "not in the Confluent wire format (byte 0, 4 bytes of schema id, an Avro datum)",
    ),
    "unknown_schema": (
        "mã lược đồ không thuộc hợp đồng dữ liệu này",
        "the schema id is none of this contract's",
    ),
    "no_value": ("bản ghi không có nội dung", "the record has no value"),
    "undecodable": (
        "không giải mã được theo lược đồ Avro của nó",
        "cannot be decoded by its Avro schema",
    ),
}


@dataclass(frozen=True)
class Rejected:
    """A record that was set aside: where it stands, who sent it, and what is wrong with it."""

    partition: int
    offset: int
    origin: Origin
    rule: str
    field: str
    value: str
    message_vi: str
    message_en: str
    original: str

    @property
    def accepted_on(self) -> int:
        """The day of acceptance."""
        return day_of(self.origin.accepted_at)


@dataclass
class Taken:
    """What became of records: `frame` holds those that keep their contract.

    Its columns are the contract's fields, then `accepted_on`, `sender`, `partition`, `offset` and
    `row`, an index into the records joined.
    """

    frame: pl.DataFrame
    records: Joined
    rejected: list[Rejected] = field(default_factory=list)
    # Whether the records' bytes are the shortest form of what was decoded from them.
    is_shortest: bool = True


def take(contract: Contract, records: Joined) -> Taken:
    """Decode records into columns and judge those that no gateway has."""
    count = len(records.ends)
    bad: dict[int, str] = {}
    empty = pl.DataFrame(schema={f.name: f.dtype for f in contract.fields})
    decoded = _admitted if records.is_admitted else _decode
    parts = list(decoded(contract, records, bad))
    frame = pl.concat([empty, *(p.frame for p in parts)])
    row = np.concatenate([np.zeros(0, np.int64), *(p.row for p in parts)])
    if len(parts) > 1:
        order = np.argsort(row)
        frame, row = frame[order], row[order]
    rejected = [_refused(records, i, rule) for i, rule in bad.items()]
    if not records.is_admitted and len(frame):
        ok = frame.select(contract.is_valid).to_series().to_numpy().copy()
        for at in np.flatnonzero(~ok).tolist():
            verdict = verdict_on(contract, frame.row(at, named=True))
            ok[at] = verdict is None
            if verdict is not None:
                rejected.append(_broken(records, int(row[at]), verdict))
        ok &= _is_timely(contract, frame, records, row, ok, rejected)
        frame, row = frame.filter(ok), row[ok]
    rejected += [
        Rejected(p, r.offset, r.origin, r.rule, "", "", *_WORDS[r.rule], in_log(r.value))
        for p, r in records.refused
    ]
    shared = pl.DataFrame(
        {
            "accepted_on": [day_of(o.accepted_at) for o in records.origins],
            "sender": [o.sender for o in records.origins],
        },
        schema={"accepted_on": pl.Int64, "sender": pl.String},
    )
    frame = pl.concat([frame, shared[records.origin[row]]], how="horizontal").with_columns(
        pl.Series("partition", records.partition[row], pl.Int64),
        pl.Series("offset", records.offsets[row], pl.Int64),
        pl.Series("row", row, pl.Int64),
    )
    assert len(frame) + len(rejected) == count + len(records.refused)
    return Taken(frame, records, rejected, all(p.is_shortest for p in parts))


def _is_timely(
    contract: Contract,
    frame: pl.DataFrame,
    records: Joined,
    row: Ints,
    ok: Bools,
    rejected: list[Rejected],
) -> Bools:
    """Tell which rows say nothing of later than their acceptance; reject the others."""
    accepted = np.array([o.accepted_at for o in records.origins], np.int64)[records.origin[row]]
    timely = np.ones(len(frame), np.bool_)
    for at in ahead(contract, frame, pl.Series(accepted)):
        timely[at] = False
        if ok[at]:
            verdict = verdict_ahead(contract, frame.row(at, named=True), int(accepted[at]), 0)
            rejected.append(_broken(records, int(row[at]), verdict))
    return timely


class _Part(NamedTuple):
    """Decoded records, which of all each is, and whether each is in its shortest form."""

    frame: pl.DataFrame
    row: Ints
    is_shortest: bool


def _admitted(contract: Contract, records: Joined, _: dict[int, str]) -> Iterator[_Part]:
    """Decode records that a gateway wrote: they are what they should be."""
    for place, plain, payload, _ends in _by_schema(records):
        frame = avro.decode_columns(plain, payload, len(place))
        yield _Part(contract.conform(frame), place, is_shortest=True)


def _decode(contract: Contract, records: Joined, bad: dict[int, str]) -> Iterator[_Part]:
    """Decode records that anybody may have written.

    What is no datum goes to `bad`, with the rule that it breaks.
    """
    for place, plain, payload, ends in _by_schema(records):
        frame, rows = datums.decode_whole(plain, payload, ends)
        yield _Part(contract.conform(frame), place[rows], is_shortest=True)
        # The others each by itself, by the other decoder, which also reads long forms of numbers.
        wires, long = [], []
        for i in np.delete(place, rows).tolist():
            one = datum(records, i)
            try:
                avro.check_strict(plain, one)
                wires.append(avro.read_one(plain, one))
                long.append(i)
            except avro.UNDECODABLE_ONE:
                bad[i] = "undecodable"
        if wires:
            names = [f["name"] for f in plain["fields"]]
            schema = {f.name: f.dtype for f in contract.fields if f.name in names}
            frame = contract.conform(pl.DataFrame(wires, schema=schema))
            yield _Part(frame, np.array(long, np.int64), is_shortest=False)


def _by_schema(records: Joined) -> Iterator[tuple[Ints, avro.Schema, bytes, Ints]]:
    return datums.by_schema(records.schema_ids, records.payload, records.ends)


def datum(records: Joined, i: int) -> bytes:
    """Give the bytes of one datum."""
    return records.payload[int(records.ends[i - 1]) if i else 0 : int(records.ends[i])]


def reject(
    records: Joined, i: int, rule: str, field: str, value: str, vi: str, en: str
) -> Rejected:
    """Set a record aside, with the digest of its value as it stands in the log."""
    return Rejected(
        int(records.partition[i]),
        int(records.offsets[i]),
        records.origins[int(records.origin[i])],
        rule,
        field,
        value,
        vi,
        en,
        in_log(avro.wire(int(records.schema_ids[i]), datum(records, i))),
    )


def _refused(records: Joined, i: int, rule: str) -> Rejected:
    vi, en = _WORDS[rule]
    return reject(records, i, rule, "", "", vi, en)


def _broken(records: Joined, i: int, v: Verdict) -> Rejected:
    return reject(records, i, v.rule, v.field, v.value, v.message_vi, v.message_en)
