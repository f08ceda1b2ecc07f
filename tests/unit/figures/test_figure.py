"""A figure's public form: what it says, and what reads it back."""

from dataclasses import fields, replace
from decimal import Decimal

from hub.figures.figure import (
    AS_CLOSED,
    AS_SHOWN,
    AS_TOLD,
    AS_TRIED,
    Figure,
    Restatement,
    read_figure,
    schema,
)
from hub.reference.lists import Target

PLAIN = Figure(
    dims={"unit": "H57.1", "channel": None},
    value="0.353200",
    numerator=3532,
    denominator=10_000,
    scale=1,
    measure_unit="share",
    target=Target(">=", Decimal("0.50")),
    met=False,
    status="provisional",
    completeness=0.5,
    fresh_at="2023-05-17T08:00:00+07:00",
    at="2024-01-01T00:00:00+07:00",
    cut="dossier=5",
    definition_version="abc",
)
RESTATED = replace(
    PLAIN,
    status="restated",
    closed_at="2024-01-02T00:00:00+07:00",
    restatement=Restatement("0.4", 4, 10, None, "dossier=6"),
)


def test_what_does_not_apply_is_left_out() -> None:
    said = PLAIN.public()
    assert list(said) == [
        "dims", "value", "numerator", "denominator", "scale", "measure_unit", "target", "met",
        "status", "completeness", "fresh_at", "at", "cut", "definition_version",
    ]  # fmt: skip
    assert said["target"] == {"op": ">=", "value": "0.50"}
    assert replace(PLAIN, target=None, met=None).public()["target"] is None
    assert list(RESTATED.public())[-2:] == ["closed_at", "restatement"]


def test_what_is_said_is_read_back() -> None:
    gone = replace(RESTATED, value=None, numerator=0, met=None, target=None)
    for figure in (PLAIN, RESTATED, replace(gone, restatement=Restatement())):
        assert read_figure(figure.public()) == figure


def test_each_kind_of_sameness_names_fields_that_are_there() -> None:
    names = {f.name for f in fields(Figure)}
    assert set(AS_CLOSED) < set(AS_TRIED) < set(AS_TOLD) < set(AS_SHOWN) < names
    assert names - set(AS_SHOWN) == {"at", "cut"}


def test_the_schema_describes_every_field() -> None:
    found = schema()
    assert list(found["properties"]) == [f.name for f in fields(Figure)]
    assert set(found["properties"]) - set(found["required"]) == {
        "closed_at",
        "lacks",
        "missing",
        "unit",
        "restatement",
        "progress",
        "version",
        "version_until",
    }
    assert all("description" in p for p in found["properties"].values())
