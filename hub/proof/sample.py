"""Samples: which share of the entities and cells a quick verify looks at."""

import hashlib
import re
from dataclasses import dataclass

_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)(%?)")


@dataclass(frozen=True)
class Sample:
    """A share, above 0 and at most 1; `seed` says which: another each time, so that all turn up.

    What is looked at depends on names alone: an entity is in or out with all of its events. A key
    of several fields is drawn by its first, so of twelve stations one is in or none.
    """

    share: float
    seed: int

    def has(self, name: bytes) -> bool:
        """Tell whether what has this name is looked at."""
        salt = self.seed.to_bytes(8, "little")
        drawn = hashlib.blake2b(name, digest_size=8, salt=salt).digest()
        return int.from_bytes(drawn, "little") < self.share * 2**64


def parse_share(text: str) -> float:
    """Read `1%` or `0.01`; raise `ValueError` for what is not above 0 and at most 1."""
    found = _SHARE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no share such as 1% or 0.01")
    share = float(found[1]) / (100 if found[2] else 1)
    if not 0 < share <= 1:
        raise ValueError(f"{text!r} is not above 0 and at most 100%")
    return share
