"""Puts the definitions together anew with one module that has a slip in it."""

import ast
import importlib
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import CodeType, ModuleType

import stream_jobs
from hub import registry
from hub.definitions.fact import Fact
from hub.definitions.installed import Definitions
from hub.figures.kpi import Kpi
from hub.reports.report import Report
from tests.mutants.slips import Neighbours, Slip, slips

ROOT = Path(stream_jobs.__file__).parent
ROOMS = ("facts", "kpis", "reports")
# What lists of work show, and events of worked examples, are no figures.
# Nor are those that write the events of examples: `worked.py`, `worked_….py`.
NOT_DEFINITIONS = {"app", "dossier_fields", "payment_told"}


def modules() -> list[str]:
    """Name the modules that say what figures are: those of the rooms, and what they share."""
    others = {"__init__", *NOT_DEFINITIONS, *(p.stem for p in ROOT.glob("worked*.py"))}
    shared = [p.stem for p in ROOT.glob("*.py") if p.stem not in others]
    rooms = [
        f"{r}.{p.stem}" for r in ROOMS for p in (ROOT / r).glob("*.py") if p.stem != "__init__"
    ]
    return [f"stream_jobs.{name}" for name in sorted([*shared, *rooms])]


def source_of(module: str) -> str:
    """Read a module's source."""
    return (ROOT.parent / f"{module.replace('.', '/')}.py").read_text("utf-8")


@cache
def neighbours() -> Neighbours:
    """Give what a hand takes for one another, from the contracts, facts and KPIs that there are."""
    sets: list[list[str]] = [["start", "end"], ["count", "value"]]
    for contract in registry.contracts().values():
        sets += [f.limits["enum"] for f in contract.fields if "enum" in f.limits]
    for fact in registry.facts().values():
        sets.append([m.name for m in fact.measures])
        sets += [[n for n, t in fact.types.items() if t == kind] for kind in ("text", "integer")]
        sets.append(list(fact.picks))
    for kpi in registry.kpis().values():
        sets += [list(kpi.roles)] if kpi.roles else []
    unique = {tuple(words): list(words) for words in sets}
    return Neighbours(list(unique.values()))


def all_slips() -> list[Slip]:
    """Make every slip of every module, in order."""
    return [slip for name in modules() for slip in slips(name, source_of(name), neighbours())]


@dataclass(frozen=True)
class World:
    """Facts, KPIs and reports as they are with a slip, and the names of those that it touches."""

    facts: dict[str, Fact]
    kpis: dict[str, Kpi]
    reports: dict[str, Report]
    touched: frozenset[str]

    @property
    def definitions(self) -> Definitions:
        """Give the definitions that a store and a book need."""
        there = registry.definitions()
        return Definitions(there.contracts, self.facts, there.sources, registry.definitions)


def world_of(changed: str, syntax: ast.Module) -> World:
    """Run a module with other syntax, and all that import it; raise what they raise."""
    anew = _dependents(changed)
    before = {name: sys.modules[name] for name in anew}
    made: dict[str, ModuleType] = {}
    try:
        for name in anew:
            tree = syntax if name == changed else ast.parse(source_of(name))
            made[name] = sys.modules[name] = _run(name, compile(tree, f"<{name}>", "exec"))
    finally:
        sys.modules.update(before)
    facts, kpis, reports = dict(registry.facts()), dict(registry.kpis()), dict(registry.reports())
    contracts = registry.contracts()
    for name, module in made.items():
        _, _, own = name.rpartition(".")
        if hasattr(module, "FACT"):
            facts[own] = module.FACT
        if hasattr(module, "KPI"):
            kpis[own] = module.KPI.named(own, contracts.get(module.KPI.contract))
        if hasattr(module, "REPORT"):
            report = module.REPORT.named(own, contracts[module.REPORT.contract])
            reports[report.id] = report
    return World(facts, kpis, reports, frozenset(anew))


def _run(name: str, code: CodeType) -> ModuleType:
    module = ModuleType(name)
    exec(code, module.__dict__)
    return module


@cache
def _dependents(module: str) -> tuple[str, ...]:
    """Give a module and those that import it, in the order in which they must be run."""
    found: list[str] = []

    def visit(name: str) -> None:
        for other in reversed(modules()):
            if name in _imports(other) and other not in found:
                visit(other)
        found.append(name)

    visit(module)
    found.reverse()
    for name in found:
        importlib.import_module(name)
    return tuple(found)


@cache
def _imports(module: str) -> set[str]:
    """Name what a module imports from."""
    nodes = ast.walk(ast.parse(source_of(module)))
    return {n.module for n in nodes if isinstance(n, ast.ImportFrom) and n.module}
