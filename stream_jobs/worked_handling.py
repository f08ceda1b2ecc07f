"""Dossiers whose time was counted by hand: what the worked examples of handling share."""

from hub.figures.kpi import Example
from hub.reference.form import Row
from stream_jobs.worked import Json, dossier, received

_SINCE = {"valid_from": "2020-01-01", "valid_to": ""}
# A day of 7 h 30: 450 minutes.
HOURS: list[Row] = [
    {"unit": "", "opens": "07:30", "closes": "11:30", **_SINCE},
    {"unit": "", "opens": "13:30", "closes": "17:00", **_SINCE},
]
PAUSED = {"on_supplement": "pause", "on_payment": "pause"}
ANEW = {"on_supplement": "restart", "on_payment": "go_on"}


def policy(procedure: str, **waits: str) -> Row:
    """Write a policy of five working days."""
    counted = {"counts": "working_days", "amount": "5", "before": "", "due_hour": ""}
    return {"procedure": procedure, **counted, **waits, **_SINCE}


LISTS = {
    "hours": HOURS,
    "clock_policies": [policy("1.005129", **PAUSED), policy("2.000001", **ANEW)],
}


def events() -> list[Json]:
    """Write five dossiers of May 2023; the 17th is a Wednesday, the 20th a Saturday.

    A: Wednesday 8:00 to 8:30: 30 minutes.
    B: Wednesday 8:00 to Thursday 8:00: 210 before noon, 210 after it, 30 on Thursday: 450.
    C: Friday 10:00 to Monday 10:00, over a weekend: 90 and 210 on Friday, 150 on Monday: 450.
    D: Wednesday 8:00 to the next Tuesday 10:00, less what it waited for from Thursday 8:00 to
       Tuesday 8:00: 420 on Wednesday, 30 on Thursday, 120 on Tuesday from 8:00 on, less 60 for
       which it waited for payment within that, from 8:30 to 9:30: 510.
    E: of a procedure that begins anew with a supplement, and goes on while payment is waited for:
       received on Wednesday, supplemented on Thursday at 9:00, resolved on Friday at 11:00: 150 and
       210 on Thursday, 210 on Friday: 570.
    """
    other = {"procedure_code": "2.000001"}
    return [
        received("A", "2023-05-17"),
        dossier("A", "resolved", "2023-05-17T08:30"),
        received("B", "2023-05-17"),
        dossier("B", "resolved", "2023-05-18T08:00"),
        received("C", "2023-05-19T10:00"),
        dossier("C", "resolved", "2023-05-22T10:00"),
        received("D", "2023-05-17"),
        dossier("D", "supplement_requested", "2023-05-18T08:00"),
        dossier("D", "supplemented", "2023-05-23T08:00"),
        dossier("D", "payment_requested", "2023-05-23T08:30"),
        dossier("D", "processing", "2023-05-23T09:30"),
        dossier("D", "resolved", "2023-05-23T10:00"),
        received("E", "2023-05-17", due=None) | other,
        dossier("E", "supplement_requested", "2023-05-17T10:00"),
        dossier("E", "supplemented", "2023-05-18T09:00"),
        dossier("E", "payment_requested", "2023-05-18T10:00"),
        dossier("E", "processing", "2023-05-19T10:00"),
        dossier("E", "resolved", "2023-05-19T11:00"),
        # Neither refused nor still open is resolved.
        received("F", "2023-05-17"),
        dossier("F", "refused", "2023-05-18"),
        received("G", "2023-05-17"),
    ]


def worked(why: str, numerator: int, denominator: int, hours: str) -> tuple[Example, ...]:
    """Ask about the five dossiers of May 2023; `hours` is what people read."""
    pair = numerator, denominator
    return (Example(why, events(), "2023-05", *pair, reference=LISTS, value=hours),)
