"""One production hub for tests: its settings, workers, gateway, and how its records read."""

import io
import json
from pathlib import Path
from typing import Any

import fastavro
import psycopg

from deploy.local.services.kafka import Kafka
from hub import places, registry
from hub.access.keys import Sender
from hub.settings import Settings
from tests.parts.same import Workers
from tests.stories.conftest import Served

DOSSIER = registry.contracts()["dossier"]
TESTER = Sender("tester")
QUARANTINE_TOPIC = "lgsp.quarantine.v1"


class Province:
    """One production hub: settings, workers, and a gateway when asked for."""

    def __init__(self, kafka: Kafka, database_url: str, folder: Path) -> None:
        self.settings = Settings(kafka_bootstrap=kafka.address, database_url=database_url)
        self.workers = Workers(self.settings, folder)
        self.served = Served(folder / "served")
        self.served.env |= {
            "HUB_KAFKA_BOOTSTRAP": kafka.address,
            "HUB_DATABASE_URL": database_url,
        }
        self._database = database_url.replace("+psycopg", "")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self._database, autocommit=True) as c:
            cursor = c.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def close(self) -> None:
        for worker in list(self.workers.running):
            self.workers.kill(worker)
        if self.served.process is not None:
            self.served.kill()


def plain_read(value: bytes) -> dict[str, Any]:
    """Read a record by its schema id alone, as any tool with the schemas at hand would."""
    assert value[0] == 0
    ids = json.loads((Path(str(places.avro_folder())) / "ids.json").read_text("utf-8"))
    schema_id = int.from_bytes(value[1:5], "big")
    ((name, number),) = [(n, i.index(schema_id) + 1) for n, i in ids.items() if schema_id in i]
    text = (Path(str(places.avro_folder())) / f"{name}.{number}.avsc").read_text("utf-8")
    stream = io.BytesIO(value[5:])
    found: Any = fastavro.schemaless_reader(stream, json.loads(text), None)
    assert stream.read() == b""
    return dict(found)
