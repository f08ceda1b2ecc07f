"""How the hub shows itself to Apache Kafka: TLS, and a user's password or a client's certificate.

Files are read whenever a connection is opened, so that a password or certificate that was changed
in its file is used by the next connection: nothing is stopped.
"""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.settings import Settings, SettingsError

MECHANISM = "SCRAM-SHA-512"


@dataclass(frozen=True)
class Credentials:
    """What the settings say; without a CA everything is in clear, as on loopback.

    `ca`: PEM of who signs the brokers' certificates. `certificate`, `key`: PEM of our own.
    `user`, `password_file`: of SCRAM-SHA-512 (RFC 5802, RFC 7677), within TLS alone.
    """

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    user: str = ""
    password_file: Path | None = None

    @classmethod
    def of(cls, settings: Settings) -> "Credentials":
        """Take them from the settings."""
        return cls(
            settings.kafka_ca,
            settings.kafka_certificate,
            settings.kafka_key,
            settings.kafka_user,
            settings.kafka_password_file,
        )

    @property
    def protocol(self) -> str:
        """Kafka's word for it."""
        if self.ca is None:
            return "PLAINTEXT"
        return "SASL_SSL" if self.user else "SSL"

    @property
    def shown(self) -> str:
        """Say who comes, for messages."""
        return self.user or (f"{self.certificate}" if self.certificate else "ANONYMOUS")

    def stamp(self) -> tuple[int, ...]:
        """Tell whether a file was changed: another tuple. Raises `SettingsError`."""
        return tuple(_stat(name, file) for name, file in self._files())

    def for_librdkafka(self) -> dict[str, Any]:
        """Give the settings of confluent-kafka's clients. Raises `SettingsError`."""
        if self.ca is None:
            return {}
        self.stamp()
        shown: dict[str, Any] = {
            "security.protocol": self.protocol,
            "ssl.ca.location": str(self.ca),
        }
        if self.certificate is not None:
            shown |= {
                "ssl.certificate.location": str(self.certificate),
                "ssl.key.location": str(self.key),
            }
        if self.user:
            shown |= {
                "sasl.mechanism": MECHANISM,
                "sasl.username": self.user,
                "sasl.password": self._password(),
            }
        return shown

    def for_python(self) -> dict[str, Any]:
        """Give the arguments of kafka-python's and aiokafka's clients, which have the same names.

        Raises `SettingsError`.
        """
        if self.ca is None:
            return {"security_protocol": self.protocol}
        self.stamp()
        try:
            context = ssl.create_default_context(cafile=str(self.ca))
            if self.certificate is not None:
                context.load_cert_chain(self.certificate, self.key)
        except ssl.SSLError as error:
            raise SettingsError(
                "HUB_KAFKA_CA, HUB_KAFKA_CERTIFICATE, HUB_KAFKA_KEY: không đọc được chứng thư PEM |"
                f" certificates cannot be read as PEM ({error.reason})"
            ) from None
        shown: dict[str, Any] = {"security_protocol": self.protocol, "ssl_context": context}
        if self.user:
            shown |= {
                "sasl_mechanism": MECHANISM,
                "sasl_plain_username": self.user,
                "sasl_plain_password": self._password(),
            }
        return shown

    def _password(self) -> str:
        assert self.password_file is not None, "the settings want both"
        return self.password_file.read_text().strip()

    def _files(self) -> list[tuple[str, Path]]:
        named = {
            "HUB_KAFKA_CA": self.ca,
            "HUB_KAFKA_CERTIFICATE": self.certificate,
            "HUB_KAFKA_KEY": self.key,
            "HUB_KAFKA_PASSWORD_FILE": self.password_file,
        }
        return [(name, file) for name, file in named.items() if file is not None]


IN_CLEAR = Credentials()


def _stat(name: str, file: Path) -> int:
    try:
        with file.open("rb"):
            return file.stat().st_mtime_ns
    except OSError as error:
        raise SettingsError(
            f"{name}={file}: không đọc được tệp | cannot read the file ({error.strerror})"
        ) from None
