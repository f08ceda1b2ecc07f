"""The contracts that the registry finds, and the cases of each: what must pass, what must fail."""

import json
from functools import cache
from importlib import resources
from typing import Any

import pytest

from hub import registry
from hub.definitions.own.rejection import REJECTION

CONTRACTS = registry.contracts()
ALL = {**CONTRACTS, REJECTION.name: REJECTION}
every = pytest.mark.parametrize("name", CONTRACTS)
every_one = pytest.mark.parametrize("name", ALL)


@cache
def cases(name: str) -> dict[str, list[Any]]:
    text = (resources.files("schemas") / "cases" / f"{name}.json").read_text("utf-8")
    found: dict[str, list[Any]] = json.loads(text)
    return found
