"""What the framework refuses is said in both languages, by the words that contracts have."""

from typing import Annotated, Literal

import pytest
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from hub.http.problems import question_of


class Note(BaseModel):
    """A body such as routes take."""

    text: Annotated[str, Field(min_length=1)]
    kind: Literal["fix", "drop"]
    is_final: bool
    rows: list[int]


RIGHT = {"text": "x", "kind": "fix", "is_final": True, "rows": [1]}


@pytest.mark.parametrize(
    ("field", "value", "vi", "en"),
    [
        ("text", 1, "phải là chuỗi ký tự", "is not a text"),
        ("text", "", "ngắn quá", "is too short"),
        ("kind", "x", "ngoài danh sách; chỉ nhận", "is not one of"),
        ("is_final", "maybe", "phải là true hoặc false", "is not true or false"),
        ("rows", 3, "phải là một danh sách", "is not a list"),
        ("rows.0", "a", "phải là một số", "is not a number"),
    ],
)
def test_a_body_that_is_wrong_is_refused_in_both_languages(
    field: str, value: object, vi: str, en: str
) -> None:
    name, _, index = field.partition(".")
    body = {**RIGHT, name: [value] if index else value}
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(Note).validate_python(body)
    (fault,) = raised.value.errors()
    refusal = question_of(RequestValidationError([{**fault, "loc": ("body", *fault["loc"])}]))
    assert refusal.field == field
    assert refusal.vi.startswith(f"{field}: {vi}")
    assert refusal.en.startswith(f"{field}: {en}")
