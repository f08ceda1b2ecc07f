"""Topics: what must be there, what is there, and how one becomes the other."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, NewTopic, OffsetSpec
from kafka.errors import (
    InvalidReplicationFactorError,
    KafkaError,
    LeaderNotAvailableError,
    NoError,
    NotLeaderForPartitionError,
    SecurityDisabledError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
    for_code,
)
from kafka.protocol.consumer import IsolationLevel

from hub.definitions.contract import Contract
from hub.definitions.own.alert import ALERT
from hub.definitions.own.control import CONTROL
from hub.definitions.own.kpi import FIGURE
from hub.definitions.own.rejection import REJECTION
from hub.kafka.credentials import IN_CLEAR, Credentials
from hub.log.log import LogUnavailableError, TopicsError

T = TypeVar("T")
PARTITIONS = 12
BROKERS_DEFAULT = -1
ANSWER_MS_MAX = 5_000
ABSENT = (UnknownTopicOrPartitionError.errno, TopicAuthorizationFailedError.errno)
LEADERLESS = (LeaderNotAvailableError, NotLeaderForPartitionError)
LEADER_SECONDS = 0.2  # a new topic has its leaders within about as long
COMMITTED = IsolationLevel.READ_COMMITTED
# A rejected item may be as large as a request's body, and is carried in base64.
REJECTION_BYTES_MAX = 32 << 20
# A record carries the instant of its acceptance, whatever the clock of who took it. A broker's own
# limit, an hour ahead of its clock, is there for retention by age, which none of these topics has.
ANY_INSTANT = {"message.timestamp.after.max.ms": str((1 << 63) - 1)}


@dataclass(frozen=True)
class Topic:
    """A topic as it must be."""

    name: str
    partitions: int
    config: dict[str, str]


@dataclass(frozen=True)
class Step:
    """One step of a plan; where it is not `possible`, a person must decide."""

    topic: Topic
    action: str
    detail: str
    config: dict[str, str] = field(default_factory=dict)
    is_possible: bool = True


def wanted(contracts: Iterable[Contract], partitions: int = PARTITIONS) -> list[Topic]:
    """List the topics: one a contract, kept without limit, then those of the hub's own."""
    kept = {"retention.ms": "-1", "cleanup.policy": "delete", **ANY_INSTANT}
    out = [Topic(c.topic, partitions, kept) for c in contracts]
    large = {**kept, "max.message.bytes": str(REJECTION_BYTES_MAX)}
    out.append(Topic(REJECTION.topic, partitions, large))
    out += [Topic(CONTROL.topic, 1, large), Topic(ALERT.topic, 1, kept)]
    out.append(Topic(FIGURE.topic, 1, {"cleanup.policy": "compact", **ANY_INSTANT}))
    return out


def make_topics(
    bootstrap: str,
    contracts: Iterable[Contract],
    replication: int = 1,
    credentials: Credentials = IN_CLEAR,
) -> None:
    """Make the topics that are missing."""
    topics = Topics(bootstrap, credentials)
    topics.apply(topics.plan(wanted(contracts)), replication)
    topics.close()


