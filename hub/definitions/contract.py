"""Contracts: what an event is, said once as a pydantic class.

Everything else about a contract is derived from its class: the Avro schema, the columns in which
batches travel, the vectorised acceptance check and the texts of the catalogue.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, get_args, get_origin

import polars as pl
from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    FailFast,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError

from hub.clock import DAY_US, EPOCH, OFFSET_US, day_start, to_us
from hub.definitions.barred import Bars
from hub.definitions.naming import Names

INSTANT_MIN = to_us(datetime(1900, 1, 1, tzinfo=UTC))
INSTANT_MAX = to_us(datetime(9999, 12, 30, tzinfo=UTC))
COUNT_MAX = 10**12
ITEMS_MAX = 20_000
# By the length of a period's text: 2023, 2023-05, 2023-05-17.
SPANS = {4: "year", 7: "month", 10: "day"}


@dataclass(frozen=True)
class Doc:
    """What a field is, for people, in Vietnamese and English; `also` are other titles in use.

    `example` is a value that would be right, for who sent one that is not.
    """

    vi: str
    en: str
    also: tuple[str, ...] = ()
    example: str = ""


@dataclass(frozen=True)
class Thousandths:
    """Marks a decimal of at most three decimals, kept as an integer of thousandths."""

    limit: int = 10**9


@dataclass(frozen=True)
class Absent:
    """Marks a field that may be left out though the wire has always something there: `wire`.

    `advice` says how to leave it out, for who sent a sign of nothing in its place.
    """

    wire: int
    advice: Doc


def _is_written_out(value: Any) -> Any:
    """Refuse what pydantic would read as seconds since 1970, such as `20230804091500`."""
    if isinstance(value, str):
        is_written_out = "-" in value[:8] and ":" in value
    else:
        is_written_out = isinstance(value, datetime)
    if not is_written_out:
        raise PydanticCustomError("malformed_instant", "not an ISO 8601 instant")
    return value


Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_is_written_out),
    Field(
        strict=False,  # the check before it has seen to what pydantic would be lax about
        ge=datetime(1900, 1, 1, tzinfo=UTC),
        le=datetime(9999, 12, 30, tzinfo=UTC),
    ),
]


def _is_from_the_log(value: Any, info: ValidationInfo) -> Any:
    """Refuse from senders what the hub alone writes, as if the contract had no such field."""
    if info.context != AS_STORED:
        raise PydanticCustomError("extra_forbidden", "written by the hub alone")
    return value


# The context in which an event that stands in the log is validated again.
AS_STORED = "as stored"
# Which units the sender of an event may speak for, by commas; written by the hub (`Spec.stamp`).
Stamp = Annotated[str | None, BeforeValidator(_is_from_the_log)]
EventId = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,64}$")]
UnitCode = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]+(\.[A-Z0-9]+)*$", max_length=64)]
Count = Annotated[int, Field(ge=0, le=COUNT_MAX)]
Milli = Annotated[
    Decimal, Field(decimal_places=3, ge=-(10**9), le=10**9, allow_inf_nan=False), Thousandths()
]


# Who or where somebody may send for. A kind of limit is named as the option of a key that sets it.
LimitKind = Literal["units", "reporters", "areas", "stations"]
LIMIT_KINDS: tuple[LimitKind, ...] = get_args(LimitKind)


@dataclass(frozen=True)
class Rule:
    """A check over several fields, said for one event and for columns; both must agree.

    `doc` says what is wrong, of all events alike or of each.
    """

    name: str
    field: str
    allows: Callable[[Any], bool]
    column: pl.Expr
    doc: Doc | Callable[[Any], Doc]

    def doc_of(self, event: Any) -> Doc:
        """Say what is wrong with an event that is not allowed."""
        return self.doc if isinstance(self.doc, Doc) else self.doc(event)


@dataclass(frozen=True)
class Ranged:
    """What a province's list of ranges is held to: the fields of quantity, place and instant.

    `value` gives an event's value in thousandths of the quantity's own unit (`units`), `counts`
    whether the event is to be counted: what its sender calls doubtful is not.
    """

    field: str
    quantity: str
    place: str
    at: str
    value: pl.Expr
    units: Mapping[str, str]
    counts: pl.Expr


@dataclass(frozen=True)
class Spec:
    """How the events of a contract behave.

    `key` is the topic's key (it chooses the partition), `entity` the fields that name the thing an
    event is about, `occurred` the field that says when (an instant, or a period, which counts from
    its start). `order_first` are fields that outrank the instants inside a fold. `units`,
    `reporters`, `areas` and `stations` are the fields that a key's limits of that kind are checked
    against, the one that owns the thing first. `needs` names, per kind, the fields it cannot do
    without, `deadlines` instants that mean the end of a working day where only the day is given.
    Into `stamp` the hub writes which units a sender may speak for, where things are shared by them.
    `names`: how codes name things; `ranged`: how great values may be; `bars`: what may not enter.
    """

    name: str
    title: Doc
    owner: str
    legal_basis: str
    personal_data: str
    key: tuple[str, ...]
    entity: tuple[str, ...]
    occurred: str
    units: tuple[str, ...]
    reporters: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    stations: tuple[str, ...] = ()
    order_first: tuple[str, ...] = ()
    needs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    retracting_kind: str | None = None
    deadlines: tuple[str, ...] = ()
    stamp: str | None = None
    names: Names | None = None
    ranged: Ranged | None = None
    bars: Bars = ()

    @property
    def topic(self) -> str:
        """The topic that carries the events."""
        return f"lgsp.{self.name}.v1"

    @cached_property
    def limited(self) -> dict[LimitKind, tuple[str, ...]]:
        """The fields by which a key can be limited, by the kind of limit."""
        fields: dict[LimitKind, tuple[str, ...]] = {k: getattr(self, k) for k in LIMIT_KINDS}
        return {kind: names for kind, names in fields.items() if names}


class Event(BaseModel):
    """What every event has; a contract is a subclass with a `spec`."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    spec: ClassVar[Spec]

    event_id: Annotated[
        EventId,
        Doc("Mã sự kiện, duy nhất đối với bên gửi", "Identifier, unique per sender"),
    ]
    recorded_at: Annotated[
        Instant | None,
        Doc(
            "Thời điểm nguồn ghi nhận hoặc đính chính; mặc định là lúc xảy ra",
            "When the source recorded or corrected it; by default when it happened",
        ),
    ] = None

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> "Event":
        needs = self.spec.needs.get(getattr(self, "kind", ""), ())
        for name in needs:
            if getattr(self, name) is None:
                raise PydanticCustomError("required_on_kind", "{field}", {"field": name})
        for rule in self.spec.rules:
            if not rule.allows(self):
                doc = rule.doc_of(self)
                said = {"name": rule.name, "vi": doc.vi, "en": doc.en}
                raise PydanticCustomError("rule", "{name}", said)
        return self


