"""The facts and cells of the hub, by DuckDB's SQL alone over decoded events in memory.

As a good user of DuckDB would write them for this data, over the frames as they were decoded
(`arg_max` for the latest event of a kind, an anti-join for what is withdrawn), with the same
meaning and the same columns as `bench.in_polars`. Needs `pip install '.[bench]'`.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import duckdb

from bench.in_polars import TOGETHER, Frames
from hub import registry
from hub.clock import DAY_US, OFFSET_US

_GOOD = "quality IS NULL OR quality <= 2"


def _day(instant: str) -> str:
    """Write the local day of an instant."""
    return f"CAST(({instant} + {OFFSET_US}) // {DAY_US} AS INTEGER)"


_TALLIES = {
    "tally_received": f"""
        SELECT received_by AS unit, DATE '1970-01-01' + {_day("occurred_at")} AS day, count(*) AS n
        FROM dossier WHERE kind = 'received' GROUP BY ALL""",
    "tally_amount": """
        SELECT area, period, sum(amount_vnd)::BIGINT AS amount FROM payment GROUP BY ALL""",
    "tally_salinity": f"""
        SELECT station_code AS station, DATE '1970-01-01' + {_day("measured_at")} AS day,
            max(value) AS greatest
        FROM reading WHERE quantity = 'salinity' AND (quality IS NULL OR quality IN (1, 2))
        GROUP BY ALL""",
}


def _facts() -> dict[str, str]:
    kinds = ", ".join(f"'{k}'" for k in registry.definitions().contract("dossier").kinds)
    ends = "'resolved', 'refused', 'withdrawn', 'stopped'"
    received = "FILTER (kind = 'received')"
    return {
        "dossier": f"""
        WITH known AS (SELECT DISTINCT * FROM dossier),
        placed AS (
            SELECT *, row_number() OVER (ORDER BY coalesce(recorded_at, occurred_at), occurred_at,
                list_position([{kinds}], kind), event_id) AS place
            FROM known WHERE kind <> 'retracted' AND NOT EXISTS (
                FROM known r WHERE r.kind = 'retracted' AND r.dossier_code = known.dossier_code
                AND r.retracts = known.event_id)),
        latest AS (
            SELECT dossier_code AS entity,
                arg_max(occurred_at, place) {received} AS received_at,
                arg_max(received_by, place) {received} AS received_by,
                arg_max(resolved_by, place) AS resolved_by,
                arg_max(citizen_unit, place) AS citizen_unit,
                arg_max(procedure_code, place) {received} AS procedure_code,
                arg_max(service_level, place) {received} AS service_level,
                arg_max(channel, place) {received} AS channel,
                arg_max(due_at, place) FILTER (kind IN ('received', 'due_changed')) AS due_at,
                arg_max(occurred_at, place) FILTER (kind IN ({ends})) AS resolved_at,
                arg_max(kind, place) FILTER (kind IN ({ends})) AS resolved_kind,
                arg_max(occurred_at, place) FILTER (kind IN ({ends}, 'returned')) AS returned_at,
                arg_max(kind, place) FILTER (kind IN ({ends}, 'returned')) AS returned_kind,
                arg_max(occurred_at, place) FILTER (kind = 'rated') AS rated_at,
                arg_max(satisfied, place) FILTER (kind = 'rated')::BIGINT AS is_satisfied,
                min(occurred_at) FILTER (kind = 'synced') AS first_synced,
                min(occurred_at) AS first_at,
                bool_or(kind = 'resolved') AS has_resolved
            FROM placed GROUP BY ALL),
        ended AS (
            SELECT *, if(has_resolved, resolved_at, returned_at) AS ended_at,
                if(has_resolved, resolved_kind, returned_kind) AS end_kind,
                greatest((due_at + {OFFSET_US}) // {DAY_US} * {DAY_US} + {DAY_US - OFFSET_US - 1},
                    received_at) AS past_due
            FROM latest),
        left_ AS (
            SELECT *, if(received_at IS NOT NULL AND ended_at IS NOT NULL,
                greatest(ended_at, received_at), NULL) AS left_at
            FROM ended)
        SELECT *,
            if(received_at IS NOT NULL AND (ended_at IS NULL OR left_at > past_due), past_due, NULL)
                AS overdue_at,
            if(received_at IS NOT NULL AND first_synced IS NOT NULL,
                greatest(first_synced, received_at), NULL) AS synced_at,
            if(received_at IS NOT NULL AND end_kind IN ('resolved', 'returned'),
                ((ended_at + {OFFSET_US}) // {DAY_US} <= (due_at + {OFFSET_US}) // {DAY_US})
                    ::BIGINT, NULL) AS is_on_time
        FROM left_""",
        "reading": f"""
        WITH known AS (SELECT DISTINCT * FROM reading),
        latest AS (
            SELECT station_code, quantity, measured_at,
                arg_max({{'value': value, 'unit': unit, 'quality': quality}},
                    (coalesce(revised_at, -1), event_id)) AS last
            FROM known GROUP BY ALL)
        SELECT station_code, quantity, measured_at,
            (measured_at + {OFFSET_US}) // 3600000000 AS hour, last.quality AS quality,
            if(last.quality = 9, NULL, if(quantity = 'salinity' AND last.unit = 'mg/L',
                (last.value + 500) // 1000, last.value)) AS milli
        FROM latest""",
        "payment": """
        WITH known AS (SELECT DISTINCT * FROM payment),
        latest AS (
            SELECT reporter, service, method, area, period,
                arg_max({'revision': revision, 'transactions': transactions,
                    'customers': customers, 'amount_vnd': amount_vnd}, (revision, event_id)) AS last
            FROM known GROUP BY ALL)
        SELECT * EXCLUDE (last), unnest(last) FROM latest""",
    }


def _cells() -> dict[str, str]:
    found = {}
    for name, at, where, value, unit in (
        ("received", "received_at", "received_at IS NOT NULL", "0", "received_by"),
        ("left", "left_at", "left_at IS NOT NULL", "0", "received_by"),
        ("resolved", "ended_at", "is_on_time IS NOT NULL", "is_on_time", "resolved_by"),
        ("overdue_began", "overdue_at", "overdue_at IS NOT NULL", "0", "received_by"),
        (
            "overdue_left",
            "left_at",
            "overdue_at IS NOT NULL AND left_at IS NOT NULL",
            "0",
            "received_by",
        ),
        ("synced", "synced_at", "synced_at IS NOT NULL", "0", "received_by"),
        (
            "rated",
            "rated_at",
            "rated_at IS NOT NULL AND received_at IS NOT NULL",
            "is_satisfied",
            "received_by",
        ),
    ):
        for dims in (("channel", "service_level"), (unit,)):
            found[f"dossier.{name}/{'+'.join(dims)}"] = _cell(
                "fact_dossier", where, _day(at), dims, f"sum({value})"
            )
    where = "received_at IS NULL AND first_at IS NOT NULL"
    found["dossier.without_reception/"] = _cell("fact_dossier", where, _day("first_at"), (), "0")
    salinity = f"quantity = 'salinity' AND ({_GOOD})"
    for name, where, value in (
        ("salinity", salinity, "sum(milli)"),
        ("salinity_max", salinity, "max(milli)"),
        ("hours_over_1", f"{salinity} AND milli >= 1000", "count(DISTINCT hour)"),
        ("hours_over_4", f"{salinity} AND milli >= 4000", "count(DISTINCT hour)"),
        ("counted", _GOOD, "0"),
    ):
        cells = partial(_cell, "fact_reading", where, _day("measured_at"), value=value)
        found[f"reading.{name}/station_code"] = cells(dims=("station_code",))
        if name in TOGETHER:
            found[f"reading.{name}/"] = cells(dims=())
    return found


def _cell(table: str, where: str, day: str, dims: tuple[str, ...], value: str) -> str:
    """Write what counts and sums facts by period and dimensions."""
    period = f"CAST(DATE '1970-01-01' + {day} AS VARCHAR) AS period"
    return f"""
        SELECT {", ".join([period, *dims])},
            count(*) AS count, CAST({value} AS BIGINT) AS value
        FROM {table} WHERE {where} GROUP BY {", ".join([day, *dims])}"""


Tables = Mapping[str, Any]  # of Arrow


def tables(frames: Frames) -> Tables:
    """Lay frames out as DuckDB reads them from memory, without a copy of its own."""
    return {name: frame.to_arrow() for name, frame in frames.items()}


def tallies(events: Tables) -> Frames:
    """Compute the three plain tallies over all records, repeats and corrections like any other."""
    with _over(events) as connection:
        return {name: connection.sql(sql).pl() for name, sql in _TALLIES.items()}


def figures(events: Tables) -> tuple[Frames, Frames]:
    """Compute facts by contract, and cells by measure and dimensions."""
    with _over(events) as connection:
        for name, sql in _facts().items():
            connection.execute(f"CREATE TABLE fact_{name} AS {sql}")
        cells = {name: connection.sql(sql).pl() for name, sql in _cells().items()}
        facts = {name: connection.table(f"fact_{name}").pl() for name in events}
    return facts, cells


def _over(events: Tables) -> duckdb.DuckDBPyConnection:
    """Open a database in memory that sees the events where they are."""
    connection = duckdb.connect()
    for name, table in events.items():
        connection.register(name, table)
    return connection
