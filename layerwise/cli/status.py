"""``layerwise status RUN``."""

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from layerwise.cli.runs import run_folder
from layerwise.errors import LineageError
from layerwise.lineage.content import digest
from layerwise.lineage.index import ContentIndex
from layerwise.lineage.plan import PLAN, Planned, causes, differing_params, read_plan
from layerwise.lineage.watch import read_record, recorded_artifacts

NAME = "status"
HELP = "Say what of a run is stale and why, and what is fresh. Nothing is run, nothing is written."
INDEX = Path(".snakemake/layerwise/content.json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("run", metavar="RUN", help="a run in results/ by its name, or its folder")
    parser.add_argument(
        "--configfile", nargs="+", default=[], metavar="FILE", help="else those of the run's last job"
    )
    parser.add_argument(
        "--config", nargs="+", default=[], metavar="KEY=VALUE", help="as Snakemake takes them"
    )
    parser.add_argument("--files", action="store_true", help="list every file with its state")


def answer(given: argparse.Namespace) -> Iterator[str]:
    """Say what Snakemake would make anew, and why; which results were edited; and what is fresh.

    Raises LineageError at the end unless all is fresh, and where the plan cannot be made.
    """
    folder = run_folder(given.run, "lineage", "run it first, or see `snakemake --dry-run`")
    base = folder.absolute().parents[1]
    config = config_arguments(folder / "lineage", given.configfile, given.config)
    yield f"{folder}, as `{shlex.join(['snakemake', *config])}` would make it now"
    jobs = dry_run(base, config)
    if not any(path.startswith(f"results/{folder.name}/") for job in jobs for path in job.output):
        raise LineageError(
            f"{shlex.join(config) or 'config.yaml'} is the config of another run than {folder.name}; "
            "name its own by --configfile"
        )
    stale = [job for job in jobs if job.runs]
    edited = edited_products(folder / "lineage", base)
    unlike = {job.output: names for job in jobs if (names := _unlike_record(job, base))}
    yield from told_of_jobs(stale, base)
    if edited:
        yield "edited (a job that reads one of these refuses to; delete it and it is made anew):"
        yield from (f"  {path}, which rule {rule} wrote" for path, rule in edited.items())
    if unlike:
        yield "not as recorded, but fresh to Snakemake, which has no notes of them in .snakemake:"
        yield from (
            f"  {outputs[0]} was made with other {', '.join(names)}" for outputs, names in unlike.items()
        )
    yield from _left_over(jobs, folder, base)
    if given.files:
        yield from _files(jobs, edited)
    rest = Counter(job.rule for job in jobs if not job.runs and job.output not in unlike)
    yield f"fresh: {_counted(rest) if rest else 'nothing'}"
    if stale or edited or unlike:
        raise LineageError(
            f"not all is fresh: {len(stale)} jobs would run, {len(edited)} files were edited"
            + (f", {len(unlike)} jobs are not as recorded" if unlike else "")
        )


def config_arguments(records: Path, configfiles: list[str], config: list[str]) -> list[str]:
    """Return what tells Snakemake the config of a run: as given, else as its last job was started with."""
    started = _started(records)
    files = configfiles or started.configfile
    values = config or ([] if configfiles else started.config)
    return [*(["--configfile", *files] if files else []), *(["--config", *values] if values else [])]


def _started(records: Path) -> argparse.Namespace:
    """Config files and values of the command that started the last job."""
    ran = [content for path in (records / "runs").glob("*.json") if (content := read_record(path))]
    command = max(ran, key=lambda content: str(content["ended"]))["command"] if ran else ""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--configfile", "--configfiles", nargs="+", default=[], type=_at_home)
    parser.add_argument("--config", "-C", nargs="+", default=[])
    return parser.parse_known_args(shlex.split(command)[1:])[0]


def _at_home(path: str) -> str:
    """A path as it was: records say ~ for the home of a user."""
    return Path(path).expanduser().as_posix()


def dry_run(base: Path, config: list[str]) -> list[Planned]:
    """Ask Snakemake for its plan; ``base`` holds results/. Raises LineageError where it has none."""
    if not Path("Snakefile").is_file():
        raise LineageError("there is no Snakefile here; change into the repository")
    elsewhere = [] if base == Path.cwd() else [f"--directory={base}"]
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--quiet", "all", "--nolock"]
    with tempfile.TemporaryDirectory() as folder:
        plan = Path(folder, "plan.jsonl")
        done = subprocess.run(
            [*command, *elsewhere, *config],
            env={**os.environ, PLAN: str(plan)},
            text=True,
            capture_output=True,
            check=False,
        )
        if done.returncode or not plan.exists():
            said = done.stderr.strip().splitlines() or ["it says nothing"]
            raise LineageError(f"Snakemake cannot plan the run: {said[-1]}")
        return read_plan(plan)


def told_of_jobs(stale: list[Planned], base: Path) -> Iterator[str]:
    """Say which jobs would run, with the reasons of those that have some of their own."""
    if not stale:
        return
    index = ContentIndex(base / INDEX)
    groups: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    follow: Counter[str] = Counter()
    for job in sorted(stale, key=lambda job: (job.rule, job.label)):
        why = tuple(causes(job, base, index))
        if why:
            groups[job.rule, why].append(job.label)
        else:
            follow[job.rule] += 1
    yield "stale:"
    for (rule, why), labels in groups.items():
        of = f" [{'; '.join(filter(None, labels))}]" if any(labels) else ""
        yield f"  {rule}{of}"
        yield from (f"    {line}" for line in why)
    if follow:
        yield f"  what follows from these, unless they come out the same: {_counted(follow)}"


def edited_products(records: Path, base: Path) -> dict[str, str]:
    """Return files that are not as a rule wrote them, with the rule. Each is read; stores are not."""
    return {
        path: "` or `".join(sorted(set(written.values())))
        for path, written in sorted(recorded_artifacts(records).items())
        if (base / path).exists() and digest(base / path) not in written
    }


def _unlike_record(job: Planned, base: Path) -> list[str]:
    """Params that differ from the record of a result of which Snakemake has no notes to compare with."""
    record = job.record(base) if job.reason["unknown"] and not job.runs else {}
    return differing_params(job, record) if record else []


def _left_over(jobs: list[Planned], folder: Path, base: Path) -> Iterator[str]:
    made = {path for job in jobs for path in job.output}
    known = recorded_artifacts(folder / "lineage")
    left = [path for path in known if path not in made and (base / path).exists()]
    if left:
        folders = Counter(Path(path).parent.as_posix() for path in left)
        yield f"no part of this config, left alone: {_counted(folders)}"


def _files(jobs: list[Planned], edited: dict[str, str]) -> Iterator[str]:
    yield "files:"
    by_path = {path: job for job in jobs for path in job.output}
    for path, job in sorted(by_path.items()):
        missing = path in {*job.reason["missing"], *job.reason["incomplete"]}
        state = "missing" if missing else "edited" if path in edited else "stale" if job.runs else "fresh"
        yield f"  {state:8}{path}"


def _counted(names: Counter[str]) -> str:
    return ", ".join(name if count == 1 else f"{name} ({count})" for name, count in sorted(names.items()))
