"""Every route is in the table of rights, and what is not public there is not public."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from starlette.routing import BaseRoute

from hub.access import roles
from hub.http.app import create_app
from tests.parts.pushed import Pushed, pushed


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pushed]:
    """A hub that can be reached from elsewhere."""
    with pushed(tmp_path_factory.mktemp("roles"), listen="0.0.0.0:8080") as opened:
        yield opened


def of(route: BaseRoute) -> list[str]:
    """Write a route as the table does."""
    path = str(getattr(route, "path", ""))
    methods = set(getattr(route, "methods", None) or ["GET"]) - {"HEAD"}
    return [f"{method} {path}" for method in sorted(methods)]


@pytest.fixture(scope="module")
def routes(hub: Pushed) -> list[str]:
    """All routes of the application."""
    app: FastAPI = create_app(hub.hub, hub.hub.gateway())
    app.state.edge.auditor.close()
    return [name for route in app.routes for name in of(route)]


def test_every_route_has_a_right(routes: list[str]) -> None:
    lacking = [name for name in routes if roles.right_of(*name.split(" ")) is None]
    assert lacking == []


def test_every_row_is_a_route_and_in_one_right(routes: list[str]) -> None:
    rows = [row for right in roles.RIGHTS for row in right.routes]
    assert sorted(rows) == sorted(set(rows))
    assert [row for row in rows if row not in routes] == []


def test_what_is_not_marked_public_is_refused_without_a_key(hub: Pushed, routes: list[str]) -> None:
    """Off loopback; metrics are Prometheus's, which shows no key within a cluster."""
    for name in routes:
        method, path = name.split(" ")
        right = roles.right_of(method, path)
        assert right is not None
        filled = path.replace("{contract}", "dossier").replace("{kpi_id}", "dossier_received_new")
        if method == "GET" and path not in ("/metrics", "/page"):
            is_refused = hub.ask(filled).status_code == 401
        elif method == "POST":
            is_refused = hub.post(filled, {}, "").status_code == 401
        else:
            continue
        assert is_refused is not right.is_public, name
