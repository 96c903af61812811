"""Where an artifact comes from: source files of a rule, content digests, provenance records."""

import ast
import hashlib
import importlib.metadata
import platform
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from layerwise.errors import StoreError
from layerwise.files import sha256_file

PACKAGE = "layerwise"
RECORDED_PACKAGES = ("numpy", "pandas", "scikit-learn", "scipy", "torch", "transformers", "zarr")


@cache
def source_files(script: Path, root: Path, unused: tuple[str, ...] = ()) -> tuple[Path, ...]:
    """Return a script and every file of ``root`` that it imports, directly or not, sorted.

    Follows ``import``, ``from ... import`` (absolute and relative, anywhere in a file) into the package and
    into modules beside the script, and dotted names in strings (``"layerwise.align.mfa:align"``), which
    registries use to import late; the ``unused`` entries of a registry are not followed.

    Raises:
        StoreError: the script does not exist or a file cannot be parsed.
    """
    found: set[Path] = set()
    queue = [script]
    while queue:
        path = queue.pop()
        if path in found:
            continue
        found.add(path)
        queue.extend(_imported_files(path, script.parent, root, unused))
    return tuple(sorted(found))


def _imported_files(path: Path, beside: Path, root: Path, unused: tuple[str, ...]) -> Iterator[Path]:
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, SyntaxError) as error:
        raise StoreError(f"{path}: cannot read the source file of a rule: {error}") from error
    for name in _imported_names(tree, _module_name(path, root), unused):
        yield from _module_files(name, beside, root)


def _imported_names(tree: ast.AST, module: list[str], unused: tuple[str, ...]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = module[: len(module) - node.level] if node.level else []
            base = ".".join([*package, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and str(node.value).startswith(f"{PACKAGE}."):
            if node.value in unused:
                continue
            yield str(node.value).split(":")[0]


def _module_name(path: Path, root: Path) -> list[str]:
    """Parts of a file's dotted name; ``__init__`` stays, since relative imports count from it."""
    return list(path.relative_to(root).with_suffix("").parts)


def _module_files(name: str, beside: Path, root: Path) -> Iterator[Path]:
    """Files that importing ``name`` runs: the module and the ``__init__`` of each package above it."""
    parts = name.split(".")
    if parts[0] != PACKAGE:
        sibling = beside / f"{parts[0]}.py"
        if sibling.is_file():
            yield sibling
        return
    for depth in range(1, len(parts) + 1):
        location = root.joinpath(*parts[:depth])
        if (location / "__init__.py").is_file():
            yield location / "__init__.py"
        elif location.with_suffix(".py").is_file():
            yield location.with_suffix(".py")


def digest(path: Path | str) -> str:
    """SHA-256 of a file, or of the names and contents of all files in a folder that are not hidden.

    Raises:
        StoreError: nothing is there.
    """
    path = Path(path)
    if path.is_file():
        return sha256_file(path)
    if not path.is_dir():
        raise StoreError(f"{path}: missing; rerun the rule that makes it")
    whole = hashlib.sha256()
    files = (item for item in path.rglob("*") if item.is_file() and not item.name.startswith("."))
    for file in sorted(files):
        whole.update(f"{file.relative_to(path).as_posix()} {sha256_file(file)}\n".encode())
    return whole.hexdigest()


def provenance(
    rule: str,
    outputs: Iterable[str],
    inputs: Mapping[str, Iterable[str]],
    params: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the provenance record of one job.

    ``inputs`` maps the role of inputs (``code``, ``manifest``, ...) to paths. Feature stores (``.zarr``)
    stand by their small ``digest.json``, which is an input of its own. The record has no times and no host,
    so equal work gives equal records; run times are in ``benchmarks/``.
    """
    return {
        "rule": rule,
        "artifacts": _digests(outputs),
        "inputs": {role: _digests(paths) for role, paths in sorted(inputs.items())},
        "params": dict(params),
        "versions": {
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in RECORDED_PACKAGES},
        },
    }


def _digests(paths: Iterable[str]) -> dict[str, str]:
    return {path: digest(path) for path in sorted(paths) if not path.endswith(".zarr")}
