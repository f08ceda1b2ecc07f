"""Laws about the tree itself: who may name what, how long a file is, which room a test is of."""

import ast
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

from tests.rooms import ROOMS, TESTS, rooms_of
from tests.turns import SECONDS

ROOT = Path(__file__).parents[2]
PACKAGES = ("hub", "connectors", "schemas", "stream_jobs", "reference", "outlets")
FOLDERS = (*PACKAGES, "bench", "deploy", "docs", "tests")
FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 80

# A vendor's package is named in few files, so that it can be replaced.
VENDORS = {
    "sqlalchemy": {
        "hub/store/",
        "hub/access/",
        "hub/connecting/polled.py",
        "hub/connecting/sparing.py",
        "hub/repair/noting.py",
        "hub/worker/publisher.py",
    },
    "alembic": {"hub/store/store.py", "hub/store/migrations/"},
    "sqlite3": {
        "hub/log/spool.py",
        "hub/log/sqlite.py",
        "hub/proof/recount.py",
        "hub/proof/verify.py",
        "hub/proof/aliasing.py",
        "hub/figures/altered.py",
        "connectors/land_office/simulator.py",
    },
    "psycopg": {"hub/store/postgres.py", "connectors/land_office/simulator.py"},
    "confluent_kafka": {
        "hub/kafka/log.py",
        "hub/kafka/refilling.py",
        "hub/kafka/following.py",
        "connectors/tax_fees/simulator.py",
    },
    "kafka": {"hub/kafka/topics.py", "hub/kafka/rates.py", "hub/kafka/rights.py"},
    "aiokafka": {"hub/worker/", "hub/kafka/records.py", "hub/kafka/reader.py"},
    "faust": {"hub/worker/", "stream_jobs/app.py"},
    "authlib": {"hub/http/provider.py"},
    "httpx2": {"hub/http/provider.py"},
    "itsdangerous": {"hub/http/provider.py"},
    "joserfc": {"hub/http/provider.py"},
    "httpx": {
        "hub/kafka/schema_registry.py",
        "connectors/national/",
        "connectors/one_stop/",
        "outlets/",
    },
    "paho": {"connectors/salinity/", "outlets/mqtt/"},
    "fastapi": {"hub/http/"},
    "starlette": {"hub/http/"},
    "sse_starlette": {"hub/http/"},
    "h11": {"hub/http/protocol.py"},
    "uvicorn": {"hub/http/serving.py", "hub/http/protocol.py"},
    "typer": {"hub/cli.py", "hub/commands/"},
    "rich": {"hub/commands/console.py", "hub/commands/show.py"},
    "fastavro": {"hub/definitions/avro.py"},
    "avro": {"hub/definitions/avro.py"},
    "prometheus_client": {"hub/operating/metrics.py", "hub/operating/dashboard.py"},
    "opentelemetry": {"hub/operating/tracing.py"},
    "pydantic_settings": {
        "hub/settings.py",
        "hub/operating/meanings.py",
        "hub/operating/workloads.py",
        "hub/commands/render.py",
        "hub/connecting/feeds.py",
        "hub/connecting/polled.py",
        "hub/kafka/following.py",
        "hub/alerts/",
        "connectors/",
        "outlets/",
    },
    "openpyxl": {
        "connectors/",
        "hub/connecting/dropping.py",
        "hub/reports/workbook.py",
        "hub/sheets/listing.py",
        "hub/sheets/template.py",
    },
    "typst": {"hub/reports/printed.py"},
    "cryptography": {
        "hub/access/certificates.py",
        "hub/gateway/signing.py",
        "hub/access/seals.py",
        "outlets/webhook/",
    },
    "pgpq": {"hub/store/postgres.py"},
    "rdflib": {"hub/open_data/dcat.py", "hub/warehouse/described.py"},
    "pyiceberg": {"hub/warehouse/"},
    "scipy": {"hub/open_data/disclosure.py"},
    "utide": {"hub/water/tide.py"},
    "gsw": {"schemas/conversions.py"},
    "zstandard": {"hub/store/packing.py"},
}


# What is installed is found at the top, and handed down as values.
FINDERS = {
    "hub/opening.py",
    "hub/cli.py",
    "hub/http/",
    "hub/commands/",
    "hub/worker/",
    "stream_jobs/app.py",
}


def sources() -> list[Path]:
    return [p for package in PACKAGES for p in sorted((ROOT / package).rglob("*.py"))]


@cache
def nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text("utf-8"))))


