"""What `/openapi.json` says beyond what the framework reads off the routes: bodies and problems."""

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, Field

from hub.definitions.contract import Contract
from hub.figures.figure import Figure
from hub.figures.figure import schema as figure_schema
from hub.http import problems
from hub.http.cloudevents import MANY, ONE
from hub.reference.periods import Period

VERSION = "1"
DESCRIPTION = (
    "Trục tích hợp dữ liệu cấp tỉnh: mỗi con số tự chứng minh được nguồn gốc. | A province's data"
    " integration hub: every number can prove itself. A figure's value is"
    " numerator / (denominator × scale)."
)

Described = dict[int | str, dict[str, Any]]


class FaultOfItem(BaseModel):
    """One thing that is wrong with an item."""

    rule: str
    field: str
    value: str = ""
    message_vi: str
    message_en: str


class RejectedItem(FaultOfItem):
    """Why one item was rejected: the first fault, what is said of all, and each of them."""

    index: int
    faults: list[FaultOfItem] = Field(min_length=1)


class Receipt(BaseModel):
    """What became of what was sent."""

    receipt: str
    accepted: int
    duplicates: int
    conflicts: list[RejectedItem] = Field(
        description="Đã nhận, cùng mã mà khác nội dung | accepted; the same id has another content"
    )
    rejected: list[RejectedItem]
    mapping: str = Field(
        default="",
        description="Mã băm của bảng ánh xạ đã đọc tệp | Digest of the mapping that read the file",
    )
    signed: str = Field(
        description="JWS (RFC 7515, EdDSA); khóa ở | keys at /.well-known/jwks.json"
    )


class WouldChange(BaseModel):
    """What sending it would change."""

    figures: list[dict[str, Any]] = Field(description="Trước và sau | Before and after")
    cells: list[dict[str, Any]] = Field(description="Trước và sau | Before and after")
    classes: dict[str, int] = Field(description="Số sự kiện theo loại | Events by ledger class")


class Told(BaseModel):
    """Something that is said of what was sent."""

    message_vi: str
    message_en: str


class UnlistedCode(Told):
    """A code that the province's list does not have, and near ones that it has."""

    field: str
    value: str
    near: list[str]


class Tried(BaseModel):
    """What would become of what was tried."""

    dry_run: bool
    accepted: int
    rejected: list[RejectedItem]
    mapping: str = ""
    understood: list[Told] = []
    unlisted: list[UnlistedCode] = []
    would_change: WouldChange


class Problem(BaseModel):
    """Problem details (RFC 9457), with what is wrong in both languages."""

    type: str
    title: str
    status: int
    detail: str = ""
    message_vi: str
    message_en: str


def problem(words: str) -> dict[str, Any]:
    """Describe an answer by which something is refused."""
    content = {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": words, "content": content}


NOT_CHANGED: dict[int | str, dict[str, Any]] = {
    304: {"description": "Không đổi so với ETag đã có | not changed since the ETag that was sent"}
}
BAD_QUESTION: Described = {
    400: problem("Câu hỏi sai | The question cannot be answered as put"),
}
# A KPI's answer; a figure is described where it is defined.
FIGURES: dict[str, Any] = {
    "description": "Số liệu của một chỉ số | A KPI's figures",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["kpi", "period", "as_of", "figures"],
                "properties": {
                    "kpi": {"type": "string"},
                    "period": {"type": "string"},
                    "as_of": {"type": ["string", "null"], "format": "date-time"},
                    "figures": {
                        "type": "array",
                        "items": {"$ref": f"#/components/schemas/{Figure.__name__}"},
                    },
                },
            }
        }
    },
}
NO_KEY: Described = {401: problem("Thiếu khóa hợp lệ | No valid key")}
NOT_SEEN = problem("Khóa này không xem được | Not for this key to see")
NO_CONTRACT = problem("Không có hợp đồng này | No such contract")
_BODY_REFUSED: Described = {
    400: problem("Không đọc được nội dung | The body cannot be read"),
    **NO_KEY,
    413: problem("Quá lớn | Too large"),
    415: problem("Mã hóa không hỗ trợ | Unknown content encoding"),
    429: problem("Gửi quá dày | Too many requests"),
    503: problem("Chưa ghi bền vững được | Could not be made durable"),
}
NOT_COUNTED = problem(
    "Chưa ghi bền vững được, hoặc dữ liệu gửi trước còn đang được xử lý"
    " | Could not be made durable, or what was sent before is still to be applied"
)
POST_RESPONSES: Described = {
    **_BODY_REFUSED,
    200: {
        "model": Tried,
        "description": "Đã thử với dry_run=1, không ghi | Tried with dry_run=1, nothing committed",
    },
    202: {"model": Receipt, "description": "Đã ghi bền vững | Durable"},
    403: problem("Khóa không được dùng hợp đồng này | The key is not bound to this contract"),
    408: problem("Nội dung đến quá chậm | The body came too slowly"),
    409: problem("Idempotency-Key đã dùng cho nội dung khác | Key used with another body"),
    422: {
        "model": Receipt | Tried,
        "description": "Mọi bản ghi đều bị từ chối | Every item was rejected",
    },
}
REPAIR_RESPONSES: Described = {
    **_BODY_REFUSED,
    403: problem("Người sửa không được tự gửi lại | Four eyes are wanted"),
    404: problem("Không có bản ghi này của bạn | No such item of yours"),
    409: problem("Người khác vừa sửa | Somebody else was at it"),
    422: problem("Vẫn không đúng hợp đồng dữ liệu | It still breaks its contract"),
}
ALERT_RESPONSES: Described = {
    **_BODY_REFUSED,
    403: problem("Chỉ cán bộ có khóa --officer | Only officers may"),
    404: problem("Không có cảnh báo này | No such alert"),
    422: problem("Thiếu hoặc sai nội dung | What is said is missing or wrong"),
}
DECLARE_RESPONSES: Described = {
    **_BODY_REFUSED,
    403: problem("Khóa không được dùng hợp đồng này | The key is not bound to this contract"),
    404: problem("Không có biên nhận này của bạn | No such receipt of yours"),
}
MAPPING_RESPONSES: Described = {
    **_BODY_REFUSED,
    403: problem("Bảng ánh xạ của bên khác | It is another sender's"),
    404: problem("Không có hợp đồng này | No such contract"),
    408: problem("Nội dung đến quá chậm | The body came too slowly"),
    422: problem("Bảng ánh xạ chưa dùng được | The mapping cannot be used as it is"),
}
_KEY_WANTED: list[dict[str, list[str]]] = [{"bearer": []}]
# What is sent is judged and tried, and nothing is committed.
DRY_RUN = {
    "name": "dry_run",
    "in": "query",
    "required": False,
    "description": "1: chỉ thử, không ghi | 1: only try it, commit nothing",
    "schema": {"enum": ["0", "1"]},
}
FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in (
                "text/csv",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            )
        },
    },
    "security": _KEY_WANTED,
}


