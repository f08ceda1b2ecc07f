"""Packing: how the stored events of an entity lie in the database: as a frame of Zstandard.

Each row is packed by itself, so that an entity is read and written without any other. What events
of a contract have in common is in a dictionary that was trained once (`bench/dictionary.py`) and
travels with the schemas; a contract without one is packed without. See RFC 8878.
"""

from collections.abc import Iterable
from functools import cache

import zstandard

from hub import places

LEVEL = 3  # more takes seven times as long for 4 %
# Every frame begins so: it is not kept.
_MAGIC = zstandard.FRAME_HEADER


def dictionary(contract: str) -> bytes:
    """Give the dictionary of a contract; b"" where it has none."""
    file = places.dictionaries_folder() / f"{contract}.zdict"
    return file.read_bytes() if file.is_file() else b""


@cache
def _loaded(contract: str) -> zstandard.ZstdCompressionDict | None:
    content = dictionary(contract)
    if not content:
        return None
    loaded = zstandard.ZstdCompressionDict(content)
    loaded.precompute_compress(level=LEVEL)
    return loaded


def pack(contract: str, states: Iterable[bytes]) -> list[bytes]:
    """Pack states of a contract's entities."""
    # Not shared: a compressor may be used by one thread at a time.
    compress = zstandard.ZstdCompressor(
        level=LEVEL, dict_data=_loaded(contract), write_dict_id=False
    ).compress
    return [compress(state)[len(_MAGIC) :] for state in states]


def unpack(contract: str, packed: Iterable[bytes]) -> list[bytes]:
    """Give back what was packed; raise `zstandard.ZstdError` where it is damaged."""
    decompress = zstandard.ZstdDecompressor(dict_data=_loaded(contract)).decompress
    return [decompress(_MAGIC + frame) for frame in packed]
