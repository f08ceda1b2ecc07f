"""Duties: who owes what, and how often, as the province says it.

Where its list is loaded, only what it names is owed: an installed source that the list does not
name owes nothing. Without the list, each installed source owes what it says itself.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import cast

from hub.clock import iso_day
from hub.definitions.contract import Contract
from hub.definitions.source import Cadence, Source
from hub.figures.arrived import Arrived
from hub.reference.form import Row

SHARE_MIN = 0.8  # of steps that had events, to take it that one was due each time
_EPOCH = date(1970, 1, 1)


def sources_of(rows: Iterable[Row] | None, installed: Mapping[str, Source]) -> dict[str, Source]:
    """Give the sources that owe something, by a name of their own; a sender may owe several."""
    if rows is None:
        return dict(installed)
    owing: dict[str, Source] = {}
    for row in rows:
        sender, party, contract = row["sender"], row.get("party", ""), row["contract"]
        known = installed.get(sender)
        name = row.get("name_vi") or (known.title_vi if known and not party else sender or party)
        source = Source(
            name=sender,
            contract=contract,
            title_vi=name,
            title_en=known.title_en if known and not party else name,
            owner=row.get("owner") or (known.owner if known else ""),
            cadence=cast("Cadence", row["cadence"]),
            events_per_due=int(row["events_per_due"]),
            since=date.fromisoformat(row["valid_from"]),
            until=date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
            only=known.only if known and known.contract == contract else {},
            party=party,
            due_days=int(row["due_days"]) if row.get("due_days") else None,
        )
        key = source.label
        owing[f"{key} {contract} {row['valid_from']}" if key in owing else key] = source
    return owing


def propose(
    arrivals: Iterable[tuple[Arrived, Mapping[int, int]]], contracts: Mapping[str, Contract]
) -> list[Row]:
    """Draft duties from what senders did: the finest cadence that most of their steps kept.

    `arrivals` counts distinct events by day from 1970-01-01. Where who reports, or which station,
    is part of what an event is about, each of them has a duty of its own. Of periods the shortest
    count. The number of events is the smallest that came in any step that had some. A draft is to
    be read by people.
    """
    drafted = []
    for (contract, sender, party), by_span in sorted(_by_debtor(arrivals, contracts).items()):
        shortest = next((s for s in ("day", "month", "year") if s in by_span), "")
        kept = {day: n for day, n in by_span.get(shortest, Counter()).items() if n > 0}
        if not kept:
            continue
        cadence, steps = _cadence(kept)
        drafted.append(
            {
                "sender": sender,
                "contract": contract,
                "party": party,
                "cadence": cadence,
                "events_per_due": str(min(steps.values())),
                "name_vi": "",
                "owner": "",
                "valid_from": iso_day(min(kept)),
                "valid_to": "",
                "source": "proposed",
            }
        )
    return drafted


def _by_debtor(
    arrivals: Iterable[tuple[Arrived, Mapping[int, int]]], contracts: Mapping[str, Contract]
) -> dict[tuple[str, str, str], dict[str, Counter[int]]]:
    """Count arrivals by contract, sender and party that owes; then by span and day."""
    out: dict[tuple[str, str, str], dict[str, Counter[int]]] = {}
    for key, days in arrivals:
        contract = contracts.get(key.contract)
        is_named = contract is not None and contract.party in contract.spec.entity
        debtor = (key.contract, key.sender, key.party if is_named else "")
        out.setdefault(debtor, {}).setdefault(key.span, Counter()).update(days)
    return out


def _cadence(days: Mapping[int, int]) -> tuple[Cadence, Counter[int]]:
    first, last = min(days), max(days)
    every = range(first, last + 1)
    weekdays = [d for d in every if (_EPOCH + timedelta(d)).weekday() < 5]
    by_day = Counter(days)
    on_weekends = len(by_day.keys() - set(weekdays))
    if (
        len(every) > 1
        and len(by_day) >= SHARE_MIN * len(every)
        and on_weekends >= SHARE_MIN * (len(every) - len(weekdays))
    ):
        return "daily", by_day
    on_weekdays = Counter({d: days[d] for d in weekdays if d in days})
    if len(weekdays) > 1 and len(on_weekdays) >= SHARE_MIN * len(weekdays):
        return "working_day", on_weekdays
    months: Counter[int] = Counter()
    years: Counter[int] = Counter()
    for day, n in days.items():
        at = _EPOCH + timedelta(day)
        months[at.year * 12 + at.month] += n
        years[at.year] += n
    span = max(months) - min(months) + 1
    if span > 1 and len(months) >= SHARE_MIN * span:
        return "monthly", months
    return "yearly", years
