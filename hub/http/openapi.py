"""What `/openapi.json` says beyond the routes: bodies and verdicts, from the contracts."""

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from hub.definitions.contract import Contract
from hub.figures.kpi import Kpi
from hub.http.cloudevents import MANY, ONE

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
    "required": ["receipt", "accepted", "duplicates", "rejected", "signed"],
    "properties": {
        "signed": {
            "type": "string",
            "description": "JWS (RFC 7515, EdDSA); khóa ở | keys at /.well-known/jwks.json",
        },
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
    408: _problem("Nội dung đến quá chậm | The body came too slowly"),
    409: _problem("Idempotency-Key đã dùng cho nội dung khác | Key used with another body"),
    413: _problem("Quá lớn | Too large"),
    415: _problem("Mã hóa không hỗ trợ | Unknown content encoding"),
    422: _answer("Mọi bản ghi đều bị từ chối | Every item was rejected", _RECEIPT),
    429: _problem("Gửi quá dày | Too many requests"),
    503: _problem("Chưa ghi bền vững được | Could not be made durable"),
}


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
    one = contract.model.model_json_schema(ref_template="#/components/schemas/{model}")
    one.pop("$defs", None)
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
        one["allOf"] = needs
    for f in contract.fields:
        one["properties"][f.name]["description"] = f"{f.doc.vi} | {f.doc.en}"
    many = {"type": "array", "items": one, "minItems": 1}
    return {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"anyOf": [one, many]}},
                "application/x-ndjson": {"schema": {"type": "string"}},
                ONE: {"schema": _cloudevent(one)},
                MANY: {"schema": {"type": "array", "items": _cloudevent(one), "minItems": 1}},
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


_TEXT = {"type": "string", "minLength": 1}
_INSTANT = {"type": "string", "format": "date-time"}
_COUNT = {"type": "integer", "minimum": 1, "maximum": 86_400}
_OFFSET = {"type": "integer", "minimum": 0, "maximum": 999_999_999}
_WRITTEN_PERIOD = {
    "type": "string",
    "pattern": r"^(19[0-9]{2}|20[0-9]{2})(-(H[12]|Q[1-4]|0[1-9]|1[0-2]|W(0[1-9]|[1-4][0-9]|5[0-2])"
    r"|(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])))?$",
}


def _query(name: str, words: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": words,
        "schema": schema or _TEXT,
    }


def _path(name: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema or _TEXT}


_PERIOD = _query("period", "2023 2023-H1 2023-Q1 2023-05 2023-W07 2023-05-17", _WRITTEN_PERIOD)
_AS_OF = _query("as_of", "như hệ thống biết lúc đó, ISO 8601 | as the hub knew it then", _INSTANT)
_PAGE = _query("offset", "bắt đầu từ dòng | the first row of the page", _OFFSET)
QUERIES: dict[str, dict[str, Any]] = {
    "/v1/kpis": {"parameters": [_PERIOD, _AS_OF]},
    "/v1/quarantine": {
        "parameters": [
            *(
                _query(n, "", {"type": "string"})
                for n in ("sender", "contract", "rule", "field", "state", "id")
            ),
            _PAGE,
        ],
    },
    "/v1/quarantine/rows/{contract}": {
        "parameters": [
            _query(n, "", {"type": "string"}) for n in ("sender", "rule", "field", "state", "id")
        ],
    },
    "/v1/receipts/{receipt}": {
        "parameters": [_PAGE],
    },
    "/v1/periods/{period}/restatements": {"parameters": [_path("period", _WRITTEN_PERIOD)]},
    "/v1/sources": {
        "parameters": [
            _PERIOD,
            _query(
                "received",
                "kỳ tiếp nhận | the period in which items were accepted",
                _WRITTEN_PERIOD,
            ),
        ],
    },
    "/v1/sources/{source}/{name}": {
        "parameters": [_PERIOD, _PAGE],
    },
    "/v1/stream": {
        "parameters": [
            _PERIOD,
            _query("limit", "số sự kiện rồi dừng | end after so many events", _COUNT),
            _query("seconds", "số giây rồi dừng | end after so many seconds", _COUNT),
        ],
    },
}


