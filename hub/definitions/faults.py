"""Faults: everything that is wrong with one item, each in words for who sent it.

A fault names the field as people call it, the value that came, what is wrong with it and a value
that would be right; in Vietnamese no name of a field and no form of a code stands in it.
"""

import json
import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache, lru_cache
from typing import Annotated, Any

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, PydanticUndefined

from hub.clock import iso
from hub.definitions.coded import coded, example, find_field, label, word
from hub.definitions.contract import Contract, Doc, WireField
from hub.definitions.masking import Kind, hidden, mask_text, masked
from hub.definitions.near import offered

VALUE_LENGTH_MAX = 200
FAULTS_MAX = 20  # of one item; the rest is counted
SAID_LENGTH_MAX = 1_900  # of all faults of an item together: what the quarantine keeps
NEAR = 0.6
_NUMBER = re.compile(r"[+-]?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?")


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with an item: the rule, the field, the value, in two languages."""

    rule: str
    field: str
    value: str
    message_vi: str
    message_en: str


def written_as(fault: Fault, cell: str) -> Fault:
    """Show the value of a fault as its sender wrote it in `cell`; where that is empty, as it is.

    A number that was read in another unit is said beside it, since limits are in the field's unit.
    """
    value = show_value(cell)
    if not (value and fault.value):
        return fault
    is_other = _NUMBER.fullmatch(fault.value) and _digits(value).isdisjoint(_digits(fault.value))
    tails = (f" (đọc là {fault.value})", f" (read as {fault.value})") if is_other else ("", "")
    vi, en = (
        message.replace(f"“{fault.value}”", f"“{value}”{tail}", 1)
        for message, tail in zip((fault.message_vi, fault.message_en), tails, strict=True)
    )
    return replace(fault, value=value, message_vi=vi, message_en=en)


def _digits(number: str) -> set[str]:
    """Give the digits of a number, whatever its marks: with, and without, decimals of naught."""
    plain = unicodedata.normalize("NFKC", number)
    both = (plain, re.sub(r"[.,]0+$", "", plain))
    return {"".join(c for c in text if c.isdecimal()) for text in both}


def said(
    contract: Contract, name: str, value: str, vi: str, en: str, *, in_file: bool = False
) -> tuple[str, str]:
    """Put what is wrong with a field into words: its label, what came, why, and what is right."""
    of_field = find_field(contract, name)
    if of_field is None:
        shown = f" ({value})" if value else ""
        return f"{vi}{shown}", f"{en}{shown}"
    called, shown = label(of_field), f"“{value}” " if value else ""
    such = example(contract, of_field, in_file=in_file)
    right = word(contract, name, such)
    tail_vi = "" if "ví dụ" in vi else f", ví dụ {right}"
    tail_en = "" if "such as" in en else f", such as {such}"
    return f"{called.vi}: {shown}{vi}{tail_vi}", f"{called.en}: {shown}{en}{tail_en}"


def together(faults: Iterable[Fault]) -> tuple[str, str]:
    """Say all faults of an item in one text of each language, the first first."""
    listed = list(faults)
    if len(listed) == 1:
        return listed[0].message_vi, listed[0].message_en
    return (
        _joined([f.message_vi for f in listed], "và {} lỗi nữa"),
        _joined([f.message_en for f in listed], "and {} more"),
    )


def _joined(texts: list[str], more: str) -> str:
    shown: list[str] = []
    for number, text in enumerate(texts, 1):
        if sum(map(len, shown)) + len(text) > SAID_LENGTH_MAX - 100 or number > FAULTS_MAX:
            shown.append(more.format(len(texts) - number + 1))
            break
        shown.append(f"({number}) {text}")
    return "; ".join(shown)


def find_faults(
    contract: Contract, error: ValidationError, item: bytes | str, *, in_file: bool = False
) -> list[Fault]:
    """Find everything that is wrong with an item that pydantic refused.

    First what is wrong with its fields, one fault a field, then what its kind needs, then what
    rules over several fields say, as far as the fields that they look at are right. `in_file`:
    what is right is said as it is written in a table.
    """
    errors = error.errors(include_url=False)
    of_fields: dict[str, ErrorDetails] = {}
    for each in errors:
        if each["loc"]:
            of_fields.setdefault(str(each["loc"][0]), each)
    whole = next((e for e in errors if not e["loc"] and e["type"] not in _AFTER), None)
    if whole is not None:
        return [_fault(contract, whole, in_file)]
    faults = [_fault(contract, each, in_file) for each in of_fields.values()]
    raw = _object(item)
    faults += _not_given(contract, raw, of_fields, in_file)
    faults += _breaking(contract, raw, of_fields, in_file)
    return faults or [_fault(contract, errors[0], in_file)]


def faults_of_values(
    contract: Contract, values: Mapping[str, Any], wrong: Iterable[str]
) -> list[Fault]:
    """Find what is wrong with a row's values, of which those of some fields could not be read."""
    item = json.dumps(values)
    unread = set(wrong)
    try:
        contract.item.validate_json(item)
    except ValidationError as error:
        return [
            f for f in find_faults(contract, error, item, in_file=True) if f.field not in unread
        ]
    return []


