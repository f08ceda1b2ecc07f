"""Lateness: buckets within a fifth, in columns as one by one; quantiles are upper bounds."""

import random
from datetime import timedelta
from itertools import pairwise

import polars as pl
import pytest

from hub.apply.lateness import BOUNDS, bucket, bucket_expr, quantiles
from hub.clock import to_us
from stream_jobs.worked import received
from tests.conftest import Hub

SECOND = 1_000_000


def test_bounds_grow_by_a_fifth() -> None:
    assert BOUNDS[:4] == [0, 1, 2, 3]
    assert all(a < b <= max(a + 1, a * 1.2) for a, b in pairwise(BOUNDS))


@pytest.mark.parametrize(
    ("microseconds", "bound"),
    [(-5, 0), (0, 0), (1, 1), (SECOND, 1), (SECOND + 1, 2), (3 * SECOND, 3)],
)
def test_a_lateness_is_in_the_first_bucket_that_holds_it(microseconds: int, bound: int) -> None:
    assert BOUNDS[bucket(microseconds)] == bound


def test_columns_say_the_same() -> None:
    chance = random.Random(1)
    values = [int(10 ** chance.uniform(0, 17)) * chance.choice([1, 1, -1]) for _ in range(5_000)]
    frame = pl.DataFrame({"us": values}).select(bucket_expr(pl.col("us")).alias("b"))
    assert frame["b"].to_list() == [bucket(v) for v in values]


def test_quantiles_are_upper_bounds_within_a_fifth() -> None:
    chance = random.Random(2)
    seconds = sorted(chance.randrange(1, 10_000_000) for _ in range(10_001))
    counts: dict[int, int] = {}
    for s in seconds:
        b = bucket(s * SECOND)
        counts[b] = counts.get(b, 0) + 1
    found = quantiles(counts)
    assert found is not None
    for name, place in (("p50", 5_000), ("p95", 9_500), ("p99", 9_900)):
        assert seconds[place] <= found[name] <= seconds[place] * 1.21 + 1
    assert quantiles({}) is None


def test_what_came_late_is_counted_once(hub: Hub) -> None:
    sent = received("A", "2026-01-12T09:00")
    hub.now = hub.now.replace(day=14)
    hub.send("dossier", sent)
    hub.now += timedelta(days=30)
    hub.send("dossier", sent, received("B", "2026-01-12T09:00"))
    with hub.store.reading() as reading:
        rows = reading.rows("SELECT sender, bucket, count FROM lateness ORDER BY bucket")
    happened = 1_768_183_200 * SECOND
    late = [to_us(hub.now) - happened - timedelta(days=30) // timedelta(microseconds=1)]
    late.append(to_us(hub.now) - happened)
    assert rows == [("tester", bucket(n), 1) for n in late]
