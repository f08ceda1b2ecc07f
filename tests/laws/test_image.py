"""The image is built from pinned packages: all that the project asks for, as it asks."""

import tomllib
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ASKED = [
    Requirement(text)
    for text in (*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["traces"])
]
LINES = (ROOT / "deploy" / "constraints.txt").read_text().splitlines()
PINNED = {
    canonicalize_name(name): version
    for name, _, version in (line.partition("==") for line in LINES if not line.startswith("#"))
}


@pytest.mark.parametrize("asked", ASKED, ids=lambda r: r.name)
def test_what_the_project_asks_for_is_pinned(asked: Requirement) -> None:
    assert asked.specifier.contains(PINNED[canonicalize_name(asked.name)])


def test_what_those_need_is_pinned_too() -> None:
    """Followed as it is installed here, extras included."""
    waiting = [(r.name, set(r.extras)) for r in ASKED]
    seen: set[tuple[str, str]] = set()
    while waiting:
        name, extras = waiting.pop()
        for extra in extras | {""}:
            if (canonicalize_name(name), extra) in seen:
                continue
            seen.add((canonicalize_name(name), extra))
            for text in distribution(name).requires or []:
                needed = Requirement(text)
                if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                    assert canonicalize_name(needed.name) in PINNED, f"{name} needs {text}"
                    waiting.append((needed.name, set(needed.extras)))
