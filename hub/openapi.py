"""What `/openapi.json` says beyond the routes: bodies and verdicts, from the contracts."""

from typing import Any

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


KPI_EXTRA: dict[str, Any] = {
    "parameters": [
        _query("period", "2023 2023-H1 2023-Q1 2023-05 2023-W07 2023-05-17"),
        _query("by", "các chiều, cách nhau dấu phẩy | dimensions, comma separated"),
        _query("role", "received_by | resolved_by | citizen"),
        _query("at", "thời điểm của câu hỏi, ISO 8601 | the instant of the question"),
    ],
}


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
