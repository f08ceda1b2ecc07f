"""The laws of the store, again, over PostgreSQL: the same tests, with another store."""

import inspect
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings

from deploy.local.services.postgres import Postgres
from hub import registry
from hub.store.store import Store
from stream_jobs.worked import salinity
from tests.guards import test_guards
from tests.integration.conftest import bare_schema, new_schema
from tests.laws import (
    test_aliases,
    test_apply,
    test_closing,
    test_history,
    test_kpi_examples,
    test_order_free,
    test_seals,
    test_shards,
    test_tags,
    test_verify,
)
from tests.parts import stores
from tests.parts.small import Sent, Small
from tests.unit.apply import test_set_aside
from tests.unit.definitions import test_admission
from tests.unit.figures import (
    test_completeness,
    test_compute,
    test_flags,
    test_question,
    test_statistics,
    test_targets,
    test_worklist,
)
from tests.unit.gateway import test_gateway
from tests.unit.proof import test_verify as test_verifying
from tests.unit.reports import test_deadlines, test_editions, test_filled

EXAMPLES_MAX = 10
COMMITS_EACH = 5
FIXTURES = {
    *("_one", "areas", "closed", "empty", "filled", "folders"),
    *("june", "may", "month", "one", "restated", "small", "taken"),
}
OPENS_A_HUB = {"hub", *FIXTURES, "tmp_path", "tmp_path_factory"}


@pytest.fixture(scope="module", autouse=True)
def _on_postgres(postgres: Postgres) -> Iterator[None]:
    urls: dict[Path, str] = {}

    def store_url(folder: Path) -> str:
        if folder not in urls:
            urls[folder] = new_schema(postgres)
        return urls[folder]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(stores, "store_url", store_url)
        fewer = settings(test_order_free.once, max_examples=EXAMPLES_MAX)
        patched.setattr(test_order_free, "once", fewer)
        patched.setattr(test_history, "EVERY", COMMITS_EACH)
        yield


# Every test of these modules that opens a hub, with the fixtures that it asks for. Those of one
# name must be interchangeable, as the last one serves all: a `small` is an empty hub at `NOW`.
for _module in (
    test_admission,
    test_aliases,
    test_apply,
    test_closing,
    test_completeness,
    test_compute,
    test_flags,
    test_deadlines,
    test_editions,
    test_filled,
    test_gateway,
    test_guards,
    test_history,
    test_kpi_examples,
    test_order_free,
    test_question,
    test_seals,
    test_set_aside,
    test_shards,
    test_statistics,
    test_tags,
    test_targets,
    test_verify,
    test_verifying,
    test_worklist,
):
    for _name, _found in vars(_module).items():
        is_law = (
            _name.startswith("test_") and OPENS_A_HUB & inspect.signature(_found).parameters.keys()
        )
        if is_law:
            assert _name not in globals(), f"{_name} stands in two modules"
        if is_law or _name in FIXTURES:
            globals()[_name] = _found


def test_the_laws_are_here() -> None:
    """The list above is made by names: it must not come out empty."""
    here = [n for n, found in globals().items() if n.startswith("test_") and callable(found)]
    assert len(here) > 60
    assert "test_the_worked_example_holds" in here
    assert "test_without_a_guard_it_is_seen" in here


def test_workers_that_start_at_once_on_a_new_database_all_start(postgres: Postgres) -> None:
    for _ in range(3):
        url = bare_schema(postgres)
        together = threading.Barrier(4)
        failures: list[Exception] = []

        def start(url: str, together: threading.Barrier, failures: list[Exception]) -> None:
            together.wait()
            try:
                opened = Store(url, registry.definitions())
                together.wait()
                opened.check_definitions()
                opened.close()
            except Exception as error:
                failures.append(error)
                together.abort()

        threads = [threading.Thread(target=start, args=(url, together, failures)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []


def test_a_server_that_sorts_by_a_language_changes_nothing(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debian's own clusters sort by the language of the machine; entities are sorted by bytes."""
    with psycopg.connect(postgres.address.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(
            "CREATE DATABASE vietnamese TEMPLATE template0"
            " LOCALE_PROVIDER icu ICU_LOCALE 'vi-VN' LOCALE 'C.UTF-8'"
        )
    url = postgres.address.removesuffix("/lgsp") + "/vietnamese"
    monkeypatch.setattr(stores, "store_url", lambda _: url)
    with Small(tmp_path / "small") as small:
        contract = registry.contracts()["reading"]
        # By bytes `|` comes after `0`, by language before it.
        stations = ["ST1", "ST10", "ST1.A", "ST1-A"]
        events = [salinity(s, "2023-03-01T05:00", 4.5) for s in stations]
        small.append(contract, [Sent("s", 20_400, e) for e in events])
        small.apply(contract, 1)
        small.append(contract, [Sent("s", 20_400, e) for e in reversed(events)])
        small.apply(contract, 1)
        assert small.verify().differences == []
        assert len(small.said(by_day=True)["fact_reading"]) == len(stations)