FieldKind = Literal["text", "instant", "integer", "thousandths", "boolean"]
_POLARS: dict[FieldKind, Any] = {
    "text": pl.String,
    "instant": pl.Int64,
    "integer": pl.Int64,
    "thousandths": pl.Int64,
    "boolean": pl.Boolean,
}


@dataclass(frozen=True)
class WireField:
    """One field as it travels: its kind, whether it may be absent, its texts and its limits.

    `absent` is there where it may be left out by a sender, and not on the wire.
    """

    name: str
    kind: FieldKind
    optional: bool
    doc: Doc
    limits: dict[str, Any]
    absent: Absent | None = None

    @property
    def dtype(self) -> Any:
        """The polars type of the column."""
        return _POLARS[self.kind]

    @property
    def is_needed(self) -> bool:
        """Whether a sender must always give it."""
        return not self.optional and self.absent is None

    def to_wire(self, value: Any) -> Any:
        """Turn a value into what travels: instants and decimals become integers."""
        if value is None:
            return None if self.absent is None else self.absent.wire
        if self.kind == "instant":
            return to_us(value)
        return int(value * 1000) if self.kind == "thousandths" else value

    def is_valid(self) -> pl.Expr:
        """Give the vectorised form of what pydantic checks; null where absence is at stake."""
        c = pl.col(self.name)
        ok = pl.lit(True)
        if "enum" in self.limits:
            ok = c.is_in(self.limits["enum"])
        if "pattern" in self.limits:
            ok = c.str.contains(self.limits["pattern"])
        if "maxLength" in self.limits:
            ok = ok & (c.str.len_chars() <= self.limits["maxLength"])
        if "minimum" in self.limits:
            ok = ok & c.is_between(self.limits["minimum"], self.limits["maximum"])
        return c.is_null() | ok if self.optional else c.is_not_null() & ok


