"""Who is told is decided and kept in PostgreSQL as it is in SQLite."""

from typing import Any

import sqlalchemy as sa

from hub.store import attempts, deliveries
from hub.store.store import Store
from hub.store.tables import alert_event
from tests.unit.alerts.test_delivering import NOON, event


def test_deliveries_are_decided_begun_and_counted(store: Store) -> None:
    rows = [event(n, NOON) | {"sender": "hub-alerts", "log_offset": n} for n in (1, 2)]
    with store.administering() as c:
        c.execute(sa.insert(alert_event), [r | {"replayed": int(r["replayed"])} for r in rows])
    with store.reading() as reading:
        fresh = deliveries.undecided(reading.connection, ("raised",))
    assert [e["event_id"] for e in fresh] == ["e1", "e2"]
    delivery = {
        **{"id": "d1", "event_id": "e1", "alert": "a1", "recipient": "An", "outlet": "sms"},
        **{"escalated_to": "", "state": "waiting", "decided_at": 5, "due_at": 5, "try_at": 5},
        **{"message": None, "begun_at": None, "is_joined": 0, "tries": 0, "last_error": None},
        "at": 5,
    }
    for _ in range(2):  # who stands there already is not told anew
        with store.administering() as c:
            deliveries.decide(c, [delivery])
    with store.administering() as c:
        deliveries.change(c, ["d1"], message="d1", begun_at=6)
    with store.reading() as reading:
        c = reading.connection
        assert [e["event_id"] for e in deliveries.undecided(c, ("raised",))] == ["e2"]
        assert deliveries.waiting(c, 4) == []
        assert [d["message"] for d in deliveries.waiting(c, 5)] == ["d1"]
        assert deliveries.begun(c, 6) == {("An", "sms"): 1}
        assert deliveries.counted(c) == [("sms", "waiting", 1, 5, 5)]
        assert [d["id"] for d in deliveries.since(c, 5)] == ["d1"]
        assert [d["id"] for d in deliveries.listed(c, "a1", 10, 0)] == ["d1"]


def test_bulletins_are_apart_from_what_officers_are_told(store: Store) -> None:
    levels = {1: "notice", 2: "critical", 3: "warning"}
    rows = [
        event(n, NOON, level=level) | {"sender": "hub-alerts", "log_offset": n}
        for n, level in levels.items()
    ]
    with store.administering() as c:
        c.execute(sa.insert(alert_event), [r | {"replayed": int(r["replayed"])} for r in rows])
    with store.administering() as c:
        deliveries.decide(c, [_bulletin(n) for n in levels])
        deliveries.decide(c, [_bulletin(n) for n in levels])
        content = {"id": "x", "wording": "man", "outlet": "sms", "wording_digest": "w", "at": 5}
        for _ in range(2):  # the same words are kept once
            more = {"approved_by": "An", "area": "28567", "content": "{}"}
            deliveries.keep_bulletin(c, content | more)
        deliveries.change(c, ["b2"], bulletin="x")
        attempts.note(c, "sms", "b2", 5)
        attempts.note(c, "sms", "b2", 6)
        attempts.note(c, "zns", "b2", 6)
    with store.reading() as reading:
        c = reading.connection
        assert len(deliveries.undecided(c, ("raised",))) == 3
        assert deliveries.unissued(c, ["salinity_over_4"], ["raised"]) == []
        assert (deliveries.waiting(c, 9), deliveries.begun(c, 0)) == ([], {})
        assert [d["id"] for d in deliveries.due_bulletins(c, 5, 10)] == ["b2", "b3", "b1"]
        assert deliveries.due_bulletins(c, 4, 10) == []
        (told,) = deliveries.told_people(c, "a2")
        assert (told["kind"], told["tries"]) == ("raised", 0)
        assert deliveries.bulletin_of(c, "x")["approved_by"] == "An"
        assert attempts.since(c, "sms", 6) == [6]
    with store.administering() as c:
        attempts.forget(c, 6)
        assert attempts.since(c, "sms", 0) == [6]


def _bulletin(number: int) -> dict[str, Any]:
    return {
        **{"id": f"b{number}", "event_id": f"e{number}", "alert": f"a{number}"},
        **{"recipient": "nd-1", "outlet": "sms", "escalated_to": "", "state": "waiting"},
        **{"decided_at": 5, "due_at": 5, "try_at": 5, "message": None, "begun_at": None},
        **{"is_joined": 0, "tries": 0, "last_error": None, "at": 5},
        **{"wording": "man", "area": "28567", "bulletin": None},
    }
