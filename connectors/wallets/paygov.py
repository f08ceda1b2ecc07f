"""Confirmations as the national platform of payments (PayGov, Cổng Dịch vụ công quốc gia) sends
them: JSON, answered by `MaLoi`.

Its specification is not public. Fields, and that `MaXacThuc` is the HMAC-SHA256 of values joined by
`|`, are as OpenCPS 2 has them (VietOpenCPS/opencps-v2, branch `paymentplatform`). Which values are
signed, in which order, differs by release: it is the setting `HUB_WALLETS_PAYGOV_SIGNED`, to be
taken from the province's own agreement **(check)**. `SoTien` is in whole đồng, `ThoiGianGD` is
yyyyMMddHHmmss of Vietnam's time; only `MaLoi` 00 says that anything was paid.
"""

import hmac
import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from connectors.wallets.dialect import Dialect, Outcome, Parameters
from connectors.wallets.paying import Paid, record_of
from hub.connecting.feeds import Record

SIGNATURE, MARK = "MaXacThuc", "|"
SIGNED = (
    "LoaiBanTin,MaLoi,MaDoiTac,MaThamChieu,SoTien,MaTienTe,MaGiaoDich,MaNganHang,ThoiGianGD,"
    "ThongTinGiaoDich"
)
DONE = "00"
FIELDS_MAX = 64
_KEPT = ("MaDoiTac", "MaGiaoDich", "SoTien", "ThoiGianGD", "MaLoi", "MaNganHang")
_ECHOED = ("MaDoiTac", "MaThamChieu", "ThoiGianGD", SIGNATURE)
_MUST_BE_SIGNED = ("MaLoi", "MaThamChieu", "SoTien", "MaGiaoDich")
# Known of its answers are 00 and 99 alone; the words say which.
_TOLD: Mapping[Outcome, tuple[str, str]] = {
    "confirmed": ("00", "Thành công"),
    "already": ("00", "Đã xác nhận trước đó"),
    "not_found": ("99", "Không có mã khoản thu"),
    "other_amount": ("99", "Số tiền không khớp"),
    "bad_signature": ("99", "Mã xác thực không đúng"),
    "busy": ("99", "Đang bận, gửi lại sau"),
    "unknown": ("99", "Các lỗi khác"),
}


def parse(body: str) -> Parameters | None:
    """Read a body: an object of texts and whole numbers; what is neither is left out."""
    try:
        said = json.loads(body, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or len(said) > FIELDS_MAX:
        return None
    return {
        n: str(v) for n, v in said.items() if isinstance(v, str | int) and not isinstance(v, bool)
    }


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    said = dict(pairs)
    if len(said) < len(pairs):
        raise ValueError("a field comes twice")
    return said


def signature(signed: Sequence[str], parameters: Parameters, secret: bytes) -> str:
    """Give the signature over some fields in their order: HMAC-SHA256 in hexadecimal."""
    text = MARK.join(parameters.get(name, "") for name in signed)
    return hmac.new(secret, text.encode("utf-8", "replace"), "sha256").hexdigest()


def _is_signed(signed: Sequence[str], parameters: Parameters, secrets: Sequence[bytes]) -> bool:
    if any(MARK in parameters.get(name, "") for name in signed[:-1]):
        return False  # what stands before and behind it could be moved to another field
    shown = parameters.get(SIGNATURE, "").lower().encode("utf-8", "replace")
    matches = [
        hmac.compare_digest(signature(signed, parameters, s).encode(), shown) for s in secrets
    ]
    return any(matches)


def _is_paid(parameters: Parameters) -> bool:
    return parameters.get("MaLoi") == DONE


def _record(parameters: Parameters, place: int = 0) -> Record:
    paid = Paid(
        texts=(parameters.get("MaThamChieu", ""), parameters.get("ThongTinGiaoDich", "")),
        amount=parameters.get("SoTien", ""),
        at=parameters.get("ThoiGianGD", ""),
        number=parameters.get("MaGiaoDich", ""),
        names=("MaThamChieu", "SoTien", "ThoiGianGD"),
        form="[1-9][0-9]{0,14}",
        beyond=0,
        example=(
            "phải là số đồng nguyên, ví dụ 50000",
            "must be whole đồng, such as 50000",
        ),
        currency=("MaTienTe", parameters.get("MaTienTe", "")),
    )
    return record_of("paygov", paid, {n: parameters.get(n, "") for n in _KEPT}, place)


def _answer(parameters: Parameters, outcome: Outcome) -> Mapping[str, Any]:
    code, words = _TOLD[outcome]
    if outcome == "bad_signature":
        return {"MaLoi": code, "MoTaLoi": words}  # nothing is echoed to whoever that was
    echoed = {name: parameters.get(name, "") for name in _ECHOED}
    return {"MaLoi": code, "MoTaLoi": words, **echoed}


def paygov(signed: str = SIGNED) -> Dialect:
    """Make the dialect in which some fields are signed, names by commas; raises `ValueError`."""
    names = tuple(name.strip() for name in signed.split(","))
    if missing := [name for name in _MUST_BE_SIGNED if name not in names]:
        raise ValueError(f"{', '.join(missing)} must be signed: else anybody could change it")
    return Dialect(
        "paygov",
        "POST",
        "/paygov/ipn",
        parse,
        partial(_is_signed, names),
        "MaDoiTac",
        _is_paid,
        "MaGiaoDich",
        "SoTien",
        _record,
        _answer,
    )
