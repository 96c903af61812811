"""What the pages name is there, and what is generated is not older than the code."""

import ast
import importlib
import re
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from recipes import MODULES, ROOT, add_to_repository, python_blocks, write_plugin

from layerwise.specs.code import load_object
from layerwise.specs.registry import KINDS, registry

sys.path.append(str(ROOT / "docs"))
import pictures

PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "results/README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
GROUPS = {f"layerwise.{kind}" for kind in MODULES}
FOLDERS = (
    "layerwise",
    "scripts",
    "rules",
    "tests",
    "benchmarks",
    "docs",
    "configs",
    "envs",
    "profiles",
    "resources",
)
NAME = re.compile(r"`(layerwise(?:\.\w+)+)")
PATH = re.compile(rf"[`( ]((?:{'|'.join(FOLDERS)})/[\w./-]*\w)")
EXAMPLES = {*MODULES.values(), "layerwise/options/manner.py", "profiles/cluster"}


def ids(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_every_name_of_the_library_exists(page: Path) -> None:
    for name in NAME.findall(page.read_text(encoding="utf-8")):
        assert name in GROUPS or _exists(name), f"{page}: {name}"


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_every_import_that_a_page_shows_works(page: Path) -> None:
    shown = re.findall(
        r"^ *from (layerwise[\w.]*) import ([\w, ]+)", page.read_text(encoding="utf-8"), re.MULTILINE
    )
    for module, names in shown:
        for name in names.split(","):
            assert hasattr(importlib.import_module(module), name.strip()), f"{page}: {module}, {name}"


def _exists(name: str) -> bool:
    """Whether it is a module, or an object of one."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for part in parts[end:]:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_every_path_of_the_repository_exists(page: Path) -> None:
    for path in PATH.findall(page.read_text(encoding="utf-8")):
        assert path in EXAMPLES or (ROOT / path).exists(), f"{page}: {path}"


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", page.read_text(encoding="utf-8")):
        file = page.parent / target if target else page
        assert file.exists(), f"{page}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in slugs, f"{page}: {target}#{anchor}"


@pytest.mark.parametrize("kind", MODULES)
def test_a_recipe_imports_what_is_there(kind: str) -> None:
    (module,) = [block for block in python_blocks() if block.path == MODULES[kind]]
    for node in ast.walk(ast.parse(module.code)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("layerwise"):
            found = importlib.import_module(node.module)
            assert all(hasattr(found, alias.name) for alias in node.names), node.module


@pytest.mark.parametrize("kind", MODULES)
def test_a_recipe_makes_a_plugin_file(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    file = write_plugin(tmp_path, kind)
    try:
        specs = registry((str(file),)).all(KINDS[kind]).values()
        (spec,) = [spec for spec in specs if spec.origin == str(file)]
        assert load_object(spec.code)
    finally:
        sys.modules.pop(file.stem, None)


def test_recipes_fit_into_the_repository(tmp_path: Path) -> None:
    """Each goes into its tuple and section; tests/workflow runs them."""
    changed = [f"layerwise/specs/{kind}.py" for kind in MODULES] + ["layerwise/options/alignment.py"]
    for name in (*changed, *MODULES.values()):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    for name in changed:
        (tmp_path / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    for kind in MODULES:
        add_to_repository(tmp_path, kind)
    for name in (*changed, *MODULES.values()):
        text = (tmp_path / name).read_text(encoding="utf-8")
        ast.parse(text)
        assert max(map(len, text.splitlines())) <= 110, name
    assert find_spec("layerwise.models.gru") is None, "an example of CONTRIBUTING.md is in the repository"


def test_the_picture_of_rooms_is_current() -> None:
    assert pictures.read_graph(pictures.FOLDER / "rooms.svg") == pictures.room_graph()


def test_the_picture_of_rules_is_current() -> None:
    assert pictures.read_graph(pictures.FOLDER / "rules.svg") == pictures.rule_graph()
