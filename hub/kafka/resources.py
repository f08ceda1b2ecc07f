"""Resources: Kafka's topics, and users with rights and limits, as Strimzi's operator takes them.

They say what `hub topics apply`, `hub topics rights` and `hub topics limits` say, of the same
definitions, so that either may be used. `hub render` writes them for the province's overlay.
"""

from collections.abc import Iterable, Iterator, Mapping

from hub.definitions.contract import Contract
from hub.kafka.rates import READ, SHARE, WRITE, rates
from hub.kafka.rights import Right, processes, rights
from hub.kafka.topics import wanted

FOLDER = "deploy/k8s/province"
CLUSTER = "kafka"
REPLICAS, IN_SYNC = 3, 2
_KINDS = {"topic": "topic", "group": "group", "transactional_id": "transactionalId"}
_LIMITS = {WRITE: "producerByteRate", READ: "consumerByteRate", SHARE: "requestPercentage"}
_HEAD = "# Rendered from contracts, sources and rights by `hub render`.\n"


def files(contracts: Iterable[Contract], sources: Mapping[str, str]) -> dict[str, str]:
    """Give each file's text by its path; `sources`: each connector's contract."""
    known = list(contracts)
    return {
        f"{FOLDER}/topics.yaml": _HEAD + "---\n".join(_topics(known)),
        f"{FOLDER}/users.yaml": _HEAD
        + "---\n".join(_user(process, known, sources) for process in processes(sources)),
    }


def user_of(process: str) -> str:
    """Name the user of a process, and with it the secret that holds its certificate."""
    names = {"serve": "gateway", "work": "worker"}
    return names.get(process, process.replace(" ", "-").replace("_", "-"))


def _object(kind: str, name: str) -> str:
    return (
        f"apiVersion: kafka.strimzi.io/v1\nkind: {kind}\nmetadata:\n  name: {name}\n"
        f"  labels:\n    strimzi.io/cluster: {CLUSTER}\nspec:\n"
    )


def _topics(contracts: list[Contract]) -> Iterator[str]:
    for topic in wanted(contracts):
        config = {**topic.config, "min.insync.replicas": str(IN_SYNC)}
        name = topic.name.replace("_", "-")
        yield (
            _object("KafkaTopic", name)
            + (
                f"  topicName: {topic.name}\n  partitions: {topic.partitions}\n"
                f"  replicas: {REPLICAS}\n  config:\n"
            )
            + "".join(f'    {k}: "{v}"\n' for k, v in sorted(config.items()))
        )


def _user(process: str, contracts: list[Contract], sources: Mapping[str, str]) -> str:
    text = _object("KafkaUser", user_of(process))
    text += "  authentication:\n    type: tls\n  authorization:\n    type: simple\n    acls:\n"
    text += "".join(_acl(*acl) for acl in _acls(rights(process, contracts, sources)))
    limits = {_LIMITS[k]: int(v) for k, v in rates(process, sources).items()}
    if limits:
        text += "  quotas:\n" + "".join(f"    {k}: {v}\n" for k, v in limits.items())
    return text


def _acls(given: Iterable[Right]) -> Iterator[tuple[str, str, list[str]]]:
    """Put what may be done with one thing together."""
    by_thing: dict[tuple[str, str], list[str]] = {}
    for right in sorted(given):
        operation = right.operation.replace("_", " ").title().replace(" ", "")
        by_thing.setdefault((_KINDS[right.kind], right.name), []).append(operation)
    for (kind, name), operations in by_thing.items():
        yield kind, name, operations


def _acl(kind: str, name: str, operations: list[str]) -> str:
    return (
        f"      - resource:\n          type: {kind}\n          name: {name}\n"
        f"          patternType: literal\n        operations: [{', '.join(operations)}]\n"
    )
