import subprocess
import sys

import pytest

from layerwise.errors import StoreError
from layerwise.lineage import code
from layerwise.lineage.code import code_digest, code_files
from layerwise.lineage.content import digest
from layerwise.lineage.records import provenance
from layerwise.specs.registry import BUILT_IN

FILES = {
    "scripts/job.py": "from _common import x\nfrom layerwise.a import f\n",
    "scripts/_common.py": "import layerwise.log\n",
    "scripts/other.py": "import layerwise.unused\n",
    "layerwise/__init__.py": "",
    "layerwise/log.py": "",
    "layerwise/unused.py": "",
    "layerwise/a/__init__.py": "from .inner import f\n",
    "layerwise/a/inner.py": "from ..b import deep\ndef f():\n    import layerwise.late\n",
    "layerwise/b/__init__.py": "",
    "layerwise/b/deep.py": "REGISTRY = {'x': 'layerwise.plugin:load'}\nimport numpy\n",
    "layerwise/late.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import layerwise.unused\n",
    "layerwise/plugin.py": "from layerwise.b import helper\n",
    "layerwise/b/helper.py": "",
}
PLUGIN = {"layerwise/plugin.py", "layerwise/b/helper.py"}
ENGINE = set(FILES) - PLUGIN - {"scripts/other.py", "layerwise/unused.py"}
SOURCE = '''"""Module."""

from pydantic import Field

LIMIT = 3  # a comment


def double(x: int) -> int:
    """Twice."""
    return 2 * x


class Options:
    """Options."""

    depth: int = Field(default=1, description="How deep.", examples=[2])
'''


@pytest.fixture
def tree(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.fixture(autouse=True)
def _nothing_remembered():
    """Files are parsed once per process; tests edit them."""
    for remembering in (code._parse, code._imports, code.tree_digest):
        remembering.cache_clear()


def found(tree, *plugins):
    return set(code_files(tree / "scripts/job.py", plugins, tree))


def test_walker_finds_everything_imported_and_nothing_else(tree):
    assert found(tree) == ENGINE


def test_a_plug_in_brings_what_it_imports(tree):
    assert found(tree, "layerwise.plugin:load") == ENGINE | PLUGIN


def test_a_plug_in_file_brings_the_modules_beside_it(tree, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "my_models.py").write_text("import my_layers\nimport layerwise.b.helper\n")
    (folder / "my_layers.py").write_text("")
    names = found(tree, f"{folder}/my_models.py:load") - ENGINE
    assert names == {"plugins/my_models.py", "plugins/my_layers.py", "layerwise/b/helper.py"}


def test_a_plug_in_of_an_installed_package_brings_that_package(tree, tmp_path, monkeypatch):
    package = tmp_path / "site/their_models"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "net.py").write_text("from their_models import parts\nimport layerwise.b.helper\n")
    (package / "parts.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path / "site")
    names = found(tree, "their_models.net:load") - ENGINE
    assert names == {
        *(f"their_models/{name}.py" for name in ("__init__", "net", "parts")),
        "layerwise/b/helper.py",
    }
    with pytest.raises(StoreError, match=r"there is no module their_models\.nothing"):
        found(tree, "their_models.nothing:load")
    with pytest.raises(StoreError, match="no source of package"):
        found(tree, "nobodys_models.net:load")


def test_walker_names_a_broken_file(tree):
    (tree / "layerwise/log.py").write_text("def (")
    with pytest.raises(StoreError, match=r"log\.py"):
        found(tree)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  # a comment", ""),
        ('"""Twice."""', '"""Two times."""'),
        ('"""Module."""\n', ""),
        ("return 2 * x", "return (2\n            * x)"),
        ("How deep.", "How deep it goes."),
        ("examples=[2]", "examples=[3]"),
    ],
)
def test_comments_docstrings_layout_and_descriptions_are_not_code(tree, old, new):
    assert same_digest(tree, old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [("2 * x", "x * 2"), ("LIMIT = 3", "LIMIT = 4"), ("default=1", "default=2"), ("x: int", "x: float")],
)
def test_an_edit_is_seen(tree, old, new):
    assert not same_digest(tree, old, new)


