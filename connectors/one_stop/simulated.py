"""Invented dossiers, and what happens to them one thing after another, by a seed.

They are kept as the upstream's records. Names are invented and are there to be left out by whoever
reads them.
"""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from connectors.one_stop.lanes import stamp

Json = dict[str, Any]
_UNITS = [f"H57.{n}" for n in range(1, 30)]
_LEVELS = ["toanTrinh", "motPhan", "conLai"]
_WRONG = "99"  # a channel that no list has
OLDER_MAX = 5


class Dossiers:
    """All dossiers of an upstream; `advance` lets the next thing happen to one of them.

    `now` is the upstream's own clock; dossiers are numbered from `first` on. `touched` is called
    with the code of what changed and says so itself; what changes in silence has neither a new
    `NgayCapNhat` nor that call.
    """

    def __init__(
        self, seed: int, now: datetime, touched: Callable[[str], None], first: int = 1
    ) -> None:
        self.now = now
        self._first = first
        self.records: dict[str, Json] = {}
        # Earlier states of a dossier, each with an earlier NgayCapNhat than the present one.
        self.older: dict[str, list[Json]] = {}
        self._chance = random.Random(seed)
        self._touched = touched

    def advance(self, step: timedelta | None = None) -> str:
        """Let one thing happen; give the dossier's code."""
        self.now += step or timedelta(seconds=self._chance.randint(1, 900))
        if not self.records or self._chance.random() < 0.25:
            return self._register()
        code = self._chance.choice(list(self.records))
        record = self.records[code]
        happen = self._chance.choice(self._may_happen(record))
        before = _copy(record)
        if happen(record) == "silent":
            return code
        self._stamp(code, before)
        return code

    def mend(self) -> None:
        """Correct every code that no list has, and say so."""
        for code, record in self.records.items():
            if record["KenhThucHien"] == _WRONG:
                self.now += timedelta(seconds=1)
                before = _copy(record)
                record["KenhThucHien"] = "1"
                self._stamp(code, before)

    def _stamp(self, code: str, before: Json) -> None:
        self.older[code] = [*self.older[code], before][-OLDER_MAX:]
        self.records[code]["NgayCapNhat"] = stamp(self.now)
        self._touched(code)

    def _register(self) -> str:
        number, unit = len(self.records) + self._first, self._chance.choice(_UNITS)
        older_code = self._chance.random() < 0.5
        prefix = f"000.00.{unit[4:]:0>2}.H57" if older_code else unit
        code = f"{prefix}-{self.now:%y%m%d}-{number:04}"
        self.records[code] = {
            "MaHoSo": code,
            "MaTTHC": f"1.{1001 + 8 * self._chance.randrange(50):06}",
            "ChuHoSo": f"NGUYỄN VĂN MẪU {number}",
            "SoDinhDanh": f"0990{number:08}",
            "KenhThucHien": self._chance.choice(["1", "2", "3"]),
            "MucDo": self._chance.choice(_LEVELS),
            "NgayNopHoSo": stamp(self.now),
            "NgayTiepNhan": None,
            "NgayHenTra": None,
            "TrangThaiHoSo": "1",
            "DonViTiepNhan": unit,
            "DonViXuLy": unit,
            "DonViCongDan": self._chance.choice([None, *_UNITS]),
            "DanhSachHoSoBoSung": [],
            "NgayCapNhat": stamp(self.now),
        }
        self.older[code] = []
        self._touched(code)
        return code

    def _may_happen(self, record: Json) -> list[Callable[[Json], str | None]]:
        status = int(record["TrangThaiHoSo"])
        if status == 1:
            return [self._receive, self._receive, self._receive, self._refuse]
        may: list[Callable[[Json], str | None]] = []
        if record["NgayTiepNhan"]:
            may += [self._move_due, self._move_due_in_silence, self._correct]
            if not record.get("DongBoThanhCong"):
                may += [self._sync, self._sync]
        if status in (2, 4):
            may += [self._process, self._ask, self._resolve, self._resolve, self._end]
        if status in (5, 6):
            may += [self._supplement, self._supplement]
        if status == 9:
            may += [self._give, self._give, self._reopen]
        if status == 10:
            may += [self._rate, self._reopen]
        return may + ([self._reopen] if status in (3, 7, 8) else [])

    def _due(self) -> str:
        day = self.now.date() + timedelta(days=self._chance.randint(1, 20))
        return f"{day:%Y%m%d}170000"

    def _receive(self, record: Json) -> None:
        wrong = self._chance.random() < 0.03
        record |= {"TrangThaiHoSo": "2", "NgayTiepNhan": stamp(self.now), "NgayHenTra": self._due()}
        if wrong:
            record["KenhThucHien"] = _WRONG

    def _refuse(self, record: Json) -> None:
        record |= {"TrangThaiHoSo": "3", "NgayKetThucXuLy": stamp(self.now)}

    def _process(self, record: Json) -> None:
        record["TrangThaiHoSo"] = "4"
        record["DonViXuLy"] = self._chance.choice(_UNITS)

    def _ask(self, record: Json) -> None:
        record["TrangThaiHoSo"] = self._chance.choice(["5", "6"])

    def _supplement(self, record: Json) -> None:
        before, record["NgayHenTra"] = record["NgayHenTra"], self._due()
        entry = {
            "NgayBoSung": stamp(self.now),
            "NgayHenTraTruoc": before,
            "NgayHenTraMoi": record["NgayHenTra"],
        }
        record["DanhSachHoSoBoSung"] = [*record["DanhSachHoSoBoSung"], entry]
        record["TrangThaiHoSo"] = "4"

    def _move_due(self, record: Json) -> None:
        record["NgayHenTra"] = self._due()

    def _move_due_in_silence(self, record: Json) -> str:
        record["NgayHenTra"] = self._due()
        return "silent"

    def _correct(self, record: Json) -> None:
        """Correct what was written at reception; wrong channels as well."""
        record["KenhThucHien"] = self._chance.choice(["1", "2", "3"])
        record["DonViTiepNhan"] = self._chance.choice(_UNITS)

    def _resolve(self, record: Json) -> None:
        record |= {"TrangThaiHoSo": "9", "NgayKetThucXuLy": stamp(self.now)}

    def _end(self, record: Json) -> None:
        record["TrangThaiHoSo"] = self._chance.choice(["7", "8"])
        record["NgayKetThucXuLy"] = stamp(self.now)

    def _give(self, record: Json) -> None:
        record |= {"TrangThaiHoSo": "10", "NgayTra": stamp(self.now)}

    def _reopen(self, record: Json) -> None:
        """Write the status back, as if what ended the dossier had not been."""
        record["TrangThaiHoSo"] = "4" if record["NgayTiepNhan"] else "1"
        record |= {"NgayKetThucXuLy": None, "NgayTra": None}

    def _sync(self, record: Json) -> None:
        record |= {
            "NgayDongBo": stamp(self.now),
            "DongBoThanhCong": self._chance.random() < 0.6,
        }

    def _rate(self, record: Json) -> None:
        is_satisfied = self._chance.random() < 0.9
        record["DanhGia"] = {"HaiLong": is_satisfied, "NgayDanhGia": stamp(self.now)}


def _copy(record: Json) -> Json:
    """Copy a record; lists inside are never changed in place."""
    return dict(record)
