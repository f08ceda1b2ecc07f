"""Pieces of bytes in columns: cut out of one text, joined side by side and one after another.

Polars has columns of bytes, and joins only text; Arrow, which it shares them with, joins bytes. In
Python each piece would cost as much as folding its event.
"""

from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from hub.slices import Ints

Pieces = Any  # an Arrow array of bytes
_NOTHING = pa.scalar(b"", pa.large_binary())


def cut(flat: bytes, ends: Ints) -> Pieces:
    """Cut bytes into pieces; `ends` says where each ends."""
    bounds = np.zeros(len(ends) + 1, np.int64)
    bounds[1:] = ends
    buffers = [None, pa.py_buffer(bounds), pa.py_buffer(flat)]
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(ends), buffers)


def listed(values: list[bytes]) -> Pieces:
    """Make pieces of a list."""
    return pa.array(values, pa.large_binary())


def lay_out(values: pl.Series) -> tuple[bytes, Ints]:
    """Lay a column of bytes, none null, one after another: the opposite of `cut`."""
    found = values.to_arrow(compat_level=pl.CompatLevel.oldest())
    found = found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
    _, bounds, data = found.buffers()
    at = np.frombuffer(bounds, np.int64)[found.offset : found.offset + len(values) + 1]
    return data[at[0] : at[-1]].to_pybytes() if data is not None else b"", at[1:] - at[0]


def join_each(*columns: Pieces) -> Pieces:
    """Join columns of pieces row by row."""
    return pc.binary_join_element_wise(*columns, _NOTHING)


def join_runs(column: Pieces, firsts: Ints) -> pl.Series:
    """Join pieces that follow on each other, each run from one of `firsts` to the next."""
    bounds = pa.array(np.append(firsts, len(column)), pa.int64())
    runs = pa.LargeListArray.from_arrays(bounds, column)
    return pl.Series(pc.binary_join(runs, _NOTHING), dtype=pl.Binary)
