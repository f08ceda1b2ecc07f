"""A trial says what comes, and commits nothing."""

import json
import os
from pathlib import Path

import pytest

from hub import registry
from hub.clock import to_us
from hub.proof.trial import Trial, differing, try_events, try_reference, whole_figures
from tests.conftest import Hub
from tests.laws.test_closing import BEFORE, LATE, MAY, closed, take, taken
from tests.parts import lists
from tests.parts.small import Json, Small, admitted_frame
from tests.parts.starting import run_hub
from tests.parts.waiting import SECONDS_MAX

_ = closed, taken  # fixtures
EVERYTHING = {name: [*LATE[name], LATE[name][0], BEFORE[name][0]] for name in LATE}


def tried(small: Small, name: str, events: list[Json]) -> Trial:
    contract = registry.contracts()[name]
    frame = admitted_frame(contract, events)
    return try_events(
        small.store, small.log, lists.installed(), contract, frame, "one_stop", to_us(small.now)
    )


def cells(small: Small) -> dict[tuple[str, ...], tuple[int, int]]:
    with small.store.reading() as reading:
        return {
            (cell_set, *key): (row[0], row[1])
            for fact in small.store.facts.values()
            for cell_set in reading.cell_sets(f"{fact.contract}.")
            for key, row in reading.cells(cell_set).items()
        }


@pytest.mark.slow
@pytest.mark.parametrize("name", EVERYTHING)
def test_what_is_said_is_what_comes(closed: Small, name: str) -> None:
    contract = registry.contracts()[name]
    trial = tried(closed, name, EVERYTHING[name])
    assert trial.figures
    assert bool(trial.cells) == any(m.sets for m in registry.facts()[name].measures)
    assert trial.classes["duplicate"] == 2
    periods = [MAY]
    with closed.store.reading() as reading:
        before = whole_figures(
            lists.installed().book(reading), registry.kpis().values(), periods, to_us(closed.now)
        )
    cells_before = cells(closed)
    take(closed, {name: EVERYTHING[name]})
    with closed.store.reading() as reading:
        after = whole_figures(
            lists.installed().book(reading), registry.kpis().values(), periods, to_us(closed.now)
        )
    of_events = [
        f for f in differing(before, after) if registry.kpis()[f["kpi"]].contract == contract.name
    ]
    said = [
        f
        for f in trial.figures
        if f["period"] == MAY.text and registry.kpis()[f["kpi"]].contract == contract.name
    ]
    assert said == of_events
    assert any("restatement" in (f["after"] or {}) for f in said)
    cells_after = cells(closed)
    keys = sorted(
        k
        for k in cells_before.keys() | cells_after.keys()
        if cells_before.get(k) != cells_after.get(k)
    )
    assert [(c["cell_set"], c["period"], c["dims"]) for c in trial.cells] == keys
    for cell, key in zip(trial.cells, keys, strict=True):
        old, new = cells_before.get(key, (0, 0)), cells_after.get(key, (0, 0))
        assert (cell["count"]["before"], cell["value"]["before"]) == old
        assert (cell["count"]["after"], cell["value"]["after"]) == new


def test_nothing_is_committed(closed: Small) -> None:
    before = closed.raw()
    for name, events in EVERYTHING.items():
        assert tried(closed, name, events).figures
    assert closed.raw() == before
    assert closed.verify().differences == []


def test_repeats_alone_change_nothing(taken: Small) -> None:
    trial = tried(taken, "dossier", BEFORE["dossier"])
    assert trial.cells == []
    assert [f for f in trial.figures if not f["kpi"].startswith("source_")] == []
    assert trial.classes == {"duplicate": len(BEFORE["dossier"])}


def test_other_reference_data_is_tried(taken: Small) -> None:
    procedures = lists.reference().tables["procedures"]
    fewer = [r for r in procedures if r["service_level"] != "full"]
    with taken.store.reading() as reading:
        trial = try_reference(
            lists.installed().book(reading),
            registry.kpis().values(),
            {"procedures": fewer},
            to_us(taken.now),
        )
        nothing = try_reference(
            lists.installed().book(reading), registry.kpis().values(), {}, to_us(taken.now)
        )
    assert {f["kpi"] for f in trial.figures} == {"procedure_full_online_share"}
    assert {f["after"]["numerator"] for f in trial.figures if f["after"]} == {0}
    assert nothing.figures == []


@pytest.mark.slow
def test_the_command_tells_and_names_what_is_wrong(hub: Hub, tmp_path: Path) -> None:
    hub.send("dossier", *BEFORE["dossier"])
    hub.close()
    file = tmp_path / "late.json"
    file.write_text(json.dumps([LATE["dossier"][0], {"dossier_code": "?"}]), "utf-8")
    env = {**os.environ, "HUB_DATA_DIR": str(hub.folder)}
    command = ["try", "events", str(file), "--contract", "dossier", "--sender", "tester"]
    done = run_hub(*command, env=env, timeout=SECONDS_MAX)
    assert done.returncode == 1
    assert "dossier_received_new" in done.stdout
    assert "nothing committed" in done.stdout
    assert "2: " in done.stderr
