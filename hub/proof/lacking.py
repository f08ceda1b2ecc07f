"""Lacking: records that a source has and that are not here, as they stand since it was reconciled.

What has come meanwhile is not named any more; of what was rejected it is said what became of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.connecting.reconciling import Reconciled
from hub.figures.book import Book
from hub.reference.periods import Period, parse_period
from hub.store.reading import Reading

REASONS = {
    "not_read": ("chưa từng đọc được từ nguồn", "it was never read from the source"),
    "rejected": ("đã đọc nhưng bị từ chối", "it was read and rejected"),
    "older": ("có ở đây, nhưng cũ hơn ở nguồn", "it is here, as it was before its latest change"),
    "nothing_told": ("đã đọc, không có gì để tính", "it was read, and tells nothing that counts"),
    "held": ("đã nhận, chờ tư cách bên gửi", "it was taken, and waits for its sender's standing"),
}
_ENDED = ("replayed", "superseded", "discarded")


@dataclass(frozen=True)
class Absence:
    """A record of a source that is not here as the source has it, with the reason.

    `at` is when the source was asked; `items` are rejected items of it: each its id, rule, field,
    message in both languages and state.
    """

    source: str
    contract: str
    name: str
    changed_at: str
    at: str
    why: str
    message_vi: str
    message_en: str
    items: tuple[Mapping[str, Any], ...]


def absences(
    book: Book, kept: Iterable[Reconciled], period: Period | None = None, name: str = ""
) -> list[Absence]:
    """List what lacks of the sources that were reconciled, of a period or by its name."""
    reading = book.reading
    listed = []
    for reconciled in kept:
        spans = parse_period(reconciled.period)
        if period is not None and not (
            spans.start_on < period.end_on and period.start_on < spans.end_on
        ):
            continue
        contract = book.definitions.sources[reconciled.source].contract
        lacking = [record for record in reconciled.lacking if name in ("", record.name)]
        here = _here(reading, contract, [record.name for record in lacking])
        items = _items(reading, [i for record in lacking for i in record.items])
        for record in lacking:
            own = tuple(items[i] for i in record.items if i in items)
            is_ended = bool(own) and all(i["state"] in _ENDED for i in own)
            if record.name in here and (record.why == "not_read" or is_ended):
                continue
            listed.append(
                Absence(
                    reconciled.source,
                    contract,
                    record.name,
                    record.changed_at,
                    reconciled.at,
                    record.why,
                    *REASONS[record.why],
                    own,
                )
            )
    # Of record record the latest reconciling says how it stands.
    latest = {(a.source, a.name): a for a in sorted(listed, key=lambda a: a.at)}
    return sorted(latest.values(), key=lambda a: (a.source, a.name))


def _here(reading: Reading, contract: str, names: list[str]) -> set[str]:
    """Tell which of these things something is known of."""
    if not names:
        return set()
    rows = reading.fact_values(reading.definitions.facts[contract], ["events"], names)
    return {row[0] for row in rows}


def _items(reading: Reading, names: list[str]) -> dict[str, Mapping[str, Any]]:
    """Read what was wrong with rejected items, and what became of them."""
    if not names:
        return {}
    condition, values = reading.among("q.event_id", names)
    titles = ("event_id", "rule", "field", "message_vi", "message_en", "state")
    rows = reading.rows(
        "SELECT q.event_id, q.rule, q.field, q.message_vi, q.message_en, COALESCE((SELECT r.action"
        " FROM repair r WHERE r.event_id = q.event_id ORDER BY r.number DESC LIMIT 1), 'open')"
        f" FROM quarantine q WHERE {condition}",
        **values,
    )
    return {row[0]: dict(zip(titles, row, strict=True)) for row in rows}
