"""Two departments, a bank and a station owe and push for a month; one is silent for a week.

June 2023 has 30 days and, without a holiday, 22 working days; the week without a word is that of
Monday 12 to Sunday 18. What is expected was counted on a calendar.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from hub.http import gauges
from hub.opening import load_province
from stream_jobs.worked import paid, received, salinity
from tests.parts.asking import close_period
from tests.parts.pushed import Pushed, limited, pushed

A, B, BANK, STATION = "so-a", "so-b", "NH01", "ST01"
MONTH = "2023-06"
DAYS = [date(2023, 6, d) for d in range(1, 31)]
SILENT = [date(2023, 6, d) for d in range(12, 19)]
SENDERS = {
    A: limited("dossier", units="H57.1"),
    B: limited("dossier", units="H57.2"),
}
DUTIES = f"""sender,contract,party,cadence,events_per_due,valid_from,valid_to,source
{A},dossier,,working_day,1,2023-06-01,,QĐ
{B},dossier,,working_day,1,2023-06-01,,QĐ
{BANK},payment,,monthly,1,2023-06-01,,QĐ
,reading,{STATION},daily,1,2023-06-01,,QĐ
"""


class Month:
    """The month as it goes by, with one who is silent for a week of it."""

    def __init__(self, hub: Pushed, silent: str) -> None:
        self.hub = hub
        self._silent = silent

    def live(self, clock: "Clock", until: date) -> None:
        """Let days go by, up to one and with it; who owes that day sends at three o'clock."""
        while clock.day < until:
            clock.day += timedelta(1)
            clock.now = clock.at(clock.day, 15)
            for sender in (A, B, STATION):
                if sender != self._silent or clock.day not in SILENT:
                    self._send(sender, clock.day)
            if clock.day == date(2023, 7, 1):
                report = paid("cash", MONTH, customers=5, amount=100, reporter=BANK)
                self.hub.send("payment", report, sender=BANK)

    def _send(self, sender: str, day: date) -> None:
        if sender == STATION:
            self.hub.send("reading", salinity(STATION, f"{day}T14:00", 0.5), sender=STATION)
        elif day.weekday() < 5:
            unit = {A: "H57.1", B: "H57.2"}[sender]
            sent = received(f"{unit}-{day}", day.isoformat())
            self.hub.send(
                "dossier", sent | {"received_by": unit, "resolved_by": unit}, sender=sender
            )

    def late(self) -> list[str]:
        """Name who is late, as the page of sources says."""
        listed = self.hub.ask(f"/v1/sources?period={MONTH}").json()["sources"]
        return [s["source"] for s in listed if s["is_late"]]

    def alarming(self) -> list[str]:
        """Name those of whom the alert of silence speaks: silent for longer than they may be."""
        lines = self.hub.ask("/metrics").text.splitlines()
        silent, allowed = (
            {
                n.partition("{")[2]: float(v)
                for n, _, v in (x.rpartition(" ") for x in lines)
                if n.startswith(name + "{")
            }
            for name in ("hub_source_silent_seconds", "hub_source_silence_max_seconds")
        )
        return sorted(n.split('"')[1] for n in silent if silent[n] > allowed[n])

    def missing(self, source: str) -> list[str]:
        """Name the days of which nothing came, as the list behind completeness says."""
        rows = self.hub.ask(f"/v1/sources/{source}/complete?period={MONTH}").json()["rows"]
        return sorted(r["from"] for r in rows if r["received"] < r["due"])

    def completeness(self, kpi: str) -> float:
        (figure,) = self.hub.ask(f"/v1/kpis/{kpi}?period={MONTH}").json()["figures"]
        found: float = figure["completeness"]
        return found


class Clock:
    """A clock that the story moves."""

    def __init__(self) -> None:
        self.day = date(2023, 5, 31)
        self.now = self.at(self.day, 8)

    def at(self, day: date, hour: int) -> datetime:
        return datetime.combine(day, time(hour), UTC) - timedelta(hours=7)

    def __call__(self) -> datetime:
        return self.now


@contextmanager
def a_month(
    folder: Path, silent: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Month, Clock]]:
    monkeypatch.setattr(gauges, "FRESH_SECONDS", 0.0)
    clock = Clock()
    lists = folder / "lists"
    lists.mkdir()
    (lists / "duties.csv").write_text(DUTIES, "utf-8")
    with pushed(folder / "hub", SENDERS, clock) as hub:
        load_province(hub.hub, lists, "An")
        yield Month(hub, silent), clock


@pytest.mark.parametrize(
    ("silent", "missing", "dossiers", "readings"),
    [
        # On 5 of 22 working days; of two departments.
        (B, SILENT[:5], round(39 / 44, 6), 1.0),
        (STATION, SILENT, 1.0, round(23 / 30, 6)),
    ],
)
def test_who_was_silent_for_a_week_is_named_everywhere(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    silent: str,
    missing: list[date],
    dossiers: float,
    readings: float,
) -> None:
    with a_month(tmp_path, silent, monkeypatch) as (month, clock):
        month.live(clock, SILENT[0])
        assert (month.late(), month.alarming()) == ([], [])
        month.live(clock, SILENT[-1])  # Sunday: nobody else owes anything since Friday
        assert (month.late(), month.alarming()) == ([silent], [silent])
        month.live(clock, DAYS[-1])
        assert (month.late(), month.alarming()) == ([], [])
        month.live(clock, date(2023, 7, 1))
        named = [day.isoformat() for day in missing]
        assert month.missing(silent) == named
        assert [month.missing(s) for s in (A, B, STATION, BANK) if s != silent] == [[]] * 3
        assert month.completeness("dossier_received_new") == dossiers
        assert month.completeness("salinity_max") == readings
        assert month.completeness("payment_amount") == 1.0
        close_period(month.hub.hub, MONTH)
        (closed,) = month.hub.ask("/v1/periods").json()["closings"]
        assert closed["silent"] == {silent: named}


def test_a_bank_that_never_reported_is_named_once_its_report_is_overdue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A monthly report may take half a month after its month: 46 days since the duty began."""
    with a_month(tmp_path, "", monkeypatch) as (month, clock):
        month.live(clock, DAYS[-1])
        clock.now = clock.at(date(2023, 7, 16), 23)
        assert BANK not in month.alarming()
        clock.now = clock.at(date(2023, 7, 17), 1)
        assert BANK in month.alarming()
        assert BANK in month.late()
        assert month.completeness("dossier_received_new") == 1.0
