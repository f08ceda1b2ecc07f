"""Admission: bytes become events of a contract, or verdicts that say what is wrong, per item.

pydantic is the only judge of what is rejected. Batches that come as columns are first checked in
columns; rows that this check does not pass go to pydantic, which says why.
"""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import polars as pl
from pydantic import ValidationError

from hub.clock import iso
from hub.definitions.barred import KEPT, Barred, find_in_bytes
from hub.definitions.contract import AS_STORED, ITEMS_MAX, Contract, Event
from hub.definitions.faults import Fault, find_faults, show_value, together
from hub.definitions.masking import Kind, mask_text
from hub.troubles import RefusedError


class BodyError(RefusedError):
    """The body as a whole cannot be read; `status` is the HTTP status that says so."""

    def __init__(self, rule: str, vi: str, en: str, status: int = 400) -> None:
        super().__init__(rule, vi, en)
        self.status = status


@dataclass(frozen=True)
class Verdict:
    """Why one item was rejected: the rule, the field, the value, in two languages.

    Where several things are wrong with it, `faults` holds each, in plain values; rule, field and
    value are those of the first, and the messages say all.
    """

    index: int
    rule: str
    field: str
    value: str
    message_vi: str
    message_en: str
    faults: Sequence[Mapping[str, str]] = ()

    def public(self) -> dict[str, Any]:
        """Give the verdict as the sender sees it."""
        return {**self.core(), "faults": [asdict(f) for f in self.each()]}

    def core(self) -> dict[str, Any]:
        """Give it as it is kept: where, the first fault, and what is said of all."""
        return {n: v for n, v in self.__dict__.items() if n != "faults"}

    def each(self) -> list[Fault]:
        """List what is wrong with the item: one thing at least."""
        own = Fault(self.rule, self.field, self.value, self.message_vi, self.message_en)
        return [Fault(**f) for f in self.faults] or [own]

    def joined(self, other: "Verdict | None") -> "Verdict":
        """Add what else is wrong with the same item."""
        if other is None:
            return self
        return verdict_of(self.index, [*self.each(), *other.each()])


def verdict_of(index: int, faults: Sequence[Fault]) -> Verdict:
    """Make the verdict on an item of all that is wrong with it."""
    first = faults[0]
    several = tuple(asdict(f) for f in faults) if len(faults) > 1 else ()
    return Verdict(index, first.rule, first.field, first.value, *together(faults), several)


def barred(bar: Barred, index: int) -> Verdict:
    """Make the verdict on an item with barred content: it names neither field nor value."""
    return Verdict(index, bar.rule, "", "", bar.vi, bar.en)


@dataclass
class Admitted:
    """What became of a body: the events that keep the contract, and verdicts on the others."""

    contract: Contract
    kept: list[Event]
    indexes: list[int]
    rejected: list[Verdict] = field(default_factory=list)
    originals: dict[int, bytes] = field(default_factory=dict)
    # The items that were admitted, where they did not come as a body that can be split again.
    items: dict[int, bytes] = field(default_factory=dict)
    # What the hub writes into each event (`Spec.stamp`).
    stamp: str | None = None
    # The digest of the mapping by which they were read, where they came as a file and it had one.
    mapping: str = ""

    def __post_init__(self) -> None:
        """Keep nothing of what is barred, whatever else is wrong with it."""
        for place, verdict in enumerate(self.rejected if self.contract.spec.bars else ()):
            original = self.originals.get(verdict.index, b"")
            bar = find_in_bytes(self.contract.spec.bars, original)
            if bar is not None:
                self.rejected[place] = barred(bar, verdict.index)
                self.originals[verdict.index] = KEPT

    @cached_property
    def events(self) -> pl.DataFrame:
        """The events that keep the contract, in columns."""
        return columns_of(self.contract, [self])

    @property
    def total(self) -> int:
        """How many items the body held."""
        return len(self.indexes) + len(self.rejected)

    def mark(self, stamp: str | None) -> None:
        """Say what the hub writes into each event."""
        self.stamp = stamp
        self.__dict__.pop("events", None)

    def reject(self, drop: list[Verdict]) -> None:
        """Reject some of the admitted items after all."""
        gone = {v.index for v in drop}
        keep = [i for i, index in enumerate(self.indexes) if index not in gone]
        self.kept = [self.kept[i] for i in keep]
        self.__dict__.pop("events", None)
        self.indexes = [self.indexes[i] for i in keep]
        self.rejected = sorted([*self.rejected, *drop], key=lambda v: v.index)


