"""Any order, any repetition, any batches: the tables say the same, and what the log says."""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from hub import registry
from tests.parts.depth import rounds
from tests.parts.fees import fees
from tests.parts.small import Json, Sent, Small
from tests.parts.varied import varied

IDS = ["1", "2", "e\u0301-\U0001f30a"]
PLAIN_IDS = ["e1", "e2", "e3", "e4"]
# Two sides of local midnights, a tie with another offset, and one long before the others.
INSTANTS = [
    "2022-12-31T23:59:59.999999+07:00",
    "2023-01-01T00:00:00+07:00",
    "2022-12-31T17:00:00Z",
    "2023-01-02T08:00:00+07:00",
    "1950-06-01T08:00:00+07:00",
]
DUES = ["2023-01-01T17:00:00+07:00", "2022-12-30T17:00:00+07:00", "2024-02-29T17:00:00+07:00"]
LONG_BEFORE = INSTANTS[-1]
DUE_LONG_BEFORE = "1950-06-09T17:00:00+07:00"  # what is due after 20 years is no event
KINDS = [
    *["received"] * 6,
    *["retracted"] * 10,
    *["resolved", "due_changed", "rated", "synced"] * 2,
    *["registered", "refused", "processing", "supplement_requested", "payment_requested"],
    *["withdrawn", "stopped", "returned", "supplemented", "sync_failed"],
]
UNITS = ["H57.1", "H57.2"]
# Each names its unit, so that no order of arrival decides between two that claim it.
CODES = ["H57.1-A", "H57.1-A", "H57.1-A", "H57.2-B"]
SCOPES = [None, "H57.1", "H57.2", "H57.1,H57.2"]
once = settings(
    derandomize=True,
    max_examples=rounds(15, quick=6),
    # Shrinking would take minutes; a dozen events can be read as they are.
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def present(fields: Json) -> Json:
    return {name: value for name, value in fields.items() if value is not None}


@st.composite
def dossiers(draw: st.DrawFn) -> Json:
    kind = draw(st.sampled_from(KINDS))
    fields = {
        "event_id": draw(st.sampled_from(IDS)),
        "dossier_code": draw(st.sampled_from(CODES)),
        "kind": kind,
        "occurred_at": draw(st.sampled_from(INSTANTS)),
        "recorded_at": draw(maybe(st.sampled_from(INSTANTS))),
        "resolved_by": draw(maybe(st.sampled_from(UNITS))),
        "citizen_unit": draw(maybe(st.sampled_from(UNITS))),
    }
    if kind == "received":
        fields |= {
            "received_by": draw(st.sampled_from(UNITS)),
            "procedure_code": "1.005129",
            "service_level": draw(st.sampled_from(["full", "partial"])),
            "channel": draw(st.sampled_from(["counter", "online"])),
        }
    if kind in ("received", "due_changed"):
        is_old = fields["occurred_at"] == LONG_BEFORE
        dues = st.just(DUE_LONG_BEFORE) if is_old else st.sampled_from(DUES)
        fields["due_at"] = draw(maybe(dues) if kind == "received" else dues)
    if kind == "rated":
        fields["satisfied"] = draw(st.booleans())
    if kind == "retracted":
        fields["retracts"] = draw(st.sampled_from([*IDS, "never sent"]))
    return present(fields)


@st.composite
def readings(draw: st.DrawFn) -> Json:
    quantity, unit = draw(
        st.sampled_from([("salinity", "g/L"), ("salinity", "mg/L"), ("ph", "pH")])
    )
    # Either side of both lines and of a half; in mg/L some of them round.
    value = draw(st.sampled_from(["0.999", "1", "3.999", "4", "4000", "999.5", "999.499", "-0.5"]))
    event = {
        "event_id": draw(st.sampled_from(IDS)),
        "recorded_at": draw(maybe(st.sampled_from(INSTANTS))),
        "station_code": draw(st.sampled_from(["ST01", "ST02"])),
        "measured_at": draw(st.sampled_from(INSTANTS)),
        "quantity": quantity,
        "value": value,
        "unit": unit,
        "quality": draw(maybe(st.sampled_from([1, 2, 3, 4, 9]))),
        "revised_at": draw(maybe(st.sampled_from(INSTANTS))),
    }
    # What cannot be is said to be suspect, at least.
    is_possible = value != "-0.5" and (unit == "mg/L" or float(value) <= 4)
    if not is_possible and event["quality"] in (None, 1, 2):
        event["quality"] = 3
    return present(event)


@st.composite
def any_of(draw: st.DrawFn, name: str) -> Json:
    """Draw an event that is varied from the contract's cases."""
    return varied(name).close(draw(st.randoms(use_true_random=False)), PLAIN_IDS, INSTANTS)


# By hand where cases alone would seldom meet what is hard; every other contract by its cases.
BY_HAND: dict[str, Callable[[], st.SearchStrategy[Json]]] = {
    "dossier": dossiers,
    "reading": readings,
    "fee": lambda: fees(IDS, INSTANTS, UNITS),
}
EVENTS = {n: BY_HAND.get(n, partial(any_of, n)) for n in registry.contracts()}


@st.composite
def deliveries(draw: st.DrawFn, events: Callable[[], st.SearchStrategy[Json]]) -> list[Sent]:
    """Some events, some of them delivered again, now and then on another day."""
    scopes = st.sampled_from(SCOPES if events is dossiers else [None])
    days = st.integers(20_400, 20_402)
    first = draw(
        st.lists(
            st.builds(
                Sent,
                st.sampled_from(["one_stop", "one_stop", "portal"]),
                st.integers(20_400, 20_401),
                events(),
                scopes,
            ),
            min_size=3,
            max_size=16,
        )
    )
    again = draw(st.lists(st.sampled_from(first), max_size=4))
    # Now and then by a key of another scope.
    others = [draw(st.sampled_from([s.sent_for, draw(scopes)])) for s in again]
    return first + [
        Sent(s.sender, draw(days), s.event, scope) for s, scope in zip(again, others, strict=True)
    ]


@pytest.fixture
def folders(tmp_path: Path) -> Callable[[], Path]:
    """Give a new folder at each call."""
    numbers = count()
    return lambda: tmp_path / str(next(numbers))


@pytest.fixture(scope="module")
def _one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Small]:
    with Small(tmp_path_factory.mktemp("small") / "one") as opened:
        yield opened


