"""Rights: what each process of the hub reads and writes in Kafka, and nothing else.

A process is a command: `serve`, `work`, `connect NAME`, `operate` (what an operator runs by hand:
topics, lists, closings, verify, archive, rebuild, restore). Each is a user of its own, so that a
connector whose password is lost cannot write figures, nor another's events.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
)
from kafka.errors import KafkaError, SecurityDisabledError

from hub.definitions.contract import Contract
from hub.definitions.own.alert import ALERT
from hub.definitions.own.control import CONTROL
from hub.definitions.own.kpi import FIGURE
from hub.definitions.own.rejection import REJECTION
from hub.kafka.refilling import TRANSACTION
from hub.kafka.topics import Topics
from hub.log.log import TopicsError

WORKERS = "lgsp-hub"
TOPIC, GROUP, TRANSACTIONAL = "topic", "group", "transactional_id"


class Right(NamedTuple):
    """What a user may do: `operation` on one named thing of a kind."""

    kind: str
    name: str
    operation: str

    def __str__(self) -> str:
        return f"{self.operation} {self.kind} {self.name}"


def processes(sources: Mapping[str, str]) -> list[str]:
    """List the processes; `sources`: each connector's contract."""
    return ["serve", "work", *(f"connect {name}" for name in sorted(sources)), "operate"]


def rights(
    process: str, contracts: Iterable[Contract], sources: Mapping[str, str]
) -> frozenset[Right]:
    """Give what a process needs. Raises `KeyError` for one that is none."""
    events = [c.topic for c in contracts]
    read = [*events, REJECTION.topic, CONTROL.topic, ALERT.topic]
    by_topic = {c.name: c.topic for c in contracts}
    if process == "serve":
        return _of(read, read)
    if process == "work":
        return _of(read, [REJECTION.topic, FIGURE.topic], [WORKERS])
    if process == "operate":
        every = [*read, FIGURE.topic]
        manage = ("CREATE", "DESCRIBE_CONFIGS", "ALTER_CONFIGS")
        return _of(every, every) | {
            *(Right(TOPIC, topic, operation) for topic in every for operation in manage),
            Right(TRANSACTIONAL, TRANSACTION, "WRITE"),
            Right(TRANSACTIONAL, TRANSACTION, "DESCRIBE"),
        }
    command, _, name = process.partition(" ")
    if command != "connect":
        raise KeyError(process)
    # It looks up where its own topic ends, and reads none.
    return frozenset(
        Right(TOPIC, topic, "WRITE") for topic in (by_topic[sources[name]], REJECTION.topic)
    )


def _of(read: list[str], write: list[str], groups: Iterable[str] = ()) -> frozenset[Right]:
    return frozenset(
        [
            *(Right(TOPIC, topic, "READ") for topic in read),
            *(Right(TOPIC, topic, "WRITE") for topic in write),
            *(Right(GROUP, group, "READ") for group in groups),
        ]
    )


def granted(topics: Topics, user: str) -> frozenset[Right]:
    """Ask what a user may do, by rights of its own. Raises `LogUnavailableError`, `TopicsError`."""
    anything = ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY)
    asked = ACLFilter(f"User:{user}", None, ACLOperation.ANY, ACLPermissionType.ALLOW, anything)
    listed = _said(topics, lambda client: client.describe_acls(asked)[0])
    return frozenset(
        Right(
            acl.resource_pattern.resource_type.name.lower(),
            # A whole prefix is none of what is given here: it is another right by its name.
            acl.resource_pattern.resource_name
            + "*" * (acl.resource_pattern.pattern_type != ACLResourcePatternType.LITERAL),
            acl.operation.name,
        )
        for acl in listed
    )


def grant(topics: Topics, user: str, added: Iterable[Right]) -> None:
    """Give a user rights. Raises `LogUnavailableError`, `TopicsError`."""
    acls = [
        ACL(
            f"User:{user}",
            "*",
            ACLOperation[right.operation],
            ACLPermissionType.ALLOW,
            ResourcePattern(ResourceType[right.kind.upper()], right.name),
        )
        for right in sorted(added)
    ]
    if acls:
        _check(_said(topics, lambda client: client.create_acls(acls))["failed"])


def revoke(topics: Topics, user: str, taken: Iterable[Right]) -> None:
    """Take rights from a user. Raises `LogUnavailableError`, `TopicsError`."""
    filters = [
        ACLFilter(
            f"User:{user}",
            None,
            ACLOperation[right.operation],
            ACLPermissionType.ALLOW,
            ResourcePatternFilter(ResourceType[right.kind.upper()], *_named(right.name)),
        )
        for right in sorted(taken)
    ]
    if filters:
        _said(topics, lambda client: client.delete_acls(filters))


def _named(name: str) -> tuple[str, ACLResourcePatternType]:
    is_prefix = name.endswith("*") and name != "*"
    pattern = ACLResourcePatternType.PREFIXED if is_prefix else ACLResourcePatternType.LITERAL
    return name[:-1] if is_prefix else name, pattern


def _said(topics: Topics, question: Any) -> Any:
    try:
        return topics.ask(question)
    except SecurityDisabledError as error:
        raise _refused(error) from None


def _check(failed: Iterable[tuple[Any, KafkaError]]) -> None:
    for _, error in failed:
        raise _refused(error)


def _refused(error: KafkaError) -> TopicsError:
    return TopicsError(
        "máy chủ Kafka không nhận quyền: bật `authorizer.class.name`, và dùng tài khoản quản trị |"
        " the broker takes no rights: set `authorizer.class.name`, and come as an administrator"
        f" ({error!r})"
    )
