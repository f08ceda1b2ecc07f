"""Changes of rows into events: told once, withdrawn when gone, refused where that cannot be."""

import itertools
import json
from typing import Any

from connectors.tax_fees.connector import TABLE
from hub import registry
from hub.connecting.envelope import Change, read_change
from hub.connecting.rowwise import SEEN_MAX, Folded, Rowwise, Told
from hub.connecting.typed import TypedTable
from hub.sheets.mapping import FileMapping, mapping_of

AT = 2_000_000_000_000_000
ROW = {
    "ma_ho_so": "H57.132-250517-0001",
    "ma_khoan": "LP01",
    "don_vi": "H57.132",
    "nghiep_vu": "PT",
    "luc": "2025-05-17T08:00:00",
    "so_tien": 150_000,
}


def rowwise(contract: str = "fee", mapping: FileMapping = TABLE.mapping) -> Rowwise:
    return Rowwise("x", registry.contracts()[contract], mapping)


def change(of: Rowwise, op: str, lsn: int, row: int = 1, **columns: Any) -> Change:
    after = None if op == "d" else {**ROW, **columns}
    value = {"op": op, "after": after, "source": {"lsn": lsn}}
    found = read_change(json.dumps({"id": row}).encode(), json.dumps(value).encode(), of.reading)
    assert found is not None
    return found


def events(folded: Folded) -> list[dict[str, Any]]:
    return [dict(e) for r in folded.records for e in r.events]


def test_in_any_slices_the_same_is_told() -> None:
    of = rowwise()
    changes = [
        change(of, "r", 1),
        change(of, "u", 2, so_tien=160_000),
        change(of, "u", 2, so_tien=160_000),
        change(of, "d", 3),
        change(of, "c", 4),
        change(of, "u", 5, ma_ho_so="H57.132-250517-0002"),
    ]
    whole = events(of.fold(changes, {}, AT))
    assert [e["kind"] for e in whole] == [
        *("assessed", "retracted", "assessed", "retracted", "assessed", "retracted", "assessed")
    ]
    assert len({e["event_id"] for e in whole}) == len(whole)
    assert whole[-2]["dossier_code"] == "H57.132-250517-0001", "withdrawn where it was told"
    for cut in range(1, len(changes)):
        told: dict[str, Told] = {}
        parts = []
        for part in (changes[:cut], changes[cut:]):
            folded = of.fold(part, told, AT)
            parts += events(folded)
            told |= {k: Told.load(t.dump()) for k, t in folded.told.items()}
        assert parts == whole
        again = of.fold(changes[-3:], told, AT)
        assert events(again) == [], "what comes again tells nothing"
        assert again.passed_over == 3


def test_beyond_what_is_remembered_it_is_put_right_in_the_end() -> None:
    of = rowwise()
    changes = [change(of, "u", n, so_tien=n) for n in range(1, SEEN_MAX + 4)]
    folded = of.fold(changes, {}, AT)
    again = of.fold(changes, folded.told, AT)
    standing = {e["event_id"]: e for e in itertools.chain(events(folded), events(again))}
    gone = {e["retracts"] for e in standing.values() if e["kind"] == "retracted"}
    left = [e for i, e in standing.items() if i not in gone and e["kind"] == "assessed"]
    assert [e["amount_vnd"] for e in left] == [SEEN_MAX + 3]


def test_a_snapshot_taken_anew_and_columns_that_are_not_read_tell_nothing() -> None:
    of = rowwise()
    changes = [change(of, "c", 1), change(of, "u", 2, nguoi_nop="khác"), change(of, "r", 9)]
    folded = of.fold(changes, {}, AT)
    assert [e["kind"] for e in events(folded)] == ["assessed"]
    assert folded.passed_over == 2


def test_a_deleted_row_of_which_nothing_was_told_says_nothing() -> None:
    of = rowwise()
    folded = of.fold([change(of, "d", 1)], {}, AT)
    assert folded.records == []
    assert folded.passed_over == 1


def test_an_item_is_closed_by_what_becomes_of_its_row() -> None:
    of = rowwise()
    wrong = of.fold([change(of, "c", 1, nghiep_vu="KHAC")], {}, AT)
    (item,) = (t.finding for t in wrong.told.values())
    for op in ("u", "d"):
        mended = of.fold([change(of, op, 2, nghiep_vu="PT")], wrong.told, AT)
        assert list(mended.mended) == [f"mended:{item}"]
        assert [t.finding for t in mended.told.values()] == [""]


PAYMENT = mapping_of(
    {
        "contract": "payment",
        "sender": "x",
        "columns": [
            {"header": h, "field": f}
            for h, f in (
                *(("bao_cao", "reporter"), ("dich_vu", "service"), ("hinh_thuc", "method")),
                *(("dia_ban", "area"), ("ky", "period"), ("gd", "transactions")),
                *(("kh", "customers"), ("tien", "amount_vnd")),
            )
        ],
    }
)
PAID = {
    **{"bao_cao": "NH01", "dich_vu": "điện", "hinh_thuc": "tiền mặt", "dia_ban": "H57"},
    **{"ky": "2023-05", "gd": 3, "kh": 2, "tien": 1_000},
}


def paid(of: Rowwise, op: str, lsn: int, **columns: Any) -> Change:
    value = {"op": op, "after": {**PAID, **columns}, "source": {"lsn": lsn}}
    found = read_change(b"1", json.dumps(value).encode(), of.reading)
    assert found is not None
    return found


def test_reports_that_replace_one_another_are_numbered() -> None:
    of = rowwise("payment", PAYMENT)
    changes = [paid(of, "c", 1), paid(of, "u", 2, tien=2_000), paid(of, "u", 3, tien=1_000)]
    folded = of.fold(changes, {}, AT)
    assert [(e["revision"], e["amount_vnd"]) for e in events(folded)] == [
        *((0, 1_000), (1, 2_000), (2, 1_000))
    ]
    deleted = Change("1", "d", mark="m")
    moved = paid(of, "u", 5, ky="2023-06")
    for last in (deleted, moved):
        refused = of.fold([last], folded.told, AT).records
        assert [r.verdict and r.verdict.rule for r in refused] == ["cannot_withdraw"]


def test_rows_with_names_of_their_own_are_events_and_their_deletion_says_nothing() -> None:
    columns = [c.model_dump() for c in TABLE.mapping.columns]
    mapping = mapping_of(
        {
            **TABLE.mapping.model_dump(mode="json"),
            "columns": [*columns, {"header": "ma", "field": "event_id"}],
        }
    )
    of = rowwise(mapping=mapping)
    folded = of.fold([change(of, "c", 1, ma="SK-1"), change(of, "d", 2)], {}, AT)
    assert [e["event_id"] for e in events(folded)] == ["SK-1"]


def test_what_is_known_of_a_row_is_known_by_its_columns_types() -> None:
    """A code that a database keeps as a number is that code, a number text is not guessed."""
    typed = TypedTable(registry.contracts()["fee"], TABLE.mapping, list(ROW))
    said = typed.read({**ROW, "ma_khoan": 7}, 0)
    assert isinstance(said, dict)
    assert (said["fee_code"], said["amount_vnd"]) == ("7", 150_000)
    for wrong in (float("nan"), "1.5", True):
        assert not isinstance(typed.read({**ROW, "so_tien": wrong}, 0), dict)
