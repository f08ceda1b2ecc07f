"""Measures peers side by side on one topic: `python -m bench.peers EVENTS [NAME ...]`."""

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from bench.peers.run import BUILT, PEERS, SECONDS_MAX, PeerError, measure
from bench.topic import fill
from deploy.local.services.kafka import Kafka
from deploy.local.services.ports import free_port
from deploy.local.services.postgres import Postgres
from hub.settings import Settings


def main() -> int:
    """Fill the topics once, run each peer, print its rate."""
    parser = argparse.ArgumentParser(prog="python -m bench.peers")
    parser.add_argument("events", type=int)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PEERS))
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds-max", type=float, default=SECONDS_MAX)
    arguments = parser.parse_args()
    names = arguments.names or list(PEERS)
    unknown = sorted(set(names) - set(PEERS))
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; expected {', '.join(PEERS)}")
    for name in names:
        PEERS[name].prepare(BUILT)
    # Stopped from outside, too, it ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    failed = 0
    with tempfile.TemporaryDirectory(prefix="lgsp-peers-") as folder:
        kafka = Kafka(Path(folder), free_port(), free_port())
        postgres = Postgres(Path(folder), free_port())
        kafka.start()
        postgres.start()
        try:
            settings = Settings(
                data_dir=Path(folder, "hub"),
                kafka_bootstrap=kafka.address,
                database_url=postgres.address,
            )
            expected = fill(settings, arguments.events, arguments.seed)
            for name in names * arguments.rounds:
                try:
                    rate = measure(
                        PEERS[name],
                        kafka.address,
                        postgres.address,
                        expected,
                        arguments.seconds_max,
                    )
                except PeerError as error:
                    failed += 1
                    print(f"{name:20} failed: {error}", flush=True)
                else:
                    print(f"{name:20} {rate:12,.0f} events/s", flush=True)
        finally:
            postgres.stop()
            kafka.stop()
    for name in names:
        print(f"{name}: {PEERS[name].cannot}")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
