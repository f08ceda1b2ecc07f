"""Three brokers that are their own controllers, guarded as in a data centre, on loopback.

Brokers show each other certificates; clients come by TLS with a password (SCRAM-SHA-512) and may do
what they were given a right to. Nothing listens in clear. Topics have three replicas, of which two
must have what is acknowledged.
"""

import base64
import os
import resource
import signal
import socket
import ssl
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from kafka.admin import (
    ConfigResource,
    ConfigResourceType,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from deploy.local.services.kafka import Kafka
from deploy.local.services.ports import HOST, free_port
from hub import registry
from hub.kafka.credentials import Credentials
from hub.kafka.rights import grant, granted, revoke, rights
from hub.kafka.topics import PARTITIONS, Topics, wanted
from hub.log.log import LogUnavailableError
from tests.parts.authority import Authority
from tests.parts.secured import OPERATOR, OPERATOR_PASSWORD
from tests.parts.waiting import until

BROKERS = REPLICATION = 3
IN_SYNC_MIN = 2
ASKED_SECONDS_MAX, RETRY_SECONDS = 60.0, 0.3
SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required;"


class Broker(Kafka):
    """One of them. Its clients' port is `port`; `inner` is for other brokers."""

    is_brief = True

    def __init__(self, folder: Path, number: int, authority: Authority, cluster_id: str) -> None:
        self.controller = f"{HOST}:{free_port()}"
        super().__init__(
            folder / f"broker{number}", free_port(), int(self.controller.rpartition(":")[2])
        )
        self.number = number
        self.inner = f"{HOST}:{free_port()}"
        self.voters = ""
        self._authority = authority
        self._its_cluster = cluster_id
        self.keystore = folder / f"broker{number}.both.pem"
        self.renew()

    def renew(self) -> None:
        """Write a new key and certificate where the old ones were."""
        certificate, key = self._authority.issue(f"broker{self.number}")
        aside = self.keystore.with_suffix(".new")
        aside.write_text(key.read_text() + certificate.read_text())
        aside.replace(self.keystore)

    def shown(self) -> int:
        """Give the serial number of the certificate that it shows to clients now."""
        context = ssl.create_default_context(cafile=str(self._authority.file))
        with (
            socket.create_connection((HOST, self.port), timeout=10) as opened,
            context.wrap_socket(opened, server_hostname=HOST) as guarded,
        ):
            return int(str((guarded.getpeercert() or {})["serialNumber"]), 16)

    def fill(self) -> None:
        """Let its files grow no more, as on a disk that is full; it ends when it has seen that."""
        process = self.process
        assert process is not None
        _, hard = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1, hard))

    def freeze(self) -> None:
        """Stop its process in its tracks; its connections stay open."""
        assert self.process is not None
        self.process.send(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self.process is not None
        self.process.send(signal.SIGCONT)

    def _cluster_id(self) -> str:
        return self._its_cluster

    def _lines(self) -> dict[str, object]:
        users = f"{HOST}:{self.port}"
        names = (f"User:CN=broker{n}" for n in range(1, BROKERS + 1))
        return super()._lines() | {
            "controller.quorum.voters": self.voters,
            "listeners": f"USERS://{users},INNER://{self.inner},CONTROLLER://{self.controller}",
            "advertised.listeners": f"USERS://{users},INNER://{self.inner}",
            "listener.security.protocol.map": "USERS:SASL_SSL,INNER:SSL,CONTROLLER:SSL",
            "inter.broker.listener.name": "INNER",
            "listener.name.inner.ssl.client.auth": "required",
            "listener.name.controller.ssl.client.auth": "required",
            "sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "listener.name.users.scram-sha-512.sasl.jaas.config": SCRAM,
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": self.keystore,
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": self._authority.file,
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": ";".join([*names, f"User:{OPERATOR}"]),
            "default.replication.factor": REPLICATION,
            "min.insync.replicas": IN_SYNC_MIN,
            "offsets.topic.replication.factor": REPLICATION,
            "transaction.state.log.replication.factor": REPLICATION,
            "transaction.state.log.min.isr": IN_SYNC_MIN,
            "share.coordinator.state.topic.replication.factor": REPLICATION,
            "share.coordinator.state.topic.min.isr": IN_SYNC_MIN,
        }

    def _users(self) -> list[str]:
        return ["--add-scram", f"SCRAM-SHA-512=[name={OPERATOR},password={OPERATOR_PASSWORD}]"]

    def _connection(self) -> socket.socket:
        context = ssl.create_default_context(cafile=str(self._authority.file))
        context.load_cert_chain(self.keystore)
        host, _, port = self.inner.rpartition(":")
        opened = socket.create_connection((host, int(port)), timeout=2)
        try:
            return context.wrap_socket(opened, server_hostname=HOST)
        except BaseException:
            opened.close()
            raise


class Cluster:
    """The three of them, and the users that they know."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.authority = Authority(folder, "province")
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        self.brokers = [
            Broker(folder, number, self.authority, cluster_id) for number in range(1, BROKERS + 1)
        ]
        voters = ",".join(f"{b.number}@{b.controller}" for b in self.brokers)
        for broker in self.brokers:
            broker.voters = voters
        self._write_password(OPERATOR, OPERATOR_PASSWORD)

    @property
    def bootstrap(self) -> str:
        """The servers that a client asks first."""
        return ",".join(b.address for b in self.brokers)

    def start(self, *those: Broker) -> None:
        """Start these brokers, or all, at once: one alone would wait for a second."""
        self.brokers[0].fetch()
        with ThreadPoolExecutor(BROKERS) as pool:
            list(pool.map(lambda b: b.start(), those or self.brokers))

    def close(self) -> None:
        """End all of them; nothing is kept."""
        for broker in self.brokers:
            broker.kill()

    def make_topics(self, partitions: int = PARTITIONS) -> None:
        """Make the topics as `hub topics apply --replication 3` does, led and in sync."""
        self.asking(
            lambda topics: topics.apply(
                topics.plan(wanted(registry.contracts().values(), partitions)), REPLICATION
            )
        )
        until(self.is_in_sync, "every partition is on three brokers")

    def allow(self, user: str, process: str) -> None:
        """Make a user with the rights of a process, and no other."""
        self.set_password(user, f"first-of-{user}")
        sources = {name: source.contract for name, source in registry.sources().items()}
        needed = rights(process, registry.contracts().values(), sources)

        def give(topics: Topics) -> None:
            there = granted(topics, user)
            grant(topics, user, needed - there)
            revoke(topics, user, there - needed)

        self.asking(give)

    def set_password(self, user: str, password: str) -> None:
        """Give a user a password at the brokers, and write it into its file."""
        told = UserScramCredentialUpsertion(user, ScramMechanism.SCRAM_SHA_512, password.encode())
        self.asking(lambda topics: topics.ask(lambda c: c.alter_user_scram_credentials([told])))
        self._write_password(user, password)

    def environment(self, user: str) -> dict[str, str]:
        """Give the settings of a process that is this user."""
        return {
            "HUB_KAFKA_BOOTSTRAP": self.bootstrap,
            "HUB_KAFKA_CA": str(self.authority.file),
            "HUB_KAFKA_USER": user,
            "HUB_KAFKA_PASSWORD_FILE": str(self._password_file(user)),
        }

    def credentials(self, user: str = OPERATOR) -> Credentials:
        """Give what shows a client to be this user."""
        return Credentials(
            ca=self.authority.file, user=user, password_file=self._password_file(user)
        )

    def renew_certificates(self) -> None:
        """Have each broker show a new certificate to clients, while it runs."""
        for broker in self.brokers:
            broker.renew()
            self._load_anew(broker)

    def _load_anew(self, broker: Broker) -> None:
        """Name a broker's certificate to it again, at which it reads the file."""
        config = {"listener.name.users.ssl.keystore.location": str(broker.keystore)}
        told = ConfigResource(ConfigResourceType.BROKER, str(broker.number), configs=config)
        self.asking(
            lambda topics: topics.ask(lambda c: c.alter_configs([told], raise_on_unknown=False))
        )

    def asking(self, question: Callable[[Topics], Any]) -> Any:
        """Ask as the operator, until it is answered: who is asked may be going or coming."""
        deadline = time.monotonic() + ASKED_SECONDS_MAX
        while True:
            topics = Topics(self.bootstrap, self.credentials())
            try:
                return question(topics)
            except LogUnavailableError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(RETRY_SECONDS)
            finally:
                topics.close()

    def leads(self) -> dict[int, int]:
        """Count the partitions that each broker leads, where there are any."""
        counted: dict[int, int] = {}
        for partition in self._partitions():
            counted[partition["leader_id"]] = counted.get(partition["leader_id"], 0) + 1
        return counted

    def led_by(self, broker: Broker, topic: str) -> set[int]:
        """Give the partitions of a topic that a broker leads."""
        (found,) = self.asking(lambda t: t.ask(lambda c: c.describe_topics([topic])))
        mine = (p for p in found["partitions"] if p["leader_id"] == broker.number)
        return {int(p["partition_index"]) for p in mine}

    def controller(self) -> int:
        """Give the number of the broker that is the active controller."""
        found = self.asking(lambda t: t.ask(lambda c: c.describe_metadata_quorum()))
        return int(found["topics"][0]["partitions"][0]["leader_id"])

    def is_in_sync(self) -> bool:
        """Tell whether every partition of the hub is on all three brokers."""
        partitions = self._partitions()
        return bool(partitions) and all(
            len(p["isr_nodes"]) == BROKERS and p["leader_id"] >= 0 for p in partitions
        )

    def _partitions(self) -> list[dict[str, Any]]:
        names = [t.name for t in wanted(registry.contracts().values())]
        found = self.asking(lambda t: t.ask(lambda c: c.describe_topics(names)))
        return [p for topic in found for p in topic["partitions"]]

    def _password_file(self, user: str) -> Path:
        return self._folder / f"{user}.password"

    def _write_password(self, user: str, password: str) -> None:
        file = self._password_file(user)
        aside = file.with_suffix(".new")
        aside.write_text(f"{password}\n")
        os.chmod(aside, 0o600)
        aside.replace(file)
