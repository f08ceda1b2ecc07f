"""The file of errors, sent again as it is, holds what was sent: each field in its own column."""

import json
from typing import Any

import pytest

from hub import registry
from hub.definitions.admission import admit
from hub.sheets.files import admit_file, errors
from stream_jobs.worked import dossier, paid, received, salinity

RECORDED = {"recorded_at": "2023-06-01T00:00:00+07:00"}
ITEMS: list[tuple[str, dict[str, Any]]] = [
    ("dossier", received("A", "2023-05-17")),
    ("dossier", received("A", "2023-05-17") | RECORDED | {"citizen_unit": "H57.9"}),
    ("dossier", dossier("A", "rated", "2023-05-17", satisfied=False)),
    ("dossier", dossier("A", "retracted", "2023-05-17", retracts="x")),
    ("reading", salinity("ST01", "2023-05-17T05:00", 1.25, 2)),
    ("reading", salinity("ST01", "2023-05-17T05:00", 1) | RECORDED),
    ("payment", paid("cash", "2023-05", customers=1_234, amount=1_234_567)),
    ("payment", paid("cash", "2023-05-17", customers=1, amount=1) | RECORDED),
]


@pytest.mark.parametrize(("name", "item"), ITEMS)
def test_a_file_of_errors_is_read_as_what_was_sent(name: str, item: dict[str, Any]) -> None:
    contract = registry.contracts()[name]
    (sent,) = admit(contract, json.dumps(item).encode()).kept
    words = {"field": contract.fields[1].name, "message_vi": "sai", "message_en": "wrong"}
    rejected = {"event_id": "x", "index": 0, "original": json.dumps(item), **words}
    again = admit_file(contract, errors(contract, [rejected]).encode())
    assert again.rejected == []
    assert again.kept == [sent]
