"""Bundle file: a bundle as it is signed, written and checked by whoever has the published keys.

What is signed is the SHA-256 of the bundle's canonical JSON (RFC 8785), as a JWS by the keys that
sign receipts.
"""

import hashlib
import json
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from hub.gateway.signing import Sign, SignatureError, verify
from hub.proof.bundle import KIND, LANE, Body
from hub.proof.recount import fact_digest

_PLACES = Decimal("0.000001")


class UnevenError(ValueError):
    """What a bundle says does not add up; the message names where."""


def canonical(bundle: Mapping[str, Any]) -> bytes:
    """Write a bundle's canonical JSON (RFC 8785): it holds texts, whole numbers, true and null."""
    text = json.dumps(bundle, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return text.encode()


def seal(bundle: Body, sign: Sign) -> Body:
    """Give the file: the bundle, and the JWS of its SHA-256."""
    return {"bundle": bundle, "signed": sign(_signed(bundle))}


def _signed(bundle: Body) -> Body:
    return {"kind": KIND, "sha256": hashlib.sha256(canonical(bundle)).hexdigest()}


def check(file: Mapping[str, Any], keys: Mapping[str, Any]) -> Body:
    """Give the bundle of a file, if one of a JWK set's keys signed it and all of it adds up.

    Raises `SignatureError` where it is not as it was signed, `UnevenError` where it does not add
    up.
    """
    try:
        bundle: Body = file["bundle"]
        if verify(file["signed"], keys) != _signed(bundle):
            raise SignatureError("the bundle is not the one that was signed")
        _check_facts(bundle)
        _check_sums(bundle)
        for receipt in bundle["receipts"]:
            signed = receipt["signed"]
            if signed and verify(signed, keys)["receipt"] != receipt["receipt"]:
                raise UnevenError(f"receipt {receipt['receipt']} is another one as signed")
    except (KeyError, TypeError, IndexError, AttributeError, ArithmeticError) as error:
        raise UnevenError(f"this is no bundle: {error!r}") from error
    return bundle


def _check_facts(bundle: Body) -> None:
    contract = bundle["definition"]["contract"]
    for fact in bundle["facts"]:
        if "entity" in fact:
            said = (contract, fact["entity"], fact["columns"], bool(fact["is_disputed"]))
            if fact_digest(*said) != fact["digest"]:
                raise UnevenError(f"fact {fact['entity']} is not that of its digest")


def _check_sums(bundle: Body) -> None:
    facts, figure = bundle["facts"], bundle["figure"]
    totals = []
    for name in ("numerator", "denominator"):
        if bundle[name] is None:
            totals.append(1)
            continue
        for cell in (c for one in bundle[name] for c in one["cells"]):
            lanes = [sum(facts[i]["digest"][n] for i, _ in cell["facts"]) % LANE for n in range(4)]
            counted = len({i for i, _ in cell["facts"]}), sum(n for _, n in cell["facts"]), lanes
            if counted != (cell["count"], cell["adds"], cell["digest"]):
                raise UnevenError(f"facts do not add up to the cell {cell['cell']}")
        totals.append(sum(s["sign"] * c["adds"] for s in bundle[name] for c in s["cells"]))
        if totals[-1] != figure[name]:
            raise UnevenError(f"cells do not add up to the {name} {figure[name]}")
    exact = Decimal(totals[0]) / (totals[1] * figure["scale"])
    if Decimal(figure["value"]) != exact.quantize(_PLACES, ROUND_HALF_UP):
        raise UnevenError(f"the figure {figure['value']} is not {totals[0]} / {totals[1]}")
