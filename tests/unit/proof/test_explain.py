"""Explaining: what is in a cell, page by page, and where an entity's events stand."""

import pytest

from hub.proof import explain as explaining
from hub.proof.explain import UnknownNameError, explain
from stream_jobs.worked import dossier, received
from tests.conftest import Hub
from tests.parts.lists import installed

CELL = "dossier.received/received_by/2023-05-02/received_by="


def test_a_cell_lists_its_facts_a_page_at_a_time(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explaining, "FACTS_SHOWN_MAX", 2)
    events = [received(code, "2023-05-02") for code in "ABCDE"]
    hub.send("dossier", *events, received("F", "2023-05-03"))
    name = CELL + events[0]["received_by"]
    listed, sizes, offset = [], [], 0
    with hub.store.reading() as reading:
        while offset is not None:
            page = explain(installed().book(reading), name, offset)
            listed += [f["entity"] for f in page["facts"]]
            sizes.append(len(page["facts"]))
            assert (page["count"], page["facts_total"]) == (5, 5)
            offset = page["next_offset"]
    assert listed == list("ABCDE")
    assert sizes == [2, 2, 1]


def test_an_entity_says_where_its_events_stand_and_what_counts_it(hub: Hub) -> None:
    hub.send("dossier", received("A", "2023-05-02"), received("B", "2023-05-02"))
    hub.send("dossier", dossier("A", "resolved", "2023-05-09"))
    with hub.store.reading() as reading:
        said = explain(installed().book(reading), "A")
        with pytest.raises(UnknownNameError):
            explain(installed().book(reading), "Z")
    assert [(e["partition"], e["offset"]) for e in said["events"]] == [(0, 0), (0, 2)]
    assert any(c.startswith("dossier.resolved/") for c in said["counted_in"])
    assert {
        "measure": "dossier.rated",
        "rule": "rated_at IS NOT NULL AND received_at IS NOT NULL",
    } in (said["not_counted"])
