"""Real Snakemake in a copy of the repository, so that tests may edit sources and data."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from filelock import FileLock

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
class Finished:
    """A run of snakemake that has ended."""

    returncode: int
    output: str


@dataclass
class Plan:
    """What a dry run would do: jobs by rule (without the target rule), and the message of each."""

    jobs: Counter[str]
    messages: list[str]


@dataclass
class Workflow:
    """A working copy and the config that its runs use; ``packages`` are folders with installed packages."""

    folder: Path
    config: str = "configs/ci.yaml"
    packages: tuple[Path, ...] = ()

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start snakemake on one core (tests run two at a time), in a process group of its own."""
        path = os.pathsep.join(map(str, (self.folder, *self.packages)))
        return subprocess.Popen(
            [sys.executable, "-m", "snakemake", "--cores", "1", f"--configfile={self.config}", *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def snakemake(self, *arguments: str, check: bool = True) -> Finished:
        """Run snakemake to its end."""
        process = self.start(*arguments)
        output, _ = process.communicate()
        assert not check or process.returncode == 0, output
        return Finished(process.returncode, output)

    def plan(self, *arguments: str) -> Plan:
        """Ask a dry run what it would do."""
        output = self.snakemake("--dry-run", *arguments).output
        table = re.search(r"^job +count\n-+ +-+\n((?:\w+ +\d+\n)+)", output, re.MULTILINE)
        if table is None:
            assert "Nothing to be done" in output, output
            return Plan(Counter(), [])
        jobs = Counter({name: int(count) for name, count in (line.split() for line in table[1].splitlines())})
        del jobs["total"], jobs["all"]
        return Plan(jobs, sorted(re.findall(r"^ *Job \d+: (.*)$", output, re.MULTILINE)))

    def planned(self, *arguments: str) -> Counter[str]:
        """Jobs that a dry run would do, counted by rule."""
        return self.plan(*arguments).jobs

    def path(self, name: str) -> Path:
        return self.folder / name


def copy_workflow(workflow: Workflow, folder: Path) -> Workflow:
    """Copy a workflow with its results. Times of files stay: to snakemake the copy is as finished."""
    shutil.copytree(workflow.folder, folder, symlinks=True, dirs_exist_ok=True)
    return replace(workflow, folder=folder)


def copy_repository(repository: Path, folder: Path) -> Workflow:
    """Copy what a run of configs/ci.yaml needs."""
    ignore = shutil.ignore_patterns("__pycache__")
    folder.mkdir(exist_ok=True)
    for name in (*COPIED, "resources/prompts", "resources/published", "resources/models/hubert-tiny"):
        source = repository / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=ignore)
        else:
            shutil.copy2(source, folder / name)
    return Workflow(folder)


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return a folder that one worker of pytest-xdist makes while the others wait for it."""
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    done = folder.with_suffix(".done")
    with FileLock(folder.with_suffix(".lock")):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of a worker that failed
            make(folder)
            done.touch()
    return folder
