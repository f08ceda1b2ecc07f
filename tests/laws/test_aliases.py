"""Codes that are one dossier: in any order, any partitions, as if all had been sent under one."""

import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub import registry
from hub.clock import to_us
from hub.figures.compute import read_question
from hub.figures.official import answer, as_known
from hub.figures.restating import restatements
from hub.proof.explain import explain
from hub.reference.periods import parse_period
from hub.reports.filled import fill, read_report_question
from hub.reports.report import Report
from schemas.contracts.dossier import NAMES
from stream_jobs.worked import dossier, received
from tests.laws.test_closing import ask, close
from tests.laws.test_order_free import dossiers, once
from tests.parts import lists
from tests.parts.depth import rounds
from tests.parts.small import Json, Sent, Small

DOSSIER = registry.contracts()["dossier"]
KPIS = {n: k for n, k in registry.kpis().items() if k.contract == "dossier"}
FORM: Report = registry.reports()["06a"]
CURRENT, FORMER, OWN = "H57.1-230517-0001", "000.00.19.H57-230517-0001", "H57.1-NB-77"
CODES = [CURRENT, FORMER, OWN, "H57.1-230518-0002"]
AT = "2023-06-02T08:00:00+07:00"
PERIODS = ("2022", "2023")


def figures(small: Small) -> dict[str, object]:
    """Everything that figures and reports say of dossiers, whole and split."""
    said: dict[str, object] = {}
    now = to_us(small.now)
    with small.store.reading() as reading:
        book = lists.installed().book(reading)
        for period in PERIODS:
            for name, kpi in KPIS.items():
                for by in ("", *kpi.dims):
                    asked = {"period": period, "at": AT} | ({"by": by} if by else {})
                    found = answer(kpi, read_question(kpi, asked, now), book)["figures"]
                    # Whether there is anything to say of a period, or 0, goes by what was sent.
                    said[f"{name} {period} {by}"] = [
                        (f["dims"], f["numerator"], f["denominator"])
                        for f in found
                        if f["numerator"] or kpi.denominator
                    ]
            question = read_report_question(FORM, {"period": period}, now)
            filled = fill(FORM, question, book).public()
            said[f"06a {period}"] = filled["rows"], filled["total"]
    return said


def deliver(small: Small, sent: Iterable[Sent], partition_of: Callable[[str], int]) -> None:
    """Apply each delivery by itself, as the worker of its partition would."""
    ends: dict[int, int] = {}
    for one in sent:
        before = small.log.ends(DOSSIER.topic).get(0, 0)
        small.append(DOSSIER, [one])
        (found,) = small.log.read(DOSSIER.topic, before)
        partition = partition_of(one.event["dossier_code"])
        at = ends.get(partition, 0)
        moved = replace(
            found, partition=partition, first=at, following=at + 1, offsets=found.offsets * 0 + at
        )
        small.applier().apply(DOSSIER, [moved], partition)
        ends[partition] = at + 1


def name_of(code: str, pairs: Iterable[tuple[str, str]], known: set[str]) -> str:
    """Name the thing of a code, one step after another."""
    one = {code}
    while more := {c for pair in pairs if one & {*pair} for c in pair} - one:
        one |= more
    return min(one & known, key=NAMES.rank)


def test_codes_that_are_one_are_as_if_sent_under_one(tmp_path: Path) -> None:
    numbers = count()
    merged = 0

    @settings(once, max_examples=rounds(6, quick=3))
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        nonlocal merged
        drawn = data.draw(st.lists(dossiers(), min_size=4, max_size=12))
        events = [e | {"dossier_code": data.draw(st.sampled_from(CODES))} for e in drawn]
        pairs = data.draw(
            st.lists(st.tuples(st.sampled_from(CODES), st.sampled_from(CODES)), max_size=3)
        )
        pairs = [(a, b) for a, b in pairs if a != b]
        claims = [
            dossier(a, "aliased", "2023-06-01") | {"event_id": f"claim {n}", "same_as": b}
            for n, (a, b) in enumerate(pairs)
        ]
        known = {e["dossier_code"] for e in events + claims}
        names = {c: name_of(c, pairs, known) for c in known}
        merged += len(set(names.values())) < len(known)
        # What is told of codes is nothing that happened.
        under_one = [e | {"dossier_code": names[e["dossier_code"]]} for e in events]
        under_one += [
            dossier(names[a], "processing", "2023-06-01") | {"event_id": f"claim {n}"}
            for n, (a, _) in enumerate(pairs)
        ]
        order = data.draw(st.permutations(events + claims))
        spread = data.draw(st.integers(1, 4))
        folder = tmp_path / str(next(numbers))
        with Small(folder / "codes") as codes, Small(folder / "one") as one:
            deliver(codes, [Sent("s", 20_400, e) for e in order], lambda c: CODES.index(c) % spread)
            one.append(DOSSIER, [Sent("s", 20_400, e) for e in under_one])
            one.apply(DOSSIER, 1_000)
            said, expected = figures(codes), figures(one)
            assert {k: (v, expected[k]) for k, v in said.items() if v != expected[k]} == {}

    holds()
    # The law would say little if nothing were ever one.
    assert merged


EVENTS = [
    received(CURRENT, "2023-05-17", due="2023-05-20"),
    received(FORMER, "2023-05-18", channel="online", due="2023-05-30"),
    dossier(FORMER, "resolved", "2023-05-25", resolved_by="H57.2"),
    dossier(OWN, "synced", "2023-05-26"),
]
TOLD = [
    dossier(OWN, "aliased", "2023-06-01", same_as=CURRENT),
    dossier(FORMER, "processing", "2023-06-01T09:00", same_as=OWN),
]


