"""Payment: a statistic already summed by its reporter (thống kê thanh toán)."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from hub.definitions.coded import Coded
from hub.definitions.contract import Count, Doc, Event, Spec, UnitCode
from hub.definitions.fields import Period

# As reporters are called where they are: `PC-ST`, `EVN_SPC`.
ReporterCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._\-]+$", max_length=64)]


class Payment(Event):
    """A statistic of payments, already summed; a higher revision replaces it."""

    spec: ClassVar[Spec] = Spec(
        name="payment",
        title=Doc("Thống kê thanh toán", "Payment statistic"),
        owner="Ngân hàng Nhà nước chi nhánh tỉnh",
        legal_basis="NĐ 278/2025/NĐ-CP",
        personal_data="none",
        key=("reporter", "service", "method", "area", "period"),
        entity=("reporter", "service", "method", "area", "period"),
        occurred="period",
        units=(),
        reporters=("reporter",),
        areas=("area",),
        order_first=("revision",),
    )

    reporter: Annotated[ReporterCode, Doc("Đơn vị báo cáo", "Who reports", example="NH01")]
    service: Annotated[
        Literal["electricity", "water", "tuition", "hospital", "dossier_fee", "other"],
        Doc("Dịch vụ được thanh toán", "Service paid for", ("Dịch vụ",)),
        Coded(
            {
                "electricity": ("điện", "tiền điện"),
                "water": ("nước", "tiền nước"),
                "tuition": ("học phí",),
                "hospital": ("viện phí",),
                "dossier_fee": ("phí, lệ phí hồ sơ", "phí lệ phí hồ sơ"),
                "other": ("khác", "dịch vụ khác"),
            }
        ),
    ]
    method: Annotated[
        Literal["cashless", "collection_point", "cash"],
        Doc(
            "Hình thức: không dùng tiền mặt, điểm thu tiền mặt, tiền mặt",
            "Cashless, cash at an intermediary's collection point, or cash",
        ),
        Coded(
            {
                "cashless": ("không dùng tiền mặt",),
                "collection_point": ("điểm thu tiền mặt", "điểm thu"),
                "cash": ("tiền mặt",),
            }
        ),
    ]
    area: Annotated[UnitCode, Doc("Địa bàn", "Area", example="H57"), Coded(listed="units")]
    period: Annotated[
        Period,
        Doc("Kỳ thống kê: năm, tháng hoặc ngày", "Year, month or day", ("Kỳ", "Kỳ báo cáo")),
    ]
    revision: Annotated[
        Annotated[int, Field(ge=0, le=2**31 - 1)],
        Doc("Lần điều chỉnh; số lớn nhất được tính", "The highest counts", ("Lần báo cáo",)),
    ]
    transactions: Annotated[Count, Doc("Số giao dịch", "Transactions")]
    customers: Annotated[Count, Doc("Số khách hàng", "Customers")]
    amount_vnd: Annotated[
        Annotated[int, Field(ge=0, le=10**16)], Doc("Số tiền, đồng", "Amount in whole đồng")
    ]
