"""The command `hub demo`: a hub over the labelled synthetic year, or over simulated upstreams."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from hub import registry
from hub.board import board
from hub.clock import to_us
from hub.commands import demonstration, show
from hub.commands.console import DEMO_FOLDER, progress_bar
from hub.opening import OpenHub, open_hub, running
from hub.reference.periods import parse_period
from hub.settings import Settings, read_settings

app = typer.Typer()
EXAMPLES = {
    "demo": ("hub demo", "hub demo --once --scale 0.01", "hub demo --connectors"),
}
CONNECTORS_FOLDER = Path(".hub-demo-connectors")
Workers = list[subprocess.Popen[bytes]]


@app.command("demo")
def demo_command(
    once: Annotated[bool, typer.Option(help="Load, print the figures, exit.")] = False,
    scale: Annotated[float, typer.Option(help="Size of the year; 1 is the full one.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Seed of the synthetic year.")] = demonstration.SEED,
    workers: Annotated[int, typer.Option(help="Workers to start, where Kafka is the log.")] = 1,
    connectors: Annotated[
        bool,
        typer.Option(help="In place of the year, run simulated upstreams and the real connectors."),
    ] = False,
) -> None:
    """Load the labelled synthetic year, print the KPI table, keep live data flowing and serve."""
    if connectors and (once or scale != 1):
        raise typer.BadParameter("--connectors loads no year: neither --once nor --scale is for it")
    settings = read_settings(data_dir=CONNECTORS_FOLDER if connectors else DEMO_FOLDER)
    wanted = demonstration.Demo(seed, scale, connectors)
    if settings.kafka_bootstrap:
        # Only where Kafka is the log.
        from hub.kafka.credentials import Credentials  # noqa: PLC0415
        from hub.kafka.topics import make_topics  # noqa: PLC0415

        make_topics(
            settings.kafka_bootstrap,
            registry.contracts().values(),
            credentials=Credentials.of(settings),
        )
    with open_hub(settings) as hub:
        demonstration.claim(hub, wanted)
        with running(hub), _workers(settings, workers) as started:
            if connectors:
                _serve_connected(hub, wanted)
            elif once:
                _load(hub, wanted, {}, started)
            else:
                _serve_demo(hub, wanted, started)


@contextmanager
def _processes(commands: Iterable[tuple[list[str], dict[str, str]]]) -> Iterator[Workers]:
    """Run commands of the hub beside this process until the end, their probes on free ports."""
    started: Workers = []
    try:
        for command, env in commands:
            with socket.create_server(("127.0.0.1", 0)) as free:
                listen = f"127.0.0.1:{free.getsockname()[1]}"
            own = {**os.environ, **env, "HUB_LISTEN": listen}
            line = [sys.executable, "-m", "hub.cli", *command]
            started.append(subprocess.Popen(line, env=own))
        yield started
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(30)


def _serve_connected(hub: OpenHub, wanted: demonstration.Demo) -> None:
    from hub.http import serving  # noqa: PLC0415 (only what serves needs the web framework)

    # Simulated upstreams are worse than real ones: a real source would be stopped.
    shared = {"HUB_DATA_DIR": str(hub.settings.data_dir), "HUB_BREAKER_SHARE_MAX": "0.2"}
    since = (hub.clock() - timedelta(days=demonstration.SINCE_DAYS)).date().isoformat()
    for name, what in demonstration.lacking().items():
        print(f"{name}: không chạy, thiếu | does not run, it lacks: {what}", flush=True)
    with demonstration.connected(hub, wanted) as settings:
        commands = [
            (["connect", n, *(["--since", since] if takes_since else [])], {**shared, **env})
            for n, env in settings.items()
            for takes_since in [registry.connectors()[n].takes_since]
        ]
        with _processes(commands):
            url, server = hub.settings.url, serving.make_server(hub)
            print(f"{url}/ and {url}/sources (stop with Ctrl-C)", flush=True)
            serving.serve(server)


def _load(
    hub: OpenHub, wanted: demonstration.Demo, state: dict[str, Any], workers: Workers
) -> None:
    begun = time.monotonic()
    is_loaded = demonstration.is_loaded(hub.log)
    process = None if is_loaded else demonstration.start_load(hub.settings, wanted)
    already = sum(hub.applying.positions().values())
    total = already if is_loaded else wanted.total()
    with progress_bar() as bar:
        task = bar.add_task("loading the synthetic year", total=total)

        def report(applied: int) -> None:
            rate = round((applied - already) / max(time.monotonic() - begun, 0.001))
            state.update(loaded=min(applied, total), total=total, events_per_second=rate)
            bar.update(task, completed=min(applied, total))
            if any(w.poll() is not None for w in workers):
                raise RuntimeError("a worker ended; what it said is above")

        applied = demonstration.follow_load(hub, process, report)
    demonstration.tell_alerts(hub)
    state.update(loaded=applied, total=applied)
    took = time.monotonic() - begun
    with hub.store.reading() as reading:
        shown = board.board(
            hub.book(reading),
            hub.kpis.values(),
            parse_period("2023"),
            to_us(hub.clock()),
            hub.published,
        )
    show.print_board([s.public() for s in shown], "2023", is_synthetic=True)
    if applied > already:
        rate = round((applied - already) / took)
        print(f"{applied - already:,} events in {took:.1f} s: {rate:,} events a second")


def _serve_demo(hub: OpenHub, wanted: demonstration.Demo, workers: Workers) -> None:
    from hub.http import serving  # noqa: PLC0415

    state: dict[str, Any] = {}
    failures: list[Exception] = []
    stopping = threading.Event()
    server = serving.make_server(hub, lambda: dict(state) or None)

    def run() -> None:
        try:
            _load(hub, wanted, state, workers)
            print(f"{hub.settings.url}/ (stop with Ctrl-C)", flush=True)
            demonstration.keep_flowing(hub, wanted, stopping)
        except Exception as error:
            failures.append(error)
            server.should_exit = True

    thread = threading.Thread(target=run, name="demo", daemon=True)
    thread.start()
    try:
        serving.serve(server)
    finally:
        stopping.set()
        thread.join(timeout=5)
    if failures:
        raise failures[0]


@contextmanager
def _workers(settings: Settings, count: int) -> Iterator[Workers]:
    """Keep workers beside the demo, where Kafka is the log."""
    wanted = count if settings.kafka_bootstrap else 0
    with _processes((["work"], {}) for _ in range(wanted)) as started:
        yield started
