"""Coded: what the codes of a field are called, and how a field is named and exemplified to people.

A field's label is its title without what explains it: `Kênh thực hiện`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, get_args

from hub.definitions.contract import Contract, Doc, WireField

_INSTANT = Doc("17/05/2023 08:00", "2023-05-17T08:00:00+07:00")
_BY_KIND: dict[str, Doc] = {
    "instant": _INSTANT,
    "boolean": Doc("có", "true"),
    "integer": Doc("120", "120"),
    "thousandths": Doc("12,5", "12.5"),
    "text": Doc("2023-0001", "2023-0001"),
}
_PERIOD = "2023-05"


@dataclass(frozen=True)
class Coded:
    """Marks a field of codes: by code what people call it, the first of them shown to people.

    Or, where the province says what there is, `listed`: the list that holds the codes.
    """

    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    listed: str = ""


_UNKNOWN = Coded()


@cache
def coded(contract: Contract, name: str) -> Coded:
    """Say what the codes of a field are called; nothing is known of other fields."""
    info = contract.model.model_fields.get(name)
    if info is None:
        return _UNKNOWN
    marks = [*info.metadata, *(m for a in get_args(info.annotation) for m in get_args(a)[1:])]
    return next((m for m in marks if isinstance(m, Coded)), _UNKNOWN)


def word(contract: Contract, name: str, code: str) -> str:
    """Give a code with what people call it: `online (trực tuyến)`."""
    words = coded(contract, name).words.get(code, ())
    return f"{code} ({words[0]})" if words else code


def find_field(contract: Contract, name: str) -> WireField | None:
    """Find a field by its name."""
    return next((f for f in contract.fields if f.name == name), None)


def label(of_field: WireField) -> Doc:
    """Name a field to people: in Vietnamese by its title, in English by its name."""
    return Doc(re.split(r"[,;:(]", of_field.doc.vi)[0].strip(), of_field.name)


def example(contract: Contract, of_field: WireField, *, in_file: bool = False) -> str:
    """Give a value that would be right, as it is written in a file or else in JSON."""
    if of_field.doc.example:
        return of_field.doc.example
    listed: list[Any] = of_field.limits.get("enum", [])
    if listed:
        return str(listed[0])
    if of_field.name == contract.spec.occurred and of_field.kind == "text":
        return _PERIOD
    doc = _BY_KIND[of_field.kind]
    return doc.vi if in_file else doc.en
