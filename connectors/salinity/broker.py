"""How the hub shows itself to the stations' broker: TLS, a user's password, a certificate."""

import ssl
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from hub.connecting.feeds import UpstreamError

CONNECT_SECONDS = 3.0
# While the log is away nothing is read for up to a minute: by then a ping is due, and at half as
# much again the broker closes.
KEEPALIVE_SECONDS = 60
PORTS = {"mqtt": 1883, "mqtts": 8883}
TOGETHER = (("certificate", "key"), ("user", "password_file"))


class BrokerSettings(BaseSettings):
    """Where the broker is, and by what the hub shows itself.

    `url`: `mqtt://` or `mqtts://` (TLS), with `user:password@` where nothing else is at hand. `ca`:
    PEM of who signs the broker's certificate; without it those whom the machine trusts. `user` with
    the password in `password_file`, or `certificate` and `key`, which are PEM. Files are read for
    each connection, so that what was changed in them is used by the next.
    """

    model_config = SettingsConfigDict(extra="ignore")

    url: str = Field(examples=["mqtt://mosquitto:1883"])
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    user: str = ""
    password_file: Path | None = None

    @field_validator("ca", "certificate", "key", "password_file", mode="before")
    @classmethod
    def _is_a_file(cls, value: Any) -> Any:
        return value or None  # an empty text would else be the working directory

    @field_validator("url")
    @classmethod
    def _is_mqtt(cls, value: str) -> str:
        split_url = urlsplit(value)
        _ = split_url.port  # raises where it is no port
        if split_url.scheme not in PORTS or not split_url.hostname:
            raise ValueError("expected mqtt://host:port or mqtts://user:password@host:port")
        return value

    @model_validator(mode="after")
    def _is_whole(self) -> "BrokerSettings":
        for first, second in TOGETHER:
            if bool(getattr(self, first)) != bool(getattr(self, second)):
                names = {"first": _name(first), "second": _name(second)}
                raise PydanticCustomError("profile", "{first} and {second} belong together", names)
        if (self.ca or self.certificate) and not self.is_tls:
            names = {"ca": _name("ca"), "certificate": _name("certificate"), "url": _name("url")}
            raise PydanticCustomError(
                "profile", "{ca} and {certificate} need {url}=mqtts://…", names
            )
        if self.user and urlsplit(self.url).username is not None:
            names = {"user": _name("user"), "url": _name("url")}
            raise PydanticCustomError("profile", "{user} and a user in {url}: one of them", names)
        return self

    @property
    def is_tls(self) -> bool:
        """Whether the broker is spoken to by TLS."""
        return urlsplit(self.url).scheme == "mqtts"

    @property
    def place(self) -> str:
        """The broker's host and port, for messages."""
        return ":".join(map(str, self._address))

    @property
    def _address(self) -> tuple[str, int]:
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or PORTS[parts.scheme]

    def client(self, client_id: str = "") -> Client:
        """Make a client of MQTT 5 that shows who the hub is. Raises `UpstreamError`."""
        client = Client(CallbackAPIVersion.VERSION2, client_id, protocol=MQTTv5, manual_ack=True)
        client.connect_timeout = CONNECT_SECONDS
        parts = urlsplit(self.url)
        if parts.username is not None:
            client.username_pw_set(unquote(parts.username), unquote(parts.password or ""))
        if self.user:
            client.username_pw_set(self.user, self._password())
        if self.is_tls:
            client.tls_set_context(self._context())
        return client

    def connect(self, client: Client, **asked: Any) -> None:
        """Connect; raises `UpstreamError`, which says whom to see."""
        try:
            client.connect(*self._address, KEEPALIVE_SECONDS, **asked)
        except ssl.SSLCertVerificationError as error:
            raise UpstreamError(
                f"{self.place}: không tin chứng thư của máy chủ, xem {_name('ca')} | the broker's"
                f" certificate is not trusted, see {_name('ca')}: {error.verify_message}"
            ) from None
        except OSError as error:
            raise UpstreamError(f"{self.place}: {error}") from None
        # Whether a certificate is asked for one hears only after the handshake of TLS 1.3.
        if client.socket() is None:
            raise UpstreamError(
                f"{self.place}: máy chủ ngắt ngay: có đòi chứng thư không, xem {CERTIFICATE} | the"
                f" broker closed at once: does it ask for a certificate, see {CERTIFICATE}"
            )

    def _password(self) -> str:
        assert self.password_file is not None, "the settings want both"
        try:
            return self.password_file.read_text("utf-8").strip()
        except OSError as error:
            raise _unreadable("password_file", self.password_file, error.strerror) from None

    def _context(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self.ca)
        except OSError as error:  # of SSL, too
            raise _unreadable("ca", self.ca, error.strerror) from None
        if self.certificate is not None:
            try:
                context.load_cert_chain(self.certificate, self.key)
            except OSError as error:
                raise _unreadable("certificate", self.certificate, error.strerror) from None
        return context


CERTIFICATE = "HUB_SALINITY_CERTIFICATE"


def _name(field: str) -> str:
    return f"HUB_SALINITY_{field.upper()}"


def _unreadable(field: str, file: Path | None, why: str | None) -> UpstreamError:
    return UpstreamError(
        f"{_name(field)}={file}: không đọc được tệp | the file cannot be read ({why})"
    )
