"""Output: what the hub lays in a folder for others, while it is struck, and what must be there."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path

from hub.opening import OpenHub
from tests.chaos.receiving import Receiving


class Output(ABC):
    """One folder. `setting` is that of `Settings` which names it, `words` the command that writes.

    What the gateway writes by itself has no `words`.
    """

    setting: str
    words: tuple[str, ...] = ()
    env: Mapping[str, str] = {}
    # Lists of the province by which it is written, as CSV.
    lists: Mapping[str, str] = {}
    # Whether its folder goes while it is written, else before.
    goes_midway = False
    # How long it writes at least, from its first file on: within that it is killed.
    seconds = 0.05

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._gone = folder.with_name(f"{folder.name}.gone")
        folder.mkdir(parents=True)

    def files(self) -> set[Path]:
        """Name what is in the folder now."""
        return set(self.folder.rglob("*"))

    def go(self) -> None:
        """Let the folder be away: what is there instead is no folder."""
        self.folder.rename(self._gone)
        self.folder.touch()

    def come(self) -> None:
        """Let the folder be back."""
        self.folder.rmdir() if self.folder.is_dir() else self.folder.unlink()
        self._gone.rename(self.folder)

    @abstractmethod
    def check(self, hub: OpenHub, by: Mapping[str, Receiving]) -> tuple[str, list[str]]:
        """Hold what is there against what must be: what was found, and what is wrong.

        `by` are the receivers of what goes another way, by outlet.
        """
