"""The gateway's rate: single events and batches, beside a bare server of the same framework.

A process serves, another sends over 32 connections as fast as it is answered; both share the
machine. `bare` reads the body and answers as much as the gateway does, and keeps nothing; `hub` is
`hub serve`, whose answers are durable, signed and in the audit log; `unsigned` is the same but for
the signature. Prints medians of alternating rounds. Usage: `python -m bench.gateway [seconds]`.
"""

import asyncio
import json
import multiprocessing
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from bench.section import Row, Section, Target, middle
from hub.access import keys
from hub.access.scope import WHOLE
from hub.clock import system_clock
from hub.gateway.signing import Signer
from hub.http.serving import make_server, serve
from hub.opening import open_hub, running
from hub.settings import Settings
from stream_jobs.worked import received
from tests.parts.pushing import Pusher, Told, quantile

ROUNDS = 3
BATCH = 1_000
START_SECONDS_MAX = 60
LEAST = 0.4  # of the bare server's single events
SIGNED = "x" * 600  # about as long as a signature of a receipt with what it says
AGREED, POLITE_RATE = 100, 50.0  # requests/s: what each sender may, what the polite one sends
FLOOD_CONNECTIONS = 128
WORDS = {
    "bare": "a bare server of the framework",
    "unsigned": "the hub, unsigned",
    "hub": "the hub",
}
KINDS = tuple(WORDS)
MISSES = [
    "the event loop takes nearly half of a single event's time of the processor, preparing, signing"
    " and the log a third, the audit log and the transactions that apply a fifth, and the"
    " interpreter does one of them at a time. What would help: several gateways, as in production,"
    " or fewer steps of Polars for a group of a few events"
]


def serve_bare(port: int) -> None:
    """Serve the framework alone."""
    app = FastAPI()

    @app.post("/v1/events/dossier")
    async def take(request: Request) -> Response:
        size = len(await request.body())
        said = {"receipt": "r" * 28, "accepted": size, "duplicates": 0, "rejected": []}
        return JSONResponse({**said, "signed": SIGNED}, 202)

    uvicorn.run(app, host="127.0.0.1", port=port, log_config=None, access_log=False)


def serve_hub(settings: Settings, is_signed: bool) -> None:
    """Serve and apply, as `hub serve` does."""
    if not is_signed:
        Signer.signing = lambda _: lambda _: SIGNED  # type: ignore[assignment,method-assign]
    with open_hub(settings) as hub, running(hub):
        serve(make_server(hub))


def body(number: int, size: int) -> bytes:
    """Make the events of one request; no two requests have one in common."""
    events = [received(f"H57.1-{number}-{i}", "2023-05-17") for i in range(size)]
    return json.dumps(events if size > 1 else events[0]).encode()


