"""Settings, from environment variables that begin with `HUB_`."""

import os
import re
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from hub.troubles import TroubleError

Own = TypeVar("Own", bound=BaseSettings)
POSTGRES = "postgresql+psycopg://"
NEAR = 0.8  # how alike a variable is to a setting's that is taken for a slip of the pen
FIRST_NEAR = 0.6  # how alike their first words are besides
LOOPBACK = ("127.0.0.1", "::1", "localhost")
_URL = {"url": f"{POSTGRES}…"}


class SettingsError(TroubleError):
    """A setting is wrong; the message names it."""


class Settings(BaseSettings):
    """What can be set. A wrong value stops the start and is named.

    What each is for is said in `hub/operating/meanings.py`, of which `docs/settings.md` is made.
    """

    model_config = SettingsConfigDict(env_prefix="HUB_", extra="ignore")

    data_dir: Path = Path(".hub")
    database_url: str = ""
    kafka_bootstrap: str = ""
    kafka_ca: Path | None = None
    kafka_certificate: Path | None = None
    kafka_key: Path | None = None
    kafka_user: str = ""
    kafka_password_file: Path | None = None
    signing_dir: Path | None = None
    columns_dir: Path | None = None
    spool_dir: Path | None = None
    keys_seconds_max: float = Field(3600, ge=0)
    archive_dir: Path | None = None
    reference_dir: Path | None = None
    reports_dir: Path | None = None
    warehouse_dir: Path | None = None
    warehouse_days: int = Field(30, ge=1)
    subscribers_file: Path | None = None
    open_dir: Path | None = None
    open_count_min: int = Field(5, ge=3)
    open_publisher: str = Field("Ủy ban nhân dân tỉnh", min_length=1)
    open_licence: str = Field(
        "https://creativecommons.org/licenses/by/4.0/", pattern=r"^https?://[^\s<>\"]+$"
    )
    open_contact: str = Field("", pattern=r"^([^@\s]+@[^@\s]+)?$")
    session_seconds: float = Field(6, gt=0)
    stall_seconds: float = Field(120, ge=0)
    schema_registry_url: str = ""
    listen: str = "127.0.0.1:8080"
    access_log: str = ""
    public_url: str = ""
    proxied: bool = False
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret_file: Path | None = None
    oidc_ca: Path | None = None
    oidc_claim: str = Field("groups", min_length=1)
    oidc_session_minutes: int = Field(480, ge=1, le=1440)
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    tls_client_ca: Path | None = None
    traces_url: str = ""
    traces_share: float = Field(0.01, gt=0, le=1)
    body_mib_max: int = Field(16, ge=1)
    body_seconds_max: float = Field(60, gt=0)
    requests_per_second_max: int = Field(100, ge=1)
    backlog_events_max: int = Field(20_000, ge=0)
    four_eyes: bool = False
    originals_days: int = Field(30, ge=1)
    exchanges_days: int = Field(1825, ge=30)
    breaker_share_max: float = Field(0.01, gt=0, le=1)
    breaker_in_a_row_max: int = Field(1000, ge=1)
    breaker_seconds: float = Field(60, ge=0)

    @field_validator("listen")
    @classmethod
    def _has_host_and_port(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if not host or not port.isdigit() or int(port) > 65535:
            raise ValueError("expected host:port, such as 127.0.0.1:8080")
        return value

    @field_validator(
        "archive_dir",
        "columns_dir",
        "kafka_ca",
        "kafka_certificate",
        "kafka_key",
        "kafka_password_file",
        "oidc_ca",
        "oidc_client_secret_file",
        "open_dir",
        "reference_dir",
        "reports_dir",
        "signing_dir",
        "spool_dir",
        "subscribers_file",
        "tls_certificate",
        "tls_key",
        "tls_client_ca",
        "warehouse_dir",
        mode="before",
    )
    @classmethod
    def _is_a_folder(cls, value: Any) -> Any:
        return value or None  # an empty text would else be the working directory

    @field_validator("kafka_bootstrap")
    @classmethod
    def _are_addresses(cls, value: str) -> str:
        for one in filter(None, value.split(",")):
            host, _, port = one.rpartition(":")
            if not host or not port.isdigit():
                raise ValueError("expected host:port,host:port, such as 127.0.0.1:9092")
        return value

    @field_validator("schema_registry_url", "public_url", "oidc_issuer", "traces_url")
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
    def _is_whole_tls(self) -> "Settings":
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise PydanticCustomError(
                "profile", "HUB_TLS_CERTIFICATE and HUB_TLS_KEY belong together"
            )
        if self.tls_client_ca is not None and self.tls_key is None:
            raise PydanticCustomError("profile", "HUB_TLS_CLIENT_CA needs HUB_TLS_CERTIFICATE")
        return self

    @model_validator(mode="after")
    def _is_whole_towards_the_provider(self) -> "Settings":
        parts = (self.oidc_issuer, self.oidc_client_id, self.oidc_client_secret_file)
        if any(parts) and not all(parts):
            raise PydanticCustomError(
                "profile",
                "HUB_OIDC_ISSUER, HUB_OIDC_CLIENT_ID and HUB_OIDC_CLIENT_SECRET_FILE belong"
                " together",
            )
        if not self.oidc_issuer:
            return self
        if not is_private_address(self.oidc_issuer):
            raise PydanticCustomError(
                "profile", "HUB_OIDC_ISSUER must be https://…, or http:// on loopback"
            )
        if (self.proxied or not self.is_loopback) and not self.public_url:
            raise PydanticCustomError(
                "profile",
                "HUB_OIDC_ISSUER needs HUB_PUBLIC_URL behind a proxy and beyond loopback:"
                " it is where people come back to",
            )
        if not is_private_address(self.public_url or self.url):
            raise PydanticCustomError(
                "profile", "HUB_OIDC_ISSUER needs HUB_PUBLIC_URL to be https://…, off loopback"
            )
        return self

    @model_validator(mode="after")
    def _is_whole_towards_kafka(self) -> "Settings":
        if (self.kafka_certificate is None) != (self.kafka_key is None):
            raise PydanticCustomError(
                "profile", "HUB_KAFKA_CERTIFICATE and HUB_KAFKA_KEY belong together"
            )
        if bool(self.kafka_user) != (self.kafka_password_file is not None):
            raise PydanticCustomError(
                "profile", "HUB_KAFKA_USER and HUB_KAFKA_PASSWORD_FILE belong together"
            )
        shows_itself = self.kafka_user or self.kafka_certificate is not None
        if shows_itself and self.kafka_ca is None:
            raise PydanticCustomError(
                "profile",
                "HUB_KAFKA_USER and HUB_KAFKA_CERTIFICATE need HUB_KAFKA_CA: within TLS alone",
            )
        return self

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
    def url(self) -> str:
        """The server's address."""
        return f"{'http' if self.tls_certificate is None else 'https'}://{self.listen}"

    @property
    def origin(self) -> str:
        """Where people's browsers reach the server."""
        return self.public_url or self.url

    @property
    def is_proxied(self) -> bool:
        """Whether who comes from this machine may be a proxy, on behalf of anybody."""
        return self.proxied or bool(self.public_url)

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        return self.host in LOOPBACK

    @property
    def certificates(self) -> dict[str, Path]:
        """The PEM files of certificates that somebody must renew, by the setting."""
        named = ("tls_certificate", "tls_client_ca", "kafka_ca", "kafka_certificate", "oidc_ca")
        files = {f"HUB_{name.upper()}": getattr(self, name) for name in named}
        return {name: path for name, path in files.items() if path is not None}

    @property
    def log_path(self) -> Path:
        """The embedded log's file."""
        return self.data_dir / "log.sqlite3"

    @property
    def columns(self) -> Path:
        """The folder of the facts' columns."""
        return self.columns_dir or self.data_dir / "columns"

    @property
    def warehouse(self) -> Path:
        """The folder of the shared warehouse's tables."""
        return self.warehouse_dir or self.data_dir / "warehouse"

    @property
    def open_data(self) -> Path:
        """The folder of releases of open data."""
        return self.open_dir or self.data_dir / "open-data"

    @property
    def reports(self) -> Path:
        """The folder in which scheduled reports are laid."""
        return self.reports_dir or self.data_dir / "reports"

    @property
    def signing_keys(self) -> Path:
        """The folder of the keys that sign receipts."""
        return self.signing_dir or self.data_dir / "signing"

    @property
    def store_url(self) -> str:
        """The store's URL."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'store.sqlite3').absolute()}"


def is_private_address(url: str) -> bool:
    """Tell whether nobody between can read what is said to an address: TLS, or this machine."""
    at = urlsplit(url)
    return at.scheme == "https" or at.hostname in LOOPBACK


def make_folder(folder: Path) -> None:
    """Make the data folder; raise `SettingsError` where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"HUB_DATA_DIR={folder}: không tạo được thư mục | cannot make the folder"
            f" ({error.strerror})"
        ) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SettingsError(
            f"HUB_DATA_DIR={folder}: không ghi được vào thư mục | cannot write into the folder"
        )


