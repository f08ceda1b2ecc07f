"""A commune's loudspeakers."""

from pathlib import Path

from tests.chaos.receiving import AREA, Came, Receiving, by_name
from tests.parts.channels import Loudspeakers


class Loudspeaker(Receiving):
    """Takes bulletins."""

    address = AREA
    is_public = True

    def __init__(self, folder: Path) -> None:
        loudspeakers = Loudspeakers()
        super().__init__(loudspeakers, folder)
        (folder / "loa").write_text("loa\n", "utf-8")
        self.env = {
            "HUB_OUTLET_LOUDSPEAKER_URL": loudspeakers.url,
            "HUB_OUTLET_LOUDSPEAKER_TOKEN_FILE": str(folder / "loa"),
        }

    def came(self) -> Came:
        """Give what came."""
        return by_name(self.receiver.taken, "id")


STRUCK = Loudspeaker
