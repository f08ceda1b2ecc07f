"""Debezium for PostgreSQL in a worker of Kafka Connect: changes of tables become records."""

import http.client
import json
from collections.abc import Mapping
from pathlib import Path

from deploy.local.services.java import HERE, JavaPart
from deploy.local.services.ports import HOST, free_port
from deploy.local.services.process import write_whole

CONNECTOR = "source"


class Debezium(JavaPart):
    """A worker with one connector, which follows tables of a PostgreSQL by a slot of its own.

    `connector` are the connector's properties, such as `database.hostname`; `wrapped` puts the
    schema beside each value. How far it has read is in a file: killed, it tells the last again.
    """

    name = "debezium"
    setting = "HUB_DEBEZIUM_URL"
    goal = "copy-dependencies"
    main = "org.apache.kafka.connect.cli.ConnectStandalone"
    heap = "384m"

    def __init__(
        self,
        folder: Path,
        kafka: str,
        connector: Mapping[str, object],
        *,
        wrapped: bool = True,
        port: int = 18083,
    ) -> None:
        super().__init__(folder, {"HUB_DEBEZIUM_PORT": port})
        self._kafka, self._connector, self._wrapped = kafka, dict(connector), wrapped
        self._logging = f"-Dlog4j2.configurationFile={HERE / 'kafka' / 'log4j2.properties'}"

    @property
    def address(self) -> str:
        """The worker's REST interface."""
        return f"http://{HOST}:{self.port}"

    def _twin(self, folder: Path) -> "Debezium":
        return Debezium(folder, self._kafka, self._connector, port=free_port())

    def fetch(self) -> None:
        """Fetch the jars; no archive of classes, which a worker without a broker cannot make."""
        self.jars.exists()

    def _prepare(self) -> None:
        self.data.mkdir(exist_ok=True)
        converter = "org.apache.kafka.connect.json.JsonConverter"
        worker = {
            "bootstrap.servers": self._kafka,
            "listeners": self.address,
            "offset.storage.file.filename": self.data / "offsets",
            "offset.flush.interval.ms": 60_000,
        }
        for side in ("key", "value"):
            worker[f"{side}.converter"] = converter
            worker[f"{side}.converter.schemas.enable"] = str(self._wrapped).lower()
        connector = {
            "name": CONNECTOR,
            "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
            "plugin.name": "pgoutput",
            "publication.autocreate.mode": "filtered",
            "topic.creation.default.replication.factor": 1,
            "topic.creation.default.partitions": 1,
            **self._connector,
        }
        for name, said in (("worker", worker), ("connector", connector)):
            lines = "".join(f"{k}={v}\n" for k, v in said.items())
            write_whole(self.folder / f"{name}.properties", lines)

    def _options(self) -> list[str]:
        return [self._logging]

    def _arguments(self) -> list[str]:
        return [str(self.folder / f"{name}.properties") for name in ("worker", "connector")]

    def _answers(self) -> bool:
        """Ask whether the connector's task runs."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=5)
        try:
            connection.request("GET", f"/connectors/{CONNECTOR}/status")
            answer = connection.getresponse()
            if answer.status != 200:
                return False
            tasks = json.loads(answer.read())["tasks"]
            return bool(tasks) and all(t["state"] == "RUNNING" for t in tasks)
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
