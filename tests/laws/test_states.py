"""States: what each pair of the ten portal statuses, and what sources do with them, come to.

`trang_thai.csv` is the matrix, in words: a row says what was told of a dossier, in which group it
is then, since when it has ended, and in which columns of biểu 06a and in which KPIs of May it
counts. It was written by the rules of decision 0035 and not by the hub. Each dossier is received at
a counter, and due long after.
"""

import csv
import random
import re
from pathlib import Path

import pytest

from hub import registry
from hub.clock import iso, to_us
from hub.figures import made_of
from hub.figures.compute import read_question
from hub.reports.counting import things
from hub.reports.filled import read_report_question
from stream_jobs.worked import Json, dossier, received
from tests.parts import lists
from tests.parts.small import Sent, Small

KINDS = (
    "registered",
    "received",
    "refused",
    "processing",
    "supplement_requested",
    "payment_requested",
    "withdrawn",
    "stopped",
    "resolved",
    "returned",
)
DOSSIER = registry.contracts()["dossier"]
FORM = registry.reports()["06a"]
KPIS = registry.kpis()
LISTED = ("received_new", "in_progress", "resolved", "on_time_share")
MAY = {"period": "2025-05"}
STEP = re.compile(r"(\d\d)/05 (\d+) [^(]*(?:\(ghi nhận (\d\d)/05\))?")
TAKEN_BACK = re.compile(r"(\d\d)/05 rút lại (\d+)")
with Path(__file__).with_name("trang_thai.csv").open(encoding="utf-8", newline="") as _file:
    CASES = list(csv.DictReader(_file))


def events_of(case: dict[str, str]) -> list[Json]:
    """Write the events that a row tells of."""
    code = f"D{int(case['stt']):03}"
    events: list[Json] = []
    by_status: dict[str, Json] = {}
    for step in case["dien_bien"].split("; "):
        if step == "gửi lặp":
            events.append(events[-1])
            continue
        if taken := TAKEN_BACK.fullmatch(step):
            named = by_status[taken[2]]["event_id"]
            at = f"2025-05-{taken[1]}"
            events.append(dossier(code, "retracted", at, retracts=named))
            continue
        told = STEP.fullmatch(step)
        assert told, step
        day, status, recorded = told.groups()
        more = {"recorded_at": f"2025-05-{recorded}T08:00:00+07:00"} if recorded else {}
        kind = KINDS[int(status) - 1]
        if kind == "received":
            event = received(code, f"2025-05-{day}", due="2030-01-01")
        else:
            event = dossier(code, kind, f"2025-05-{day}T{9 + len(events):02}:00", **more)
        events.append(event)
        by_status[status] = event
    return events


def test_the_matrix_has_all_pairs_of_the_ten_statuses() -> None:
    pairs = {
        tuple(int(told[2]) for step in case["dien_bien"].split("; ")[-2:]
              if (told := STEP.fullmatch(step)))
        for case in CASES
        if case["tinh_huong"].startswith("hai trạng thái")
    }  # fmt: skip
    assert pairs == {(a, b) for a in range(1, 11) for b in range(1, 11)}
    assert len([c for c in CASES if c["tinh_huong"].startswith("hai trạng thái")]) == 200


@pytest.mark.parametrize("seed", range(3))
def test_each_case_is_counted_as_the_matrix_says_in_any_order(tmp_path: Path, seed: int) -> None:
    events = [event for case in CASES for event in events_of(case)]
    random.Random(seed).shuffle(events)
    with Small(tmp_path / "small") as small:
        for at in range(0, len(events), 150):
            small.append(DOSSIER, [Sent("s", 20_300, e) for e in events[at : at + 150]])
        small.apply(DOSSIER, 1 + seed)
        now = to_us(small.now)
        counted: dict[str, set[str]] = {}
        with small.store.reading() as reading:
            book = lists.installed().book(reading)
            question = read_report_question(FORM, MAY, now)
            for column in FORM.columns:
                counted[column.id] = set(things(FORM, question, book, column))
            for name in LISTED:
                kpi = KPIS[f"dossier_{name}"]
                rows = made_of.facts(kpi, read_question(kpi, MAY, now), book, made_of.Wanted())[
                    "facts"
                ]
                counted[name] = {row["entity"] for row in rows}
            rows = reading.rows("SELECT entity, ended_at FROM fact_dossier")
            facts = {str(entity): ended for entity, ended in rows}
        wrong = []
        for case in CASES:
            code = f"D{int(case['stt']):03}"
            said = " ".join(c.id for c in FORM.columns if code in counted[c.id])
            kpis = " ".join(name for name in LISTED if code in counted[name])
            ended = facts[code] if case["nhom"] != "chưa tiếp nhận" else None
            day = f"{str(iso(ended))[8:10]}/05" if ended else ""
            if (said, kpis, day) != (case["cot_06a"], case["chi_so"], case["ngay_ket_thuc"]):
                wrong.append((case["stt"], case["dien_bien"], said, kpis, day))
        assert wrong == []
        assert small.verify().differences == []
