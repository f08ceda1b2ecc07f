"""Apicurio Registry: the schema registry that a hub may ask for ids."""

import http.client
from pathlib import Path
from typing import ClassVar

from deploy.local.services.java import JavaPart
from deploy.local.services.ports import HOST, free_port


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

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=5)
        try:
            connection.request("GET", f"{self._PATH}/subjects")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
