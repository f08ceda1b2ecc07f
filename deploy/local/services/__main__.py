"""Start, stop, kill, wipe or show the parts, or fetch their programs.

    python -m deploy.local.services ACTION [kafka] [postgres] [registry] [mosquitto]

Called in the project's folder. ACTION is start, stop, kill, wipe, status or fetch. Without names,
`start` means all but the registry, any other action all four. `start` prints the settings that
point a hub at what runs. Data is in `.hub-services/` of the project (`HUB_SERVICES_DIR`); the jars
there are shared by all data folders of a clone. Ports: `HUB_KAFKA_PORT`,
`HUB_KAFKA_CONTROLLER_PORT`, `HUB_POSTGRES_PORT`, `HUB_REGISTRY_PORT`, `HUB_MQTT_PORT`.
"""

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.local.services.java import PROJECT_DATA
from deploy.local.services.kafka import Kafka
from deploy.local.services.mosquitto import Mosquitto
from deploy.local.services.part import Part
from deploy.local.services.postgres import Postgres
from deploy.local.services.process import UnavailableError
from deploy.local.services.registry import Registry


def parts(environment: Mapping[str, str] = os.environ) -> dict[str, Part]:
    """All parts, where the environment puts them."""

    def port(variable: str, default: int) -> int:
        text = environment.get(variable) or str(default)
        if not text.isdigit() or not 0 < int(text) < 65536:
            raise UnavailableError(f"{variable}={text!r}: expected a port")
        return int(text)

    folder = Path(environment.get("HUB_SERVICES_DIR") or PROJECT_DATA)
    every: list[Part] = [
        Kafka(folder, port("HUB_KAFKA_PORT", 19092), port("HUB_KAFKA_CONTROLLER_PORT", 19093)),
        Postgres(folder, port("HUB_POSTGRES_PORT", 15432)),
        Registry(folder, port("HUB_REGISTRY_PORT", 18081)),
        Mosquitto(folder, port("HUB_MQTT_PORT", 11883)),
    ]
    return {part.name: part for part in every}


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("action", choices=["start", "stop", "kill", "wipe", "status", "fetch"])
    parser.add_argument("parts", nargs="*", metavar="kafka|postgres|registry|mosquitto")
    arguments = parser.parse_args()
    try:
        known = parts()
        unknown = sorted(set(arguments.parts) - set(known))
        if unknown:
            parser.error(f"unknown: {', '.join(unknown)}; expected {', '.join(known)}")
        started = ["kafka", "postgres", "mosquitto"]
        default = started if arguments.action == "start" else list(known)
        for part in (known[name] for name in arguments.parts or default):
            _act(part, arguments.action)
    except UnavailableError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _act(part: Part, action: str) -> None:
    if action == "status":
        print(f"{part.name}: {part.status}")
        return
    getattr(part, action)()
    if action == "start":
        print(f"export {part.setting}={part.address}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
