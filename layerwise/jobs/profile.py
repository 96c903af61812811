"""A profile of Snakemake for one cluster, from what the cluster says of itself."""

from collections.abc import Callable
from dataclasses import dataclass

from layerwise.jobs.slurm import Cluster, ClusterError, Partition

# Snakemake's plugin looks every 180 s at the latest; it waits endlessly for a job that Slurm has forgotten.
LONGEST_WAIT = 200
FIRST_LOOK = 10
YEAR = 365 * 24 * 60
ANALYSIS = 220  # minutes that an analysis of a large model asks for at its second try
GROUPED = 8  # analyses in one job of the cluster, where its time limit allows that


@dataclass(frozen=True)
class Choice:
    """The partitions that jobs go to, and the account that pays; None where there is none."""

    cpu: Partition
    gpu: Partition | None
    account: str | None


def choose(
    cluster: Cluster,
    *,
    cpu: str | None = None,
    gpu: str | None = None,
    account: str | None = None,
    accepts: Callable[[Partition, str | None, bool], str] = lambda partition, account, gpu: "",
) -> Choice:
    """Choose partitions and account; those that are named are taken.

    ``accepts(partition, account, gpu)`` is why the cluster refuses such a job, empty if it takes it. Raises
    ClusterError where nothing is accepted, with the reasons.
    """
    accounts: list[str | None] = [account] if account else [*cluster.accounts] or [None]
    refused: list[str] = []
    for name in accounts:
        plain = _first(_candidates(cluster, cpu, False), name, False, accepts, refused)
        if plain is None:
            continue
        return Choice(plain, _first(_candidates(cluster, gpu, True), name, True, accepts, refused), name)
    raise ClusterError(
        "the cluster takes no job of yours: " + "; ".join(dict.fromkeys(refused)) + ". Name what your group "
        "uses: --partition, --gpu-partition, --account"
    )


def _candidates(cluster: Cluster, named: str | None, gpu: bool) -> list[Partition]:
    """Partitions in the order in which they are tried: the named one, or the default, then the longest."""
    if named:
        found = [partition for partition in cluster.partitions if partition.name == named]
        if not found:
            names = ", ".join(partition.name for partition in cluster.partitions)
            raise ClusterError(f"there is no partition {named!r} that is up; there are {names}")
        if gpu and not found[0].gpus:
            raise ClusterError(f"partition {named!r} has no GPU that sinfo knows of (column GRES)")
        return found

    def order(partition: Partition) -> tuple[bool, bool, float, int]:
        endless = float("inf") if partition.minutes is None else partition.minutes
        return (bool(partition.gpus) != gpu, not partition.default, -endless, -partition.nodes)

    return sorted((each for each in cluster.partitions if each.gpus or not gpu), key=order)


def _first(
    candidates: list[Partition],
    account: str | None,
    gpu: bool,
    accepts: Callable[[Partition, str | None, bool], str],
    refused: list[str],
) -> Partition | None:
    for partition in candidates:
        reason = accepts(partition, account, gpu)
        if not reason:
            return partition
        refused.append(f"partition {partition.name}, account {account or '(none)'}: {reason}")
    return None


def status_settings(cluster: Cluster) -> tuple[str, str]:
    """Return how ends of jobs are found out, as lines of the profile, and a caution or nothing.

    Raises ClusterError where neither way works.
    """
    first = f"slurm-init-seconds-before-status-checks: {FIRST_LOOK}\nslurm-status-attempts: 100\n"
    if cluster.min_job_age >= LONGEST_WAIT:
        return f"slurm-status-command: squeue\n{first}", ""
    if not cluster.accounting:
        raise ClusterError(
            f"this cluster forgets jobs after {cluster.min_job_age} s (MinJobAge) and keeps no accounting "
            "(slurmdbd): Snakemake would wait endlessly for a job that has ended. Ask for "
            f"MinJobAge={LONGEST_WAIT} or more in slurm.conf"
        )
    return (
        f"slurm-status-command: sacct\n{first}",
        f"this cluster forgets jobs after {cluster.min_job_age} s (MinJobAge), so ends of jobs are read from "
        "sacct, and Snakemake does not see a `scancel` of a job: stop it with Ctrl-C and start it again",
    )


def config_text(cluster: Cluster, choice: Choice, partition_file: str) -> str:
    """Return the profile's config.yaml; ``partition_file`` is the other file, as Snakemake finds it."""
    status, _ = status_settings(cluster)
    account = f"  slurm_account: {choice.account!r}\n" if choice.account else ""
    grouped = max(1, min(GROUPED, _time(choice.cpu) // ANALYSIS))
    defaults = f"default-resources:\n{account}" if account else ""
    return f"""\
# Written by `layerwise profile` for this cluster: docs/cluster.md explains each line.
#   snakemake --workflow-profile FOLDER --configfile my.yaml
executor: slurm
jobs: 100
cores: {choice.cpu.cpus} # of one job, at most: those of a node
latency-wait: 60
retries: 2 # each try asks for twice the memory and time
rerun-triggers: [mtime, params, input, software-env]
max-checksum-file-size: 100000000
show-failed-logs: true
rerun-incomplete: true
quiet: [reason]
{status}slurm-partition-config: {partition_file}
{defaults}# Analyses take seconds to minutes: so many of one model are one job and run one after the other.
group-components: ["cca-{{model}}={grouped}", "inter={grouped}"]
resources: [{"" if choice.gpu else "gpu=0, "}turn=1]
set-resource-scopes: [turn=local]
"""


def partitions_text(choice: Choice) -> str:
    """Return the profile's partitions.yaml: where a job is put, and the most it may ask for.

    The plugin takes the partition of which a job asks for the largest part, less 1 for a GPU left idle.
    So the memory of GPU nodes is not told: a job without a GPU must not end there.
    """
    cpu, gpu = choice.cpu, choice.gpu
    text = "# Read by the Slurm plugin of Snakemake.\npartitions:\n"
    text += f"  {cpu.name!r}: {{max_runtime: {_time(cpu)}, max_mem_mb: {cpu.mem_mb}, max_threads: {cpu.cpus}"
    text += f", max_gpu: {cpu.gpus}}}\n"
    if gpu and gpu.name != cpu.name:
        text += f"  {gpu.name!r}: {{max_runtime: {_time(gpu)}, max_gpu: {gpu.gpus}}}\n"
    text += "# Read by layerwise: the most that one job asks for.\nlimits:\n"
    text += f"  cpu: {{mem_mb: {cpu.mem_mb}, runtime: {_time(cpu)}}}\n"
    if gpu:
        text += f"  gpu: {{mem_mb: {gpu.mem_mb}, runtime: {_time(gpu)}}}\n"
    return text


def _time(partition: Partition) -> int:
    return partition.minutes or YEAR
