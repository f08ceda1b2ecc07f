"""The parameters of questions: each with its form, which `/openapi.json` shows, and its refusal."""

from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)

from hub.figures.compute import QuestionError, no_period
from hub.reference.periods import FORMS, Period, parse_period

ROW_MAX = 999_999_999
PERIOD_FORM = {
    "type": "string",
    "pattern": r"^(19[0-9]{2}|20[0-9]{2})(-(H[12]|Q[1-4]|0[1-9]|1[0-2]|W(0[1-9]|[1-4][0-9]|5[0-2])"
    r"|(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])))?$",
}


class Parameters(BaseModel):
    """The parameters of one route; one that would be ignored is refused."""

    model_config = ConfigDict(extra="forbid")


def period_of(text: str) -> Period:
    """Read a period; raise `QuestionError` for anything else."""
    try:
        return parse_period(text)
    except ValueError:
        raise no_period(text) from None


def said_as(vi: str, en: str) -> WrapValidator:
    """Say what a parameter must be, whatever is wrong with it."""

    def judge(value: Any, go_on: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
        try:
            return go_on(value)
        except ValueError:
            name = str(info.field_name)
            raise QuestionError(name, f"{name} {vi}", f"{name} {en}") from None

    return WrapValidator(judge)


def only_of(value: Any) -> Any:
    """Give the value of a parameter that the framework may put into a list of its own."""
    return value[0] if isinstance(value, list) else value


def _plain_digits(value: Any) -> str:
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(ROW_MAX))):
        raise ValueError("not written in plain digits")
    return text


POSITIVE = said_as("phải là số dương", "must be a positive number")
Offset = Annotated[
    int,
    Field(ge=0, le=ROW_MAX, description="bắt đầu từ dòng | the first row of the page"),
    BeforeValidator(_plain_digits),
    said_as("phải là số nguyên không âm", "must be a whole number"),
]
Limit = Annotated[
    int,
    Field(ge=1, le=1_000, description="số dòng mỗi trang | the rows of a page"),
    BeforeValidator(_plain_digits),
    said_as("phải là số nguyên từ 1 đến 1000", "must be a whole number from 1 to 1000"),
]
# What may be left out is none then; written, it is never null.
WrittenPeriod = Annotated[
    Period | None, PlainValidator(period_of), WithJsonSchema(PERIOD_FORM), Field(description=FORMS)
]
# What is read later, together with what it depends on: here it is text of a form.
PeriodText = Annotated[str | None, WithJsonSchema(PERIOD_FORM), Field(description=FORMS)]
InstantText = Annotated[str | None, WithJsonSchema({"type": "string", "format": "date-time"})]
