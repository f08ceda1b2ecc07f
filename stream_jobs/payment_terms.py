"""What the payment KPIs share."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from hub.figures.reported import Reported

OWNER = "Ngân hàng Nhà nước chi nhánh tỉnh"
DIMS = {"service": "service", "method": "method", "reporter": "reporter", "area": "area"}
METHODS = ("cashless", "collection_point", "cash")


@dataclass(frozen=True)
class Statistic(Reported):
    """Statistics of payments that were made by some methods."""

    methods: tuple[str, ...]

    @property
    def only(self) -> Mapping[str, tuple[str, ...]]:
        """Those by these methods."""
        return {"method": self.methods}

    def without(self, other: Reported) -> "Statistic | None":
        """Give those by other methods than another term's."""
        gone = other.only.get("method", METHODS)
        methods = tuple(m for m in self.methods if m not in gone)
        return replace(self, methods=methods) if methods else None


def customers(*methods: str) -> Statistic:
    """Count customers as reported, by these methods."""
    return Statistic("payment.customers", methods)


def transactions(*methods: str) -> Statistic:
    """Count payments, by these methods."""
    return Statistic("payment.transactions", methods)


def amount(*methods: str) -> Statistic:
    """Sum đồng, by these methods."""
    return Statistic("payment.amount_vnd", methods)
