"""The set of indices of Quyết định 766/QĐ-TTg of 23 June 2022, on serving people and businesses.

Its annex was not at hand. That it has 100 points, that 18 are for openness, 20 for progress, 12 for
online services, 22 for digitised dossiers and 18 for satisfaction, and that 6 of those 18 are for
how dossiers were dealt with, is by public summaries and by software that shows it; that online
payment has the 10 left over follows from that. What each share divides is read in several ways in
use: each is a reading here. So check points and formulas against the annex before a score is used.
"""

from decimal import Decimal

from hub.clock import DAY_US
from hub.definitions.contract import Doc
from hub.reports.index import COMPUTED, SENT, Component, Index, Reading, Rule
from stream_jobs.dossier_columns import DIMS, ROLE
from stream_jobs.facts.dossier import DUE_DAY
from stream_jobs.payment_terms import METHODS, Statistic

_NEW = "received_at >= {start} AND received_at < {until}"
_RESOLVED = "is_on_time IS NOT NULL AND ended_at >= {start} AND ended_at < {until}"
_DONE = "end_kind IN ('resolved', 'returned') AND ended_at >= {start} AND ended_at < {until}"
_SYNCED = "synced_at IS NOT NULL AND synced_at < {until}"
_OPEN_LATE = (
    "overdue_at IS NOT NULL AND overdue_at < {until} AND (left_at IS NULL OR left_at >= {until})"
)
# By computed due dates: the column due_at holds those then.
_IN_TIME = f"due_at IS NOT NULL AND ended_at < {DUE_DAY} + {DAY_US}"
_OFFERED = "service_level IN ('full', 'partial')"


def _fees(*methods: str) -> Statistic:
    return Statistic("payment.transactions", methods)


