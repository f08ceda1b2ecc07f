"""A real Prometheus scrapes every kind of process, and its rules are those of the repository."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import yaml

from deploy.local.services.kafka import Kafka
from deploy.local.services.ports import free_port
from hub.operating.dashboard import BOARDS
from tests.parts import loopback
from tests.parts.starting import start_hub
from tests.parts.waiting import until
from tests.stories.conftest import Served

PROMETHEUS = Path(__file__).parents[3] / "deploy" / "prometheus"
RULES = ("alerts.yml", "objectives.yml")


@contextmanager
def started(start: Callable[..., subprocess.Popen[Any]], log: Path, **env: str) -> Iterator[None]:
    with log.open("wb") as out:
        process = start(env={**os.environ, **env}, stdout=out, stderr=out)
    try:
        yield
        assert process.poll() is None, log.read_text(errors="replace")[-2000:]
    finally:
        process.terminate()
        process.wait(60)


def levels(log: Path) -> list[str]:
    """Read the levels of a log's lines; each must be JSON."""
    return [json.loads(line)["level"] for line in log.read_text().splitlines()]


def test_every_process_is_scraped(
    kafka: Kafka, topics: None, database_url: str, tmp_path: Path
) -> None:
    served = Served(tmp_path / "served")
    settings = {"HUB_KAFKA_BOOTSTRAP": kafka.address, "HUB_DATABASE_URL": database_url}
    served.env |= settings
    (tmp_path / "drop").mkdir()
    addresses = [f"127.0.0.1:{free_port()}" for _ in range(3)]
    prometheus = f"127.0.0.1:{addresses[2].rpartition(':')[2]}"
    configuration = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
    configuration["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    configuration["rule_files"] = [str(PROMETHEUS / name) for name in RULES]
    targets = [f"127.0.0.1:{served.port}", *addresses[:2]]
    configuration["scrape_configs"][0]["static_configs"] = [{"targets": targets}]
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(configuration))

    def ask(path: str, **parameters: str) -> Any:
        try:
            answer = loopback.get(f"http://{prometheus}/api/v1/{path}", params=parameters)
        except httpx.TransportError:
            return {}
        return answer.json().get("data", {}) if answer.status_code == 200 else {}

    def value(query: str) -> list[str]:
        return [r["value"][1] for r in ask("query", query=query).get("result", [])]

    def up() -> bool:
        return {t["scrapeUrl"]: t["health"] for t in ask("targets").get("activeTargets", [])} == {
            f"http://{target}/metrics": "up" for target in targets
        }

    work, connect = partial(start_hub, "work"), partial(start_hub, "connect", "payments")
    folder = str(tmp_path / "drop")
    watch = [
        "prometheus",
        f"--config.file={tmp_path / 'prometheus.yml'}",
        f"--storage.tsdb.path={tmp_path / 'tsdb'}",
        f"--web.listen-address={prometheus}",
    ]
    served.start()
    try:
        with (
            started(work, tmp_path / "work.log", **settings, HUB_LISTEN=targets[1]),
            started(
                connect,
                tmp_path / "connect.log",
                **settings,
                HUB_LISTEN=targets[2],
                HUB_PAYMENTS_FOLDER=folder,
            ),
            started(partial(subprocess.Popen, watch), tmp_path / "prometheus.log"),
        ):
            until(up, "all targets are up")
            until(lambda: value("hub_ledger_remainder") == ["0"], "the server's gauges")
            running = 'hub_connector_state{source="payments",state="running"}'
            # Of the connector itself, and of the server, that reads its heartbeat.
            until(lambda: value(running) == ["1", "1"], "the connector's state")
            until(lambda: value("sum(hub_apply_seconds_count) >= bool 0") == ["1"], "the worker's")
            rules = [r for g in ask("rules")["groups"] for r in g["rules"]]
            names = [r.get("alert", r.get("record")) for g in _groups() for r in g["rules"]]
            assert [r["name"] for r in rules] == names
            assert {r["health"] for r in rules} <= {"ok", "unknown"}
            firing = [r["name"] for r in rules if r.get("state") == "firing"]
            assert firing == []
            # Prometheus understands whatever a dashboard asks.
            asked = [t["expr"] for p in _panels() for t in p["targets"]]
            assert [expr for expr in asked if ask("query", query=expr) == {}] == []
        assert levels(tmp_path / "connect.log") == ["INFO"] * 3
        assert "CRITICAL" not in levels(tmp_path / "work.log")
    finally:
        served.kill()


def _panels() -> list[dict[str, Any]]:
    files = [PROMETHEUS.parent / "grafana" / f"{board.name}.json" for board in BOARDS]
    return [panel for file in files for panel in json.loads(file.read_text("utf-8"))["panels"]]


def _groups() -> list[dict[str, Any]]:
    return [
        group
        for name in RULES
        for group in yaml.safe_load((PROMETHEUS / name).read_text("utf-8"))["groups"]
    ]
