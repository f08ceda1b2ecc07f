"""How dossier, transaction and receipt of a fee match: a closed list of classes.

Every fee is in exactly one, the first that holds. A is what the dossier says is to be paid, N what
transactions say was paid less refunded, R what receipts that were not cancelled say.
"""

from dataclasses import dataclass
from typing import Any

from hub.definitions.contract import Doc

_OFFICE = Doc("Bộ phận một cửa của đơn vị thu", "One-stop desk of the collecting unit")
_BOOKS = Doc("Kế toán của đơn vị thu", "Accountant of the collecting unit")
_BANK = Doc("Ngân hàng, trung gian thanh toán", "Bank or payment intermediary")


@dataclass(frozen=True)
class Match:
    """A class: its name, what it means, what is to be done next and by whom.

    `is_open` says whether somebody has something to do; what is not open has no đồng unmatched.
    """

    title: Doc
    means: Doc
    step: Doc
    owner: Doc
    is_open: bool = True


_NOTHING = Doc("Không phải làm gì", "Nothing is to be done")
_REFUND = Doc("Hoàn trả phần thừa", "Refund what is too much")

MATCHES = {
    "unassessed": Match(
        Doc("Có tiền hoặc biên lai, không có mức thu", "Not assessed"),
        Doc("N hoặc R khác 0, hồ sơ không có mức thu", "N or R is not 0, and nothing was assessed"),
        Doc("Ghi mức thu, hoặc hoàn tiền và hủy biên lai", "Assess it, or refund and cancel"),
        _OFFICE,
    ),
    "refund_exceeds": Match(
        Doc("Hoàn nhiều hơn đã nộp", "More refunded than paid"),
        Doc("N < 0", "N < 0"),
        Doc("Tìm lần nộp còn thiếu, hoặc thu hồi", "Find the missing payment, or take it back"),
        _BOOKS,
    ),
    "paid_twice": Match(
        Doc("Nộp hai lần", "Paid twice"),
        Doc(
            "N > A, có hai giao dịch cùng số tiền",
            "N > A, and two transactions are of the same amount",
        ),
        _REFUND,
        _BOOKS,
    ),
    "overpaid": Match(
        Doc("Nộp thừa hoặc mức thu đã giảm", "Overpaid, or assessed lower since"),
        Doc("N > A", "N > A"),
        _REFUND,
        _BOOKS,
    ),
    "cash_unrecorded": Match(
        Doc("Có biên lai, không có giao dịch", "Receipt without a transaction"),
        Doc("R > 0, chưa có lần nộp nào", "R > 0, and nothing was ever paid"),
        Doc("Ghi tiền mặt đã thu, hoặc hủy biên lai", "Record the cash, or cancel the receipt"),
        _OFFICE,
    ),
    "receipt_stands": Match(
        Doc("Đã hoàn tiền, biên lai vẫn còn", "Refunded, the receipt stands"),
        Doc("R > N sau khi hoàn", "R > N after a refund"),
        Doc("Hủy, lập lại biên lai theo số còn lại", "Cancel it, issue one for what is left"),
        _BOOKS,
    ),
    "unpaid": Match(
        Doc("Chưa nộp", "Unpaid"),
        Doc("N = 0 < A", "N = 0 < A"),
        Doc("Nhắc người nộp hồ sơ", "Remind the applicant"),
        _OFFICE,
    ),
    "underpaid": Match(
        Doc("Nộp thiếu", "Underpaid"),
        Doc("0 < N < A", "0 < N < A"),
        Doc("Thu phần còn thiếu", "Collect the rest"),
        _OFFICE,
    ),
    "receipt_missing": Match(
        Doc("Đã nộp, chưa có biên lai", "Paid, without a receipt"),
        Doc("N = A, R = 0", "N = A, R = 0"),
        Doc("Phát hành biên lai", "Issue the receipt"),
        _BOOKS,
    ),
    "receipt_differs": Match(
        Doc("Biên lai khác số tiền", "The receipt's amount differs"),
        Doc("N = A, R khác", "N = A, R is another amount"),
        Doc("Hủy, lập lại biên lai", "Cancel the receipt, issue it anew"),
        _BOOKS,
    ),
    "unsettled": Match(
        Doc("Ngân hàng chưa quyết toán", "Not settled by the bank"),
        Doc(
            "A = N = R, có giao dịch không phải tiền mặt chưa có ngày quyết toán",
            "A = N = R, and a transaction other than cash has no settled day",
        ),
        Doc("Đối chiếu sao kê, hỏi ngân hàng", "Look at the statement, ask the bank"),
        _BANK,
    ),
    "cut_off": Match(
        Doc("Quyết toán ngày khác", "Settled on another day"),
        Doc(
            "A = N = R, ngày quyết toán khác ngày nộp vì giờ chốt của ngân hàng",
            "A = N = R; by the bank's cut-off the settled day is not the day of payment",
        ),
        _NOTHING,
        _BANK,
        is_open=False,
    ),
    "matched": Match(
        Doc("Khớp", "Matched"),
        Doc("A = N = R", "A = N = R"),
        _NOTHING,
        _BOOKS,
        is_open=False,
    ),
}


def judge(fee: dict[str, Any], *, is_repeated: bool, is_other_day: bool) -> str:
    """Name the class of a fee, in plain Python; the fact says the same in columns."""
    assessed, net, receipted = fee["assessed_vnd"], fee["net_vnd"], fee["receipted_vnd"]
    if assessed is None:
        if net or receipted:
            return "unassessed"
        assessed = 0
    if net < 0:
        return "refund_exceeds"
    if net > assessed:
        return "paid_twice" if is_repeated else "overpaid"
    if receipted > 0 and fee["paid_vnd"] == 0:
        return "cash_unrecorded"
    if receipted > net and fee["refunded_vnd"] > 0:
        return "receipt_stands"
    if net < assessed:
        return "underpaid" if net else "unpaid"
    if receipted != net:
        return "receipt_differs" if receipted else "receipt_missing"
    if fee["unsettled_vnd"]:
        return "unsettled"
    return "cut_off" if is_other_day else "matched"
