"""Declaring: what a sender says to have sent goes into the log, as an act of the control topic."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import polars as pl

from hub.apply.acts import DECLARED
from hub.clock import Clock
from hub.definitions.contract import Contract, WireField
from hub.definitions.declaration import Declaration
from hub.definitions.own.control import CONTROL
from hub.log.log import Log, Submission
from hub.log.submitting import accepted_at, encode, new_receipt
from hub.reference.periods import parse_period
from hub.troubles import RefusedError

_NUMBERS = ("integer", "thousandths")


class DeclarationError(RefusedError):
    """A declaration cannot be read; `field` is what is wrong with it."""

    def __init__(self, field: str, vi: str, en: str) -> None:
        super().__init__("bad_declaration", f"{field}: {vi}", f"{field}: {en}")
        self.field = field


def read_declaration(
    contract: Contract,
    *,
    period: str = "",
    receipt: str = "",
    count: int | None = None,
    sums: Mapping[str, Decimal] | None = None,
    first_code: str = "",
    last_code: str = "",
    revision: int = 0,
) -> Declaration:
    """Read a declaration about what is sent under a contract. Raises `DeclarationError`."""
    if bool(period) == bool(receipt):
        vi, en = "cần đúng một trong hai: period, receipt", "give one of both: period, receipt"
        raise DeclarationError("period", vi, en)
    if period:
        try:
            parse_period(period)
        except ValueError:
            vi, en = f"{period!r} không phải một kỳ, ví dụ 2023-05-17", "no period: 2023-05-17"
            raise DeclarationError("period", vi, en) from None
    if count is None and not sums and not first_code and not last_code:
        vi = "cần ít nhất một trong: count, sums, first_code, last_code"
        en = "give one at least of count, sums, first_code, last_code"
        raise DeclarationError("count", vi, en)
    if (first_code or last_code) and len(contract.spec.entity) != 1:
        vi, en = f"bản ghi {contract.name} không có mã", f"a {contract.name} has no code"
        raise DeclarationError("first_code" if first_code else "last_code", vi, en)
    return Declaration(
        period,
        receipt,
        count,
        {name: _sum_of(contract, name, value) for name, value in (sums or {}).items()},
        first_code,
        last_code,
        revision,
    )


def _sum_of(contract: Contract, name: str, value: Decimal) -> int:
    fields = {f.name: f for f in summed(contract)}
    if name not in fields:
        known = ", ".join(fields) or "–"
        vi, en = f"không phải trường số ({known})", f"no field of numbers ({known})"
        raise DeclarationError(f"sums.{name}", vi, en)
    scaled = value * 1000 if fields[name].kind == "thousandths" else value
    if scaled != scaled.to_integral_value():
        vi, en = f"{value} có quá nhiều số lẻ", f"{value} has too many decimals"
        raise DeclarationError(f"sums.{name}", vi, en)
    return int(scaled)


def summed(contract: Contract) -> list[WireField]:
    """The fields of a contract whose values add up: numbers that are no revision or flag."""
    passed = {*contract.spec.order_first, *contract.spec.entity}
    return [
        f
        for f in contract.sent
        if f.kind in _NUMBERS and f.name not in passed and "enum" not in f.limits
    ]


def declare(
    log: Log, clock: Clock, contract: Contract, sender: str, by: str, declared: Declaration
) -> str:
    """Append a declaration; give its name. It is in force once applied.

    Raises `LogUnavailableError`.
    """
    at = accepted_at(clock)
    receipt = new_receipt(at)
    event: dict[str, Any] = {
        "event_id": f"declared:{receipt}",
        "recorded_at": None,
        "kind": DECLARED,
        "period": contract.name,
        "closed_at": at,
        "closed_by": by,
        "cut": "",
        "figures": "",
        "silent": "",
        "digest": "-",
        "rows": declared.dump(),
    }
    frame = pl.DataFrame([event], schema={f.name: f.dtype for f in CONTROL.fields})
    batch = encode(CONTROL, sender, frame, receipt, at)
    log.append([Submission(receipt, sender, CONTROL.name, at, 1, 0, [batch])])
    return str(event["event_id"])
