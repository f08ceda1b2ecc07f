"""What the payment KPIs share."""

from hub.figures.terms import Statistic

OWNER = "Ngân hàng Nhà nước chi nhánh tỉnh"
DIMS = {"service": "service", "method": "method", "reporter": "reporter", "area": "area"}
METHODS = ("cashless", "collection_point", "cash")


def customers(*methods: str) -> Statistic:
    """Count customers as reported, by these methods."""
    return Statistic("payment.customers", methods)


def amount(*methods: str) -> Statistic:
    """Sum đồng, by these methods."""
    return Statistic("payment.amount_vnd", methods)
