"""Settling: on which business day a bank settles a transaction, by its cut-off and the calendar.

What comes after the cut-off, or on a day off, belongs to the next working day's statement.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property

import numpy as np

from hub import places
from hub.clock import EPOCH_DATE, VIETNAM
from hub.reference.form import Row
from hub.reference.working import Calendar

MIDNIGHT = 24 * 60  # minutes


def read_cut_off(text: str) -> int:
    """Read an hour such as 16:30 or 24:00, in minutes; raises `ValueError`."""
    if text == "24:00":
        return MIDNIGHT
    at = time.fromisoformat(text)
    return at.hour * 60 + at.minute


def read_cut_offs(text: str) -> dict[str, int]:
    """Read cut-offs by bank, such as `VCB=16:30,MOMO=24:00`; raises `ValueError`."""
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    return {bank.strip().upper(): read_cut_off(hour.strip()) for bank, _, hour in pairs}


def installed_days_off() -> tuple[Row, ...]:
    """Give the days off that are so everywhere, for a province that has not loaded its own."""
    text = (places.reference_folder() / "calendar.csv").read_text("utf-8")
    return tuple(csv.DictReader(text.splitlines()))


@dataclass(frozen=True)
class Settling:
    """When each bank's day ends (minutes), `cut_off` where it is not named; and the calendar."""

    cut_off: int = MIDNIGHT
    cut_offs: Mapping[str, int] = field(default_factory=dict)
    rows: tuple[Row, ...] = ()

    @cached_property
    def _calendar(self) -> Calendar:
        return Calendar(self.rows)

    def ends(self, bank: str) -> int:
        """Give the minute at which a bank's day ends."""
        return self.cut_offs.get(bank, self.cut_off)

    def day_of(self, at: datetime, bank: str) -> date:
        """Give the working day on which a bank settles what happened at an instant."""
        local = at.astimezone(VIETNAM)
        is_late = local.hour * 60 + local.minute >= self.ends(bank)
        day = (local.date() - EPOCH_DATE).days + is_late
        return EPOCH_DATE + timedelta(int(self._calendar.forward(np.array([day]))[0]))

    def closed_at(self, day: date, bank: str) -> datetime:
        """Give when a bank's day was closed."""
        midnight = datetime.combine(day, time(), VIETNAM)
        return midnight + timedelta(minutes=self.ends(bank))
