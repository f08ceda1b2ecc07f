"""What tests of workers are given."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.services.kafka import Kafka
from tests.integration.worker.bench import Bench


@pytest.fixture
def bench(kafka: Kafka, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(kafka.address, tmp_path)
    yield bench
    bench.close()
