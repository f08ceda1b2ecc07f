"""Originals: how the bytes of a rejected item are written where it is kept.

Three forms, told apart by how they begin; base64 has no colon:

- `seal1:KEY:…`: ciphertext under a key of its sender (`hub.access.seals`), in base64. Log, topics,
  archive and store hold nothing else, so that no digest changes when the key is destroyed;
- `log1:DIGEST:LENGTH`: of a record that stands in a topic as its producer wrote it, and is not
  copied; the item's name says where;
- base64 of the bytes: what was rejected before there were seals (decision 0023).
"""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

SEALED, IN_LOG = "seal1:", "log1:"
# Seals an item's bytes for its sender: (sender, name of the item, bytes) -> what is kept of them.
Seal = Callable[[str, str, bytes], str]


@dataclass(frozen=True)
class Original:
    """An original as it can be had: its bytes, or when (µs) they were erased.

    Neither where only the log has it, or where its key is lost.
    """

    raw: bytes | None = None
    erased_at: int | None = None


# Opens what is kept of an item: (sender, name of the item, what is kept) -> the original.
Opener = Callable[[str, str, str], Original]


def in_log(raw: bytes) -> str:
    """Write of a record that stands in the log which bytes it has, and none of them."""
    return f"{IN_LOG}{hashlib.blake2b(raw, digest_size=16).hexdigest()}:{len(raw)}"


def key_of(kept: str) -> str | None:
    """Name the key under which something is kept; None where it is kept under none."""
    return kept.split(":", 2)[1] if kept.startswith(SEALED) else None


def read_plain(kept: str) -> Original:
    """Read what is kept under no key: nothing of what is in the log alone, or no base64."""
    try:
        return Original() if kept.startswith(IN_LOG) else Original(base64.b64decode(kept))
    except ValueError:
        return Original()
