"""Reconciling: the upstream's records of a span, page by page, against what is known here.

A page costs one question to the upstream and one look at its own codes, however many there are.
"""

import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from connectors.one_stop.lanes import span, stamp
from connectors.one_stop.memory import Memory
from connectors.one_stop.names import dossier_checkpoint, finding_checkpoint, item_of
from connectors.one_stop.pages import Page
from connectors.one_stop.reading import Snapshot, read_items
from connectors.one_stop.upstream import Upstream
from hub.connecting.feeds import Context, UpstreamError
from hub.connecting.reconciling import Lacking, Why

TRIES_MAX = 6
WAIT_SECONDS = 0.5


def pages(
    settings: Any, context: Context, start: datetime, until: datetime
) -> Iterator[tuple[int, list[Lacking]]]:
    """Give of each page of records last changed in [start, until) how many it has, which lack here.

    Raises `UpstreamError` where the upstream does not answer, or its cursor comes round.
    """
    token, seconds = settings.token.get_secret_value(), settings.timeout_seconds
    upstream = Upstream(settings.url, token, seconds, context.clock)
    cursor, before = "", {""}
    try:
        while True:
            asked = span(stamp(start), stamp(until), cursor)
            page = _page(upstream, asked | {"so_luong": str(settings.page_size)})
            snapshots = read_items(page.items, settings.lists)
            yield len(page.items), _lacking(context, snapshots)
            if not page.has_more:
                return
            if page.cursor in before:
                raise UpstreamError(f"/hoso: the cursor comes round to {page.cursor!r}")
            cursor = page.cursor
            before.add(cursor)
    finally:
        upstream.close()


def _page(upstream: Upstream, asked: dict[str, str]) -> Page:
    """Ask for a page, several times where need be."""
    for _ in range(TRIES_MAX - 1):
        try:
            return upstream.page(asked)
        except UpstreamError as error:
            wait = WAIT_SECONDS if error.retry_seconds is None else error.retry_seconds
            time.sleep(min(wait, 60))
    return upstream.page(asked)


def _lacking(context: Context, snapshots: Sequence[Snapshot]) -> list[Lacking]:
    codes = sorted({s.code for s in snapshots if s.code})
    here = context.known(codes, ("events", "held"))
    names = [dossier_checkpoint(code) for code in codes]
    names += [finding_checkpoint(f) for s in snapshots for f in s.findings]
    kept = context.log.checkpoints(names) if names else {}
    lacking = []
    for snapshot in snapshots:
        memory = Memory.load(kept.get(dossier_checkpoint(snapshot.code), ""))
        items = tuple(item_of(f) for f in snapshot.findings if kept.get(finding_checkpoint(f)))
        why = _why(snapshot, memory, here.get(snapshot.code), has_items=bool(items))
        if why is not None:
            name = snapshot.code or (items[0] if items else f"#{snapshot.place}")
            lacking.append(Lacking(name, snapshot.at, why, items))
    return lacking


def _why(
    snapshot: Snapshot, memory: Memory, fact: tuple[Any, ...] | None, *, has_items: bool
) -> Why | None:
    """Say why a record is not here as the upstream has it; None where it is."""
    if has_items:
        return "rejected"
    if fact is None:
        return "nothing_told" if memory.at else "not_read"
    events, held = fact
    if "" < memory.at < snapshot.at:
        return "older"
    return "held" if events == held else None
