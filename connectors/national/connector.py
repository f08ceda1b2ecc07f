"""National messages: from a folder of the one-stop's to the national service, and what it answers.

`HUB_NATIONAL_FOLDER` is where the one-stop drops its messages as published, one JSON file each
(`DongBoHoSoMC`, `CapNhatTienDoHoSoMC`). Each dossier in it is sent by itself to `HUB_NATIONAL_URL`,
in the order in which messages about it came. An acknowledgement of `DongBoHoSoMC` is told to the
log as `synced`; what is refused, or given up after three days, as `sync_failed`. Nothing else is.

`HUB_NATIONAL_SOURCE` names the lists by which the one-stop writes its codes (`codes.csv`, and
`HUB_NATIONAL_CODES_FILE`): they are sent as national codes. `HUB_NATIONAL_TELLS_DOSSIERS` tells the
log, too, what messages say of dossiers, for a province whose one-stop nobody reads.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings

from connectors.national.codes import NATIONAL, Codes
from connectors.national.published import DOSSIERS
from connectors.national.reading import read_messages
from connectors.national.service import National
from hub.clock import iso
from hub.connecting.exchanging import Exchange, Outgoing
from hub.connecting.feeds import Connector, Context, JsonObject, Record, UpstreamError
from hub.connecting.folder import Folder
from hub.connecting.rows import FileRecords
from hub.definitions.contract import Contract
from hub.sheets.mapping import FileMapping
from hub.sheets.understood import Understood
from schemas.contracts.dossier import Dossier

NAME = "national"
CONTRACT = Contract(Dossier)
PURPOSE = "Đồng bộ trạng thái và kết quả giải quyết TTHC với Cổng Dịch vụ công quốc gia"
LEGAL_BASIS = "NĐ 118/2025/NĐ-CP; NĐ 278/2025/NĐ-CP"


class NationalSettings(BaseSettings):
    """Where messages come from, where they go to, and by which account: `secret_file` holds its
    password.

    `sender` is the province's code at the service (`madonvi`), where a message does not say one;
    `destination` the code of the service on a data exchange (`dstcode`), where it needs one.
    """

    folder: Path
    url: Annotated[str, Field(examples=["https://lgsp-trung-uong.example"])]
    username: Annotated[str, Field(examples=["tinh"])]
    secret_file: Path
    sender: str = ""
    destination: str = ""
    login_path: str = "/mapi/login"
    path: str = "/mapi/g"
    signing_file: Path | None = None
    source: str = NATIONAL
    codes_file: Path | None = None
    tells_dossiers: bool = False
    purpose: str = PURPOSE
    legal_basis: str = LEGAL_BASIS
    settle_seconds: Annotated[float, Field(ge=0, le=3600)] = 5.0
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 10.0

    @field_validator("url")
    @classmethod
    def _is_plain(cls, url: str) -> str:
        if not url.startswith(("http://", "https://")) or "@" in url:
            raise ValueError("expected http(s)://host, without a password")
        return url

    @field_validator("codes_file")
    @classmethod
    def _can_be_read(cls, path: Path | None) -> Path | None:
        Codes.of(NATIONAL, path)
        return path

    @model_validator(mode="after")
    def _has_lists(self) -> Self:
        if not self.codes.are_there:
            raise ValueError(f"no list of codes of the source {self.source!r}")
        return self

    @property
    def codes(self) -> Codes:
        """The lists by which messages are written."""
        return Codes.of(self.source, self.codes_file)


def read(_: str, content: bytes) -> list[Record]:
    """Read a message by the national lists: what it says of dossiers, item by item."""
    return read_messages(content, Codes(), "").records


class _Inbox:
    """The folder of messages: remembers those of the file that it read last."""

    def __init__(self, settings: NationalSettings, context: Context) -> None:
        self._settings = settings
        self._last: tuple[str, Mapping[int, Outgoing]] = ("", {})
        path, settle = settings.folder, settings.settle_seconds
        self.folder = Folder(NAME, CONTRACT, path, settle, context, self._read, lambda name: name)

    def messages(self) -> tuple[str, Mapping[int, Outgoing]]:
        """Give the messages of the last file by the places of their records, and its digest."""
        return self._last

    def _read(self, _: str, content: bytes, __: FileMapping | None) -> FileRecords:
        made = read_messages(content, self._settings.codes, self._settings.sender)
        self._last = (content_digest(content), made.messages)
        tells = self._settings.tells_dossiers
        records = (r if tells or r.verdict else replace(r, events=()) for r in made.records)
        return FileRecords(records, Understood())


def content_digest(content: bytes) -> str:
    """Know a file by its content."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def events_of(row: Mapping[str, Any]) -> tuple[JsonObject, ...]:
    """Say what became of a message: synced by its acknowledgement alone, else failed."""
    is_taken = row["state"] == "taken"
    if is_taken and row["service"] != DOSSIERS:
        return ()
    event: JsonObject = {
        "event_id": f"national-{row['id']}",
        "dossier_code": row["entity"],
        "kind": "synced" if is_taken else "sync_failed",
        "occurred_at": iso(row["answered_at"] or row["at"]),
    }
    return (event,)


def open_exchange(settings: NationalSettings, context: Context) -> Exchange:
    """Begin to exchange; raises `UpstreamError` where there is no ledger."""
    if context.exchanges is None:
        raise UpstreamError("không có sổ trao đổi | there is no ledger of exchanges")
    inbox = _Inbox(settings, context)
    partner = National(
        settings.url,
        (settings.login_path, settings.path),
        (settings.username, settings.secret_file),
        (settings.purpose, settings.legal_basis),
        settings.codes,
        context.clock,
        settings.timeout_seconds,
        settings.destination,
        settings.signing_file,
    )
    waiting = settings.folder / "waiting"
    return Exchange(
        NAME,
        inbox.folder,
        inbox.messages,
        waiting,
        context.exchanges,
        partner,
        context.clock,
        events_of,
    )


CONNECTOR = Connector(NationalSettings, read, open_exchange)
