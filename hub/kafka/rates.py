"""Rates: how fast each process may write and read at one broker; Kafka calls them client quotas.

A connector with a fault, or somebody with its password, must not keep the gateway from writing.
Who is faster is not refused: the broker lets it wait before it answers.
"""

from collections.abc import Mapping
from typing import Any

from kafka.errors import KafkaError, for_code
from kafka.protocol.admin import AlterClientQuotasRequest, DescribeClientQuotasRequest

from hub.kafka.rights import processes
from hub.kafka.topics import Topics
from hub.log.log import TopicsError

WRITE, READ, SHARE = "producer_byte_rate", "consumer_byte_rate", "request_percentage"
# Bytes a second at one broker, and hundredths of one of its threads. An event takes about 150
# bytes in Kafka: a connector may write some 25,000 a second, the gateway eight times as many.
GATEWAY: Mapping[str, float] = {WRITE: 32 << 20}
CONNECTOR: Mapping[str, float] = {WRITE: 4 << 20, READ: 1 << 20, SHARE: 50}
USER, EXACT = "user", 0


def rates(process: str, sources: Mapping[str, str]) -> Mapping[str, float]:
    """Give what a process may; what is not named has no limit. Raises `KeyError` for none.

    What the worker reads is not limited: after a fault it has all that came meanwhile to apply.
    """
    if process not in processes(sources):
        raise KeyError(process)
    command, _, name = process.partition(" ")
    if name:
        return CONNECTOR
    return GATEWAY if command == "serve" else {}


def in_force(topics: Topics, user: str) -> dict[str, float]:
    """Ask which limits a user has of its own. Raises `LogUnavailableError`, `TopicsError`."""
    asked = DescribeClientQuotasRequest.ComponentData(
        entity_type=USER, match_type=EXACT, match=user
    )
    request = DescribeClientQuotasRequest(components=[asked], strict=True)
    answer = topics.ask(lambda client: _sent(client, request))
    _check(answer.error_code, answer.error_message)
    return {v.key: v.value for entry in answer.entries or [] for v in entry.values}


def limit(topics: Topics, user: str, wanted: Mapping[str, float]) -> None:
    """Set a user's limits to these, and take all others. Raises as `in_force` does."""
    gone = in_force(topics, user).keys() - wanted.keys()
    entry = AlterClientQuotasRequest.EntryData
    changes = [entry.OpData(key=k, value=v, remove=False) for k, v in wanted.items()]
    changes += [entry.OpData(key=k, value=0.0, remove=True) for k in sorted(gone)]
    if not changes:
        return
    whose = entry.EntityData(entity_type=USER, entity_name=user)
    request = AlterClientQuotasRequest(
        entries=[entry(entity=[whose], ops=changes)], validate_only=False
    )
    for answer in topics.ask(lambda client: _sent(client, request)).entries:
        _check(answer.error_code, answer.error_message)


def _sent(client: Any, request: Any) -> Any:
    """Send what kafka-python has the words for, and its admin client no method."""

    async def send() -> Any:
        return await client._manager.send(request)

    return client._manager.run(send)


def _check(code: int, message: str | None) -> None:
    if code:
        error: KafkaError = for_code(code)(message)
        raise TopicsError(
            "máy chủ Kafka không nhận giới hạn: dùng tài khoản quản trị |"
            f" the broker takes no limits: come as an administrator ({error!r})"
        )
