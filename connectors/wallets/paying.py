"""Paying: what every dialect's callback of a payment comes to: one event of a fee, or a verdict."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from hub.clock import VIETNAM
from hub.connecting.feeds import JsonObject, Record
from hub.definitions.admission import Verdict, unreadable
from hub.sheets.files import with_id
from schemas.fee_reference import find_reference

DONG = ("", "VND", "704")  # ISO 4217
# What is kept of a value: no words of payers, neither card nor account.
PLAIN = re.compile(r"[A-Za-z0-9]{1,64}")


@dataclass(frozen=True)
class Paid:
    """A payment as a gateway tells it, and the names of its fields there.

    `amount` has the form `form`, of which the last digits `beyond` are parts of a đồng. `currency`
    is the name of the field that says its money, and what that says: nothing, or đồng.
    """

    texts: tuple[str, ...]
    amount: str
    at: str
    number: str
    names: tuple[str, str, str]
    form: str
    beyond: int
    example: tuple[str, str]
    currency: tuple[str, str] = ("", "")


def record_of(dialect: str, paid: Paid, parameters: Mapping[str, str], place: int) -> Record:
    """Make a payment a record; of one that is rejected its plain values are kept."""
    kept = {n: v for n, v in parameters.items() if PLAIN.fullmatch(v)}
    known_by = f"{dialect}:{paid.number}".encode()
    read, original = _read(paid), json.dumps(kept).encode()
    if isinstance(read, Verdict):
        return Record(original, (), replace(read, index=place), place, known_by)
    return Record(original, (read,), None, place, known_by)


def unsigned(field: str, place: int = 0) -> Record:
    """Give the record of what nobody known has signed: nothing of it is kept."""
    vi = "chữ ký không đúng: không phải do cổng thanh toán gửi, hoặc khóa bí mật đã đổi"
    en = "the signature is wrong: the gateway did not send it, or the secret is another one"
    return Record(b"{}", (), unreadable("bad_signature", field, "", vi, en), place)


def _read(paid: Paid) -> JsonObject | Verdict:
    """Read the payment; nothing of what the payer wrote is in a message."""
    reference_name, amount_name, at_name = paid.names
    reference = next((r for text in paid.texts if (r := find_reference(text))), None)
    if reference is None:
        vi = "không có mã khoản thu, đúng là như “H57.132-250517-0001 LP01”; nội dung không được"
        vi += " giữ, hãy tra ở cổng thanh toán theo mã giao dịch"
        en = "there is no reference of a fee such as “H57.132-250517-0001 LP01”; its words are not"
        en += " kept, look for it at the gateway by the transaction's number"
        return unreadable("no_reference", reference_name, "", vi, en)
    if not re.fullmatch(paid.form, paid.amount):
        vi, en = paid.example
        return unreadable("not_an_amount", amount_name, _plain(paid.amount), vi, en)
    name, currency = paid.currency
    if currency.upper() not in DONG:
        vi, en = "phải là đồng (VND)", "must be VND"
        return unreadable("unknown_unit", name, _plain(currency), vi, en)
    try:
        if not re.fullmatch("[0-9]{14}", paid.at):
            raise ValueError(paid.at)
        at = datetime.strptime(paid.at, "%Y%m%d%H%M%S").replace(tzinfo=VIETNAM)
    except ValueError:
        vi = "phải là yyyyMMddHHmmss theo giờ Việt Nam, ví dụ 20250517233000"
        en = "must be yyyyMMddHHmmss of Vietnam's time, such as 20250517233000"
        return unreadable("malformed_instant", at_name, _plain(paid.at), vi, en)
    return with_id(
        {
            "dossier_code": reference.dossier_code,
            "fee_code": reference.fee_code,
            "unit": reference.unit,
            "kind": "paid",
            "occurred_at": at.isoformat(),
            "amount_vnd": int(paid.amount[: len(paid.amount) - paid.beyond]),
            "transaction_id": paid.number,
            "channel": "online",
        }
    )


def _plain(value: str) -> str:
    return value if PLAIN.fullmatch(value) else ""
