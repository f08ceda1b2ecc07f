"""Does biểu 06a add up, as it was frozen?"""

from dataclasses import dataclass

import polars as pl

from hub.alerts.rule import Example, Limits, Rule
from hub.alerts.series import series
from hub.definitions.contract import Doc
from hub.figures.book import Book


@dataclass(frozen=True)
class Broken:
    """How many equations of the editions that a closing froze are broken, of each form and period.

    A later edition of the same takes its place. Of months that are not closed yet the metric
    `hub_report_broken` tells.
    """

    contract: str = ""

    def read(self, book: Book, until: int) -> pl.DataFrame:
        """Give a point for each edition, at the instant at which its period was closed."""
        points = [
            (f"{report}/{closing.period.text}", closing.closed_at, 1000 * broken, None, broken > 0)
            for closing in book.closings
            for report, bodies in closing.reports.items()
            for broken in [sum(len(body["broken"]) for body in bodies)]
        ]
        return series((*point[:4], int(point[4])) for point in points if point[1] <= until)


RULE = Rule(
    title=Doc("Biểu báo cáo không khớp", "A report that does not add up"),
    question=Doc(
        "Biểu 06a, 06b đã chốt có giữ đẳng thức c1 = c5 + c9 và tổng các dòng không?",
        "Do 06a and 06b, as frozen, keep c1 = c5 + c9, and do their rows add up to the total?",
    ),
    text=Doc(
        "Biểu {subject}: {value} đẳng thức không khớp khi chốt lúc {at}; chạy hub verify",
        "Report {subject}: {value} equations were broken when closed at {at}; run hub verify",
    ),
    level="critical",
    owner="Trung tâm điều hành",
    subject_kind="report",
    measure_unit="",
    series=Broken(),
    limits=(Limits(),),
    examples=(
        Example(
            why="Closed in June, two rows of May say c1 = 12 where c5 + c9 = 11; closed again in"
            " July, all add up. No event of a sender can bring it about: facts would have to be"
            " other than their cells.",
            points=[
                ("06a/2023-05", "2023-06-02T09:00:00+07:00", 2000, 1),
                ("06a/2023-05", "2023-07-01T09:00:00+07:00", 0, 0),
            ],
            at="2023-07-02T08:00:00+07:00",
            raised=[
                ("06a/2023-05", "2023-06-02T09:00:00+07:00", "2023-07-01T09:00:00+07:00"),
            ],
        ),
        Example(
            why="c1 = 12 is c5 = 7 and c9 = 5 in each row, and their total is 12.",
            points=[("06a/2023-05", "2023-06-02T09:00:00+07:00", 0, 0)],
            at="2023-07-02T08:00:00+07:00",
            raised=[],
        ),
    ),
    every_minutes=60,
    escalate_minutes=24 * 60,
    link="/reports",
)
