"""Topics: the plan says what is to be done, and applying it leaves nothing to plan."""

import os
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # it names them, without types
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourceType,
)
from kafka.errors import KafkaTimeoutError, LeaderNotAvailableError, NotLeaderForPartitionError

from deploy.local.services.kafka import Kafka
from deploy.local.services.ports import free_port
from hub import registry
from hub.definitions.own.alert import ALERT
from hub.definitions.own.control import CONTROL
from hub.definitions.own.kpi import FIGURE
from hub.definitions.own.rejection import REJECTION
from hub.kafka.topics import REJECTION_BYTES_MAX, Step, Topics, wanted
from hub.log.log import LogUnavailableError, TopicsError
from tests.integration.conftest import delete_topics, make_topics
from tests.parts.starting import run_hub
from tests.parts.waiting import SECONDS_MAX, until

EVENTS = [c.topic for c in registry.contracts().values()]
NAMES = [*EVENTS, REJECTION.topic, CONTROL.topic, ALERT.topic, FIGURE.topic]


@pytest.fixture
def admin(kafka: Kafka) -> AdminClient:
    delete_topics(kafka)
    return AdminClient({"bootstrap.servers": kafka.address})


@pytest.fixture
def topics(kafka: Kafka, admin: AdminClient) -> Iterator[Topics]:
    """The topics of a cluster that has none yet."""
    opened = Topics(kafka.address)
    yield opened
    opened.close()


def config(admin: AdminClient, name: str) -> dict[str, str]:
    resource = ConfigResource(ResourceType.TOPIC, name)
    found = admin.describe_configs([resource])[resource].result(30)
    return {k: str(v.value) for k, v in found.items()}


def alter(admin: AdminClient, name: str, key: str, value: str) -> None:
    """Set one value by hand, and wait until it is seen."""
    change = ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, name, incremental_configs=[change])
    admin.incremental_alter_configs([resource])[resource].result(30)
    until(lambda: config(admin, name)[key] == value, f"{name} has {key}={value}")


def partitions(admin: AdminClient) -> dict[str, int]:
    there = admin.list_topics(timeout=30).topics
    return {n: len(t.partitions) for n, t in there.items() if n.startswith("lgsp.")}


def run(kafka: Kafka | str, *command: str) -> subprocess.CompletedProcess[str]:
    address = kafka if isinstance(kafka, str) else kafka.address
    environment = {
        **os.environ,
        "HUB_KAFKA_BOOTSTRAP": address,
        "HUB_DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:1/none",
    }
    return run_hub(*command, env=environment, timeout=SECONDS_MAX)


def test_an_empty_cluster_gets_every_topic_as_it_must_be(
    topics: Topics, admin: AdminClient
) -> None:
    plan = topics.plan(wanted(registry.contracts().values()))
    assert [(s.action, s.topic.name, s.is_possible) for s in plan] == [
        ("create", name, True) for name in NAMES
    ]
    topics.apply(plan, 1)
    assert partitions(admin) == {
        **dict.fromkeys([*EVENTS, REJECTION.topic], 12),
        **dict.fromkeys([CONTROL.topic, ALERT.topic, FIGURE.topic], 1),
    }
    for name in (*EVENTS, CONTROL.topic, ALERT.topic):
        found = config(admin, name)
        assert (found["retention.ms"], found["cleanup.policy"]) == ("-1", "delete")
    assert config(admin, REJECTION.topic)["max.message.bytes"] == str(REJECTION_BYTES_MAX)
    assert config(admin, REJECTION.topic)["retention.ms"] == "-1"
    assert config(admin, FIGURE.topic)["cleanup.policy"] == "compact"
    assert {config(admin, n)["min.insync.replicas"] for n in NAMES} == {"1"}
    assert topics.plan(wanted(registry.contracts().values())) == []


def test_only_what_is_missing_is_made(topics: Topics, kafka: Kafka, admin: AdminClient) -> None:
    make_topics(kafka, 12)
    before = topics.identity(EVENTS[0])
    admin.delete_topics([REJECTION.topic])[REJECTION.topic].result(30)
    until(lambda: REJECTION.topic not in partitions(admin), "the topic is deleted")
    (step,) = topics.plan(wanted(registry.contracts().values()))
    assert (step.action, step.topic.name) == ("create", REJECTION.topic)
    topics.apply([step], 1)
    again = Topics(kafka.address)
    assert again.identity(EVENTS[0]) == before
    assert again.plan(wanted(registry.contracts().values())) == []
    again.close()


