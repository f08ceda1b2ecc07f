"""Pieces of bytes in columns: cut out of one text, joined side by side and one after another.

Polars has columns of bytes, and joins only text; Arrow, which it shares them with, joins bytes. In
Python each piece would cost as much as folding its event.
"""

from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from hub.log.slices import Ints

Pieces = Any  # an Arrow array of bytes


def cut(flat: bytes, ends: Ints) -> Pieces:
    """Cut bytes into pieces; `ends` says where each ends."""
    bounds = np.zeros(len(ends) + 1, np.int64)
    bounds[1:] = ends
    buffers = [None, pa.py_buffer(bounds), pa.py_buffer(flat)]
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(ends), buffers)


def listed(values: list[bytes]) -> Pieces:
    """Make pieces of a list. By Polars: who asks Arrow for an array of Python's imports pandas."""
    return of(pl.Series(values, dtype=pl.Binary))


def of(values: pl.Series) -> Pieces:
    """Make pieces of a column of bytes, or Arrow of any; what is null there is null here."""
    found = values.to_arrow(compat_level=pl.CompatLevel.oldest())
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def lay_out(column: Pieces) -> tuple[bytes, Ints]:
    """Lay pieces, none null, one after another: the opposite of `cut`."""
    _, bounds, data = column.buffers()
    at = np.frombuffer(bounds, np.int64)[column.offset : column.offset + len(column) + 1]
    return data[at[0] : at[-1]].to_pybytes() if data is not None else b"", at[1:] - at[0]


def by_head(column: Pieces, heads: list[bytes]) -> tuple[Ints, Pieces]:
    """Tell which of some heads, all of one length, each piece begins with, or -1.

    Gives the rest of those that have one, too.
    """
    size = len(heads[0])
    found = pc.index_in(pc.binary_slice(column, 0, size), value_set=listed(heads))
    which = found.fill_null(-1).to_numpy().astype(np.int64)
    is_known = which >= 0
    known = column if is_known.all() else column.filter(of(pl.Series(is_known)))
    return which, pc.binary_replace_slice(known, 0, size, b"")


def join_each(*columns: Pieces) -> Pieces:
    """Join columns of pieces row by row."""
    return pc.binary_join_element_wise(*columns, _NOTHING)


def join_runs(column: Pieces, firsts: Ints) -> pl.Series:
    """Join pieces that follow on each other, each run from one of `firsts` to the next."""
    bounds = of(pl.Series(np.append(firsts, len(column)), dtype=pl.Int64))
    runs = pa.LargeListArray.from_arrays(bounds, column)
    return pl.Series(pc.binary_join(runs, _NOTHING), dtype=pl.Binary)


_NOTHING = listed([b""])[0]
