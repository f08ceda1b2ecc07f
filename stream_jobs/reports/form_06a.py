"""Biểu 06a: what units received, resolved and have in progress, a row a unit."""

from hub.definitions.contract import Doc
from hub.reports.report import Report
from stream_jobs.dossier_columns import (
    CARRIED,
    COLUMNS,
    DIMS,
    EQUATIONS,
    NOTES,
    ROLE,
    SOURCE,
    UNIT_OF_COUNT,
    WITHIN,
)
from stream_jobs.facts.dossier import CLOCKED

REPORT = Report(
    number="II.06a/VPCP/KSTT",
    title=Doc(
        "Tình hình, kết quả giải quyết thủ tục hành chính theo đơn vị",
        "Administrative procedures dealt with, by unit",
    ),
    heading=("TÌNH HÌNH, KẾT QUẢ GIẢI QUYẾT", "THỦ TỤC HÀNH CHÍNH THEO ĐƠN VỊ"),
    unit_of_count=UNIT_OF_COUNT,
    row_title=Doc("Đơn vị", "Unit"),
    source=SOURCE,
    contract="dossier",
    within=WITHIN,
    columns=COLUMNS,
    equations=EQUATIONS,
    notes=NOTES,
    carried=CARRIED,
    by="unit",
    dims=DIMS,
    role=ROLE,
    clocked=CLOCKED,
    listed="units",
)
