"""A tree that grew: the hub's, and beside it the files of a reservoir's levels; none is edited."""

import shutil
from pathlib import Path

from tests.stories.conftest import Served

ROOT = Path(__file__).parents[2]
PACKAGES = ("hub", "connectors", "outlets", "schemas", "stream_jobs", "reference")

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
    group="reservoir",
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

KPI_OF_LIST = '''
"""Of the reservoirs in force, what share reported a level?"""

from hub.definitions.contract import Doc
from hub.figures.kpi import Example, Kpi
from hub.figures.terms import Distinct, Listed

KPI = Kpi(
    title=Doc("Tỷ lệ hồ có số đo", "Share of reservoirs reporting"),
    question=Doc("Tỷ lệ hồ có số đo trong kỳ?", "What share of reservoirs reported a level?"),
    owner="Chi cục Thủy lợi",
    group="reservoir",
    contract="reservoir",
    measure_unit="share",
    numerator=Distinct("reservoir.level", "reservoir_code", "reservoirs"),
    denominator=Listed("reservoirs", {"reservoir_code": "code"}),
    dims={"reservoir": "reservoir_code"},
    examples=(
        Example(
            why="None of the two in force reported.",
            events=[],
            period="2023",
            numerator=0,
            denominator=2,
        ),
    ),
)
'''

GROUP = '''
"""Reservoirs: how full they are."""

from hub.definitions.contract import Doc
from hub.figures.group import Group

GROUP = Group(title=Doc("Hồ chứa nước", "Reservoirs"), place=9)
'''

PART = """
// Reservoirs, on the board: the level of each.

import { ask } from "/page/ask.js";
import { GroupPart } from "/page/board/group-part.js";
import { path } from "/page/board/state.js";
import { el } from "/page/el.js";
import { figureText } from "/page/strings.js";
import { words } from "/page/words.js";

/** @import { Figure } from "/page/types.js" */

export const units = { cm: { vi: "xen-ti-mét", en: "centimetres" } };

const t = words({ vi: { levels: "Mực nước từng hồ" }, en: { levels: "Level of each reservoir" } });

/** @extends {GroupPart<Figure[]>} */
class ReservoirLevels extends GroupPart {
  #title = el("h2");
  #list = el("ul", { id: "reservoirs" });

  build() {
    return [el("section", {}, this.#title, this.#list)];
  }

  place() {
    return t("levels");
  }

  async read() {
    return (await ask(path("reservoir_level_mean", { by: "reservoir" }))).figures;
  }

  draw() {
    this.#title.textContent = t("levels");
    const lines = (this.answer ?? []).map((figure) => {
      const { text, unit } = figureText(figure);
      return el("li", {}, `${figure.dims?.reservoir}: ${text} ${unit}`);
    });
    this.#list.replaceChildren(...lines);
  }
}

customElements.define("reservoir-levels", ReservoirLevels);
export const part = ReservoirLevels;
"""

FORM = '''
"""Reservoirs: those that report their level."""

from hub.reference.form import SOURCE, VALID_FROM, VALID_TO, Column, Form

FORM = Form(
    title_vi="Hồ chứa nước",
    title_en="Reservoirs",
    columns=(
        Column("code", "Mã hồ", "Code"),
        Column("name_vi", "Tên hồ", "Name"),
        VALID_FROM,
        VALID_TO,
        SOURCE,
    ),
)
'''

LIST = """
code,name_vi,valid_from,valid_to,source
HO.1,Hồ một,2021-01-01,,synthetic
HO.2,Hồ hai,2021-01-01,,synthetic
"""

COMMAND = '''
"""The command `hub reservoirs`: which there are."""

import typer

from hub import registry

app = typer.Typer()
EXAMPLES = {"reservoirs": ("hub reservoirs",)}


@app.command()
def reservoirs() -> None:
    """List the reservoirs."""
    for row in registry.installed().lists.installed.tables["reservoirs"]:
        print(row["code"], row["name_vi"])
'''

FILES = {
    "schemas/contracts/reservoir.py": CONTRACT,
    "connectors/reservoirs/__init__.py": '"""Reservoirs."""',
    "connectors/reservoirs/source.py": SOURCE,
    "stream_jobs/facts/reservoir.py": FACT,
    "stream_jobs/kpis/reservoir_level_mean.py": KPI,
    "stream_jobs/kpis/reservoirs_reporting_share.py": KPI_OF_LIST,
    "stream_jobs/groups/reservoir.py": GROUP,
    "stream_jobs/groups/reservoir.js": PART,
    "reference/forms/reservoirs.py": FORM,
    "reference/reservoirs.csv": LIST,
    "hub/commands/reservoirs.py": COMMAND,
}


def level(number: int, reservoir: str, centimetres: int) -> dict[str, object]:
    """Write the level of a reservoir on a day of May 2023."""
    return {
        "event_id": f"e{number}",
        "reservoir_code": reservoir,
        "level_cm": centimetres,
        "measured_at": f"2023-05-{number:02}T08:00:00+07:00",
    }


class Grown:
    """A copy of the tree with the files added, and a hub that runs from it."""

    def __init__(self, folder: Path) -> None:
        self.tree = folder / "tree"
        for package in PACKAGES:
            shutil.copytree(ROOT / package, self.tree / package)  # with what Python has compiled
        self._before = {
            path: path.read_bytes()
            for path in self.tree.rglob("*")
            if path.is_file() and path.parent.name != "__pycache__"
        }
        for name, text in FILES.items():
            path = self.tree / name
            path.parent.mkdir(exist_ok=True)
            assert not path.exists(), f"{name} would be edited"
            path.write_text(text.strip("\n") + "\n", "utf-8")
        self.hub = Served(folder / "data")
        # Safe: the folder in which tests run must not come before the tree.
        self.hub.env |= {"PYTHONPATH": str(self.tree), "PYTHONSAFEPATH": "1"}

    def edited(self) -> list[str]:
        """Name the files that are others than they were, or gone."""
        return [
            path.relative_to(self.tree).as_posix()
            for path, content in self._before.items()
            if not path.exists() or path.read_bytes() != content
        ]
