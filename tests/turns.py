"""In which order files of tests are taken: the longest first, so that no process ends alone.

Before them come those of the browser, in a row: who takes two of them starts one hub and one
browser. The seconds are those of the processor that a file took by itself, with all that it
started; only their order matters. What is not named took less, and comes last.
"""

from pathlib import Path

from tests.rooms import TESTS

SECONDS: dict[str, int] = {
    "integration/figures/test_golden.py": 90,
    "integration/store/test_laws.py": 130,
    "integration/kafka/test_brokers.py": 45,
    "integration/store/test_failover.py": 35,
    "integration/worker/test_production.py": 69,
    "chaos/test_written.py": 90,
    "laws/test_dues.py": 60,
    "laws/test_golden.py": 36,
    "stories/test_wheel.py": 33,
    "integration/gateway/test_crash_points.py": 31,
    "integration/archive/test_archive.py": 30,
    "integration/connectors/test_demo.py": 29,
    "integration/deploy/test_services.py": 28,
    "mutants/test_mutants.py": 25,
    "integration/connectors/test_salinity_crowd.py": 25,
    "integration/gateway/test_without_kafka.py": 25,
    "integration/gateway/test_pushed.py": 24,
    "integration/worker/test_transport.py": 24,
    "integration/archive/test_drill.py": 20,
    "stories/test_secrets.py": 20,
    "integration/worker/test_crash_points.py": 20,
    "stories/test_openapi.py": 20,
    "integration/apply/test_crash_points.py": 19,
    "integration/gateway/test_without_postgres.py": 20,
    "integration/kafka/test_foreign.py": 19,
    "stories/test_http.py": 19,
    "integration/kafka/test_log.py": 18,
    "integration/kafka/test_quarantine.py": 18,
    "laws/test_history.py": 17,
    "integration/kafka/test_topics.py": 16,
    "laws/test_invariance.py": 16,
    "laws/test_order_free.py": 16,
    "stories/test_standing.py": 16,
    "integration/figures/test_period.py": 15,
    "integration/kafka/test_away.py": 15,
    "stories/test_demo.py": 15,
    "integration/connectors/test_crash_points.py": 13,
    "integration/figures/test_history.py": 13,
    "integration/worker/test_kpi_examples.py": 25,
    "integration/store/test_sql_views.py": 15,
    "stories/test_fuzz.py": 13,
    "integration/archive/test_restore.py": 12,
    "integration/worker/test_publisher.py": 12,
    "stories/test_archive.py": 12,
    "stories/test_examples.py": 12,
    "stories/test_sight.py": 12,
    "integration/operating/test_prometheus.py": 11,
    "stories/test_hostile.py": 11,
    "stories/test_kill.py": 11,
    "stories/test_repair.py": 11,
    "stories/test_restore.py": 11,
    "integration/kafka/test_transactions.py": 10,
    "unit/connectors/test_synthetic.py": 10,
}
IN_A_ROW = "browser"


def turn(path: Path) -> tuple[bool, int]:
    """Give what files are sorted by."""
    name = path.relative_to(TESTS).as_posix()
    return not name.startswith(f"{IN_A_ROW}/"), -SECONDS.get(name, 0)
