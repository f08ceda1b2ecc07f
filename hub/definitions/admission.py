"""Admission: bytes become events of a contract, or verdicts that say what is wrong, per item.

pydantic is the only judge of what is rejected. Batches that come as columns are first checked in
columns; rows that this check does not pass go to pydantic, which says why.
"""

import io
import json
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import polars as pl
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from hub.clock import iso
from hub.definitions.contract import AS_STORED, ITEMS_MAX, Contract, Event
from hub.definitions.masking import Kind, hidden, mask_text, masked
from hub.troubles import RefusedError

VALUE_LENGTH_MAX = 200


class BodyError(RefusedError):
    """The body as a whole cannot be read; `status` is the HTTP status that says so."""

    def __init__(self, rule: str, vi: str, en: str, status: int = 400) -> None:
        super().__init__(rule, vi, en)
        self.status = status


@dataclass(frozen=True)
class Verdict:
    """Why one item was rejected: the rule, the field, the value, in two languages."""

    index: int
    rule: str
    field: str
    value: str
    message_vi: str
    message_en: str

    def public(self) -> dict[str, Any]:
        """Give the verdict as the sender sees it."""
        return dict(self.__dict__)


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
    """Judge JSON values that belong together: all as events, or the first verdict."""
    events = []
    for value in values:
        try:
            events.append(contract.item.validate_json(json.dumps(value)))
        except ValidationError as error:
            return _verdict(contract, 0, error.errors(include_url=False)[0])
    return events


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


def judge_each(contract: Contract, items: list[bytes], context: str | None = None) -> Admitted:
    """Judge items one by one; `context` is `AS_STORED` for what stands in the log."""
    events: list[Event] = []
    indexes: list[int] = []
    rejected: list[Verdict] = []
    originals: dict[int, bytes] = {}
    for index, item in enumerate(items):
        try:
            events.append(contract.item.validate_json(item, context=context))
            indexes.append(index)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            if first["type"] == "json_invalid" and len(items) == 1:
                raise _not_json(str(first["msg"])) from None
            rejected.append(_verdict(contract, index, first))
            originals[index] = item
    return Admitted(contract, events, indexes, rejected, originals)


# pydantic's error type -> (our rule, Vietnamese, English); `{x}` come from the error's context.
_RULES: dict[str, tuple[str, str, str]] = {
    "missing": ("required", "thiếu trường bắt buộc", "a required field is missing"),
    "required_on_kind": (
        "required",
        "thiếu trường bắt buộc với loại sự kiện này",
        "a field that this kind of event requires is missing",
    ),
    "extra_forbidden": (
        "unknown_field",
        "trường không có trong hợp đồng dữ liệu",
        "the contract has no such field",
    ),
    "literal_error": (
        "unknown_value",
        "giá trị ngoài danh sách; chỉ nhận {expected}",
        "not one of {expected}",
    ),
    "string_pattern_mismatch": (
        "malformed",
        "không đúng dạng {pattern}",
        "does not have the form {pattern}",
    ),
    "string_too_long": (
        "too_long",
        "dài quá {max_length} ký tự",
        "longer than {max_length} characters",
    ),
    "timezone_aware": (
        "missing_offset",
        "thời điểm thiếu múi giờ, ví dụ +07:00",
        "the instant has no offset such as +07:00",
    ),
    "malformed_instant": (
        "malformed_instant",
        "không phải thời điểm ISO 8601, ví dụ 2023-05-17T08:00:00+07:00",
        "not an ISO 8601 instant such as 2023-05-17T08:00:00+07:00",
    ),
    "malformed_period": (
        "malformed",
        "kỳ không có trên lịch; dạng 2023, 2023-05 hoặc 2023-05-17",
        "not on the calendar; write 2023, 2023-05 or 2023-05-17",
    ),
    "decimal_max_places": (
        "too_many_decimals",
        "nhiều hơn {decimal_places} số lẻ",
        "more than {decimal_places} decimals",
    ),
    "greater_than_equal": ("too_small", "nhỏ hơn {ge}", "less than {ge}"),
    "less_than_equal": ("too_large", "lớn hơn {le}", "greater than {le}"),
    "bool_type": ("not_a_boolean", "phải là true hoặc false", "not true or false"),
    "int_type": ("not_an_integer", "phải là số nguyên", "not an integer"),
    "int_from_float": ("not_an_integer", "phải là số nguyên", "not an integer"),
    "string_type": ("not_text", "phải là chuỗi ký tự", "not a text"),
    "json_invalid": ("not_json", "không phải JSON: {error}", "not JSON: {error}"),
    "model_type": ("not_an_object", "phải là một đối tượng JSON", "not a JSON object"),
}
_INSTANTS = ("datetime_parsing", "datetime_from_date_parsing", "datetime_type", "datetime_invalid")
_NUMBERS = ("decimal_type", "decimal_parsing", "finite_number", "int_parsing", "int_parsing_size")


