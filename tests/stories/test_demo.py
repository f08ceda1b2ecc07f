"""The demo at a hundredth of its size: what it prints, and that nothing in it is painted on."""

import json
import os
import re
import subprocess
import time
from pathlib import Path

import pytest

from hub import registry
from hub.access.keys import Sender
from hub.board.board import board
from hub.clock import to_us
from hub.commands.demonstration import Demo, claim, generators, is_loaded, load, start_load
from hub.log.log import Log
from hub.opening import catch_up, open_hub
from hub.reference.periods import parse_period
from hub.settings import Settings
from stream_jobs.worked import received
from tests.parts import lists
from tests.parts.demos import SCALE, demo_copy
from tests.parts.starting import run_hub
from tests.parts.waiting import SECONDS_MAX


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "HUB_DATA_DIR": str(folder)}
    return run_hub(*command, env=env, timeout=SECONDS_MAX)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """What `hub demo --once` loaded and printed."""
    return demo_copy(tmp_path_factory)


def row(table: str, *words: str) -> list[str]:
    """Find the row whose first cells hold the words; the cells after them."""
    for line in table.splitlines():
        cells = [c.strip() for c in re.split("[│┃]", line)[1:-1]]
        if cells and cells[0].split() == list(words):
            return cells[1:]
    raise AssertionError(f"no row {words} in\n{table}")


def test_the_table_shows_computed_beside_published(loaded: tuple[Path, str]) -> None:
    _, table = loaded
    assert "dữ liệu mô phỏng (synthetic data)" in table
    # A hundredth of 213,995 of 605,859 and of 599,888, each part rounded by itself.
    assert row(table, "dossier_online_share") == [
        "2 140", "6 059", "35.32 %", "35,32 %", ">= 50.00 %", "no",
    ]  # fmt: skip
    assert row(table, "dossier_online_share_new")[:3] == ["2 140", "5 999", "35.67 %"]
    # Statistics are sums already, and not scaled.
    intermediary = row(table, "payment_intermediary_customer_share", "service=electricity")
    assert intermediary[:4] == ["394 881", "395 034", "99.96 %", "99,96 %"]
    assert row(table, "procedure_full_online_share") == [
        "1 041", "1 774", "58.68 %", "58,68 %", ">= 70.00 %", "no",
    ]  # fmt: skip
    assert row(table, "dossier_satisfaction_share")[-1] == "yes"
    assert re.search(r"events in [\d.]+ s: [\d,]+ events a second", table)


def test_a_second_start_is_at_once_and_another_demo_is_refused(loaded: tuple[Path, str]) -> None:
    folder, table = loaded
    again = run(folder, "demo", "--once", "--scale", SCALE)
    assert again.returncode == 0
    assert row(again.stdout, "dossier_received") == row(table, "dossier_received")
    assert "events a second" not in again.stdout  # nothing was loaded
    other = run(folder, "demo", "--once", "--scale", "0.02")
    assert other.returncode == 2
    assert "another demo" in other.stderr


def test_a_folder_with_other_events_is_refused(tmp_path: Path) -> None:
    with open_hub(Settings(data_dir=tmp_path)) as hub:
        gateway = hub.gateway()
        body = json.dumps(received("A", "2023-01-05")).encode()
        gateway.accept(registry.contracts()["dossier"], Sender("x"), body)
        gateway.close()
    refused = run(tmp_path, "demo", "--once", "--scale", SCALE)
    assert refused.returncode == 2
    assert "not the demo's" in refused.stderr


def figure(folder: Path, kpi: str) -> tuple[int, int]:
    with open_hub(Settings(data_dir=folder)) as hub:
        catch_up(hub)
        with hub.store.reading() as reading:
            period = parse_period("2023")
            found = board(
                lists.installed().book(reading),
                registry.kpis().values(),
                period,
                to_us(hub.clock()),
                hub.published,
            )
    one = next(s.figure for s in found if s.kpi == kpi and not s.where)
    return one.numerator, one.denominator


def test_one_event_more_or_less_changes_the_row(loaded: tuple[Path, str]) -> None:
    folder, _ = loaded
    assert run(folder, "verify").returncode == 0
    numerator, denominator = figure(folder, "dossier_online_share")
    with open_hub(Settings(data_dir=folder)) as hub:
        gateway = hub.gateway()
        one_more = json.dumps(received("H57.1-230105-9999X", "2023-01-05", channel="online"))
        gateway.accept(registry.contracts()["dossier"], Sender("x"), one_more.encode())
        gateway.close()
    assert figure(folder, "dossier_online_share") == (numerator + 1, denominator + 1)
    # A generated dossier that is withdrawn by its sender is taken out of the printed row.
    frames = generators()["one_stop"].history(Demo(2023, float(SCALE)).seed, float(SCALE))
    online = next(
        event
        for frame in frames
        for event in frame.iter_rows(named=True)
        if event["kind"] == "received"
        and event["channel"] == "online"
        and event["occurred_at"] > parse_period("2023").start
    )
    with open_hub(Settings(data_dir=folder)) as hub:
        gateway = hub.gateway()
        retraction = {
            "event_id": "withdrawn-by-hand",
            "dossier_code": online["dossier_code"],
            "kind": "retracted",
            "occurred_at": "2023-12-01T08:00:00+07:00",
            "retracts": online["event_id"],
        }
        body = json.dumps(retraction).encode()
        gateway.accept(registry.contracts()["dossier"], Sender("one_stop"), body)
        gateway.close()
    assert figure(folder, "dossier_online_share") == (numerator, denominator)
    proof = run(folder, "verify")
    assert proof.returncode == 0, proof.stdout


def test_a_stopped_load_goes_on_where_it_was(tmp_path: Path) -> None:
    """Everything is loaded once, however often the load is stopped with kill -9."""
    scale = 0.03
    wanted = Demo(2023, scale)
    settings = Settings(data_dir=tmp_path)
    with open_hub(settings) as hub:
        claim(hub, wanted)
    for frames in (1, 2, 4):
        process = start_load(settings, wanted)
        with open_hub(settings) as hub:
            while process.is_alive() and _frames(hub.log) < frames:
                time.sleep(0.005)
        process.kill()
        process.join()
    load(settings, wanted)
    with open_hub(settings) as hub:
        assert is_loaded(hub.log)
        received_events: dict[str, int] = {}
        for r in hub.log.receipts():
            if r.contract == "control":
                continue  # the demo's lists
            received_events[r.sender] = received_events.get(r.sender, 0) + r.accepted
    assert received_events == {n: made.total(scale) for n, made in generators().items()}


def _frames(log: Log) -> int:
    point = log.checkpoint("demo:one_stop") or "0"
    return 1_000_000 if point == "all" else int(point)