@pytest.mark.parametrize(
    ("name", "key", "value", "wanted_value"),
    [
        (EVENTS[0], "retention.ms", "604800000", "-1"),
        (EVENTS[1], "cleanup.policy", "compact", "delete"),
        (REJECTION.topic, "max.message.bytes", "1048588", str(REJECTION_BYTES_MAX)),
        (FIGURE.topic, "cleanup.policy", "delete", "compact"),
        (CONTROL.topic, "message.timestamp.after.max.ms", "3600000", str(2**63 - 1)),
    ],
)
def test_an_altered_setting_is_seen_and_mended_and_no_other_touched(
    topics: Topics,
    kafka: Kafka,
    admin: AdminClient,
    name: str,
    key: str,
    value: str,
    wanted_value: str,
) -> None:
    make_topics(kafka, 12)
    alter(admin, name, "segment.ms", "1234567")  # somebody's own choice
    before = config(admin, name)
    alter(admin, name, key, value)
    (step,) = topics.plan(wanted(registry.contracts().values()))
    assert (step.action, step.topic.name, step.is_possible) == ("alter", name, True)
    assert step.config == {key: wanted_value}
    assert step.detail == f"{key}={value} -> {key}={wanted_value}"
    topics.apply([step], 1)
    until(lambda: topics.plan(wanted(registry.contracts().values())) == [], "the setting is mended")
    assert config(admin, name) == before


@pytest.mark.parametrize("count", [3, 24])
def test_another_partition_count_is_refused_and_nothing_is_done(
    topics: Topics, kafka: Kafka, admin: AdminClient, count: int
) -> None:
    make_topics(kafka, 12)
    admin.delete_topics([EVENTS[2]])[EVENTS[2]].result(30)
    until(lambda: EVENTS[2] not in partitions(admin), "the topic is deleted")
    alter(admin, EVENTS[0], "retention.ms", "604800000")
    plan = topics.plan(wanted(registry.contracts().values(), count))
    assert {(s.action, s.is_possible) for s in plan} == {
        ("stop", False),
        ("alter", True),
        ("create", True),
    }
    words = (
        rf"{EVENTS[0]} has 12 partitions, must have {count}: entities would move;"
        " another count is a new topic and a rebuild"
    )
    with pytest.raises(TopicsError, match=words):
        topics.apply(plan, 1)
    assert EVENTS[2] not in partitions(admin)
    assert config(admin, EVENTS[0])["retention.ms"] == "604800000"


def test_more_replicas_than_brokers_are_refused(topics: Topics, admin: AdminClient) -> None:
    with pytest.raises(TopicsError, match=r"(?i)replication factor"):
        topics.apply(topics.plan(wanted(registry.contracts().values())), 3)
    assert partitions(admin) == {}


def test_the_identity_is_remade_with_the_topic(topics: Topics, kafka: Kafka) -> None:
    make_topics(kafka, 1)
    identities = [topics.identity(EVENTS[0])]
    for _ in range(2):
        delete_topics(kafka)
        make_topics(kafka, 1)
        with pytest.raises(TopicsError, match="deleted and made again"):
            topics.ends([EVENTS[0]])
        identities.append(topics.identity(EVENTS[0]))
    assert len(set(identities)) == 3
    assert len({i.partition("/")[0] for i in identities}) == 1


def test_a_topic_that_is_missing_is_named(topics: Topics) -> None:
    def ends(topic: str) -> object:
        return topics.ends([topic])

    for ask in (topics.identity, ends, topics.partitions):
        with pytest.raises(
            TopicsError, match=rf"^there is no topic {EVENTS[0]}; run `hub topics apply`$"
        ):
            ask(EVENTS[0])


def test_the_command_plans_and_applies(kafka: Kafka, admin: AdminClient) -> None:
    planned = run(kafka, "topics", "plan")
    assert planned.returncode == 1, planned.stderr
    lines = [line.split()[:2] for line in planned.stdout.splitlines()]
    assert lines == [["create", name] for name in NAMES]
    assert partitions(admin) == {}
    applied = run(kafka, "topics", "apply")
    assert (applied.returncode, applied.stdout) == (0, planned.stdout)
    again = run(kafka, "topics", "plan")
    assert (again.returncode, again.stdout) == (0, "nothing to do\n")


def said(ended: subprocess.CompletedProcess[str]) -> tuple[int, bool, str]:
    """The exit code, whether it ended with a traceback, and the last line of the errors."""
    lines = ended.stderr.strip().splitlines()
    return ended.returncode, "Traceback" in ended.stderr, lines[-1] if lines else ""


def test_the_command_refuses_another_partition_count_in_words(kafka: Kafka) -> None:
    delete_topics(kafka)
    make_topics(kafka, 3)
    planned = run(kafka, "topics", "plan")
    assert planned.returncode == 1
    assert f"stop    {EVENTS[0]}  has 3 partitions, must have 12" in planned.stdout
    code, is_traceback, last = said(run(kafka, "topics", "apply"))
    assert "has 3 partitions, must have 12: entities would move" in last
    assert (code, is_traceback) == (2, False)


