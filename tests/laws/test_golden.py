"""Hub and golden pack agree in every figure, cell, report and list, in any order and batch size.

The pack is read in plain Python by nobody who knows the hub (`tests/parts/golden`); here a slice of
it, in several orders, with every role, view, unit and instant. Whole, and in both profiles, it is
held against the hub by `tests/integration/figures/test_golden.py`.
"""

import ast
from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path

import pytest

from hub import registry
from tests.parts import against, golden
from tests.parts.against import Asked, Golden
from tests.parts.golden import counting
from tests.parts.small import Small

COUNT = 4_000
# In which order events come, how many a request has, how many requests a transaction.
ORDERS = (("backwards", 97, 50), ("by chance", 1_999, 1), ("by another chance", 20_000, 3))
OWN = {"hub", "schemas", "stream_jobs", "connectors", "reference"}


@pytest.fixture(scope="module")
def pack() -> Golden:
    """A slice of the pack."""
    return Golden.made(COUNT)


@pytest.fixture(scope="module")
def forwards(pack: Golden, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Small]:
    """A hub to which all of it came as it happened."""
    with Small(tmp_path_factory.mktemp("golden") / "forwards") as small:
        arrive(small, pack, "forwards", 5_000, 2)
        yield small


def arrive(small: Small, pack: Golden, order: str, size: int, at_once: int) -> None:
    """Deliver a pack and apply it all."""
    against.deliver(small.log, against.in_order(pack.frame(), order), size)
    while small.lag(against.DOSSIER):
        small.apply(against.DOSSIER, at_once)


def test_the_reading_knows_nothing_of_the_hub() -> None:
    modules = sorted(Path(golden.__file__).parent.glob("*.py"))
    assert len(modules) >= 5
    for module in modules:
        for node in ast.walk(ast.parse(module.read_text("utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [a.name for a in node.names] if isinstance(node, ast.Import) else []
            assert not [n for n in names if n.partition(".")[0] in OWN], module.name


def test_every_kpi_of_dossiers_is_read_plainly_too() -> None:
    of_dossiers = {n for n, kpi in registry.kpis().items() if kpi.contract == "dossier"}
    assert counting.KPIS.keys() == of_dossiers


def test_the_pack_has_what_goes_wrong_in_practice(pack: Golden) -> None:
    all_ = pack.pack.all
    codes = [d.code for d in all_]
    assert {c.count(".") > 2 for c in codes} == {True, False}  # both ways of writing codes
    assert {d.end_kind for d in all_} == {
        *("resolved", "returned", "refused", "withdrawn", "stopped", None)
    }
    assert any(d.due_at is None for d in all_ if d.received_at)
    assert sum(d.received_at is None for d in all_) > COUNT / 200
    assert sum(bool(d.waits) for d in all_) > COUNT / 4
    assert any(d.waits and d.waits[-1][2] is None for d in all_)
    sent_due = {e["dossier_code"] for _, e in pack.sent if "due_at" in e}
    assert any(d.due_at is not None for d in all_ if d.code not in sent_due)
    assert any(b is not None and n[1] < b for d in all_ for (_, _, b), n in pairwise(d.waits))
    assert len(all_) < len(pack.apart.all) - COUNT / 40  # codes that are one
    assert {len(e["procedure_code"]) > 8 for _, e in pack.sent if "procedure_code" in e} == {
        True,
        False,
    }
    reused = {d.received_by for d in all_} & {"31507", "31183", "31207"}
    assert len(reused) == 3


@pytest.mark.slow
@pytest.mark.parametrize(("order", "size", "at_once"), ORDERS)
def test_any_order_and_batch_size_gives_the_cells_of_the_pack(
    pack: Golden, forwards: Small, tmp_path: Path, order: str, size: int, at_once: int
) -> None:
    with Small(tmp_path / "small") as small:
        arrive(small, pack, order, size, at_once)
        with small.store.reading() as reading:
            assert list(islice(against.cell_differences(pack, reading), 9)) == []
        said, first = small.said(by_day=False), forwards.said(by_day=False)
        assert said["fact_dossier"] == first["fact_dossier"]
        assert said["cells"] == first["cells"]


@pytest.mark.slow
@pytest.mark.parametrize("kpi", against.KPIS)
def test_every_figure_is_that_of_the_pack(pack: Golden, forwards: Small, kpi: str) -> None:
    with forwards.store.reading() as reading:
        questions = [*against.plain_questions(kpi), *against.edge_questions(kpi)]
        found = against.figure_differences(pack, pack.book(reading), questions)
        assert list(islice(found, 9)) == []


@pytest.mark.slow
@pytest.mark.parametrize("report", registry.reports())
def test_every_report_is_that_of_the_pack(pack: Golden, forwards: Small, report: str) -> None:
    with forwards.store.reading() as reading:
        book = pack.book(reading)
        for asked in against.report_questions(report):
            assert list(islice(against.report_differences(pack, book, asked), 9)) == []


@pytest.mark.slow
@pytest.mark.parametrize("report", registry.reports())
def test_by_computed_due_dates_a_report_is_that_of_the_calendar(
    pack: Golden, forwards: Small, report: str
) -> None:
    by_calendar = pack.by_computed_due()
    differ = [
        d.code
        for d, own in zip(pack.pack.all, by_calendar.pack.all, strict=True)
        if d.due != own.due
    ]
    assert len(differ) > COUNT / 2  # else nothing would be shown
    with forwards.store.reading() as reading:
        book = pack.book(reading)
        for period in ("2024", "2025-01", "2025-02", "2025-Q3", "2026-02", "2026"):
            asked = Asked(report, period, role="resolved_by")
            found = against.report_differences(by_calendar, book, asked, is_computed=True)
            assert list(islice(found, 9)) == []


@pytest.mark.slow
def test_every_list_has_the_dossiers_of_the_pack(pack: Golden, forwards: Small) -> None:
    with forwards.store.reading() as reading:
        book = pack.book(reading)
        for asked in against.LISTS:
            assert list(islice(against.list_differences(pack, book, asked), 9)) == []
        for period in ("2025-06", "2026-02"):
            assert list(islice(against.drill_differences(pack, book, period), 9)) == []
