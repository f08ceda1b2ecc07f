"""A finding: what the doctor saw, how bad it is, and what to do."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "note", "fault"]


@dataclass(frozen=True)
class Finding:
    """What was seen of one thing, in both languages.

    A `fault` loses data or figures, or soon will; a `note` is to be known. `todo_vi` and `todo_en`
    say what to do; they are empty where all is well.
    """

    level: Level
    what: str
    vi: str
    en: str
    todo_vi: str = ""
    todo_en: str = ""

    def text(self) -> str:
        """Write it for people: what was seen on a line, what to do on the next."""
        seen = f"{self.level:5}  {self.what}: {self.vi} | {self.en}"
        return f"{seen}\n       → {self.todo_vi} | {self.todo_en}" if self.todo_vi else seen


def good(what: str, vi: str, en: str) -> Finding:
    """Say that a thing is well."""
    return Finding("ok", what, vi, en)
