import pytest

from layerwise.errors import StoreError
from layerwise.lineage import digest, provenance, source_files

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
    "layerwise/late.py": "",
    "layerwise/plugin.py": "",
}


@pytest.fixture
def tree(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_walker_finds_everything_imported_and_nothing_else(tree):
    found = {path.relative_to(tree).as_posix() for path in source_files(tree / "scripts/job.py", tree)}
    assert found == set(FILES) - {"scripts/other.py", "layerwise/unused.py"}


def test_unused_entries_of_a_registry_are_not_followed(tree):
    unused = ("layerwise.plugin:load",)
    found = {path.name for path in source_files(tree / "scripts/job.py", tree, unused)}
    assert "plugin.py" not in found and "deep.py" in found


def test_walker_names_a_broken_file(tree):
    (tree / "layerwise/log.py").write_text("def (")
    with pytest.raises(StoreError, match=r"log\.py"):
        source_files(tree / "scripts/job.py", tree)


def test_walker_agrees_with_what_python_loads(repository):
    """Oracle: the modules that importing a real package pulls in are all found."""
    import subprocess
    import sys

    probe = (
        "import sys, layerwise.analyses.run, layerwise.features.store; "
        "print('\\n'.join(m.__file__ for n, m in sys.modules.items() if n.startswith('layerwise')))"
    )
    loaded = subprocess.run([sys.executable, "-c", probe], check=True, capture_output=True, text=True).stdout
    found = {str(path) for path in source_files(repository / "scripts/cca.py", repository)}
    assert set(loaded.split()) <= found


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
