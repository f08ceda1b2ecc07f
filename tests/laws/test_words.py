"""Laws about words: rooms and modules have a meaning, README shows the floors, cites are true."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import yaml

from hub.operating import metrics

ROOT = Path(__file__).parents[2]
HUB = ROOT / "hub"
ARCHITECTURE = sorted((ROOT / "docs" / "architecture").glob("*.md"))
LINES_MAX = 60
CITED_FOLDERS = ("connectors", "deploy", "docs", "hub", "reference", "schemas", "stream_jobs")


def first_cells(page: str) -> Iterator[str]:
    """Give the first cell of each row of a page's tables."""
    for line in (ROOT / page).read_text("utf-8").splitlines():
        if line.startswith("| "):
            yield line.split("|")[1]


def glossary() -> Counter[str]:
    """Count how often the glossary gives a meaning to a word."""
    bold = [b for cell in first_cells("GLOSSARY.md") for b in re.findall(r"\*\*(.+?)\*\*", cell)]
    return Counter(word for b in bold for word in b.split(", "))


def map_of_rooms() -> list[tuple[str, list[str]]]:
    """Read README's table of rooms: floor and names of each row; what has no floor is under `–`."""
    text = (ROOT / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d*|–) *\| (`[^|]+`) \|", text, re.MULTILINE)
    return [(f, re.findall(r"`(\w+)(?:/|\.py)`", names)) for f, names in rows]


def names_of_hub() -> set[str]:
    """Name every room and every module, `_` as a blank."""
    modules = [p for p in HUB.rglob("*.py") if p.stem != "__init__" and "migrations" not in p.parts]
    rooms = {p.parent for p in HUB.glob("**/__init__.py") if "versions" not in p.parts} - {HUB}
    return {p.stem.replace("_", " ") for p in [*modules, *rooms, HUB / "page"]}


def test_every_room_and_module_has_a_meaning() -> None:
    known = {*glossary(), *(name for _, names in map_of_rooms() for name in names)}
    # A word and its plural mean the same.
    plurals = {plural for w in known for plural in (f"{w}s", f"{w[:-1]}ies")}
    missing = sorted(names_of_hub() - {w.lower() for w in known | plurals})
    assert missing == [], f"say in GLOSSARY.md what these are: {', '.join(missing)}"


def test_no_word_has_two_meanings() -> None:
    assert [word for word, times in glossary().items() if times > 1] == []


def test_the_map_shows_the_floors_from_the_top_down() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    (layers,) = [c["layers"] for c in contracts["contracts"] if c["type"] == "layers"]
    floors: list[tuple[int, list[str]]] = []
    for floor, names in map_of_rooms():
        if floor.isdigit():
            floors.append((int(floor), []))
        if floor != "–":
            floors[-1][1].extend(names)
    wanted = [sorted(layer.split(" | ")) for layer in layers]
    assert floors == list(zip(range(len(layers), 0, -1), wanted, strict=True))


def test_what_the_architecture_cites_is_there() -> None:
    text = "\n".join(p.read_text("utf-8") for p in ARCHITECTURE)
    tests = "\n".join(p.read_text("utf-8") for p in (ROOT / "tests").rglob("test_*.py"))
    rules = yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yml").read_text("utf-8"))
    known = {
        *re.findall(r"^(?:async )?def (test_\w+)", tests, re.MULTILINE),
        *(m._name for m in metrics.declared()),
        *(rule["alert"] for group in rules["groups"] for rule in group["rules"]),
    }
    cited = set(re.findall(r"`((?:test_|hub_|Hub)\w+)`", text))
    files = set(re.findall(rf"`((?:{'|'.join(CITED_FOLDERS)})/[\w./-]*)`", text))
    assert sorted(cited - known) == []
    assert [f for f in sorted(files) if not (ROOT / f).exists()] == []
    assert len(cited) > 50


def test_a_page_of_architecture_is_short() -> None:
    long = [p.name for p in ARCHITECTURE if len(p.read_text("utf-8").splitlines()) > LINES_MAX]
    assert (len(ARCHITECTURE), long) == (5, [])
