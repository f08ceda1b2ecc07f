"""Odd records of the one-stop system: each fact that can be read is read, the rest is named."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.one_stop.codes import Lists
from connectors.one_stop.connector import OneStopSettings
from connectors.one_stop.memory import Memory
from connectors.one_stop.reading import Snapshot, read_items

RECORD: dict[str, Any] = {
    "MaHoSo": "H57.5-250602-0001",
    "MaTTHC": "2.000815",
    "KenhThucHien": "1",
    "MucDo": "motPhan",
    "NgayNopHoSo": "20250602080000",
    "NgayTiepNhan": "20250602093000",
    "NgayHenTra": "20250609170000",
    "TrangThaiHoSo": "9",
    "DonViTiepNhan": "H57.5",
    "DonViXuLy": "H57.5.4",
    "NgayKetThucXuLy": "20250606100000",
    "NgayDongBo": "20250607080000",
    "DongBoThanhCong": True,
    "NgayCapNhat": "20250607080001",
}
ALL = {
    "registered": "2025-06-02T08:00:00+07:00",
    "received": "2025-06-02T09:30:00+07:00",
    "resolved": "2025-06-06T10:00:00+07:00",
    "synced": "2025-06-07T08:00:00+07:00",
}
GONE = object()


def snapshot(lists: Lists | None = None, **other: Any) -> Snapshot:
    item = {n: v for n, v in (RECORD | other).items() if v is not GONE}
    (found,) = read_items([item], lists or Lists())
    return found


def happened(found: Snapshot) -> dict[str, str]:
    return {e["kind"]: e["occurred_at"] for e in found.events}


def of(found: Snapshot, kind: str) -> dict[str, Any]:
    (event,) = (e for e in found.events if e["kind"] == kind)
    return dict(event)


def wrong(found: Snapshot) -> dict[str, str]:
    return {r.verdict.field: r.verdict.rule for r in found.findings if r.verdict is not None}


NO_DATES = [
    *(None, "", "  ", GONE, 0, "0", "00000000000000"),
    *("00010101000000", "00010101", "0001-01-01T00:00:00", "01/01/0001", "1/1/0001 00:00:00"),
    *("99991231235959", "99991231", "9999-12-31T23:59:59.9999999", "99990101000000", "31/12/9999"),
    *("19000101000000", "17530101000000"),
]


@pytest.mark.parametrize("written", NO_DATES)
def test_a_reception_needs_no_due_date(written: Any) -> None:
    found = snapshot(NgayHenTra=written)
    assert happened(found) == ALL
    assert "due_at" not in of(found, "received")
    assert wrong(found) == {}


@pytest.mark.parametrize("written", NO_DATES)
@pytest.mark.parametrize(
    ("field", "kind"), [("NgayNopHoSo", "registered"), ("NgayDongBo", "synced")]
)
def test_what_has_no_date_has_not_happened(written: Any, field: str, kind: str) -> None:
    found = snapshot(**{field: written})
    assert happened(found) == {k: at for k, at in ALL.items() if k != kind}
    assert wrong(found) == {}


@pytest.mark.parametrize("written", NO_DATES)
@pytest.mark.parametrize(
    ("field", "kind"), [("NgayTiepNhan", "received"), ("NgayKetThucXuLy", "resolved")]
)
def test_what_the_status_says_has_happened_has_a_date(written: Any, field: str, kind: str) -> None:
    found = snapshot(**{field: written})
    assert happened(found) == {k: at for k, at in ALL.items() if k != kind}
    assert wrong(found) == {field: "required"}


CANNOT = [
    # field, what stands in it, the rule, and the kinds that cannot be told without it
    ("NgayKetThucXuLy", "20250606", "malformed_time", {"resolved"}),
    ("NgayKetThucXuLy", "20250631100000", "malformed_time", {"resolved"}),
    ("NgayKetThucXuLy", ["20250606100000"], "not_text", {"resolved"}),
    ("NgayTiepNhan", "20250602", "malformed_time", {"received"}),
    ("NgayTiepNhan", "02/06/2025 09:30", "malformed_time", {"received"}),
    ("NgayTiepNhan", "18501231093000", "too_small", {"received"}),
    ("NgayNopHoSo", "2025-06-02", "malformed_time", {"registered"}),
    ("NgayHenTra", "9/6", "malformed_time", set()),
    ("NgayDongBo", "hôm qua", "malformed_time", {"synced"}),
    ("DongBoThanhCong", "chưa rõ", "not_a_boolean", {"synced"}),
    ("DongBoThanhCong", None, "required", {"synced"}),
    ("NgayCapNhat", "20250607", "malformed_time", set()),
    ("NgayCapNhat", "99991231235959", "required", set()),
    ("MaTTHC", 2.00081, "not_text", {"received"}),
    ("MaTTHC", "2.00081", "malformed", {"received"}),
    ("MaTTHC", "2.000815-H57", "malformed", {"received"}),
    ("MaTTHC", True, "not_text", {"received"}),
    ("KenhThucHien", "9", "unmapped_code", {"received"}),
    ("KenhThucHien", None, "required", {"received"}),
    ("MucDo", "4", "unmapped_code", {"received"}),
    ("DonViTiepNhan", "Sở nào đó", "unmapped_code", {"received"}),
    ("DonViXuLy", "Phòng nào đó", "unmapped_code", set()),
    ("DonViXuLy", {"ma": "H57.5"}, "not_text", set()),
    ("DonViCongDan", "xã nào đó", "unmapped_code", set()),
    ("TrangThaiHoSo", "11", "unmapped_code", {"resolved"}),
    ("TrangThaiHoSo", "", "required", {"resolved"}),
    ("DanhSachHoSoBoSung", "không", "not_a_list", set()),
    ("DanhGia", [], "not_an_object", set()),
]


@pytest.mark.parametrize(("field", "written", "rule", "lost"), CANNOT)
def test_what_cannot_be_read_is_named_and_loses_nothing_else(
    field: str, written: Any, rule: str, lost: set[str]
) -> None:
    found = snapshot(**{field: written})
    assert wrong(found) == {field: rule}
    assert happened(found) == {k: at for k, at in ALL.items() if k not in lost}
    (finding,) = (r.verdict for r in found.findings)
    assert finding is not None
    assert finding.message_vi.startswith(f"{field}: ")
    assert finding.message_en.startswith(f"{field}: ")
    assert finding.message_vi != finding.message_en
    assert "^" not in finding.message_vi + finding.message_en  # no regular expression
    assert not any(n in finding.message_vi for n in ("_at", "_by", "_code", "channel"))


def test_all_that_is_wrong_is_said_at_once() -> None:
    found = snapshot(MaTTHC="2.1", KenhThucHien="9", NgayHenTra="x", DonViXuLy="Phòng nào đó")
    assert wrong(found) == {
        "MaTTHC": "malformed",
        "KenhThucHien": "unmapped_code",
        "NgayHenTra": "malformed_time",
        "DonViXuLy": "unmapped_code",
    }
    assert happened(found).keys() == {"registered", "resolved", "synced"}
    others = read_items([RECORD, RECORD | {"MaTTHC": "2.1", "MucDo": "?"}, RECORD, 7], Lists())
    places = [r.place for s in others for r in s.records]
    assert sorted(places) == sorted(set(places))
    assert [s.place for s in others] == [0, 1, 2, 3]


def test_a_supplement_that_cannot_be_read_leaves_the_others() -> None:
    entries = [
        {"NgayBoSung": "20250603", "NgayHenTraMoi": "20250610170000"},
        {
            "NgayBoSung": "20250604080000",
            "NgayHenTraTruoc": "00010101000000",
            "NgayHenTraMoi": "20250611",
        },
        "không",
    ]
    found = snapshot(DanhSachHoSoBoSung=entries, NgayHenTra="20250611170000")
    assert wrong(found) == {
        "DanhSachHoSoBoSung[0].NgayBoSung": "malformed_time",
        "DanhSachHoSoBoSung[2]": "not_an_object",
    }
    assert of(found, "supplemented")["occurred_at"] == "2025-06-04T08:00:00+07:00"
    # A due day without an hour is the end of that working day.
    assert of(found, "due_changed")["due_at"] == "2025-06-11T17:00:00+07:00"
    assert found.unread == {"supplemented", "due_changed"}


@pytest.mark.parametrize(
    ("field", "written", "name", "kind", "means"),
    [
        ("MaTTHC", "2.000815.000.00.00.H57", "procedure_code", "received", "2.000815"),
        ("MaTTHC", "2.000815.H57", "procedure_code", "received", "2.000815"),
        ("MaTTHC", " 2.000815 ", "procedure_code", "received", "2.000815"),
        ("MaTTHC", 2.000815, "procedure_code", "received", "2.000815"),
        ("KenhThucHien", "02", "channel", "received", "online"),
        ("KenhThucHien", 2, "channel", "received", "online"),
        ("KenhThucHien", 2.0, "channel", "received", "online"),
        ("NgayHenTra", "20250612", "due_at", "received", "2025-06-12T17:00:00+07:00"),
        ("TrangThaiHoSo", "09", "occurred_at", "resolved", ALL["resolved"]),
        ("TrangThaiHoSo", "0009", "occurred_at", "resolved", ALL["resolved"]),
        ("TrangThaiHoSo", "07", "occurred_at", "withdrawn", ALL["resolved"]),
        ("DongBoThanhCong", "true", "occurred_at", "synced", ALL["synced"]),
        ("DongBoThanhCong", 0, "occurred_at", "sync_failed", ALL["synced"]),
        ("DonViXuLy", " H57.5.4\n", "resolved_by", "resolved", "H57.5.4"),
        ("DonViXuLy", "000.00.05.H57", "resolved_by", "resolved", "000.00.05.H57"),
    ],
)
def test_codes_are_read_as_systems_write_them(
    field: str, written: Any, name: str, kind: str, means: str
) -> None:
    found = snapshot(**{field: written})
    assert wrong(found) == {}
    assert of(found, kind)[name] == means


@pytest.mark.parametrize(
    ("received", "updated", "level", "means"),
    [
        ("20220801080000", "20220826100001", "4", "full"),
        ("20220814235959", "20260101000000", "3", "partial"),
        ("20220815000000", "20220815000001", "4", None),
        ("20220815000000", "20220815000001", "toanTrinh", "full"),
        # A clock that ran late at the last touch does not bring an old list back.
        ("20220901080000", "20220801000000", "2", None),
        # Of no day of reception the day it was handed in goes, and then that of the touch.
        ("chưa rõ", "20220801000000", "4", None),
    ],
)
def test_a_level_is_one_of_the_day_of_reception(
    received: str, updated: str, level: str, means: str | None
) -> None:
    found = snapshot(NgayTiepNhan=received, NgayCapNhat=updated, MucDo=level)
    if received == "chưa rõ":
        assert wrong(found) == {"NgayTiepNhan": "malformed_time", "MucDo": "unmapped_code"}
    elif means is None:
        assert wrong(found) == {"MucDo": "unmapped_code"}
    else:
        assert wrong(found) == {}
        assert of(found, "received")["service_level"] == means


AGENCIES = """\ufeffsource;name;under;unit;valid_from;valid_until
national;Phòng Tài nguyên;H57.5;H57.5.7;;2025-07-01
national;Phòng Tài nguyên;H57.5;H57.5.8;2025-07-01;
national;Phòng Tài nguyên;;H57.9;;
national;Xã Tân Phú;;H57.11;;
;Xã Tân Phủ;;H57.12;;
example_numeric;Sở khác;;H57.13;;
national;000.00.05.H57;;H57.5;;
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "agencies.csv"
    path.write_text(AGENCIES, "utf-8")
    return path


