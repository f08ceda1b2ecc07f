"""The demo's lists, for tests: as if every province had them, or loaded by a process of a hub."""

from dataclasses import replace
from functools import cache
from pathlib import Path

from hub import places, registry
from hub.figures.installed import Installed
from hub.reference.lists import Lists, Reference, read_folder

FOLDER = Path(str(places.demo_reference_folder()))


@cache
def reference() -> Reference:
    """Give the lists that are installed, and the demo's."""
    everywhere = registry.installed().lists.installed
    return everywhere.with_tables(read_folder(registry.forms(), FOLDER))


@cache
def installed() -> Installed:
    """Give what is installed, with the demo's lists in force."""
    return replace(registry.installed(), lists=Lists(reference()))
