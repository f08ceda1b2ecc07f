"""Due dates that are computed count where none was sent, follow the lists, and are proven."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from hub import registry
from hub.clock import day_start, to_us
from hub.columns import frames
from hub.figures import dues
from hub.figures.altered import changed_sums
from hub.figures.dues import Dues
from hub.figures.installed import Installed
from hub.figures.loading import load_lists
from hub.figures.official import as_known
from hub.figures.restating import restatements
from hub.proof.verify import verify
from hub.reference.lists import Lists
from hub.reports.filled import fill, read_report_question
from hub.store.reading import Reading
from stream_jobs.facts.dossier import CLOCKED, ENDS
from stream_jobs.worked import Json, dossier, received
from tests.conftest import Hub
from tests.parts import lists
from tests.parts.depth import rounds
from tests.parts.small import Sent, Small, in_this_process
from tests.unit.reference.test_working import CALENDAR, HOURS, policy
from tests.unit.reports.test_editions import close_month, frozen, status

HOUR = timedelta(hours=1)
KPIS = registry.kpis()
FACT = registry.facts()["dossier"]
FORM = registry.reports()["06a"]
FIVE_DAYS = [policy("1.005129", "working_days", "5")]
# Five working days after Monday 5 May 2025: 6, 7, 8, 9, 12 May.
EVENTS = [
    received("A", "2025-05-05", due=None),  # due on the 12th by working time
    dossier("A", "resolved", "2025-05-13"),
    received("B", "2025-05-05", due="2025-05-12"),  # the same day, as it was sent
    dossier("B", "resolved", "2025-05-13"),
    received("C", "2025-05-05", due=None),
    dossier("C", "resolved", "2025-05-12"),
    received("D", "2025-05-05", due="2025-05-30"),  # promised long after the 12th
    dossier("D", "resolved", "2025-05-20"),
]
DAY_OFF = {"date": "2025-05-12", "kind": "holiday", "name_vi": "", "decision": "", "source": ""}


@pytest.fixture
def _a_few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compute and sum few at once, as a hub does with many."""
    monkeypatch.setattr(dues, "FACTS_AT_ONCE", 2)


def load(hub: Hub, **tables: list[dict[str, str]]) -> None:
    """Load lists as `hub reference load` does, an hour after what was before."""
    hub.now += HOUR
    assert load_lists(hub.log, tables, to_us(hub.now), "An")
    hub.runner.catch_up()
    hub.now += HOUR


@pytest.fixture
def may(tmp_path: Path) -> Iterator[Hub]:
    opened = Hub(tmp_path)
    opened.now = datetime.fromisoformat("2025-06-02T10:00:00+07:00")
    load(opened, calendar=CALENDAR, hours=HOURS, clock_policies=FIVE_DAYS)
    opened.send("dossier", *EVENTS)
    yield opened
    opened.close()


def share(hub: Hub, kpi: str = "dossier_on_time_share", **asked: str) -> tuple[int, int]:
    (figure,) = hub.kpi(kpi, period="2025-05", **asked)
    return figure["numerator"], figure["denominator"]


def columns(hub: Hub, **asked: str) -> list[int]:
    """Give c6, c7 and c8 of May: early, on time, late."""
    with hub.store.reading() as reading:
        question = read_report_question(FORM, {"period": "2025-05"} | asked, to_us(hub.now))
        book = as_known(hub.book(reading), question.as_of, to_us(hub.now))
        filled = fill(FORM, question, book, is_computed=asked.get("due") == "computed")
    assert filled.broken() == []
    return list(filled.total[5:8])


@pytest.mark.usefixtures("_a_few_at_once")
def test_where_none_was_sent_the_computed_one_counts_and_beside_it_throughout(may: Hub) -> None:
    """By hand: A and B are late, C on its day; D is early by what was promised, late by the law."""
    assert share(may) == (2, 4)
    assert share(may, "dossier_on_time_share_computed") == (1, 4)
    assert columns(may) == [1, 1, 2]
    assert columns(may, due="computed") == [0, 1, 3]
    of_units = may.kpi("dossier_on_time_share", period="2025-05", by="unit")
    assert [(f["dims"]["unit"], f["numerator"], f["denominator"]) for f in of_units] == [
        ("H57.2", 2, 4)
    ]


