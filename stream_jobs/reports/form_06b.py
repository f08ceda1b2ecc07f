"""Biểu 06b: what was received, resolved and is in progress, a row a procedure, by field."""

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
    number="II.06b/VPCP/KSTT",
    title=Doc(
        "Tình hình, kết quả giải quyết thủ tục hành chính theo lĩnh vực, thủ tục",
        "Administrative procedures dealt with, by field and procedure",
    ),
    heading=(
        "TÌNH HÌNH, KẾT QUẢ GIẢI QUYẾT THỦ TỤC HÀNH CHÍNH",
        "THEO LĨNH VỰC, THỦ TỤC",
    ),
    unit_of_count=UNIT_OF_COUNT,
    row_title=Doc("Lĩnh vực, thủ tục", "Field, procedure"),
    source=SOURCE,
    contract="dossier",
    within=WITHIN,
    columns=COLUMNS,
    equations=EQUATIONS,
    notes=NOTES,
    carried=CARRIED,
    by="procedure",
    dims=DIMS,
    role=ROLE,
    clocked=CLOCKED,
    listed="procedures",
    under="field_vi",
)
