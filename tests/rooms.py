"""Which rooms a test is of: each is a marker, so that `pytest -m "apply or store"` picks theirs.

Below `unit/` and `integration/` the folder says it; for what is told or held across rooms, the
table below does. What is of no room of the hub has a marker of its own: `bench`, `connectors`,
`deploy`, `tree`.
"""

from pathlib import Path

TESTS = Path(__file__).parent
BY_FOLDER = ("unit", "integration")
ROOMS: dict[str, tuple[str, ...]] = {
    "browser/test_groups.py": ("page", "board"),
    "browser/test_growth.py": ("page", "figures"),
    "browser/test_key.py": ("page", "access"),
    "browser/test_page.py": ("page", "board"),
    "browser/test_parts.py": ("page",),
    "browser/test_repair.py": ("page", "repair"),
    "browser/test_sources.py": ("page", "board"),
    "chaos/test_chaos.py": ("apply", "gateway", "kafka", "store", "worker"),
    "guards/test_guards.py": ("apply",),
    "laws/test_apply.py": ("apply",),
    "laws/test_archive.py": ("archive",),
    "laws/test_audit.py": ("access",),
    "laws/test_backlog.py": ("http",),
    "laws/test_closing.py": ("figures",),
    "laws/test_cloudevents.py": ("http",),
    "laws/test_columns.py": ("definitions",),
    "laws/test_commands.py": ("commands",),
    "laws/test_connectors.py": ("connecting", "connectors"),
    "laws/test_contracts.py": ("definitions",),
    "laws/test_files.py": ("gateway", "sheets"),
    "laws/test_following.py": ("repair",),
    "laws/test_groups.py": ("figures",),
    "laws/test_history.py": ("figures", "store"),
    "laws/test_image.py": ("deploy",),
    "laws/test_invariance.py": ("apply",),
    "laws/test_k8s.py": ("deploy",),
    "laws/test_keys.py": ("access",),
    "laws/test_kpi_examples.py": ("figures",),
    "laws/test_lists.py": ("reference",),
    "laws/test_operations.py": ("operating",),
    "laws/test_order_free.py": ("apply", "store"),
    "laws/test_page.py": ("page",),
    "laws/test_rebuild.py": ("apply", "store"),
    "laws/test_repair.py": ("repair",),
    "laws/test_restore.py": ("archive", "log", "store"),
    "laws/test_seals.py": ("access", "repair"),
    "laws/test_schemas.py": ("definitions",),
    "laws/test_shards.py": ("apply", "store"),
    "laws/test_signing.py": ("gateway",),
    "laws/test_spool.py": ("log",),
    "laws/test_subjects.py": ("tree",),
    "laws/test_tree.py": ("tree",),
    "laws/test_trial.py": ("proof",),
    "laws/test_verify.py": ("proof",),
    "laws/test_words.py": ("tree",),
    "stories/test_a_month.py": ("access", "figures", "http"),
    "stories/test_answers.py": ("http",),
    "stories/test_archive.py": ("archive", "apply"),
    "stories/test_boundaries.py": ("access", "gateway", "http"),
    "stories/test_standing.py": ("apply", "gateway", "repair"),
    "stories/test_demo.py": ("commands", "board"),
    "stories/test_doctor.py": ("commands", "doctor"),
    "stories/test_dossier.py": ("http", "figures"),
    "stories/test_examples.py": ("gateway",),
    "stories/test_files.py": ("gateway", "sheets"),
    "stories/test_fuzz.py": ("http", "sheets"),
    "stories/test_growth.py": ("commands", "connecting", "figures", "page", "reference"),
    "stories/test_hostile.py": ("http",),
    "stories/test_http.py": ("http",),
    "stories/test_kill.py": ("gateway", "log"),
    "stories/test_mappings.py": ("http", "sheets"),
    "stories/test_logs.py": ("operating",),
    "stories/test_openapi.py": ("http",),
    "stories/test_period.py": ("commands", "figures"),
    "stories/test_personal.py": ("access", "connectors", "gateway", "http", "sheets"),
    "stories/test_reference.py": ("commands", "figures", "reference"),
    "stories/test_rebuild.py": ("commands", "apply"),
    "stories/test_receipts.py": ("gateway", "repair"),
    "stories/test_repair.py": ("commands", "repair"),
    "stories/test_sight.py": ("access", "http"),
    "stories/test_restore.py": ("archive", "commands"),
    "stories/test_tls.py": ("access", "http"),
    "stories/test_wheel.py": ("deploy",),
}


def rooms_of(path: Path) -> tuple[str, ...]:
    """Name the rooms of a file of tests; none where nobody has said it."""
    kind, *names = path.relative_to(TESTS).parts
    return (names[0],) if kind in BY_FOLDER else ROOMS.get(f"{kind}/{'/'.join(names)}", ())
