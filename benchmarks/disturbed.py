"""A copy of the repository in which a small run is disturbed, and what must hold when it has ended."""

import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import yaml

from layerwise.files import sha256_file

ROOT = Path(__file__).resolve().parents[1]
COPIED = (
    "Snakefile",
    "config.yaml",
    "configs",
    "envs",
    "layerwise",
    "profiles",
    "report",
    "resources",
    "rules",
)
RUN = "faults"
# What says when, how long and by which command it ran.
PASSING = ("logs", "benchmarks", "lineage/runs", "report/report.", "lineage/report.report.pdf.json")
ORPHANS_END = 20.0  # seconds
LAST_KEPT = 9  # earlier logs of a job


def config() -> dict[str, Any]:
    """A run of about a minute with every stage: configs/ci.yaml with less of everything."""
    small = yaml.safe_load((ROOT / "configs/ci.yaml").read_text())
    small["run"] = RUN
    small["corpus"]["max_utterances"] = 60
    small["models"][0]["twin"] = False
    small["samples"] |= {"number": 1, "frame_utterances": 20, "phones_per_label": 20, "words": 10}
    small["samples"] |= {"tokens_per_word": 5, "min_tokens": 3}
    small |= {"analyses": ["cca-phone"], "tasks": ["scenario"]}
    small["cca"]["epsilons"] = [0.1]
    small["downstream"]["epochs"] = 2
    return small


class Copy:
    """A copy of the repository in which the run is started, on one core, and killed."""

    def __init__(self, folder: Path, *arguments: str, made: bool = False) -> None:
        """``arguments`` are more ones for Snakemake; ``made``: the copy is there."""
        self.folder, self.arguments = folder, arguments
        self.results = folder / "results" / RUN
        self.logs: list[tuple[Path, bytes]] = []
        self.wrong: list[str] = []
        if made:
            return
        shutil.rmtree(folder, ignore_errors=True)
        for name in (*COPIED, "scripts"):
            source, target = ROOT / name, folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(source, target)
        (folder / f"{RUN}.yaml").write_text(yaml.safe_dump(config()))

    def start(self, *targets: str, config: str = f"{RUN}.yaml") -> subprocess.Popen[str]:
        """Start Snakemake in a process group of its own; its output goes to a file."""
        command = [sys.executable, "-m", "snakemake", "--cores", "1", "--configfile", config, *self.arguments]
        with (self.folder / "output.txt").open("a") as output:
            return subprocess.Popen(
                [*command, "--", *targets] if targets else command,
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(self.folder), "OMP_NUM_THREADS": "1"},
                text=True,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def run(self, *targets: str) -> tuple[int, str]:
        """Run to the end; return the exit status and what was said."""
        before = len(self.said())
        status = self.start(*targets).wait()
        return status, self.said()[before:]

    def said(self) -> str:
        """All that was said so far."""
        path = self.folder / "output.txt"
        return path.read_text() if path.exists() else ""

    def processes(self, jobs: bool = False) -> list[psutil.Process]:
        """Processes that work in this copy, or the Python of its jobs."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                if process.status() == psutil.STATUS_ZOMBIE or process.cwd() != str(self.folder):
                    continue
                if not jobs or "/.snakemake/scripts/" in " ".join(process.cmdline()[:2]):
                    found.append(process)
        return found

    def note_logs(self) -> None:
        """Remember what is in the logs of jobs: it must not get lost."""
        for path in self.results.glob("logs/**/*.log"):
            if text := path.read_bytes():
                self.logs.append((path, text))

    def check(self, whole: "Copy") -> None:
        """Note what is not as it is in an undisturbed run."""
        left = self._left()
        self.wrong += [f"process left: {' '.join(process.cmdline())[:200]}" for process in left]
        here, there = self.digests(), whole.digests()
        self.wrong += [f"differs: {name}" for name in sorted(there) if here.get(name) != there[name]]
        self.wrong += [f"left behind: {name}" for name in sorted(here.keys() - there.keys())]
        for path, text in self.logs:
            kept = list(path.parent.glob(f"{path.stem}.*log"))
            if len(kept) <= LAST_KEPT and not any(each.read_bytes().startswith(text) for each in kept):
                self.wrong.append(f"lost: log {path}")
        status, said = self.run("verify")
        if status:
            self.wrong.append(f"verify: {said[-500:]}")

    def digests(self) -> dict[str, str]:
        """SHA-256 of every file of the results that says nothing of times."""
        names = {
            path.relative_to(self.results).as_posix(): path
            for path in self.results.rglob("*")
            if path.is_file()
        }
        return {name: sha256_file(path) for name, path in names.items() if not name.startswith(PASSING)}

    def _left(self) -> list[psutil.Process]:
        end = time.monotonic() + ORPHANS_END
        while (left := self.processes()) and time.monotonic() < end:
            time.sleep(0.2)
        return left


def undisturbed(folder: Path) -> tuple[Copy, float]:
    """Run to the end, or take what an earlier call left; return the copy and the seconds that it took."""
    took = folder / "whole/seconds"
    if took.exists():
        return Copy(folder / "whole", made=True), float(took.read_text())
    copy = Copy(folder / "whole")
    start = time.monotonic()
    status, said = copy.run()
    assert status == 0, said[-3000:]
    took.write_text(str(time.monotonic() - start))
    return copy, time.monotonic() - start
