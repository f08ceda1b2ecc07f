"""Subscribers: who asked to be told of what befalls a commune, and how they are reached.

They are read from a file of the gateway, `HUB_SUBSCRIBERS_FILE`, and are in no log, list or table:
whose line is taken out is forgotten, and is told nothing more. `code` is no name of a person.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hub.troubles import TroubleError

COLUMNS = ("code", "area", "outlet", "address", "agreed_on")
CODE = re.compile(r"[A-Za-z0-9._/-]{1,64}")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
FAULTS_MAX = 20


class SubscribersError(TroubleError):
    """The file of subscribers cannot be used; the message names the lines. No address is in it."""


@dataclass(frozen=True)
class Subscriber:
    """A line of the file: who is told of an area (a unit's code), by which outlet and address."""

    code: str
    area: str
    outlet: str
    address: str

    @property
    def masked(self) -> str:
        """Show the end of an address alone, as of a telephone number."""
        return f"…{self.address[-3:]}"


def read_subscribers(path: Path | None) -> list[Subscriber]:
    """Read the file; none where no file is set. Raises `SubscribersError`."""
    if path is None:
        return []
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SubscribersError(
            f"HUB_SUBSCRIBERS_FILE={path}: không đọc được tệp UTF-8 | cannot be read as UTF-8"
            f" ({type(error).__name__})"
        ) from None
    rows = csv.DictReader(io.StringIO(text, newline=""))
    missing = [c for c in COLUMNS if c not in (rows.fieldnames or ())]
    if missing:
        raise SubscribersError(
            f"{path.name}: thiếu cột {', '.join(missing)} | no such columns; expected"
            f" {', '.join(COLUMNS)}"
        )
    subscribers, faults = [], []
    seen: dict[tuple[str, str], str] = {}
    at: dict[tuple[str, str], str] = {}
    for row in rows:
        values = {c: (row[c] or "").strip() for c in COLUMNS}
        wrong = [f"{path.name}:{rows.line_num}: {w}" for w in _wrong(values, seen, at)]
        faults += wrong
        if not wrong:
            seen[values["outlet"], values["address"]] = values["code"]
            at[values["code"], values["outlet"]] = values["address"]
            subscribers.append(Subscriber(*(values[c] for c in COLUMNS[:4])))
    if faults:
        more = f"\n… {len(faults)}" if len(faults) > FAULTS_MAX else ""
        raise SubscribersError("\n".join(faults[:FAULTS_MAX]) + more)
    return list(dict.fromkeys(subscribers))


def _wrong(
    values: dict[str, str], seen: dict[tuple[str, str], str], at: dict[tuple[str, str], str]
) -> Iterator[str]:
    """Say what is wrong with a line, without what it holds of an address."""
    if not CODE.fullmatch(values["code"]):
        yield "code: cần 1–64 chữ, số, dấu . _ / - | 1 to 64 letters, digits, . _ / -"
    for name in ("area", "outlet", "address"):
        if not values[name]:
            yield f"{name}: không được để trống | must be filled"
    if not DAY.fullmatch(values["agreed_on"]):
        yield "agreed_on: cần ngày đồng ý nhận tin, như 2026-01-31 | expected the day of consent"
    other = seen.get((values["outlet"], values["address"]), values["code"])
    if other != values["code"]:
        yield (
            f"address: trùng với người nhận {other} | the same as that of {other}, who would be"
            " told twice"
        )
    if at.get((values["code"], values["outlet"]), values["address"]) != values["address"]:
        yield "address: mã này đã có địa chỉ khác ở kênh này | this code has another one there"
