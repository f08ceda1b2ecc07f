"""Two PostgreSQL servers, of which the second has what the first answered."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parts.failover import Pair


@pytest.fixture
def pair(tmp_path: Path, _ends_in_order: None) -> Iterator[Pair]:
    opened = Pair(tmp_path)
    try:
        opened.start()
        yield opened
    finally:
        opened.close()