@cache
def imported(path: Path) -> set[str]:
    names = set()
    for node in nodes(path):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def test_vendors_are_named_where_they_may_be() -> None:
    found = []
    for path in sources():
        name = path.relative_to(ROOT).as_posix()
        for module in imported(path):
            allowed = VENDORS.get(module.split(".")[0])
            if allowed is not None and not any(name.startswith(a) for a in allowed):
                found.append(f"{name} imports {module}")
    assert found == []


def asks_registry(path: Path) -> bool:
    return any(
        isinstance(node, ast.ImportFrom)
        and (
            node.module == "hub.registry"
            or (node.module == "hub" and any(a.name == "registry" for a in node.names))
        )
        for node in nodes(path)
    ) or "hub.registry" in imported(path)


def test_the_registry_is_asked_at_the_top_alone() -> None:
    askers = [p.relative_to(ROOT).as_posix() for p in sources() if asks_registry(p)]
    assert [name for name in askers if not any(name.startswith(f) for f in FINDERS)] == []


def test_modules_are_found_by_name_in_few_places() -> None:
    importers = [
        path.relative_to(ROOT).as_posix()
        for path in sources()
        if "import_module" in path.read_text("utf-8")
    ]
    # Formats of loggers are a connector's own, which the registry does not know.
    formats = "connectors/loggers/formats/__init__.py"
    assert importers == ["hub/cli.py", "hub/http/app.py", "hub/registry.py", formats]


def test_import_directions_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_published_figures_are_read_in_one_place() -> None:
    readers = [
        path.relative_to(ROOT).as_posix()
        for path in sources()
        if '"published.csv"' in path.read_text("utf-8")
    ]
    assert readers == ["hub/board/published.py"]


def test_no_leftovers() -> None:
    """Nothing is left for later in the tree, and every module says what it is for."""
    marks = ("TO" + "DO", "FIX" + "ME", "XX" + "X")
    for path in sources():
        text = path.read_text("utf-8")
        assert not any(mark in text for mark in marks), path
        (module,) = (node for node in nodes(path) if isinstance(node, ast.Module))
        assert ast.get_docstring(module), path


def python_files() -> list[Path]:
    return [p for folder in FOLDERS for p in sorted((ROOT / folder).rglob("*.py"))]


def lengths(path: Path) -> dict[str, int]:
    """Measure functions, each by its file and name, in lines."""
    name = path.relative_to(ROOT).as_posix()
    return {
        f"{name}: {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for node in nodes(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_files_and_functions_are_short() -> None:
    files = {
        p.relative_to(ROOT).as_posix(): len(p.read_text("utf-8").splitlines())
        for p in python_files()
    }
    functions = {name: n for path in python_files() for name, n in lengths(path).items()}
    assert len(files) > 400
    assert {name: n for name, n in files.items() if n > FILE_LINES_MAX} == {}
    assert {name: n for name, n in functions.items() if n > FUNCTION_LINES_MAX} == {}


def test_every_test_is_marked_by_the_rooms_it_is_of() -> None:
    """`pytest -m apply` finds what is of apply; a marker is registered, used, and of something."""
    configured = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["pytest"]
    markers = {m.partition(":")[0] for m in configured["ini_options"]["markers"]}
    rooms = {p.parent.name for p in (ROOT / "hub").glob("*/__init__.py")} | {"page"}
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    marked = {path.relative_to(TESTS).as_posix(): rooms_of(path) for path in files}
    assert [name for name, named in marked.items() if not named] == []
    assert sorted((ROOMS.keys() | SECONDS.keys()) - marked.keys()) == []
    assert rooms <= markers
    assert {room for named in marked.values() for room in named} == markers - {"slow", "pictured"}


VAGUE = {"found", "one", "said", "given", "told", "out"}
VAGUE_LINES_MAX = 10


def test_a_local_that_lives_long_is_named_by_what_it_is() -> None:
    """A name that says nothing of its content is for a few lines, not for a function."""
    long_lived = []
    for path in sources():
        for function in nodes(path):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            lines: dict[str, list[int]] = {}
            for node in ast.walk(function):
                name = node.id if isinstance(node, ast.Name) else getattr(node, "arg", None)
                if name in VAGUE and isinstance(node, ast.Name | ast.arg):
                    lines.setdefault(name, []).append(node.lineno)
            where = f"{path.relative_to(ROOT).as_posix()}: {function.name}"
            long_lived += [
                f"{where}: {name}"
                for name, at in lines.items()
                if max(at) - min(at) >= VAGUE_LINES_MAX
            ]
    assert long_lived == []
