"""Fields: the published form of what a message says of a dossier, and what in one breaks it.

Names and forms are those that systems of several provinces send (decision 0059 says which are
certain). A field that is not here is kept and passed on; one that is here must have its form, since
the portal would refuse it, with fewer words.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from connectors.national.codes import Codes
from connectors.national.published import DATE_FORM, DOSSIERS, PROGRESS, Number, read_date
from hub.definitions.admission import unreadable
from hub.definitions.faults import VALUE_LENGTH_MAX, Fault
from hub.definitions.masking import Kind as Masked
from hub.definitions.masking import masked
from schemas.contracts.dossier import NAMES

ENTRIES_MAX = 100
YEAR_MIN = 1900
FAULTS_MAX = 20
Kind = Literal["text", "dossier", "procedure", "time", "code", "list"]
# What systems write where they have no date; it is passed on as it is, and read as none.
_NO_DATE = re.compile(r"(?:0001|0000|9999)[0-9]{4,}|(?:1753|1900)0101(?:0{6})?|0+")
_DOSSIER = re.compile(r"[A-Z0-9.\-]{1,64}")
_PROCEDURE = re.compile(r"([0-9]\.[0-9]{6})(?:\.[0-9]{1,3})*(?:\.[A-Z][0-9]{2})?")


@dataclass(frozen=True)
class Form:
    """What a field holds: `codes` names a code's list, `inner` the fields of a list's items."""

    kind: Kind = "text"
    is_needed: bool = False
    codes: str = ""
    inner: Mapping[str, "Form"] = field(default_factory=dict)


TEXT, TIME = Form(), Form("time")
_FEE = dict.fromkeys(("TenPhiLePhi", "MaPhiLePhi", "HinhThucThu", "Gia", "LoaiPhiLePhi"), TEXT)
_FILE = {
    **dict.fromkeys(("TepDinhKemId", "TenTepDinhKem", "IsDeleted", "MaThanhPhanHoSo"), TEXT),
    **dict.fromkeys(("DuongDanTaiTepTin", "DuocSoHoa", "DuocTaiSuDung"), TEXT),
    **dict.fromkeys(("DuocLayTuKhoDMQG", "MaKetQuaThayThe"), TEXT),
}
_SUPPLEMENT = {
    **dict.fromkeys(("HoSoBoSungId", "NguoiYeuCauBoSung", "NoiDungBoSung"), TEXT),
    "NgayBoSung": TIME,
    **dict.fromkeys(("NguoiTiepNhanBoSung", "ThongTinTiepNhan"), TEXT),
    "NgayTiepNhanBoSung": TIME,
    "TrangThaiBoSung": TEXT,
    "DanhSachGiayToBoSung": Form("list", inner=_FILE),
    "DanhSachLePhiBoSung": Form("list", inner=_FEE),
    "NgayHenTraTruoc": TIME,
    "NgayHenTraMoi": TIME,
}
_RESULT = dict.fromkeys(
    ("TenGiayTo", "MaThanhPhanHoSo", "GiayToId", "DuongDanTepTinKetQua", "MaGiayToKetQua"), TEXT
)
FORMS: Mapping[str, Mapping[str, Form]] = {
    DOSSIERS: {
        "MaHoSo": Form("dossier", is_needed=True),
        "MaTTHC": Form("procedure", is_needed=True),
        **dict.fromkeys(("TenTTHC", "MaLinhVuc", "TenLinhVuc", "SoBienNhan"), TEXT),
        "KenhThucHien": Form("code", codes="KenhThucHien"),
        **dict.fromkeys(("ChuHoSo", "SoGiayToChuHoSo"), TEXT),
        "LoaiDoiTuong": Form("code", codes="LoaiDoiTuong"),
        **dict.fromkeys(("MaDoiTuong", "ThongTinKhac", "Email", "Fax", "SoDienThoai"), TEXT),
        "TrichYeuHoSo": TEXT,
        "NgayNopHoSo": TIME,
        "NgayTiepNhan": Form("time", is_needed=True),
        "NgayHenTra": TIME,
        "TrangThaiHoSo": Form("code", is_needed=True, codes="TrangThaiHoSo"),
        "NgayTra": TIME,
        "NgayTuChoi": TIME,
        "NgayKetThucXuLy": TIME,
        **dict.fromkeys(("ThongTinTra", "HinhThuc", "DonViXuLy", "GhiChu", "NoiNopHoSo"), TEXT),
        **dict.fromkeys(("HoSoCoThanhPhanSoHoa", "TaiKhoanDuocXacThucVoiVNeID"), TEXT),
        "DuocThanhToanTrucTuyen": TEXT,
        "TaiLieuNop": Form("list", inner=_FILE),
        "DanhSachLePhi": Form("list", inner=_FEE),
        "DanhSachTepDinhKemKhac": Form("list"),
        "DanhSachHoSoBoSung": Form("list", inner=_SUPPLEMENT),
        "DanhSachGiayToKetQua": Form("list", inner=_RESULT),
        "DinhDanhCHS": Form("list"),
        "DSKetNoiCSDL": Form("list"),
    },
    PROGRESS: {
        "MaHoSo": Form("dossier", is_needed=True),
        **dict.fromkeys(("NguoiXuLy", "ChucDanh", "PhongBanXuLy", "NoiDungXuLy"), TEXT),
        "ThoiDiemXuLy": Form("time", is_needed=True),
        "TrangThai": Form("code", is_needed=True, codes="TrangThaiHoSo"),
        "NgayBatDau": TIME,
        "NgayKetThucTheoQuyDinh": TIME,
    },
}


def text_of(item: Mapping[str, Any], name: str) -> str:
    """Give a field as text, empty where it is absent, null or no text."""
    value = item.get(name)
    return value.strip() if isinstance(value, str) else ""


def time_of(item: Mapping[str, Any], name: str) -> datetime | None:
    """Give an instant, None where there is none that can be read."""
    text = text_of(item, name)
    try:
        return None if _NO_DATE.fullmatch(text) else read_date(text)
    except ValueError:
        return None


def day_of_item(service: str, item: Mapping[str, Any]) -> date | None:
    """Give the day of the latest instant in an item: codes are read by the lists of that day.

    Due dates lie ahead, and do not count.
    """
    names = [n for n, f in FORMS[service].items() if f.kind == "time"]
    ahead = {"NgayHenTra", "NgayKetThucTheoQuyDinh"}
    times = [t for n in names if n not in ahead and (t := time_of(item, n)) is not None]
    return max(times).date() if times else None


def faults_of(service: str, item: Mapping[str, Any], codes: Codes) -> list[Fault]:
    """Find what in an item breaks its published form, field by field as its sender knows them."""
    on = day_of_item(service, item)
    faults: list[Fault] = []
    for fault in _faults(FORMS[service], item, codes, on, ""):
        if len(faults) == FAULTS_MAX:
            break
        faults.append(fault)
    return faults


def translated(
    service: str, item: Mapping[str, Any], codes: Codes, on: date
) -> tuple[dict[str, Any], list[Fault]]:
    """Write the codes of an item as the national lists have them; else say which have none."""
    sent, faults = dict(item), []
    for name, form in FORMS[service].items():
        code = text_of(item, name)
        if form.kind != "code" or not code:
            continue
        meaning = codes.meaning(form.codes, code, on)
        national = None if meaning is None else codes.national(form.codes, meaning, on)
        if national is None:
            vi = f"danh mục quốc gia ngày {on} không có mã cho {meaning}"
            en = f"the national list of {on} has no one code for {meaning}"
            faults.append(_fault("unmapped_code", name, code, vi, en))
        else:
            sent[name] = national
    return sent, faults


def _faults(
    forms: Mapping[str, Form], item: Mapping[str, Any], codes: Codes, on: date | None, path: str
) -> Iterator[Fault]:
    for name, form in forms.items():
        value, at = item.get(name), f"{path}{name}"
        if value is None or (isinstance(value, str) and not value.strip()):
            if form.is_needed:
                vi, en = "thiếu giá trị bắt buộc", "a required value is missing"
                yield _fault("required", at, "", vi, en)
        elif form.kind == "list":
            yield from _faults_of_list(form, value, codes, on, at)
        elif isinstance(value, dict | list):
            vi, en = "phải là chuỗi ký tự", "must be a text"
            yield _fault("not_text", at, type(value).__name__, vi, en)
        elif isinstance(value, str):
            yield from _faults_of_text(form, value, codes, on, at)


def _faults_of_list(
    form: Form, value: Any, codes: Codes, on: date | None, at: str
) -> Iterator[Fault]:
    if not isinstance(value, list):
        kind = type(value).__name__
        yield _fault("not_a_list", at, kind, "phải là một danh sách", "must be a list")
        return
    if len(value) > ENTRIES_MAX:
        vi, en = f"quá {ENTRIES_MAX} mục", f"more than {ENTRIES_MAX} entries"
        yield _fault("too_many", at, str(len(value)), vi, en)
        return
    for number, entry in enumerate(value):
        place = f"{at}[{number}]"
        if isinstance(entry, dict):
            yield from _faults(form.inner, entry, codes, on, f"{place}.")
        else:
            vi, en = "phải là một đối tượng JSON", "must be a JSON object"
            yield _fault("not_an_object", place, type(entry).__name__, vi, en)


def _faults_of_text(
    form: Form, value: str, codes: Codes, on: date | None, at: str
) -> Iterator[Fault]:
    text = value.strip()
    if form.kind == "time":
        yield from _faults_of_time(text, at)
    elif form.kind == "dossier":
        if not _DOSSIER.fullmatch(text) or not NAMES.is_whole(text):
            vi, en = "không phải mã hồ sơ, ví dụ", "no dossier's code such as"
            yield _with_example("malformed", at, text, vi, en, "H57.132-260804-0583")
    elif form.kind == "procedure":
        if isinstance(value, Number) or not _PROCEDURE.fullmatch(text):
            vi = "không phải mã thủ tục, viết trong dấu nháy, ví dụ"
            en = "no procedure's code, written as a text, such as"
            yield _with_example("malformed", at, text, vi, en, "1.005129")
    elif form.kind == "code" and on is not None and codes.meaning(form.codes, text, on) is None:
        vi = f"mã không có trong danh mục {form.codes} của nguồn {codes.source} ngày {on}"
        en = f"list {form.codes} of source {codes.source} of {on} has no such code"
        yield _fault("unmapped_code", at, text, vi, en)


def _faults_of_time(text: str, at: str) -> Iterator[Fault]:
    if _NO_DATE.fullmatch(text):
        return
    try:
        instant = read_date(text)
    except ValueError:
        instant = None
    if instant is None or instant.year < YEAR_MIN:
        vi = f"không phải thời điểm dạng {DATE_FORM}, ví dụ"
        en = f"no instant as {DATE_FORM}, such as"
        yield _with_example("malformed_time", at, text, vi, en, "20240304080000", "instant")


def _with_example(
    rule: str, at: str, value: str, vi: str, en: str, example: str, kind: Masked = "text"
) -> Fault:
    return _fault(rule, at, value, f"{vi} {example}", f"{en} {example}", kind)


def _fault(rule: str, at: str, value: str, vi: str, en: str, kind: Masked = "text") -> Fault:
    """Say what is wrong with a field; what may be about a person is masked in its value."""
    shown = masked(value[:VALUE_LENGTH_MAX], kind)
    printable = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in shown)
    return unreadable(rule, at, printable, vi, en, kind=kind).each()[0]
