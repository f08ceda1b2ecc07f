"""The synthetic year of payment statistics: the published electricity totals, the rest invented.

A statistic is already a sum, so there are a few hundred of them at any scale: `scale` does not
change them, and the published shares hold in the smallest demo. It only limits the defects.
"""

import random
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from itertools import count

import numpy as np
import numpy.typing as npt
import polars as pl

from hub.clock import VIETNAM, to_us

Ints = npt.NDArray[np.int64]

# The demo's volumes: customers and đồng of electricity in 2023, by method. Those of `cashless` and
# `collection_point` are published, so are the customers of `cash`; its amount is invented.
ELECTRICITY = {
    "cashless": (150_868, 1_543_880_000_000),
    "collection_point": (244_013, 1_614_160_000_000),
    "cash": (153, 612_000_000),
}
# Who reports electricity by method, with a weight.
ELECTRICITY_REPORTERS = {
    "cashless": (("DIENLUC", 5.0), ("NGANHANG.1", 3.0), ("VIDIENTU.1", 2.0)),
    "collection_point": (("DIENLUC", 1.0),),
    "cash": (("DIENLUC", 1.0),),
}
DISTRICTS = [f"H57.{n}" for n in range(21, 32)]
PROVINCE = "H57"
# Other services: who reports them, customers a month and đồng a transaction, by method.
MONTHLY: tuple[tuple[str, str, dict[str, int], int], ...] = (
    ("CAPNUOC", "water", {"cashless": 61_000, "collection_point": 48_000, "cash": 9_000}, 118_000),
    ("GIAODUC", "tuition", {"cashless": 92_000, "cash": 21_000}, 640_000),
    ("YTE", "hospital", {"cashless": 17_000, "cash": 64_000}, 385_000),
    ("DVC", "dossier_fee", {"cashless": 5_200, "cash": 11_800}, 96_000),
)

FRAME_ROWS = 20_000
# Under 1 % of the statistics, or the breaker would stop the source.
DEFECTS_MAX = 2
# Of so many statistics one is sent a first time with lower figures, then restated; of so many
# first versions one arrives after what replaces it.
RESTATED_EVERY, OVERTAKEN_EVERY = 4, 8
DAY_MS = 86_400_000
DAY_US = 86_400_000_000
SCHEMA = {
    "reporter": pl.String,
    "service": pl.String,
    "method": pl.String,
    "area": pl.String,
    "period": pl.String,
    "revision": pl.Int64,
    "transactions": pl.Int64,
    "customers": pl.Int64,
    "amount_vnd": pl.Int64,
    "recorded_at": pl.Int64,
    "arrived_at": pl.Int64,
}
Row = tuple[str, str, str, str, str, int, int, int, int, int, int]


def _split(whole: int, weights: npt.NDArray[np.floating]) -> list[int]:
    """Split an integer by weights, exactly: what rounding leaves over goes to the first parts."""
    shares = weights / weights.sum()
    parts = [int(whole * share) for share in shares]
    for i in range(whole - sum(parts)):
        parts[i % len(parts)] += 1
    return parts


def _electricity(rng: np.random.Generator) -> Iterator[tuple[str, str, str, str, int, int, int]]:
    for method, (customers, amount) in ELECTRICITY.items():
        reporters = ELECTRICITY_REPORTERS[method]
        by_district = rng.uniform(0.5, 2.0, len(DISTRICTS))
        weights = np.outer([weight for _, weight in reporters], by_district).ravel()
        keys = [(name, area) for name, _ in reporters for area in DISTRICTS]
        parts = zip(keys, _split(customers, weights), _split(amount, weights), strict=True)
        for (reporter, area), people, vnd in parts:
            yield reporter, "electricity", method, area, people * 12, people, vnd


def _monthly(rng: np.random.Generator) -> Iterator[tuple[str, str, str, str, int, int, int]]:
    for reporter, service, methods, vnd_each in MONTHLY:
        for method, monthly_customers in methods.items():
            customers = int(monthly_customers * rng.uniform(0.93, 1.07))
            transactions = int(customers * rng.uniform(1.0, 1.15))
            amount = transactions * int(vnd_each * rng.uniform(0.9, 1.1))
            yield reporter, service, method, PROVINCE, transactions, customers, amount


def _yearly(
    months: list[tuple[str, str, str, str, int, int, int]],
) -> Iterator[tuple[str, str, str, str, int, int, int]]:
    """Sum months up; customers are those of the year, a few more than those of a month."""
    keys = dict.fromkeys(month[:4] for month in months)
    for key in keys:
        mine = [month[4:] for month in months if month[:4] == key]
        transactions, customers, amount = (sum(values) for values in zip(*mine, strict=True))
        yield *key, transactions, customers * 105 // (100 * len(mine)), amount


def _after(day: date, rng: np.random.Generator) -> int:
    """Draw an office hour of the first days after a period that ended before `day`."""
    hours = 24 * int(rng.integers(1, 6)) + int(rng.integers(8, 17))
    return to_us(datetime(day.year, day.month, day.day, tzinfo=VIETNAM) + timedelta(hours=hours))


