"""A hub that listens to station loggers over a real MQTT broker."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from connectors.salinity.connector import SalinitySettings, StationFeed
from connectors.salinity.simulator import Loggers
from deploy.local.services.mosquitto import Mosquitto
from hub.clock import system_clock
from hub.connecting.feeds import Context
from hub.opening import OpenHub, open_hub
from hub.settings import Settings
from tests.integration.connectors.stations import forget

_numbers = count()


@pytest.fixture
def own(mosquitto: Mosquitto) -> Iterator[SalinitySettings]:
    """Settings with a session of the test's own."""
    settings = SalinitySettings(url=mosquitto.address, client_id=f"hub-{next(_numbers)}")
    yield settings
    forget(mosquitto, settings.client_id)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[OpenHub]:
    with open_hub(Settings(data_dir=tmp_path)) as found:
        yield found


@pytest.fixture
def loggers(mosquitto: Mosquitto) -> Iterator[Loggers]:
    found = Loggers(mosquitto.address, f"loggers-{next(_numbers)}")
    yield found
    found.close()
    assert found.unheard == 0  # the session was there before anything was published


@pytest.fixture
def open_feed(own: SalinitySettings, hub: OpenHub) -> Iterator[Callable[..., StationFeed]]:
    """Open feeds of one session, connected; all are closed in the end."""
    opened = []

    def make(**changed: Any) -> StationFeed:
        feed = StationFeed(own.model_copy(update=changed), Context(hub.log, system_clock))
        opened.append(feed)
        feed.fetch(0)
        return feed

    yield make
    for feed in opened:
        feed.close()