@contextmanager
def serving(kind: str, folder: Path, most: int = 10**9) -> Iterator[Callable[[str], Pusher]]:
    """Serve in a process; give what makes a sender with a key of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = Settings(
        data_dir=folder,
        listen=f"127.0.0.1:{port}",
        requests_per_second_max=most,
        backlog_events_max=10**9,
    )
    given: tuple[Any, ...] = (port,) if kind == "bare" else (settings, kind == "hub")
    target: Callable[..., None] = serve_bare if kind == "bare" else serve_hub
    process = multiprocessing.get_context("spawn").Process(target=target, args=given, daemon=True)
    process.start()

    def sender(name: str) -> Pusher:
        with open_hub(settings) as hub:
            key = keys.create(hub.store, system_clock, name, WHOLE)
        return Pusher("127.0.0.1", port, "/v1/events/dossier", key)

    try:
        deadline = time.monotonic() + START_SECONDS_MAX
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        yield sender
    finally:
        process.kill()
        process.join()


def measured(kind: str, size: int, seconds: float, folder: Path) -> list[Told]:
    """Serve, send for so long, and give what was told."""
    with serving(kind, folder) as sender:
        pusher = sender("bench")
        bodies = [body(i, size) for i in range(2_000 if size > 1 else 0)]

        def made(number: int) -> bytes:
            return bodies[number % len(bodies)] if bodies else body(number, size)

        asyncio.run(pusher.push(made, seconds=1, first=10**9 if size == 1 else 1_000))
        return asyncio.run(pusher.push(made, seconds=seconds))


def send_beside(pusher: Pusher, times: int, seconds: float) -> None:
    """Send at so many times the agreed rate, and be refused what is too much."""
    rate, first = float(times * AGREED), times * 10**6
    told = asyncio.run(pusher.push(lambda n: body(n, 1), seconds=seconds, rate=rate, first=first))
    refused = sum(t.status == 429 for t in told)
    print(f"at {times} times its rate: {len(told):,} answers, {refused:,} of them 429")


def beside(seconds: float, folder: Path) -> list[float]:
    """Give the p99 (s) of one sender beside another at its agreed rate, and at 100 times that."""
    with serving("hub", folder, AGREED) as sender:
        polite = sender("polite")
        other = replace(sender("other"), connections=FLOOD_CONNECTIONS)
        asyncio.run(polite.push(lambda n: body(n, 1), seconds=1, rate=POLITE_RATE, first=10**9))
        found = []
        for times in (1, 100):
            process = multiprocessing.get_context("spawn").Process(
                target=send_beside, args=(other, times, seconds + 2), daemon=True
            )
            process.start()
            time.sleep(1.5)  # until it sends
            first = 2 * 10**9 + times * 10**6
            run = polite.push(lambda n: body(n, 1), seconds=seconds, rate=POLITE_RATE, first=first)
            told = asyncio.run(run)
            assert {t.status for t in told} == {202}
            found.append(quantile(told, 0.99))
            process.join()
    return found


def measure(seconds: float = 5.0) -> Section:
    """Run the rounds."""
    rows: list[Row] = []
    raw: dict[str, Any] = {}
    for size in (1, BATCH):
        raw[f"{size} a request"] = found = rates(size, seconds)
        bare = middle([r for r, _, _ in found["bare"]])
        for kind, rounds in found.items():
            rate, p50, p99 = (middle(x) for x in zip(*rounds, strict=True))
            said = f"p50 {p50 * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms; {rate / bare:.2f} of bare"
            rows.append(Row(f"{WORDS[kind]}, {size:,} event(s) a request", rate, "events/s", said))
        if size == 1:
            hub = middle([r for r, _, _ in found["hub"]])
            rows.append(
                Row("the hub ÷ bare, single events", hub / bare, "of it", "", Target(least=LEAST))
            )
    raw["fairness"] = pairs = fairness(seconds)
    worse = middle([flooded / at_rate for at_rate, flooded in pairs])
    said = "a sender's p99 beside another at 100 times its rate ÷ beside one at its rate"
    rows.append(Row("fairness", worse, "times", said, Target(most=1.2)))
    return Section(
        title="The gateway: acceptance over HTTP",
        about="Embedded profile; server, applying and sender on the same cores.",
        settings={"rounds": ROUNDS, "seconds": seconds, "connections": 32},
        rows=rows,
        raw=raw,
        misses=MISSES if any(row.is_met is False for row in rows) else [],
    )


def fairness(seconds: float) -> list[tuple[float, float]]:
    """Give one sender's p99 (s) beside another at its rate, and at 100 times that, per round."""
    pairs = []
    for number in range(1, ROUNDS + 1):
        with tempfile.TemporaryDirectory() as folder:
            at_rate, flooded = beside(4 * seconds, Path(folder) / "hub")
        pairs.append((at_rate, flooded))
        print(f"fairness: round {number} of {ROUNDS} done", file=sys.stderr)
    return pairs


def rates(size: int, seconds: float) -> dict[str, list[tuple[float, float, float]]]:
    """Give events/s, p50 and p99 (s) of requests of so many events, per kind and round."""
    found: dict[str, list[tuple[float, float, float]]] = {k: [] for k in KINDS}
    for number in range(1, ROUNDS + 1):
        for kind in KINDS:
            with tempfile.TemporaryDirectory() as folder:
                told = measured(kind, size, seconds, Path(folder) / "hub")
            statuses = {t.status for t in told}
            assert statuses == {202}, statuses
            rate = size * len(told) / seconds
            found[kind].append((rate, quantile(told, 0.5), quantile(told, 0.99)))
        print(f"{size} a request: round {number} of {ROUNDS} done", file=sys.stderr)
    return found


def main() -> None:
    """Print the rows."""
    print(measure(float(sys.argv[1]) if len(sys.argv) > 1 else 5.0).printed())


if __name__ == "__main__":
    main()