def columns_of(contract: Contract, parts: Sequence[Admitted]) -> pl.DataFrame:
    """Put the events of bodies one after another into columns, each with its body's stamp."""
    frame = contract.columns([e for p in parts for e in p.kept])
    name = contract.spec.stamp
    if name is None or not any(p.stamp for p in parts):
        return frame
    stamps = [p.stamp for p in parts for _ in p.kept]
    return frame.with_columns(pl.Series(name, stamps, pl.String))


def split(body: bytes) -> list[bytes]:
    """Cut a body into the bytes of its items: one JSON object, an array of them or NDJSON.

    Raises `BodyError` where no item can be made out.
    """
    body = body.removeprefix(b"\xef\xbb\xbf").strip()
    if not body:
        raise BodyError("empty", "nội dung trống", "the body is empty")
    return _split_array(body) if body[:1] == b"[" else _split_lines(body)


def admit(contract: Contract, body: bytes) -> Admitted:
    """Judge each item of a body.

    Raises `BodyError` where no item can be made out: not JSON, nothing in it, too many items.
    """
    body = body.removeprefix(b"\xef\xbb\xbf").strip()
    if body[:1] == b"[":
        try:
            events = contract.items.validate_json(body)
        except ValidationError as error:
            if error.errors(include_url=False, include_input=False)[0]["type"] == "json_invalid":
                raise _not_json(str(error.errors()[0]["msg"])) from None
        else:
            check_count(len(events))
            return Admitted(contract, events, list(range(len(events))))
    items = split(body)
    check_count(len(items))
    return judge_each(contract, items)


def admit_columns(contract: Contract, frame: pl.DataFrame) -> pl.DataFrame:
    """Check a batch that is in columns already; raise `ValueError` for rows that break it."""
    frame = contract.conform(frame)
    ok = frame.select(contract.is_valid).to_series()
    if not ok.all():
        row = frame.filter(~ok).row(0, named=True)
        raise ValueError(f"{contract.name}: a row breaks its contract: {row}")
    return frame


def verdict_on(contract: Contract, event: Mapping[str, Any]) -> Verdict | None:
    """Say why one event in wire values breaks its contract; None where it keeps it."""
    item: dict[str, Any] = {}
    for f in contract.fields:
        value = event.get(f.name)  # of an earlier revision, which had no such field
        if f.kind == "instant" and value is not None:
            if not f.limits["minimum"] <= value <= f.limits["maximum"]:
                rule = "too_small" if value < f.limits["minimum"] else "too_large"
                words = f"{f.name}: {{}} ({value} µs)"
                vi, en = "thời điểm ngoài các năm 1900–9999", "an instant outside 1900–9999"
                return Verdict(0, rule, f.name, str(value), words.format(vi), words.format(en))
            value = iso(value)
        if f.kind == "thousandths" and value is not None:
            value /= 1000
        if value is not None or f.is_needed:
            item[f.name] = value
    judged = judge_each(contract, [json.dumps(item).encode()], AS_STORED)
    return judged.rejected[0] if judged.rejected else None


