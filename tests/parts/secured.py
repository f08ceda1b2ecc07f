"""A broker that lets nobody in who does not show who it is, nor do what it has no right to."""

from pathlib import Path

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
        certificate, key = self.authority.issue("broker")
        self._keystore = folder / "broker.both.pem"
        self._keystore.write_text(key.read_text() + certificate.read_text())

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
            "ssl.truststore.location": self.authority.file,
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": f"User:ANONYMOUS;User:{OPERATOR}",
        }

    def _users(self) -> list[str]:
        return ["--add-scram", f"SCRAM-SHA-512=[name={OPERATOR},password={OPERATOR_PASSWORD}]"]
