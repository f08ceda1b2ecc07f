"""Apicurio Registry: the schema registry that a hub may ask for ids.

It starts with no rule at all, and takes whatever breaks readers or writers of what is there; here
it is told FULL_TRANSITIVE, which the hub's own revisions keep, before anybody may use it.
"""

import http.client
import json
from pathlib import Path
from typing import ClassVar

from deploy.local.services.java import JavaPart
from deploy.local.services.ports import HOST, free_port
from deploy.local.services.process import UnavailableError

COMPATIBILITY = "FULL_TRANSITIVE"


class Registry(JavaPart):
    """Apicurio Registry, spoken to as Confluent's; its schemas are in a file."""

    name = "registry"
    setting = "HUB_SCHEMA_REGISTRY_URL"
    goal = "copy"
    main = "io.quarkus.runner.GeneratedMain"
    heap = "256m"

    _PATH: ClassVar[str] = "/apis/ccompat/v7"

    def __init__(self, folder: Path, port: int = 18081) -> None:
        super().__init__(folder, {"HUB_REGISTRY_PORT": port})

    @property
    def address(self) -> str:
        """The URL of the API."""
        return f"http://{HOST}:{self.port}{self._PATH}"

    def _twin(self, folder: Path) -> "Registry":
        return Registry(folder, free_port())

    def _prepare(self) -> None:
        self.data.mkdir(exist_ok=True)

    def _options(self) -> list[str]:
        settings = {
            "quarkus.http.host": HOST,
            "quarkus.http.port": self.port,
            "quarkus.http.access-log.enabled": "false",
            'quarkus.log.category."io.apicurio".level': "WARN",
            # By default a crash may lose the last half second.
            "apicurio.datasource.url": f"jdbc:h2:file:{self.data / 'registry'};WRITE_DELAY=0",
            "apicurio.datasource.jdbc.initial-size": 2,
            "apicurio.datasource.jdbc.min-size": 2,
        }
        return [f"-D{name}={value}" for name, value in settings.items()]

    def start(self) -> None:
        """Start it, unless it runs, and wait until it answers and keeps the rule."""
        super().start()
        told = self._ask("PUT", "/config", {"compatibility": COMPATIBILITY})
        if told != 200:
            raise UnavailableError(f"{self.name} does not take {COMPATIBILITY}: {told}")

    def _answers(self) -> bool:
        try:
            return self._ask("GET", "/subjects") == 200
        except (OSError, http.client.HTTPException):
            return False

    def _ask(self, method: str, path: str, body: object = None) -> int:
        """Ask its API; give the status of the answer."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=30)
        try:
            kind = {"Content-Type": "application/vnd.schemaregistry.v1+json"}
            sent = None if body is None else json.dumps(body)
            connection.request(method, f"{self._PATH}{path}", sent, kind)
            return connection.getresponse().status
        finally:
            connection.close()
