"""The drill on real Kafka and PostgreSQL, in small."""

from pathlib import Path

import pytest

from tests.parts import drill


def test_a_lost_kafka_and_postgres_come_back_equal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert drill.drill("production", tmp_path, 0.0005, is_removed=False, say=print) == []
    printed = capsys.readouterr().out
    for name in ("fact dossier", "receipts", "closing", "quarantine", "ledger", "api_key"):
        assert f"production  equal  {name}  " in printed
    assert "production  RPO" in printed
    assert "production  RTO" in printed
