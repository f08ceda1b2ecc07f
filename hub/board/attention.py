"""Attention: which alerts stand, the gravest first, and which sources are late or owe something."""

from collections.abc import Mapping
from typing import Any, get_args

from hub.alerts.course import STATES, Course, count_open
from hub.alerts.rule import Rule
from hub.clock import from_us, iso, iso_day
from hub.definitions.contract import Doc
from hub.definitions.own.alert import Level
from hub.figures.book import Ask, Book
from hub.figures.silence import last_heard, silences
from hub.reference.periods import Period

ALERTS_MAX = 8
_GRAVE_FIRST = tuple(reversed(get_args(Level)))
_TOLD = (
    "id", "rule", "title_vi", "title_en", "level", "owner", "dims", "unit", "status", "raised_at",
    "escalated_at", "text_vi", "text_en", "link",
)  # fmt: skip


def alerts_standing(alerts: Mapping[str, Course], rules: Mapping[str, Rule]) -> dict[str, Any]:
    """Count the alerts that stand by level, and give the gravest: open ones first, then latest."""
    standing = [alert for alert in alerts.values() if alert.state in STATES[:2]]
    standing.sort(
        key=lambda a: (
            _GRAVE_FIRST.index(a.last["level"]),
            STATES.index(a.state),
            -a.last["raised_at"],
            a.last["alert"],
        )
    )
    count = count_open(alerts)
    return {
        "count": {
            level: {"open": count[level, "no"], "acknowledged": count[level, "yes"]}
            for level in _GRAVE_FIRST
        },
        "gravest": [
            {name: public[name] for name in _TOLD}
            for public in (alert.public(rules) for alert in standing[:ALERTS_MAX])
        ],
    }


def sources_owing(book: Book, period: Period, at: int) -> dict[str, Any]:
    """Count who owes something at an instant, and list who is behind.

    That is who is silent for longer than allowed, or did not meet all it owed of a period. The
    silent come first, those longest silent at the top; then who lacks the most steps.
    """
    quiet = silences(book, at)
    steps: dict[str, list[tuple[int, int, int]]] = {}
    for source in book.sources.values():
        due = book.due(source, Ask(period, at))
        steps.setdefault(source.label, []).extend((s.first, s.received, s.due) for s in due)
    behind: list[dict[str, Any]] = []
    for label, silence in quiet.items():
        missing = sorted(first for first, came, due in steps.get(label, ()) if came < due)
        if not silence.is_late and not missing:
            continue
        source = silence.source
        heard = last_heard(book, source)
        due_count = len(steps.get(label, ()))
        since = iso_day(missing[0]) if missing else None
        text = _said(heard, len(missing), due_count, since, is_late=silence.is_late)
        behind.append(
            {
                "source": label,
                "title_vi": source.title_vi,
                "title_en": source.title_en,
                "owner": source.owner,
                "is_late": silence.is_late,
                "heard_at": iso(heard),
                "steps_due": due_count,
                "steps_missing": len(missing),
                "missing_from": since,
                "text_vi": text.vi,
                "text_en": text.en,
            }
        )
    behind.sort(key=lambda b: (not b["is_late"], b["heard_at"] or "", -b["steps_missing"]))
    return {"expected": len(quiet), "behind": behind}


def _said(heard: int | None, missing: int, due: int, since: str | None, *, is_late: bool) -> Doc:
    """Say since when a source is silent, and how much of what it owed did not come."""
    vi, en = [], []
    if is_late and heard is None:
        vi.append("chưa gửi lần nào")
        en.append("never heard")
    elif is_late and heard is not None:
        when = f"{from_us(heard):%d/%m/%Y %H:%M}"
        vi.append(f"im lặng từ {when}")
        en.append(f"silent since {when}")
    if since is not None:
        day = "/".join(reversed(since.split("-")))
        vi.append(f"thiếu {missing} trên {due} lần phải gửi, từ {day}")
        en.append(f"{missing} of {due} due are missing, from {day}")
    return Doc("; ".join(vi), "; ".join(en))
