"""The demo with real connectors: simulated upstreams feed the page, on either profile."""

import signal
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.services.ports import free_port
from hub import registry
from hub.commands.demonstration import lacking, simulators
from hub.kafka.topics import PARTITIONS
from tests.parts import loopback
from tests.parts.starting import start_hub
from tests.parts.waiting import until

SECONDS_MAX = 180.0


@pytest.mark.parametrize("profile", ["embedded", "kafka"])
def test_all_connectors_feed_the_page(
    profile: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if profile == "kafka":
        request.getfixturevalue("new_topics")(PARTITIONS)
        monkeypatch.setenv("HUB_KAFKA_BOOTSTRAP", request.getfixturevalue("kafka").address)
        monkeypatch.setenv("HUB_DATABASE_URL", request.getfixturevalue("database_url"))
    listen = f"127.0.0.1:{free_port()}"
    monkeypatch.setenv("HUB_LISTEN", listen)
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path / "demo"))

    def ask(path: str) -> dict[str, Any]:
        try:
            found: dict[str, Any] = loopback.get(f"http://{listen}{path}", timeout=30).json()
        except httpx.TransportError:
            return {}
        return found

    def has_figure(source: str) -> bool:
        contract = registry.sources()[source].contract
        kpis = [k.id for k in registry.kpis().values() if k.contract == contract]
        figures = [f for kpi in kpis for f in ask(f"/v1/kpis/{kpi}").get("figures", [])]
        return any(float(f["value"] or 0) > 0 for f in figures)

    def states() -> dict[str, str]:
        listed = ask("/v1/sources").get("sources", [])
        return {s["source"]: (s["heartbeat"] or {}).get("state", "") for s in listed}

    def exchanged() -> set[str]:
        return {c["state"] for c in ask("/v1/exchanges").get("counts", [])}

    def delivering() -> set[str]:
        listed = ask("/v1/systems").get("systems", [])
        return {s["id"] for s in listed if s["kind"] == "connector" and s["received"]}

    log = tmp_path / "demo.log"
    with log.open("wb") as out:
        process = start_hub("demo", "--connectors", stdout=out, stderr=out)
    try:
        sources = set(simulators()) - set(lacking())
        for source in sources:
            until(lambda source=source: has_figure(source), source, SECONDS_MAX)  # type: ignore[misc]
        until(lambda: delivering() == sources, "each has delivered", SECONDS_MAX)
        assert set(states()) == sources
        until(lambda: "taken" in exchanged(), "the national service acknowledged", SECONDS_MAX)
        until(lambda: set(states().values()) == {"running"}, "all are running", SECONDS_MAX)
        assert process.poll() is None
    except AssertionError as error:
        error.add_note(log.read_text(errors="replace")[-4000:])
        raise
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    own = subprocess.run(
        ["pgrep", "-f", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert own.stdout == "", "a process was left behind"