@pytest.mark.usefixtures("_a_few_at_once")
def test_a_list_loaded_later_restates_what_was_closed_and_is_its_cause(may: Hub) -> None:
    before = may.now.isoformat()
    close_month(may, "2025-05")
    versions = {f["definition_version"] for f in may.kpi("dossier_on_time_share", period="2025-05")}
    load(may, calendar=[*CALENDAR, DAY_OFF])
    (figure,) = may.kpi("dossier_on_time_share", period="2025-05")
    # A was due on the 13th then. B keeps the day that was sent.
    assert (figure["status"], figure["numerator"], figure["denominator"]) == ("restated", 2, 4)
    assert figure["restatement"]["numerator"] == 3
    assert (columns(may), columns(may, as_of=before)) == ([2, 1, 1], [1, 1, 2])
    computed = [columns(may, due="computed", **of) for of in ({}, {"as_of": before})]
    assert computed == [[1, 2, 1], [0, 1, 3]]
    with may.store.reading() as reading:
        book = may.book(reading)
        (closing,) = book.closings
        found = restatements(book, closing, [*KPIS.values()], to_us(may.now))
    listed = {r["kpi"]: r for r in found if KPIS[r["kpi"]].contract == "dossier"}
    # A day off is in how long handling took, too.
    handling = {"dossier_handling_mean", "dossier_handling_median", "dossier_handling_p90"}
    assert listed.keys() == {
        "dossier_on_time_share",
        "dossier_on_time_share_computed",
        *handling,
    }
    said = listed["dossier_on_time_share"]
    assert said["difference"] == {"numerator": 1, "denominator": 0}
    (cause,) = said["causes"]
    assert (cause["entity"], cause["events"], cause["numerator"]) == ("A", [], 1)
    assert [act["list"] for act in cause["lists"]] == ["calendar"]
    throughout = listed["dossier_on_time_share_computed"]["causes"]
    assert [c["entity"] for c in throughout] == ["A", "B"]
    assert status(may, period="2025-05") == "restated"
    close_month(may, "2025-05")
    first, second = frozen(may, "2025-05")
    assert {(c["column"], c["before"], c["after"]) for c in second["changes"]} >= {("c8", 2, 1)}
    difference = {n: k for n, k in second["causes"]["difference"].items() if k}
    assert difference == {"c6": 1, "c8": -1}
    assert {e["entity"] for e in second["causes"]["entities"]} == {"A", "C"}
    assert [act["list"] for act in second["causes"]["lists"]] == ["calendar"]
    assert first["definition_version"] != second["definition_version"]
    assert (
        may.kpi("dossier_on_time_share", period="2025-05")[0]["definition_version"] not in versions
    )


def test_a_day_off_of_another_year_moves_nothing(may: Hub) -> None:
    before = (share(may), share(may, "dossier_on_time_share_computed"), columns(may))
    close_month(may, "2025-05")
    load(may, calendar=[*CALENDAR, DAY_OFF | {"date": "2026-05-12"}])
    after = (share(may), share(may, "dossier_on_time_share_computed"), columns(may))
    assert after == before
    assert status(may, period="2025-05") == "official"


def test_an_event_and_a_list_together_are_one_cause(may: Hub) -> None:
    close_month(may, "2025-05")
    load(may, calendar=[*CALENDAR, DAY_OFF])
    (ended,) = (e for e in EVENTS if (e["dossier_code"], e["kind"]) == ("A", "resolved"))
    may.send("dossier", dossier("A", "retracted", "2025-06-02", retracts=ended["event_id"]))
    with may.store.reading() as reading:
        book = may.book(reading)
        found = restatements(
            book, book.closings[0], [KPIS["dossier_on_time_share"]], to_us(may.now)
        )
    ((cause,),) = [r["causes"] for r in found]
    assert (cause["entity"], cause["numerator"], cause["denominator"]) == ("A", 0, -1)
    assert len(cause["events"]) == 1


KINDS = ("supplement_requested", "payment_requested", "supplemented", "processing", "due_changed")


@st.composite
def histories(draw: st.DrawFn) -> list[Json]:
    """Write what happened to some dossiers, received with and without a due date; two at once."""
    begin = datetime.fromisoformat("2025-04-24T00:00:00+07:00")
    events: list[Json] = []
    for i in range(draw(st.integers(1, 6))):
        hours = sorted(draw(st.lists(st.integers(0, 24 * 25), min_size=1, max_size=7)))
        for n, hour in enumerate(hours):
            kind = "received" if n == 0 else draw(st.sampled_from([*KINDS, *KINDS, *ENDS]))
            at = (begin + hour * HOUR).isoformat()
            event = {"event_id": f"e{i}-{n}", "dossier_code": f"D{i}", "kind": kind}
            event["occurred_at"] = at
            if kind == "due_changed" or (kind == "received" and draw(st.integers(0, 2)) == 0):
                event["due_at"] = (begin + draw(st.integers(hour, 900)) * HOUR).isoformat()
            if kind == "received":
                event |= {"received_by": draw(st.sampled_from(["H57.1", "H57.2"]))}
                event |= {"channel": "online", "service_level": "full"}
                event["procedure_code"] = draw(st.sampled_from(["1.000001", "1.000002"]))
            events.append(event)
    return draw(st.permutations(events))


