"""What a cluster says of itself, the profile that is written for it, and what jobs ask for."""

import json
import os
from dataclasses import replace
from math import inf
from pathlib import Path

import pytest
import yaml

from layerwise.cli.main import main
from layerwise.errors import ConfigError
from layerwise.jobs import requests, trial
from layerwise.jobs.profile import choose, config_text, partitions_text, status_settings
from layerwise.jobs.requests import AMOUNTS, Limit, Limits, memory, read_limits, runtime
from layerwise.jobs.slurm import Cluster, ClusterError, Partition, ask_cluster, minutes, parse_partitions

SINFO = """
short*|up|4:00:00|20|64|256000|(null)
short*|up|4:00:00|4|128|1000000|(null)
long|up|14-00:00:00|10|64|256000|(null)
a100|up|2-00:00:00|6|48|500000|gpu:a100:4(S:0-1)
a100|up|2-00:00:00|2|48|500000|(null)
debug-gpu|up|30:00|1|8|64000|gpu:1
old|inact|infinite|5|8|1000+|(null)
endless|up|infinite|1|8|1000+|(null)
"""
SHORT = Partition("short", True, 240, 20, 64, 256_000, 0)
A100 = Partition("a100", False, 2880, 6, 48, 500_000, 4)
CLUSTER = Cluster(tuple(parse_partitions(SINFO)), ("speech", "other"), 300, True)

FAKES = {
    "sinfo": 'printf "%s" "$SINFO"',
    "scontrol": 'echo "MinJobAge               = $AGE sec"',
    "sacct": "exit ${NO_DATABASE:-0}",
    "sacctmgr": """
[ -z "$NO_DATABASE" ] || exit 1
case "$*" in *assoc*) printf "other\\nspeech\\n";; *) echo speech;; esac
""",
    "sshare": "exit 1",
    "squeue": 'echo "$STATE|Priority"',
    "scancel": 'echo "$1" > "$FAKES/cancelled"',
    "sbatch": """
case "$*" in
*--test-only*)
    case "$*" in *"-p $REFUSED "*) echo "allocation failure: Invalid account" >&2; exit 1;; esac
    exit 0;;
esac
while [ "$1" != --wrap ]; do shift; done
[ "$STATE" = COMPLETED ] && sh -c "$2"
echo "77;cluster"
""",
}


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Commands that answer as Slurm's do."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, script in FAKES.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    environment = {"SINFO": SINFO, "AGE": "300", "STATE": "COMPLETED", "FAKES": str(folder), "REFUSED": "-"}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    return folder


def test_partitions_are_those_that_are_up() -> None:
    found = {partition.name: partition for partition in parse_partitions(SINFO)}
    assert list(found) == ["short", "long", "a100", "debug-gpu", "endless"]
    assert found["short"] == SHORT and found["a100"] == A100
    assert found["debug-gpu"].gpus == 1 and found["endless"].minutes is None


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ("1-00:00:00", 1440),
        ("2-12:30", 3630),
        ("4:00:00", 240),
        ("30:00", 30),
        ("45", 45),
        ("infinite", None),
    ],
)
def test_time_limits(limit: str, expected: int | None) -> None:
    assert minutes(limit) == expected
    with pytest.raises(ClusterError, match="where a time limit should be"):
        minutes("soon")


def test_the_default_partition_and_the_longest_one_with_gpus_are_chosen() -> None:
    choice = choose(CLUSTER)
    assert (choice.cpu, choice.gpu, choice.account) == (SHORT, A100, "speech")
    choice = choose(CLUSTER, cpu="long", gpu="debug-gpu", account="mine")
    assert (choice.cpu.name, choice.gpu and choice.gpu.name, choice.account) == ("long", "debug-gpu", "mine")
    with pytest.raises(ClusterError, match=r"no partition 'gpu' that is up; there are short, long, a100"):
        choose(CLUSTER, gpu="gpu")
    with pytest.raises(ClusterError, match="'long' has no GPU"):
        choose(CLUSTER, gpu="long")


