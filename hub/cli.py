"""The command `hub`."""

import gc
import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
import uvicorn

from hub import places, registry
from hub.apply.rebuild import NothingBuiltError
from hub.archive.manifest import ArchiveError
from hub.board import board
from hub.clock import iso, system_clock, to_us
from hub.commands import audit as audit_commands
from hub.commands import check as check_commands
from hub.commands import demonstration, show
from hub.commands import keys as keys_commands
from hub.commands import period as period_commands
from hub.commands import quarantine as quarantine_commands
from hub.commands import rebuild as tables_commands
from hub.commands import receipts as receipts_commands
from hub.commands import trial as trial_commands
from hub.commands.console import DEMO_FOLDER, complain, progress_bar, settings_for_reading
from hub.connecting.connection import Connection
from hub.connecting.feeds import Context, UpstreamError
from hub.connecting.scaffold import NewSourceError, new_case, new_source
from hub.definitions import revisions
from hub.definitions.installed import OWN
from hub.figures.compute import QuestionError, read_as_of, read_question
from hub.figures.official import answer, as_known
from hub.gateway.signing import SigningKeyError
from hub.locks import AlreadyRunningError
from hub.log.log import LogUnavailableError, NotInLogError, TopicsError
from hub.opening import OpenHub, catch_up, open_hub, running
from hub.operating import dashboard, metrics
from hub.operating.logs import is_json, log_as_json
from hub.operating.probe import probe
from hub.proof import explain as explaining
from hub.proof import verify as verifying
from hub.proof.sample import Sample, parse_share
from hub.reference.periods import parse_period
from hub.repair.repair import RepairError
from hub.settings import Settings, SettingsError, read_own, read_settings
from hub.store.troubles import DefinitionChangedError, StoreUnavailableError, TablesInUseError

app = typer.Typer(
    help="A province's data hub whose every figure can prove itself.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
new_app = typer.Typer(help="Scaffolds, in a source tree.", no_args_is_help=True)
app.add_typer(new_app, name="new")
topics_app = typer.Typer(help="Topics in Apache Kafka.", no_args_is_help=True)
app.add_typer(topics_app, name="topics")
app.add_typer(audit_commands.app, name="audit")
app.add_typer(keys_commands.app, name="keys")
app.add_typer(period_commands.app, name="period")
app.add_typer(quarantine_commands.app, name="quarantine")
app.add_typer(receipts_commands.app, name="receipts")
app.add_typer(trial_commands.app, name="try")
app.command()(check_commands.check)
app.command()(tables_commands.archive)
app.command()(tables_commands.rebuild)
log = logging.getLogger("hub.cli")
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
        make_topics(settings)
    with open_hub(settings) as hub:
        demonstration.claim(hub.log, wanted)
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
            process = [sys.executable, "-m", "hub.cli", *command]
            own = {**os.environ, **env, "HUB_LISTEN": listen}
            started.append(subprocess.Popen(process, env=own))
        yield started
    finally:
        for one in started:
            one.terminate()
        for one in started:
            one.wait(30)


def _serve_connected(hub: OpenHub, wanted: demonstration.Demo) -> None:
    # Simulated upstreams are worse than real ones: a real source would be stopped.
    shared = {"HUB_DATA_DIR": str(hub.settings.data_dir), "HUB_BREAKER_SHARE_MAX": "0.2"}
    since = (hub.clock() - timedelta(days=demonstration.SINCE_DAYS)).date().isoformat()
    with demonstration.connected(hub, wanted) as found:
        commands = [
            (["connect", n, *(["--since", since] if takes_since else [])], {**shared, **env})
            for n, env in found.items()
            for takes_since in [registry.connectors()[n].takes_since]
        ]
        with _processes(commands):
            url = hub.settings.url
            print(f"{url}/ and {url}/sources (stop with Ctrl-C)", flush=True)
            _run(_server(hub))


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
    state.update(loaded=applied, total=applied)
    took = time.monotonic() - begun
    with hub.store.reading() as reading:
        shown = board.board(
            hub.book(reading), hub.kpis.values(), parse_period("2023"), to_us(hub.clock())
        )
    show.print_board([s.public() for s in shown], "2023", is_synthetic=True)
    if applied > already:
        rate = round((applied - already) / took)
        print(f"{applied - already:,} events in {took:.1f} s: {rate:,} events a second")


def _serve_demo(hub: OpenHub, wanted: demonstration.Demo, workers: Workers) -> None:
    state: dict[str, Any] = {}
    failures: list[Exception] = []
    stopping = threading.Event()
    server = _server(hub, lambda: dict(state) or None)

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
        _run(server)
    finally:
        stopping.set()
        thread.join(timeout=5)
    if failures:
        raise failures[0]


def _run(server: uvicorn.Server) -> None:
    """Serve until SIGTERM or Ctrl-C, then let everything end in order.

    uvicorn raises the signal again when it has stopped; by itself that would end the process there
    and then.
    """

    def leave(*_: object) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, leave)
    gc.freeze()  # what is there now stays: looking through it again and again finds nothing
    with suppress(KeyboardInterrupt):
        server.run()