class Topics:
    """The topics of one cluster."""

    def __init__(self, bootstrap: str, credentials: Credentials = IN_CLEAR) -> None:
        self._bootstrap = bootstrap
        self._credentials = credentials
        self._opened: Any = None
        self._identities: dict[str, str] = {}
        self._partitions: dict[str, int] = {}

    def ask(self, question: Callable[[Any], T]) -> T:
        """Ask the cluster through its admin client, by a new connection where the old one fails.

        A partition whose leader is being chosen is asked about again, for a while. Raises
        `LogUnavailableError` where that fails too.
        """
        until = time.monotonic() + ANSWER_MS_MAX / 1000
        is_last = self._opened is None
        while True:
            try:
                if self._opened is None:
                    servers = self._bootstrap.split(",")
                    self._opened = KafkaAdminClient(
                        bootstrap_servers=servers,
                        client_id="lgsp-hub",
                        bootstrap_timeout_ms=ANSWER_MS_MAX,
                        request_timeout_ms=ANSWER_MS_MAX,
                        **self._credentials.for_python(),
                    )
                return question(self._opened)
            except SecurityDisabledError:
                raise
            except InvalidReplicationFactorError as error:
                raise TopicsError(str(error)) from error
            except KafkaError as error:
                self.close()
                is_moving = isinstance(error, LEADERLESS) and time.monotonic() < until
                if is_last and not is_moving:
                    raise LogUnavailableError(f"{self._bootstrap}: {error!r}") from error
                is_last = True
                time.sleep(LEADER_SECONDS if is_moving else 0)

    def _described(self, names: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Describe those of these topics that are there, and may be seen, in one request."""
        found = self.ask(lambda c: c.describe_topics(list(names))) if names else []
        return {t["name"]: t for t in found if t["error_code"] not in ABSENT}

    def plan(self, topics: Sequence[Topic], replication: int | None = None) -> list[Step]:
        """Say what is to be done for these topics; nothing, where all is as it must be.

        With a `replication`, topics must have so many replicas, and acknowledge what all but one
        of them have.
        """
        there = self._described([t.name for t in topics])
        return [s for t in topics for s in self._steps(t, there.get(t.name), replication)]

    def _steps(
        self, topic: Topic, now: dict[str, Any] | None, replication: int | None
    ) -> Iterator[Step]:
        if now is None:
            detail = f"{topic.partitions} partitions, {_shown(topic.config)}"
            yield Step(topic, "create", detail, topic.config)
            return
        count = len(now["partitions"])
        if count != topic.partitions:
            detail = (
                f"has {count} partitions, must have {topic.partitions}: entities would move;"
                " another count is a new topic and a rebuild"
            )
            yield Step(topic, "stop", detail, is_possible=False)
        few = min((len(p["replica_nodes"]) for p in now["partitions"]), default=0)
        if replication is not None and few < replication:
            detail = (
                f"has {few} replicas, must have {replication}: add them by"
                " kafka-reassign-partitions"
            )
            yield Step(topic, "stop", detail, is_possible=False)
            return
        config = self._config(topic.name)
        must = topic.config | _in_sync(replication)
        differing = {k: v for k, v in must.items() if config.get(k) != v}
        if differing:
            was = _shown({k: str(config.get(k)) for k in differing})
            yield Step(topic, "alter", f"{was} -> {_shown(differing)}", differing)

    def apply(self, steps: Sequence[Step], replication: int | None) -> None:
        """Do what a plan says. Raises `TopicsError` where a step is not possible.

        Without a `replication`, new topics have as many replicas as is the brokers' default.
        """
        for step in steps:
            if not step.is_possible:
                raise TopicsError(f"{step.topic.name} {step.detail}")
        new = [
            NewTopic(
                s.topic.name,
                s.topic.partitions,
                BROKERS_DEFAULT if replication is None else replication,
                topic_configs=s.config | _in_sync(replication),
            )
            for s in steps
            if s.action == "create"
        ]
        if new:
            self._create(new)
        changed = [
            ConfigResource(ConfigResourceType.TOPIC, s.topic.name, configs=s.config)
            for s in steps
            if s.action == "alter"
        ]
        if changed:
            answers = self.ask(lambda c: c.alter_configs(changed))["topic"]
            # kafka-python raises for topics that cannot be made, and not for these.
            refused = [f"{name}: {answer}" for name, answer in answers.items() if answer != "OK"]
            if refused:
                raise TopicsError("; ".join(refused))

    def _create(self, new: Sequence[NewTopic]) -> None:
        """Make topics, and wait until they have leaders.

        One that is there already is left: a slow broker made it by what was asked before, of which
        no answer came. Raises `TopicsError` where somebody has made it otherwise meanwhile.
        """
        made_before: list[str] = []

        def create(client: Any) -> None:
            for topic in client.create_topics(new, raise_errors=False)["topics"]:
                error = for_code(topic["error_code"])
                if error is TopicAlreadyExistsError:
                    made_before.append(topic["name"])
                elif error is not NoError:
                    raise error(f"{topic['name']}: {topic['error_message']}")

        self.ask(create)
        self.ask(lambda c: c.wait_for_topics([t.name for t in new]))
        there = self._described(made_before)
        for topic in new:
            count = len(there[topic.name]["partitions"]) if topic.name in there else None
            if count not in (None, topic.num_partitions):
                raise TopicsError(
                    f"{topic.name} was made by somebody else meanwhile, with {count} partitions,"
                    f" not {topic.num_partitions}; see `hub topics plan`"
                )

    def _config(self, name: str) -> dict[str, str]:
        resource = ConfigResource(ConfigResourceType.TOPIC, name)
        found = self.ask(lambda c: c.describe_configs([resource], config_filter="all"))
        return {k: v["value"] for k, v in found["topic"][name].items()}

    def identity(self, topic: str) -> str:
        """Name the log of a topic: `cluster id/topic id`. Raises `TopicsError` if it is missing."""
        if topic not in self._identities:
            self.check([topic])
        return self._identities[topic]

    def partitions(self, topic: str) -> int:
        """Give how many partitions a topic has."""
        if topic not in self._partitions:
            self.check([topic])
        return self._partitions[topic]

    def begins(self, topic: str) -> dict[int, int]:
        """Give, per partition, the first offset that is not deleted."""
        return self._offsets([topic], OffsetSpec.EARLIEST)[topic]

    def ends(self, topics: Iterable[str]) -> dict[str, dict[int, int]]:
        """Give, per partition, up to where each can be read: the end, or an open transaction."""
        return self._offsets(list(topics), OffsetSpec.LATEST)

    def _offsets(self, topics: list[str], which: Any) -> dict[str, dict[int, int]]:
        """Ask for all of them at once: a request costs this client more than what it is about."""
        self.check(topics)
        asked = {TopicPartition(t, p): which for t in topics for p in range(self.partitions(t))}
        found = self.ask(lambda c: c.list_partition_offsets(asked, isolation_level=COMMITTED))
        offsets: dict[str, dict[int, int]] = {topic: {} for topic in topics}
        for tp, at in found.items():
            offsets[tp.topic][tp.partition] = at.offset
        return offsets

    def check(self, topics: Sequence[str]) -> None:
        """Raise `TopicsError` where a topic is no longer the one that it was, or is missing."""
        there, cluster = self._described(topics), ""
        for topic in topics:
            found = there.get(topic)
            if found is None:
                raise TopicsError(f"there is no topic {topic}; run `hub topics apply`")
            named, known = found["topic_id"].replace("-", ""), self._identities.get(topic)
            self._partitions[topic] = len(found["partitions"])
            if known is not None and known.endswith(f"/{named}"):
                continue
            cluster = cluster or self.ask(lambda c: c.describe_cluster())["cluster_id"]
            self._identities[topic] = f"{cluster}/{named}"
            if known is not None:
                raise TopicsError(f"{topic} was deleted and made again: a new log; start anew")

    def close(self) -> None:
        """Close the connection."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None


def _in_sync(replication: int | None) -> dict[str, str]:
    """Say by how many an event must be held before it is acknowledged: all but one."""
    if replication is None:
        return {}
    return {"min.insync.replicas": str(max(1, replication - 1))}


def _shown(config: dict[str, str]) -> str:
    return " ".join(f"{k}={v}" for k, v in sorted(config.items()))
