"""Facts about the project that are written in more than one file."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CONFIGS = [ROOT / "config.yaml", *sorted((ROOT / "configs").glob("*.yaml"))]


def test_one_version_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest
    assert project["version"] == citation["version"] == newest[1]


def test_citation_names_the_authors_of_each_paper() -> None:
    references = yaml.safe_load((ROOT / "CITATION.cff").read_text())["references"]
    authors = {
        reference["identifiers"][0]["value"]: [author["family-names"] for author in reference["authors"]]
        for reference in references
    }
    assert authors == {
        "arXiv:2211.03929": ["Pasad", "Shi", "Livescu"],
        "arXiv:2107.04734": ["Pasad", "Chou", "Livescu"],
        "arXiv:2307.00162": ["Pasad", "Chien", "Settle", "Livescu"],
    }


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_editors_find_the_schema_of_a_config(path: Path) -> None:
    first = path.read_text().partition("\n")[0]
    prefix = "# yaml-language-server: $schema="
    assert first.startswith(prefix)
    assert (path.parent / first.removeprefix(prefix)).resolve() == ROOT / "docs/config.schema.json"


def test_the_lock_pins_every_package_with_hashes_and_no_address() -> None:
    lines = (ROOT / "envs/requirements.lock").read_text().splitlines()
    starts = [line for line in lines if line and not line.startswith((" ", "#"))]
    assert starts
    assert all(re.match(r"[a-z0-9._-]+==\S+ .*\\$", line) for line in starts)
    assert not [line for line in lines if "://" in line or "--index" in line or "--find-links" in line]


def test_the_lock_has_one_version_of_a_package_for_every_python() -> None:
    """Results must not depend on the interpreter; where a wheel is missing, pyproject.toml says so."""
    names = re.findall(r"^([a-z0-9._-]+)==", (ROOT / "envs/requirements.lock").read_text(), re.MULTILINE)
    assert {name for name in names if names.count(name) > 1} <= {"pocketsphinx"}