def _server(hub: OpenHub, progress: Any = lambda: None) -> uvicorn.Server:
    # Only what serves needs the web framework.
    from hub.http import protocol  # noqa: PLC0415
    from hub.http.app import create_app  # noqa: PLC0415

    config = uvicorn.Config(
        create_app(hub, hub.gateway(), progress),
        host=hub.settings.host,
        port=hub.settings.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=3,
        **protocol.options(hub.settings),
    )
    return uvicorn.Server(config)


@app.command()
def serve() -> None:
    """Serve the gateway, the KPI API, the page and the metrics; without Kafka, apply the log."""
    log_as_json()
    with open_hub(read_settings()) as hub, running(hub):
        print(f"{hub.settings.url}/ (stop with Ctrl-C)", flush=True)
        _run(_server(hub))


@app.command()
def work() -> None:
    """Apply the log until stopped: a Faust worker where Kafka is the log, else in this process."""
    log_as_json()
    settings = read_settings()
    if settings.kafka_bootstrap:
        registry.worker()(settings)
        return
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    with open_hub(settings) as hub, running(hub):
        while not stopping.wait(0.2):
            if hub.runner.failure is not None:
                raise hub.runner.failure


@app.command()
def connect(
    source: Annotated[str, typer.Argument(help="The name of a folder of `connectors`.")],
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Load history from this day on, beside."),
    ] = None,
) -> None:
    """Run a connector until stopped: what its upstream has goes to the log."""
    log_as_json()
    settings = read_settings()
    found = registry.connectors().get(source)
    if found is None:
        raise typer.BadParameter(f"one of {', '.join(registry.connectors())}")
    if since and not found.takes_since:
        raise typer.BadParameter(f"{source} has no history to load from; --since is not for it")
    own = read_own(source, found.settings)
    reported = registry.sources()[source]
    with open_hub(settings, check=False) as hub:
        feed = found.open(own, Context(hub.log, hub.clock, since.date() if since else None))
        contract = registry.contracts()[reported.contract]
        connection = Connection(reported, contract, feed, hub.log, hub.clock, settings)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: connection.stopping.set())
        with ExitStack() as stack:
            stack.callback(feed.close)
            # Several connectors may run on one machine: each has a probe where it is told one.
            if "listen" in settings.model_fields_set:
                alive = partial(connection.is_alive, settings.stall_seconds)
                stack.enter_context(probe(settings.host, settings.port, alive))
            connection.run()


@contextmanager
def _workers(settings: Settings, count: int) -> Iterator[Workers]:
    """Keep workers beside the demo, where Kafka is the log."""
    wanted = count if settings.kafka_bootstrap else 0
    with _processes((["work"], {}) for _ in range(wanted)) as started:
        yield started


def make_topics(settings: Settings, replication: int = 1) -> None:
    """Make the topics that are missing."""
    from hub.kafka.topics import Topics, wanted  # noqa: PLC0415 (the embedded profile needs no Kafka)

    topics = Topics(settings.kafka_bootstrap)
    topics.apply(
        topics.plan(
            wanted(
                registry.contracts().values(),
            )
        ),
        replication,
    )
    topics.close()


@topics_app.command("plan")
def topics_plan(
    partitions: Annotated[int, typer.Option(help="Partitions of the event topics.")] = 12,
) -> None:
    """Say what is to be done for the topics to be as they must be; exit 1 if anything is."""
    if _plan(partitions, None):
        raise typer.Exit(1)


