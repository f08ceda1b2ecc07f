"""Short ways to write the events of worked examples; each gives an event as a sender posts it."""

from itertools import count
from typing import Any

_ids = count(1)
Json = dict[str, Any]
# Two procedures are served fully online, one of them since 2024, and two in part.
PROCEDURES = [
    {"code": code, "service_level": level, "valid_from": since, "valid_to": ""}
    for code, level, since in (
        ("1.000001", "full", "2021-01-01"),
        ("1.000002", "partial", "2021-01-01"),
        ("1.000003", "full", "2024-01-01"),
        ("1.000004", "partial", "2021-01-01"),
    )
]


def _instant(text: str) -> str:
    """Complete `2023-05-02` or `2023-05-02T10:00` to an instant in Vietnam."""
    return f"{text if 'T' in text else text + 'T08:00'}:00+07:00"


def dossier(code: str, kind: str, at: str, **more: Any) -> Json:
    """Write something that happened to a dossier."""
    return {
        "event_id": f"e{next(_ids)}",
        "dossier_code": code,
        "kind": kind,
        "occurred_at": _instant(at),
        **more,
    }


def received(code: str, at: str, channel: str = "counter", due: str | None = "2030-01-01") -> Json:
    """Write the reception of a dossier by unit H57.1, to be resolved by H57.2."""
    more = {} if due is None else {"due_at": _instant(due)}
    return dossier(
        code,
        "received",
        at,
        received_by="H57.1",
        resolved_by="H57.2",
        procedure_code="1.005129",
        service_level="full",
        channel=channel,
        **more,
    )


def salinity(station: str, at: str, grams: float, quality: int | None = None) -> Json:
    """Write a salinity reading in g/L."""
    event = {
        "event_id": f"e{next(_ids)}",
        "station_code": station,
        "measured_at": _instant(at),
        "quantity": "salinity",
        "value": grams,
        "unit": "g/L",
    }
    return event if quality is None else {**event, "quality": quality}


def paid(method: str, period: str, *, customers: int, amount: int, **more: Any) -> Json:
    """Write a payment statistic of the power company for the whole province."""
    return {
        "event_id": f"e{next(_ids)}",
        "reporter": "DIENLUC",
        "service": "electricity",
        "method": method,
        "area": "H57",
        "period": period,
        "revision": 1,
        "transactions": 2 * customers,
        "customers": customers,
        "amount_vnd": amount,
        **more,
    }


def fee(code: str, kind: str, at: str, amount: int | None = None, **more: Any) -> Json:
    """Write what happened to the fee LP01 of a dossier, collected by unit H57.1, in whole đồng."""
    event = {
        "event_id": f"e{next(_ids)}",
        "dossier_code": code,
        "fee_code": "LP01",
        "unit": "H57.1",
        "kind": kind,
        "occurred_at": _instant(at),
        **more,
    }
    return event if amount is None else {**event, "amount_vnd": amount}


def working_days(amount: int) -> dict[str, list[dict[str, str]]]:
    """Write the list that gives the procedure of `received` so many working days, with pauses."""
    row = {"procedure": "1.005129", "counts": "working_days", "amount": str(amount)}
    row |= {"before": "", "due_hour": "", "on_supplement": "pause", "on_payment": "pause"}
    row |= {"valid_from": "2020-01-01", "valid_to": "", "source": "worked example"}
    return {"clock_policies": [row]}


def _settled(code: str, number: str, at: str, amount: int) -> Json:
    return fee(
        code, "paid", at, amount, transaction_id=number, channel="online", settled_on=at[:10]
    )


def _receipt(code: str, number: str, at: str, amount: int) -> Json:
    return fee(code, "receipt_issued", at, amount, receipt_number=number)


# A: 100,000 in two payments, with a receipt. B: 50,000 paid, 20,000 refunded as 30,000 are owed,
# with a receipt of 30,000 in place of a cancelled one. C: 40,000 paid of 60,000, receipt of 40,000.
# D: assessed at 70,000 and unpaid.
FEES = [
    fee("A", "assessed", "2025-05-04", 100_000),
    _settled("A", "T1", "2025-05-04T09:00", 60_000),
    _settled("A", "T2", "2025-05-06", 40_000),
    _receipt("A", "B1", "2025-05-06T10:00", 100_000),
    fee("B", "assessed", "2025-05-05", 50_000),
    _settled("B", "T3", "2025-05-05", 50_000),
    _receipt("B", "B2", "2025-05-05", 50_000),
    fee("B", "assessed", "2025-06-20", 30_000),
    fee("B", "refunded", "2025-06-20", 20_000, transaction_id="T4", channel="bank"),
    fee("B", "receipt_cancelled", "2025-06-20", receipt_number="B2"),
    _receipt("B", "B3", "2025-06-20", 30_000),
    fee("C", "assessed", "2025-05-07", 60_000),
    _settled("C", "T5", "2025-05-07", 40_000),
    _receipt("C", "B4", "2025-05-07", 40_000),
    fee("D", "assessed", "2025-05-08", 70_000),
]


