"""What a connector asks of the hub's database waits for it, as all that a connector reads does."""

import pytest

from hub.commands.connect import waited_for
from hub.connecting.feeds import UpstreamError
from hub.store.troubles import StoreUnavailableError


def test_what_is_asked_while_the_database_is_away_is_asked_again() -> None:
    """Another error would end the process, which was seen in `make chaos`."""
    is_away = True

    def known(name: str, *, limit: int) -> str:
        if is_away:
            raise StoreUnavailableError("connection refused")
        return f"{name} {limit}"

    asked = waited_for(known)
    with pytest.raises(UpstreamError, match="the hub's database: connection refused"):
        asked("fee", limit=3)
    is_away = False
    assert asked("fee", limit=3) == "fee 3"
