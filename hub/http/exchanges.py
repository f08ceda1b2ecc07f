"""The route of the ledger of exchanges: who sent what to whom, when, why, and what was answered."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Response

from hub import registry
from hub.access.scope import WHOLE, Scope
from hub.access.sight import seen
from hub.definitions.contract import Contract
from hub.http.attachment import FILES, FileFormat, media_of, table_file
from hub.http.edge import Here, Reader, Seeing
from hub.http.openapi import BAD_QUESTION, NOT_SEEN
from hub.http.parameters import Offset, Parameters
from hub.sheets.columnar import Heading
from hub.store import exchanges
from hub.store.reading import Reading

ROWS_MAX, FILE_ROWS_MAX, REASONS_MAX = 500, 50_000, 20
STATES = Literal["waiting", "sending", "pending", "taken", "refused", "given_up", "corrected"]
# What a file of the ledger holds, by column, with its title.
COLUMNS = {
    "entity": "Đối tượng / About",
    "number": "Lần / Number",
    "service": "Dịch vụ / Service",
    "sender": "Bên gửi / Sender",
    "receiver": "Bên nhận / Receiver",
    "purpose": "Mục đích / Purpose",
    "legal_basis": "Căn cứ / Legal basis",
    "trace_id": "Mã vết / Trace id",
    "digest": "Mã băm / Digest",
    "state": "Tình trạng / State",
    "why_vi": "Lý do (tiếng Việt)",
    "why_en": "Why (English)",
    "tries": "Số lần gửi / Tries",
    "taken_at": "Nhận vào / Taken in",
    "sent_at": "Gửi / Sent",
    "answered_at": "Trả lời / Answered",
    "answer_code": "Mã trả lời / Answer",
    "corrected_by": "Thay bằng / Corrected by",
    "id": "Mã thông điệp / Message id",
}
router = APIRouter(prefix="/v1/exchanges", dependencies=[Reader])


class ExchangesQuery(Parameters):
    """Which messages: of a source, about one thing, in a state, under a trace."""

    source: str | None = None
    entity: str | None = None
    state: STATES | None = None
    trace_id: str | None = None
    format: FileFormat = None
    offset: Offset = 0

    def columns(self) -> dict[str, str]:
        """Give the columns of the ledger that are asked for, with their values."""
        names = ("source", "entity", "state", "trace_id")
        return {n: v for n in names if (v := getattr(self, n)) is not None}


@router.get(
    "",
    summary="Sổ trao đổi: đã gửi gì, được nhận hay bị từ chối | What was exchanged",
    response_model=None,
    responses={
        200: {
            "description": "Theo format hoặc Accept | by format or Accept",
            "content": {"application/json": {}, **FILES},
        },
        **BAD_QUESTION,
        403: NOT_SEEN,
    },
)
async def list_exchanges(
    query: Annotated[ExchangesQuery, Query()],
    edge: Here,
    who: Seeing,
    accept: Annotated[str, Header()] = "",
) -> Response | dict[str, Any]:
    """List messages to other services, the latest first, each with all that was done about it.

    With how many stand how, and why what is refused was. What a message says is not kept. Of things
    within the key's scope; where that is limited, without the counts.
    """
    contracts, scope = _contracts(), WHOLE if who is None else who.scope
    is_limited = scope != WHOLE
    media = media_of(query.format, accept)

    def ask(reading: Reading) -> Response | dict[str, Any]:
        c, size = reading.connection, FILE_ROWS_MAX if media else ROWS_MAX
        rows = exchanges.listed(c, query.columns(), size + 1, query.offset)
        following = query.offset + size if len(rows) > size else None
        rows = _seen(reading, rows[:size], contracts, scope)
        acts = {} if media else exchanges.acts_of(c, [r["id"] for r in rows])
        shown = [exchanges.public(row, acts.get(row["id"], ())) for row in rows]
        if media:
            headings = [Heading(title, n, _kind(n)) for n, title in COLUMNS.items()]
            lines = [[row[n] for n in COLUMNS] for row in shown]
            return table_file(media, "Sổ trao đổi", "exchanges", headings, lines)
        counts = [] if is_limited else exchanges.counted(c)
        reasons = [] if is_limited else exchanges.refusals(c, REASONS_MAX)
        return {
            "counts": [{"source": s, "state": n, "count": k} for s, n, k in counts],
            "refusals": [
                {"source": s, "code": code, "answer": answer, "count": k}
                for s, code, answer, k in reasons
            ],
            "exchanges": shown,
            "next_offset": following,
        }

    return await edge.read(ask)


def _contracts() -> dict[str, Contract]:
    """Give the contract of each source that may exchange anything."""
    contracts = registry.contracts()
    return {name: contracts[source.contract] for name, source in registry.sources().items()}


def _seen(
    reading: Reading,
    rows: list[exchanges.Row],
    contracts: Mapping[str, Contract],
    scope: Scope,
) -> list[exchanges.Row]:
    """Keep what is about things within the scope."""
    visible: set[tuple[str, str]] = set()
    for source in {row["source"] for row in rows}:
        about = sorted({r["entity"] for r in rows if r["source"] == source})
        contract = contracts.get(source)
        if contract is not None:
            visible |= {(source, e) for e in seen(reading, contract, scope, about)}
    return [r for r in rows if (r["source"], r["entity"]) in visible]


def _kind(name: str) -> Literal["text", "integer"]:
    return "integer" if name in ("number", "tries") else "text"