def test_what_the_cluster_refuses_is_not_chosen() -> None:
    def accepts(partition: Partition, account: str | None, gpu: bool) -> str:
        return "" if account == "other" and partition.name in ("long", "debug-gpu") else "Invalid account"

    choice = choose(CLUSTER, accepts=accepts)
    assert (choice.cpu.name, choice.gpu and choice.gpu.name, choice.account) == ("long", "debug-gpu", "other")
    with pytest.raises(ClusterError, match=r"takes no job of yours: partition short, account speech: full"):
        choose(CLUSTER, accepts=lambda partition, account, gpu: "full")


def test_nothing_is_invented_where_there_is_no_account_and_no_gpu(tmp_path: Path) -> None:
    plain = Cluster((SHORT,), (), 300, False)
    choice = choose(plain)
    config = yaml.safe_load(config_text(plain, choice, "p.yaml"))
    assert "default-resources" not in config and "gpu=0" in config["resources"]
    (tmp_path / "p.yaml").write_text(partitions_text(choice))
    assert read_limits(tmp_path / "p.yaml") == Limits(Limit(256_000, 240), None)


def test_files_of_the_profile(tmp_path: Path) -> None:
    choice = choose(CLUSTER)
    config = yaml.safe_load(config_text(CLUSTER, choice, "profiles/x/partitions.yaml"))
    assert config["default-resources"] == {"slurm_account": "speech"}
    assert config["slurm-status-command"] == "squeue" and config["cores"] == 64
    assert "gpu=0" not in config["resources"]
    assert config["group-components"] == ["cca-{model}=1", "inter=1"]  # in 4 hours only one is sure to fit
    (tmp_path / "p.yaml").write_text(partitions_text(choice))
    text = yaml.safe_load((tmp_path / "p.yaml").read_text())
    assert set(text["partitions"]) == {"short", "a100"} and text["partitions"]["short"]["max_gpu"] == 0
    assert "max_mem_mb" not in text["partitions"]["a100"]
    assert read_limits(tmp_path / "p.yaml") == Limits(Limit(256_000, 240), Limit(500_000, 2880))
    (tmp_path / "p.yaml").write_text("partitions: {}")
    with pytest.raises(ConfigError, match="has no `limits:`"):
        read_limits(tmp_path / "p.yaml")


def test_a_job_without_gpu_never_scores_best_on_a_gpu_partition(tmp_path: Path) -> None:
    """With the plugin's own rule, at the smallest and the largest request."""
    from snakemake_executor_plugin_slurm.partitions import read_partition_file

    (tmp_path / "p.yaml").write_text(partitions_text(choose(CLUSTER)))
    partitions = {each.name: each for each in read_partition_file(tmp_path / "p.yaml")}

    class Job:
        name, threads = "job", 1

        def __init__(self, **resources: int) -> None:
            self.resources = resources

    for job in (Job(mem_mb=1, runtime=1), Job(mem_mb=1, runtime=240), Job(mem_mb=256_000, runtime=240)):
        scores = {name: each.score_job_fit(job) for name, each in partitions.items()}
        assert scores["short"] > scores["a100"]
    assert partitions["short"].score_job_fit(Job(gpu=1, mem_mb=1, runtime=1)) is None
    assert partitions["a100"].score_job_fit(Job(gpu=1, mem_mb=400_000, runtime=2880)) is not None


def test_a_cluster_that_forgets_jobs_at_once() -> None:
    settings, caution = status_settings(replace(CLUSTER, min_job_age=50))
    assert "sacct" in settings and "does not see a `scancel`" in caution
    with pytest.raises(ClusterError, match=r"after 50 s \(MinJobAge\) and keeps no accounting"):
        status_settings(replace(CLUSTER, min_job_age=50, accounting=False))
    assert status_settings(CLUSTER)[1] == ""


