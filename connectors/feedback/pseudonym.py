"""Pseudonyms: who reported is known again by a keyed digest, made here and nowhere else.

A telephone number becomes 16 bytes of its HMAC-SHA-256 (RFC 2104), under a key that only this
connector reads; a matter is a digest of that, of the topic and of the place.
Whoever has the key can try all numbers, so it lies apart from the hub's data; another key makes
other matters of the same forms.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from pathlib import Path

from hub.connecting.feeds import UpstreamError

KEY_BYTES_MIN = 32
DIGITS_PAST_TRUNK = 9
MADE = re.compile(r"p:[0-9a-f]{32}")  # of a cell that was read before


@dataclass(frozen=True)
class Pseudonyms:
    """Makes keyed digests under one key."""

    key: bytes

    @classmethod
    def read(cls, path: Path) -> "Pseudonyms":
        """Read the key from a file; raise `UpstreamError` where it is not there or too short."""
        try:
            key = path.read_bytes().strip()
        except OSError as error:
            raise UpstreamError(f"HUB_FEEDBACK_KEY_FILE: {path}: {error.strerror}") from None
        if len(key) < KEY_BYTES_MIN:
            raise UpstreamError(
                f"HUB_FEEDBACK_KEY_FILE: {path} has {len(key)} bytes, at least {KEY_BYTES_MIN} are"
                " needed, such as of `openssl rand -hex 32`"
            )
        return cls(key)

    def digest(self, text: str) -> str:
        """Digest a text under the key, in 32 hexadecimal digits."""
        return hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()[:32]

    def person(self, cell: str) -> str:
        """Give who a telephone number is of, however it is written; a pseudonym as it is."""
        if MADE.fullmatch(cell):
            return cell
        digits = re.sub(r"[^0-9]", "", cell)
        # The same number with the country's code, with a zero before it, or as a sheet left it.
        return f"p:{self.digest(digits[-DIGITS_PAST_TRUNK:] or cell.casefold())}"


class NoKey:
    """Stands where no key is: a pseudonym stays as it is, as does what is none, to be refused."""

    def person(self, cell: str) -> str:
        """Give a cell as it is."""
        return cell


def plain_digest(*parts: str) -> str:
    """Digest texts of which none is about a person but by its pseudonym, in 32 digits."""
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=16).hexdigest()