def field_fault(contract: Contract, name: str, value: Any) -> Fault | None:
    """Say what is wrong with one value of one field, whatever the item it may stand in."""
    try:
        _adapter(contract, name).validate_json(json.dumps(value))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        return _fault(contract, {**first, "loc": (name, *first["loc"])}, False)
    return None


def in_words(error: ErrorDetails) -> tuple[str, str]:
    """Say what pydantic says of a value that belongs to no contract, in two languages."""
    kind = str(error["type"])
    if kind.startswith(_INSTANTS):
        kind = "malformed_instant"
    _, vi, en = _NOT_A_NUMBER if kind in _NUMBERS else _RULES.get(kind, _UNKNOWN)
    words = {"msg": error["msg"], **error.get("ctx", {})}
    return vi.format_map(words), en.format_map(words)


def _object(item: bytes | str) -> dict[str, Any]:
    try:
        raw = json.loads(item)
    except (ValueError, RecursionError):
        return {}
    return raw if isinstance(raw, dict) else {}


def _not_given(
    contract: Contract, raw: Mapping[str, Any], wrong: Mapping[str, Any], in_file: bool
) -> Iterator[Fault]:
    """Give a fault of each field that the item's kind cannot do without and that is not there."""
    kind = raw.get("kind")
    needs = contract.spec.needs.get(kind, ()) if isinstance(kind, str) else ()
    for name in needs:
        if raw.get(name) is None and name not in wrong:
            rule, vi, en = _RULES["required_on_kind"]
            yield Fault(rule, name, "", *said(contract, name, "", vi, en, in_file=in_file))


