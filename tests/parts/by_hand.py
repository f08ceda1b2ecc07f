"""Avro written by hand (Apache Avro 1.12, binary encoding), also in forms that no writer gives."""

from collections.abc import Collection, Mapping
from typing import Any

from hub.definitions.contract import Contract


def varint(value: int, longer_by: int = 0) -> bytes:
    """Write a zigzag varint; `longer_by` bytes longer than it must be."""
    left = (value << 1) ^ (value >> 63)
    groups = []
    while True:
        groups.append(left & 0x7F)
        left >>= 7
        if not left:
            break
    groups += [0] * longer_by
    return bytes([*(g | 0x80 for g in groups[:-1]), groups[-1]])


def datum(
    contract: Contract, wire: Mapping[str, Any], longer: Collection[str] = (), by: int = 1
) -> bytes:
    """Write wire values as a datum of the contract; fields in `longer` with longer varints.

    `~` before a field's name means the index of its union. An absent field is null.
    """
    out = b""
    for f in contract.fields:
        value: Any = wire.get(f.name)
        if f.optional:
            out += varint(value is not None, by * (f"~{f.name}" in longer))
            if value is None:
                continue
        extra = by * (f.name in longer)
        if f.kind == "boolean":
            out += bytes([value])
        elif f.kind == "text":
            raw = value if isinstance(value, bytes) else value.encode()
            out += varint(len(raw), extra) + raw
        else:
            out += varint(value, extra)
    return out


def read(contract: Contract, raw: bytes, count: int | None = None) -> dict[str, Any] | None:
    """Read one datum of the revision that has the contract's first `count` fields, by default all.

    None where it is none.

    A boolean that is neither 0 nor 1 is read as true, as common readers do.
    """
    found: dict[str, Any] = {}
    at = 0
    try:
        for number, f in enumerate(contract.fields):
            found[f.name] = None
            if count is not None and number >= count:
                continue
            if f.optional:
                index, at = _long(raw, at)
                if index == 0:
                    continue
                if index != 1:
                    return None
            if f.kind == "boolean":
                found[f.name], at = raw[at] != 0, at + 1
                continue
            value, at = _long(raw, at)
            if f.kind == "text":
                if value < 0 or at + value > len(raw):
                    return None
                found[f.name], at = raw[at : at + value].decode(), at + value
            else:
                found[f.name] = value
    except (IndexError, ValueError):
        return None
    return found if at == len(raw) else None


def _long(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = raw[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    if value >= 1 << 64:
        raise ValueError("more than 64 bits")
    return (value >> 1) ^ -(value & 1), at
