"""How many dossiers have not yet reached the national portal?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi
from stream_jobs.dossier_terms import DIMS, OWNER, SYNC_BASE, SYNCED
from stream_jobs.worked import dossier, received

KPI = Kpi(
    title=Doc("Hồ sơ chưa đồng bộ", "National sync backlog"),
    question=Doc(
        "Bao nhiêu hồ sơ chưa đồng bộ lên Cổng Dịch vụ công quốc gia?",
        "How many dossiers have not yet reached the national portal?",
    ),
    owner=OWNER,
    group="dossier",
    contract="dossier",
    measure_unit="dossiers",
    numerator=SYNC_BASE - SYNCED,
    denominator=None,
    dims=DIMS,
    role="received_by",
    examples=(
        Example(
            why="Of three received before 2024 A, though ended, reached the portal; B only in"
            " 2024; a failure after A's success undoes nothing.",
            events=[
                received("A", "2022-05-01"),
                dossier("A", "resolved", "2022-05-03"),
                dossier("A", "synced", "2022-05-04"),
                dossier("A", "sync_failed", "2022-05-05"),
                received("B", "2023-05-01"),
                dossier("B", "synced", "2024-01-02"),
                received("C", "2023-05-01"),
            ],
            period="2023",
            numerator=2,
            denominator=1,
        ),
    ),
)