def read_own(source: str, of: type[Own]) -> Own:
    """Read a connector's own settings, `HUB_<SOURCE>_<FIELD>`; raises `SettingsError`.

    A variable that begins so and is none of them is refused: nobody else reads it.
    """
    prefix = f"HUB_{source.upper()}_"
    known = [f"{prefix}{name.upper()}" for name in of.model_fields]
    for name in sorted(os.environ):
        if name.upper().startswith(prefix) and name.upper() not in known:
            raise SettingsError(f"{name} is no setting; there are {', '.join(known)}")
    try:
        return of(_env_prefix=prefix)
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


def meant_by(name: str) -> str | None:
    """Give the setting of which a variable is taken for a slip of the pen; None where of none.

    Its first word must be near, too: `HUB_TAX_FEES_PASSWORD_FILE` is a connector's own.
    """
    known = [f"HUB_{field.upper()}" for field in Settings.model_fields]
    near = get_close_matches(name.upper(), known, 1, NEAR)
    if not near or name.upper() in known:
        return None
    first, other = (n.removeprefix("HUB_").split("_")[0] for n in (name.upper(), near[0]))
    return near[0] if get_close_matches(first, [other], 1, FIRST_NEAR) else None


def read_settings(**defaults: Any) -> Settings:
    """Read the settings; `defaults` stand where the environment is silent.

    Raises `SettingsError` with the variable's name. So does a variable that is spelt nearly as one;
    others that begin with `HUB_` are other people's: Kubernetes sets some for a service `hub`.
    """
    for name in sorted(os.environ):
        if (near := meant_by(name)) is not None:
            raise SettingsError(f"{name} is no setting; is {near} meant?")
    try:
        found = Settings()
    except ValidationError as error:
        raise _named(error, "HUB_") from None
    silent = {n: v for n, v in defaults.items() if n not in found.model_fields_set}
    return found.model_copy(update=silent)
