"""A Confluent-compatible schema registry: it gives the ids that stand before datums in Kafka.

The registry's API is Confluent's (`POST /subjects/NAME/versions`), as Karapace and Apicurio speak
it too. Every published revision is registered, oldest first; one
that is there already keeps its id.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx

from hub.definitions import avro
from hub.definitions import revisions as published
from hub.definitions.contract import Contract

SECONDS_MAX = 10
_TYPE = {"Content-Type": "application/vnd.schemaregistry.v1+json"}


def adopt(url: str, contract_of: Callable[[str], Contract]) -> None:
    """Register all published revisions and use the registry's ids in this process."""
    listed: dict[str, list[published.Revision]] = {}
    with httpx.Client(base_url=url, timeout=SECONDS_MAX, headers=_TYPE) as client:
        for name, revisions in published.read_revisions().items():
            subject = f"{contract_of(name).topic}-value"
            for revision in revisions:
                schema_id = _register(client, subject, revision.schema)
                avro.check_safe(_fetch(client, schema_id))
                listed.setdefault(name, []).append(replace(revision, schema_id=schema_id))
    published.use(listed)


class ForeignSchemas:
    """Schemas of others' topics, by the ids that stand before their datums; each asked for once."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=SECONDS_MAX, headers=_TYPE)
        self._known: dict[int, avro.Foreign] = {}

    def find(self, schema_id: int) -> avro.Foreign:
        """Give a schema. Raises `SchemaRegistryError`, `avro.UnsafeSchemaError`."""
        if schema_id not in self._known:
            self._known[schema_id] = avro.Foreign(_fetch(self._client, schema_id))
        return self._known[schema_id]

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


def _register(client: httpx.Client, subject: str, schema: avro.Schema) -> int:
    body = {"schema": json.dumps(schema, ensure_ascii=False)}
    return int(_ask(client, "POST", f"/subjects/{subject}/versions", body)["id"])


def _fetch(client: httpx.Client, schema_id: int) -> Any:
    return json.loads(_ask(client, "GET", f"/schemas/ids/{schema_id}", None)["schema"])


def _ask(client: httpx.Client, method: str, path: str, body: Any) -> Any:
    try:
        answer = client.request(method, path, json=body)
    except httpx.HTTPError as error:
        raise published.SchemaRegistryError(f"{client.base_url}{path}: {error!r}") from error
    if answer.is_error:
        raise published.SchemaRegistryError(
            f"{client.base_url}{path}: {answer.status_code} {answer.text}"
        )
    return answer.json()
