"""Faults of the machine: a small run is killed, its disk fills up, and it must end as if nothing had been.

    python -m benchmarks.faults kills --folder /tmp/faults             25 kills at random moments
    python -m benchmarks.faults slurm --folder /tmp/faults             5 jobs cancelled, then everything
    python -m benchmarks.faults disk --folder /tmp/faults              a full disk in each stage (root, Linux)
    python -m benchmarks.faults two --folder /tmp/faults               two at once, of one run and of two

A copy of the repository runs to its end undisturbed (`whole`, kept in the folder), others are disturbed and
started again with the same command until they end. Then every file of the results must have the same bytes as
that of the undisturbed one, save logs, run times and `lineage/runs`; every log that there was is kept;
`snakemake verify` finds nothing; and no process is left. `--seed` chooses the moments. Prints a line for each
fault, and what was wrong; the exit status is that of the check.
"""

import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import yaml

from benchmarks.disturbed import ROOT, RUN, Copy, undisturbed
from layerwise.files import sha256_file

KINDS = ("all", "snakemake", "job")  # what is killed: the process group, Snakemake alone, one job


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
    """Kill at random moments, ``each`` times on the way to one end; yield a line for each, and faults."""
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


# What a stage makes, one of several files each.
STAGES = {
    "manifest": "corpus/manifest.parquet",
    "align": "alignment/intervals.parquet",
    "textgrids": "alignment/textgrids",
    "alignment_figure": "figures/alignment.pdf",
    "samples": "samples/0.parquet",
    "selection": "samples/selection.parquet",
    "feasibility": "samples/infeasible.csv",
    "extract": "features/hubert-tiny.digest.json",
    "cca": "cca/hubert-tiny/cca-phone.csv",
    "downstream": "downstream/hubert-tiny/scenario.csv",
    "tables": "tables/layer_scores.csv",
    "figures": "figures/layers.png",
    "report": "report/report.pdf",
}
DISK = "100m"
NAMED = re.compile(r"no space left on the disk.*[Ff]ree space.*run again", re.DOTALL)


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A file system of its own in a folder, which root can mount."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def filled(folder: Path, left: int) -> Iterator[None]:
    """Fill the disk of a folder until ``left`` bytes are free."""
    ballast = folder / "ballast"
    with ballast.open("wb") as stream:
        os.posix_fallocate(stream.fileno(), 0, shutil.disk_usage(folder).free - left)
    try:
        yield
    finally:
        ballast.unlink()


