"""Fee: what was assessed, paid, refunded or receipted of one fee of a dossier (phí, lệ phí)."""

from datetime import date
from typing import Annotated, ClassVar, Literal

import polars as pl
from pydantic import Field, StringConstraints

from hub.definitions.coded import Coded
from hub.definitions.contract import COUNT_MAX, Doc, Event, EventId, Instant, Rule, Spec, UnitCode
from hub.definitions.fields import WrittenDay
from schemas.contracts.dossier import DossierCode

# Numbers of transactions and receipts as banks and offices print them: `FT25150/7`, `AA-0012345`.
DocumentNumber = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9./_\-]{1,64}$")]
FeeCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._\-]{1,32}$")]
KINDS = {
    "assessed": ("xác định mức thu", "phải thu"),
    "paid": ("đã nộp", "nộp tiền"),
    "refunded": ("hoàn phí", "hoàn trả"),
    "receipt_issued": ("phát hành biên lai", "lập biên lai"),
    "receipt_cancelled": ("hủy biên lai",),
    "retracted": ("rút lại sự kiện", "hủy sự kiện"),
}
_MONEY = ("transaction_id", "channel", "amount_vnd")


def _is_on_the_calendar(event: "Fee") -> bool:
    try:
        date.fromisoformat(event.settled_on or "2000-01-01")
    except ValueError:
        return False
    return True


_SETTLED = Rule(
    "no_such_day",
    "settled_on",
    _is_on_the_calendar,
    pl.col("settled_on").is_null() | pl.col("settled_on").str.to_date(strict=False).is_not_null(),
    Doc("ngày không có trên lịch", "is not on the calendar"),
)


class Fee(Event):
    """Something happened to one fee of a dossier. The last word on a document counts."""

    spec: ClassVar[Spec] = Spec(
        name="fee",
        title=Doc("Phí, lệ phí hồ sơ", "Dossier fee"),
        owner="Sở Tài chính",
        legal_basis="Luật Phí và lệ phí 97/2015/QH13",
        personal_data="none",
        key=("dossier_code",),
        entity=("dossier_code", "fee_code"),
        occurred="occurred_at",
        units=("unit",),
        needs={
            "assessed": ("amount_vnd",),
            "paid": _MONEY,
            "refunded": _MONEY,
            "receipt_issued": ("receipt_number", "amount_vnd"),
            "receipt_cancelled": ("receipt_number",),
            "retracted": ("retracts",),
        },
        rules=(_SETTLED,),
        retracting_kind="retracted",
    )

    dossier_code: Annotated[
        DossierCode, Doc("Mã hồ sơ", "Dossier code", example="H57.132-230517-0001")
    ]
    fee_code: Annotated[
        FeeCode,
        Doc("Mã khoản thu trong hồ sơ", "Which fee of the dossier", example="LP01"),
    ]
    unit: Annotated[
        UnitCode,
        Doc("Đơn vị thu", "Unit that collects it", example="H57.132"),
        Coded(listed="units"),
    ]
    kind: Annotated[
        Literal["assessed", "paid", "refunded", "receipt_issued", "receipt_cancelled", "retracted"],
        Doc("Việc đã xảy ra với khoản thu", "What happened to the fee"),
        Coded(KINDS),
    ]
    occurred_at: Annotated[Instant, Doc("Thời điểm xảy ra", "When it happened")]
    amount_vnd: Annotated[
        Annotated[int, Field(ge=0, le=COUNT_MAX)] | None,
        Doc("Số tiền, đồng", "Amount in whole đồng"),
    ] = None
    transaction_id: Annotated[
        DocumentNumber | None,
        Doc("Mã giao dịch", "Transaction, a refund having its own", example="FT25150-7"),
    ] = None
    receipt_number: Annotated[
        DocumentNumber | None,
        Doc("Số biên lai", "Receipt number", example="AA-0012345"),
    ] = None
    channel: Annotated[
        Literal["online", "bank", "cash"] | None,
        Doc("Hình thức nộp: trực tuyến, qua ngân hàng, tiền mặt", "Online, by bank, or cash"),
        Coded(
            {
                "online": ("trực tuyến",),
                "bank": ("qua ngân hàng", "chuyển khoản"),
                "cash": ("tiền mặt",),
            }
        ),
    ] = None
    settled_on: Annotated[
        WrittenDay | None,
        Doc(
            "Ngày ngân hàng quyết toán, sau giờ chốt là ngày sau",
            "Day on which the bank settled it; after its cut-off, the day after",
            example="2025-05-31",
        ),
    ] = None
    retracts: Annotated[
        EventId | None,
        Doc("Mã sự kiện bị rút lại", "The event that this one withdraws"),
    ] = None
