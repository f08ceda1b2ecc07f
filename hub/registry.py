"""Finds what is installed: contracts, facts, KPIs and sources.

A file in the right package is all that it takes to be found. The hub names the packages and
imports none of them itself, so that dependencies point inwards.
"""

import importlib
import importlib.util
import pkgutil
from collections.abc import Callable, Iterator
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from hub.definitions.contract import Contract, Event
from hub.definitions.own.control import CONTROL
from hub.definitions.own.kpi import FIGURE
from hub.definitions.own.rejection import REJECTION
from hub.definitions.source import Source

if TYPE_CHECKING:
    from hub.connecting.feeds import Connector
    from hub.definitions.fact import Fact
    from hub.figures.kpi import Kpi
    from hub.settings import Settings


# The contracts of what the hub itself writes to topics.
OWN = {c.name: c for c in (REJECTION, FIGURE, CONTROL)}


def _modules(package: str) -> Iterator[tuple[str, ModuleType]]:
    root = importlib.import_module(package)
    for found in sorted(pkgutil.iter_modules(root.__path__), key=lambda m: m.name):
        yield found.name, importlib.import_module(f"{package}.{found.name}")


@cache
def contracts() -> dict[str, Contract]:
    """Find the contracts: the subclass of `Event` in each module of `schemas.contracts`."""
    found = {}
    for name, module in _modules("schemas.contracts"):
        models = [
            m
            for m in vars(module).values()
            if isinstance(m, type) and issubclass(m, Event) and m.__module__ == module.__name__
        ]
        if len(models) != 1 or models[0].spec.name != name:
            raise TypeError(f"{module.__name__} must hold one contract, named {name!r}")
        found[name] = Contract(models[0])
    return found


@cache
def facts() -> dict[str, "Fact"]:
    """Find the facts: `FACT` in each module of `stream_jobs.facts`, by contract."""
    return {name: module.FACT for name, module in _modules("stream_jobs.facts")}


@cache
def kpis() -> dict[str, "Kpi"]:
    """Find the KPIs: `KPI` in each module of `stream_jobs.kpis`; the module's name is the id."""
    found = {}
    for name, module in _modules("stream_jobs.kpis"):
        found[name] = module.KPI.named(name)
    return found


@cache
def sources() -> dict[str, Source]:
    """Find the sources: `SOURCE` in the module `source` of each folder of `connectors`."""
    found = {}
    for name, _ in _modules("connectors"):
        source = importlib.import_module(f"connectors.{name}.source").SOURCE
        if source.name != name:
            raise TypeError(f"connectors.{name} must hold the source {name!r}")
        found[name] = source
    return found


@cache
def connectors() -> dict[str, "Connector"]:
    """Find the connectors: `CONNECTOR` in the module `connector` of folders that have one."""
    found = {}
    for name in sources():
        if importlib.util.find_spec(f"connectors.{name}.connector"):
            found[name] = importlib.import_module(f"connectors.{name}.connector").CONNECTOR
    return found


def worker() -> Callable[["Settings"], None]:
    """Find what applies a log in Kafka."""
    run: Callable[[Settings], None] = importlib.import_module("stream_jobs.app").run
    return run


def contract(name: str) -> Contract:
    """Find one contract, the hub's own included."""
    return OWN[name] if name in OWN else contracts()[name]


def connectors_folder() -> Path:
    """Locate the folder of the connectors."""
    return Path(str(resources.files("connectors")))


def applied() -> dict[str, Contract]:
    """Give the contracts of all topics that are applied: control, events, rejected items.

    Control first: made anew from the log, what closed periods need is kept while it passes by.
    """
    return {CONTROL.name: CONTROL, **contracts(), REJECTION.name: REJECTION}


def avro_folder() -> Traversable:
    """Locate the published Avro schemas."""
    return resources.files("schemas") / "avro"


def reference_file(name: str) -> Traversable:
    """Locate a file of reference data."""
    return resources.files("reference") / f"{name}.csv"