def same_digest(tree, old, new):
    assert old in SOURCE
    digests = []
    for text in (SOURCE, SOURCE.replace(old, new)):
        code._parse.cache_clear()
        code.tree_digest.cache_clear()
        (tree / "layerwise/log.py").write_text(text)
        digests.append(code_digest(tree / "scripts/job.py", (), tree))
    return digests[0] == digests[1]


def test_a_digest_does_not_depend_on_where_the_tree_is(tree, tmp_path_factory):
    other = tmp_path_factory.mktemp("moved")
    (other / "tree").symlink_to(tree)
    first = code_digest(tree / "scripts/job.py", ("layerwise.plugin:load",), tree)
    assert first == code_digest(other / "tree/scripts/job.py", ("layerwise.plugin:load",), other / "tree")


@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_other_versions_of_python_give_the_same_digest(repository, version):
    probe = (
        f"import sys; sys.path.insert(0, {str(repository)!r}); from pathlib import Path\n"
        "import layerwise.lineage.code as code\n"
        f"print(code.tree_digest(Path({str(repository)!r}, 'layerwise/lineage/code.py')))"
    )
    try:
        other = subprocess.run([f"python{version}", "-c", probe], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return  # nothing to compare with on this machine
    if other.returncode == 0:
        assert other.stdout.strip() == code.tree_digest(repository / "layerwise/lineage/code.py")


@pytest.mark.parametrize("script", ["cca", "extract", "tables", "align", "manifest", "downstream"])
def test_no_job_depends_on_the_registries(repository, script):
    """Else a new line in one would rerun the whole stage."""
    names = code_files(repository / f"scripts/{script}.py", (), repository)
    tables = {f"layerwise/specs/{kind}.py" for kind in ("models", "analyses", "tasks", "aligners", "readers")}
    assert not names.keys() & {*tables, "layerwise/specs/registry.py", "layerwise/config/schema.py"}


@pytest.mark.parametrize("spec", BUILT_IN, ids=lambda spec: f"{type(spec).__name__}-{spec.name}")
def test_walker_agrees_with_what_python_loads(repository, spec):
    """Oracle: the modules that loading a plug-in really pulls in are all found."""
    probe = (
        "import sys; from layerwise.specs.code import load_object; "
        f"load_object({spec.code!r}); "
        "print('\\n'.join(m.__file__ for n, m in sys.modules.items() if n.startswith('layerwise')))"
    )
    loaded = subprocess.run([sys.executable, "-c", probe], check=True, capture_output=True, text=True).stdout
    files = code_files(repository / "scripts/verify.py", (spec.code, "layerwise.specs.code:x"), repository)
    assert set(loaded.split()) <= set(map(str, files.values()))


def test_digest_of_a_folder_sees_names_and_contents(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a").write_text("1")
    first = digest(folder)
    (folder / "a").rename(folder / "b")
    renamed = digest(folder)
    (folder / ".time_stamp").write_text("now")
    assert digest(folder) == renamed
    (folder / "b").write_text("2")
    assert len({first, renamed, digest(folder)}) == 3
    with pytest.raises(StoreError, match="missing"):
        digest(tmp_path / "nothing")


def test_provenance_names_inputs_by_role_and_skips_stores(tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("x\n")
    record = provenance("cca", [str(table)], {"samples": [str(table)], "store": ["s.zarr"]}, {"seed": 1})
    assert record["artifacts"] == {str(table): digest(table)}
    assert record["inputs"] == {"samples": {str(table): digest(table)}, "store": {}}
    assert record["params"] == {"seed": 1}
    assert "torch" in record["versions"]
