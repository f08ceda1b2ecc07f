"""The command `hub work`: what applies the log."""

import signal
import threading

import typer

from hub import registry
from hub.opening import open_hub, running
from hub.operating.logs import log_as_json, told_of
from hub.operating.tracing import traced
from hub.settings import read_settings

app = typer.Typer()
EXAMPLES = {
    "work": ("hub work", "HUB_LISTEN=127.0.0.1:8081 hub work"),
}


@app.command()
def work() -> None:
    """Apply the log until stopped: a Faust worker where Kafka is the log, else in this process."""
    log_as_json()
    settings = read_settings()
    if settings.kafka_bootstrap:
        with traced(settings, "work"):
            registry.worker()(settings)
        return
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    with traced(settings, "work"), open_hub(settings) as hub, running(hub), told_of("applying"):
        while not stopping.wait(0.2):
            if hub.runner.failure is not None:
                raise hub.runner.failure
