"""How many dossiers had the province to deal with: new and carried over (06a c1)?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi
from stream_jobs.dossier_terms import DIMS, OWNER, RECEIVED
from stream_jobs.worked import received

KPI = Kpi(
    title=Doc(
        "Hồ sơ tiếp nhận, gồm kỳ trước chuyển qua", "Dossiers received, carried over included"
    ),
    question=Doc(
        "Tổng số hồ sơ phải giải quyết trong kỳ: mới tiếp nhận và kỳ trước chuyển qua (06a cột 1)?",
        "How many dossiers had the province to deal with: new and carried over (06a c1)?",
    ),
    owner=OWNER,
    group="dossier",
    contract="dossier",
    measure_unit="dossiers",
    numerator=RECEIVED,
    denominator=None,
    dims=DIMS,
    role="received_by",
    examples=(
        Example(
            why="A is carried over from 2022, B is new: two.",
            events=[received("A", "2022-12-01"), received("B", "2023-03-01")],
            period="2023",
            numerator=2,
            denominator=1,
        ),
    ),
)