@pytest.mark.parametrize(
    ("received_by", "ended", "name", "unit"),
    [
        ("H57.5", "20250630235959", "Phòng Tài nguyên", "H57.5.7"),
        ("H57.5", "20250701000000", " phòng  TÀI NGUYÊN ", "H57.5.8"),
        ("000.00.05.H57", "20250701000000", "Phòng Tài nguyên", "H57.5.8"),
        ("H57.4", "20250630235959", "Phòng Tài nguyên", "H57.9"),
        ("H57.4", "20250630235959", "Xã Tân Phú", "H57.11"),
        ("H57.4", "20250630235959", "Xã Tân Phủ", "H57.12"),
        ("H57.4", "20250630235959", "Xa Tan Phu", None),
        ("H57.4", "20250630235959", "Sở khác", None),
        ("H57.4", "20250630235959", "Trung tâm Ví dụ", "H57.9"),
    ],
)
def test_an_agency_is_read_by_its_name_unit_and_day(
    own: Path, received_by: str, ended: str, name: str, unit: str | None
) -> None:
    lists = OneStopSettings(url="http://x", agencies=own).lists
    found = snapshot(lists, DonViTiepNhan=received_by, NgayKetThucXuLy=ended, DonViXuLy=name)
    assert of(found, "resolved").get("resolved_by") == unit
    assert wrong(found) == ({} if unit else {"DonViXuLy": "unmapped_code"})
    if received_by.startswith("000"):
        assert of(found, "received")["received_by"] == "H57.5"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name,unit\nA,H57.1\n", "no column source, under"),
        ("source,name,under,unit,valid_from,valid_until\nnational,A,,Sở,,\n", "line 2: expected"),
        ("source,name,under,unit,valid_from,valid_until\nnational,A,x y,H57,,\n", "'x y'"),
        ("source,name,under,unit,valid_from,valid_until\nnational,A,,H57,1/7/25,\n", "line 2"),
        (
            "source,name,under,unit,valid_from,valid_until\nnational,A,,H57.1,,\nnational,a,,H57.2,,\n",
            "line 3: 'a' is there",
        ),
    ],
)
def test_a_wrong_file_of_agencies_stops_the_start(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "agencies.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(ValidationError, match=says):
        OneStopSettings(url="http://x", agencies=path)
    with pytest.raises(ValidationError, match=r"none\.csv"):
        OneStopSettings(url="http://x", agencies=tmp_path / "none.csv")


def told(memory: Memory, **other: Any) -> list[dict[str, Any]]:
    found = snapshot(**other)
    events = memory.tell(found.code, found.at, found.events, found.unread)
    kept = memory.dump()
    assert Memory.load(kept).dump() == kept
    return [dict(e) for e in events]


def test_what_cannot_be_read_any_more_is_not_withdrawn() -> None:
    memory = Memory()
    assert [e["kind"] for e in told(memory)] == list(ALL)
    for field, written in (("NgayKetThucXuLy", "20250606"), ("TrangThaiHoSo", "?")):
        assert told(memory, NgayCapNhat="20250608080000", **{field: written}) == []
    # What is said to be otherwise is withdrawn, whatever else cannot be read.
    (back,) = told(memory, NgayCapNhat="20250609080000", TrangThaiHoSo="4", DonViCongDan="?")
    assert back["kind"] == "retracted"
    assert [e["kind"] for e in told(memory, NgayCapNhat="20250610080000")] == ["resolved"]


def test_a_snapshot_of_no_time_adds_and_withdraws_nothing() -> None:
    memory = Memory()
    told(memory)
    (added,) = told(memory, NgayCapNhat="", KenhThucHien="2")
    assert (added["kind"], added["channel"]) == ("received", "online")
    assert "recorded_at" not in added
    later = told(memory, NgayCapNhat="20250609080000", KenhThucHien="2")
    assert [e["kind"] for e in later] == ["retracted"]


def test_a_memory_of_before_is_read() -> None:
    memory = Memory()
    told(memory)
    for name, (generation, mark) in memory.told.items():
        memory.told[name] = (generation, mark if " " in mark else "")
    assert told(memory, NgayCapNhat="20250608080000", NgayKetThucXuLy="20250606") == []
    back = told(memory, NgayCapNhat="20250609080000", TrangThaiHoSo="4")
    assert [e["kind"] for e in back] == ["retracted"]