INDEX = Index(
    number="766/QĐ-TTg",
    title=Doc(
        "Bộ chỉ số phục vụ người dân, doanh nghiệp", "Indices of serving people and businesses"
    ),
    version="2022-06-23",
    source=Doc(
        "Quyết định 766/QĐ-TTg ngày 23/6/2022, theo nguồn thứ cấp, cần đối chiếu phụ lục",
        "Decision 766/QĐ-TTg of 23 June 2022 by secondary sources: check against its annex",
    ),
    contract="dossier",
    components=(
        Component(
            "openness",
            Doc("Công khai, minh bạch", "Openness"),
            Decimal(18),
            (
                Reading(
                    "new",
                    Doc(
                        "Đã đồng bộ / mới tiếp nhận trong kỳ",
                        "synced / newly received in the period",
                    ),
                    Decimal(18),
                    _SYNCED,
                    _NEW,
                ),
                Reading(
                    "all",
                    Doc(
                        "Đã đồng bộ / mọi hồ sơ đã tiếp nhận đến cuối kỳ",
                        "synced / all received up to the end of the period",
                    ),
                    Decimal(18),
                    _SYNCED,
                    "received_at < {until}",
                ),
            ),
            lacking=Doc(
                "Thủ tục công bố, công khai đúng hạn, đủ nội dung (từ 4 điểm): chưa có dữ liệu",
                "Procedures published in time and in full (4 points or more): no data",
            ),
        ),
        Component(
            "progress",
            Doc("Tiến độ, kết quả giải quyết", "Progress"),
            Decimal(20),
            (
                Reading(
                    "resolved",
                    Doc("Trước và đúng hạn / đã giải quyết", "early and on time / resolved"),
                    Decimal(20),
                    "is_on_time = 1",
                    _RESOLVED,
                ),
                Reading(
                    "with_open",
                    Doc(
                        "Trước và đúng hạn / đã giải quyết và đang quá hạn",
                        "early and on time / resolved, and overdue now",
                    ),
                    Decimal(20),
                    f"is_on_time = 1 AND {_RESOLVED}",
                    f"({_RESOLVED}) OR ({_OPEN_LATE})",
                ),
                Reading(
                    "computed",
                    Doc(
                        "Như thứ nhất, theo hạn tính lại theo lịch làm việc",
                        "as the first, by due dates that working time says",
                    ),
                    Decimal(20),
                    _IN_TIME,
                    f"{_DONE} AND due_at IS NOT NULL",
                    is_computed=True,
                ),
                Reading(
                    "portal",
                    Doc(
                        "Như thứ nhất, chỉ hồ sơ đã lên Cổng quốc gia",
                        "as the first, of dossiers on the national portal alone",
                    ),
                    Decimal(20),
                    "is_on_time = 1",
                    f"{_RESOLVED} AND {_SYNCED}",
                ),
            ),
            portal="portal",
        ),
        Component(
            "online",
            Doc("Cung cấp dịch vụ trực tuyến", "Online services"),
            Decimal(12),
            (
                Reading(
                    "offered",
                    Doc(
                        "Trực tuyến / mới tiếp nhận của thủ tục có trực tuyến",
                        "online / newly received of procedures that are online",
                    ),
                    Decimal(12),
                    "channel = 'online'",
                    f"{_NEW} AND {_OFFERED}",
                ),
                Reading(
                    "new",
                    Doc("Trực tuyến / mới tiếp nhận", "online / newly received"),
                    Decimal(12),
                    "channel = 'online'",
                    _NEW,
                ),
                Reading(
                    "received",
                    Doc(
                        "Trực tuyến / tiếp nhận, kể cả kỳ trước chuyển qua",
                        "online / received, carried over included",
                    ),
                    Decimal(12),
                    f"channel = 'online' AND {_NEW}",
                    "received_at < {until} AND (left_at IS NULL OR left_at >= {start})",
                ),
                Reading(
                    "portal",
                    Doc(
                        "Như thứ nhất, chỉ hồ sơ đã lên Cổng quốc gia",
                        "as the first, of dossiers on the national portal alone",
                    ),
                    Decimal(12),
                    "channel = 'online'",
                    f"{_NEW} AND {_OFFERED} AND {_SYNCED}",
                ),
            ),
            portal="portal",
        ),
        Component(
            "payment",
            Doc("Thanh toán trực tuyến", "Online payment"),
            Decimal(10),
            (
                Reading(
                    "fees",
                    Doc(
                        "Giao dịch lệ phí không tiền mặt / giao dịch lệ phí, theo thống kê",
                        "cashless fee payments / fee payments, by statistics",
                    ),
                    Decimal(10),
                    terms=(_fees("cashless"), _fees(*METHODS)),
                    where={"service": "dossier_fee"},
                ),
            ),
            lacking=Doc(
                "Thanh toán theo từng hồ sơ, từng đơn vị: chưa có dữ liệu",
                "payments by dossier and by unit: no data",
            ),
        ),
        Component(
            "satisfaction",
            Doc("Mức độ hài lòng", "Satisfaction"),
            Decimal(18),
            (
                Reading(
                    "part",
                    Doc(
                        "Hài lòng / đã đánh giá, cho 6 điểm của giải quyết hồ sơ",
                        "satisfied / rated, for the 6 points of dealing with dossiers",
                    ),
                    Decimal(6),
                    "is_satisfied = 1",
                    "rated_at >= {start} AND rated_at < {until}",
                ),
                Reading(
                    "whole",
                    Doc(
                        "Hài lòng / đã đánh giá, cho cả 18 điểm",
                        "satisfied / rated, for all 18 points",
                    ),
                    Decimal(18),
                    "is_satisfied = 1",
                    "rated_at >= {start} AND rated_at < {until}",
                ),
            ),
            lacking=Doc(
                "Phản ánh, kiến nghị: xử lý đúng hạn, hài lòng (12 điểm): chưa có dữ liệu",
                "complaints: dealt with in time, to satisfaction (12 points): no data",
            ),
        ),
        Component(
            "digitised",
            Doc("Số hóa hồ sơ", "Digitised dossiers"),
            Decimal(22),
            (),
            lacking=Doc(
                "Số hóa thành phần hồ sơ, kết quả điện tử, tái sử dụng: chưa có dữ liệu",
                "digitised papers, electronic results, their further use: no data",
            ),
        ),
    ),
    rules=(
        Rule(
            "unsynced",
            Doc("Đã giải quyết, chưa lên Cổng quốc gia", "resolved, not on the national portal"),
            "progress",
            f"{_RESOLVED} AND NOT ({_SYNCED})",
        ),
        Rule(
            "other_role",
            Doc(
                "Đơn vị tiếp nhận khác đơn vị giải quyết: tính cho đơn vị khác",
                "received by another unit than it is resolved by: counted under another unit",
            ),
            "progress",
            f"{_RESOLVED} AND resolved_by IS NOT NULL AND resolved_by <> received_by",
        ),
        Rule(
            "other_due",
            Doc(
                "Đúng hạn hay quá hạn khác nhau theo hạn gửi và hạn tính lại",
                "on time by one due date, sent or computed, and late by the other",
            ),
            "progress",
            f"{_DONE} AND {{stored}}is_on_time <> is_on_time",
            is_computed=True,
        ),
        Rule(
            "without_due",
            Doc("Đã giải quyết, không có hạn trả", "resolved, without a due date"),
            "progress",
            f"{_DONE} AND due_at IS NULL",
        ),
        Rule(
            "unsynced_online",
            Doc(
                "Mới tiếp nhận của thủ tục có trực tuyến, chưa lên Cổng quốc gia",
                "newly received of procedures that are online, not on the national portal",
            ),
            "online",
            f"{_NEW} AND {_OFFERED} AND NOT ({_SYNCED})",
        ),
    ),
    within={
        SENT: "received_at IS NOT NULL AND received_at < {until}",
        COMPUTED: f"received_at IS NOT NULL AND {_DONE}",
    },
    dims=DIMS,
    role=ROLE,
    listed="units",
)
