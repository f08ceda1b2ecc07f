"""Closings: how one is appended, which there are, at which cut, and what is official since."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from hub.clock import iso
from hub.definitions.own.control import CONTROL
from hub.figures.figure import Figure, read_figure
from hub.log.cut import Cut, read_cut
from hub.log.log import Log, Submission
from hub.log.submitting import encode
from hub.log.succession import Succession
from hub.reference.periods import Period, parse_period
from hub.store.reading import Reading, Row

Figures = dict[str, list[Figure]]
SENDER = "hub-period"
# What a closing holds under such a name is an edition of a report, not figures of a KPI.
REPORT = "report/"


@dataclass(frozen=True)
class Closing:
    """One act of closing: `figures` are the official ones of the whole period, by KPI."""

    event_id: str
    period: Period
    closed_at: int
    closed_by: str
    cut: Cut
    digest: str
    silent: dict[str, list[str]]
    figures_text: str

    @cached_property
    def figures(self) -> Figures:
        """The official figures, as they were given when the period was closed."""
        return {
            name: [read_figure(f) for f in listed]
            for name, listed in self._kept.items()
            if not name.startswith(REPORT)
        }

    @cached_property
    def reports(self) -> dict[str, list[dict[str, Any]]]:
        """The editions of reports that were frozen with it, by the report's id."""
        kept = self._kept.items()
        return {n.removeprefix(REPORT): listed for n, listed in kept if n.startswith(REPORT)}

    @cached_property
    def _kept(self) -> dict[str, list[dict[str, Any]]]:
        kept: dict[str, list[dict[str, Any]]] = json.loads(self.figures_text)
        return kept

    def public(self) -> dict[str, Any]:
        """Say what was closed, without its figures."""
        return {
            "period": self.period.text,
            "closed_at": iso(self.closed_at),
            "closed_by": self.closed_by,
            "known_at": iso(self.cut.at),
            "silent": self.silent,
            "digest": self.digest,
        }


def close(log: Log, event: Mapping[str, Any]) -> None:
    """Append the event that closes a period, as `freeze` made it: it is in force once applied."""
    schema = {f.name: f.dtype for f in CONTROL.fields}
    frame = pl.DataFrame([{"recorded_at": None, **event}], schema=schema)
    receipt, at = event["event_id"], event["closed_at"]
    batch = encode(CONTROL, SENDER, frame, receipt, at)
    log.append([Submission(receipt, SENDER, CONTROL.name, at, 1, 0, [batch])])


def digest(figures_text: str) -> str:
    """Digest official figures: BLAKE2b (RFC 7693), 16 bytes, of their JSON text."""
    return hashlib.blake2b(figures_text.encode(), digest_size=16).hexdigest()


def closings(reading: Reading) -> list[Closing]:
    """List what was closed, in the order in which it was.

    Where the log was restored since, the cut is named by the one that goes on from it.
    """
    return [_closing(r, reading.succession) for r in reading.closings()]


def _closing(row: Row, succession: Succession) -> Closing:
    event_id, period, closed_at, closed_by, cut, figures, silent, said = row
    return Closing(
        event_id,
        parse_period(period),
        closed_at,
        closed_by,
        succession.brought_up(read_cut(cut)),
        said,
        json.loads(silent),
        figures,
    )


def in_force(listed: Sequence[Closing], period: Period) -> Closing | None:
    """Find what makes figures of a period official: its own closing, else one of a period around.

    Of several closings of one period the last one is in force; of periods around, the smallest's.
    """
    around = [
        c
        for c in listed
        if c.period.start_on <= period.start_on and period.end_on <= c.period.end_on
    ]
    return min(reversed(around), key=_length, default=None)


def _length(closing: Closing) -> int:
    return (closing.period.end_on - closing.period.start_on).days
