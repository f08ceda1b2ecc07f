"""Files of the archive: slices as Avro object container files, and back.

One record in the log is one record in the file: its offset, what its origin says, and either the
schema id and the datum, or the rule that it broke and its value as it came. Any Avro tool reads
them. Both ways go in whole columns.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from hub.definitions import avro
from hub.log.slices import Ints, Origin, Refused, Slice

BLOCK_RECORDS = 10_000


@dataclass(frozen=True)
class Form:
    """What the rows of a file look like: columns by name, each an Avro type."""

    name: str
    fields: Mapping[str, Any]

    @property
    def schema(self) -> avro.Schema:
        """The form as an Avro schema."""
        fields = [{"name": name, "type": kind} for name, kind in self.fields.items()]
        return {"type": "record", "name": self.name, "fields": fields}

    @property
    def columns(self) -> dict[str, type[pl.DataType]]:
        """The form as columns."""
        kinds = {n: k if isinstance(k, str) else k[1] for n, k in self.fields.items()}
        return {name: _TYPES[kind] for name, kind in kinds.items()}


_LONG, _TEXT = "long", "string"
_TYPES: dict[str, type[pl.DataType]] = {_LONG: pl.Int64, _TEXT: pl.String, "bytes": pl.Binary}
RECORD = Form(
    "Archived",
    {
        "offset": _LONG,
        "sender": _TEXT,
        "accepted_at": _LONG,
        "receipt": _TEXT,
        "schema_id": ["null", _LONG],
        "rule": ["null", _TEXT],
        "value": "bytes",
    },
)
RECEIPT = Form(
    "Receipt",
    {
        "id": _TEXT,
        "sender": _TEXT,
        "contract": _TEXT,
        "accepted_at": _LONG,
        "accepted": _LONG,
        "rejected": _LONG,
        "idempotency_key": ["null", _TEXT],
        "body_digest": _TEXT,
        "answer": _TEXT,
        "places": _TEXT,
    },
)
CHECKPOINT = Form("Checkpoint", {"name": _TEXT, "value": _TEXT})
_COLUMNS = RECORD.columns
_ORIGIN = ("sender", "accepted_at", "receipt")


def frame_of(slices: Sequence[Slice]) -> pl.DataFrame:
    """Put the records of slices into one frame, a row each, in the order of their offsets."""
    frames = [pl.DataFrame(schema=_COLUMNS)]
    for part in slices:
        frame = _origins(part.origins, part.origin).select(
            pl.Series("offset", part.offsets, pl.Int64),
            *_ORIGIN,
            pl.Series("schema_id", part.schema_ids, pl.Int64),
            pl.lit(None, pl.String).alias("rule"),
            pl.Series("value", part.datums(), pl.Binary),
        )
        if part.refused:
            rows = [
                (r.offset, r.origin.sender, r.origin.accepted_at, r.origin.receipt, None, r.rule,
                 r.value)
                for r in part.refused
            ]  # fmt: skip
            refused = pl.DataFrame(rows, schema=_COLUMNS, orient="row")
            frame = pl.concat([frame, refused]).sort("offset")
        frames.append(frame)
    return pl.concat(frames)


def _origins(origins: Sequence[Origin], of: Ints) -> pl.DataFrame:
    """Say per record what its origin says."""
    said = pl.DataFrame(
        {
            "sender": [o.sender for o in origins],
            "accepted_at": [o.accepted_at for o in origins],
            "receipt": [o.receipt for o in origins],
        },
        schema={n: _COLUMNS[n] for n in _ORIGIN},
    )
    return said[of]


def encode(frame: pl.DataFrame, metadata: dict[str, str], form: Form = RECORD) -> bytes:
    """Write rows as a file; `metadata` says where in which log they stand."""
    blocks = []
    for at in range(0, len(frame), BLOCK_RECORDS):
        block = frame[at : at + BLOCK_RECORDS]
        payload, _ = avro.encode_columns(form.schema, block)
        blocks.append((len(block), payload))
    named = {f"lgsp.{name}": value for name, value in metadata.items()}
    return avro.write_container(form.schema, blocks, named)


def decode(raw: bytes, records: int, form: Form = RECORD) -> pl.DataFrame:
    """Read a file that holds so many rows.

    Raises what is in `avro.UNDECODABLE`, `ValueError` where there are fewer or more.
    """
    frame = avro.read_container(raw) if records else pl.DataFrame(schema=form.columns)
    if dict(frame.schema) != form.columns or len(frame) != records:
        raise ValueError(f"{len(frame)} records of {list(frame.columns)}")
    return frame


def slice_of(
    frame: pl.DataFrame, topic: str, partition: int, span: tuple[int, int], *, is_admitted: bool
) -> Slice:
    """Make the slice between two positions from a frame of its records."""
    is_good = frame["rule"].is_null()
    good = frame.filter(is_good)
    values = good["value"].to_list()
    origins, of = _runs(good)
    refused = frame.filter(~is_good)
    return Slice(
        topic=topic,
        partition=partition,
        first=span[0],
        following=span[1],
        offsets=good["offset"].to_numpy(),
        schema_ids=good["schema_id"].to_numpy(),
        origins=origins,
        origin=of,
        payload=b"".join(values),
        ends=np.cumsum(np.fromiter(map(len, values), np.int64, len(values))),
        refused=tuple(
            Refused(offset, Origin(sender, accepted_at, receipt), rule, value)
            for offset, sender, accepted_at, receipt, _, rule, value in refused.iter_rows()
        ),
        is_admitted=is_admitted,
    )


def _runs(frame: pl.DataFrame) -> tuple[list[Origin], Ints]:
    """Give the origins, each where it begins to be another than before, and which is whose."""
    if not len(frame):
        return [], np.zeros(0, np.int64)
    run = frame.select(pl.struct(_ORIGIN).rle_id().alias("run"))["run"].to_numpy().astype(np.int64)
    firsts = np.flatnonzero(np.diff(run, prepend=-1))
    return [Origin(*row) for row in frame.select(_ORIGIN)[firsts].iter_rows()], run


def parts(whole: Slice, bytes_max: int) -> list[Slice]:
    """Cut a slice so that no part's datums are larger, where no single one is."""
    cuts = [whole.first]
    start = before = 0
    for offset, end in zip(whole.offsets.tolist(), whole.ends.tolist(), strict=True):
        if end - start > bytes_max and before > start:
            cuts.append(offset)
            start = before
        before = end
    cuts.append(whole.following)
    return [whole.between(a, b) for a, b in pairwise(cuts)]
