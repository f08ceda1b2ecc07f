"""A closed period does not change: what it would be now stands beside, with causes that add up."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hub import registry
from hub.clock import to_us
from hub.definitions.own.control import CONTROL
from hub.figures.closing import in_force
from hub.figures.compute import QuestionError, read_question
from hub.figures.official import answer, as_known, freeze
from hub.figures.restating import restatements
from hub.log.log import Submission
from hub.log.submitting import encode
from hub.reference.periods import Period, parse_period
from hub.store.cuts import latest_cut
from stream_jobs.worked import dossier, paid, received, salinity
from tests.parts import lists
from tests.parts.small import Json, Prepared, Sent, Small

HOUR = timedelta(hours=1)
MAY = parse_period("2023-05")
KPIS = registry.kpis()
ENDED = dossier("A", "resolved", "2023-05-12")
BEFORE: dict[str, list[Json]] = {
    "dossier": [
        received("A", "2023-05-02"),
        ENDED,
        received("B", "2023-05-03"),
        dossier("B", "resolved", "2023-05-30"),
        received("C", "2023-04-03"),
    ],
    "reading": [salinity("ST01", "2023-05-03T05:00", 2), salinity("ST02", "2023-05-03T05:00", 1)],
    "payment": [
        paid("cashless", "2023-05", customers=1, amount=10),
        paid("cash", "2023-05", customers=9, amount=90),
    ],
}
LATE: dict[str, list[Json]] = {
    "dossier": [
        received("D", "2023-05-20", channel="online"),
        dossier("A", "retracted", "2023-06-06", retracts=ENDED["event_id"]),
        dossier("C", "resolved", "2023-05-04"),
        received("E", "2023-06-03"),  # of another month
        received("F", "2023-04-01"),
        dossier("F", "resolved", "2023-05-08"),
    ],
    "reading": [
        salinity("ST01", "2023-05-03T06:00", 4.5),
        salinity("ST01", "2023-05-03T07:00", 3),
        salinity("ST02", "2023-05-03T08:00", 9),
    ],
    "payment": [
        paid("cashless", "2023-05", customers=4, amount=40, revision=2),
        paid("cash", "2023-06", customers=5, amount=5),
    ],
}


def take(small: Small, given: dict[str, list[Json]]) -> None:
    for name, events in given.items():
        contract = registry.contracts()[name]
        for event in events:
            small.append(contract, [Sent("one_stop", 19_500, event)])
            small.apply(contract, 1)
    small.now += HOUR


def close(small: Small, of: Period = MAY, **other: Any) -> None:
    now = to_us(small.now)
    with small.store.reading() as reading:
        cut = latest_cut(reading)
        assert cut is not None
        event = freeze(lists.installed().book(reading), KPIS.values(), of, cut, now, "An") | other
    schema = {f.name: f.dtype for f in CONTROL.fields}
    frame = pl.DataFrame([{"recorded_at": None, **event}], schema=schema)
    batch = encode(CONTROL, "hub-period", frame, event["event_id"], now)
    small.log.append(
        [Submission(event["event_id"], "hub-period", CONTROL.name, now, 1, 0, [batch])]
    )
    small.apply(CONTROL, 1)
    small.now += HOUR


def ask(small: Small, kpi: str, **given: str) -> list[Json]:
    with small.store.reading() as reading:
        now = to_us(small.now)
        question = read_question(KPIS[kpi], given, now)
        found: list[Json] = answer(
            KPIS[kpi], question, as_known(lists.installed().book(reading), question.as_of, now)
        )["figures"]
        return found


def everything(small: Small) -> dict[str, list[Json]]:
    kpis = [k for k in KPIS.values() if k.numerator.is_of_period]
    asked = sorted((k.id, by) for k in kpis for by in ("", *k.dims))
    out = {}
    with small.store.reading() as reading:
        now = to_us(small.now)
        book = lists.installed().book(reading)
        for name, by in asked:
            given = {"period": "2023-05", **({"by": by} if by else {})}
            question = read_question(KPIS[name], given, now)
            out[f"{name} {by}"] = list(answer(KPIS[name], question, book)["figures"])
    return out


def without_status(found: dict[str, list[Json]]) -> dict[str, list[Json]]:
    """Leave out what says that something came since, and figures of what was not there before."""
    names = ("status", "restatement")
    return {
        name: [
            {k: v for k, v in f.items() if k not in names}
            for f in listed
            if f["status"] == "official" or f["value"] is not None
        ]
        for name, listed in found.items()
    }


TAKEN = Prepared(lambda small: take(small, BEFORE))
CLOSED = Prepared(close, after=TAKEN)
RESTATED = Prepared(lambda small: take(small, LATE), after=CLOSED)


@pytest.fixture
def taken(tmp_path: Path) -> Iterator[Small]:
    """A hub that has what came before the end of the month."""
    with TAKEN.open(tmp_path / "taken") as opened:
        yield opened


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Small]:
    """A hub with the month closed."""
    with CLOSED.open(tmp_path / "closed") as opened:
        yield opened


@pytest.fixture
def restated(tmp_path: Path) -> Iterator[Small]:
    """A hub to which something came after the month was closed."""
    with RESTATED.open(tmp_path / "restated") as opened:
        yield opened


def test_before_it_is_closed_a_period_is_provisional(taken: Small) -> None:
    statuses = {f["status"] for found in everything(taken).values() for f in found}
    assert statuses == {"provisional"}


@pytest.mark.slow
def test_what_is_closed_stays_whatever_comes(closed: Small) -> None:
    official = everything(closed)
    assert {f["status"] for found in official.values() for f in found} == {"official"}
    take(closed, LATE)
    later = everything(closed)
    assert without_status(later) == without_status(official)
    (whole,) = later["dossier_received_new "]
    assert (whole["status"], whole["value"]) == ("restated", "2")
    assert whole["restatement"]["value"] == "3"
    (peak,) = ask(closed, "salinity_max", period="2023-05", station="ST02", by="station")
    assert (peak["value"], peak["restatement"]["value"]) == ("1.000000", "9.000000")
    assert closed.verify().differences == []


def test_another_period_goes_on(restated: Small) -> None:
    (year,) = ask(restated, "dossier_received_new", period="2023")
    assert (year["status"], year["value"]) == ("provisional", "6")
    (day,) = ask(restated, "dossier_received_new", period="2023-05-20")
    assert (day["status"], day["value"]) == ("restated", None)  # nothing had come of that day
    assert day["restatement"]["value"] == "1"


def test_causes_add_up_to_the_difference(restated: Small) -> None:
    with restated.store.reading() as reading:
        book = lists.installed().book(reading)
        closing = in_force(book.closings, MAY)
        assert closing is not None
        found = restatements(book, closing, list(KPIS.values()), to_us(restated.now))
    by_kpi = {r["kpi"]: r for r in found}
    assert {
        "dossier_received_new",
        "dossier_resolved",
        "dossier_in_progress",
        "dossier_on_time_share",
        "salinity_max",
        "salinity_mean",
        "salinity_hours_over_4",
        "payment_amount",
        "payment_cashless_amount_share",
    } <= set(by_kpi)
    for r in found:
        for part in ("numerator", "denominator"):
            causes = sum(c[part] for c in r["causes"]) + r["other_causes"][part]
            assert causes == r["difference"][part], r
    named = {
        kpi: [[e["event_id"] for e in c["events"]] for c in by_kpi[kpi]["causes"]]
        for kpi in ("dossier_received_new", "dossier_resolved", "salinity_max", "payment_amount")
    }
    new, withdrawn, ended, _, *both = (e["event_id"] for e in LATE["dossier"])
    assert named["dossier_received_new"] == [[new]]
    assert sorted(named["dossier_resolved"]) == sorted([[withdrawn], [ended], both])
    # The second of the readings is below the first, and changes nothing.
    high, _, highest = (e["event_id"] for e in LATE["reading"])
    assert named["salinity_max"] == [[high], [highest]]
    assert named["payment_amount"] == [[LATE["payment"][0]["event_id"]]]


def shown(small: Small, period: str, **asked: str) -> list[tuple[Any, ...]]:
    found = ask(small, "payment_amount", period=period, **asked)
    return [
        (
            f["dims"].get("month") or f["dims"].get("day"),
            f["value"],
            f["status"],
            f.get("restatement", {}).get("value"),
        )
        for f in found
    ]


def test_a_month_closed_by_itself_has_one_official_figure_wherever_it_is_shown(
    tmp_path: Path,
) -> None:
    """K13: August was closed at 700 and restated to 950, then the quarter was closed."""
    with Small(tmp_path / "hub") as small:
        months = [("2019-07", 400, 1), ("2019-08", 700, 1), ("2019-09", 500, 1)]
        first = [paid("cash", m, customers=1, amount=n, revision=r) for m, n, r in months]
        take(small, {"payment": first})
        close(small, parse_period("2019-08"))
        again = paid("cash", "2019-08", customers=1, amount=950, revision=2)
        take(small, {"payment": [again]})
        august = ("2019-08", "700", "restated", "950")
        assert shown(small, "2019-08") == [(None, *august[1:])]
        assert shown(small, "2019-Q3", by="month") == [
            ("2019-07", "400", "provisional", None),
            august,
            ("2019-09", "500", "provisional", None),
        ]
        close(small, parse_period("2019-Q3"))
        quarter = [
            ("2019-07", "400", "official", None),
            august,
            ("2019-09", "500", "official", None),
        ]
        assert shown(small, "2019-08") == [(None, *august[1:])]
        assert shown(small, "2019-Q3", by="month") == quarter
        assert shown(small, "2019-Q3") == [(None, "1850", "official", None)]
        close(small, parse_period("2019"))
        for year in ("2019-H2", "2019"):
            assert [f for f in shown(small, year, by="month") if f[1] != "0"] == quarter
        # Of two dimensions too, and for a day's question within the month.
        (of_method,) = ask(small, "payment_amount", period="2019-08", by="month,method")
        assert (of_method["value"], of_method["restatement"]["value"]) == ("700", "950")
        assert small.verify().differences == []


def test_nothing_is_restated_where_nothing_came(closed: Small) -> None:
    with closed.store.reading() as reading:
        book = lists.installed().book(reading)
        assert restatements(book, book.closings[0], list(KPIS.values()), to_us(closed.now)) == []


@pytest.mark.slow
def test_made_anew_from_the_log_it_is_as_it_was_closed(restated: Small, tmp_path: Path) -> None:
    known = everything(restated)
    with Small(tmp_path / "anew", restated.log) as anew:
        anew.now = restated.now
        for contract in registry.definitions().applied.values():
            anew.apply(contract, 1_000)
        again = everything(anew)
        assert anew.verify().differences == []
    assert again == known


def test_the_last_closing_of_a_period_is_in_force(restated: Small) -> None:
    close(restated)
    (whole,) = ask(restated, "dossier_received_new", period="2023-05")
    assert (whole["status"], whole["value"]) == ("official", "3")


def test_as_of_before_it_was_closed_it_is_provisional(taken: Small) -> None:
    before = taken.now
    taken.now += HOUR
    close(taken)
    take(taken, LATE)
    (whole,) = ask(taken, "dossier_received_new", period="2023-05", as_of=before.isoformat())
    assert (whole["status"], whole["value"]) == ("provisional", "2")
    (whole,) = ask(taken, "dossier_received_new", period="2023-05", as_of=taken.now.isoformat())
    assert (whole["status"], whole["value"]) == ("restated", "2")


@pytest.mark.parametrize(
    ("field", "value"),
    [("cut", "{}"), ("cut", "nothing"), ("figures", "[]"), ("silent", "3"), ("period", "May")],
)
def test_an_event_that_cannot_be_read_is_set_aside(taken: Small, field: str, value: str) -> None:
    close(taken, MAY, **{field: value})
    with taken.store.reading() as reading:
        assert reading.closings() == []
        ((rule, where),) = reading.rows("SELECT rule, field FROM quarantine")
    assert (rule, where) == ("malformed", field)
    assert taken.verify().differences == []


def test_a_figure_that_was_changed_in_the_store_is_named(closed: Small) -> None:
    with closed.store.administering() as store:
        store.exec_driver_sql("UPDATE closing SET figures = replace(figures, '\"2\"', '\"3\"')")
    named = closed.verify().differences
    assert any("digest" in line for line in named)
    assert any("dossier_received_new" in line for line in named)


def test_by_another_definition_only_what_was_closed_is_kept(closed: Small) -> None:
    carried = KPIS["dossier_carried_over"].numerator
    kpi = replace(KPIS["dossier_received_new"], numerator=carried)
    now = to_us(closed.now)
    with closed.store.reading() as reading:
        book = lists.installed().book(reading)
        (whole,) = answer(kpi, read_question(kpi, {"period": "2023-05"}, now), book)["figures"]
        assert (whole["status"], whole["value"]) == ("restated", "2")
        with pytest.raises(QuestionError, match="definition"):
            answer(kpi, read_question(kpi, {"period": "2023-05", "by": "unit"}, now), book)


def test_silent_sources_are_named(closed: Small) -> None:
    with closed.store.reading() as reading:
        (closing,) = lists.installed().book(reading).closings
    assert "2023-05-04" in closing.silent["salinity"]
    kept = [f.public() for f in closing.figures["salinity_max"]]
    assert json.loads(closing.figures_text)["salinity_max"] == kept
