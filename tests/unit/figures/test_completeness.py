"""How complete a figure is, and what it was made of."""

from dataclasses import replace

from stream_jobs.worked import dossier, received
from tests.conftest import Hub
from tests.parts.asked import ratios, whole


def completeness(hub: Hub, period: str, at: str | None = None) -> float:
    (figure,) = hub.kpi("dossier_received", at, period=period)
    return float(figure["completeness"])


def test_dossiers_without_reception_lower_completeness(hub: Hub) -> None:
    hub.send("dossier", received("A", "2023-05-17"), sender="one_stop")
    assert completeness(hub, "2023-05-17") == 1.0
    hub.send("dossier", dossier("LOST", "resolved", "2023-05-17"), sender="one_stop")
    assert completeness(hub, "2023-05-17") == 0.5
    assert whole(hub.kpi("dossier_resolved", period="2023-05-17")) == 0
    late = received("LOST", "2023-05-17T07:00")
    hub.send("dossier", late, sender="one_stop")
    assert completeness(hub, "2023-05-17") == 1.0
    withdrawal = dossier("LOST", "retracted", "2023-05-18", retracts=late["event_id"])
    hub.send("dossier", withdrawal, sender="one_stop")
    assert completeness(hub, "2023-05-17") == 0.5


def test_holidays_of_the_past_are_not_missing_days(hub: Hub) -> None:
    """1 to 3 May 2023 were holidays: Thursday and Friday were due, and the weekend was not."""
    hub.send("dossier", received("A", "2023-05-04"), sender="one_stop")
    assert completeness(hub, "2023-W18") == 0.5
    hub.send("dossier", received("B", "2023-05-05"), sender="one_stop")
    assert completeness(hub, "2023-W18") == 1.0
    assert ratios(hub.kpi("source_complete_share", period="2023-W18", source="one_stop")) == [
        (2, 2)
    ]
    calendar = [r for r in hub.reference.tables["calendar"] if not r["date"].startswith("2023-05")]
    hub.reference = hub.reference.with_tables({"calendar": calendar})
    assert completeness(hub, "2023-W18") == 0.4


def test_a_swapped_saturday_is_due(hub: Hub) -> None:
    row = {"date": "2023-05-20", "kind": "working", "name_vi": "", "source": "test"}
    calendar = [*hub.reference.tables["calendar"], row]
    hub.send("dossier", *(received(f"D{d}", f"2023-05-{d}") for d in range(15, 20)))
    ask = {"period": "2023-W20", "source": "one_stop"}
    assert ratios(hub.kpi("source_complete_share", **ask)) == [(0, 5)]
    hub.reference = hub.reference.with_tables({"calendar": calendar})
    assert ratios(hub.kpi("source_complete_share", **ask)) == [(0, 6)]
    hub.send("dossier", received("E", "2023-05-20"), sender="one_stop")
    assert ratios(hub.kpi("source_complete_share", **ask)) == [(1, 6)]


def test_only_what_was_due_by_then_is_missing(hub: Hub) -> None:
    hub.send("dossier", received("A", "2023-05-15"), sender="one_stop")
    assert completeness(hub, "2023-W20", "2023-05-16T00:00:00+07:00") == 1.0
    assert completeness(hub, "2023-W20", "2023-05-16T23:00:00+07:00") == 1.0
    assert completeness(hub, "2023-W20", "2023-05-17T00:00:00+07:00") == 0.5
    assert completeness(hub, "2023-W20") == 0.2


def test_a_figure_names_what_it_was_made_of(hub: Hub) -> None:
    hub.send("dossier", received("A", "2023-05-15"))
    (before,) = hub.kpi("dossier_received", period="2023")
    assert before["status"] == "provisional"
    assert before["cut"] == "dossier=1"
    assert before["fresh_at"] == "2026-01-15T10:00:00+07:00"
    assert before["at"] == "2026-01-15T10:00:00+07:00"
    hub.send("dossier", received("B", "2023-05-15"))
    (after,) = hub.kpi("dossier_received", period="2023")
    assert after["cut"] == "dossier=2"
    assert after["definition_version"] == before["definition_version"]
    hub.reference = replace(hub.reference, tables={**hub.reference.tables, "calendar": []})
    (other,) = hub.kpi("dossier_received", period="2023")
    assert other["definition_version"] != before["definition_version"]
