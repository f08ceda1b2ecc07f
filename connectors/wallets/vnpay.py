"""Callbacks (IPN) as VNPAY sends them, version 2.1.0: a signed query, answered by `RspCode`.

Source: VNPAY, Hướng dẫn tích hợp Cổng thanh toán, part IPN URL. `vnp_SecureHash` is the HMAC-SHA512
of all other parameters, by name, each as `name=value` in the form of a query. `vnp_Amount` is in
hundredths of a đồng, `vnp_PayDate` of Vietnam's time. Only where both `vnp_ResponseCode` and
`vnp_TransactionStatus` are 00 was anything paid.
"""

import hmac
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, quote_plus

from connectors.wallets.dialect import Dialect, Outcome, Parameters
from connectors.wallets.paying import Paid, record_of
from hub.connecting.feeds import Record

SIGNATURE = "vnp_SecureHash"
_UNSIGNED = (SIGNATURE, "vnp_SecureHashType")
DONE = "00"
PARAMETERS_MAX = 64
_KEPT = (
    *("vnp_TmnCode", "vnp_TransactionNo", "vnp_Amount", "vnp_PayDate", "vnp_ResponseCode"),
    *("vnp_TransactionStatus", "vnp_BankCode"),
)
_TOLD: Mapping[Outcome, tuple[str, str]] = {
    "confirmed": ("00", "Confirm Success"),
    "already": ("02", "Order already confirmed"),
    "not_found": ("01", "Order not found"),
    "other_amount": ("04", "Invalid amount"),
    "bad_signature": ("97", "Invalid signature"),
    "busy": ("99", "Busy, call again"),
    "unknown": ("99", "Unknown error"),
}


def parse(query: str) -> Parameters | None:
    """Read a query; None where it is none, or where a parameter comes twice."""
    try:
        pairs = parse_qsl(
            query,
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=PARAMETERS_MAX,
        )
    except ValueError:
        return None
    parameters = dict(pairs)
    return parameters if len(parameters) == len(pairs) else None


def signature(parameters: Parameters, secret: bytes) -> str:
    """Give the signature of a callback: HMAC-SHA512 in hexadecimal."""
    signed = sorted((n, v) for n, v in parameters.items() if n not in _UNSIGNED and v)
    text = "&".join(f"{quote_plus(n)}={quote_plus(v)}" for n, v in signed)
    return hmac.new(secret, text.encode(), "sha512").hexdigest()


def is_signed(parameters: Parameters, secrets: Sequence[bytes]) -> bool:
    """Tell whether a callback is signed by one of the secrets; each is compared whole."""
    shown = parameters.get(SIGNATURE, "").lower().encode()
    matches = [hmac.compare_digest(signature(parameters, s).encode(), shown) for s in secrets]
    return any(matches)


def is_paid(parameters: Parameters) -> bool:
    """Tell whether a callback says that something was paid."""
    names = ("vnp_ResponseCode", "vnp_TransactionStatus")
    return all(parameters.get(name) == DONE for name in names)


def record(parameters: Parameters, place: int = 0) -> Record:
    """Read a signed callback of a payment."""
    paid = Paid(
        texts=(parameters.get("vnp_TxnRef", ""), parameters.get("vnp_OrderInfo", "")),
        amount=parameters.get("vnp_Amount", ""),
        at=parameters.get("vnp_PayDate", ""),
        number=parameters.get("vnp_TransactionNo", ""),
        names=("vnp_TxnRef", "vnp_Amount", "vnp_PayDate"),
        form="[1-9][0-9]{0,13}00",
        beyond=2,
        example=(
            "phải là số tiền nhân 100, ví dụ 5000000 là 50.000 đồng",
            "must be an amount times 100, such as 5000000 for 50,000 đồng",
        ),
    )
    kept = {name: parameters.get(name, "") for name in _KEPT}
    return record_of("vnpay", paid, kept, place)


def answer(_: Parameters, outcome: Outcome) -> Mapping[str, Any]:
    """Write an answer."""
    code, message = _TOLD[outcome]
    return {"RspCode": code, "Message": message}


VNPAY = Dialect(
    "vnpay",
    "GET",
    "/vnpay/ipn",
    parse,
    is_signed,
    "vnp_TmnCode",
    is_paid,
    "vnp_TransactionNo",
    "vnp_Amount",
    record,
    answer,
)