@topics_app.command("apply")
def topics_apply(
    partitions: Annotated[int, typer.Option(help="Partitions of the event topics.")] = 12,
    replication: Annotated[int, typer.Option(help="Replicas of each partition.")] = 1,
) -> None:
    """Make and alter the topics as the plan says."""
    _plan(partitions, replication)


def _plan(partitions: int, replication: int | None) -> int:
    from hub.kafka.topics import Topics, wanted  # noqa: PLC0415

    settings = read_settings()
    if not settings.kafka_bootstrap:
        raise SettingsError(
            "HUB_KAFKA_BOOTSTRAP is not set: the embedded log has no topics to make"
        )
    topics = Topics(settings.kafka_bootstrap)
    steps = topics.plan(wanted(registry.contracts().values(), partitions))
    for step in steps:
        print(f"{step.action:6}  {step.topic.name}  {step.detail}")
    if not steps:
        print("nothing to do")
    if replication is not None:
        topics.apply(steps, replication)
    topics.close()
    return len(steps)


@app.command()
def kpi(
    kpi_id: Annotated[str | None, typer.Argument(metavar="[ID]")] = None,
    period: Annotated[str, typer.Option(help="2023 2023-H1 2023-Q1 2023-05 2023-W07 …")] = "",
    by: Annotated[str, typer.Option(help="Dimensions, comma separated.")] = "",
    role: Annotated[str, typer.Option(help="received_by, resolved_by or citizen.")] = "",
    where: Annotated[
        list[str] | None, typer.Option(help="A filter, such as service=electricity.")
    ] = None,
    at: Annotated[str, typer.Option(help="The instant of the question, ISO 8601.")] = "",
    as_of: Annotated[str, typer.Option(help="As the hub knew it then, ISO 8601.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the HTTP body.")] = False,
) -> None:
    """Print figures: of one KPI, or of all."""
    given = {"period": period, "by": by, "role": role, "at": at, "as_of": as_of}
    parameters = {k: v for k, v in given.items() if v}
    parameters |= dict(w.split("=", 1) for w in where or [])
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        now = to_us(hub.clock())
        known_at = read_as_of(parameters, now)
        with hub.store.reading() as reading:
            book = as_known(hub.book(reading), known_at, now)
            if kpi_id is None:
                asked = parse_period(period or str(system_clock().year))
                instant = now if known_at is None else known_at
                body = board.board_body(book, hub.kpis.values(), asked, instant)
                figures = body["figures"]
            else:
                found = registry.kpis().get(kpi_id)
                if found is None:
                    raise typer.BadParameter(f"unknown KPI; one of {', '.join(registry.kpis())}")
                body = answer(found, read_question(found, parameters, now), book)
                figures = [{"kpi": kpi_id, **f} for f in body["figures"]]
        if as_json:
            print(json.dumps(body, ensure_ascii=False))
        else:
            show.print_board(figures, body["period"], is_synthetic=hub.is_synthetic)


@app.command()
def verify(
    sample: Annotated[
        str, typer.Option(help="Look at a share, such as 1%, another one each time.")
    ] = "",
) -> None:
    """Recompute everything from the log by another path; exit 1 and name what differs."""
    try:
        share = parse_share(sample) if sample else 0.0
    except ValueError as error:
        raise typer.BadParameter(f"--sample: {error}") from None
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        with progress_bar() as bar:
            tasks: dict[str, Any] = {}

            def report(name: str, done: int, total: int) -> None:
                if name not in tasks:
                    tasks[name] = bar.add_task(name, total=total)
                bar.update(tasks[name], completed=done, total=total)

            begun = to_us(hub.clock())
            looked_at = Sample(share, begun) if sample else None
            found = verifying.verify(hub.log, hub.store, hub.installed, report, looked_at)
        name = verifying.SAMPLE_STATEMENT if sample else verifying.STATEMENT
        statement = {"at": iso(begun), "differences": len(found.differences), "share": share or 1}
        hub.log.set_checkpoints({name: json.dumps(statement)})
    for line in found.differences[: verifying.DIFFERENCES_SHOWN_MAX]:
        print(line)
    more = len(found.differences) - verifying.DIFFERENCES_SHOWN_MAX
    if more > 0:
        print(f"… and {more} more")
    print(
        f"{found.events:,} events, {found.facts:,} facts and {found.cells:,} cells recomputed:"
        f" {len(found.differences)} differences"
    )
    if found.differences:
        raise typer.Exit(1)


