"""Who is told is decided and kept in PostgreSQL as it is in SQLite."""

import sqlalchemy as sa

from hub.store import deliveries
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