def disk(folder: Path, stages: Sequence[str]) -> Iterator[str]:
    """Fill the disk before each stage, wholly and up to half of what it wrote; free it and go on."""
    whole, _ = undisturbed(folder)
    copy = Copy(folder / "full")
    results = copy.folder / "results"
    with small_disk(results):
        shutil.copytree(whole.folder / "results", results, dirs_exist_ok=True)
        shutil.copytree(whole.folder / ".snakemake", copy.folder / ".snakemake")
        for rule in stages:
            name = STAGES[rule]
            made = copy.results / name
            written = sum(path.stat().st_size for path in (made, *made.rglob("*")))
            if rule == "extract":
                shutil.rmtree(made.with_name("hubert-tiny.zarr"))
                written = sum(
                    path.stat().st_size for path in whole.results.glob("features/hubert-tiny.zarr/**/*")
                )
            for left in (0, max(written // 2, 4096)):
                shutil.rmtree(made) if made.is_dir() else made.unlink(missing_ok=True)
                with filled(results, left):
                    status, said = copy.run(f"results/{RUN}/{name}")
                last = said.strip().splitlines()[-1]
                if not status or not NAMED.search(last) or made.exists():
                    copy.wrong.append(f"{rule}, {left} bytes left: exit status {status}: {last[:500]}")
                yield f"full: {rule}, {left} bytes left: {last[:150]}"
            status, said = copy.run(f"results/{RUN}/{name}")
            if status:
                copy.wrong.append(f"{rule}, with room again: {said[-500:]}")
        status, said = copy.run()
        if status:
            copy.wrong.append(f"did not end: {said[-1500:]}")
        copy.check(whole)
        yield from (f"WRONG {line}" for line in copy.wrong)


SLURM = ("--workflow-profile", "profiles/slurm", "--slurm-init-seconds-before-status-checks", "2")


def slurm(folder: Path, seed: int, number: int) -> Iterator[str]:
    """Cancel jobs on Slurm at random moments; kill Snakemake and leave its jobs; end everything."""
    sys.path.insert(0, str(ROOT / "tests"))
    from filelock import FileLock
    from one_node import missing, one_node

    assert not missing(), missing()
    chosen = random.Random(seed)
    whole, _ = undisturbed(folder)
    with FileLock("/tmp/layerwise-test-slurm.lock"), one_node(folder / "slurm"):
        for faults in (cancelled, left_alone):
            copy = Copy(folder / faults.__name__, *SLURM, "--latency-wait", "5")
            yield from faults(copy, chosen, number)
            status, said = copy.run()
            if status:
                copy.wrong.append(f"did not end: {said[-1500:]}")
            if left := queue():
                copy.wrong.append(f"jobs left: {left}")
            copy.check(whole)
            yield f"{faults.__name__}: {'as undisturbed' if not copy.wrong else 'wrong'}"
            yield from (f"WRONG {line}" for line in copy.wrong)


def cancelled(copy: Copy, chosen: random.Random, number: int) -> Iterator[str]:
    """Cancel a job of each rule that goes to Slurm, ``number`` at most, while its run goes on."""
    process, hit = copy.start(), set[str]()
    while len(hit) < number and process.returncode != 0:
        if job := running(process, hit):
            time.sleep(chosen.uniform(0, 8))
            copy.note_logs()
            subprocess.run(["scancel", job.split()[0]], check=False)
            hit.add(job.split()[1])
            yield f"scancel: {job}"
        elif process.returncode:  # its job was cancelled at each try
            process = copy.start()
    process.wait()


def left_alone(copy: Copy, chosen: random.Random, _: int) -> Iterator[str]:
    """Kill Snakemake and leave its jobs on Slurm; then kill it and cancel them all."""
    for jobs_too in (False, True):
        process = copy.start()
        job = running(process)
        time.sleep(chosen.uniform(0, 8))
        if jobs_too:
            subprocess.run(["scancel", "--full", "--user", str(os.getuid())], check=True)
        process.kill()
        process.wait()
        copy.note_logs()
        yield f"killed: snakemake{', and scancel of all' if jobs_too else ''}, with {job} on Slurm"


def queue(*options: str) -> list[str]:
    """Jobs on Slurm: number and what they make."""
    asked = ["squeue", "--noheader", "--format=%i %k", *options]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.splitlines()


def running(process: subprocess.Popen[str], hit: Collection[str] = ()) -> str | None:
    """A job that runs on Slurm, of a rule not hit yet; waits for one while Snakemake lives."""
    while process.poll() is None:
        if found := [job for job in queue("--states=RUNNING") if job.split()[1] not in hit]:
            return found[0]
        time.sleep(0.2)
    return None


def two(folder: Path) -> Iterator[str]:
    """Start one run twice at once: one is refused. Another run beside it: both come out right."""
    whole, _ = undisturbed(folder)
    copy = Copy(folder / "two")
    other = yaml.safe_load((copy.folder / f"{RUN}.yaml").read_text()) | {"run": "other"}
    (copy.folder / "other.yaml").write_text(yaml.safe_dump(other))
    processes = [copy.start(), copy.start(), copy.start(config="other.yaml")]
    ended = [process.wait() for process in processes]
    said = copy.said()
    if sorted(ended[:2]) != [0, 1] or "another snakemake works on this run" not in said:
        copy.wrong.append(f"of two starts of one run: exit status {ended[:2]}: {said[-500:]}")
    if ended[2]:
        copy.wrong.append(f"the other run: {said[-1500:]}")
    copy.check(whole)
    yield f"two of one run at once, and another: exit status {ended}"
    for name in ("tables/layer_scores.csv", "figures/layers.png", "cca/hubert-tiny/cca-phone.csv"):
        if sha256_file(copy.folder / "results/other" / name) != sha256_file(whole.results / name):
            copy.wrong.append(f"differs in the other run: {name}")
    yield from (f"WRONG {line}" for line in copy.wrong)


def main() -> None:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", choices=("kills", "slurm", "disk", "two"))
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--number", type=int, help="of kills (25), of cancelled jobs (5)")
    parser.add_argument("--each", type=int, default=5, help="kills on the way to one end")
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=list(STAGES), help="of `disk`")
    given = parser.parse_args()
    folder = given.folder.resolve()
    wrong = 0
    lines = {
        "kills": lambda: kills(folder, given.seed, given.number or 25, given.each),
        "slurm": lambda: slurm(folder, given.seed, given.number or 5),
        "disk": lambda: disk(folder, given.stages),
        "two": lambda: two(folder),
    }
    for line in lines[given.what]():
        print(line, flush=True)
        wrong += line.startswith("WRONG")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
