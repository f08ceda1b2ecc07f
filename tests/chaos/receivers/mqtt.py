"""A broker of MQTT and who listens there, as a siren does."""

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from tests.chaos.receiving import Came, Receiving
from tests.parts.listening import Listening


class Mqtt(Receiving):
    """Takes what is published on a topic."""

    address = "canh-bao/man"

    def __init__(self, folder: Path) -> None:
        self._listening = Listening(folder, self.address)
        super().__init__(self._listening, folder)
        self.env = {"HUB_OUTLET_MQTT_URL": self._listening.url}

    def came(self) -> Came:
        """Give what came, once all that the broker took has."""
        self._listening.hear_out()
        found: Came = defaultdict(set)
        for payload in self.receiver.taken:
            found[json.loads(payload)["id"]].add(payload)
        return found

    def told(self) -> Iterable[tuple[str, str]]:
        """See `Receiving.told`."""
        for payload in self.receiver.taken:
            said = json.loads(payload)
            for event in said["events"]:
                yield event["event_id"], said["id"]


STRUCK = Mqtt
