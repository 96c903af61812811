"""The code of a job: what its script imports, and the plug-ins that its wildcards choose.

Its digest is taken over the syntax trees of these files: comments, docstrings and layout change nothing.
docs/lineage.md says what it sees and what not.
"""

import ast
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from layerwise.errors import StoreError

PACKAGE = "layerwise"
# Texts for people in declarations of options and tables; they are documentation as docstrings are.
DOCUMENTATION = {
    "Field": {"description", "examples", "title"},
    **{name: {"about"} for name in ("Column", "Table", "choice", "count", "layer", "number", "replace")},
}


def code_digest(script: Path, plugins: Sequence[str], root: Path) -> str:
    """Return the SHA-256 over the syntax trees of all files that a job runs.

    ``plugins`` are ``module:object`` or ``folder/file.py:object``; ``root`` holds the package. Raises
    StoreError as ``code_files`` does.
    """
    lines = [
        f"{name} {tree_digest(path)}" for name, path in sorted(code_files(script, plugins, root).items())
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def code_files(script: Path, plugins: Sequence[str], root: Path) -> dict[str, Path]:
    """Return a script, its plug-ins, and every file that they import, directly or not, by a stable name.

    Followed are ``import`` and ``from ... import`` (absolute and relative, anywhere in a file) into the
    package below ``root``, into modules beside the script or plug-in file, and into the package that a
    plug-in of an installed package belongs to. Imports under ``if TYPE_CHECKING:`` and names in strings are
    not. Raises StoreError: a file is missing or cannot be parsed.
    """
    found: dict[str, Path] = {}
    queue = [(script, _Home({PACKAGE: root}, script.parent, "scripts"))]
    queue += [_plugin(plugin, root) for plugin in plugins]
    while queue:
        path, home = queue.pop()
        name = home.name(path)
        if name not in found:
            found[name] = path
            queue.extend((file, home) for file in _imported_files(path, home))
    return found


class _Home:
    """Where the imports of a file may lead: packages, and modules beside a script or plug-in file."""

    def __init__(self, roots: Mapping[str, Path], beside: Path | None = None, label: str = "") -> None:
        """``roots`` maps packages to the folders that hold them; ``label`` names what lies ``beside``."""
        self.roots = roots
        self.beside = beside
        self.label = label
        self._key = (tuple(roots.items()), beside, label)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Home) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def name(self, path: Path) -> str:
        """Name a file by its place in its package or beside the script, wherever these are."""
        for package, root in self.roots.items():
            if path.is_relative_to(root / package) or path == root / f"{package}.py":
                return path.relative_to(root).as_posix()
        return f"{self.label}/{path.relative_to(self.beside or '.').as_posix()}"

    def module(self, path: Path) -> list[str]:
        """Parts of a file's dotted name; ``__init__`` stays, since relative imports count from it."""
        parts = list(Path(self.name(path)).with_suffix("").parts)
        return parts if parts[0] in self.roots else parts[1:]

    def files(self, dotted: str) -> Iterator[Path]:
        """Files that importing a name runs: the module and the ``__init__`` of each package above it."""
        parts = dotted.split(".")
        if parts[0] in self.roots:
            yield from _below(self.roots[parts[0]], parts)
        elif self.beside is not None:
            yield from _below(self.beside, parts)


def _below(root: Path, parts: Sequence[str]) -> Iterator[Path]:
    for depth in range(1, len(parts) + 1):
        location = root.joinpath(*parts[:depth])
        if (location / "__init__.py").is_file():
            yield location / "__init__.py"
        elif location.with_suffix(".py").is_file():
            yield location.with_suffix(".py")


def _plugin(plugin: str, root: Path) -> tuple[Path, _Home]:
    module = plugin.partition(":")[0]
    if module.endswith(".py"):
        return Path(module), _Home({PACKAGE: root}, Path(module).parent, "plugins")
    package = module.partition(".")[0]
    home = _Home({PACKAGE: root, package: root if package == PACKAGE else _folder_of(package, plugin)})
    files = list(home.files(module))
    if not files or [part for part in home.module(files[-1]) if part != "__init__"] != module.split("."):
        raise StoreError(f"plug-in {plugin}: there is no module {module}")
    return files[-1], home


def _folder_of(package: str, plugin: str) -> Path:
    """The folder that holds an installed package."""
    spec = find_spec(package)
    if spec is None or not spec.origin:
        raise StoreError(f"plug-in {plugin}: no source of package {package!r} can be found to be tracked")
    origin = Path(spec.origin)
    return origin.parents[1] if origin.name == "__init__.py" else origin.parent


def forget_parsed() -> None:
    """Read source files again from now on: they may have been edited."""
    for cached in (_parse, _imports, _imported_files, tree_digest):
        cached.cache_clear()


@cache
def _parse(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, SyntaxError) as error:
        raise StoreError(f"{path}: cannot read the source file of a rule: {error}") from error


@cache
def _imported_files(path: Path, home: _Home) -> tuple[Path, ...]:
    module = home.module(path)
    # A plug-in's own packages run before it.
    names = [".".join(module[:depth]) for depth in range(1, len(module))]
    for level, name in _imports(path):
        package = module[: len(module) - level] if level else []
        names.append(".".join([*package, *([name] if name else [])]))
    return tuple(dict.fromkeys(file for dotted in names for file in home.files(dotted)))


@cache
def _imports(path: Path) -> list[tuple[int, str]]:
    """Level (0: absolute) and dotted name of all that a file imports, submodules and other objects alike."""
    found: list[tuple[int, str]] = []
    for node in _running(_parse(path)):
        if isinstance(node, ast.Import):
            found += [(0, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = [node.module] if node.module else []
            found += [(node.level, ".".join([*base, alias.name])) for alias in node.names]
            found.append((node.level, ".".join(base)))
    return found


def _running(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes of a tree but those that only type checkers see."""
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and _name(child.test) == "TYPE_CHECKING":
            for other in child.orelse:
                yield from _running(other)
        else:
            yield from _running(child)


def _name(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


@cache
def tree_digest(path: Path) -> str:
    """Return the SHA-256 of a file's syntax tree without positions, comments and documentation.

    The same for all supported versions of Python. Raises StoreError for a file that cannot be parsed.
    """
    return hashlib.sha256(json.dumps(_canonical(_parse(path))).encode()).hexdigest()


def _canonical(value: Any) -> Any:
    """A tree as nested lists: a node's kind and its fields, empty ones left out."""
    if isinstance(value, ast.AST):
        fields = ((name, _canonical(content)) for name, content in _fields(value))
        return [type(value).__name__, *(field for field in fields if field[1] not in (None, []))]
    if isinstance(value, list):
        return [_canonical(item) for item in value]
    return value if isinstance(value, str | int | None) else repr(value)


def _fields(node: ast.AST) -> Iterable[tuple[str, Any]]:
    for name, content in ast.iter_fields(node):
        if name == "body" and isinstance(content, list):
            content = [item for item in content if not _is_text(item)]
        if name == "keywords" and isinstance(node, ast.Call):
            hidden = DOCUMENTATION.get(_name(node.func), set())
            content = [keyword for keyword in content if keyword.arg not in hidden]
        if name != "type_comment":
            yield name, content


def _is_text(node: ast.AST) -> bool:
    """Whether a statement is nothing but a string: a docstring, or a text that does nothing."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
