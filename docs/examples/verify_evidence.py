"""Check an auditor's bundle without the hub: python verify_evidence.py BUNDLE.json JWKS.json.

BUNDLE.json is what `hub evidence make` wrote, JWKS.json what GET /.well-known/jwks.json said.
Needs the package `cryptography`. Exit 0: as signed, and all of it adds up; else the reason.
"""

import base64
import hashlib
import json
import sys
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

file, keys = (json.loads(Path(name).read_bytes()) for name in sys.argv[1:])
bundle, figure, facts = file["bundle"], file["bundle"]["figure"], file["bundle"]["facts"]


def said_by(jws):
    """Give what a JWS says, if one of the keys signed it."""
    head, body, signature = jws.split(".")
    header, said, seal = (base64.urlsafe_b64decode(part + "==") for part in (head, body, signature))
    (key,) = [k["x"] for k in keys["keys"] if k["kid"] == json.loads(header)["kid"]]
    public = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(key + "=="))
    public.verify(seal, f"{head}.{body}".encode())
    return json.loads(said)


def check(holds, what):
    """End where something does not hold."""
    holds or sys.exit(f"NOT VALID: {what}")


try:
    text = json.dumps(bundle, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    is_signed = said_by(file["signed"])["sha256"] == hashlib.sha256(text.encode()).hexdigest()
    check(is_signed, "the bundle is not the one that was signed")
    for receipt in (r for r in bundle["receipts"] if r["signed"]):
        check(said_by(receipt["signed"])["receipt"] == receipt["receipt"], receipt["receipt"])
except (InvalidSignature, ValueError) as error:
    sys.exit(f"NOT VALID: not signed by these keys {error}")
for fact in (f for f in facts if "entity" in f):
    values = ["" if v is None else str(v) for v in (*fact["columns"], fact["is_disputed"])]
    said = "\x1f".join((bundle["definition"]["contract"], fact["entity"], *values))
    raw = hashlib.blake2b(said.encode(), digest_size=16).digest()
    lanes = [int.from_bytes(raw[i : i + 4], "little") for i in range(0, 16, 4)]
    check(lanes == fact["digest"], f"fact {fact['entity']}")
for name in ("numerator", "denominator"):
    for cell in (c for one in bundle[name] or () for c in one["cells"]):
        digests = [facts[i]["digest"] for i in {i for i, _ in cell["facts"]}]
        lanes = [sum(lane) % 2**32 for lane in zip(*digests, strict=True)]
        found = [len(digests), sum(n for _, n in cell["facts"]), lanes]
        check(found == [cell["count"], cell["adds"], cell["digest"]], f"cell {cell['cell']}")
    total = sum(one["sign"] * c["adds"] for one in bundle[name] or () for c in one["cells"])
    check(figure[name] == (1 if bundle[name] is None else total), name)
exact = Decimal(figure["numerator"]) / (figure["denominator"] * figure["scale"])
check(Decimal(figure["value"]) == exact.quantize(Decimal("0.000001"), ROUND_HALF_UP), "the value")
print(f"valid: {bundle['kpi']} {bundle['period']} = {figure['value']}, of {len(facts)} facts")
