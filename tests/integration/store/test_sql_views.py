"""What others' tools read by SQL: the API's figures, a department's own facts, and nothing else."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from deploy.local.services.postgres import Postgres
from hub import registry
from hub.access import sql_roles
from hub.apply.rebuild import Rebuild
from hub.clock import to_us
from hub.figures.closing import close
from hub.figures.loading import load_lists
from hub.figures.official import freeze
from hub.reference.periods import parse_period
from hub.store import sql_board
from hub.store.cuts import latest_cut
from hub.store.sql_page import EXAMPLES
from hub.store.sql_views import views_of
from hub.store.store import Store
from hub.store.tables import metadata
from hub.troubles import RefusedError
from stream_jobs.worked import Json, dossier, paid, received, salinity
from tests.conftest import Hub
from tests.integration.conftest import new_schema
from tests.parts import lists, stores

VIEWS = views_of(registry.definitions(), registry.installed().lists.installed.forms)
OWN = {
    "code": "H57.1.1",
    "name_vi": "Phòng thuộc sở",
    "level": "department",
    "parent": "H57.1",
    "valid_from": "2021-01-01",
    "valid_to": "",
    "source": "synthetic",
}
ENDED = OWN | {"code": "H57.1.2", "valid_to": "2022-01-01"}


def taken(code: str, at: str, unit: str, **more: Any) -> Json:
    return received(code, at, **more) | {"received_by": unit, "resolved_by": unit}


@pytest.fixture(scope="module")
def filled(
    postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Hub, str]]:
    """A hub over PostgreSQL with lists, facts of three units, and May closed; and its URL."""
    url = new_schema(postgres)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(stores, "store_url", lambda _: url)
        hub = Hub(tmp_path_factory.mktemp("hub"))
    units = [*lists.reference().tables["units"], OWN, ENDED]
    load_lists(hub.log, {**lists.reference().tables, "units": units}, to_us(hub.now), "An")
    hub.send(
        "dossier",
        taken("A1", "2023-05-02", "H57.1", due="2023-05-10", channel="online"),
        dossier("A1", "resolved", "2023-05-09"),
        taken("A2", "2023-05-03", "H57.1", due="2023-05-10"),
        dossier("A2", "resolved", "2023-05-12"),
        taken("A3", "2023-05-03", "H57.1.1"),
        taken("A4", "2023-05-03", "H57.1.2"),
        taken("B1", "2023-05-04", "H57.2", due="2023-05-10"),
        dossier("B1", "resolved", "2023-05-05"),
        # Received by another, to be resolved by the department.
        received("C1", "2023-05-06") | {"received_by": "H57.41", "resolved_by": "H57.1"},
    )
    hub.send("reading", salinity("ST01", "2023-05-03T05:00", 2))
    hub.send("payment", paid("cashless", "2023-05", customers=1, amount=10))
    with hub.store.reading() as reading:
        cut = latest_cut(reading)
        assert cut is not None
        may, kpis = parse_period("2023-05"), registry.kpis().values()
        close(hub.log, freeze(hub.book(reading), kpis, may, cut, to_us(hub.now), "An"))
    hub.runner.catch_up()
    hub.store.show(VIEWS)
    yield hub, url.replace("+psycopg", "")
    hub.close()


@contextmanager
def reading_as(hub: Hub, url: str, role: str, *units: str, until: int | None = None) -> Any:
    """Make a role, connect as it, and take it away again."""
    sql_roles.create(hub.store, lambda: hub.now, role, units, until)
    own = url.partition("?")[0].replace("//lgsp@", f"//{role}@")
    try:
        with psycopg.connect(own, autocommit=True) as c:
            yield c
    finally:
        sql_roles.revoke(hub.store, role)


def codes(c: Any, view: str = "dossier") -> list[str]:
    return [code for (code,) in c.execute(f"SELECT code FROM {view} ORDER BY 1")]


def test_sums_of_days_are_the_figures_of_the_api(filled: tuple[Hub, str]) -> None:
    hub, url = filled
    on_time = (
        "SELECT resolved_by, sum(value), sum(count) FROM daily WHERE measure = 'dossier.resolved'"
        " AND split_by = 'resolved_by' AND day >= '2023-05-01' AND day < '2023-06-01' GROUP BY 1"
    )
    figures = hub.kpi("dossier_on_time_share", period="2023-05", by="unit")
    with reading_as(hub, url, "bi_sums") as c:
        sums = {unit: (int(above), int(below)) for unit, above, below in c.execute(on_time)}
        assert sums == {f["dims"]["unit"]: (f["numerator"], f["denominator"]) for f in figures}
        assert sums == {"H57.1": (1, 2), "H57.2": (1, 1)}
        row = c.execute(
            "SELECT value, numerator, denominator, met FROM official_figure"
            " WHERE kpi = 'dossier_on_time_share' AND period = '2023-05'"
        ).fetchone()
        (whole,) = hub.kpi("dossier_on_time_share", period="2023-05")
        names = ("numerator", "denominator", "met")
        assert (f"{row[0]:f}", *row[1:]) == (whole["value"], *(whole[n] for n in names))
        assert whole["status"] == "official"
        assert c.execute("SELECT period, is_latest FROM closing").fetchall() == [("2023-05", True)]
        days = c.execute("SELECT min(day), max(day) FROM daily WHERE measure = 'dossier.received'")
        assert days.fetchone() == (date(2023, 5, 2), date(2023, 5, 6))


def test_a_role_sees_facts_of_its_units_and_of_what_is_below_them(filled: tuple[Hub, str]) -> None:
    hub, url = filled
    with reading_as(hub, url, "bi_one", "H57.1") as c:
        # H57.1.2 is no part of it any more; C1 is of those that it resolves.
        assert codes(c) == ["A1", "A2", "A3", "C1"]
        assert codes(c, "payment") == codes(c, "reading") == []
        units = c.execute("SELECT unit FROM own_unit ORDER BY 1").fetchall()
        assert units == [("H57.1",), ("H57.1.1",)]
        shown = c.execute("SELECT received_at, due_at, is_on_time FROM dossier WHERE code = 'A1'")
        assert [str(v) for v in shown.fetchone()] == [
            "2023-05-02 08:00:00+07:00",
            "2023-05-10 08:00:00+07:00",
            "True",
        ]
    with reading_as(hub, url, "bi_gone", "H57.1.2") as c:
        assert codes(c) == ["A4"]
    with reading_as(hub, url, "bi_all") as c:
        assert codes(c) == ["A1", "A2", "A3", "A4", "B1", "C1"]
        assert (len(codes(c, "payment")), len(codes(c, "reading"))) == (1, 1)
    with reading_as(hub, url, "bi_over", "H57.1", until=to_us(hub.now) - 10**15) as c:
        assert codes(c) == []


def test_tables_made_anew_have_their_views_and_roles(filled: tuple[Hub, str]) -> None:
    hub, url = filled
    with reading_as(hub, url, "bi_rebuilt", "H57.2") as c:
        differing = Rebuild(hub.log, hub.store, lambda: hub.now).build()
        assert differing.count == 0
        assert codes(c) == ["B1"]
        hub.store.clear_derived()
        assert codes(c) == []
        hub.store.check_definitions()
        hub.runner.resume()
        hub.runner.catch_up()
        assert codes(c) == ["B1"]
        # Who opens a hub with other definitions makes them anew; with the same, leaves them.
        oid = "SELECT 'dossier'::regclass::oid"
        before = c.execute(oid).fetchone()
        hub.store.show(VIEWS)
        assert c.execute(oid).fetchone() == before
        hub.store.show(VIEWS[:-1])
        assert c.execute(oid).fetchone() != before
        hub.store.show(VIEWS)
        assert codes(c) == ["B1"]


def test_a_condition_of_who_asks_sees_no_row_of_another(filled: tuple[Hub, str]) -> None:
    """A function that is cheap is asked before others, and tells what it was asked about."""
    hub, url = filled
    with reading_as(hub, url, "bi_leak", "H57.2") as c:
        notices: list[str] = []
        c.add_notice_handler(lambda d: notices.append(str(d.message_primary)))
        c.execute("SET default_transaction_read_only = off")
        c.execute(
            "CREATE FUNCTION pg_temp.leak(t text) RETURNS boolean COST 0.0000001 LANGUAGE plpgsql"
            " AS $$ BEGIN RAISE NOTICE '%', t; RETURN true; END $$"
        )
        c.execute("SELECT code FROM dossier WHERE pg_temp.leak(code)")
        assert notices == ["B1"]


def test_a_role_reads_nothing_beside_the_views_and_writes_nothing(filled: tuple[Hub, str]) -> None:
    hub, url = filled
    schema = url.rpartition("%3D")[2]
    tables = [*metadata.tables, *(f.table for f in registry.facts().values())]
    with reading_as(hub, url, "bi_only", "H57.1") as c:
        for name in [*tables, "alembic_version"]:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                c.execute(f'SELECT 1 FROM "{schema}"."{name}"')
        c.execute("SET default_transaction_read_only = off")
        for statement in (
            "INSERT INTO closing VALUES ('x')",
            "UPDATE dossier SET code = 'x'",
            "DELETE FROM units",
            "DROP VIEW dossier",
            "CREATE TABLE mine (a int)",
            "CREATE ROLE other",
            "SET ROLE lgsp",
        ):
            with pytest.raises(psycopg.Error) as caught:
                c.execute(statement)
            assert caught.value.sqlstate in ("42501", "55000", "2BP01"), statement
        readable = c.execute(
            "SELECT table_name FROM information_schema.role_table_grants"
            " WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
        )
        assert {name for (name,) in readable} == {view.name for view in VIEWS}


def test_no_view_has_what_nobody_is_to_read(filled: tuple[Hub, str]) -> None:
    hub, url = filled
    hidden = {"state", "documents", "waits", "sender", "receipt", "closed_by", "original"}
    columns = {(v.name, column.name) for v in VIEWS for column in v.columns}
    assert {name for _, name in columns} & hidden == set()
    assert {v.name for v in VIEWS} & {"people", "recipients", "devices"} == set()
    with reading_as(hub, url, "bi_words") as c:
        there = c.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = replace(current_setting('search_path'), '\"', '')"
        )
        assert set(there.fetchall()) == columns
        # What a tool shows beside a column is what the page says.
        about = c.execute("SELECT obj_description('daily'::regclass)").fetchone()
        assert "Số đếm và tổng theo ngày" in about[0]


def test_what_is_wrong_with_a_role_is_said(filled: tuple[Hub, str], tmp_path: Path) -> None:
    hub, url = filled
    for name in ("Bi", "1bi", "pg_bi", 'bi"; DROP', ""):
        with pytest.raises(RefusedError, match="such as bi_so_tu_phap"):
            sql_roles.create(hub.store, lambda: hub.now, name, ())
    with reading_as(hub, url, "bi_twice"):
        with pytest.raises(RefusedError, match="there is such a role"):
            sql_roles.create(hub.store, lambda: hub.now, "bi_twice", ())
        assert [r.role for r in sql_roles.listed(hub.store)] == ["bi_twice"]
    assert not sql_roles.revoke(hub.store, "lgsp")
    embedded = Store(f"sqlite:///{tmp_path / 'store'}", registry.definitions())
    with pytest.raises(RefusedError, match="PostgreSQL's alone"):
        sql_roles.create(embedded, lambda: hub.now, "bi", ())
    embedded.close()


def test_the_server_never_hears_the_password(filled: tuple[Hub, str], postgres: Postgres) -> None:
    hub, _ = filled
    password = sql_roles.create(hub.store, lambda: hub.now, "bi_secret", ())
    admin = postgres.address.replace("+psycopg", "").replace("//lgsp@", "//postgres@")
    with psycopg.connect(admin) as c:
        kept = c.execute("SELECT rolpassword FROM pg_authid WHERE rolname = 'bi_secret'").fetchone()
    sql_roles.revoke(hub.store, "bi_secret")
    assert kept is not None
    assert kept[0].startswith("SCRAM-SHA-256$4096:")
    assert password not in kept[0]


def test_questions_of_the_page_are_answered(filled: tuple[Hub, str]) -> None:
    hub, url = filled
    with reading_as(hub, url, "bi_page") as c:
        answered = {e.doc.en: c.execute(e.sql).fetchall() for e in EXAMPLES}
    rows = answered["Share on time by unit and month"]
    assert [(*row[:4], str(row[4])) for row in rows] == [
        ("H57.1", "2023-05", 1, 2, "0.500000"),
        ("H57.2", "2023-05", 1, 1, "1.000000"),
    ]
    overdue = answered["Overdue dossiers of one's own units"]
    assert {row[0] for row in overdue} <= {"A3", "A4", "C1"}
    assert len(answered["Official figures of closed periods"]) > 10


FROM, TO = "2023-05-01T00:00:00Z", "2023-06-01T00:00:00Z"


def as_grafana_asks(sql: str, units: list[str]) -> str:
    """Put in what Grafana does: the period for its macro, the units that are chosen, in quotes."""
    listed = ",".join(f"'{unit}'" for unit in units)
    within = rf"\1 BETWEEN '{FROM}' AND '{TO}'"
    return re.sub(r"\$__timeFilter\((\w+)\)", within, sql).replace("$unit", listed)


def test_each_query_of_the_dashboard_is_answered(filled: tuple[Hub, str]) -> None:
    hub, url = filled
    model = json.loads(sql_board.dashboard())
    with reading_as(hub, url, "grafana", "H57.1") as c:
        (chosen,) = (v for v in model["templating"]["list"] if v["type"] == "query")
        units = [unit for (unit,) in c.execute(chosen["query"])]
        rows = {}
        for panel in model["panels"]:
            (target,) = panel["targets"]
            cursor = c.execute(as_grafana_asks(target["rawSql"], units))
            rows[panel["title"].partition(" | ")[2]] = cursor.fetchall()
            first = cursor.description[0]
            # A series wants instants first, a bar chart what its bars are called.
            is_instant = first.type_code == psycopg.adapters.types["timestamptz"].oid
            assert is_instant == (panel["type"] == "timeseries"), panel["title"]
    assert [(u, str(s)[:4]) for u, s in rows["Share on time by unit, the lowest first"]] == [
        ("H57.1", "0.50")
    ]
    empty = {name for name, answered in rows.items() if not answered}
    # No fee came, and who publishes to the topic is not at work here.
    assert empty <= {"Fees that do not match, by day", "Published figures of the years"} | {
        name for name in rows if "verdue" in name
    }


def test_the_dashboard_has_the_shape_that_grafana_reads() -> None:
    model = json.loads(sql_board.dashboard())
    assert {"uid", "title", "schemaVersion", "time", "templating", "panels"} <= model.keys()
    assert len(model["uid"]) <= 40
    variables = {v["name"] for v in model["templating"]["list"]}
    taken: set[tuple[int, int]] = set()
    for number, panel in enumerate(model["panels"], 1):
        vi, _, en = panel["title"].partition(" | ")
        assert vi
        assert en
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert (panel["id"], at["x"] + at["w"] <= 24, cells & taken) == (number, True, set())
        taken |= cells
        for target in panel["targets"]:
            assert target["datasource"] == panel["datasource"] == sql_board.SOURCE
            assert target["format"] in ("time_series", "table")
            used = set(re.findall(r"\$(?!__)\{?(\w+)", json.dumps(target)))
            assert used <= variables
