"""SQL views: what other people's tools may read of a store in PostgreSQL, and nothing beside it.

They stand in a schema of their own, whose name carries their version: within one, views and columns
are added, and none is renamed or taken away. One definition makes the views, their comments in the
database and the page that describes them. They are derived from what is installed: a fact with
columns that are `shown`, a list whose form `is_open`, measures that are kept in cells.

Who reads is a role in the table `sql_role`. Facts are shown of the role's units and what is below
them today; figures, sums, closings and lists are for every role, as they are for every key.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hub.definitions.contract import Contract, Doc
from hub.definitions.fact import Fact
from hub.definitions.installed import Definitions
from hub.reference.form import Column as ListColumn
from hub.reference.form import Form
from hub.store.sql_words import DOCS, VIEWS

VERSION = 1
NAME = f"ioc_v{VERSION}"
HUB = "{hub}"  # stands in SQL for the schema of the hub's own tables
OWN = "{ioc}"  # and for that of the views
BY_UNIT = ("units", "areas")  # the kinds of limit that a unit's code is of, as in hub.access
OWN_UNIT = "own_unit"


@dataclass(frozen=True)
class Column:
    """A column of a view: its type in PostgreSQL, the SQL that gives it, what it is."""

    name: str
    type: str
    sql: str
    doc: Doc


@dataclass(frozen=True)
class View:
    """A view: what it is, its columns, and the SQL behind `FROM`; `first` stands before SELECT."""

    name: str
    doc: Doc
    columns: tuple[Column, ...]
    source: str
    first: str = ""
    is_limited: bool = False

    @property
    def sql(self) -> str:
        """The query, with `{hub}` and `{ioc}` for the schemas."""
        listed = ", ".join(f'({c.sql})::{c.type} AS "{c.name}"' for c in self.columns)
        return f"{self.first}SELECT {listed} FROM {self.source}"


def views_of(definitions: Definitions, forms: Mapping[str, Form]) -> tuple[View, ...]:
    """Derive all views, each after those that it reads."""
    facts = [f for f in definitions.facts.values() if f.shown]
    lists = [_of_list(name, form) for name, form in forms.items() if form.is_open]
    views = (
        _own_unit(),
        _figure(),
        _daily(facts),
        _closing(),
        _official_figure(),
        _freshness(),
        *(_of_fact(f, definitions.contracts[f.contract]) for f in facts),
        *lists,
    )
    names = [view.name for view in views]
    if len(set(names)) < len(names):
        raise ValueError(f"two SQL views of one name: {', '.join(sorted(names))}")
    return views


def digest(views: Sequence[View]) -> str:
    """Digest all that makes the views, so that it is known whether they are up to date."""
    return hashlib.blake2b(repr(views).encode(), digest_size=8).hexdigest()


def script(views: Sequence[View], hub: str, ioc: str) -> Iterator[str]:
    """Write the statements that make the views in a schema that is there, with their comments.

    Each is a barrier: a condition of whoever asks sees no row that the view would not show.
    """
    for view in views:
        name = f'"{ioc}"."{view.name}"'
        sql = view.sql.replace(HUB, f'"{hub}"').replace(OWN, f'"{ioc}"')
        yield f"CREATE VIEW {name} WITH (security_barrier) AS {sql}"
        yield f"COMMENT ON VIEW {name} IS {_literal(_both(view.doc))}"
        for column in view.columns:
            about = _literal(_both(column.doc))
            yield f'COMMENT ON COLUMN {name}."{column.name}" IS {about}'


def _both(doc: Doc) -> str:
    return f"{doc.vi} | {doc.en}"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _instant(sql: str) -> str:
    """Write microseconds as an instant, exactly."""
    return f"timestamptz 'epoch' + {sql} * interval '1 microsecond'"


def _columns(view: str, *listed: tuple[str, str, str]) -> tuple[Column, ...]:
    return tuple(Column(name, kind, sql, DOCS[view, name]) for name, kind, sql in listed)


_NOW_US = "(extract(epoch FROM now()) * 1000000)"
_ROLE = (
    f"{HUB}.sql_role r WHERE r.role = current_user"
    f" AND (r.expires_at IS NULL OR r.expires_at > {_NOW_US})"
)
_SEES_ALL = f"(SELECT bool_or(r.units = '') FROM {_ROLE})"


def _rows(name: str) -> str:
    """Write the rows of the list of a name that was loaded last, each as JSON in `r`."""
    return (
        f"(SELECT content FROM {HUB}.reference_list WHERE name = {_literal(name)}"
        " ORDER BY log_offset DESC LIMIT 1) l, jsonb_array_elements(l.content::jsonb) AS rows(r)"
    )


def _own_unit() -> View:
    today = "(now() AT TIME ZONE interval '7 hours')::date::text"
    return View(
        OWN_UNIT,
        VIEWS[OWN_UNIT],
        _columns(OWN_UNIT, ("unit", "text", "own.code")),
        "own",
        "WITH RECURSIVE listed AS MATERIALIZED (SELECT r->>'code' AS code, r->>'parent' AS parent"
        f" FROM {_rows('units')} WHERE r->>'valid_from' <= {today}"
        f" AND (r->>'valid_to' = '' OR {today} < r->>'valid_to')),"
        # Without units it is the whole province: all units of today.
        f" own AS (SELECT u.code FROM (SELECT unnest(string_to_array(r.units, ',')) AS code"
        f" FROM {_ROLE}) u"
        f" UNION SELECT listed.code FROM listed WHERE {_SEES_ALL}"
        " UNION SELECT below.code FROM own JOIN listed it ON it.code = own.code"
        " JOIN listed below ON below.parent = own.code) ",
    )


def _figure() -> View:
    kept = "(f.said::jsonb)"
    return View(
        "figure",
        VIEWS["figure"],
        _columns(
            "figure",
            ("kpi", "text", "split_part(f.key, '|', 1)"),
            ("period", "text", "split_part(f.key, '|', 2)"),
            *_said_columns(kept),
            ("status", "text", f"{kept}->>'status'"),
            ("progress", "text", f"{kept}->'progress'->>'state'"),
            ("changed_at", "timestamptz", _instant("f.revision")),
        ),
        f"{HUB}.figure f",
    )


def _said_columns(kept: str) -> tuple[tuple[str, str, str], ...]:
    """Give what a figure says that is kept as JSON, as the API gives it."""
    return (
        ("value", "numeric", f"{kept}->>'value'"),
        *((n, "bigint", f"{kept}->>'{n}'") for n in ("numerator", "denominator", "scale")),
        ("measure_unit", "text", f"{kept}->>'measure_unit'"),
        ("target_op", "text", f"{kept}->'target'->>'op'"),
        ("target_value", "numeric", f"{kept}->'target'->>'value'"),
        ("met", "boolean", f"{kept}->>'met'"),
        ("completeness", "numeric", f"{kept}->>'completeness'"),
        ("definition_version", "text", f"{kept}->>'definition_version'"),
    )


def dimensions(facts: Sequence[Fact]) -> list[str]:
    """Name what sums are split by, in the order of the facts."""
    listed = (d for f in facts for m in f.measures for dims in m.sets for d in dims)
    return list(dict.fromkeys(listed))


def _daily(facts: Sequence[Fact]) -> View:
    sets = [
        (measure.cell_set(dims), fact.contract, measure.name, "+".join(dims))
        for fact in facts
        for measure in fact.measures
        for dims in measure.sets
    ]
    # Sets by their names, so that a question of one measure reads its cells alone.
    listed = ", ".join("(" + ", ".join(map(_literal, row)) + ")" for row in sets)
    split = (
        (d, "text", f"nullif(substring(c.dims FROM '(?:^|,){d}=([^,]*)'), '')")
        for d in dimensions(facts)
    )
    return View(
        "daily",
        VIEWS["daily"],
        (
            *_columns(
                "daily",
                ("contract", "text", "s.contract"),
                ("measure", "text", "s.measure"),
                ("split_by", "text", "s.split_by"),
                ("day", "date", "c.period"),
            ),
            *(Column(name, kind, sql, DOCS["daily", "by"]) for name, kind, sql in split),
            *_columns("daily", ("count", "bigint", "c.count"), ("value", "bigint", "c.value")),
        ),
        f"(VALUES {listed}) AS s(cell_set, contract, measure, split_by) JOIN"
        " (SELECT cell_set, period, dims, sum(count) AS count, sum(value) AS value"
        f" FROM {HUB}.cell GROUP BY cell_set, period, dims HAVING sum(count) <> 0) c"
        " ON c.cell_set = s.cell_set",
    )


_CLOSED = (
    "(SELECT *, log_offset = max(log_offset) OVER (PARTITION BY period) AS is_latest"
    f" FROM {HUB}.closing) c"
)


def _closing() -> View:
    return View(
        "closing",
        VIEWS["closing"],
        _columns(
            "closing",
            ("period", "text", "c.period"),
            ("closed_at", "timestamptz", _instant("c.closed_at")),
            ("known_at", "timestamptz", _instant("(c.cut::jsonb->>'at')::bigint")),
            ("digest", "text", "c.digest"),
            ("is_latest", "boolean", "c.is_latest"),
        ),
        _CLOSED,
    )


def _official_figure() -> View:
    return View(
        "official_figure",
        VIEWS["official_figure"],
        _columns(
            "official_figure",
            ("kpi", "text", "k.key"),
            ("period", "text", "c.period"),
            *_said_columns("f"),
            ("closed_at", "timestamptz", _instant("c.closed_at")),
        ),
        f"{_CLOSED}, jsonb_each(c.figures::jsonb) k, jsonb_array_elements(k.value) AS figures(f)"
        # What a closing holds under other names are editions of reports.
        " WHERE c.is_latest AND k.key NOT LIKE 'report/%'",
    )


def _freshness() -> View:
    return View(
        "freshness",
        VIEWS["freshness"],
        _columns(
            "freshness",
            ("topic", "text", "p.topic"),
            ("applied_at", "timestamptz", _instant("p.committed_at")),
        ),
        f"(SELECT topic, max(committed_at) AS committed_at FROM {HUB}.position GROUP BY topic) p",
    )


def _of_fact(fact: Fact, contract: Contract) -> View:
    docs = {f.name: f.doc for f in contract.fields}
    columns = [Column("code", "text", "f.entity", DOCS["fact", "code"])]
    for name, doc in fact.shown.items():
        sql, kind = f'f."{name}"', "text" if fact.types[name] == "text" else "bigint"
        if name.endswith("_at"):
            sql, kind = _instant(sql), "timestamptz"
        elif name.startswith("is_"):
            kind = "integer::boolean"
        columns.append(Column(name, kind, sql, doc or docs[name]))
    disputed = Column("is_disputed", "boolean", "f.is_disputed::boolean", DOCS["fact", "disputed"])
    listed = ", ".join(f'f."{name}"' for name in fact.shown)
    conditions = [
        "(" + " OR ".join(f'f."{n}" IN (SELECT unit FROM {OWN}.{OWN_UNIT})' for n in names) + ")"
        for kind, names in contract.spec.limited.items()
        if kind in BY_UNIT
    ]
    within = f" OR ({' AND '.join(conditions)})" if conditions else ""
    return View(
        fact.contract,
        contract.spec.title,
        (*columns, disputed),
        # Nothing stands in the row of a thing of which everything was taken back.
        f"{HUB}.{fact.table} f WHERE num_nonnulls({listed}) > 0 AND ({_SEES_ALL}{within})",
        is_limited=True,
    )


# What a list's cells are: an empty one, and one that is not as its form wants it, is no value.
_CELLS = {
    "text": ("text", "nullif(r->>'{name}', '')"),
    "day": ("date", "CASE WHEN r->>'{name}' ~ '^\\d{{4}}-\\d\\d-\\d\\d$' THEN r->>'{name}' END"),
    "decimal": (
        "numeric",
        "CASE WHEN r->>'{name}' ~ '^-?\\d+(\\.\\d+)?$' THEN r->>'{name}' END",
    ),
    "count": ("bigint", "CASE WHEN r->>'{name}' ~ '^\\d{{1,18}}$' THEN r->>'{name}' END"),
}


def _of_list(name: str, form: Form) -> View:
    def column(of: ListColumn) -> Column:
        kind, sql = _CELLS[of.kind]
        return Column(of.name, kind, sql.format(name=of.name), Doc(of.title_vi, of.title_en))

    doc = Doc(form.title_vi, form.title_en)
    return View(name, doc, tuple(column(c) for c in form.columns), _rows(name))
