"""What the figures of salinity have in common: how a value came about, and which do not count."""

from hub.definitions.contract import Doc

_METHOD = Doc(
    "tính từ độ dẫn điện và nhiệt độ thì theo PSS-78, TEOS-10, dưới 2 theo Hill 1986, 1 PSU ="
    " 1,002 g/L; không kể số đo bị gắn cờ",
    "of conductivity and temperature by PSS-78, TEOS-10, below 2 by Hill 1986, 1 PSU being"
    " 1.002 g/L; without flagged values",
)


def asked(vi: str, en: str) -> Doc:
    """Write a question about salinity, with the formula that values may have come by."""
    vi, en = vi.removesuffix("?"), en.removesuffix("?")
    return Doc(f"{vi} ({_METHOD.vi})?", f"{en} ({_METHOD.en})?")
