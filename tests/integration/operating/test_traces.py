"""Traces through Kafka: a request's span goes with its records to the worker, and to the figure."""

import json
import signal
from pathlib import Path

from stream_jobs.worked import received
from tests.parts.collector import collecting
from tests.parts.foreign import everything
from tests.parts.province import DOSSIER, Province
from tests.parts.same import Workers
from tests.parts.waiting import until

SENDERS_TRACE = "0af7651916cd43dd8448eb211c80319c"
SENDERS = f"00-{SENDERS_TRACE}-b7ad6b7169203331-01"
SERVE, WORK = "lgsp-hub serve", "lgsp-hub work"


def test_a_trace_goes_through_kafka_to_the_worker_and_the_figure(
    province: Province, tmp_path: Path
) -> None:
    with collecting() as collector:
        settings = {"HUB_TRACES_URL": collector.url, "HUB_TRACES_SHARE": "0.000001"}
        province.served.env |= settings
        province.workers = Workers(province.settings, tmp_path, lambda _: settings)
        province.served.create_key()
        province.served.start()
        worker = province.workers.start()
        events = [received("A", "2023-05-17"), received("B", "2023-05-18")]
        posted = province.served.post("dossier", events, traceparent=SENDERS)
        assert posted.status_code == 202
        until(lambda: collector.named("figure"), "the figure's span is told")
        untraced = province.served.post("dossier", [received("C", "2023-05-19")])
        assert untraced.status_code == 202
        figure = province.served.figure("dossier_received_new", period="2023")
        assert figure["numerator"] == 3
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(60) == 0, province.workers.logs()
        province.workers.running.clear()
        province.served.stop()
    # A sender who traces is followed whatever the share; who does not is not, at this share.
    assert {s.trace for s in collector.spans} == {SENDERS_TRACE}
    mine = {s.name: s for s in collector.spans}
    request = mine["POST /v1/events/dossier"]
    steps = [mine[n] for n in ("log append", "apply", "figure")]
    assert {s.parent for s in steps} == {request.id}
    assert [s.process for s in (request, *steps)] == [SERVE, SERVE, WORK, WORK]
    assert steps[0].began < steps[1].began < steps[2].began
    # One header more on the records of the traced request, as any consumer reads it; else none.
    bootstrap = province.settings.kafka_bootstrap
    headers = [dict(m.headers() or []) for m in everything(bootstrap, DOSSIER.topic)]
    name = f"00-{SENDERS_TRACE}-{request.id}-01".encode()
    traced = {str(h["ce_id"]): h.get("traceparent") for h in headers}
    assert sorted(traced.values(), key=str) == [None, name, name]
    lines = (tmp_path / "worker1.log").read_text().splitlines()
    told = [json.loads(line)["message"] for line in lines]
    assert told.count("applying begins") == told.count("applying has ended") == 1