def admit_values(contract: Contract, values: Sequence[Mapping[str, Any]]) -> list[Event] | Verdict:
    """Judge JSON values that belong together: all as events, or one verdict on all of them."""
    events = []
    faults: list[Fault] = []
    for value in values:
        item = json.dumps(value)
        try:
            events.append(contract.item.validate_json(item))
        except ValidationError as error:
            faults += [f for f in find_faults(contract, error, item) if f not in faults]
    return verdict_of(0, faults) if faults else events


def check_count(count: int) -> None:
    """Raise `BodyError` where there are no items, or too many."""
    if count == 0:
        raise BodyError("empty", "không có bản ghi nào", "there is no item in it")
    if count > ITEMS_MAX:
        raise BodyError(
            "too_many_items",
            f"hơn {ITEMS_MAX} bản ghi trong một lần gửi",
            f"more than {ITEMS_MAX} items in one request",
            413,
        )


def _not_json(detail: str) -> BodyError:
    return BodyError("not_json", f"không phải JSON: {detail}", f"not JSON: {detail}")


def _split_lines(body: bytes) -> list[bytes]:
    """Split NDJSON; a single object may span lines."""
    lines = []
    for line in io.BytesIO(body):
        if line.strip():
            lines.append(line.rstrip(b"\r\n").removeprefix(b"\xef\xbb\xbf"))
            if len(lines) > ITEMS_MAX:
                break
    if len(lines) == 1 or _is_json(body):
        return [body]
    check_count(len(lines))
    if not any(_is_json(line) for line in lines[:100]):
        raise _not_json("neither an object, an array nor lines of objects")
    return lines


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text, parse_int=_zero, parse_float=_zero)
    except (ValueError, RecursionError):
        return False
    return True


def _zero(_: str) -> int:
    return 0


def _split_array(body: bytes) -> list[bytes]:
    """Cut an array into the bytes of its items; numbers are not converted, so none is too long."""
    try:
        text = body.decode()
        decoder = json.JSONDecoder(parse_int=_zero, parse_float=_zero)
        items: list[bytes] = []
        at = 1
        while True:
            at = _skip(text, at)
            if text[at] == "]":
                return items
            _, end = decoder.raw_decode(text, at)
            items.append(text[at:end].encode())
            check_count(len(items))
            at = _skip(text, end)
            if text[at] == ",":
                at += 1
    except BodyError:
        raise
    except (ValueError, RecursionError, IndexError) as error:
        raise _not_json(str(error)) from None


def _skip(text: str, at: int) -> int:
    while text[at] in " \t\r\n":
        at += 1
    return at


def judge_each(
    contract: Contract, items: list[bytes], context: str | None = None, *, in_file: bool = False
) -> Admitted:
    """Judge items one by one; `context` is `AS_STORED` for what stands in the log.

    `in_file`: they were rows of a table, so what would be right is said as it is written there.
    """
    events: list[Event] = []
    indexes: list[int] = []
    rejected: list[Verdict] = []
    originals: dict[int, bytes] = {}
    for index, item in enumerate(items):
        try:
            events.append(contract.item.validate_json(item, context=context))
            indexes.append(index)
        except ValidationError as error:
            faults = find_faults(contract, error, item, in_file=in_file)
            if faults[0].rule == "not_json" and len(items) == 1:
                raise _not_json(str(error.errors(include_url=False)[0]["msg"])) from None
            rejected.append(verdict_of(index, faults))
            originals[index] = item
    return Admitted(contract, events, indexes, rejected, originals)


def unreadable(
    rule: str, name: str, value: str, vi: str, en: str, place: int = 0, kind: Kind = "text"
) -> Verdict:
    """Say why a record cannot be read: rule, the upstream's field, its value, both languages.

    `kind` is what the field holds, as its value is masked by it.
    """
    shown = show_value(mask_text(value, kind))
    suffix = f" ({shown})" if shown else ""
    prefix = f"{name}: " if name else ""
    return Verdict(place, rule, name, shown, f"{prefix}{vi}{suffix}", f"{prefix}{en}{suffix}")
