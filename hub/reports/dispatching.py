"""Dispatching: scheduled reports are filled, printed and given to who is to have them.

What is due is kept before anything is sent, so that each is told once decided, at least once, under
one id; who is away or refuses is tried again, ever later.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.clock import DAY_US, Clock, to_us
from hub.figures.book import Book
from hub.reference.periods import Period, parse_period
from hub.reports.editions import editions, status_of
from hub.reports.filled import fill, read_report_question
from hub.reports.formats import FORMATS, write
from hub.reports.report import Report
from hub.reports.scheduled import LIST, due_runs
from hub.store import report_runs
from hub.store.reading import Reading
from hub.store.report_runs import FAILED, SENT, WAITING
from hub.store.store import Store
from hub.troubles import RefusedError, TroubleError

LOCK = "report_runs"
SENT_AS = ("pdf", "xlsx")
BACKOFF_US = 60_000_000
BACKOFF_US_MAX = 3_600_000_000
GIVE_UP_US = 3 * DAY_US
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Package:
    """What is given: `files` are name, media type and bytes; `id` is that of its run."""

    id: str
    written_at: int
    title: str
    lines: tuple[str, ...]
    files: tuple[tuple[str, str, bytes], ...]
    address: str


# Gives a package; returns once it is taken, and raises `TroubleError` where it is not.
Giving = Callable[[Package], None]


class NotLaidError(TroubleError):
    """A report cannot be laid in its folder."""


class Dispatcher:
    """Gives what is due, round after round. Safe beside others that do: one of them works."""

    def __init__(
        self,
        store: Store,
        book: Callable[[Reading], Book],
        reports: Mapping[str, Report],
        giving: Mapping[str, Giving],
        clock: Clock,
        *,
        is_synthetic: bool,
    ) -> None:
        self._store = store
        self._book = book
        self._reports = reports
        self._giving = giving
        self._clock = clock
        self._is_synthetic = is_synthetic

    def round(self) -> int:
        """Keep what is due, give what waits; count what was taken.

        Raises `StoreUnavailableError`.
        """
        with self._store.alone(LOCK) as is_mine:
            if not is_mine:
                return 0
            now = to_us(self._clock())
            runs = due_runs(self._store.listed(LIST), now)
            rows = [
                {
                    **{n: getattr(run, n) for n in report_runs.OWN},
                    "period": run.period.text,
                    "state": WAITING,
                    "decided_at": now,
                    "try_at": now,
                    "tries": 0,
                    "last_error": None,
                    "cut": None,
                    "at": now,
                }
                for run in runs
            ]
            with self._store.administering() as c:
                report_runs.decide(c, rows)
                waiting = report_runs.waiting(c, now)
            return sum(self._give(row) for row in waiting)

    def _give(self, row: Mapping[str, Any]) -> bool:
        """Fill, print and give one; note how that went."""
        now, tries = to_us(self._clock()), row["tries"] + 1
        try:
            body = self._filled(row)
            self._giving[row["outlet"]](_package(row, body))
        except (TroubleError, RefusedError) as error:
            is_over = now - row["decided_at"] >= GIVE_UP_US
            again = now + min(BACKOFF_US << min(tries - 1, 20), BACKOFF_US_MAX)
            state = FAILED if is_over else WAITING
            self._note(row, state=state, tries=tries, try_at=again, last_error=str(error), at=now)
            log.warning("%s %s: not given: %s", row["report"], row["period"], error)
            return False
        self._note(row, state=SENT, tries=tries, last_error=None, cut=body["cut"], at=now)
        return True

    def _note(self, row: Mapping[str, Any], **values: Any) -> None:
        with self._store.administering() as c:
            report_runs.change(c, row["id"], **values)

    def _filled(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Give the latest edition where the period is closed and all of it is asked for, else fill.

        Raises `QuestionError`.
        """
        report, period = self._reports[row["report"]], parse_period(row["period"])
        with self._store.reading() as reading:
            book = self._book(reading)
            frozen = [] if row["unit"] else editions(report, book, period)
            if frozen:
                return frozen[-1]
            return self._as_it_stands(report, period, row["unit"], book)

    def _as_it_stands(
        self, report: Report, period: Period, unit: str, book: Book
    ) -> dict[str, Any]:
        asked = {"period": period.text} | ({"unit": unit} if unit else {})
        question = read_report_question(report, asked, to_us(self._clock()))
        filled = fill(report, question, book)
        body = {**filled.public(), "status": status_of(report, question, book, filled)}
        return {**body, "is_synthetic": True} if self._is_synthetic else body


def _package(row: Mapping[str, Any], body: Mapping[str, Any]) -> Package:
    unit = f"-{row['unit']}" if row["unit"] else ""
    name = f"{row['report']}-{row['period']}{unit}"
    files = tuple((f"{name}.{form}", FORMATS[form][0], write(body, form)) for form in SENT_AS)
    of_unit = f", {row['unit']}" if row["unit"] else ""
    title = f"Biểu {row['report']} kỳ {row['period']}{of_unit}"
    lines = (
        f"{title}, theo lịch “{row['name']}”: tệp PDF và XLSX kèm theo.",
        f"Report {row['report']} of {row['period']}{of_unit}, by schedule: PDF and XLSX enclosed.",
    )
    return Package(row["id"], row["decided_at"], title, lines, files, row["address"])


def lay(folder: Path, package: Package) -> None:
    """Lay a package's files in a folder, each whole; the same ones again take their place.

    Raises `NotLaidError`.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, _, content in package.files:
            aside = folder / f".{package.id}.aside"
            aside.write_bytes(content)
            aside.replace(folder / name)
    except OSError as error:
        raise NotLaidError(f"{folder}: không ghi được | cannot write: {error.strerror}") from None
