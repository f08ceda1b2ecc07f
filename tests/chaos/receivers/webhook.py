"""A webhook's receiver: an HTTP server."""

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from tests.chaos.receiving import Came, Receiving
from tests.parts.receivers import HttpReceiver


class Webhook(Receiving):
    """Takes posts."""

    def __init__(self, folder: Path) -> None:
        http = HttpReceiver()
        super().__init__(http, folder)
        self.address = http.url
        secret = folder / "secret"
        secret.write_text("bí mật\n", "utf-8")
        self.env = {"HUB_OUTLET_WEBHOOK_SECRET_FILE": str(secret)}

    def came(self) -> Came:
        """Give what came."""
        found: Came = defaultdict(set)
        for headers, body in self.receiver.taken:
            found[headers["X-Hub-Id"]].add(body)
        return found

    def told(self) -> Iterable[tuple[str, str]]:
        """See `Receiving.told`."""
        for headers, body in self.receiver.taken:
            for event in json.loads(body)["events"]:
                yield event["event_id"], headers["X-Hub-Id"]


STRUCK = Webhook
