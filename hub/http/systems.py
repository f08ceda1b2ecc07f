"""The route of systems: the catalogue of all that is connected, for those who run the hub."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response

from hub import registry
from hub.access import keys, sql_roles
from hub.access.keys import Sender
from hub.access.scope import WHOLE
from hub.alerts import recipients
from hub.alerts.connected import connected
from hub.alerts.systems import DIRECTIONS, FINDINGS, KINDS, Access, systems
from hub.clock import iso
from hub.definitions.contract import Doc
from hub.figures import quality
from hub.http.attachment import FILES, FileFormat, media_of, table_file
from hub.http.edge import Edge, Here, Seeing
from hub.http.openapi import BAD_QUESTION, problem
from hub.http.parameters import Parameters, WrittenPeriod
from hub.http.problems import ProblemError
from hub.sheets.columnar import Heading
from hub.store.reading import Reading

router = APIRouter(prefix="/v1/systems")
HEADINGS = (
    Heading("Loại", "kind"),
    Heading("Mã hệ thống", "id"),
    Heading("Tên hệ thống", "title_vi"),
    Heading("Chịu trách nhiệm", "owner"),
    Heading("Hợp đồng dữ liệu", "contracts"),
    Heading("Chiều", "direction"),
    Heading("Nghĩa vụ", "duty"),
    Heading("Nhận hoặc báo lần cuối", "last_heard_at", "instant"),
    Heading("Đã nhận", "received", "integer"),
    Heading("Bị từ chối", "rejected", "integer"),
    Heading("Tỷ lệ lỗi", "error_share", "decimal"),
    Heading("Cảnh báo", "alerts_open", "integer"),
    Heading("Khóa", "keys"),
    Heading("Người nhận", "recipients", "integer"),
    Heading("Mục đích", "purposes"),
    Heading("Căn cứ pháp lý", "legal_bases"),
    Heading("Hết hạn", "next_expiry_at", "instant"),
    Heading("Cần xem", "findings"),
)
WORDS: Mapping[str, Mapping[str, str]] = {
    "kind": {code: title.vi for code, title in KINDS.items()},
    "direction": {code: title.vi for code, title in DIRECTIONS.items()},
}
_CADENCES = {
    "daily": "mỗi ngày",
    "working_day": "mỗi ngày làm việc",
    "monthly": "mỗi tháng",
    "yearly": "mỗi năm",
}


class SystemsQuery(Parameters):
    """The period in which what is counted was received, by default this year; and which file."""

    period: WrittenPeriod = None
    format: FileFormat = None


@router.get(
    "",
    summary="Danh mục hệ thống kết nối | The catalogue of connected systems",
    response_model=None,
    responses={
        200: {
            "description": "Theo format hoặc Accept | by format or Accept",
            "content": {"application/json": {}, **FILES},
        },
        **BAD_QUESTION,
        403: problem("Không được xem | Not for this key"),
    },
)
async def list_systems(
    query: Annotated[SystemsQuery, Query()],
    edge: Here,
    who: Seeing,
    accept: Annotated[str, Header()] = "",
) -> Response | dict[str, Any]:
    """List systems, those first that somebody is to see to: owner, duty, volumes, keys, expiry.

    For operators, data officers and auditors of the whole province, and for keys of officers.
    """
    _check(who)
    period, at = query.period or edge.year(), edge.now()
    access = await asyncio.to_thread(_access, edge)

    def ask(reading: Reading) -> dict[str, Any]:
        hub = edge.hub
        book = hub.book(reading)
        body = quality.sources(hub.log, book, hub.kpis, period, period, at)
        listed = connected(body["sources"], book, at)
        sources = {s["source"]: s for s in body["sources"]}
        return {
            "at": iso(at),
            "as_of": body["as_of"],
            "period": period.text,
            "findings": _titles(FINDINGS),
            "systems": systems(sources, listed, access, hub.contracts, at),
        }

    body = await edge.read(ask)
    media = media_of(query.format, accept)
    if media:
        rows = [_row(system) for system in body["systems"]]
        title = "Hệ thống kết nối"
        return table_file(media, title, f"systems-{period.text}", HEADINGS, rows, WORDS)
    return body


def _check(who: Sender | None) -> None:
    """Refuse who sees a part alone: a department's key, or somebody signed in for some units."""
    if who is not None and not (who.roles and who.scope is WHOLE):
        vi = "danh mục hệ thống dành cho vận hành, cán bộ dữ liệu và kiểm toán của toàn tỉnh"
        en = "the catalogue of systems is for operators, data officers and auditors of the province"
        raise ProblemError(403, "not_yours", vi, en)


def _access(edge: Edge) -> Access:
    """Find what was given out: keys, logins, outlets with their recipients, certificates."""
    store = edge.hub.store
    return Access(
        keys=keys.listed(store),
        logins=sql_roles.listed(store),
        outlets={name: outlet.title for name, outlet in registry.outlets().items()},
        recipients=store.listed(recipients.LIST),
        connectors=tuple(registry.connectors()),
        certificates=edge.hub.settings.certificates,
    )


def _titles(listed: Mapping[str, Doc]) -> dict[str, dict[str, str]]:
    return {code: {"vi": title.vi, "en": title.en} for code, title in listed.items()}


def _row(system: Mapping[str, Any]) -> list[Any]:
    """Write a system as a row: what are several things is one text, parts by semicolons."""
    cells = dict(system)
    for name in ("contracts", "purposes", "legal_bases"):
        cells[name] = _joined(system[name])
    cells["keys"] = _joined(f"{k['id']} ({k['state']})" for k in system["keys"])
    cells["findings"] = _joined(FINDINGS[code].vi for code in system["findings"])
    share, duty = system["error_share"], system["duty"]
    cells["error_share"] = None if share is None else Decimal(str(share))
    cells["duty"] = duty and f"{_CADENCES[duty['cadence']]}, ≥ {duty['events_per_due']} bản ghi"
    for heading in HEADINGS:
        if heading.kind == "instant" and cells[heading.name]:
            cells[heading.name] = datetime.fromisoformat(cells[heading.name])
    return [cells[heading.name] for heading in HEADINGS]


def _joined(parts: Iterable[str]) -> str | None:
    return "; ".join(parts) or None