def document(unit: str, level: str, day: str, handled: int, online: int, revision: int = 0) -> Json:
    """Write how many papers a unit handled on a day, and how many of them online."""
    return {
        "event_id": f"e{next(_ids)}",
        "unit": unit,
        "level": level,
        "day": day,
        "revision": revision,
        "handled": handled,
        "handled_online": online,
    }


def feedback(matter: str, kind: str, at: str, **more: Any) -> Json:
    """Write what happened to a matter that citizens reported; `matter` is a letter or two."""
    return {
        "event_id": f"e{next(_ids)}",
        "feedback_code": matter.encode().hex().rjust(32, "0"),
        "kind": kind,
        "occurred_at": _instant(at),
        **more,
    }


def reported(matter: str, at: str, channel: str = "app", **more: Any) -> Json:
    """Write a form about a matter of the environment."""
    return feedback(matter, "received", at, channel=channel, topic="environment", **more)


def reused(code: str, day: str) -> list[dict[str, str]]:
    """Write a list of units of which one code was of district H57.21, and of H57.22 since a day."""
    return [
        {"code": c, "name_vi": c, "level": level, "parent": above, "valid_from": a, "valid_to": b}
        for c, level, above, a, b in (
            ("H57", "province", "", "2020-01-01", ""),
            ("H57.21", "district", "H57", "2020-01-01", ""),
            ("H57.22", "district", "H57", "2020-01-01", ""),
            (code, "commune", "H57.21", "2020-01-01", day),
            (code, "commune", "H57.22", day, ""),
        )
    ]


# A comes by app and hotline, is answered in time and rated. B is late, and comes again after its
# answer. C is assigned, due on 10 May, and open. D waits to be assigned.
REPORTS = [
    reported("A", "2025-05-05"),
    reported("A", "2025-05-05T11:00", "hotline"),
    feedback(
        "A", "assigned", "2025-05-05T14:00", unit="H57.1", due_at=_instant("2025-05-12T17:00")
    ),
    feedback("A", "answered", "2025-05-12T16:00"),
    feedback("A", "rated", "2025-05-13", satisfied=True),
    reported("B", "2025-05-06", "portal"),
    feedback(
        "B", "assigned", "2025-05-06T09:00", unit="H57.2", due_at=_instant("2025-05-09T17:00")
    ),
    feedback("B", "answered", "2025-05-10T08:00"),
    feedback("B", "rated", "2025-05-10T09:00", satisfied=False),
    reported("B", "2025-05-20", "hotline"),
    reported("C", "2025-05-07", "hotline"),
    feedback(
        "C", "assigned", "2025-05-07T09:00", unit="H57.1", due_at=_instant("2025-05-10T17:00")
    ),
    reported("D", "2025-05-31", "app"),
]


def topic_days(amount: int) -> dict[str, list[dict[str, str]]]:
    """Write the list that gives matters of the environment so many working days."""
    (row,) = working_days(amount)["clock_policies"]
    return {"clock_policies": [row | {"procedure": "environment"}]}


# Both came on a Friday, without a due date: of two working days the second is Tuesday, 13 May,
# which E takes to its last instant. F was assigned on Monday: that begins nothing.
UNDATED = [
    reported("E", "2025-05-09T09:00"),
    feedback("E", "assigned", "2025-05-09T10:00", unit="H57.1"),
    feedback("E", "answered", "2025-05-13") | {"occurred_at": "2025-05-13T23:59:59.999999+07:00"},
    reported("F", "2025-05-09T09:00"),
    feedback("F", "assigned", "2025-05-12T10:00", unit="H57.1"),
    feedback("F", "answered", "2025-05-14T08:00"),
    reported("G", "2025-05-09T09:00"),
    feedback("G", "assigned", "2025-05-09T10:00", unit="H57.1"),
]
