"""Settings, from environment variables that begin with `HUB_`."""

import re
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

Own = TypeVar("Own", bound=BaseSettings)
POSTGRES = "postgresql+psycopg://"
_URL = {"url": f"{POSTGRES}…"}


class SettingsError(ValueError):
    """A setting is wrong; the message names it."""


class Settings(BaseSettings):
    """What can be set. A wrong value stops the start and is named.

    `data_dir`: folder of the embedded log and store. `database_url`: the store; by default a
    SQLite file in the data folder. `kafka_bootstrap`: `host:port,…` of Apache Kafka, which then is
    the log, with PostgreSQL as the store; there is no other mixture. `schema_registry_url`: a
    Confluent-compatible registry that gives the schema ids. `session_seconds`: a worker that is
    silent for so long loses its partitions; `stall_seconds`: one whose positions do not move for so
    long, though there is something to apply, is to be restarted. `listen`: `host:port` of the HTTP
    server. `body_mib_max`: the largest request body, in MiB. `requests_per_second_max`: per key.
    `breaker_…`: a connector of whose latest records more than this share, or so many in a row, are
    wrong is stopped, and tried again after so many seconds.
    """

    model_config = SettingsConfigDict(env_prefix="HUB_", extra="ignore")

    data_dir: Path = Path(".hub")
    database_url: str = ""
    kafka_bootstrap: str = ""
    session_seconds: float = 10
    stall_seconds: float = 120
    schema_registry_url: str = ""
    listen: str = "127.0.0.1:8080"
    body_mib_max: int = 16
    requests_per_second_max: int = 100
    breaker_share_max: float = 0.01
    breaker_in_a_row_max: int = 1000
    breaker_seconds: float = 60

    @field_validator("listen")
    @classmethod
    def _has_host_and_port(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if not host or not port.isdigit() or int(port) > 65535:
            raise ValueError("expected host:port, such as 127.0.0.1:8080")
        return value

    @field_validator("kafka_bootstrap")
    @classmethod
    def _are_addresses(cls, value: str) -> str:
        for one in filter(None, value.split(",")):
            host, _, port = one.rpartition(":")
            if not host or not port.isdigit():
                raise ValueError("expected host:port,host:port, such as 127.0.0.1:9092")
        return value

    @field_validator("schema_registry_url")
    @classmethod
    def _is_http(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("expected http://host:port/path")
        return value.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if value and not value.startswith(("sqlite:///", POSTGRES)):
            raise ValueError(f"expected sqlite:///path or {POSTGRES}user@host:port/name")
        return value

    @model_validator(mode="after")
    def _is_one_profile(self) -> "Settings":
        is_postgres = self.database_url.startswith(POSTGRES)
        if self.kafka_bootstrap and not is_postgres:
            # Named by hand: an error of the whole has no field of its own.
            raise PydanticCustomError(
                "profile", "with HUB_KAFKA_BOOTSTRAP, HUB_DATABASE_URL must be {url}", _URL
            )
        if is_postgres and not self.kafka_bootstrap:
            raise PydanticCustomError(
                "profile", "HUB_DATABASE_URL={url} needs HUB_KAFKA_BOOTSTRAP", _URL
            )
        return self

    @property
    def host(self) -> str:
        """The address to listen on."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port to listen on."""
        return int(self.listen.rpartition(":")[2])

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        return self.host in ("127.0.0.1", "::1", "localhost")

    @property
    def log_path(self) -> Path:
        """The embedded log's file."""
        return self.data_dir / "log.sqlite3"

    @property
    def store_url(self) -> str:
        """The store's URL."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'store.sqlite3').absolute()}"


def read_own(source: str, of: type[Own]) -> Own:
    """Read a connector's own settings, `HUB_<SOURCE>_<FIELD>`; raises `SettingsError`."""
    try:
        return of(_env_prefix=f"HUB_{source.upper()}_")
    except ValidationError as error:
        raise _named(error, f"HUB_{source}_") from None


def _named(error: ValidationError, prefix: str) -> SettingsError:
    first = error.errors()[0]
    if first["type"] == "profile":
        return SettingsError(first["msg"])
    name = f"{prefix}{'_'.join(str(p) for p in first['loc'])}".upper()
    if first["type"] == "missing":
        return SettingsError(f"{name} is not set")
    # What stands before the @ of an address may be a password.
    shown = re.sub(r"//[^/@]*@", "//…@", repr(first["input"]))
    return SettingsError(f"{name}={shown}: {first['msg']}")


def read_settings(**defaults: Any) -> Settings:
    """Read the settings; `defaults` stand where the environment is silent.

    Raises `SettingsError` with the variable's name.
    """
    try:
        found = Settings()
    except ValidationError as error:
        raise _named(error, "HUB_") from None
    silent = {n: v for n, v in defaults.items() if n not in found.model_fields_set}
    return found.model_copy(update=silent)
