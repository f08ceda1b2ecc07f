"""Where a hub listens: IPv4, IPv6, or both, and what it answers there without a key."""

import socket
from pathlib import Path

import httpx

from hub.operating.probe import probe
from tests.parts import loopback
from tests.stories.conftest import Served, free_port


def test_both_families_are_refused_without_a_key_beyond_loopback(tmp_path: Path) -> None:
    hub = Served(tmp_path / "hub")
    hub.env["HUB_LISTEN"] = f"[::]:{hub.port}"
    key = {"Authorization": f"Bearer {hub.create_key()}"}
    hub.start()
    try:
        for host in ("127.0.0.1", "[::1]", "localhost"):
            url = f"http://{host}:{hub.port}/v1/kpis"
            assert loopback.get(url).status_code == 401, host
            assert loopback.get(url, headers={"Host": "localhost"}).status_code == 401, host
            assert loopback.get(url, headers=key).status_code == 200, host
    finally:
        hub.stop()
    # On loopback alone by IPv6, whoever is on the machine reads, and IPv4 is not served.
    hub.env["HUB_LISTEN"] = f"[::1]:{hub.port}"
    hub.url = f"http://[::1]:{hub.port}"
    hub.start()
    try:
        assert loopback.get(f"{hub.url}/v1/kpis").status_code == 200
        with socket.socket() as other:
            assert other.connect_ex(("127.0.0.1", hub.port)) != 0
    finally:
        hub.stop()


def test_a_probe_answers_on_ipv6() -> None:
    port = free_port()
    with probe("::1", port, lambda: True):
        assert httpx.get(f"http://[::1]:{port}/healthz", trust_env=False).status_code == 200
