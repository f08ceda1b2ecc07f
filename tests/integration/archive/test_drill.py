"""The drill on real Kafka and PostgreSQL, in small."""

from pathlib import Path

from tests.parts import drill


def test_a_lost_kafka_and_postgres_come_back_equal(tmp_path: Path) -> None:
    seen: list[str] = []
    assert drill.drill("production", tmp_path, 0.0005, seen, is_removed=False, say=print) == []
    said = "\n".join(seen)
    for name in ("fact dossier", "receipts", "closing", "quarantine", "ledger", "api_key"):
        assert f"production  equal  {name}  " in said
    assert "production  RPO" in said
    assert "production  RTO" in said
