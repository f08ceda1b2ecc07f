"""Rebuild in the production profile: see `bench.rebuilding`, here from Kafka to PostgreSQL.

Usage: `python -m bench.rebuilding_production [EVENTS]` (1,000,000 by default).
"""

import sys

from bench import rebuilding
from bench.hubs import servers
from bench.section import Section


def measure(events: int = rebuilding.EVENTS) -> Section:
    """Rebuild a hub that has applied the seeded events, on services of its own."""
    with servers() as (_, _, settings):
        return rebuilding.measure(events, production=settings)


def main() -> None:
    """Print the rows."""
    print(measure(int(sys.argv[1]) if len(sys.argv) > 1 else rebuilding.EVENTS).printed())


if __name__ == "__main__":
    main()
