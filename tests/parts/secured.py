"""A broker that lets nobody in who does not show who it is, nor do what it has no right to."""

from pathlib import Path

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from deploy.local.services.kafka import Kafka
from deploy.local.services.ports import HOST, free_port
from tests.parts.authority import Authority

OPERATOR, OPERATOR_PASSWORD = "operator", "first-password"


class SecuredKafka(Kafka):
    """Besides its door in clear, whose users may do everything, it has two that are guarded.

    `users` asks for a user's password (SCRAM-SHA-512) within TLS, `machines` for a certificate.
    """

    is_brief = True

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, free_port(), free_port())
        self.authority = Authority(folder, "province")
        self.users = f"{HOST}:{free_port()}"
        self.machines = f"{HOST}:{free_port()}"
        self._keystore, self._truststore = folder / "broker.both.pem", folder / "broker.trust.pem"
        write_both(self._keystore, self.authority, "broker")
        write_trust(self._truststore, self.authority)

    def _lines(self) -> dict[str, object]:
        lines = super()._lines()
        scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        return lines | {
            "listeners": f"{lines['listeners']},USERS://{self.users},MACHINES://{self.machines}",
            "advertised.listeners": f"{lines['advertised.listeners']},USERS://{self.users}"
            f",MACHINES://{self.machines}",
            "listener.security.protocol.map": f"{lines['listener.security.protocol.map']}"
            ",USERS:SASL_SSL,MACHINES:SSL",
            "sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "listener.name.users.scram-sha-512.sasl.jaas.config": scram,
            "listener.name.machines.ssl.client.auth": "required",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": self._keystore,
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": self._truststore,
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": f"User:ANONYMOUS;User:{OPERATOR}",
        }

    def trust(self, *authorities: Authority) -> None:
        """Let in whom these signed, and nobody else, from now on; it goes on running."""
        write_trust(self._truststore, *authorities)
        self._load_anew("ssl.truststore.location", self._truststore)

    def show(self, authority: Authority) -> None:
        """Show clients a certificate that this one signed, from now on; it goes on running."""
        write_both(self._keystore, authority, "broker")
        self._load_anew("ssl.keystore.location", self._keystore)

    def _load_anew(self, setting: str, file: Path) -> None:
        """Name a file to it again, at which it reads it."""
        config = {f"listener.name.machines.{setting}": str(file)}
        told = ConfigResource(ConfigResourceType.BROKER, str(self.number), configs=config)
        admin = KafkaAdminClient(bootstrap_servers=[self.address])
        admin.alter_configs([told], raise_on_unknown=False)
        admin.close()

    def _users(self) -> list[str]:
        return ["--add-scram", f"SCRAM-SHA-512=[name={OPERATOR},password={OPERATOR_PASSWORD}]"]


def write_both(file: Path, authority: Authority, name: str) -> None:
    """Put a new key and certificate of a name into one file, as a whole."""
    certificate, key = authority.issue(name)
    _write(file, key.read_text() + certificate.read_text())


def write_trust(file: Path, *authorities: Authority) -> None:
    """Put the certificates of authorities into one file, as a whole."""
    _write(file, "".join(a.file.read_text() for a in authorities))


def _write(file: Path, text: str) -> None:
    aside = file.with_suffix(".new")
    aside.write_text(text)
    aside.replace(file)
