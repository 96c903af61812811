"""The rules of MFA in a real run, with the stand-in of the unit tests on the PATH."""

import json
import os
import shutil
import signal
import sys
import time

import pandas as pd
import psutil
import pytest

CONFIG = """
run: mfa
corpus: {path: corpus, reader: folder}
aligner: mfa
alignment:
  max_unaligned: 0.4
  threads: 1
  lexicon: lexicon.txt
  mfa: {acoustic: acoustic.zip, dictionary: mini, shards: 3, timeout_minutes: 5}
models: [resources/models/hubert-tiny]
"""
QUALITY = "results/mfa/alignment/quality.csv"


@pytest.fixture
def workflow(fresh, repository, monkeypatch):
    """Three speakers with two prompts each, and the stand-in."""
    prompts = sorted(fresh.path("resources/prompts/audio").glob("*.ogg"))[:6]
    for number, path in enumerate(prompts):
        speaker = fresh.path(f"corpus/speaker {number // 2}")
        speaker.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, speaker / f"u{number}.ogg")
        (speaker / f"u{number}.lab").write_text("yes, iax 42\n" if number else "yes\n")
    fresh.path("lexicon.txt").write_text("iax AY AE K S\n")
    fresh.path("mfa.yaml").write_text(CONFIG)
    fresh.config = "mfa.yaml"
    shutil.make_archive(str(fresh.path("acoustic")), "zip", fresh.path("corpus"))
    state = fresh.path("standin")
    state.mkdir()
    source = (repository / "tests/unit/mfa_standin.py").read_text()
    (state / "mfa").write_text(f"#!{sys.executable}\n{source}")
    (state / "mfa").chmod(0o755)
    monkeypatch.setenv("PATH", f"{state}:{os.environ['PATH']}")
    monkeypatch.setenv("MFA_STANDIN", str(state))
    models = fresh.path("root/pretrained_models/dictionary")
    models.mkdir(parents=True)
    (models / "mini.dict").write_text("yes\t0.9\t0.1\t1.0\t1.0\tY EH1 S\nno\tN OW1\nsofa\tS OW1 F AH0\n")
    monkeypatch.setenv("MFA_ROOT_DIR", str(fresh.path("root")))
    return fresh


def plan(workflow, **what):
    workflow.path("standin/plan.json").write_text(json.dumps(what))


def test_killed_run_goes_on_and_accounts_for_every_utterance(workflow):
    """kill -9 of snakemake and MFA in mid-alignment; then a retry and a loss; then nothing to do."""
    plan(workflow, hang="first")
    process = workflow.start(QUALITY)
    while not workflow.path("standin/pids").exists():
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    for pid in map(int, workflow.path("standin/pids").read_text().split()):
        if psutil.pid_exists(pid):
            psutil.Process(pid).kill()
    assert not list(workflow.path("results/mfa/alignment/mfa").glob("aligned-*.zip"))
    workflow.snakemake("--unlock")

    plan(workflow, narrow=["u0"], hopeless=["u5"])
    done = workflow.snakemake(QUALITY)
    assert "Aligning shard 2 with MFA" in done.output
    quality = pd.read_csv(workflow.path(QUALITY), keep_default_na=False).set_index("utt_id")
    assert quality.status.to_dict() == {
        "u0": "aligned",
        "u1": "aligned",
        "u2": "aligned",
        "u3": "aligned",
        "u4": "aligned",
        "u5": "failed",
    }
    assert quality.reason["u0"] == "second try, with wider beams"
    assert quality.reason["u1"] == "left out, without phones: '42'"
    intervals = pd.read_parquet(workflow.path("results/mfa/alignment/intervals.parquet"))
    first = intervals[(intervals.utt_id == "u1") & (intervals.tier == "phone")]
    assert first.label.tolist() == ["Y", "EH", "S", "AY", "AE", "K", "S"]
    assert not list(workflow.path("results/mfa/alignment/mfa").glob("corpus-*.zip"))
    assert not workflow.planned(QUALITY)

    config = workflow.path("mfa.yaml")
    config.write_text(CONFIG.replace("shards: 3", "shards: 1"))
    assert workflow.planned(QUALITY)["align_mfa_shard"] == 1


def test_hanging_shard_is_stopped_and_a_missing_program_named(workflow):
    plan(workflow, hang="first")
    config = CONFIG.replace("timeout_minutes: 5", "timeout_minutes: 0.05").replace("shards: 3", "shards: 1")
    workflow.path("mfa.yaml").write_text(config)
    hanging = workflow.snakemake(QUALITY, check=False)
    assert hanging.returncode != 0
    assert "rule align_mfa_shard" in hanging.output and "did not end within 3 s" in hanging.output
    for pid in map(int, workflow.path("standin/pids").read_text().split()):
        assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE

    workflow.path("standin/mfa").unlink()
    missing = workflow.snakemake(QUALITY, check=False)
    assert missing.returncode != 0
    assert "--sdm conda" in missing.output and "aligner: pocketsphinx" in missing.output