def _rows(seed: int) -> list[Row]:
    rng = np.random.default_rng(seed)
    statistics = [("2023", date(2024, 1, 1), figure) for figure in _electricity(rng)]
    for month in range(1, 13):
        after = date(2023 + month // 12, month % 12 + 1, 1)
        statistics += [(f"2023-{month:02}", after, figure) for figure in _monthly(rng)]
    months = [figure for period, _, figure in statistics if period != "2023"]
    statistics += [("2023", date(2024, 1, 1), figure) for figure in _yearly(months)]
    rows: list[Row] = []
    for number, (period, after, figure) in enumerate(statistics):
        *key, transactions, customers, amount = figure
        reporter, service, method, area = (str(part) for part in key)
        sent_at = _after(after, rng)
        name = (reporter, service, method, area, period)
        revision = 1
        if number % RESTATED_EVERY == 0:
            first = [int(n * rng.uniform(0.93, 0.99)) for n in (transactions, customers, amount)]
            is_overtaken = number % (RESTATED_EVERY * OVERTAKEN_EVERY) == 0
            arrived_at = sent_at + 15 * DAY_US * is_overtaken
            rows.append((*name, revision, first[0], first[1], first[2], sent_at, arrived_at))
            sent_at += int(rng.integers(3, 12)) * DAY_US
            revision = 2
        rows.append((*name, revision, transactions, customers, amount, sent_at, sent_at))
    return rows


def total(scale: float) -> int:
    """Count the statistics that `history` yields, the same at any positive `scale`."""
    if not scale > 0:
        raise ValueError(f"scale must be positive, not {scale}")
    return len(_rows(0))


def history(seed: int, scale: float) -> Iterator[pl.DataFrame]:
    """Yield the statistics of 2023 in arrival order, at most 20,000 rows a frame.

    Amounts are whole đồng, `recorded_at` is in microseconds. Some first versions arrive after the
    revision that replaces them. `scale` changes nothing here.
    """
    if not scale > 0:
        raise ValueError(f"scale must be positive, not {scale}")
    frame = pl.DataFrame(_rows(seed), schema=SCHEMA, orient="row")
    ids = "TK23-" + pl.Series(range(frame.height)).cast(pl.String).str.zfill(6)
    arrived = frame.with_columns(event_id=ids).sort("arrived_at", maintain_order=True)
    yield from arrived.drop("arrived_at").iter_slices(FRAME_ROWS)


# What each defect changes in an acceptable statistic; None leaves the field out.
_DEFECTS: tuple[dict[str, object], ...] = (
    {"amount_vnd": 1_543_880.5},
    {"method": "qr"},
    {"period": "12/2023"},
    {"revision": None},
    {"transactions": -3},
)


def defects(seed: int, scale: float) -> list[dict[str, object]]:
    """Make JSON-shaped items that break the contract, as spreadsheets do: 1 or 2."""
    rng = random.Random(seed)
    items: list[dict[str, object]] = []
    for number in range(max(1, min(DEFECTS_MAX, round(DEFECTS_MAX * scale)))):
        item: dict[str, object] = {"event_id": f"LOI23-{number:06}", "revision": 1}
        item |= _statistic(rng.choice(MONTHLY), "cash", "2023-06", 1.0)
        item |= _DEFECTS[(seed + number) % len(_DEFECTS)]
        items.append({name: value for name, value in item.items() if value is not None})
    return items


def _statistic(
    of: tuple[str, str, dict[str, int], int], method: str, period: str, part: float
) -> dict[str, object]:
    reporter, service, methods, vnd_each = of
    transactions = int(methods[method] * part)
    return {
        "reporter": reporter,
        "service": service,
        "method": method,
        "area": PROVINCE,
        "period": period,
        "transactions": transactions,
        "customers": transactions * 9 // 10,
        "amount_vnd": transactions * vnd_each,
    }


# A statistic a minute: a day's revisions stay far below what one entity may hold.
LIVE_SECONDS = 60.0


def live(seed: int, clock: Callable[[], datetime]) -> Iterator[dict[str, object]]:
    """Yield statistics of today without end, which grow through the day.

    A revision is the local time of day in milliseconds, so it also grows over a restart.
    """
    keys = [(of, method) for of in MONTHLY for method in of[2]]
    random.Random(seed).shuffle(keys)
    today, revision = "", 0
    for number in count():
        at = clock().astimezone(VIETNAM)
        of, method = keys[number % len(keys)]
        period = f"{at:%Y-%m-%d}"
        midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
        since = (at - midnight) // timedelta(milliseconds=1)
        today, revision = period, max(since, revision + 1) if period == today else since
        yield {
            "event_id": f"TK-{at:%Y%m%d%H%M%S%f}-{number}",
            "recorded_at": at.isoformat(),
            "revision": revision,
            **_statistic(of, method, period, min(revision / DAY_MS, 1.0) / 30),
        }
