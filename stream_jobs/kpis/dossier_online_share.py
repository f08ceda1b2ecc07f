"""Of the dossiers received, carried over included, what share of new ones came online?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi
from stream_jobs.dossier_terms import DIMS, NEW, OWNER, RECEIVED
from stream_jobs.worked import received

KPI = Kpi(
    title=Doc("Tỷ lệ hồ sơ trực tuyến", "Online share of dossiers"),
    question=Doc(
        "Tỷ lệ hồ sơ mới nộp trực tuyến trên tổng số tiếp nhận, gồm kỳ trước chuyển qua?",
        "Of the dossiers received, carried over included, what share of new ones came online?",
    ),
    owner=OWNER,
    group="dossier",
    contract="dossier",
    measure_unit="share",
    numerator=NEW.where(channel="online"),
    denominator=RECEIVED,
    dims=DIMS,
    role="received_by",
    examples=(
        Example(
            why="New: A online, B at the counter; C, online too, is carried over. One of three.",
            events=[
                received("A", "2023-02-01", channel="online"),
                received("B", "2023-02-01", channel="counter"),
                received("C", "2022-12-01", channel="online"),
            ],
            period="2023",
            numerator=1,
            denominator=3,
        ),
    ),
)