@pytest.fixture
def small(_one: Small) -> Small:
    """Give an empty hub; one serves all tests, since making it costs more than they do."""
    _one.clear()
    return _one


def test_every_contract_folds_into_a_fact() -> None:
    assert registry.contracts().keys() == registry.facts().keys()


@pytest.mark.parametrize("name", EVENTS)
def test_order_repetition_and_batches_change_nothing(
    folders: Callable[[], Path], name: str
) -> None:
    contract = registry.contracts()[name]
    seen: Counter[str] = Counter()

    @once
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        sent = data.draw(deliveries(EVENTS[name]))
        shuffled = data.draw(st.permutations(sent))
        cuts = sorted(data.draw(st.sets(st.integers(1, len(sent)), max_size=5)))
        at_once = data.draw(st.integers(1, 3))
        for small in (whole, pieces, rebuilt):
            small.clear()
        whole.append(contract, sent)
        whole.apply(contract, 1_000)
        for a, b in zip([0, *cuts], [*cuts, len(sent)], strict=True):
            if shuffled[a:b]:
                pieces.append(contract, shuffled[a:b])
                pieces.apply(contract, at_once)
        said = whole.said(by_day=False)
        assert pieces.said(by_day=False) == said
        assert pieces.negative_cells() == whole.negative_cells() == []
        assert pieces.ledger_by_day() == pieces.received_by_day()
        rebuilt.apply(contract, 1_000)
        assert rebuilt.said(by_day=True) == pieces.said(by_day=True)
        assert pieces.verify().differences == []
        seen.update(kind for _, _, _, kind in said["ledger"])
        seen.update("dispute" for f in said[f"fact_{name}"].values() if f["is_disputed"])

    with (
        Small(folders()) as whole,
        Small(folders()) as pieces,
        Small(folders(), pieces.log) as rebuilt,
    ):
        holds()
    # The law would say little over events that never met each other.
    meant = {"applied", "duplicate", "conflict", "dispute"}
    meant |= {"retracted"} if contract.can_retract else set()
    assert seen.keys() >= (meant | {"held"} if contract.spec.stamp else meant)


@pytest.mark.slow
def test_repeating_everything_adds_duplicates_and_nothing_else(
    small: Small,
) -> None:
    contract = registry.contracts()["dossier"]

    @settings(once, max_examples=rounds(6, quick=2))
    @given(deliveries(dossiers))
    def holds(sent: list[Sent]) -> None:
        small.clear()
        small.append(contract, sent)
        small.apply(contract, 1)
        before = small.said(by_day=True)
        small.append(contract, sent)
        small.apply(contract, 2)
        after = small.said(by_day=True)
        ledger, kept = Counter(after.pop("ledger")), Counter(before.pop("ledger"))
        assert after == before
        kept.update(("dossier", s.sender, s.day, "duplicate") for s in sent)
        assert ledger == kept

    holds()


def received(event_id: str, at: str = "2023-01-05T08:00:00+07:00", **more: Any) -> Json:
    return {
        "event_id": event_id,
        "dossier_code": "A",
        "kind": "received",
        "occurred_at": at,
        "received_by": "H57.1",
        "procedure_code": "1.005129",
        "service_level": "full",
        "channel": "counter",
        "due_at": "2023-02-01T17:00:00+07:00",
        **more,
    }


