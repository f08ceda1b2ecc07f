"""A source, its event and a KPI are added by adding files; no file is edited."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("hub", "connectors", "schemas", "stream_jobs", "reference")

CONTRACT = '''
"""Reservoir: the level of one reservoir at one instant."""

from typing import Annotated, ClassVar

from hub.definitions.contract import Count, Doc, Event, Instant, Spec, UnitCode


class Reservoir(Event):
    """The level of one reservoir at one instant."""

    spec: ClassVar[Spec] = Spec(
        name="reservoir",
        title=Doc("Mực nước hồ", "Reservoir level"),
        owner="Chi cục Thủy lợi",
        legal_basis="NĐ 278/2025/NĐ-CP",
        personal_data="none",
        key=("reservoir_code",),
        entity=("reservoir_code", "measured_at"),
        occurred="measured_at",
        units=(),
    )

    reservoir_code: Annotated[UnitCode, Doc("Mã hồ", "Reservoir code")]
    measured_at: Annotated[Instant, Doc("Thời điểm đo", "When it was measured")]
    level_cm: Annotated[Count, Doc("Mực nước, cm", "Level in centimetres")]
'''

FACT = '''
"""Reservoir: the level that counts for one reservoir and instant."""

from typing import Any

import polars as pl

from hub.definitions.fact import Fact, LiveEvent, Measure, of

NAMES = ("reservoir_code", "measured_at", "level_cm")


def recount(events: list[LiveEvent]) -> dict[str, Any]:
    """Take the greatest of one instant's events."""
    return {n: events[-1][n] if events else None for n in NAMES}


FACT = Fact(
    contract="reservoir",
    picks={"latest": pl.lit(value=True)},
    types={"reservoir_code": "text", "measured_at": "integer", "level_cm": "integer"},
    columns={n: of("latest", n) for n in NAMES},
    measures=(
        Measure(
            "reservoir.level",
            at="measured_at",
            where="measured_at IS NOT NULL",
            value="level_cm",
            sets=(("reservoir_code",),),
        ),
    ),
    recount=recount,
)
'''

SOURCE = '''
"""The reservoirs' daily report."""

from hub.definitions.source import Source

SOURCE = Source(
    name="reservoirs",
    contract="reservoir",
    title_vi="Hồ chứa",
    title_en="Reservoirs",
    owner="Chi cục Thủy lợi",
    cadence="daily",
)
'''

KPI = '''
"""What was the mean level of the reservoirs?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi
from hub.figures.terms import Flow

KPI = Kpi(
    title=Doc("Mực nước trung bình", "Mean reservoir level"),
    question=Doc("Mực nước trung bình là bao nhiêu?", "What was the mean level?"),
    owner="Chi cục Thủy lợi",
    group="salinity",
    contract="reservoir",
    measure_unit="cm",
    numerator=Flow("reservoir.level", "value"),
    denominator=Flow("reservoir.level"),
    dims={"reservoir": "reservoir_code"},
    examples=(
        Example(
            why="(100 + 200) cm over two readings.",
            events=[],
            period="2023",
            numerator=300,
            denominator=2,
        ),
    ),
)
'''


def test_a_source_and_a_kpi_are_files_added(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, tree / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    before = {p: p.read_bytes() for p in tree.rglob("*") if p.is_file()}
    added = {
        "schemas/contracts/reservoir.py": CONTRACT,
        "stream_jobs/facts/reservoir.py": FACT,
        "connectors/reservoirs/__init__.py": '"""Reservoirs."""\n',
        "connectors/reservoirs/source.py": SOURCE,
        "stream_jobs/kpis/reservoir_level_mean.py": KPI,
    }
    for name, text in added.items():
        (tree / name).parent.mkdir(exist_ok=True)
        (tree / name).write_text(text.lstrip("\n"), "utf-8")

    def hub(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-P", "-m", "hub.cli", *command],
            env={
                **os.environ,
                "PYTHONPATH": str(tree),
                "PYTHONDONTWRITEBYTECODE": "1",
                "HUB_DATA_DIR": str(tmp_path / "data"),
            },
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    assert hub("render", "--check").returncode == 1
    assert "wrote: reservoir.1.avsc" in hub("render").stdout
    assert hub("render", "--check").returncode == 0
    events = [
        {"event_id": f"e{i}", "reservoir_code": "HO.1", "level_cm": level,
         "measured_at": f"2023-05-0{i}T08:00:00+07:00"}
        for i, level in ((1, 100), (2, 200))
    ]  # fmt: skip
    post = (
        "import json, sys\n"
        "from hub import registry\n"
        "from hub.opening import open_hub\n"
        "from hub.access.keys import Sender\n"
        "from hub.settings import read_settings\n"
        "with open_hub(read_settings()) as hub:\n"
        "    gateway = hub.gateway()\n"
        "    contract = registry.contracts()['reservoir']\n"
        "    print(gateway.accept(contract, Sender('reservoirs'), sys.argv[1].encode()).status)\n"
        "    gateway.close()\n"
    )
    (tree / "post.py").write_text(post)
    sent = subprocess.run(
        [sys.executable, str(tree / "post.py"), json.dumps(events)],
        env={**os.environ, "HUB_DATA_DIR": str(tmp_path / "data"), "PYTHONPATH": str(tree)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert sent.stdout.split() == ["202"]
    told = hub("kpi", "reservoir_level_mean", "--period", "2023", "--json")
    figure = json.loads(told.stdout)["figures"][0]
    assert (figure["numerator"], figure["denominator"], figure["value"]) == (300, 2, "150.000000")
    assert hub("verify").returncode == 0
    index = tree / "schemas/avro/ids.json"  # the registry's index is rendered, never edited
    changed = {p for p, was in before.items() if p != index and p.read_bytes() != was}
    assert changed == set()
