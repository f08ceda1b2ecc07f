"""Does biểu 06a add up?"""

from dataclasses import dataclass

import polars as pl

from hub.alerts.rule import Example, Limits, Rule
from hub.alerts.series import months_of, series
from hub.definitions.contract import Doc
from hub.figures.book import Book
from hub.figures.compute import Question
from hub.registry import reports
from hub.reports.filled import fill


@dataclass(frozen=True)
class Broken:
    """How many equations of each form are broken in a month, as it ended."""

    contract: str = "dossier"

    def read(self, book: Book, until: int) -> pl.DataFrame:
        """Give a point for each form at the end of each month that has events."""
        points = []
        for period in months_of(book, until):
            if not book.has_events(self.contract, period.start, period.end):
                continue
            for report in reports().values():
                broken = len(fill(report, Question(period, period.end), book).broken())
                points.append((report.id, period.end, 1000 * broken, None, int(broken > 0)))
        return series(points)


RULE = Rule(
    title=Doc("Biểu báo cáo không khớp", "A report that does not add up"),
    question=Doc(
        "Biểu 06a, 06b có giữ đẳng thức c1 = c5 + c9 và tổng các dòng không?",
        "Do reports 06a and 06b keep c1 = c5 + c9, and do their rows add up to the total?",
    ),
    text=Doc(
        "Biểu {subject}: {value} đẳng thức không khớp, tháng kết thúc {at}; chạy hub verify",
        "Report {subject}: {value} equations are broken in the month ended {at}; run hub verify",
    ),
    level="critical",
    owner="Trung tâm điều hành",
    subject_kind="report",
    measure_unit="",
    series=Broken(),
    limits=(Limits(),),
    examples=(
        Example(
            why="Two rows of May say c1 = 12 and c5 + c9 = 11, those of June add up. No event can"
            " bring it about: facts would have to be other than their cells.",
            points=[
                ("06a", "2023-06-01T00:00:00+07:00", 2000, 1),
                ("06a", "2023-07-01T00:00:00+07:00", 0, 0),
            ],
            at="2023-07-02T08:00:00+07:00",
            raised=[("06a", "2023-06-01T00:00:00+07:00", "2023-07-01T00:00:00+07:00")],
        ),
        Example(
            why="c1 = 12 is c5 = 7 and c9 = 5 in each row, and their total is 12.",
            points=[("06a", "2023-06-01T00:00:00+07:00", 0, 0)],
            at="2023-07-02T08:00:00+07:00",
            raised=[],
        ),
    ),
    every_minutes=60,
    escalate_minutes=24 * 60,
    link="/reports",
)