def happened(event_id: str, kind: str, at: str = "2023-01-06T08:00:00+07:00", **more: Any) -> Json:
    return {
        "event_id": event_id,
        "dossier_code": "A",
        "kind": kind,
        "occurred_at": at,
        **more,
    }


def by(sender: str, *events: Json) -> list[Sent]:
    return [Sent(sender, 20_400, e) for e in events]


# What must count, worked out by hand; each set is delivered forwards and backwards.
CASES: dict[str, tuple[list[Sent], Json, dict[str, int]]] = {
    "a later record corrects what happened at the same time": (
        by(
            "s",
            received("2"),
            received("1", channel="online", recorded_at="2023-03-01T00:00:00Z"),
        ),
        {"channel": "online"},
        {"applied": 2},
    ),
    "recorded at one time, the later happening counts": (
        by(
            "s",
            received("1", recorded_at="2023-03-01T00:00:00Z"),
            received("2", "2023-01-07T08:00:00Z", recorded_at="2023-03-01T00:00:00Z"),
        ),
        {"received_at": 1_673_078_400_000_000},
        {"applied": 2},
    ),
    "a tie goes to the kind listed later": (
        by("s", received("1"), happened("9", "withdrawn"), happened("2", "stopped")),
        {"end_kind": "stopped", "is_on_time": None},
        {"applied": 3},
    ),
    "without a due date a dossier is resolved, and neither late nor on time": (
        by("s", received("1", due_at=None), happened("2", "resolved")),
        {"end_kind": "resolved", "due_at": None, "overdue_at": None, "is_on_time": None},
        {"applied": 2},
    ),
    "without a due date a dossier in progress is never overdue": (
        by("s", received("1", due_at=None)),
        {"received_at": 1_672_880_400_000_000, "due_at": None, "overdue_at": None},
        {"applied": 1},
    ),
    "a reception told again without a due date leaves the one that was set": (
        by(
            "s",
            received("1", due_at=None),
            happened("2", "due_changed", due_at="2023-01-09T17:00:00+07:00"),
            received("3", due_at=None, channel="online", recorded_at="2023-03-01T00:00:00Z"),
        ),
        {"channel": "online", "due_at": 1_673_258_400_000_000},
        {"applied": 3},
    ),
    "then to the greater sender": (
        by("a", received("9", channel="online")) + by("b", received("1", channel="post")),
        {"channel": "post"},
        {"applied": 2},
    ),
    "then to the greater event_id, by its bytes": (
        by("s", received("Z", channel="online"), received("a", channel="post")),
        {"channel": "post"},
        {"applied": 2},
    ),
    "one event_id of two senders is two events": (
        by("a", received("1")) + by("b", happened("1", "resolved")),
        {"end_kind": "resolved", "is_disputed": 0},
        {"applied": 2},
    ),
    "a retraction makes an event as if it had never been": (
        by("s", received("1"), happened("2", "resolved"), happened("3", "retracted", retracts="2")),
        {"ended_at": None, "end_kind": None},
        {"applied": 2, "retracted": 1},
    ),
    "a retraction of what was never sent waits": (
        by("s", received("1"), happened("3", "retracted", retracts="2")),
        {"channel": "counter"},
        {"applied": 2},
    ),
    "a retraction is not retracted": (
        by(
            "s",
            received("1"),
            happened("2", "retracted", retracts="1"),
            happened("3", "retracted", retracts="2"),
        ),
        {"received_at": None, "first_at": None},
        {"applied": 2, "retracted": 1},
    ),
    "nor does it withdraw itself": (
        by("s", received("1"), happened("2", "retracted", retracts="2")),
        {"channel": "counter"},
        {"applied": 2},
    ),
    "another sender's retraction names another event": (
        by("a", received("1")) + by("b", happened("2", "retracted", retracts="1")),
        {"channel": "counter"},
        {"applied": 2},
    ),
    "one identity, two contents: in dispute": (
        by("s", received("1"), happened("2", "resolved"), happened("2", "refused")),
        {"is_disputed": 1},
        {"applied": 2, "conflict": 1},
    ),
    "a retraction settles a dispute": (
        by(
            "s",
            received("1"),
            happened("2", "resolved"),
            happened("2", "refused"),
            happened("3", "retracted", retracts="2"),
        ),
        {"is_disputed": 0, "end_kind": None},
        {"applied": 2, "retracted": 2},
    ),
    "the same instant with another offset is the same content": (
        by("s", received("1"), received("1", at="2023-01-05T01:00:00Z")),
        {"is_disputed": 0},
        {"applied": 1, "duplicate": 1},
    ),
    "absent and null are the same content": (
        by("s", received("1"), received("1", citizen_unit=None)),
        {"is_disputed": 0},
        {"applied": 1, "duplicate": 1},
    ),
}


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_what_counts_by_hand(small: Small, name: str, backwards: bool) -> None:
    sent, fact, ledger = CASES[name]
    contract = registry.contracts()["dossier"]
    for one in reversed(sent) if backwards else sent:
        small.append(contract, [one])
    small.apply(contract, 1 if backwards else 10)
    said = small.said(by_day=False)
    assert {k: said["fact_dossier"]["A"][k] for k in fact} == fact
    counted: Counter[str] = Counter()
    for (_, _, _, kind), n in said["ledger"].items():
        counted[kind] += n
    assert counted == ledger
    assert small.verify().differences == []


