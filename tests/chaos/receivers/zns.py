"""The service of an official account, with its tokens."""

from pathlib import Path

from tests.chaos.receiving import Came, Receiving, by_name
from tests.parts.channels import Zns as Service

QUOTA = 1_000_000


class Zns(Receiving):
    """Takes templates."""

    address = "0987654321"
    is_public = True
    template = "350123"

    def __init__(self, folder: Path) -> None:
        zns = Service()
        zns.quota = QUOTA
        super().__init__(zns, folder)
        (folder / "zns").write_text("secret\n", "utf-8")
        (folder / "token.json").write_text('{"refresh_token": "refresh-0"}', "utf-8")
        self.env = {
            "HUB_OUTLET_ZNS_URL": zns.url,
            "HUB_OUTLET_ZNS_RENEWAL_URL": zns.renewal_url,
            "HUB_OUTLET_ZNS_APP_ID": "1",
            "HUB_OUTLET_ZNS_SECRET_FILE": str(folder / "zns"),
            "HUB_OUTLET_ZNS_TOKEN_FILE": str(folder / "token.json"),
            "HUB_OUTLET_ZNS_HOURS": "",
        }

    def came(self) -> Came:
        """Give what came."""
        return by_name(self.receiver.taken, "tracking_id")


STRUCK = Zns
