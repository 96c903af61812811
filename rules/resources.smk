"""What jobs ask a cluster for. The numbers are in layerwise/jobs/requests.py, the reasons in docs/cluster.md."""

import csv
import os
from functools import cache

from layerwise.jobs import requests
from layerwise.jobs.slurm import default_partition_has_gpu


@cache
def limits():
    """The most that a job may ask for: what the partitions in the profile allow."""
    path = getattr(workflow.executor_settings, "partition_config", None)
    return requests.read_limits(path) if path else requests.Limits()


@cache
def gpu_in_reach():
    """Whether a job with `device: auto` may find a GPU where this profile puts jobs."""
    plugin = workflow.executor_plugin  # none where a script runs by hand
    executor = plugin.name if plugin else "local"
    if executor == "slurm-jobstep":  # on the node: what was asked for
        return "SLURM_GPUS" in os.environ
    if executor != "slurm":
        return True
    if workflow.executor_settings.partition_config:
        return limits().gpu is not None
    return default_partition_has_gpu()


def gpus(device):
    """GPUs of a job whose section of the config has this `device`."""
    if device == "auto":
        return int(gpu_in_reach())
    return int(device.startswith("cuda"))


def encoding_gpus(wildcards):
    """GPUs of an extraction: log-mel and prosody have no weights, and run on the CPU as fast."""
    source = SOURCES[wildcards.model]
    located = family_of(source, model_type(source.location), CONFIG.registry).located
    return gpus(CONFIG.extraction.device) if located or hub_id(source.source) else 0


def measure_gpus(wildcards):
    """GPUs of a measure: those that have a `device` may use one."""
    return gpus(measure_entry(wildcards.measure)["own"].get("device", "cpu"))


def hours(corpus=""):
    """Hours of audio in a corpus, once its manifest is there."""
    splits = Path(RUN, f"corpora/{corpus}" if corpus else "corpus", "splits.csv")
    if not splits.exists():
        return requests.UNKNOWN_HOURS
    with splits.open(encoding="utf-8", newline="") as stream:
        return sum(float(row["seconds"]) for row in csv.DictReader(stream)) / 3600


def gigabytes(model):
    """Size of a model's files; of a model of the hub once it has been fetched."""
    if hub_id(STORES[model].source):
        record = Path(hub_record(model).replace("<run>", RUN))
        if not record.exists():
            return requests.UNKNOWN_GIGABYTES
        files = json.loads(record.read_text(encoding="utf-8"))["files"].values()
        return sum(file["bytes"] for file in files) / 1e9
    return located_gigabytes(model)


@cache
def located_gigabytes(model):
    """Size of the files of a model that is on this disk."""
    return sum(Path(file).stat().st_size for file in located_files(model)) / 1e9


def asks(kind, gpu=lambda wildcards: 0, corpus=lambda wildcards: ""):
    """GPUs, memory and time of a kind of job; the latter two grow with corpus, model and each try."""

    def asked(amount):
        def value(wildcards, attempt):
            model = getattr(wildcards, "model", getattr(wildcards, "model_a", None))
            return amount(
                kind,
                attempt,
                bool(gpu(wildcards)),
                limits(),
                hours(corpus(wildcards)),
                gigabytes(model) if model else 0,
            )

        return value

    return {
        "gpu": gpu,
        "mem_mb": asked(requests.memory),
        "runtime": asked(requests.runtime),
    }
