"""Derived: what is written for others, digested: tables of the warehouse, open data, reports.

All of it is as at one instant, without the positions of the log and when anything was heard, which
two logs of the same events do not share.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from hub import registry
from hub.clock import VIETNAM, to_us
from hub.figures.book import Book
from hub.figures.compute import Question
from hub.open_data.opened import rows_of
from hub.open_data.release import frame_of, opened
from hub.opening import OpenHub
from hub.reference.periods import parse_period, split
from hub.reports.filled import fill
from hub.warehouse.contents import contents
from hub.warehouse.laying import digest_of
from hub.warehouse.laying import digests as digests_by_month

AT = to_us(datetime(2024, 3, 1, tzinfo=VIETNAM))
YEAR = parse_period("2023")
OF_ONE_LOG = ("at", "as_of", "cut", "completeness")


def derived(hub: OpenHub) -> dict[str, str]:
    """Digest what would be written now, by name."""
    with hub.store.reading() as reading:
        book = hub.book(reading)
        return dict([*_tables(hub, book), *_open_data(hub, book), *_reports(hub, book)])


def _tables(hub: OpenHub, book: Book) -> Iterator[tuple[str, str]]:
    for content in contents(hub.store.definitions, hub.kpis):
        frame = content.frame(book, AT)
        yield f"warehouse {content.name}", f"{len(frame)} rows {digest_of(digests_by_month(frame))}"


def _open_data(hub: OpenHub, book: Book) -> Iterator[tuple[str, str]]:
    """Digest the rows that are open, before any is withheld: that is slow, and follows."""
    for name, kpi in opened(hub.kpis).items():
        rows = rows_of(kpi, YEAR, book, AT)
        frame = frame_of(rows)
        told = frame.drop(n for n in OF_ONE_LOG if n in frame.columns)
        yield f"open data {name}", f"{len(rows)} rows {_digest(told.write_csv())}"


def _reports(hub: OpenHub, book: Book) -> Iterator[tuple[str, str]]:
    for report in registry.reports().values():
        for period in (YEAR, *split(YEAR, "month")):
            body: dict[str, Any] = fill(report, Question(period, AT), book).public()
            text = json.dumps({n: v for n, v in body.items() if n not in OF_ONE_LOG})
            yield f"report {report.id} {period.text}", f"{len(body['rows'])} rows {_digest(text)}"


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
