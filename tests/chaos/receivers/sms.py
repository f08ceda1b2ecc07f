"""An SMS gateway."""

from pathlib import Path

from tests.chaos.receiving import Came, Receiving, by_name
from tests.parts.channels import SmsGateway


class Sms(Receiving):
    """Takes SMS."""

    address = "0912345678"
    is_public = True

    def __init__(self, folder: Path) -> None:
        sms = SmsGateway()
        super().__init__(sms, folder)
        self.env = {"HUB_OUTLET_SMS_URL": sms.url}

    def came(self) -> Came:
        """Give what came."""
        return by_name(self.receiver.taken, "id")


STRUCK = Sms
