"""Traces of a hub in one process: from a request to the figure, told to a real receiver of OTLP."""

import json
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from hub.operating import tracing
from stream_jobs.worked import received
from tests.parts.collector import Told, collecting
from tests.parts.waiting import until
from tests.stories.conftest import Served, free_port

SENDERS_TRACE, SENDERS_SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SENDERS = f"00-{SENDERS_TRACE}-{SENDERS_SPAN}-01"


def test_a_trace_leads_from_the_senders_request_to_the_first_figure(tmp_path: Path) -> None:
    hub = Served(tmp_path / "hub")
    hub.create_key()
    with collecting() as collector, (tmp_path / "serve.log").open("wb") as err:
        hub.env |= {"HUB_TRACES_URL": collector.url, "HUB_TRACES_SHARE": "1"}
        hub.start(stderr=err)
        try:
            body = [received("H57.1-230517-0001", "2023-05-17")]
            posted = hub.post("dossier", body, traceparent=SENDERS)
            assert posted.status_code == 202
            figure = hub.figure("dossier_received_new", period="2023")
            assert figure["numerator"] == 1
            hub.get("/v1/kpis/dossier_received_new/explain", entity="H57.1-230517-0001")
            until(lambda: collector.named("figure"), "the figure's span is told")
            until(lambda: collector.named("GET /v1/kpis/{kpi_id}/explain"), "and the last")
            mine = {s.name: s for s in collector.spans if s.trace == SENDERS_TRACE}
            # What nobody traces yet begins traces of its own, and names no sender's content.
            own = collector.named("GET /v1/kpis/{kpi_id}")
            assert {s.parent for s in own} == {""}
            assert not {s.trace for s in own} & {SENDERS_TRACE}
            assert b"230517" not in collector.raw
            assert hub.key.encode() not in collector.raw
        finally:
            hub.stop()
    request = mine["POST /v1/events/dossier"]
    assert mine.keys() == {request.name, "log append", "apply", "figure"}
    assert request.parent == SENDERS_SPAN
    assert request.attributes["http.response.status_code"] == "202"
    steps = [mine[name] for name in ("log append", "apply", "figure")]
    assert {s.parent for s in steps} == {request.id}
    assert [s.process for s in (request, *steps)] == ["lgsp-hub serve"] * 4
    # The append is within the request, the others come one after another.
    assert request.began <= steps[0].began <= steps[0].ended <= request.ended
    assert all(_is_in_order(*pair) for pair in pairwise(steps))
    receipt = posted.json()["receipt"]
    assert {s.attributes["hub.receipt"] for s in steps[:2]} == {receipt}
    told = [json.loads(n)["message"] for n in (tmp_path / "serve.log").read_text().splitlines()]
    assert told == ["serving begins", "serving has ended"]


def _is_in_order(first: Told, second: Told) -> bool:
    return first.began < first.ended and first.began < second.began < second.ended


def test_a_collector_that_is_away_keeps_nobody_waiting(tmp_path: Path) -> None:
    hub = Served(tmp_path / "hub")
    hub.create_key()
    hub.env |= {"HUB_TRACES_URL": f"http://127.0.0.1:{free_port()}", "HUB_TRACES_SHARE": "1"}
    hub.start()
    try:
        assert hub.post("dossier", [received("A", "2023-05-17")]).status_code == 202
        assert hub.figure("dossier_received_new", period="2023")["numerator"] == 1
    finally:
        assert hub.process is not None
        hub.process.send_signal(signal.SIGTERM)
        assert hub.process.wait(30) == 0


def test_without_traces_what_sends_them_is_not_even_loaded() -> None:
    code = (
        "import sys; from hub.http import app, serving; from hub.operating import tracing\n"
        "assert not tracing.is_on() and tracing.open_request('') is None\n"
        "print(sorted(m for m in sys.modules if m.startswith('opentelemetry.sdk')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["", "00-0-0-01", f"zz-{SENDERS_TRACE}-{SENDERS_SPAN}-01"])
def test_off_nothing_is_followed(name: str) -> None:
    tracing.follow("receipt", name or SENDERS)
    assert tracing.source_of("receipt") == ""
