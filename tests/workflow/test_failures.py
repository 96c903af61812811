"""What a failed run says last, the logs that it leaves, and what jobs ask a cluster for."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
import yaml
from running import Workflow

MANIFEST = "results/ci/corpus/manifest.parquet"
# Prints what each planned job asks for.
PLAN = """
import json, logging, sys
from snakemake.cli import main
from snakemake.logging import logger

class Asked(logging.Filter):
    def filter(self, record):
        if getattr(getattr(record, "event", None), "name", "") == "JOB_INFO":
            name = "/".join([record.rule_name, *record.wildcards.values()])
            asked = {key: record.resources.get(key) for key in ("gpu", "mem_mb", "runtime")}
            print("ASKS", json.dumps([name, asked]))
        return True

logger.addFilter(Asked())
main()
"""


def change(workflow: Workflow, **sections: dict[str, object]) -> None:
    path = workflow.path(workflow.config)
    config = yaml.safe_load(path.read_text())
    for name, values in sections.items():
        config[name] = {**config.get(name, {}), **values}
    path.write_text(yaml.safe_dump(config))


def asked(workflow: Workflow, *arguments: str) -> dict[str, dict[str, Any]]:
    """What each job of a dry run asks for."""
    command = [
        sys.executable,
        "-c",
        PLAN,
        "-n",
        "-F",
        "--cores",
        "8",
        "--configfile",
        workflow.config,
        *arguments,
    ]
    environment = {**os.environ, "PYTHONPATH": str(workflow.folder)}
    done = subprocess.run(command, cwd=workflow.folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = (line for line in done.stdout.splitlines() if line.startswith("ASKS "))
    return dict(json.loads(line.removeprefix("ASKS ")) for line in lines)


def test_the_last_line_names_the_cause_and_no_log_is_lost(fresh: Workflow) -> None:
    change(fresh, corpus={"min_seconds": 29, "max_utterances": None})
    for _ in range(2):
        finished = fresh.snakemake(MANIFEST, check=False)
        assert finished.returncode == 1
        last = finished.output.splitlines()[-1]
        assert last.startswith("Failed: manifest: CorpusError: ")
        assert last.endswith("(log: results/ci/logs/manifest.log)")
        assert "more" in finished.output and finished.output.count("resources/prompts/") < 20
    first, second = (fresh.path(f"results/ci/logs/manifest{end}.log").read_text() for end in (".1", ""))
    assert "CorpusError" in first and "CorpusError" in second
    change(fresh, corpus={"min_seconds": 0.5})
    finished = fresh.snakemake(MANIFEST)
    assert "Failed:" not in finished.output
    assert fresh.path("results/ci/logs/manifest.2.log").read_text() == second


def test_a_killed_job_is_said_to_be_killed(fresh: Workflow) -> None:
    script = fresh.path("scripts/manifest.py")
    script.write_text("import os\nos.kill(os.getpid(), 9)\n" + script.read_text())
    last = fresh.snakemake(MANIFEST, check=False).output.splitlines()[-1]
    assert last.startswith(
        "Failed: manifest: killed (signal 9), most often because the machine ran out of memory"
    )


def tries(workflow: Workflow) -> int:
    finished = workflow.snakemake(MANIFEST, "--retries", "2", check=False)
    assert finished.returncode == 1
    return len(list(workflow.path("results/ci/logs").glob("manifest*.log")))


def test_an_error_of_the_user_is_not_tried_again(fresh: Workflow) -> None:
    change(fresh, corpus={"min_seconds": 29, "max_utterances": None})
    assert tries(fresh) == 1


def test_any_other_failure_is_tried_again(fresh: Workflow) -> None:
    script = fresh.path("scripts/manifest.py")
    script.write_text(script.read_text().replace("with job():", "with job():\n    raise OSError('no node')"))
    assert tries(fresh) == 3


def test_a_job_that_fails_before_its_log_is_open(fresh: Workflow) -> None:
    script = fresh.path("scripts/manifest.py")
    script.write_text("import no_such_package\n" + script.read_text())
    last = fresh.snakemake(MANIFEST, check=False).output.splitlines()[-1]
    assert last.startswith(
        "Failed: manifest: it ended with exit status 1 before it could log; its traceback is"
    )


def test_a_wrong_config_is_the_last_line_too(fresh: Workflow) -> None:
    change(fresh, corpus={"min_seconds": 1000})
    last = fresh.snakemake("-n", check=False).output.splitlines()[-1]
    assert last.startswith("Failed: ") and "min_seconds 1000.0 must be below max_seconds" in last


@pytest.mark.parametrize(("extraction", "cca"), [("cpu", "cpu"), ("auto", "cpu"), ("cuda", "cuda")])
def test_only_what_runs_on_a_gpu_asks_for_one(fresh: Workflow, extraction: str, cca: str) -> None:
    change(fresh, extraction={"device": extraction}, cca={"device": cca}, downstream={"device": "cpu"})
    jobs = asked(fresh)
    assert jobs["extract/hubert-tiny"]["gpu"] == int(extraction != "cpu")
    assert jobs["extract/logmel"]["gpu"] == 0
    assert jobs["cca/hubert-tiny/cca-mel"]["gpu"] == int(cca == "cuda")
    assert jobs["downstream/hubert-tiny/pr"]["gpu"] == 0
    assert not any(asks["gpu"] for asks in asked(fresh, "--resources", "gpu=0").values())


def test_requests_grow_with_the_corpus(fresh: Workflow) -> None:
    splits = fresh.path("results/ci/corpus/splits.csv")
    splits.parent.mkdir(parents=True)
    splits.write_text("split,seconds\ntrain,1800\ntest,1800\n")
    small = asked(fresh)["extract/hubert-tiny"]
    splits.write_text("split,seconds\ntrain,180000\ntest,180000\n")
    large = asked(fresh)["extract/hubert-tiny"]
    assert large["mem_mb"] > small["mem_mb"] and large["runtime"] > 10 * (small["runtime"] - 30)