def test_requests_grow_with_corpus_model_and_tries() -> None:
    small = memory("extract", 1, False, Limits(), 5, 0.4), runtime("extract", 1, False, Limits(), 5, 0.4)
    large = memory("extract", 1, False, Limits(), 50, 1.3), runtime("extract", 1, False, Limits(), 50, 1.3)
    assert all(more > less for more, less in zip(large, small, strict=True))
    assert memory("extract", 2, False, Limits(), 5, 0.4) == pytest.approx(2 * small[0], abs=1)
    assert runtime("extract", 1, True, Limits(), 5, 0.4) < small[1]
    limits = Limits(Limit(5000, 100), Limit(9000, inf))
    assert memory("extract", 3, False, limits, 50, 1.3) == 5000
    assert runtime("extract", 3, False, limits, 50, 1.3) == 100
    assert memory("extract", 3, True, limits, 50, 1.3) == 9000
    assert Limits(Limit(5000, 100), None).of(True) == Limit(5000, 100)
    assert requests.UNKNOWN_HOURS > 0 and set(AMOUNTS) >= {"extract", "cca", "downstream", "align"}


def test_ask_cluster(slurm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask_cluster() == CLUSTER
    monkeypatch.setenv("NO_DATABASE", "1")
    bare = ask_cluster()
    assert bare.accounts == () and not bare.accounting
    monkeypatch.setenv("SINFO", "")
    with pytest.raises(ClusterError, match="no partition that is up"):
        ask_cluster()
    (slurm / "sinfo").write_text("#!/bin/sh\necho 'Unable to contact slurm controller' >&2; exit 1\n")
    with pytest.raises(ClusterError, match=r"`sinfo .*` failed: Unable to contact slurm controller"):
        ask_cluster()


def test_no_slurm_at_all(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["profile", str(tmp_path / "p")]) == 1
    assert "sinfo was not found: run this on a login node" in capsys.readouterr().err


def test_the_command_writes_and_tries_a_profile(
    slurm: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFUSED", "a100")
    monkeypatch.setenv("PYTHONPATH", str(Path(trial.__file__).parents[2]))
    assert main(["profile", "p", "--trial", "--gpu-partition", "a100"]) == 0
    out = capsys.readouterr().out
    assert "partition short (240 minutes; nodes with 64 CPUs, 256000 MB, 0 GPUs)" in out
    assert "Jobs with a GPU: none" in out and "Account: speech (you also have other: --account)" in out
    assert "trial job 77 on partition short: ran on" in out
    assert sorted(path.name for path in Path("p").iterdir()) == ["config.yaml", "partitions.yaml"]
    assert yaml.safe_load(Path("p/config.yaml").read_text())["slurm-partition-config"] == str(
        Path("p/partitions.yaml").resolve()
    )
    assert main(["profile", "p"]) == 1
    assert "p/config.yaml is there already" in capsys.readouterr().err
    assert main(["profile", "p", "--force"]) == 0


def test_a_trial_that_never_starts_is_cancelled(
    slurm: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STATE", "PENDING")
    with pytest.raises(ClusterError, match=r"did not start in 4 s \(reason: Priority\) and was cancelled"):
        trial.run_trial(SHORT, None, False, tmp_path, patience=4, sleep=lambda seconds: None)
    assert (slurm / "cancelled").read_text().strip() == "77"


def test_a_trial_without_a_result_names_the_last_line_of_its_log(
    slurm: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STATE", "FAILED")
    (tmp_path / "trial-cpu.log").write_text("python: not found\n")
    with pytest.raises(ClusterError, match=r"ended as FAILED without .* ends with: python: not found"):
        trial.run_trial(SHORT, "speech", False, tmp_path, sleep=lambda seconds: None)


def test_a_trial_without_its_gpu(slurm: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    trial.main(str(tmp_path / "found.json"), gpu=True)
    assert "finds none: its build" in json.loads((tmp_path / "found.json").read_text())["error"]
    monkeypatch.setenv("PYTHONPATH", str(Path(trial.__file__).parents[2]))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(ClusterError, match=r"trial job 77 on partition a100, node .*: a GPU was asked for"):
        trial.run_trial(A100, None, True, tmp_path, sleep=lambda seconds: None)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "A100")
    trial.main(str(tmp_path / "found.json"), gpu=True)
    assert json.loads((tmp_path / "found.json").read_text())["gpu"] == "A100"
