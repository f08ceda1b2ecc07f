"""The quality of sources: đúng, đủ, sạch, sống, each with its formula and the list behind it.

The slogan of the province's data (đúng, đủ, sạch, sống), made measurable: what of a source's items
was valid, complete against its schedule, clean of repeats, and how long ago it was heard.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.apply.lateness import quantiles
from hub.clock import day_of, iso, iso_day
from hub.connecting.connection import heartbeat_name
from hub.definitions.contract import Doc
from hub.definitions.installed import OWN_ACTS
from hub.figures.book import Ask, Book
from hub.figures.compute import Question
from hub.figures.kpi import Kpi
from hub.figures.official import figures
from hub.figures.silence import Silence, last_heard, silences
from hub.log.log import Log
from hub.reference.periods import Period

ROWS_MAX = 100
_OWED = (
    "cadence",
    "events_per_due",
    "silence_seconds_max",
    "is_late",
    "silent_party",
    "spoken_until",
)
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Quality:
    """One quality: the KPI that measures it, how, and what its number is made of.

    `rows` lists, for a source (a sender's name) and a question, what the number counts: of `valid`
    and `clean` what is missing to 1, of `complete` each step of the schedule, of `live` when each
    contract was last heard.
    """

    kpi: str
    formula: Doc
    rows: Callable[[Book, str, Ask], Rows]


def _rejected(book: Book, source: str, ask: Ask) -> Rows:
    names = ("event_id", "rejected_at", "rule", "field", "value", "message_vi", "message_en")
    # Where it stood: the item of a request, or the row of a file, counted from 0.
    found = book.reading.rows(
        f'SELECT {", ".join(names)}, "index" FROM quarantine'
        " WHERE sender = :s AND rejected_at >= :a AND rejected_at < :b"
        " ORDER BY rejected_at DESC, event_id",
        s=source,
        a=ask.period.start,
        b=ask.until,
    )
    return [
        dict(zip((*names, "index"), r, strict=True)) | {"rejected_at": iso(r[1])} for r in found
    ]


def _owed(book: Book, source: str, ask: Ask) -> Rows:
    owing = [s for s in book.sources.values() if s.debtor == source]
    steps = [(step, s.label) for s in owing for step in book.due(s, ask)]
    # What is missing comes first.
    steps.sort(key=lambda s: (s[0].received >= s[0].due, s[0].first, s[1]))
    return [
        {
            "owed_by": label,
            "from": iso_day(step.first),
            "to": iso_day(step.end - 1),
            "received": step.received,
            "due": step.due,
        }
        for step, label in steps
    ]


def _repeated(book: Book, source: str, ask: Ask) -> Rows:
    first, last = day_of(ask.period.start), day_of(ask.until - 1)
    days: dict[int, dict[str, int]] = {}
    for _, sender, day, kind, _, count in book.ledger:
        if sender == source and first <= day <= last:
            counts = days.setdefault(day, {"received": 0, "duplicate": 0, "conflict": 0})
            counts["received"] += int(count)
            if kind in counts:
                counts[kind] += int(count)
    dirty = {d: c for d, c in days.items() if c["duplicate"] or c["conflict"]}
    return [{"day": iso_day(d), **counts} for d, counts in sorted(dirty.items(), reverse=True)]


def _heard(book: Book, source: str, _: Ask) -> Rows:
    found: dict[str, tuple[int, int]] = {}
    for contract, sender, _shard, accepted_at, horizon in book.reading.table("heard"):
        if sender == source:
            at, until = found.get(contract, (accepted_at, horizon))
            found[contract] = (max(at, accepted_at), max(until, horizon))
    return [
        {"contract": c, "accepted_at": iso(at), "occurred_at": iso(until)}
        for c, (at, until) in sorted(found.items())
    ]


_WHAT_VI = "đã nhận = mọi bản ghi được tiếp nhận trong kỳ, kể cả bị từ chối và trùng lặp"
_WHAT_EN = "received = all items accepted in the period, rejected ones and repeats included"
REJECTED = "valid"  # the quality whose list holds what was sent and rejected
QUALITIES = {
    REJECTED: Quality(
        "source_valid_share",
        Doc(
            f"(đã nhận − bị từ chối) / đã nhận; {_WHAT_VI}",
            f"(received − rejected) / received; {_WHAT_EN}",
        ),
        _rejected,
    ),
    "complete": Quality(
        "source_complete_share",
        Doc(
            "tổng min(đã nhận, phải nhận) / tổng phải nhận, trên các bước lịch báo cáo đã qua"
            " trong kỳ; đã nhận = số sự kiện khác nhau xảy ra trong bước đó",
            "sum of min(received, due) / sum of due, over the steps of the schedule that ended in"
            " the period; received = distinct events that happened in the step",
        ),
        _owed,
    ),
    "clean": Quality(
        "source_clean_share",
        Doc(
            f"(đã nhận − trùng lặp − mâu thuẫn) / đã nhận; {_WHAT_VI}",
            f"(received − repeats − conflicts) / received; {_WHAT_EN}",
        ),
        _repeated,
    ),
    "live": Quality(
        "source_fresh_minutes",
        Doc(
            "số phút tròn từ lúc tiếp nhận sự kiện mới nhất đến bây giờ",
            "whole minutes from the acceptance of the latest event until now",
        ),
        _heard,
    ),
}


def _figures(
    book: Book, kpis: Mapping[str, Kpi], quality: Quality, period: Period, at: int
) -> dict[str | None, dict[str, Any]]:
    """Give a quality's figure by source; none for those of which nothing is known."""
    found = figures(kpis[quality.kpi], Question(period, at, ("source",)), book)
    return {f.dims["source"]: f.public() for f in found}


def sources(
    log: Log, book: Book, kpis: Mapping[str, Kpi], period: Period, received: Period, at: int
) -> dict[str, Any]:
    """List sources: those that are expected to report, and all others that were heard.

    `period` is that in which things were due, `received` the one in which items were accepted.
    """
    heard = _last_heard(book)
    senders = {sender for contract, sender, *_ in book.ledger if contract not in OWN_ACTS}
    senders |= set(heard)
    late = _lateness(book, received)
    owing: dict[str, Silence] = {}
    for silence in silences(book, at).values():
        debtor = silence.source.debtor
        owing[debtor] = silence.or_longer(owing.get(debtor))
    names = [*owing, *sorted(senders - set(owing))]
    said = log.checkpoints([heartbeat_name(n) for n in names])
    qualities = {
        key: _figures(book, kpis, q, period if key == "complete" else received, at)
        for key, q in QUALITIES.items()
    }
    listed = []
    for name in names:
        accepted_at, horizon = heard.get(name, (None, None))
        beat = said.get(heartbeat_name(name))
        listed.append(
            {
                "source": name,
                **_expected(name, owing.get(name), book),
                "heartbeat": None if beat is None else json.loads(beat),
                "heard_at": iso(accepted_at),
                "horizon": iso(horizon),
                "lag_seconds": None if horizon is None else max(0, at - horizon) // 1_000_000,
                "lateness_seconds": quantiles(late.get(name, {})),
                "quality": {key: of.get(name) for key, of in qualities.items()},
            }
        )
    return {
        "as_of": iso(book.reading.committed_at()),
        "cut": book.reading.cut(),
        "period": period.text,
        "received": received.text,
        "formulas": {
            key: {"kpi": q.kpi, "vi": q.formula.vi, "en": q.formula.en}
            for key, q in QUALITIES.items()
        },
        "sources": listed,
    }


def _lateness(book: Book, received: Period) -> dict[str, dict[int, int]]:
    """Count by sender and bucket how late the events accepted in a period came."""
    out: dict[str, dict[int, int]] = {}
    for sender, number, count in book.reading.rows(
        "SELECT sender, bucket, SUM(count) FROM lateness"
        " WHERE day >= :a AND day < :b GROUP BY 1, 2",
        a=day_of(received.start),
        b=day_of(received.end),
    ):
        out.setdefault(sender, {})[number] = int(count)
    return out


def _last_heard(book: Book) -> dict[str, tuple[int, int]]:
    rows = book.reading.rows("SELECT sender, MAX(accepted_at), MAX(horizon) FROM heard GROUP BY 1")
    return {sender: (int(at), int(horizon)) for sender, at, horizon in rows}


def _expected(name: str, silence: Silence | None, book: Book) -> dict[str, Any]:
    if silence is None:
        named = ("title_vi", "title_en", "owner", "contract")
        # Who owes nothing may be known all the same.
        source = book.definitions.sources.get(name)
        return {n: getattr(source, n, None) for n in named} | dict.fromkeys(_OWED)
    source = silence.source
    said_until = last_heard(book, source) if source.party else None
    return {
        "title_vi": source.title_vi,
        "title_en": source.title_en,
        "owner": source.owner,
        "contract": source.contract,
        "cadence": source.cadence,
        "events_per_due": source.events_per_due,
        "silence_seconds_max": source.silence_seconds_max,
        "is_late": silence.is_late,
        "silent_party": source.party or None,
        "spoken_until": iso(said_until),
    }


def is_known(book: Book, source: str) -> bool:
    """Tell whether a source is expected, or anything was received from it."""
    return any(s.debtor == source for s in book.sources.values()) or any(
        sender == source for _, sender, *_ in book.ledger
    )


def behind(
    book: Book,
    kpis: Mapping[str, Kpi],
    source: str,
    key: str,
    period: Period,
    at: int,
    offset: int,
) -> dict[str, Any]:
    """Give a page of the list behind one number of one source, with the number itself."""
    quality = QUALITIES[key]
    ask = Ask(period, at, (), {"source": source})
    rows = quality.rows(book, source, ask)
    following = offset + ROWS_MAX
    return {
        "source": source,
        "quality": key,
        "kpi": quality.kpi,
        "period": period.text,
        "as_of": iso(book.reading.committed_at()),
        "formula_vi": quality.formula.vi,
        "formula_en": quality.formula.en,
        "figure": _figures(book, kpis, quality, period, at).get(source),
        "total": len(rows),
        "rows": rows[offset:following],
        "next_offset": following if following < len(rows) else None,
    }