def take(small: Small, events: Iterable[Json], sent_for: str | None = None) -> None:
    for event in events:
        small.append(DOSSIER, [Sent("s", 20_400, event, sent_for)])
        small.apply(DOSSIER, 1)


def received_new(small: Small, **asked: str) -> list[int]:
    return [f["numerator"] for f in ask(small, "dossier_received_new", period="2023-05", **asked)]


def test_a_chain_is_one_dossier_by_hand_and_verify_finds_the_same(tmp_path: Path) -> None:
    """Received twice under two codes, resolved on 25 May, due on 30 May by the later reception."""
    with Small(tmp_path / "hub") as small:
        take(small, EVENTS)
        assert received_new(small) == [2]
        take(small, TOLD)
        assert received_new(small) == [1]
        assert [f["numerator"] for f in ask(small, "dossier_in_progress", period="2023")] == [0]
        (on_time,) = ask(small, "dossier_on_time_share", period="2023-05")
        assert (on_time["numerator"], on_time["denominator"]) == (1, 1)
        (synced,) = ask(small, "dossier_sync_share", period="2023")
        assert (synced["numerator"], synced["denominator"]) == (1, 1)
        assert small.verify().differences == []


def test_verify_names_a_thing_that_is_not_what_its_codes_say(tmp_path: Path) -> None:
    with Small(tmp_path / "hub") as small:
        take(small, EVENTS + TOLD)
        with small.store.administering() as store:
            store.exec_driver_sql(f"UPDATE fact_dossier SET same_as = NULL WHERE entity = '{OWN}'")
        named = [line.split(":")[0] for line in small.verify().differences]
    assert named == [
        f"fact dossier/{OWN}",
        f"alias dossier/{CURRENT}",
        f"alias dossier/{FORMER}",
        f"alias dossier/{CURRENT}",
        # What follows from what they are: due dates, minutes, columns.
        f"due dossier/{FORMER}",
        f"minutes dossier/{FORMER}",
        f"minutes dossier/{CURRENT}",
        f"columns dossier/{OWN}",
    ]


def test_a_claim_that_is_withdrawn_parts_them_again(tmp_path: Path) -> None:
    with Small(tmp_path / "hub") as small:
        take(small, EVENTS + TOLD)
        withdrawn = dossier(OWN, "retracted", "2023-06-05", retracts=TOLD[0]["event_id"])
        take(small, [withdrawn])
        assert received_new(small) == [2]
        assert small.verify().differences == []


def test_a_limited_sender_takes_no_dossier_of_others(tmp_path: Path) -> None:
    """H57.9 says that H57.1's dossier is its own one, too; who resolves it may say so."""
    theirs, claim = "H57.9-230517-0001", {"same_as": CURRENT}
    for scope, counted in (("H57.9", 2), ("H57.9,H57.2", 1)):
        with Small(tmp_path / scope) as small:
            take(small, EVENTS[:1])
            own = received(theirs, "2023-05-19") | {"received_by": "H57.9"} | claim
            take(small, [own], scope)
            assert received_new(small) == [counted]
            assert small.verify().differences == []
            with small.store.reading() as reading:
                said = explain(lists.installed().book(reading), theirs)
            assert [c["counts"] for c in said["claims"]] == [counted == 1]


def test_a_closed_month_is_restated_with_the_claim_as_its_cause(tmp_path: Path) -> None:
    with Small(tmp_path / "hub") as small:
        take(small, EVENTS)
        close(small)
        before = small.now - timedelta(minutes=1)
        take(small, TOLD)
        (figure,) = ask(small, "dossier_received_new", period="2023-05")
        assert (figure["status"], figure["numerator"]) == ("restated", 2)
        assert figure["restatement"]["numerator"] == 1
        then = before.isoformat()
        (figure,) = ask(small, "dossier_received_new", period="2023-05", as_of=then)
        assert (figure["status"], figure["numerator"]) == ("official", 2)
        with small.store.reading() as reading:
            book = lists.installed().book(reading)
            (closing,) = book.closings
            listed = restatements(book, closing, [KPIS["dossier_received_new"]], to_us(small.now))
            past = as_known(book, to_us(before), to_us(small.now))
            for code in (CURRENT, FORMER, OWN):
                said = explain(book, code)
                assert said["entity"] == f"dossier/{CURRENT}"
                assert said["restated"] == [
                    {
                        "period": parse_period("2023-05").text,
                        "closed_at": said["restated"][0]["closed_at"],
                        "counted_as": sorted([CURRENT, FORMER, OWN]),
                    }
                ]
                assert "claims" not in explain(past, code)
        (restated,) = listed
        assert restated["difference"] == {"numerator": -1, "denominator": 0}
        (cause,) = restated["causes"]
        assert (cause["entity"], cause["numerator"]) == (CURRENT, -1)
        assert {e["event_id"] for e in cause["events"]} == {e["event_id"] for e in TOLD}
        assert small.verify().differences == []


@pytest.mark.parametrize("seed", range(3))
def test_the_name_is_of_the_newest_generation_whatever_came_first(
    tmp_path: Path, seed: int
) -> None:
    events = EVENTS[1:] + TOLD
    random.Random(seed).shuffle(events)
    with Small(tmp_path / "hub") as small:
        take(small, events)
        with small.store.reading() as reading:
            book = lists.installed().book(reading)
            assert explain(book, OWN)["entity"] == f"dossier/{FORMER}"
        take(small, EVENTS[:1])
        with small.store.reading() as reading:
            book = lists.installed().book(reading)
            assert explain(book, FORMER)["entity"] == f"dossier/{CURRENT}"
