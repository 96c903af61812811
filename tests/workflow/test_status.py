"""`layerwise status` and `snakemake --dry-run` on the same finished run, after one change of each kind."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from running import Finished, Workflow

RUN = "results/ci"


def status(workflow: Workflow, *arguments: str) -> Finished:
    done = subprocess.run(
        [sys.executable, "-m", "layerwise.cli.main", "status", "ci", *arguments],
        cwd=workflow.folder,
        env={**os.environ, "PYTHONPATH": str(workflow.folder)},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return Finished(done.returncode, done.stdout)


def all_files(workflow: Workflow) -> dict[str, tuple[int, int]]:
    """Sizes and times of all files; bytecode, and Snakemake's own cache of times of files, aside."""
    return {
        path.relative_to(workflow.folder).as_posix(): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in workflow.folder.rglob("*")
        if path.is_file() and not {"__pycache__", "iocache"} & set(path.parts)
    }


def stale_files(said: Finished) -> set[str]:
    lines = (line.split() for line in said.output.splitlines())
    return {line[1] for line in lines if len(line) == 2 and line[0] in ("stale", "missing")}


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text() + text)


def test_a_finished_run_is_fresh_and_asking_writes_nothing(finished: Workflow) -> None:
    before = all_files(finished)
    said = status(finished)
    assert (said.returncode, all_files(finished)) == (0, before), said.output
    assert "snakemake --cores" not in said.output  # what does not choose the config is left out
    assert "as `snakemake --configfile configs/ci.yaml`" in said.output
    assert "fresh: align, alignment_figure, cca (5)" in said.output
    assert "stale" not in said.output


def test_one_change_of_each_kind_is_told_and_snakemake_agrees(clone: Workflow) -> None:
    append(clone.path("layerwise/cca/pwcca.py"), "\nCHANGED = True\n")
    config = clone.path("configs/ci.yaml")
    config.write_text(config.read_text().replace("epochs: 3", "epochs: 4"))
    lexicon = clone.path("resources/prompts/lexicon.txt")
    append(lexicon, "# changed\n")
    long_ago = time.time() - 1e7
    os.utime(lexicon, (long_ago, long_ago))
    clone.path(f"{RUN}/figures/agreement.pdf").unlink()
    excluded = clone.path(f"{RUN}/corpus/excluded.csv")
    excluded.write_text("no,table\n")
    (clone.path(f"{RUN}/lineage/cca.gone.cca-phone.csv.json")).write_text(
        '{"rule": "cca", "artifacts": {"results/ci/gone.csv": "0"}, "inputs": {}, "params": {}}'
    )
    clone.path(f"{RUN}/gone.csv").touch()

    said = status(clone, "--files")
    assert said.returncode == 1
    for line in (
        "    content: lexicon: resources/prompts/lexicon.txt changed",
        "    code: cca.py or what it imports was edited",
        "    config: downstream.epochs: 3 -> 4",
        f"    missing: {RUN}/figures/agreement.pdf",
        f"  {RUN}/corpus/excluded.csv, which rule manifest wrote",
        f"no part of this config, left alone: {RUN}",
        "fresh: manifest",
        f"  missing {RUN}/figures/agreement.pdf",
        f"  edited  {RUN}/corpus/excluded.csv",
    ):
        assert line in said.output.splitlines() or f"{line} (2)" in said.output.splitlines(), said.output
    assert_as_snakemake(clone, said)


def test_an_edited_lock_and_another_config_are_told(clone: Workflow) -> None:
    append(clone.path("envs/requirements.lock"), "# changed\n")
    said = status(clone, "--files", "--config", "tasks=[pr]")
    assert "    lock: the environment's lock file is another one" in said.output
    assert f"no part of this config, left alone: {RUN}/downstream" in said.output
    assert_as_snakemake(clone, said, "--config", "tasks=[pr]")
    other = status(clone, "--config", "run=other")
    assert other.returncode == 1
    assert "is the config of another run than ci" in other.output
    wrong = status(clone, "--config", "seeds=3")
    assert "Snakemake cannot plan the run: Failed:" in wrong.output
    assert "unknown key `seeds`" in wrong.output


def test_results_without_notes_are_compared_with_their_records(clone: Workflow) -> None:
    shutil.rmtree(clone.path(".snakemake/metadata"))
    append(clone.path("layerwise/tasks/fit.py"), "\nCHANGED = True\n")
    assert not clone.planned(), "Snakemake takes them for fresh"
    said = status(clone)
    assert said.returncode == 1
    assert f"  {RUN}/downstream/logmel/pr.csv was made with other code" in said.output
    assert "downstream" not in said.output.split("fresh: ")[1].split("\n")[0]


def assert_as_snakemake(workflow: Workflow, said: Finished, *arguments: str) -> None:
    """The stale files are those that the jobs of a dry run make, and the number of jobs is theirs."""
    jobs = workflow.planned(*arguments)
    assert f"{sum(jobs.values())} jobs would run" in said.output
    made = [path.split("/lineage/")[1].split(".")[0] for path in stale_files(said) if "/lineage/" in path]
    assert made.count("downstream") == jobs["downstream"]
    assert made.count("cca") == jobs["cca"]
    assert made.count("features") == jobs["extract"]
    assert len(made) == sum(jobs.values())
