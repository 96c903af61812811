"""Code by name: ``module:object``, and ``folder/file.py:object`` for a plug-in that is a file."""

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from layerwise.errors import ConfigError


def load_object(code: str) -> Any:
    """Import a module and return one of its objects.

    ``code`` is ``package.module:object`` or ``path/to/file.py:object``. Modules beside such a file can be
    imported by it. Raises ConfigError where there is no such file or object.
    """
    module, _, name = code.rpartition(":")
    loaded = _load_file(Path(module)) if module.endswith(".py") else importlib.import_module(module)
    try:
        return getattr(loaded, name)
    except AttributeError as error:
        raise ConfigError(f"{code}: the module has no object {name!r}") from error


def _load_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise ConfigError(f"plug-in {path}: no such file; correct `plugins:`")
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.append(folder)
    module = importlib.import_module(path.stem)
    if Path(str(module.__file__)).resolve() != path.resolve():
        raise ConfigError(f"plug-in {path}: a module named {path.stem!r} exists already; rename the file")
    return module
