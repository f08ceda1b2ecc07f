"""AsyncAPI: the topics as `/asyncapi.json` and `docs/asyncapi.json` describe them.

AsyncAPI 3.0 (https://www.asyncapi.com/docs/reference/specification/v3.0.0): a channel a topic, its
message an Avro datum of the latest revision, the attributes of CloudEvents 1.0 as headers.
"""

from collections.abc import Iterable
from typing import Any

from hub.definitions import revisions
from hub.definitions.contract import Contract
from hub.definitions.installed import OWN

AVRO = "application/vnd.apache.avro+json;version=1.9.0"
HEADERS = {
    "ce_specversion": "Phiên bản CloudEvents | version of CloudEvents: 1.0",
    "ce_type": "Chủ đề | the topic",
    "ce_source": "Bên gửi | the sender",
    "ce_receipt": "Biên nhận | the receipt of the submission",
    "ce_id": "Mã sự kiện | the event's id",
}
FRAMING = (
    "Giá trị: byte 0, mã lược đồ 4 byte, dữ liệu Avro; khóa: các trường ghép bằng '|', phân vùng"
    " murmur2 | Value: a zero byte, the schema id in 4 bytes, the Avro datum (Confluent wire"
    " format); key: its fields joined by '|', partitioned by murmur2"
)


def describe(contracts: Iterable[Contract]) -> dict[str, Any]:
    """Describe the topics of contracts, and those that the hub itself writes."""
    listed = sorted([*contracts, *OWN.values()], key=lambda contract: contract.topic)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Trục dữ liệu tỉnh: các chủ đề | Provincial data hub: topics",
            "version": "1",
            "description": FRAMING,
        },
        "defaultContentType": "application/avro",
        "channels": {c.topic: _channel(c) for c in listed},
        "operations": {f"follow_{c.name}": _operation(c) for c in listed},
        "components": {
            "messages": {c.name: _message(c) for c in listed},
            "schemas": {
                "headers": {
                    "type": "object",
                    "properties": {
                        name: {"type": "string", "description": said}
                        for name, said in HEADERS.items()
                    },
                }
            },
        },
    }


def _channel(contract: Contract) -> dict[str, Any]:
    title = contract.spec.title
    return {
        "address": contract.topic,
        "description": f"{title.vi} | {title.en}",
        "messages": {contract.name: {"$ref": f"#/components/messages/{contract.name}"}},
        "bindings": {"kafka": {"topic": contract.topic, "bindingVersion": "0.5.0"}},
    }


def _operation(contract: Contract) -> dict[str, Any]:
    """Say that the hub sends what others follow; who sends events posts them to the gateway."""
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{contract.topic}"},
        "summary": f"Theo dõi {contract.topic} | Follow {contract.topic}",
    }


def _message(contract: Contract) -> dict[str, Any]:
    revision = revisions.latest(contract.name)
    spec = contract.spec
    return {
        "name": contract.name,
        "title": f"{spec.title.vi} | {spec.title.en}",
        "summary": f"{spec.owner}; {spec.legal_basis}; khóa | key: {'|'.join(spec.key)}",
        "contentType": "application/avro",
        "headers": {"$ref": "#/components/schemas/headers"},
        "payload": {"schemaFormat": AVRO, "schema": revision.schema},
        "bindings": {
            "kafka": {
                "key": {"type": "string"},
                "schemaIdLocation": "payload",
                "schemaIdPayloadEncoding": "confluent",
                "bindingVersion": "0.5.0",
            }
        },
        "x-schema-id": revision.schema_id,
    }
