"""``layerwise profile [FOLDER] [--trial]``."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from layerwise.jobs.profile import Choice, choose, config_text, partitions_text, status_settings
from layerwise.jobs.slurm import Cluster, ClusterError, ask_cluster
from layerwise.jobs.trial import refusal, run_trial

NAME = "profile"
HELP = "Ask Slurm what this cluster is like and write a profile of Snakemake for it."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("folder", metavar="FOLDER", nargs="?", type=Path, default=Path("profiles/cluster"))
    parser.add_argument("--partition", help="of jobs without a GPU; else the default partition")
    parser.add_argument("--gpu-partition", help="of jobs with a GPU; else the one with the longest limit")
    parser.add_argument("--account", help="that pays; else your default account, if there is one")
    parser.add_argument("--trial", action="store_true", help="submit a small job to each partition and wait")
    parser.add_argument("--force", action="store_true", help="replace the profile in FOLDER")


def answer(given: argparse.Namespace) -> Iterator[str]:
    """Write the profile and say what is in it.

    Raises `ClusterError` where there is no Slurm, no job is accepted, FOLDER has a profile, or a trial fails.
    """
    target = given.folder / "config.yaml"
    if target.exists() and not given.force:
        raise ClusterError(f"{target} is there already; name another folder, or replace it with --force")
    cluster = ask_cluster()
    choice = choose(
        cluster, cpu=given.partition, gpu=given.gpu_partition, account=given.account, accepts=refusal
    )
    _, caution = status_settings(cluster)
    given.folder.mkdir(parents=True, exist_ok=True)
    partitions = given.folder / "partitions.yaml"
    partitions.write_text(partitions_text(choice), encoding="utf-8")
    # Snakemake runs in the repository: from elsewhere a relative path would not be found.
    found = partitions if Path("Snakefile").exists() else partitions.resolve()
    target.write_text(config_text(cluster, choice, found.as_posix()), encoding="utf-8")
    yield from _described(cluster, choice)
    if caution:
        yield f"Caution: {caution}"
    if given.trial:
        yield run_trial(choice.cpu, choice.account, False, given.folder)
        if choice.gpu:
            yield run_trial(choice.gpu, choice.account, True, given.folder)
    yield f"Written: {target}, {partitions}. Start runs with:"
    yield f"  snakemake --workflow-profile {given.folder} --configfile my.yaml"


def _described(cluster: Cluster, choice: Choice) -> Iterator[str]:
    for what, partition in (("without a GPU", choice.cpu), ("with a GPU", choice.gpu)):
        if partition is None:
            yield f"Jobs {what}: none; `device: auto` is the CPU here, and `device: cuda` fails"
            continue
        limit = f"{partition.minutes} minutes" if partition.minutes else "no time limit"
        yield (
            f"Jobs {what}: partition {partition.name} ({limit}; nodes with {partition.cpus} CPUs, "
            f"{partition.mem_mb} MB, {partition.gpus} GPUs)"
        )
    others = [name for name in cluster.accounts if name != choice.account]
    more = f" (you also have {', '.join(others)}: --account)" if others else ""
    yield f"Account: {choice.account or 'none, as this cluster keeps none for you'}{more}"
