"""Real Snakemake in a copy of the repository, so that tests may edit sources and data."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

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
class Workflow:
    """A working copy and the config that its runs use."""

    folder: Path
    config: str = "configs/ci.yaml"

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start snakemake in a process group of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "snakemake", "--cores", "2", f"--configfile={self.config}", *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self.folder), "OMP_NUM_THREADS": "1"},
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

    def planned(self, *arguments: str) -> Counter[str]:
        """Jobs of a dry run, counted by rule (without the target rule)."""
        output = self.snakemake("--dry-run", *arguments).output
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
        output = self.snakemake("--dry-run", *arguments).output
        return re.findall(r"^Job \d+: (.*)$", output, re.MULTILINE)

    def path(self, name: str) -> Path:
        return self.folder / name


def copy_repository(repository: Path, folder: Path) -> Workflow:
    """Copy what a run of configs/ci.yaml needs."""
    ignore = shutil.ignore_patterns("__pycache__")
    for name in (*COPIED, "resources/prompts", "resources/models/hubert-tiny"):
        source = repository / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=ignore)
        else:
            shutil.copy2(source, folder / name)
    return Workflow(folder)
