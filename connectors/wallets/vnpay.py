"""Callbacks (IPN) as VNPAY sends them, version 2.1.0: a signed query, read as a payment of a fee.

Source: VNPAY, Hướng dẫn tích hợp Cổng thanh toán, part IPN URL. `vnp_SecureHash` is the HMAC-SHA512
of all other parameters, by name, each as `name=value` in the form of a query. `vnp_Amount` is in
hundredths of a đồng, `vnp_PayDate` of Vietnam's time. Only where both `vnp_ResponseCode` and
`vnp_TransactionStatus` are 00 was anything paid.
"""

import hmac
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import parse_qsl, quote_plus

from hub.clock import VIETNAM
from hub.connecting.feeds import JsonObject, Record
from hub.definitions.admission import Verdict, unreadable
from hub.sheets.files import with_id
from schemas.fee_reference import find_reference

SIGNATURE = "vnp_SecureHash"
_UNSIGNED = (SIGNATURE, "vnp_SecureHashType")
DONE = "00"
PARAMETERS_MAX = 64
# What is kept of a callback that is rejected: no words of the payer, neither card nor account.
_KEPT = (
    *("vnp_TmnCode", "vnp_TransactionNo", "vnp_Amount", "vnp_PayDate", "vnp_ResponseCode"),
    *("vnp_TransactionStatus", "vnp_BankCode"),
)
_PLAIN = re.compile(r"[A-Za-z0-9]{1,64}")
Parameters = Mapping[str, str]


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


def number_of(parameters: Parameters) -> str:
    """Give the transaction's number at the gateway, by which it is known again."""
    return parameters.get("vnp_TransactionNo", "")


def record_of(parameters: Parameters, place: int = 0) -> Record:
    """Make a signed callback of a payment a record: an event, or why it cannot be one."""
    kept = {n: v for n in _KEPT if _PLAIN.fullmatch(v := parameters.get(n, ""))}
    original = json.dumps(kept).encode()
    known_by = f"vnpay:{number_of(parameters)}".encode()
    read = _read(parameters)
    if isinstance(read, Verdict):
        return Record(original, (), read, place, known_by)
    return Record(original, (read,), None, place, known_by)


def unsigned(place: int = 0) -> Record:
    """Give the record of what nobody known has signed: nothing of it is kept."""
    vi = "chữ ký không đúng: không phải do cổng thanh toán gửi, hoặc khóa bí mật đã đổi"
    en = "the signature is wrong: the gateway did not send it, or the secret is another one"
    return Record(b"{}", (), unreadable("bad_signature", SIGNATURE, "", vi, en), place)


def _read(parameters: Parameters) -> JsonObject | Verdict:
    """Read the payment; nothing of what the payer wrote is in a message."""
    reference = find_reference(parameters.get("vnp_TxnRef", "")) or find_reference(
        parameters.get("vnp_OrderInfo", "")
    )
    if reference is None:
        vi = "không có mã khoản thu, đúng là như “H57.132-250517-0001 LP01”; nội dung không được"
        vi += " giữ, hãy tra theo vnp_TransactionNo"
        en = "there is no reference of a fee such as “H57.132-250517-0001 LP01”; its words are not"
        en += " kept, look for it by vnp_TransactionNo"
        return unreadable("no_reference", "vnp_TxnRef", "", vi, en)
    amount = parameters.get("vnp_Amount", "")
    if not re.fullmatch(r"[1-9][0-9]{0,13}00", amount):
        vi = "phải là số tiền nhân 100, ví dụ 5000000 là 50.000 đồng"
        en = "must be an amount times 100, such as 5000000 for 50,000 đồng"
        return unreadable("not_an_amount", "vnp_Amount", _plain(amount), vi, en)
    pay_date = parameters.get("vnp_PayDate", "")
    try:
        if not re.fullmatch("[0-9]{14}", pay_date):
            raise ValueError(pay_date)
        at = datetime.strptime(pay_date, "%Y%m%d%H%M%S").replace(tzinfo=VIETNAM)
    except ValueError:
        vi = "phải là yyyyMMddHHmmss theo giờ Việt Nam, ví dụ 20250517233000"
        en = "must be yyyyMMddHHmmss of Vietnam's time, such as 20250517233000"
        return unreadable("malformed_instant", "vnp_PayDate", _plain(pay_date), vi, en)
    return with_id(
        {
            "dossier_code": reference.dossier_code,
            "fee_code": reference.fee_code,
            "unit": reference.unit,
            "kind": "paid",
            "occurred_at": at.isoformat(),
            "amount_vnd": int(amount) // 100,
            "transaction_id": number_of(parameters),
            "channel": "online",
        }
    )


def _plain(value: str) -> str:
    return value if _PLAIN.fullmatch(value) else ""
