"""Finds what is installed: contracts, facts, KPIs, alerts, lists, sources, connectors, outlets.

A file in the right package is all that it takes to be found. The hub names the packages and
imports none of them itself, so that dependencies point inwards. Only what opens a hub asks here;
all else is handed what it needs.
"""

import importlib
import importlib.util
import pkgutil
from collections.abc import Callable, Iterator
from functools import cache
from importlib.metadata import entry_points
from types import ModuleType

from hub import places
from hub.alerts.outlet import Outlet
from hub.alerts.rule import Rule as AlertRule
from hub.connecting.feeds import Connector, OwnFiles
from hub.definitions.contract import Contract, Event
from hub.definitions.fact import Fact
from hub.definitions.installed import Definitions
from hub.definitions.source import Source
from hub.figures.group import Group
from hub.figures.installed import Installed
from hub.figures.kpi import Kpi
from hub.figures.worklist import WorkList
from hub.reference.form import Form
from hub.reference.lists import Lists, Reference, read_folder
from hub.reports.evidence import Rule
from hub.reports.index import Index
from hub.reports.report import Report
from hub.settings import Settings


def _modules(package: str) -> Iterator[tuple[str, ModuleType]]:
    root = importlib.import_module(package)
    for found in sorted(pkgutil.iter_modules(root.__path__), key=lambda m: m.name):
        yield found.name, importlib.import_module(f"{package}.{found.name}")


@cache
def contracts() -> dict[str, Contract]:
    """Find the contracts: the subclass of `Event` in each module of `schemas.contracts`."""
    by_name = {}
    for name, module in _modules("schemas.contracts"):
        models = [
            m
            for m in vars(module).values()
            if isinstance(m, type) and issubclass(m, Event) and m.__module__ == module.__name__
        ]
        if len(models) != 1 or models[0].spec.name != name:
            raise TypeError(f"{module.__name__} must hold one contract, named {name!r}")
        by_name[name] = Contract(models[0])
    return by_name


@cache
def facts() -> dict[str, Fact]:
    """Find the facts: `FACT` in each module of `stream_jobs.facts`, by contract."""
    return {name: module.FACT for name, module in _modules("stream_jobs.facts")}


@cache
def kpis() -> dict[str, Kpi]:
    """Find the KPIs: `KPI` in each module of `stream_jobs.kpis`; the module's name is the id."""
    found = {}
    for name, module in _modules("stream_jobs.kpis"):
        if module.KPI.group not in groups():
            raise TypeError(f"{module.__name__} must be of a group, one of {', '.join(groups())}")
        found[name] = module.KPI.named(name, contracts().get(module.KPI.contract))
    return found


@cache
def reports() -> dict[str, Report]:
    """Find the reports: `REPORT` in each module of `stream_jobs.reports`, `form_` and the id."""
    found = [
        module.REPORT.named(name, contracts()[module.REPORT.contract])
        for name, module in _modules("stream_jobs.reports")
    ]
    return {report.id: report for report in found}


@cache
def worklists() -> dict[str, WorkList]:
    """Find the work lists: `LIST` in each module of `stream_jobs.worklists`; its name the id."""
    return {
        name: module.LIST.named(name, contracts()[module.LIST.contract])
        for name, module in _modules("stream_jobs.worklists")
    }


@cache
def evidence() -> dict[str, Rule]:
    """Find the rules of evidence: `RULE` in each module of `stream_jobs.evidence`, by its name."""
    return {name: module.RULE.named(name) for name, module in _modules("stream_jobs.evidence")}


@cache
def indexes() -> dict[str, Index]:
    """Find the sets of indices: `INDEX` in each module of `stream_jobs.indexes`, by its number."""
    found = [
        module.INDEX.named(name, contracts()[module.INDEX.contract])
        for name, module in _modules("stream_jobs.indexes")
    ]
    return {index.id: index for index in found}


@cache
def alert_rules() -> dict[str, AlertRule]:
    """Find the rules of alerts: `RULE` in each module of `stream_jobs.alerts`, by its name."""
    return {name: module.RULE.named(name) for name, module in _modules("stream_jobs.alerts")}


@cache
def outlets() -> dict[str, Outlet]:
    """Find the outlets: `OUTLET` in the module `outlet` of each folder of `outlets`."""
    return {
        name: importlib.import_module(f"outlets.{name}.outlet").OUTLET
        for name, _ in _modules("outlets")
    }


@cache
def groups() -> dict[str, Group]:
    """Find the groups of KPIs: `GROUP` in each module of `stream_jobs.groups`; its name the id."""
    return {
        name: module.GROUP.named(name, places.group_part(name))
        for name, module in _modules("stream_jobs.groups")
    }


@cache
def forms() -> dict[str, Form]:
    """Find the forms of lists: `FORM` in each module of `reference.forms`, by the list's name."""
    return {name: module.FORM for name, module in _modules("reference.forms")}


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
def definitions() -> Definitions:
    """Find contracts, facts and sources."""
    return Definitions(contracts(), facts(), sources(), definitions)


@cache
def installed() -> Installed:
    """Find all that figures are made by: definitions, KPIs, their groups, the installed lists."""
    everywhere = Reference(read_folder(forms(), places.reference_folder()), forms())
    return Installed(definitions(), kpis(), groups(), Lists(everywhere))


@cache
def connectors() -> dict[str, Connector]:
    """Find the connectors: `CONNECTOR` in the module `connector` of folders that have one."""
    return {
        name: module.CONNECTOR
        for name in sources()
        if (module := beside_source(name, "connector")) is not None
    }


@cache
def own_files(contract: str) -> tuple[OwnFiles, ...]:
    """Find the files in forms of their own that hold events of a contract: connectors' `own`."""
    return tuple(
        c.own
        for name, c in connectors().items()
        if c.own is not None and sources()[name].contract == contract
    )


def beside_source(name: str, part: str) -> ModuleType | None:
    """Find a module beside a source, such as what makes its synthetic year."""
    path = f"connectors.{name}.{part}"
    return importlib.import_module(path) if importlib.util.find_spec(path) else None


def worker() -> Callable[[Settings], None]:
    """Find what applies a log in Kafka: the entry point `worker` of the group `hub`.

    Raises `LookupError` where none, or more than one, is installed.
    """
    (found,) = entry_points(group="hub", name="worker") or (None,)
    if found is None:
        raise LookupError("no entry point 'worker' of the group 'hub' is installed")
    run: Callable[[Settings], None] = found.load()
    return run
