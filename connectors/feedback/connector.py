"""Field feedback from a drop folder: a row a form, of the app, hotline 1022 and portal alike.

`HUB_FEEDBACK_FOLDER` is the folder; files are taken when they stood still for
`HUB_FEEDBACK_SETTLE_SECONDS`. `HUB_FEEDBACK_KEY_FILE` holds the key of pseudonyms, from 32 bytes:
telephone numbers become keyed digests as they are read (`pseudonym.py`). No other column of a
citizen's is read, and none is kept.

A row says all that happened to its form until now: a file a day later says it again, and more. What
was said before is a repeat.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field
from pydantic_settings import BaseSettings

from connectors.feedback.pseudonym import MADE, NoKey, Pseudonyms, plain_digest
from hub.connecting.feeds import Connector, Context, JsonObject, Record
from hub.connecting.folder import Folder
from hub.connecting.rows import FileRecords, again_of, records_of
from hub.definitions.contract import Contract
from hub.sheets.cells import Cell
from hub.sheets.days import deadline, instant
from hub.sheets.mapping import FileMapping
from hub.sheets.table import Column, Table
from hub.sheets.vietnamese import Reader, Reading, boolean, code, text
from schemas.contracts.feedback import CHANNELS, Feedback

CONTRACT = Contract(Feedback)
WORDS = {word: name for name, words in CHANNELS.items() for word in words}
TOPICS = {
    "môi trường": "environment",
    "giao thông": "traffic",
    "hạ tầng đô thị": "infrastructure",
    "hạ tầng": "infrastructure",
    "an ninh trật tự": "public_order",
    "thủ tục hành chính": "procedures",
    "y tế": "health",
    "giáo dục": "education",
    "khác": "other",
}
PERSON = "person"
# Each with the column of its instant, and what else it says.
STEPS = (
    ("received", "received_at", ("channel", "topic")),
    ("assigned", "assigned_at", ("unit", "due_at")),
    ("answered", "answered_at", ()),
    ("rated", "rated_at", ("satisfied",)),
    ("reopened", "reopened_at", ()),
)
TRIAL_KEY = bytes(32)  # of cases and trials, which keep nothing


def table_of(made: Pseudonyms | NoKey) -> Table:
    """Make the table of files, in which a telephone number is read as its pseudonym."""

    def read_person(cell: Cell, _: Reading) -> str:
        return made.person(str(cell))

    return Table(
        columns=(
            Column("form", ("Mã phản ánh", "Mã phiếu", "Số phiếu"), text),
            Column("channel", ("Kênh tiếp nhận", "Kênh", "Nguồn"), code(WORDS)),
            Column("topic", ("Lĩnh vực", "Chủ đề"), code(TOPICS)),
            Column("place", ("Địa bàn", "Mã địa bàn"), text, required=False),
            Column(
                PERSON,
                ("Mã người gửi", "Số điện thoại", "SĐT", "Điện thoại", "Số điện thoại liên hệ"),
                Reader("text", read_person),
                required=False,
            ),
            Column("received_at", ("Thời điểm tiếp nhận", "Ngày tiếp nhận"), instant),
            Column("unit", ("Mã đơn vị xử lý", "Đơn vị xử lý"), text, required=False),
            Column("assigned_at", ("Thời điểm chuyển xử lý", "Ngày chuyển"), instant, False),
            Column("due_at", ("Hạn xử lý", "Hạn trả lời"), deadline, False),
            Column("answered_at", ("Thời điểm trả lời", "Ngày trả lời"), instant, False),
            Column("satisfied", ("Hài lòng",), boolean, False),
            Column("rated_at", ("Thời điểm đánh giá", "Ngày đánh giá"), instant, False),
            Column("reopened_at", ("Thời điểm mở lại", "Ngày mở lại"), instant, False),
        )
    )


class FeedbackSettings(BaseSettings):
    """Where files are dropped, how many seconds one must stand still, and the key's file."""

    folder: Path
    key_file: Path
    settle_seconds: Annotated[float, Field(ge=0, le=3600)] = 5.0


def read_with(
    made: Pseudonyms, name: str, content: bytes, mapping: FileMapping | None = None
) -> FileRecords:
    """Read a file, CSV or XLSX by its content, and by a mapping of its sender; a record a row."""
    records = records_of(table_of(made), content, events_of, mapping)
    return FileRecords((_without_people(made, r) for r in records), records.understood)


def read(name: str, content: bytes, mapping: FileMapping | None = None) -> FileRecords:
    """Read a file likewise under the key of trials."""
    return read_with(Pseudonyms(TRIAL_KEY), name, content, mapping)


def _without_people(made: Pseudonyms, record: Record) -> Record:
    """Keep of a row its known cells alone, and know it again by a keyed digest of its bytes."""
    known_by = made.digest(record.known_by.hex()).encode()
    is_cells = record.original != record.known_by
    return replace(record, original=record.original if is_cells else known_by, known_by=known_by)


def events_of(values: dict[str, Any]) -> list[JsonObject]:
    """Give what happened to a form: events of its matter, named by what they say."""
    form = f"{values['channel']}|{values['form']}"
    person = values.get(PERSON)
    if person is None:
        whose = plain_digest("form", form)
    elif MADE.fullmatch(person):
        whose = plain_digest(person, values["topic"], values.get("place", ""))
    else:
        whose = ""  # typed by hand, where there is no key: refused
    return list(_events(values, form, whose))


def _events(values: dict[str, Any], form: str, whose: str) -> Iterator[JsonObject]:
    for kind, at, names in STEPS:
        said = {n: values[n] for n in names if n in values}
        if at in values:
            said = {"occurred_at": values[at], **said}
        elif not said:
            continue  # else it is refused by name that its instant is not there
        named = plain_digest(form, kind, *(f"{n}={v}" for n, v in said.items()))
        yield {"event_id": named, "feedback_code": whose, "kind": kind, **said}


def open_folder(settings: FeedbackSettings, context: Context) -> Folder:
    """Begin to watch the folder."""
    made = Pseudonyms.read(settings.key_file)
    path, settle, table = settings.folder, settings.settle_seconds, table_of(made)
    reading = partial(read_with, made)
    return Folder("feedback", CONTRACT, path, settle, context, reading, table.header_of)


# A correction keeps the pseudonym of its row: here there is no key to make one by.
AGAIN = again_of(CONTRACT, table_of(NoKey()), events_of)
CONNECTOR = Connector(FeedbackSettings, read, open_folder)