def test_the_command_says_so_where_there_is_no_broker() -> None:
    address = f"127.0.0.1:{free_port()}"
    code, is_traceback, last = said(run(address, "topics", "plan"))
    assert address in last
    assert (code, is_traceback) == (2, False)


def test_a_hub_without_its_topics_says_what_to_do(
    kafka: Kafka, admin: AdminClient, database_url: str
) -> None:
    environment = {
        **os.environ,
        "HUB_KAFKA_BOOTSTRAP": kafka.address,
        "HUB_DATABASE_URL": database_url,
    }
    for command in (["rebuild"], ["verify"], ["work"]):
        ended = run_hub(*command, env=environment, timeout=SECONDS_MAX)
        code, is_traceback, last = said(ended)
        assert "there is no topic" in last, command
        assert "run `hub topics apply`" in last, command
        assert (code, is_traceback) == (2, False), command


def test_topics_of_the_fixture_are_those_of_the_command(
    new_topics: Callable[[int], None], kafka: Kafka
) -> None:
    new_topics(12)
    ended = run(kafka, "topics", "plan")
    assert (ended.returncode, ended.stdout) == (0, "nothing to do\n")


def test_what_one_broker_alone_may_acknowledge_is_seen_and_set_right(
    topics: Topics, admin: AdminClient
) -> None:
    every = wanted(registry.contracts().values())
    topics.apply(topics.plan(every), 1)
    assert topics.plan(every, 1) == []
    alter(admin, FIGURE.topic, "min.insync.replicas", "2")
    assert topics.plan(every) == []
    (step,) = topics.plan(every, 1)
    assert (step.action, step.topic.name) == ("alter", FIGURE.topic)
    assert step.detail == "min.insync.replicas=2 -> min.insync.replicas=1"
    topics.apply([step], 1)
    assert topics.plan(every, 1) == []
    few = topics.plan(every, 3)
    assert {s.topic.name for s in few} == set(NAMES)
    assert {s.detail.partition(":")[0] for s in few} == {"has 1 replicas, must have 3"}
    with pytest.raises(TopicsError, match="kafka-reassign-partitions"):
        topics.apply(few, 3)


def test_a_change_that_the_broker_refuses_is_said(topics: Topics) -> None:
    every = wanted(registry.contracts().values())
    topics.apply(topics.plan(every), 1)
    odd = Step(every[0], "alter", "", {"retention.ms": "soon"})
    with pytest.raises(TopicsError, match=rf"{every[0].name}: .*soon"):
        topics.apply([odd], 1)


def test_a_topic_that_a_slow_broker_has_made_after_all_is_no_fault(topics: Topics) -> None:
    steps = topics.plan(wanted([]))
    topics.apply(steps, 1)
    topics.apply(steps, 1)  # as the client asks again when no answer came in time
    assert topics.plan(wanted([])) == []


def test_a_topic_that_somebody_makes_otherwise_meanwhile_is_told(
    topics: Topics, admin: AdminClient
) -> None:
    steps = topics.plan(wanted([]))
    admin.create_topics([NewTopic(CONTROL.topic, 3, 1)])[CONTROL.topic].result(30)
    told = f"{CONTROL.topic} was made by somebody else meanwhile, with 3 partitions, not 1"
    with pytest.raises(TopicsError, match=told):
        topics.apply(steps, 1)


def test_ends_of_several_topics_are_those_of_each(topics: Topics, kafka: Kafka) -> None:
    make_topics(kafka, 2)
    producer = Producer({"bootstrap.servers": kafka.address})
    for partition, count in ((0, 3), (1, 2)):
        for _ in range(count):
            producer.produce(EVENTS[1], b"", partition=partition)
    producer.flush()
    ends = topics.ends(EVENTS[:2])
    assert ends == {EVENTS[0]: {0: 0, 1: 0}, EVENTS[1]: {0: 3, 1: 2}}
    assert {t: topics.ends([t])[t] for t in EVENTS[:2]} == ends


def test_what_has_no_leader_yet_is_asked_again(topics: Topics) -> None:
    answers = iter([NotLeaderForPartitionError(), LeaderNotAvailableError(), None])

    def question(client: Any) -> list[str]:
        error = next(answers)
        if error is not None:
            raise error
        return [n for n in client.list_topics() if n.startswith("lgsp.")]

    assert topics.ask(question) == []  # none of ours; what other tests made Kafka keep is there
    answers = iter([KafkaTimeoutError(), KafkaTimeoutError(), None])
    with pytest.raises(LogUnavailableError):
        topics.ask(question)