def _verdict(contract: Contract, index: int, error: ErrorDetails) -> Verdict:
    kind = str(error["type"])
    context = error.get("ctx", {})
    name = str(error["loc"][0]) if error["loc"] else str(context.get("field", ""))
    shown = (
        "" if kind in ("missing", "required_on_kind") else _shown(contract, name, error["input"])
    )
    name = show_value(mask_text(name))
    if kind == "rule":
        rule = next(r for r in contract.spec.rules if r.name == context["name"])
        value = show_value(error["input"].get(rule.field))
        return Verdict(index, rule.name, rule.field, value, context["vi"], context["en"])
    if kind.startswith(_INSTANTS):
        kind = "malformed_instant"
    absent = next((f.absent for f in contract.fields if f.name == name), None)
    if absent is not None and kind in _NUMBERS and is_word_for_nothing(error["input"]):
        how = absent.advice
        vi = f"chữ thiết bị ghi khi không có số liệu, không phải số; {how.vi}"
        en = f"what a logger writes when it has no value, not a number; {how.en}"
        rule_name = "missing_code"
    elif kind in _NUMBERS:
        rule_name, vi, en = "not_a_number", "phải là một số", "not a number"
    else:
        rule_name, vi, en = _RULES.get(kind, (kind, "không hợp lệ: {msg}", "{msg}"))
    words = {"msg": error["msg"], **context}
    limits = next((f.limits for f in contract.fields if f.name == name and f.kind == "instant"), {})
    if limits:
        words |= {"ge": iso(limits["minimum"]), "le": iso(limits["maximum"])}
    en = en.format_map(words)
    vi = vi.format_map(words | {"expected": str(words.get("expected")).replace(" or ", " hoặc ")})
    prefix = f"{name}: " if name else ""
    suffix = f" ({shown})" if shown else ""
    return Verdict(index, rule_name, name, shown, f"{prefix}{vi}{suffix}", f"{prefix}{en}{suffix}")


# What loggers and sheets write where there is no number, without case, signs and marks.
_NOTHING = re.compile(
    "|nan|nil|none|null|na|nodata|novalue|missing|inf|infinity|overflow|over|under|error|err|fault"
    "|fail|thieu|khongco|khongcosolieu|matsolieu"
)


def is_word_for_nothing(value: Any) -> bool:
    """Tell whether a value is a word that stands where there is no number, such as `NAN`."""
    if isinstance(value, float):
        return not math.isfinite(value)
    letters = unicodedata.normalize("NFD", str(value).casefold()).replace("đ", "d")
    word = "".join(c for c in letters if c.isalnum() and c.isascii())
    return _NOTHING.fullmatch(word) is not None


_MASKED_AS: dict[str, Kind] = {
    "integer": "number",
    "thousandths": "number",
    "instant": "instant",
}


def _shown(contract: Contract, name: str, value: Any) -> str:
    """Show a value that was refused; one that no field of the contract has, only by its length."""
    of_field = next((f for f in contract.fields if f.name == name), None)
    if of_field is None:
        return hidden(value)
    return show_value(masked(value, _MASKED_AS.get(of_field.kind, "text")))


def show_value(value: Any) -> str:
    """Show a value in a message: short, and without what a database or a terminal chokes on."""
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return text if len(text) <= VALUE_LENGTH_MAX else text[: VALUE_LENGTH_MAX - 1] + "…"


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