class _Known:
    """An event of which only the fields are known that are right."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.__dict__.update(values)

    def __getattr__(self, name: str) -> Any:
        raise _UnknownError(name)


class _UnknownError(Exception):
    pass


def _breaking(
    contract: Contract, raw: Mapping[str, Any], wrong: Mapping[str, Any], in_file: bool
) -> Iterator[Fault]:
    """Give a fault of each rule over several fields that those which are right break."""
    if not contract.spec.rules:
        return
    values: dict[str, Any] = {}
    for name, info in contract.model.model_fields.items():
        if name in wrong:
            continue
        if name in raw:
            values[name] = _adapter(contract, name).validate_json(json.dumps(raw[name]))
        elif info.default is not PydanticUndefined:
            values[name] = info.default
    event = _Known(values)
    told: set[str] = set()
    for rule in contract.spec.rules:
        try:
            if rule.allows(event) or rule.field in told:
                continue
            doc = rule.doc_of(event)
        except _UnknownError:
            continue
        told.add(rule.field)
        value = show_value(raw.get(rule.field)) if raw.get(rule.field) is not None else ""
        words = said(contract, rule.field, value, doc.vi, doc.en, in_file=in_file)
        yield Fault(rule.name, rule.field, value, *words)


@cache
def _adapter(contract: Contract, name: str) -> TypeAdapter[Any]:
    """Validates the value of one field by itself."""
    info = contract.model.model_fields[name]
    annotated: Any = info.annotation
    if info.metadata:
        annotated = Annotated[(annotated, *info.metadata)]
    return TypeAdapter(annotated, config=ConfigDict(strict=True))


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
        "ngoài danh sách; chỉ nhận {expected}",
        "is not one of {expected}",
    ),
    "string_pattern_mismatch": (
        "malformed",
        "không đúng dạng của trường này",
        "does not have the form of this field",
    ),
    "string_too_long": (
        "too_long",
        "dài quá {max_length} ký tự",
        "is longer than {max_length} characters",
    ),
    "timezone_aware": (
        "missing_offset",
        "thiếu múi giờ, ví dụ 2023-05-17T08:00:00+07:00",
        "has no offset, such as in 2023-05-17T08:00:00+07:00",
    ),
    "malformed_instant": (
        "malformed_instant",
        "không phải thời điểm ISO 8601, ví dụ 2023-05-17T08:00:00+07:00",
        "is not an ISO 8601 instant such as 2023-05-17T08:00:00+07:00",
    ),
    "malformed_period": (
        "malformed",
        "không có trên lịch, ví dụ 2023, 2023-05 hoặc 2023-05-17",
        "is not on the calendar, such as 2023, 2023-05 or 2023-05-17 are",
    ),
    "decimal_max_places": (
        "too_many_decimals",
        "có hơn {decimal_places} số lẻ",
        "has more than {decimal_places} decimals",
    ),
    "greater_than_equal": ("too_small", "nhỏ hơn {ge}", "is less than {ge}"),
    "less_than_equal": ("too_large", "lớn hơn {le}", "is greater than {le}"),
    "bool_type": ("not_a_boolean", "phải là true hoặc false", "is not true or false"),
    "bool_parsing": ("not_a_boolean", "phải là true hoặc false", "is not true or false"),
    "int_type": ("not_an_integer", "phải là số nguyên", "is not an integer"),
    "int_from_float": ("not_an_integer", "phải là số nguyên", "is not an integer"),
    "string_too_short": ("too_short", "ngắn quá", "is too short"),
    "list_type": ("not_a_list", "phải là một danh sách", "is not a list"),
    "dict_type": ("not_an_object", "phải là một đối tượng JSON", "not a JSON object"),
    "model_attributes_type": ("not_an_object", "phải là một đối tượng JSON", "not a JSON object"),
    "string_type": ("not_text", "phải là chuỗi ký tự", "is not a text"),
    "json_invalid": ("not_json", "không phải JSON: {error}", "not JSON: {error}"),
    "model_type": ("not_an_object", "phải là một đối tượng JSON", "not a JSON object"),
}
_INSTANTS = ("datetime_parsing", "datetime_from_date_parsing", "datetime_type", "datetime_invalid")
_NUMBERS = ("decimal_type", "decimal_parsing", "finite_number", "int_parsing", "int_parsing_size")
_NOT_A_NUMBER = ("not_a_number", "phải là một số", "is not a number")
_UNKNOWN = ("", "không hợp lệ", "{msg}")
_AFTER = ("required_on_kind", "rule")  # what is looked for again, as it hides others of its like


def _fault(contract: Contract, error: ErrorDetails, in_file: bool) -> Fault:
    """Put into words what pydantic says of one field, or of the item as a whole."""
    kind = str(error["type"])
    context = error.get("ctx", {})
    name = str(error["loc"][0]) if error["loc"] else ""
    of_field = find_field(contract, name)
    shown = "" if kind == "missing" else _shown(contract, name, error["input"])
    if kind.startswith(_INSTANTS):
        kind = "malformed_instant"
    if kind == "extra_forbidden":
        return _unknown_field(contract, name, hidden(error["input"]))
    absent = None if of_field is None else of_field.absent
    if absent is not None and kind in _NUMBERS and is_word_for_nothing(error["input"]):
        how = absent.advice
        vi = f"là chữ thiết bị ghi khi không có số liệu, không phải số; {how.vi}"
        en = f"is what a logger writes when it has no value, not a number; {how.en}"
        rule_name = "missing_code"
    elif kind in _NUMBERS:
        rule_name, vi, en = _NOT_A_NUMBER
    else:
        rule_name, vi, en = _RULES.get(kind, (kind, *_UNKNOWN[1:]))
    words = {"msg": error["msg"], **context}
    if of_field is not None and of_field.kind == "instant":
        words |= {"ge": iso(of_field.limits["minimum"]), "le": iso(of_field.limits["maximum"])}
    if in_file:
        vi = vi.replace("của trường này", "của cột này")
        en = en.replace("of this field", "of this column")
    if kind == "literal_error" and of_field is not None and isinstance(error["input"], str):
        # A long list hides the one word of it that was meant.
        called = coded(contract, name).words
        names = {c: called.get(c, ("",))[0] for c in of_field.limits.get("enum", ())}
        near = offered(error["input"][:VALUE_LENGTH_MAX], names)
        if near[0]:
            vi = f"ngoài danh sách{near[0].replace(':', ', ví dụ', 1)}"
            en = f"is not on the list{near[1].replace(':', ', such as', 1)}"
    listed = _listed(contract, of_field)
    vi = vi.format_map(words | {"expected": listed.vi})
    en = en.format_map(words | {"expected": listed.en})
    return Fault(rule_name, name, shown, *said(contract, name, shown, vi, en, in_file=in_file))


def _listed(contract: Contract, of_field: WireField | None) -> Doc:
    """List the codes of a field: in Vietnamese with what people call them."""
    codes = [str(c) for c in (of_field.limits.get("enum", []) if of_field else [])]
    named = [word(contract, of_field.name, c) for c in codes] if of_field else []
    return Doc(", ".join(named), ", ".join(codes))


def _unknown_field(contract: Contract, name: str, value: str) -> Fault:
    rule, vi, en = _RULES["extra_forbidden"]
    shown = show_value(mask_text(name))
    near = _near_fields(contract, name)
    if near:
        vi += f"; gần giống {', '.join(f'“{label(f).vi}”' for f in near)}"
        en += f"; is {' or '.join(f.name for f in near)} meant?"
    tail = f" ({value})" if value else ""
    return Fault(rule, shown, value, f"“{shown}”: {vi}{tail}", f"“{shown}”: {en}{tail}")


@lru_cache(1_024)
def _near_fields(contract: Contract, name: str) -> list[WireField]:
    by_name = {f.name: f for f in contract.sent}
    return [by_name[n] for n in get_close_matches(name, by_name, 3, NEAR)]


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
    # Letters and digits of other scripts are something, whatever they are: never nothing.
    word = "".join(c for c in letters if c.isalnum())
    return _NOTHING.fullmatch(word) is not None


_MASKED_AS: dict[str, Kind] = {
    "integer": "number",
    "thousandths": "number",
    "instant": "instant",
}


def _shown(contract: Contract, name: str, value: Any) -> str:
    """Show a value that was refused; one that no field of the contract has, only by its length."""
    of_field = find_field(contract, name)
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
