#!/usr/bin/env bash
# A group of the new protocol (KIP-848, `group.protocol=consumer`) that has a member at this moment is
# described as "Dead", without members, by the admin clients of kafka-python 3.0.12 and aiokafka
# 0.14.0: they ask by DescribeGroups, which knows groups of the old protocol alone. aiokafka even
# passes on error code 0, as its version of the request has no other answer; kafka-python has an error
# beside the state. Both list the group all the same. So who watches groups by either, and takes
# "Dead" for one that stopped, is wrong about each that moved to the new protocol; confluent-kafka
# 2.16.1 asks both ways, and says Stable.
#
# Run by hand: installs the packages into a temporary folder, and runs Apache Kafka 4.4.0 from Maven
# Central on loopback there; needs Java and Maven.
set -euo pipefail
folder=$(mktemp -d)
broker=
trap '[ -z "$broker" ] || kill "$broker" 2>/dev/null || true; wait; rm -rf "$folder"' EXIT
cd "$folder"
cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>finding</groupId><artifactId>kafka</artifactId><version>1</version>
  <dependencies><dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>4.4.0</version></dependency></dependencies>
</project>
XML
mvn --batch-mode --quiet org.apache.maven.plugins:maven-dependency-plugin:3.11.0:copy-dependencies -DoutputDirectory=libs
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check kafka-python==3.0.12 aiokafka==0.14.0 confluent-kafka==2.16.1
ports=$(python3 -c 'import socket; s = [socket.create_server(("127.0.0.1", 0)) for _ in "ab"]; print(*(x.getsockname()[1] for x in s))')
read -r port inner <<<"$ports"
cat >server.properties <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$inner
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$inner
advertised.listeners=PLAINTEXT://127.0.0.1:$port
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=$folder/data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
PROPERTIES
java -cp 'libs/*' kafka.tools.StorageTool format --cluster-id MkU3OEVBNTcwNTJENDM2Qk -c server.properties >format.log 2>&1
java -Xmx512m -cp 'libs/*' kafka.Kafka server.properties >kafka.log 2>&1 &
broker=$!
timeout 300 venv/bin/python - "127.0.0.1:$port" <<'PYTHON'
import asyncio, sys, time
from aiokafka.admin import AIOKafkaAdminClient
from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient, NewTopic
from kafka import KafkaAdminClient

broker = sys.argv[1]
admin = AdminClient({"bootstrap.servers": broker, "log_level": 0})
for attempt in range(120):
    try:
        admin.create_topics([NewTopic("t", 1, 1)])["t"].result(10)
        break
    except Exception as error:  # it is starting
        if "TOPIC_ALREADY_EXISTS" in str(error):
            break
        time.sleep(1)


def live(protocol):
    """Join a group, and stay in it."""
    consumer = Consumer({"bootstrap.servers": broker, "group.id": protocol, "group.protocol": protocol})
    consumer.subscribe(["t"])
    for _ in range(120):
        consumer.poll(0.5)
        if consumer.assignment():
            return consumer
    raise SystemExit(f"{protocol}: not assigned")


async def by_aiokafka(group):
    client = AIOKafkaAdminClient(bootstrap_servers=broker)
    await client.start()
    try:
        return [found for a in await client.describe_consumer_groups([group]) for found in a.groups]
    finally:
        await client.close()


consumers = [live("classic"), live("consumer")]
by_kafka_python = KafkaAdminClient(bootstrap_servers=broker)
for group in ("classic", "consumer"):
    for consumer in consumers:
        consumer.poll(0.1)
    said = admin.describe_consumer_groups([group])[group].result(30)
    kafka_python = by_kafka_python.describe_groups([group])[group]
    ((code, _, state, _, _, members),) = asyncio.run(by_aiokafka(group))
    seen = {
        "confluent-kafka": (said.state.name, len(said.members)),
        "kafka-python": (kafka_python["group_state"], len(kafka_python["members"])),
        "aiokafka": (state, len(members), code),
    }
    print(f"{group}: {seen}; kafka-python's error: {kafka_python['error']}")
    stood = ("Stable", 1) if group == "classic" else ("Dead", 0)
    assert seen == {"confluent-kafka": ("STABLE", 1), "kafka-python": stood, "aiokafka": (*stood, 0)}
PYTHON