def test_a_withdrawn_maximum_gives_way_to_the_next(small: Small) -> None:
    contract = registry.contracts()["reading"]
    reading = {
        "station_code": "ST01",
        "quantity": "salinity",
        "unit": "g/L",
        "measured_at": "2023-03-01T05:00:00+07:00",
    }
    later = reading | {"measured_at": "2023-03-01T06:00:00+07:00"}
    sent = [
        reading | {"event_id": "1", "value": 9},
        later | {"event_id": "2", "value": 2},
        reading | {"event_id": "3", "value": 9, "quality": 4, "revised_at": "2023-04-01T00:00:00Z"},
    ]
    for i, e in enumerate(sent):
        small.append(contract, [Sent("s", 20_400 + i, e)])
        small.apply(contract, 1)
    cells = small.said(by_day=True)["cells"]
    key = ("2023-03-01", "station_code=ST01")
    assert cells["reading.salinity_max/station_code", *key][:2] == (1, 2_000)
    assert cells["reading.hours_over_1/station_code", *key][:2] == (1, 1)
    assert ("reading.hours_over_4/station_code", *key) not in cells
    assert small.verify().differences == []


TAMPERING = [
    ("UPDATE cell SET value = value + 1 WHERE cell_set LIKE 'dossier.resolved/r%'", "cell dossier"),
    ("UPDATE cell SET count = count + 1 WHERE cell_set LIKE 'dossier.left/r%'", "cell dossier.le"),
    ("UPDATE cell SET d2 = d2 + 1 WHERE cell_set LIKE 'dossier.left/c%'", "cell dossier.left/ch"),
    ("DELETE FROM cell WHERE cell_set LIKE 'dossier.received/r%'", "cell dossier.received/rec"),
    ("UPDATE fact_dossier SET channel = 'post'", "fact dossier/A"),
    ("DELETE FROM fact_dossier", "fact dossier/A"),
    ("UPDATE ledger SET count = count + 1 WHERE class = 'applied'", "ledger dossier/s/20400/app"),
    ("UPDATE ledger SET class = 'discarded' WHERE class = 'applied'", "ledger dossier/s/20400/dis"),
    ("UPDATE arrival SET count = count + 1", "arrival dossier/s/"),
    ("INSERT INTO cell VALUES ('dossier.gone/x', '2023', '', 0, 1, 0, 0, 0, 0, 0, 0)", "cells dos"),
]


@pytest.mark.parametrize(("statement", "named"), TAMPERING)
def test_verify_names_what_was_tampered_with(small: Small, statement: str, named: str) -> None:
    contract = registry.contracts()["dossier"]
    small.append(contract, by("s", received("1"), happened("2", "resolved")))
    small.apply(contract, 1)
    assert small.verify().differences == []
    with small.store.administering() as connection:
        connection.execute(sa.text(statement))
    found = small.verify().differences
    assert any(d.startswith(named) for d in found), found


def test_an_instant_of_the_log_is_enough_for_verify(small: Small) -> None:
    """What is not applied yet is no difference."""
    contract = registry.contracts()["dossier"]
    small.append(contract, by("s", received("1")))
    small.apply(contract, 1)
    small.append(contract, by("s", happened("2", "resolved")))
    findings = small.verify()
    assert findings.differences == []
    assert findings.events == 1
    small.apply(contract, 1)
    assert small.verify().events == 2


def test_days_are_local(small: Small) -> None:
    contract = registry.contracts()["dossier"]
    last = "2022-12-31T16:59:59.999999Z"
    first = "2022-12-31T17:00:00Z"
    small.append(contract, by("s", received("1", at=last)))
    small.append(contract, by("s", received("2", at=first) | {"dossier_code": "B"}))
    small.apply(contract, 5)
    cells = small.said(by_day=True)["cells"]
    days = {k[1] for k in cells if k[0] == "dossier.received/received_by"}
    assert days == {"2022-12-31", "2023-01-01"}