class Contract:
    """A contract as the hub uses it: built from an `Event` class, nothing added."""

    def __init__(self, model: type[Event]) -> None:
        self.model = model
        self.spec = model.spec
        self.name = model.spec.name
        self.topic = model.spec.topic

    def __repr__(self) -> str:
        return f"Contract({self.name})"

    @cached_property
    def fields(self) -> list[WireField]:
        """The fields in the order in which they travel: the key first."""
        schema = self.model.model_json_schema()["properties"]
        names = list(self.model.model_fields)
        names.sort(key=lambda n: n not in self.spec.key)
        return [self._wire(n, schema[n]) for n in names]

    @cached_property
    def sent(self) -> list[WireField]:
        """The fields that senders fill: all but what the hub writes."""
        return [f for f in self.fields if f.name != self.spec.stamp]

    @cached_property
    def kinds(self) -> list[str]:
        """The kinds of event, lowest rank first; empty where the contract has one kind."""
        limits = {f.name: f.limits for f in self.fields}
        return list(limits.get("kind", {}).get("enum", []))

    @cached_property
    def items(self) -> TypeAdapter[list[Event]]:
        """Validates a list of events, up to the first that is wrong."""
        return TypeAdapter(Annotated[list[self.model], FailFast()])  # type: ignore[arg-type,name-defined]

    @cached_property
    def item(self) -> TypeAdapter[Event]:
        """Validates one event."""
        return TypeAdapter(self.model)

    def wire(self, event: Event) -> dict[str, Any]:
        """Turn an event into its wire values: instants and decimals become integers."""
        values = event.__dict__
        return {f.name: f.to_wire(values[f.name]) for f in self.fields}

    def columns(self, events: list[Event]) -> pl.DataFrame:
        """Put validated events into columns."""
        data: dict[str, list[Any]] = {}
        for f in self.fields:
            column = [e.__dict__[f.name] for e in events]
            if f.kind in ("instant", "thousandths"):
                column = [f.to_wire(v) for v in column]
            data[f.name] = column
        return pl.DataFrame(data, schema={f.name: f.dtype for f in self.fields})

    def conform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Put columns into the contract's order and types; absent optional ones become null.

        Raises `ValueError` for a column that the contract does not know or of another type.
        """
        known = {f.name: f for f in self.fields}
        for name, dtype in frame.schema.items():
            if name not in known:
                raise ValueError(f"{self.name}: unknown column {name}")
            wanted = known[name].dtype
            is_widened = dtype.is_integer() and wanted == pl.Int64
            if dtype not in (wanted, pl.Null) and not is_widened:
                raise ValueError(f"{self.name}.{name}: {dtype} instead of {wanted}")
        return frame.select(
            (
                pl.col(f.name).cast(f.dtype) if f.name in frame.columns else pl.lit(None, f.dtype)
            ).alias(f.name)
            for f in self.fields
        )

    @cached_property
    def is_valid(self) -> pl.Expr:
        """Say per row whether pydantic would accept it: never true where pydantic says no."""
        checks = [f.is_valid() for f in self.fields]
        for kind, needed in self.spec.needs.items():
            present = pl.all_horizontal(pl.col(n).is_not_null() for n in needed)
            checks.append((pl.col("kind") != kind) | present)
        checks += [rule.column for rule in self.spec.rules]
        if self._has_period:
            checks.append(self.occurred.is_not_null())
        return pl.all_horizontal(checks).fill_null(value=False)

    @cached_property
    def _has_period(self) -> bool:
        return self._field(self.spec.occurred).kind == "text"

    @cached_property
    def occurred(self) -> pl.Expr:
        """When an event happened, as an instant in columns."""
        c = pl.col(self.spec.occurred)
        if not self._has_period:
            return c
        first = (c + "-01-01").str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
        return first.cast(pl.Int64) * DAY_US - OFFSET_US

    @cached_property
    def party(self) -> str | None:
        """The field that says who or what an event reports of; it is limited first."""
        return next((names[0] for names in self.spec.limited.values()), None)

    @cached_property
    def span(self) -> pl.Expr:
        """How long a period an event is about: day, month or year; empty where it is an instant."""
        if not self._has_period:
            return pl.lit("")
        length = pl.col(self.spec.occurred).str.len_chars()
        return length.replace_strict(SPANS, default="", return_dtype=pl.String)

    def span_of(self, wire: dict[str, Any]) -> str:
        """How long a period one event is about."""
        return SPANS.get(len(wire[self.spec.occurred]), "") if self._has_period else ""

    def occurred_of(self, wire: dict[str, Any]) -> int:
        """When one event happened, as an instant."""
        value = wire[self.spec.occurred]
        if not self._has_period:
            return int(value)
        return day_start(date.fromisoformat((value + "-01-01")[:10]))

    @cached_property
    def past(self) -> list[str]:
        """The fields that say when something was: all that do but deadlines."""
        instants = [f.name for f in self.fields if f.kind == "instant"]
        named = [n for n in instants if n not in self.spec.deadlines]
        return [*named, self.spec.occurred] if self._has_period else named

    @cached_property
    def entity(self) -> pl.Expr:
        """The name of the thing an event is about, in columns."""
        return pl.concat_str([_name_part(self._field(n)) for n in self.spec.entity], separator="|")

    def entity_of(self, wire: dict[str, Any]) -> str:
        """The name of the thing one event is about."""
        parts = [_name_of(self._by_name[n], wire[n]) for n in self.spec.entity]
        return parts[0] if len(parts) == 1 else "|".join(parts)

    @cached_property
    def can_retract(self) -> bool:
        """Whether an event of this contract may withdraw another."""
        return self.spec.retracting_kind is not None

    def _field(self, name: str) -> WireField:
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, WireField]:
        return {f.name: f for f in self.fields}

    def _wire(self, name: str, schema: dict[str, Any]) -> WireField:
        info = self.model.model_fields[name]
        absent = next((m for m in info.metadata if isinstance(m, Absent)), None)
        optional = not info.is_required() and absent is None
        annotation = info.annotation
        metadata = list(info.metadata)
        for inner in get_args(annotation):
            if get_origin(inner) is Annotated or hasattr(inner, "__metadata__"):
                metadata += inner.__metadata__
                annotation = inner.__origin__
            elif inner is not type(None) and get_origin(annotation) is not Literal:
                annotation = inner
        doc = next((m for m in metadata if isinstance(m, Doc)), None)
        if doc is None:
            raise TypeError(f"{self.name}.{name} has no Doc")
        limits = next((s for s in schema.get("anyOf", []) if s.get("type") != "null"), schema)
        limits = {k: v for k, v in limits.items() if k in _LIMITS}
        kind = _kind_of(annotation, metadata)
        if kind == "instant":
            limits = {"minimum": INSTANT_MIN, "maximum": INSTANT_MAX}
        if kind == "thousandths":
            mark = next(m for m in metadata if isinstance(m, Thousandths))
            limits = {"minimum": -mark.limit * 1000, "maximum": mark.limit * 1000}
        return WireField(name, kind, optional, doc, limits, absent)


_LIMITS = ("enum", "pattern", "maxLength", "minimum", "maximum")


def _kind_of(annotation: Any, metadata: list[Any]) -> FieldKind:
    if any(isinstance(m, Thousandths) for m in metadata):
        return "thousandths"
    kinds: dict[Any, FieldKind] = {str: "text", int: "integer", bool: "boolean"}
    if get_origin(annotation) is Literal:
        annotation = type(get_args(annotation)[0])
    if annotation is datetime or annotation is AwareDatetime:
        return "instant"
    if annotation in kinds:
        return kinds[annotation]
    raise TypeError(f"a contract cannot carry {annotation!r}")


_NAME_TIME = "%Y-%m-%dT%H:%M:%S.%6f"


def _name_part(f: WireField) -> pl.Expr:
    c = pl.col(f.name)
    if f.kind == "instant":
        return pl.from_epoch(c + OFFSET_US, time_unit="us").dt.strftime(_NAME_TIME)
    return c.cast(pl.String)


def _name_of(f: WireField, value: Any) -> str:
    if f.kind == "instant":
        local = EPOCH + timedelta(microseconds=value + OFFSET_US)
        return local.strftime("%Y-%m-%dT%H:%M:%S.%f")
    return str(value)
