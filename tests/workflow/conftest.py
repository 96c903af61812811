"""Real Snakemake in a copy of the repository, so that tests may edit sources and data."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

COPIED = (
    "Snakefile",
    "config.yaml",
    "configs",
    "envs",
    "layerwise",
    "profiles",
    "report",
    "rules",
    "scripts",
)


@dataclass
class Workflow:
    """A working copy and the config that its runs use."""

    folder: Path
    config: str = "configs/ci.yaml"

    def snakemake(
        self, *arguments: str, check: bool = True, cores: int = 2
    ) -> subprocess.CompletedProcess[str]:
        command = [
            sys.executable,
            "-m",
            "snakemake",
            "--cores",
            str(cores),
            "--configfile",
            self.config,
            *arguments,
        ]
        environment = {**os.environ, "PYTHONPATH": str(self.folder), "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        assert not check or done.returncode == 0, done.stdout
        return done

    def planned(self, *arguments: str) -> Counter[str]:
        """Jobs of a dry run, counted by rule (without the target rule)."""
        output = self.snakemake("--dry-run", *arguments).stdout
        table = re.search(r"^job +count\n-+ +-+\n((?:\w+ +\d+\n)+)", output, re.MULTILINE)
        if table is None:
            assert "Nothing to be done" in output, output
            return Counter()
        counts = Counter(
            {name: int(count) for name, count in (line.split() for line in table[1].splitlines())}
        )
        del counts["total"], counts["all"]
        return counts

    def messages(self, *arguments: str) -> list[str]:
        """Messages of the planned jobs."""
        output = self.snakemake("--dry-run", *arguments).stdout
        return re.findall(r"^Job \d+: (.*)$", output, re.MULTILINE)

    def path(self, name: str) -> Path:
        return self.folder / name


def copy_repository(repository: Path, folder: Path) -> Workflow:
    ignore = shutil.ignore_patterns("__pycache__")
    for name in COPIED:
        source = repository / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=ignore)
        else:
            shutil.copy2(source, folder / name)
    shutil.copytree(repository / "resources/prompts", folder / "resources/prompts")
    shutil.copytree(repository / "resources/models/hubert-tiny", folder / "resources/models/hubert-tiny")
    return Workflow(folder)


@pytest.fixture
def fresh(repository, tmp_path) -> Workflow:
    """A copy in which nothing has run."""
    return copy_repository(repository, tmp_path)


@pytest.fixture(scope="session")
def finished(repository, tmp_path_factory) -> Workflow:
    """A copy in which configs/ci.yaml has run to the end. Tests must leave it as they found it."""
    workflow = copy_repository(repository, tmp_path_factory.mktemp("finished"))
    workflow.snakemake()
    return workflow
