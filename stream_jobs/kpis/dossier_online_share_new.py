"""Of the dossiers newly received, what share came online?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi, Opened
from stream_jobs.dossier_terms import DIMS, NEW, OWNER
from stream_jobs.worked import received

KPI = Kpi(
    title=Doc("Tỷ lệ hồ sơ trực tuyến (trên số mới)", "Online share of new dossiers"),
    question=Doc(
        "Tỷ lệ hồ sơ nộp trực tuyến trên số tiếp nhận mới?",
        "Of the dossiers newly received, what share came online?",
    ),
    owner=OWNER,
    group="dossier",
    contract="dossier",
    measure_unit="share",
    numerator=NEW.where(channel="online"),
    denominator=NEW,
    dims=DIMS,
    role="received_by",
    opened=Opened(tables=((), ("unit",))),
    examples=(
        Example(
            why="New: A online, B by post. C is carried over and does not count. One of two.",
            events=[
                received("A", "2023-02-01", channel="online"),
                received("B", "2023-02-01", channel="post"),
                received("C", "2022-12-01", channel="online"),
            ],
            period="2023",
            numerator=1,
            denominator=2,
        ),
    ),
)
