"""Faults of the machine: a small run is killed, its disk fills up, and it must end as if nothing had been.

    python benchmarks/faults.py kills --folder /tmp/faults             25 kills at random moments
    python benchmarks/faults.py slurm --folder /tmp/faults             5 of jobs, by scancel, and one of everything
    python benchmarks/faults.py disk --folder /tmp/faults              a full disk in each stage (root, Linux)
    python benchmarks/faults.py two --folder /tmp/faults               two at once, of one run and of two

A copy of the repository runs to its end undisturbed (`whole`, kept in the folder), others are disturbed and
started again with the same command until they end. Then every file of the results must have the same bytes as
the undisturbed one's, save logs, run times and `lineage/runs`; every log that there was is kept; `snakemake
verify` finds nothing; and no process is left. `--seed` chooses the moments. Prints what was done, a line each,
and what was wrong; the exit status is that of the check.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import yaml

from layerwise.files import sha256_file

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("Snakefile", "config.yaml", "configs", "envs", "layerwise", "profiles", "report", "resources", "rules")
RUN = "faults"
# What says when and how long it ran.
PASSING = ("logs", "benchmarks", "lineage/runs")
KINDS = ("all", "snakemake", "job")  # what is killed: the process group, Snakemake alone, one job
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

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder, self.arguments = folder, arguments
        self.results = folder / "results" / RUN
        self.logs: list[tuple[Path, bytes]] = []
        self.wrong: list[str] = []
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
                if process.status() != psutil.STATUS_ZOMBIE and process.cwd() == str(self.folder):
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


def undisturbed(folder: Path, *arguments: str) -> tuple[Copy, float]:
    """Run to the end; return the copy and the seconds that it took."""
    copy = Copy(folder / "whole", *arguments)
    start = time.monotonic()
    status, said = copy.run()
    assert status == 0, said[-3000:]
    return copy, time.monotonic() - start


def kill(copy: Copy, process: subprocess.Popen[str], kind: str) -> str:
    """Kill all processes of a run, Snakemake alone, or one of its jobs; return what was killed."""
    rule = "planning"
    while kind == "job" and process.poll() is None and not copy.processes(jobs=True):
        time.sleep(0.05)
    jobs = copy.processes(jobs=True)
    with suppress(psutil.Error, OSError):
        rule = Path(jobs[0].cmdline()[1]).name.split(".", 1)[1].removesuffix(".py") if jobs else rule
        if kind == "job" and jobs:
            jobs[0].kill()
        elif kind == "all":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
    return rule


def kills(folder: Path, seed: int, number: int, each: int) -> Iterator[str]:
    """Kill at random moments, ``each`` times on the way to one end; yield a line for each and what is wrong."""
    chosen = random.Random(seed)
    whole, seconds = undisturbed(folder)
    yield f"undisturbed: {seconds:.0f} s, {len(whole.digests())} files"
    counts: Counter[str] = Counter()
    runs = 0
    while counts.total() < number:
        copy = Copy(folder / "killed")
        runs += 1
        for _ in range(each if number - counts.total() >= each else number - counts.total()):
            kind = KINDS[counts.total() % len(KINDS)]
            moment = chosen.uniform(0, 2 * seconds / each)
            process = copy.start()
            with suppress(subprocess.TimeoutExpired):
                process.wait(moment)
                break  # it ended before
            rule = kill(copy, process, kind)
            counts[kind] += 1
            copy.note_logs()
            yield f"killed: {kind} at {moment:.1f} s, in {rule}"
        status, said = copy.run()
        if status:
            copy.wrong.append(f"did not end: {said[-1500:]}")
        copy.check(whole)
        yield f"run {runs}: {'as undisturbed' if not copy.wrong else 'wrong'}"
        yield from (f"WRONG {line}" for line in copy.wrong)
    yield f"{counts.total()} kills ({', '.join(f'{n} of {kind}' for kind, n in counts.items())}), {runs} runs"


def main() -> None:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", choices=("kills",))
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--number", type=int, default=25)
    parser.add_argument("--each", type=int, default=5, help="kills on the way to one end")
    given = parser.parse_args()
    folder = given.folder.resolve()
    wrong = 0
    for line in kills(folder, given.seed, given.number, given.each):
        print(line, flush=True)
        wrong += line.startswith("WRONG")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
