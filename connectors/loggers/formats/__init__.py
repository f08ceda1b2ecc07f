"""Formats of loggers' files, a module each: a new one is a new file here."""

import pkgutil
from functools import cache
from importlib import import_module

from connectors.loggers.export import Format


@cache
def formats() -> tuple[Format, ...]:
    """Find the formats: `FORMAT` in each module of this package."""
    names = sorted(found.name for found in pkgutil.iter_modules(__path__))
    return tuple(import_module(f"{__name__}.{name}").FORMAT for name in names)