# The wrong rows of a file that is tried are shown to who has sent it, where they are asked for.
ROWS = {
    "name": "rows",
    "in": "query",
    "required": False,
    "description": "1: cùng dry_run, cho xem các dòng sai | 1: with dry_run, show the wrong rows",
    "schema": {"enum": ["0", "1"]},
}


def sent_file(media_type: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Describe the body of a file that is sent, by itself or with what was typed in its cells."""
    body = FILE["requestBody"]
    content = {**body["content"], media_type: {"schema": schema}}
    return {**FILE, "requestBody": {**body, "content": content}, "parameters": [DRY_RUN, ROWS]}


def json_body(model: type[BaseModel]) -> dict[str, Any]:
    """Describe a body that a route reads by itself, within the hub's limits."""
    schema = model.model_json_schema()
    schema = _inlined(schema, schema.pop("$defs", {}))
    content = {"application/json": {"schema": schema}}
    return {"requestBody": {"required": True, "content": content}, "security": _KEY_WANTED}


def _inlined(schema: Any, defs: dict[str, Any]) -> Any:
    """Put what a schema refers to in the place of its references: a body stands by itself."""
    if isinstance(schema, list):
        return [_inlined(part, defs) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(defs[schema["$ref"].rpartition("/")[2]], defs)
    return {name: _inlined(part, defs) for name, part in schema.items()}


def _cloudevent(data: dict[str, Any]) -> dict[str, Any]:
    text = {"type": "string", "minLength": 1}
    return {
        "type": "object",
        "required": ["specversion", "id", "source", "type", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            **dict.fromkeys(("id", "source", "type"), text),
            "data": data,
        },
    }


def post_extra(contract: Contract) -> dict[str, Any]:
    """Describe the body of a contract's POST."""
    event = contract.model.model_json_schema(ref_template="#/components/schemas/{model}")
    event.pop("$defs", None)
    needs = [
        {
            "if": {"properties": {"kind": {"const": kind}}},
            "then": {
                "required": list(names),
                "properties": {n: {"not": {"type": "null"}} for n in names},
            },
        }
        for kind, names in contract.spec.needs.items()
    ]
    if needs:
        event["allOf"] = needs
    event["properties"].pop(contract.spec.stamp, None)
    for f in contract.sent:
        event["properties"][f.name]["description"] = f"{f.doc.vi} | {f.doc.en}"
    many = {"type": "array", "items": event, "minItems": 1}
    return {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"anyOf": [event, many]}},
                "application/x-ndjson": {"schema": {"type": "string"}},
                ONE: {"schema": _cloudevent(event)},
                MANY: {"schema": {"type": "array", "items": _cloudevent(event), "minItems": 1}},
            },
        },
        "parameters": [
            DRY_RUN,
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "schema": {"type": "string", "minLength": 1, "maxLength": 128},
            },
        ],
        "security": _KEY_WANTED,
    }


def _name_roles(operation: dict[str, Any], roles: Sequence[str]) -> None:
    for parameter in operation.get("parameters", ()):
        if (parameter["in"], parameter["name"]) == ("query", "role"):
            parameter["description"] = " | ".join(roles)
            parameter["schema"] = {"enum": sorted(roles)}


def renderer(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """Make what renders `/openapi.json`: the routes, and how a key is shown."""

    def render() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
            )
            for operation in (o for path in schema["paths"].values() for o in path.values()):
                # The framework's own form of a refusal is never answered: see `problems`.
                if "HTTPValidationError" in str(operation["responses"].get("422")):
                    del operation["responses"]["422"]
                _name_roles(operation, app.state.edge.hub.installed.roles)
            schemas = schema["components"]["schemas"]
            for unused in ("HTTPValidationError", "ValidationError", Period.__name__):
                schemas.pop(unused, None)
            figure = figure_schema()
            schemas |= figure["$defs"]
            schemas[Figure.__name__] = {k: v for k, v in figure.items() if k != "$defs"}
            schemas[Problem.__name__] = Problem.model_json_schema()
            bearer = {"type": "http", "scheme": "bearer"}
            schema["components"]["securitySchemes"] = {"bearer": bearer}
            app.openapi_schema = schema
        return app.openapi_schema

    return render
