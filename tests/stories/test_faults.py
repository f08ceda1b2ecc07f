"""Faults that no other test makes happen: a certificate that has ended, three days cut off, alone.

The table of all faults, with what is guaranteed in each, is `docs/faults.md`.
"""

import re
import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from hub import registry
from hub.clock import to_us
from hub.definitions.revisions import SchemaRegistryError
from hub.figures.silence import silences
from hub.kafka.schema_registry import adopt
from hub.proof.verify import verify
from stream_jobs.worked import received, salinity
from tests.conftest import Hub
from tests.parts import alone, lists
from tests.parts.authority import Authority
from tests.parts.small import in_this_process
from tests.parts.waiting import SECONDS_MAX, until
from tests.stories.conftest import Served
from tests.unit.figures.test_duties import duty, owe

HOURS, EVERY = 72, 6  # that it is cut off for, and between two readings


def test_with_a_certificate_that_has_ended_nobody_sends_by_mistake(tmp_path: Path) -> None:
    province = Authority(tmp_path, "province")
    ended = province.issue("ended", datetime.now(UTC) - timedelta(days=1))
    served = Served(tmp_path / "hub")
    key = served.create_key()
    url = served.url.replace("http:", "https:")
    context = ssl.create_default_context(cafile=str(province.file))

    def post() -> int:
        with httpx.Client(base_url=url, verify=context, timeout=30) as http:
            headers = {"Authorization": f"Bearer {key}"}
            body = [received("A", "2023-05-02")]
            return http.post("/v1/events/dossier", headers=headers, json=body).status_code

    def serve(pair: tuple[Path, Path]) -> None:
        served.env |= {"HUB_TLS_CERTIFICATE": str(pair[0]), "HUB_TLS_KEY": str(pair[1])}
        served.launch()
        until(lambda: _listens(url), "it listens")

    serve(ended)
    try:
        # Before a byte of what is sent has left the sender; it is told why.
        with pytest.raises(httpx.ConnectError, match="certificate has expired"):
            post()
        examined = served.run("doctor")
        assert examined.returncode == 1
        assert "chứng thư đã hết hạn" in examined.stdout
        assert "HUB_TLS_CERTIFICATE" in examined.stdout
        served.stop()
        serve(province.issue("renewed"))
        assert post() == 202
    finally:
        served.kill()


def _listens(url: str) -> bool:
    try:
        # Whether it is valid is not asked here: only whether somebody answers.
        return httpx.get(f"{url}/healthz", verify=False, timeout=30).status_code == 200
    except httpx.TransportError:
        return False


def test_a_commune_cut_off_for_three_days_is_missed_and_then_complete(hub: Hub) -> None:
    """Its devices keep what they measure; others' figures are as fresh as ever meanwhile."""
    owe(
        hub,
        *(duty("", "reading", "daily", "2026-01-01", party=code) for code in ("ST01", "ST02")),
    )
    cut_off_at = datetime(2026, 1, 10, 10, tzinfo=UTC)
    kept = []
    for hour in range(-24, HOURS + 1, EVERY):
        hub.now = cut_off_at + timedelta(hours=hour)
        local = (hub.now + timedelta(hours=7)).strftime("%Y-%m-%dT%H:%M")
        mine, others = (
            salinity(code, local, 1) | {"event_id": f"{code}-{hour}"} for code in ("ST01", "ST02")
        )
        hub.send("reading", others, sender="xa-khac")
        if hour < 0:
            hub.send("reading", mine, sender="xa")
        else:
            kept.append(mine)
    while_cut_off = _late(hub)
    assert while_cut_off == {"ST01": True, "ST02": False}
    before = _totals(hub)
    # The link is back: all of it at once, as the device kept it, and some of it twice.
    hub.send("reading", *kept, sender="xa")
    hub.send("reading", *kept[: len(kept) // 2], sender="xa")
    assert _late(hub) == {"ST01": False, "ST02": False}
    assert _totals(hub) == before + len(kept)
    assert len(kept) == HOURS // EVERY + 1
    with in_this_process():
        assert verify(hub.log, hub.store, lists.installed()).differences == []


def _late(hub: Hub) -> dict[str, bool]:
    with hub.store.reading() as reading:
        found = silences(hub.book(reading), to_us(hub.now))
    return {label: silence.is_late for label, silence in found.items()}


def _totals(hub: Hub) -> int:
    with hub.store.reading() as reading:
        return int(reading.rows("SELECT COUNT(*) FROM fact_reading")[0][0])


def test_who_starts_without_its_schema_registry_names_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"http://127.0.0.1:{other.getsockname()[1]}/apis/ccompat/v7"
    with pytest.raises(SchemaRegistryError, match=re.escape(address)):
        adopt(address, registry.definitions().contract)


def test_a_machine_that_reaches_nobody_takes_shows_and_proves(tmp_path: Path) -> None:
    seen = alone.run(tmp_path / "hub", 2 * SECONDS_MAX)
    assert seen == {
        "reaches": False,
        "statuses": [202, 202],
        "page": [200, False],
        "assets": 1,
        "figure": 2,
        "verify": 0,
        "doctor": 0,
    }
