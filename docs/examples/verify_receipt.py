"""Verify a receipt offline: python verify_receipt.py ANSWER.json JWKS.json [BODY].

ANSWER.json is what the gateway answered, JWKS.json what GET /.well-known/jwks.json said, and BODY
the bytes that were sent (before gzip). Needs the package `cryptography`; InvalidSignature: forged.
"""

import base64
import hashlib
import json
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

answer, keys, *sent = (Path(name).read_bytes() for name in sys.argv[1:])
head, body, signature = json.loads(answer)["signed"].split(".")
header, said, seal = (base64.urlsafe_b64decode(part + "==") for part in (head, body, signature))
(key,) = [k["x"] for k in json.loads(keys)["keys"] if k["kid"] == json.loads(header)["kid"]]
public = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(key + "=="))
public.verify(seal, f"{head}.{body}".encode())
if sent and hashlib.sha256(sent[0]).hexdigest() != json.loads(said)["sha256"]:
    sys.exit("the receipt is genuine, but for other bytes")
print(said.decode())
