"""Editions: what a report said when its period was closed, numbered, and provable offline.

An edition is part of the event that closes its period, so its digest is in the log. Closed again, a
period has a later edition, marked as điều chỉnh: what differs from the one before, and which things
made it so. What they add up to is the difference, but for what no thing did: changed lists.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from hub.apply import fold
from hub.clock import iso, iso_day
from hub.columns.asking import counted_facts
from hub.figures.book import Book
from hub.figures.closing import REPORT, Closing
from hub.figures.compute import Question
from hub.figures.past import Past
from hub.figures.restating import clock_lists_since, lists_shown
from hub.gateway.signing import SignatureError, Signer, verify
from hub.reference.periods import Period
from hub.reports.counting import ENTITY, ask_of, tally_of
from hub.reports.filled import Filled, fill
from hub.reports.report import Report

Body = dict[str, Any]
CAUSES_SHOWN_MAX = 1_000


def freeze_reports(
    reports: Iterable[Report],
    book: Book,
    period: Period,
    now: int,
    by: str,
    *,
    is_synthetic: bool = False,
) -> dict[str, list[Body]]:
    """Give the editions of a period's reports that a closing is to hold, by their names in it.

    Those of made-up data say so.
    """
    marked = {"is_synthetic": True} if is_synthetic else {}
    return {
        f"{REPORT}{report.id}": [_edition(report, book, Question(period, now), by, marked)]
        for report in reports
    }


def _edition(report: Report, book: Book, question: Question, by: str, marked: Body) -> Body:
    earlier = editions(report, book, question.period)
    body = {**fill(report, question, book).public(), **marked}
    number = len(earlier) + 1
    body["status"] = "restated" if earlier else "official"
    body["edition"] = {"number": number, "frozen_at": iso(question.at), "frozen_by": by}
    body["edition"]["previous"] = earlier[-1]["edition"]["digest"] if earlier else None
    if earlier:
        closing = _closings(book, question.period)[-1]
        body["changes"] = changes(earlier[-1], body)
        body["causes"] = causes(report, book, closing, question)
    body["carried"] = carried(report, book, question, body["total"])
    body["edition"]["digest"] = digest(body)
    return body


def digest(body: Mapping[str, Any]) -> str:
    """Digest an edition, but for its digest: BLAKE2b (RFC 7693), 16 bytes, of its JSON text."""
    known = {k: v for k, v in body["edition"].items() if k != "digest"}
    text = json.dumps({**body, "edition": known}, ensure_ascii=False, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _closings(book: Book, period: Period) -> list[Closing]:
    return [c for c in book.closings if c.period == period]


def editions(report: Report, book: Book, period: Period) -> list[Body]:
    """Give a period's editions of a report, in the order in which they were frozen."""
    return [
        body for closing in _closings(book, period) for body in closing.reports.get(report.id, ())
    ]


def changes(before: Body, after: Body) -> list[Body]:
    """List what differs between two editions: row, column, both numbers."""
    ids = [column["id"] for column in after["columns"]]
    rows = [{row["code"]: row for row in body["rows"]} for body in (before, after)]
    listed = []
    for code in sorted(rows[0].keys() | rows[1].keys()):
        old, new = (of.get(code, {}) for of in rows)
        listed += [
            {"code": code, "column": n, "before": old.get(n, 0), "after": new.get(n, 0)}
            for n in ids
            if old.get(n, 0) != new.get(n, 0)
        ]
    return listed