@st.composite
def policies(draw: st.DrawFn) -> list[dict[str, str]]:
    """Write how the time of one procedure is counted; the other one has no policy."""
    counts = draw(
        st.sampled_from(["working_days", "working_hours", "calendar_days", "fixed_hours"])
    )
    does = st.sampled_from(["pause", "restart", "go_on"])
    more = {"on_supplement": draw(does), "on_payment": draw(does)}
    more |= {"before": "15:00", "due_hour": "17:00"} if counts == "fixed_hours" else {}
    amount = "" if counts == "fixed_hours" else str(draw(st.integers(1, 12)))
    return [policy("1.000001", counts, amount, **more)]


# A supplement and a payment that are waited for at once.
AT_ONCE = [
    received("O", "2025-05-05", due=None) | {"procedure_code": "1.000001"},
    dossier("O", "supplement_requested", "2025-05-06"),
    dossier("O", "payment_requested", "2025-05-07"),
    dossier("O", "supplemented", "2025-05-08"),
    dossier("O", "processing", "2025-05-09"),
    dossier("O", "resolved", "2025-05-16"),
]


BY_RECEIVER = ("received_by",)
ASKED = [
    (measure, until)
    for measure in FACT.measures
    for until in (*(day_start(date(2025, month, 1)) for month in (5, 6, 9)), 2**62)
    if CLOCKED.is_asked_by(measure)
]


@settings(
    derandomize=True,
    max_examples=rounds(40, quick=10),
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(histories(), policies(), st.integers(1, 4))
@example(AT_ONCE, [policy("1.000001", "working_days", "5")], 2)
def test_in_any_order_and_batches_two_ways_of_counting_say_the_same(
    events: list[Json], listed: list[dict[str, str]], at_once: int
) -> None:
    own = {"unit": "H57.2", "opens": "08:00", "closes": "12:00"} | HOURS[0] | {"unit": "H57.2"}
    tables = {"calendar": CALENDAR, "hours": [*HOURS, own], "clock_policies": listed}
    installed = with_tables(tables)
    contract = registry.contracts()["dossier"]
    with (
        TemporaryDirectory() as folder,
        Small(Path(folder) / "small") as small,
        patch.object(frames, "WORN_MIN", 1),  # a base is made again every few commits
    ):
        for at in range(0, len(events), at_once):
            small.append(contract, [Sent("s", 20_400, e) for e in events[at : at + at_once]])
            small.apply(contract, 1)
            small.store.tend_columns()
            with small.store.reading() as reading:
                book = installed.book(reading)
                for is_computed in (True, False):
                    kept = book.dues.changes(FACT, is_computed=is_computed)
                    fresh = Dues(Unkept(reading), book.reference)
                    again = fresh.changes(FACT, is_computed=is_computed)
                    assert kept.sort("entity", "as_of").equals(again.sort("entity", "as_of"))
                    sums = summed(fresh, is_computed)
                    assert summed(book.dues, is_computed) == sums
                    assert summed_one_by_one(fresh, is_computed) == sums
        with in_this_process():
            assert verify(small.log, small.store, installed).differences == []


def summed(dues: Dues, is_computed: bool) -> list[object]:
    """Sum every measure that goes by due dates, up to several instants."""
    redated = dues.redated(FACT, is_computed=is_computed)
    return [
        (m.name, until, sorted(redated.sums(m, BY_RECEIVER, {}, (None, until)), key=repr))
        for m, until in ASKED
        if redated is not None
    ]


def summed_one_by_one(dues: Dues, is_computed: bool) -> list[object]:
    """Say the same by what each fact adds as it counts, less what it adds as it is stored."""
    changes = dues.changes(FACT, is_computed=is_computed)
    return [
        (m.name, until, sorted(changed_sums(changes, m, BY_RECEIVER, {}, (None, until)), key=repr))
        for m, until in ASKED
        if len(changes)
    ]


def with_tables(tables: dict[str, list[dict[str, str]]]) -> Installed:
    """Install lists in the place of theirs."""
    return replace(lists.installed(), lists=Lists(lists.reference().with_tables(tables)))


class Unkept(Reading):
    """A reading that keeps nothing from one snapshot to the next."""

    def __init__(self, of: Reading) -> None:
        super().__init__(of.connection, of.database, of.definitions, {}, of.succession, {})
