"""Fields: what fields of several contracts hold as text: days, periods, identifiers of their own.

Instants, counts and codes of units are in `hub.definitions.contract`.
"""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, StringConstraints
from pydantic_core import PydanticCustomError


def _is_on_the_calendar(text: str) -> str:
    try:
        date.fromisoformat((text + "-01-01")[:10])
    except ValueError:
        raise PydanticCustomError("malformed_period", "not on the calendar") from None
    return text


# `2023-05-17`. A field that is not the `occurred` of its contract is held to the calendar by a
# `Rule`, which columns need as well (`settled_on` in `schemas/contracts/fee.py`).
WrittenDay = Annotated[str, StringConstraints(pattern=r"^[12][0-9]{3}-[0-9]{2}-[0-9]{2}$")]
# Likewise on the calendar, for `occurred`: a day alone, or a year, a month or a day.
Day = Annotated[WrittenDay, AfterValidator(_is_on_the_calendar)]
Period = Annotated[
    str,
    StringConstraints(pattern=r"^[12][0-9]{3}(-[0-9]{2}(-[0-9]{2})?)?$"),
    AfterValidator(_is_on_the_calendar),
]
# A paper's number (`12/QĐ-UBND`) is none, and neither are words.
PlainId = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_.\-]{1,64}$")]
# Begins with a letter, or is a digest: a telephone number is neither.
NamedId = Annotated[
    str, StringConstraints(pattern=r"^([A-Za-z][0-9A-Za-z_.\-]{0,63}|[0-9a-f]{32})$")
]
