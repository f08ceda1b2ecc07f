"""Lateness: how long after it happened an event was accepted, in buckets that grow by a fifth."""

from collections.abc import Mapping

import numpy as np
import polars as pl

_GROWTH = 1.2
_SECONDS_MAX = 3_200_000_000  # a century
# The upper bounds of the buckets, in whole seconds: 1, 2, 3, … then each a fifth above the last.
BOUNDS: list[int] = [0]
while BOUNDS[-1] < _SECONDS_MAX:
    BOUNDS.append(max(BOUNDS[-1] + 1, int(BOUNDS[-1] * _GROWTH)))
QUANTILES = {"p50": 50, "p95": 95, "p99": 99}


def bucket(microseconds: int) -> int:
    """Give the bucket of a lateness: the first whose bound is not below it; early is not late."""
    return int(np.searchsorted(BOUNDS, -(-max(microseconds, 0) // 1_000_000)))


def bucket_expr(microseconds: pl.Expr) -> pl.Expr:
    """Say the same in columns."""
    seconds = (microseconds.clip(0) + 999_999) // 1_000_000
    return pl.lit(pl.Series(BOUNDS, dtype=pl.Int64)).search_sorted(seconds).cast(pl.Int64)


def quantiles(counts: Mapping[int, int]) -> dict[str, int] | None:
    """Give, of counts by bucket, the seconds within which that share came: upper bounds."""
    total = sum(counts.values())
    if total <= 0:
        return None
    out = {}
    for name, share in QUANTILES.items():
        seen = 0
        for number in sorted(counts):
            seen += counts[number]
            if 100 * seen >= share * total:
                out[name] = BOUNDS[min(number, len(BOUNDS) - 1)]
                break
    return out
