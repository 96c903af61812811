"""The recipe of the container image: from the lock, with all that a run needs, and nobody's rights."""

import fnmatch
import re
import tomllib
from pathlib import Path

import pytest
from running import COPIED


@pytest.fixture
def recipe(repository: Path) -> str:
    return (repository / "envs/Containerfile").read_text()


def test_it_installs_the_lock_with_hashes_and_nothing_else(repository: Path, recipe: str) -> None:
    assert "uv pip sync --no-cache --require-hashes" in recipe.replace("/opt/uv/bin/", "")
    assert "COPY envs/requirements.lock /opt/layerwise/envs/requirements.lock" in recipe
    lock = (repository / "envs/requirements.lock").read_text()
    entries = re.split(r"\n(?=[A-Za-z0-9])", lock)
    assert all("--hash=sha256:" in entry for entry in entries if "==" in entry)
    assert recipe.count("pip install") == 2
    assert 'pip install --no-cache-dir "uv==${UV}"' in recipe
    assert "pip install --no-cache --no-deps --no-build-isolation" in recipe
    assert re.search(r"^setuptools==", lock, re.MULTILINE), "the image builds the package with it"


def test_its_python_is_in_the_range_and_fixed(repository: Path, recipe: str) -> None:
    low, high = re.findall(
        r"\d+\.\d+", tomllib.loads((repository / "pyproject.toml").read_text())["project"]["requires-python"]
    )
    found = re.search(r"^ARG BASE=\S+/python:(3\.\d+)-slim-\w+$", recipe, re.MULTILINE)
    assert found and int(low[2:]) <= int(found[1][2:]) < int(high[2:])
    assert re.findall(r"^FROM (\S+)", recipe, re.MULTILINE) == ["${BASE}", "${BASE}"]
    assert re.search(r"^ARG UV=\d+\.\d+\.\d+$", recipe, re.MULTILINE)


def test_it_holds_what_a_run_needs(repository: Path) -> None:
    lines = (repository / ".dockerignore").read_text().splitlines()
    kept = {line[1:] for line in lines if line.startswith("!")}
    assert "*" in lines
    assert {*COPIED, "resources", "pyproject.toml"} <= kept
    assert all((repository / name).exists() for name in kept)
    assert not [name for name in ("results", ".git", ".venv", "tests", "data") if name in kept]
    assert not any(fnmatch.fnmatch("envs/requirements.lock", line) for line in lines if line != "*")


def test_it_runs_as_nobody_in_particular(recipe: str) -> None:
    steps = [line for line in recipe.splitlines() if re.match(r"[A-Z]+ ", line)]
    assert steps[-4:] == [
        "WORKDIR /opt/layerwise",
        "USER 1000",
        'ENTRYPOINT ["snakemake"]',
        'CMD ["--cores", "all"]',
    ]


def test_make_names_version_and_commit(repository: Path) -> None:
    text = (repository / "Makefile").read_text()
    assert "build --file envs/Containerfile --tag layerwise:$(VERSION)" in text
    assert "--build-arg COMMIT=$$(git rev-parse HEAD)" in text
