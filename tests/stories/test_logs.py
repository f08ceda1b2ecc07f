"""What processes log: JSON lines, and in normal operation none."""

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from hub.operating.probe import probe
from stream_jobs.worked import received
from tests.parts import loopback
from tests.parts.starting import start_hub
from tests.parts.waiting import until
from tests.stories.conftest import Served, free_port


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def start(log: Path, *command: str, **env: str) -> "subprocess.Popen[bytes]":
    with log.open("wb") as out:
        given = {**os.environ, "HUB_DATA_DIR": str(log.with_suffix("")), **env}
        return start_hub(*command, env=given, stdout=subprocess.DEVNULL, stderr=out)


def test_a_server_says_that_it_serves_and_nothing_while_all_is_well(tmp_path: Path) -> None:
    hub = Served(tmp_path / "hub")
    hub.create_key()
    with (tmp_path / "serve.log").open("wb") as err:
        hub.start(stderr=err)
        assert hub.post("dossier", [received("A", "2023-05-17")]).status_code == 202
        assert hub.post("dossier", {"odd": 1}).status_code == 422
        assert hub.figure("dossier_received_new", period="2023")["numerator"] == 1
        hub.stop()
    told = [line["message"] for line in lines(tmp_path / "serve.log")]
    assert told == ["serving begins", "serving has ended"]


def test_a_connector_tells_each_change_of_state_once(tmp_path: Path) -> None:
    nobody = f"http://127.0.0.1:{free_port()}/hoso"
    log = tmp_path / "connect.log"
    process = start(log, "connect", "one_stop", HUB_ONE_STOP_URL=nobody)
    try:
        until(lambda: log.read_text().count("\n") >= 2, "two lines")
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    begun, said, ended = lines(log)
    told = [begun["message"], ended["message"]]
    assert told == ["reading one_stop begins", "reading one_stop has ended"]
    assert said.pop("at").endswith("+00:00")
    assert nobody.rpartition(":")[2].split("/")[0] in said["error"]
    assert {k: said[k] for k in ("level", "logger", "source", "state")} == {
        "level": "WARNING",
        "logger": "hub.connecting.connection",
        "source": "one_stop",
        "state": "upstream_away",
    }


def test_a_scraper_that_leaves_too_soon_is_no_news(capfd: pytest.CaptureFixture[str]) -> None:
    port, answering, left = free_port(), threading.Event(), threading.Event()

    def is_alive() -> bool:
        answering.set()
        return left.wait(30)

    with probe("127.0.0.1", port, is_alive):
        with socket.create_connection(("127.0.0.1", port)) as scraper:
            # Reset, not closed: what is answered then cannot be sent.
            scraper.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            scraper.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
            assert answering.wait(30)
        left.set()
        assert loopback.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
    assert capfd.readouterr().err == ""


def test_what_stops_a_process_is_its_last_line(tmp_path: Path) -> None:
    log = tmp_path / "connect.log"
    assert start(log, "connect", "payments").wait(60) == 2
    (said,) = lines(log)
    assert said["level"] == "CRITICAL"
    assert "HUB_PAYMENTS_FOLDER" in said["message"]


def test_an_uncaught_error_is_one_line_with_its_trace(tmp_path: Path) -> None:
    log = tmp_path / "connect.log"
    code = "from hub.operating.logs import log_as_json; log_as_json(); int('không')"
    with log.open("wb") as err:
        assert subprocess.run([sys.executable, "-c", code], stderr=err, check=False).returncode == 1
    (said,) = lines(log)
    assert said["level"] == "CRITICAL"
    assert "ValueError" in said["exception"]
    assert "không" in said["message"]


def test_each_request_is_a_line_without_keys_or_content(tmp_path: Path) -> None:
    hub = Served(tmp_path / "hub")
    file = tmp_path / "access.jsonl"
    hub.env["HUB_ACCESS_LOG"] = str(file)
    hub.create_key("sở_nội_vụ")
    hub.start()
    try:
        hub.post("dossier", [received("A", "2023-05-02")])
        right, hub.key = hub.key, "hub_wrong"
        hub.post("dossier", [])
        file.rename(tmp_path / "access.jsonl.1")  # as logrotate does
        hub.get("/v1/kpis?period=2023")
    finally:
        hub.kill()
    text = (tmp_path / "access.jsonl.1").read_text("utf-8")
    posted, refused = (
        line for line in map(json.loads, text.splitlines()) if "/events/" in line["path"]
    )
    assert (posted["status"], posted["sender"], posted["method"]) == (202, "sở_nội_vụ", "POST")
    assert (refused["status"], refused["sender"]) == (401, "")
    assert posted["at"]
    (asked,) = map(json.loads, file.read_text("utf-8").splitlines())
    assert (asked["path"], asked["status"]) == ("/v1/kpis", 200)
    assert right not in text
    assert "dossier_code" not in text
