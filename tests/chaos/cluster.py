"""Three brokers on loopback, controllers too: topics have three replicas, two must be in sync.

Each has a machine's trouble: it is killed, it is frozen, or its disk takes no more, which here is
the folder of a topic that has become a file system of its own, too small, or cannot be written.
"""

import signal
import subprocess
from pathlib import Path

from confluent_kafka.admin import AdminClient

from deploy.local.services.kafka import Kafka
from deploy.local.services.part import START_SECONDS_MAX
from deploy.local.services.ports import HOST, free_port
from deploy.local.services.process import wait_until

BROKERS = 3
IN_SYNC = 2
DISK_MIB = 512  # of the broker whose disk fills
CLUSTER_ID = "bGdzcC10aHJlZS1icm9rZQ"  # 16 bytes in base64url


class Member(Kafka):
    """One broker of the cluster."""

    heap = "384m"

    def __init__(self, folder: Path, number: int, ports: list[tuple[int, int]]) -> None:
        super().__init__(folder / f"broker{number}", *ports[number - 1])
        self.number = number
        self._all = ports

    def _lines(self) -> dict[str, object]:
        voters = [f"{n}@{HOST}:{port}" for n, (_, port) in enumerate(self._all, 1)]
        return super()._lines() | {
            "node.id": self.number,
            "controller.quorum.voters": ",".join(voters),
            "offsets.topic.replication.factor": BROKERS,
            "transaction.state.log.replication.factor": BROKERS,
            "transaction.state.log.min.isr": IN_SYNC,
            "share.coordinator.state.topic.replication.factor": BROKERS,
            "share.coordinator.state.topic.min.isr": IN_SYNC,
            "default.replication.factor": BROKERS,
            "min.insync.replicas": IN_SYNC,
            # One that is slow is left behind after so long, not after half a minute.
            "replica.lag.time.max.ms": 5_000,
            "log.segment.bytes": 4 << 20,
        }

    def _cluster_id(self) -> str:
        return CLUSTER_ID

    def launch(self) -> None:
        """Start it, and wait for nothing: it answers once a second one is there."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        self._launch()

    def send(self, number: signal.Signals) -> None:
        """Freeze it by SIGSTOP, let it go on by SIGCONT."""
        process = self.process
        assert process is not None, f"broker {self.number} does not run"
        process.send(number)


class Cluster:
    """Three brokers. `address` names all of them."""

    def __init__(self, folder: Path) -> None:
        ports = [(free_port(), free_port()) for _ in range(BROKERS)]
        self.members = [Member(folder, n, ports) for n in range(1, BROKERS + 1)]
        self.address = ",".join(m.address for m in self.members)
        self.name = "kafka"
        self.data = folder

    def start(self) -> None:
        """Start all, and wait until all answer."""
        for member in self.members:
            if not member.is_running:
                member.launch()
        if not wait_until(lambda: all(m._answers() for m in self.members), START_SECONDS_MAX):
            raise RuntimeError("the brokers do not come up")

    def kill(self) -> None:
        """End all as a crash would."""
        for member in self.members:
            member.kill()

    def stop(self) -> None:
        """End all: frozen ones cannot end in order."""
        for member in self.members:
            member.kill()
            unmount(member.data)

    def in_sync(self, topics: set[str]) -> int:
        """Give the fewest replicas in sync of any partition of these topics."""
        listed = AdminClient({"bootstrap.servers": self.address}).list_topics(timeout=30).topics
        return min(len(p.isrs) for t in topics for p in listed[t].partitions.values())


def mount(folder: Path, mib: int) -> bool:
    """Give a folder a file system of its own, so large; False where this user may not."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def unmount(folder: Path) -> None:
    """Take it away again, where there is one."""
    if folder.is_mount():
        subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=False)
