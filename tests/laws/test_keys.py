"""Keys: who may send, until when."""

from hub.access import keys
from hub.access.scope import WHOLE
from hub.clock import DAY_US, system_clock, to_us
from tests.conftest import Hub


def test_a_key_expires_and_says_so(hub: Hub) -> None:
    now = to_us(system_clock())
    key = keys.create(hub.store, system_clock, "a", WHOLE, expires_at=now + DAY_US)
    endless = keys.create(hub.store, system_clock, "b", WHOLE)
    found = keys.find(hub.store, key, now)
    assert found is not None
    assert found.name == "a"
    assert keys.find(hub.store, key, now + DAY_US) is None
    assert keys.find(hub.store, endless, now + 10_000 * DAY_US) is not None
    (one,) = [k for k in keys.listed(hub.store) if k.name == "a"]
    assert [one.state(now), one.state(now + DAY_US)] == ["valid", "expired"]
    assert one.id == found.key_id


def test_a_revoked_key_opens_nothing(hub: Hub) -> None:
    made = keys.make()
    key = keys.create(hub.store, system_clock, "a", WHOLE, made=made)
    assert keys.revoke(hub.store, system_clock, made.id)
    assert keys.find(hub.store, key, 0) is None
    assert not keys.revoke(hub.store, system_clock, made.id)
    assert [k.state(0) for k in keys.listed(hub.store)] == ["revoked"]
