"""Apache Kafka: one broker that is its own controller."""

import base64
import socket
import struct
import uuid
from pathlib import Path

from deploy.local.services.java import HERE, JavaPart
from deploy.local.services.ports import HOST, free_port
from deploy.local.services.process import run_to_end, write_whole


class Kafka(JavaPart):
    """A broker that is its own controller (KRaft)."""

    name = "kafka"
    setting = "HUB_KAFKA_BOOTSTRAP"
    goal = "copy-dependencies"
    main = "kafka.Kafka"
    heap = "512m"
    number = 1  # among the brokers of its cluster

    def __init__(self, folder: Path, port: int = 19092, controller_port: int = 19093) -> None:
        super().__init__(
            folder, {"HUB_KAFKA_PORT": port, "HUB_KAFKA_CONTROLLER_PORT": controller_port}
        )
        self._controller_port = controller_port
        self._configuration = self.folder / "server.properties"
        self._logging = f"-Dlog4j2.configurationFile={HERE / self.name / 'log4j2.properties'}"

    @property
    def address(self) -> str:
        """The bootstrap server."""
        return f"{HOST}:{self.port}"

    def _twin(self, folder: Path) -> "Kafka":
        return Kafka(folder, free_port(), free_port())

    def _lines(self) -> dict[str, object]:
        """Its properties."""
        client, controller = f"{HOST}:{self.port}", f"{HOST}:{self._controller_port}"
        return {
            "process.roles": "broker,controller",
            "node.id": self.number,
            "controller.quorum.voters": f"{self.number}@{controller}",
            "controller.listener.names": "CONTROLLER",
            "listeners": f"PLAINTEXT://{client},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{client}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "PLAINTEXT",
            "log.dirs": self.data,
            # Topics are made by whoever owns them, as in production.
            "auto.create.topics.enable": "false",
            # One broker has one replica to offer; few partitions start and recover sooner.
            "offsets.topic.replication.factor": 1,
            "offsets.topic.num.partitions": 4,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "transaction.state.log.num.partitions": 4,
            "share.coordinator.state.topic.replication.factor": 1,
            "share.coordinator.state.topic.min.isr": 1,
            "share.coordinator.state.topic.num.partitions": 4,
            "group.initial.rebalance.delay.ms": 0,
            # After a crash a broker waits until its last session has run out: 9 s by default.
            "broker.session.timeout.ms": 3000,
            "broker.heartbeat.interval.ms": 500,
            # The default is a quarter of the heap.
            "log.cleaner.dedupe.buffer.size": 32 << 20,
        }

    def _users(self) -> list[str]:
        """Give what its storage is formatted with, besides: users and their passwords."""
        return []

    def _cluster_id(self) -> str:
        """Name the cluster that empty storage is made for."""
        return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")

    def _prepare(self) -> None:
        write_whole(self._configuration, "".join(f"{k}={v}\n" for k, v in self._lines().items()))
        if not (self.data / "meta.properties").exists():
            run_to_end(
                [
                    *self._java(self._logging, "-XX:TieredStopAtLevel=1"),
                    "kafka.tools.StorageTool",
                    "format",
                    "--ignore-formatted",
                    f"--cluster-id={self._cluster_id()}",
                    f"--config={self._configuration}",
                    *self._users(),
                ]
            )

    def _options(self) -> list[str]:
        return [self._logging]

    def _arguments(self) -> list[str]:
        return [str(self._configuration)]

    def _connection(self) -> socket.socket:
        """Open a connection on which it may be asked."""
        return socket.create_connection((HOST, self.port), timeout=2)

    def _answers(self) -> bool:
        """Ask for the live brokers: this one is among them once it may serve."""
        try:
            with self._connection() as connection:
                # Metadata v4 of no topic: key, version, correlation, no client id, topics, create.
                request = struct.pack(">hhihib", 3, 4, 1, -1, 0, 0)
                connection.sendall(struct.pack(">i", len(request)) + request)
                with connection.makefile("rb") as answer:
                    (size,) = struct.unpack(">i", answer.read(4))
                    return self.number in _live(answer.read(size))
        except (OSError, struct.error):
            return False


def _live(answer: bytes) -> list[int]:
    """Read an answer of Metadata v4 up to its brokers; give their numbers."""
    _correlation, _throttle, count = struct.unpack_from(">iii", answer)
    at, numbers = 12, []
    for _ in range(count):
        number, length = struct.unpack_from(">ih", answer, at)
        at += 6 + length + 4  # the name of its machine, then its port
        (length,) = struct.unpack_from(">h", answer, at)
        at += 2 + max(length, 0)  # its rack, if any
        numbers.append(number)
    return numbers
