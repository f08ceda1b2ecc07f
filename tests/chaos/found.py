"""Found: who takes part in a chaos run, each a module of its own with a `STRUCK`, by its name."""

import importlib
import pkgutil
from types import ModuleType
from typing import Any


def found(package: ModuleType) -> dict[str, Any]:
    """Give what each module of a package says takes part."""
    names = sorted(m.name for m in pkgutil.iter_modules(package.__path__))
    return {n: importlib.import_module(f"{package.__name__}.{n}").STRUCK for n in names}