def queries(roles: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Describe what may be asked, by path; KPIs go by these roles."""
    role = _query("role", " | ".join(roles), {"enum": sorted(roles)})
    at = _query("at", "thời điểm của câu hỏi, ISO 8601 | the instant of the question", _INSTANT)
    by = _query("by", "các chiều, cách nhau dấu phẩy | dimensions, comma separated")
    return {
        **QUERIES,
        "/v1/kpis/{kpi_id}": {"parameters": [_PERIOD, by, role, at, _AS_OF]},
        "/v1/kpis/{kpi_id}/facts": {"parameters": [_PERIOD, role, at, _AS_OF, _PAGE]},
    }


_ID = {**_TEXT, "maxLength": 160}
_IDS = {"type": "array", "items": _ID, "minItems": 1, "maxItems": 1000}


def _repair(*forms: dict[str, Any]) -> dict[str, Any]:
    every = [
        {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }
        for properties in forms
    ]
    schema = every[0] if len(every) == 1 else {"oneOf": every}
    body = {"required": True, "content": {"application/json": {"schema": schema}}}
    return {"requestBody": body, "security": [{"bearer": []}]}


NO_CONTRACT = _problem("Không có hợp đồng này | No such contract")
FILE = {
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
    "security": [{"bearer": []}],
}
REPAIRS = {
    "corrections/{contract}": FILE,
    "fix": _repair(
        {"id": _ID, "changes": {"type": "object"}}, {"id": _ID, "item": {"type": "object"}}
    ),
    "try": _repair({"ids": _IDS}),
    "replay": _repair({"ids": _IDS}),
    "discard": _repair({"ids": _IDS, "reason": {**_TEXT, "maxLength": 500}}),
}
REPAIR_RESPONSES: dict[int | str, dict[str, Any]] = {
    400: _problem("Không đọc được nội dung | The body cannot be read"),
    401: _problem("Thiếu khóa hợp lệ | No valid key"),
    403: _problem("Người sửa không được tự gửi lại | Four eyes are wanted"),
    404: _problem("Không có bản ghi này của bạn | No such item of yours"),
    409: _problem("Người khác vừa sửa | Somebody else was at it"),
    413: _problem("Quá lớn | Too large"),
    415: _problem("Mã hóa không hỗ trợ | Unknown content encoding"),
    422: _problem("Vẫn không đúng hợp đồng dữ liệu | It still breaks its contract"),
    429: _problem("Gửi quá dày | Too many requests"),
    503: _problem("Chưa ghi bền vững được | Could not be made durable"),
}
_BAD = _problem("Câu hỏi sai | The question cannot be answered as put")
GET_RESPONSES: dict[str, dict[int | str, dict[str, Any]]] = {
    "/v1/kpis": {400: _BAD},
    "/v1/kpis/{kpi_id}": {400: _BAD, 404: _problem("Không có chỉ số này | No such KPI")},
    "/v1/kpis/{kpi_id}/facts": {400: _BAD, 404: _problem("Không có chỉ số này | No such KPI")},
    "/v1/periods": {400: _BAD},
    "/v1/periods/{period}/restatements": {400: _BAD, 404: _problem("Chưa chốt | Not closed")},
    "/v1/quarantine": {400: _BAD, 401: _problem("Thiếu khóa hợp lệ | No valid key")},
    "/v1/quarantine/rows/{contract}": {
        200: _answer("Các dòng chờ sửa | Rows to repair", {"type": "string"}, "text/csv"),
        400: _BAD,
        401: _problem("Thiếu khóa hợp lệ | No valid key"),
        404: NO_CONTRACT,
    },
    "/v1/receipts/{receipt}": {400: _BAD, 404: _problem("Không có | No such receipt")},
    "/metrics": {200: _answer("Prometheus", {"type": "string"}, "text/plain")},
    "/v1/receipts/{receipt}/errors.csv": {
        200: _answer("Các dòng bị từ chối | Rejected rows", {"type": "string"}, "text/csv"),
        404: _problem("Không có | No such receipt"),
    },
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
            for operation in (o for path in schema["paths"].values() for o in path.values()):
                # What is said here of a parameter stands for what the framework says of it.
                named = {(p["in"], p["name"]): p for p in operation.get("parameters", ())}
                operation["parameters"] = list(named.values())
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
