"""Scheduled reports: each that was owed is laid in the folder or mailed, once decided.

What is owed is worked out here, by the days on which months and weeks begin. What is given again
after a fault has the same name there, and the same id.
"""

import io
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from zipfile import BadZipFile

import openpyxl
import pypdfium2
from openpyxl.utils.exceptions import InvalidFileException

from hub.clock import DAY_US, VIETNAM, system_clock, to_us
from hub.opening import OpenHub
from hub.store import report_runs
from tests.chaos.output import Output
from tests.chaos.receivers.mail import Mail
from tests.chaos.receiving import Receiving

HEAD = "name,report,every,days_after,at_hour,unit,outlet,address,valid_from,valid_to\n"
MONTHLY, WEEKLY, MAILED = "Biểu tháng", "Biểu tuần", "Biểu thư"
SCHEDULES = f"""{MONTHLY},06a,month,1,00:00,,folder,,2000-01-01,
{WEEKLY},06b,week,1,00:00,,folder,,2000-01-01,
{MAILED},06a,month,1,00:00,,mail,{Mail.address},2000-01-01,
"""
MADE_UP_DAYS = 91  # a day less than the hub makes up: the run takes a while
AHEAD_DAYS = 4  # clocks were ahead by a day, and go on while what is left is given
Owed = set[tuple[str, str]]  # name of the schedule, period


class Reports(Output):
    """Files of reports, laid by the gateway."""

    setting = "reports_dir"
    lists: Mapping[str, str] = {"report_schedules": HEAD + SCHEDULES}

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._owed = set(owed(system_clock()))

    def check(self, hub: OpenHub, by: Mapping[str, Receiving]) -> tuple[str, list[str]]:
        """See `Output.check`."""
        with hub.store.reading() as reading:
            runs = report_runs.listed(reading.connection, 1_000)
        known = [(r["name"], r["period"]) for r in runs]
        lost = [f"owed and not decided: {o}" for o in sorted(self._owed - set(known))]
        twice = [f"decided twice: {k}" for k in sorted({k for k in known if known.count(k) > 1})]
        wrong = lost + twice
        latest = to_us(system_clock()) + AHEAD_DAYS * DAY_US
        for run in runs:
            if run["state"] != report_runs.SENT:
                wrong.append(f"not given: {run['name']} {run['period']}: {run['last_error']}")
            if run["due_at"] > latest:
                wrong.append(f"not due yet: {run['name']} {run['period']}")
        laid = [r for r in runs if r["outlet"] == "folder"]
        wrong += self._laid({f"{r['report']}-{r['period']}" for r in laid})
        mailed = {r["id"]: r["period"] for r in runs if r["outlet"] == "mail"}
        mail = by["mail"]
        assert isinstance(mail, Mail)
        wrong += _mailed(mail, mailed)
        tries = sum(r["tries"] for r in runs)
        text = f"{len(self._owed)} owed, {len(laid)} laid and {len(mailed)} mailed"
        return f"{text} by {tries} tries", wrong

    def _laid(self, names: set[str]) -> Iterator[str]:
        wanted = {f"{name}.{form}" for name in names for form in ("pdf", "xlsx")}
        there = {p.name for p in self.folder.iterdir()}
        yield from (f"is not there: {n}" for n in sorted(wanted - there))
        yield from (f"is there, and nothing that was owed: {n}" for n in sorted(there - wanted))
        for name in sorted(wanted & there):
            period = name.partition("-")[2].rpartition(".")[0]
            if not is_whole(name, (self.folder / name).read_bytes(), period):
                yield f"is not the whole report: {name}"


def _mailed(mail: Mail, wanted: Mapping[str, str]) -> Iterator[str]:
    came = mail.reports()
    yield from (f"was not mailed: {wanted[n]}" for n in sorted(wanted.keys() - came.keys()))
    yield from (f"was mailed, and not owed: {n}" for n in sorted(came.keys() - wanted.keys()))
    for name in sorted(wanted.keys() & came.keys()):
        for message in came[name]:
            files = {str(f.get_filename()): f.get_content() for f in message.iter_attachments()}
            whole = [n for n, content in files.items() if is_whole(n, content, wanted[name])]
            if len(whole) < 2:
                yield f"was not mailed whole: {wanted[name]}: {sorted(files)}"


def is_whole(name: str, content: bytes, period: str) -> bool:
    """Open a file and look whether it says of which period it is."""
    kind, _, number = period.partition("-")[2].partition("W")
    shown = f"Tuần {int(number)} năm" if number else f"Tháng {int(kind)} năm"
    try:
        if name.endswith(".xlsx"):
            sheets = openpyxl.load_workbook(io.BytesIO(content)).worksheets
            cells = (str(c.value) for s in sheets for row in s.iter_rows() for c in row)
            return any(shown in text for text in cells)
        if not content.rstrip().endswith(b"%%EOF"):
            return False  # its reader would mend it
        with pypdfium2.PdfDocument(content) as document:
            return shown in document[0].get_textpage().get_text_bounded()
    except (InvalidFileException, KeyError, OSError, BadZipFile, pypdfium2.PdfiumError):
        return False


def owed(now: datetime) -> Iterator[tuple[str, str]]:
    """Work out what is owed at an instant: which schedule's report, of which period."""
    today = now.astimezone(VIETNAM).date()
    for back in range(MADE_UP_DAYS):
        day: date = today - timedelta(back)
        before = day - timedelta(1)
        if day.day == 1:
            yield MONTHLY, f"{before:%Y-%m}"
            yield MAILED, f"{before:%Y-%m}"
        if day.weekday() == 0:
            year, week, _ = before.isocalendar()
            yield WEEKLY, f"{year}-W{week:02}"


STRUCK = Reports