def causes(report: Report, book: Book, closing: Closing, question: Question) -> Body:
    """Say which things changed since a closing so that its report is another one now.

    Each has what it adds to columns, and its events since; `lists` are those loaded since that may
    have changed due dates. `difference` is what all add up to.
    """
    fact = book.facts[report.contract]
    past = Past(book.reading, closing.cut)
    ids = [column.id for column in report.counted]
    tally = tally_of(report, ask_of(report, question, ENTITY))
    now, then = (of.dues.changes(fact, is_computed=False) for of in (book, book.on(past)))
    changed = ((past.facts_since(fact), 1), (now, 1), (then, -1))
    counted = pl.concat(
        counted_facts(facts.lazy(), tally, fold.sign() * sign) for facts, sign in changed
    )
    parts = (pl.col("^~n.*$") * pl.col("~sign")).sum()
    differing = counted.group_by("~by0").agg(parts).sort("~by0").collect()
    differing = differing.filter(pl.any_horizontal(pl.exclude("~by0") != 0))
    shown = differing.head(CAUSES_SHOWN_MAX)
    events = past.events_since(fact, shown["~by0"].to_list()) if len(shown) else None
    by_entity = {str(n): g for (n,), g in events.group_by("entity")} if events is not None else {}
    return {
        "difference": dict(zip(ids, differing.select(pl.exclude("~by0")).sum().row(0), strict=True))
        if len(differing)
        else dict.fromkeys(ids, 0),
        "count": len(differing),
        "lists": lists_shown(clock_lists_since(book, past)),
        "entities": [
            {
                "entity": entity,
                "adds": {n: part for n, part in zip(ids, row, strict=True) if part},
                "events": [
                    {
                        "sender": e["sender"],
                        "event_id": e["event_id"],
                        "accepted_on": iso_day(e["accepted_on"]),
                    }
                    for e in by_entity[entity].rows(named=True)
                ]
                if entity in by_entity
                else [],
            }
            for entity, *row in shown.rows()
        ],
    }


def carried(
    report: Report, book: Book, question: Question, total: Mapping[str, int]
) -> Body | None:
    """Hold what is carried over against the last edition of the period before, if there is one.

    Where both differ, the things are listed whose events since make it so.
    """
    start, kind = question.period.start_on, len(question.period.text)
    ended = [c for c in book.closings if c.period.end_on == start and report.id in c.reports]
    ended = [c for c in ended if len(c.period.text) == kind]
    if not ended:
        return None
    closing = ended[-1]
    (before,) = closing.reports[report.id]
    here, there = report.carried
    difference = total[here] - before["total"][there]
    asked = Question(closing.period, closing.closed_at)
    since = causes(report, book, closing, asked) if difference else {"entities": []}
    return {
        "period": closing.period.text,
        "edition": before["edition"]["number"],
        there: before["total"][there],
        here: total[here],
        "difference": difference,
        "entities": [
            {"entity": e["entity"], "adds": e["adds"][there], "events": e["events"]}
            for e in since["entities"]
            if e["adds"].get(there)
        ],
    }


def status_of(report: Report, question: Question, book: Book, now: Filled) -> str:
    """Tell whether a report is provisional, official as it was closed, or restated since.

    What goes by computed due dates is beside the official one, and always provisional.
    """
    listed = [] if now.is_computed else _closings(book, question.period)
    if not any(report.id in closing.reports for closing in listed):
        return "provisional"
    then = fill(report, question, book.on(Past(book.reading, listed[-1].cut)))
    rows = [{line.code: line.counts for line in filled.lines} for filled in (then, now)]
    return "official" if rows[0] == rows[1] else "restated"


def sign_file(signer: Signer, content: bytes, body: Mapping[str, Any]) -> str:
    """Sign the file of an edition: a JWS that names the edition and the SHA-256 of the file."""
    signed = {
        "report": body["report"],
        "period": body["period"],
        "edition": body["edition"]["number"],
        "status": body["status"],
        "digest": body["edition"]["digest"],
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    return signer.sign(signed)


def verify_file(content: bytes, signed: str, keys: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a signature says of a file; raise `SignatureError` where it is not of this file."""
    stated = verify(signed.strip(), keys)
    if stated.get("sha256") != hashlib.sha256(content).hexdigest():
        raise SignatureError("the file is not the one that was signed")
    return stated
