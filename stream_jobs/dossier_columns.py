"""What the forms 06a and 06b share: their eleven columns over the facts of dossiers.

The form is that of Thông tư 01/2020/TT-VPCP, Biểu số II.06a and II.06b. Its text could not be read
while this was written: headings and columns follow `domain.md` of the project and two public
implementations of the form. So check them against the circular, and what has amended it, before a
report is sent.

Days decide, as they do for the on-time share: early is ended on a day before the due day, on time
on the due day, late after it. Every dossier that left is resolved here, also one that was refused,
withdrawn or stopped, since the form has no other column and c1 = c5 + c9. Where a source sent no
due date the one that working time says decides. One that has none either cannot be late: it is in
c7 or c10, and a note says how many there are.
"""

from hub.clock import DAY_US
from hub.definitions.contract import Doc
from hub.figures.kpi import ByRole
from hub.reports.report import Column, Equation
from stream_jobs.dossier_terms import DIMS as KPI_DIMS
from stream_jobs.facts.dossier import DUE_DAY, RESOLVER

SOURCE = Doc(
    "Thông tư 01/2020/TT-VPCP, chưa đối chiếu được với văn bản gốc",
    "Circular 01/2020/TT-VPCP, not checked against its text",
)
UNIT_OF_COUNT = Doc("Số hồ sơ TTHC", "dossiers")
ROLE = "resolved_by"
_RESOLVER_SINCE = "CASE WHEN resolved_by IS NULL THEN received_at ELSE ended_at END"
DIMS: dict[str, str | ByRole] = {
    **{name: column for name, column in KPI_DIMS.items() if name != "field"},
    "unit": ByRole(
        {"received_by": "received_by", "resolved_by": RESOLVER},
        since={"received_by": "received_at", RESOLVER: _RESOLVER_SINCE},
    ),
}

WITHIN = "received_at < {until} AND (left_at IS NULL OR left_at >= {start})"
_NEW = "received_at >= {start}"
_LEFT = "left_at IS NOT NULL AND left_at < {until}"
_STAYED = "(left_at IS NULL OR left_at >= {until})"

_IN = Doc("Số hồ sơ tiếp nhận", "Received")
_DONE = Doc("Số hồ sơ đã giải quyết", "Resolved")
_OPEN = Doc("Số hồ sơ đang giải quyết", "In progress")
_TOTAL = Doc("Tổng số", "Total")


def _column(
    number: int, title: Doc, meaning: Doc, where: str, group: Doc, *counts_as: str
) -> Column:
    return Column(f"c{number}", title, meaning, where, group, counts_as)


COLUMNS = (
    _column(
        1,
        _TOTAL,
        Doc(
            "Hồ sơ phải giải quyết trong kỳ: mới tiếp nhận và kỳ trước chuyển qua",
            "To be dealt with in the period: newly received, and carried over",
        ),
        WITHIN,
        _IN,
        "dossier_received.numerator",
        "dossier_online_share.denominator",
    ),
    _column(
        2,
        Doc("Trực tuyến", "Online"),
        Doc("Mới tiếp nhận trong kỳ, trực tuyến", "Newly received, online"),
        f"{_NEW} AND channel = 'online'",
        _IN,
        "dossier_online_share.numerator",
        "dossier_online_share_new.numerator",
    ),
    _column(
        3,
        Doc("Trực tiếp, bưu chính", "Counter, post"),
        Doc(
            "Mới tiếp nhận trong kỳ, trực tiếp hoặc qua bưu chính công ích",
            "Newly received, at a counter or by post",
        ),
        f"{_NEW} AND channel IN ('counter', 'post')",
        _IN,
    ),
    _column(
        4,
        Doc("Từ kỳ trước", "Carried over"),
        Doc("Đang giải quyết khi kỳ bắt đầu", "In progress when the period began"),
        "received_at < {start}",
        _IN,
        "dossier_carried_over.numerator",
    ),
    _column(
        5,
        _TOTAL,
        Doc(
            "Kết thúc trong kỳ: giải quyết xong, từ chối, rút hoặc dừng xử lý",
            "Ended in the period: resolved, refused, withdrawn or stopped",
        ),
        _LEFT,
        _DONE,
    ),
    _column(
        6,
        Doc("Trước hạn", "Early"),
        Doc("Kết thúc trước ngày hẹn trả", "Ended on a day before the due day"),
        f"{_LEFT} AND due_at IS NOT NULL AND ended_at < {DUE_DAY}",
        _DONE,
    ),
    _column(
        7,
        Doc("Đúng hạn", "On time"),
        Doc(
            "Kết thúc trong ngày hẹn trả, hoặc không có ngày hẹn",
            "Ended on the due day, or has no due date",
        ),
        f"{_LEFT} AND (due_at IS NULL OR"
        f" (ended_at >= {DUE_DAY} AND ended_at < {DUE_DAY} + {DAY_US}))",
        _DONE,
    ),
    _column(
        8,
        Doc("Quá hạn", "Late"),
        Doc("Kết thúc sau ngày hẹn trả", "Ended on a day after the due day"),
        f"{_LEFT} AND due_at IS NOT NULL AND ended_at >= {DUE_DAY} + {DAY_US}",
        _DONE,
    ),
    _column(
        9,
        _TOTAL,
        Doc("Chưa kết thúc khi hết kỳ", "Not ended at the end of the period"),
        _STAYED,
        _OPEN,
        "dossier_in_progress.numerator",
    ),
    _column(
        10,
        Doc("Trong hạn", "In time"),
        Doc(
            "Chưa kết thúc và chưa qua ngày hẹn trả, hoặc không có ngày hẹn",
            "Not ended and not past the due day, or without a due date",
        ),
        f"{_STAYED} AND (overdue_at IS NULL OR overdue_at >= {{until}})",
        _OPEN,
    ),
    _column(
        11,
        Doc("Quá hạn", "Overdue"),
        Doc("Chưa kết thúc và đã qua ngày hẹn trả", "Not ended and past the due day"),
        f"{_STAYED} AND overdue_at IS NOT NULL AND overdue_at < {{until}}",
        _OPEN,
        "dossier_overdue.numerator",
    ),
)
EQUATIONS = (
    Equation("c1", ("c2", "c3", "c4")),
    Equation("c1", ("c5", "c9")),
    Equation("c5", ("c6", "c7", "c8")),
    Equation("c9", ("c10", "c11")),
)
CARRIED = ("c4", "c9")
NOTES = (
    Column(
        "without_due",
        Doc("Không có ngày hẹn trả", "Without a due date"),
        Doc("Trong cột 1, không có ngày hẹn trả", "Of c1, those without a due date"),
        "due_at IS NULL",
    ),
    Column(
        "not_decided",
        Doc("Từ chối, rút, dừng xử lý", "Refused, withdrawn, stopped"),
        Doc(
            "Trong cột 5, từ chối, rút hoặc dừng xử lý",
            "Of c5, those refused, withdrawn or stopped",
        ),
        f"{_LEFT} AND end_kind IN ('refused', 'withdrawn', 'stopped')",
    ),
)
