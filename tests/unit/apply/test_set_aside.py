"""What is set aside: beyond the limit of an entity, or rejected with its receipt."""

from pathlib import Path

from hub import registry
from hub.apply.applier import Applier
from hub.clock import system_clock
from stream_jobs.worked import dossier
from tests.conftest import Hub


def test_overflow_and_rejection_of_one_receipt_do_not_collide(hub: Hub) -> None:
    items = [dossier("A", "processing", "2023-05-01") for _ in range(1_003)]
    items.insert(1_000, {"bad": 1})
    hub.post("dossier", *items)
    hub.runner.catch_up()
    with hub.store.reading() as reading:
        assert reading.rows("SELECT COUNT(*) FROM quarantine") == [(4,)]


def test_overflow_is_quarantined_alike_for_any_batches(tmp_path: Path) -> None:
    kept = []
    for at_once in (1, 9):
        folder = tmp_path / str(at_once)
        folder.mkdir()
        small = Hub(folder)
        small.post("dossier", *[dossier("A", "processing", "2023-05-01") for _ in range(999)])
        items = [dossier("A", "processing", "2023-05-01") | {"event_id": f"x{i}"} for i in range(3)]
        small.post("dossier", *items)
        contract = registry.contracts()["dossier"]
        batches = small.log.read(contract.topic, 0)
        applier = Applier(small.store, small.log.identity, system_clock)
        for i in range(0, len(batches), at_once):
            applier.apply(contract, batches[i : i + at_once])
        with small.store.reading() as reading:
            rows = reading.rows("SELECT event_id FROM quarantine ORDER BY 1")
        kept.append(rows)
        small.close()
    assert kept[0] == [("lgsp.dossier.v1/0/1000",), ("lgsp.dossier.v1/0/1001",)]
    assert kept[0] == kept[1]