@app.command()
def explain(
    name: Annotated[str, typer.Argument(metavar="KEY_OR_CELL")],
    offset: Annotated[int, typer.Option(min=0, help="The first of a cell's facts to list.")] = 0,
) -> None:
    """Say what is in a cell, or where an entity is counted and where it is not."""
    with open_hub(settings_for_reading()) as hub:
        catch_up(hub)
        with hub.store.reading() as reading:
            try:
                found = explaining.explain(reading, name, offset)
            except explaining.UnknownNameError:
                complain(
                    f"{name}: neither an entity (a dossier code, ST01|salinity|2023-05-17T05:00:00"
                    ".000000) nor a cell (set/day/dimensions, as `hub verify` names it)"
                )
                raise typer.Exit(1) from None
    print(json.dumps(found, ensure_ascii=False, indent=2))


@app.command()
def render(
    check: Annotated[bool, typer.Option(help="Write nothing; exit 1 if stale.")] = False,
) -> None:
    """Write what is rendered: Avro schemas, the metrics' page, the dashboard (in a source tree)."""
    folder = Path(str(places.avro_folder()))
    stale = revisions.render([*registry.contracts().values(), *OWN.values()], folder, check=check)
    root = folder.parents[1]
    for name, text in (
        ("docs/metrics.md", metrics.reference()),
        ("deploy/grafana/hub.json", dashboard.dashboard()),
    ):
        path = root / name
        if not (root / "pyproject.toml").exists():
            continue  # an installed package has no documents
        if not path.exists() or path.read_text("utf-8") != text:
            stale.append(name)
            if not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, "utf-8")
    for name in stale:
        print(f"{'stale' if check else 'wrote'}: {name}")
    if check and stale:
        raise typer.Exit(1)


@new_app.command("source")
def new_source_command(
    name: Annotated[str, typer.Argument(help="Small letters, digits and _.")],
    contract: Annotated[str, typer.Option(help="The contract of its events.")],
) -> None:
    """Write a source with a connector over a drop folder, and a case to fill in."""
    found = registry.contracts().get(contract)
    if found is None:
        raise typer.BadParameter(f"--contract: one of {', '.join(registry.contracts())}")
    today = system_clock().date()
    for path in new_source(places.connectors_folder(), name, found, today):
        print(f"wrote: {path}")
    print(
        f"\nNow say in connectors/{name}/source.py who reports how often, and give the columns in"
        f"\nconnector.py the headers that its files have. Then, with files as they come, good and"
        f"\nbad ones: hub new case {name} FILE. At last: pytest tests/laws/test_connectors.py"
    )


@new_app.command("case")
def new_case_command(
    source: Annotated[str, typer.Argument(help="The name of a folder of `connectors`.")],
    file: Annotated[Path, typer.Argument(help="A file as the upstream sends it.")],
    name: Annotated[str, typer.Option(help="The case's name; by default the file's.")] = "",
) -> None:
    """Make a case of a connector from a file; what it reads is to be checked by eye."""
    found = registry.connectors().get(source)
    if found is None:
        raise typer.BadParameter(f"one of {', '.join(registry.connectors())}")
    contract = registry.contracts()[registry.sources()[source].contract]
    home = places.connectors_folder() / source
    plain = re.sub("[^a-z0-9]+", "_", (name or file.stem).lower()).strip("_")
    case = new_case(home, found, contract, plain, file)
    print((case / "expected.json").read_text("utf-8"))
    print(f"wrote: {case}; hold it against the file, line by line", file=sys.stderr)


def main() -> None:
    """Run the command; known troubles end with a plain message and exit code 2."""
    os.environ.setdefault("POLARS_MAX_THREADS", str(os.cpu_count() or 1))
    try:
        app()
    except (
        SettingsError,
        QuestionError,
        AlreadyRunningError,
        DefinitionChangedError,
        StoreUnavailableError,
        LogUnavailableError,
        TopicsError,
        NotInLogError,
        ArchiveError,
        NothingBuiltError,
        RepairError,
        SigningKeyError,
        TablesInUseError,
        revisions.SchemaRegistryError,
        demonstration.OtherEventsError,
        NewSourceError,
        UpstreamError,
    ) as error:
        if is_json():
            log.critical("%s", error)
        else:
            complain(f"{error}")
        sys.exit(2)


if __name__ == "__main__":
    main()
