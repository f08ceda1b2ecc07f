"""What `/openapi.json` says beyond the routes: bodies and verdicts, from the contracts."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from hub.contracts import Contract
from hub.kpis import Kpi

VERSION = "1"
DESCRIPTION = (
    "Trục tích hợp dữ liệu cấp tỉnh: mỗi con số tự chứng minh được nguồn gốc. | A province's data"
    " integration hub: every number can prove itself. A figure's value is"
    " numerator / (denominator × scale)."
)

_VERDICT = {
    "type": "object",
    "required": ["index", "rule", "field", "message_vi", "message_en"],
    "properties": {
        "index": {"type": "integer"},
        **{n: {"type": "string"} for n in ("rule", "field", "value", "message_vi", "message_en")},
    },
}
_RECEIPT = {
    "type": "object",
    "required": ["receipt", "accepted", "duplicates", "rejected"],
    "properties": {
        "receipt": {"type": "string"},
        "accepted": {"type": "integer"},
        "duplicates": {"type": "integer"},
        "rejected": {"type": "array", "items": _VERDICT},
    },
}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "message_vi", "message_en"],
    "properties": {
        "status": {"type": "integer"},
        **{n: {"type": "string"} for n in ("type", "title", "detail", "message_vi", "message_en")},
    },
}


def _answer(words: str, schema: dict[str, Any], kind: str = "application/json") -> dict[str, Any]:
    return {"description": words, "content": {kind: {"schema": schema}}}


def _problem(words: str) -> dict[str, Any]:
    return _answer(words, _PROBLEM, "application/problem+json")


POST_RESPONSES: dict[int | str, dict[str, Any]] = {
    202: _answer("Đã ghi bền vững | Durable", _RECEIPT),
    400: _problem("Không đọc được nội dung | The body cannot be read"),
    401: _problem("Thiếu khóa hợp lệ | No valid key"),
    403: _problem("Khóa không được dùng hợp đồng này | The key is not bound to this contract"),
    409: _problem("Idempotency-Key đã dùng cho nội dung khác | Key used with another body"),
    413: _problem("Quá lớn | Too large"),
    415: _problem("Mã hóa không hỗ trợ | Unknown content encoding"),
    422: _answer("Mọi bản ghi đều bị từ chối | Every item was rejected", _RECEIPT),
    429: _problem("Gửi quá dày | Too many requests"),
    503: _problem("Chưa ghi bền vững được | Could not be made durable"),
}


def post_extra(contract: Contract) -> dict[str, Any]:
    """Describe the body of a contract's POST."""
    one = contract.model.model_json_schema(ref_template="#/components/schemas/{model}")
    one.pop("$defs", None)
    for f in contract.fields:
        one["properties"][f.name]["description"] = f"{f.doc.vi} | {f.doc.en}"
    many = {"type": "array", "items": one, "minItems": 1}
    return {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"anyOf": [one, many]}},
                "application/x-ndjson": {"schema": {"type": "string"}},
            },
        },
        "parameters": [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "schema": {"type": "string", "minLength": 1, "maxLength": 128},
            },
        ],
        "security": [{"bearer": []}],
    }


def _query(name: str, words: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": words,
        "schema": {"type": "string"},
    }


_PERIOD = _query("period", "2023 2023-H1 2023-Q1 2023-05 2023-W07 2023-05-17")
QUERIES: dict[str, dict[str, Any]] = {
    "/v1/kpis": {"parameters": [_PERIOD]},
    "/v1/kpis/{kpi_id}": {
        "parameters": [
            _PERIOD,
            _query("by", "các chiều, cách nhau dấu phẩy | dimensions, comma separated"),
            _query("role", "received_by | resolved_by | citizen"),
            _query("at", "thời điểm của câu hỏi, ISO 8601 | the instant of the question"),
        ],
    },
    "/v1/sources": {
        "parameters": [
            _PERIOD,
            _query("received", "kỳ tiếp nhận | the period in which items were accepted"),
        ],
    },
    "/v1/sources/{source}/{name}": {
        "parameters": [_PERIOD, _query("offset", "bắt đầu từ dòng | the first row of the page")],
    },
    "/v1/stream": {
        "parameters": [
            _PERIOD,
            _query("limit", "số sự kiện rồi dừng | end after so many events"),
            _query("seconds", "số giây rồi dừng | end after so many seconds"),
        ],
    },
}
_BAD = _problem("Câu hỏi sai | The question cannot be answered as put")
GET_RESPONSES: dict[str, dict[int | str, dict[str, Any]]] = {
    "/v1/kpis": {400: _BAD},
    "/v1/kpis/{kpi_id}": {400: _BAD, 404: _problem("Không có chỉ số này | No such KPI")},
    "/v1/sources": {400: _BAD},
    "/v1/sources/{source}/{name}": {400: _BAD, 404: _problem("Không có | No such list")},
    "/v1/stream": {400: _BAD},
    "/readyz": {503: _problem("Đã ngừng cập nhật | Figures are no longer updated")},
}


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
            bearer = {"type": "http", "scheme": "bearer"}
            schema.setdefault("components", {})["securitySchemes"] = {"bearer": bearer}
            app.openapi_schema = schema
        return app.openapi_schema

    return render


def describe_kpi(kpi: Kpi) -> dict[str, Any]:
    """Describe a KPI for the catalogue."""
    return {
        "id": kpi.id,
        "title_vi": kpi.title.vi,
        "title_en": kpi.title.en,
        "question_vi": kpi.question.vi,
        "question_en": kpi.question.en,
        "owner": kpi.owner,
        "measure_unit": kpi.measure_unit,
        "scale": kpi.scale,
        "contract": kpi.contract,
        "group": kpi.group,
        "dimensions": kpi.dimensions,
    }
