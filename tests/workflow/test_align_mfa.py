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
    config.write_text(CONFIG.replace("max_unaligned: 0.4", "max_unaligned: 0.1"))
    stopped = workflow.snakemake(QUALITY, check=False)
    assert stopped.returncode != 0 and "all of them: results/mfa/logs/align.quality.csv" in stopped.output
    listed = pd.read_csv(workflow.path("results/mfa/logs/align.quality.csv"), keep_default_na=False)
    assert listed.set_index("utt_id").status.to_dict() == quality.status.to_dict()

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
    shutil.rmtree(workflow.path("results/mfa/alignment"))
    missing = workflow.snakemake(QUALITY, check=False)
    assert missing.returncode != 0 and "Packing the corpus" not in missing.output
    assert "--sdm conda" in missing.output and "aligner: pocketsphinx" in missing.output


LANGUAGE = """
run: mfa
corpus: {path: corpus, reader: folder}
aligner: mfa
alignment:
  max_unaligned: 0.4
  threads: 1
  mfa: {acoustic: null, dictionary: words.dict, phone_set: keep, shards: 2, min_rate: null}
models: [resources/models/hubert-tiny]
"""


def test_a_made_up_language_in_its_own_script_from_nothing(workflow):
    """Trained on the corpus; IPA with tones, a word that the dictionary lacks, nothing mapped on English."""
    plan(workflow)
    for number, path in enumerate(sorted(workflow.path("corpus").rglob("*.lab"))):
        path.write_text(
            "\u0915\u093f\u0924\u093e \u092a\u0942\n" if number else "\u092a\u0942, \u0928\u0947!\n",
            encoding="utf-8",
        )
    workflow.path("words.dict").write_text(
        "\u0915\u093f\u0924\u093e\tk i\u02e9 t\u0361\u0282 a\u02d0\n"
        "\u092a\u0942\tp u\u02d0\n\u0918\u0930\tg\u02b1 \u0259 r\n",
        encoding="utf-8",
    )
    workflow.path("mfa.yaml").write_text(LANGUAGE)
    workflow.snakemake(QUALITY, "results/mfa/samples/segments.parquet", "results/mfa/alignment/textgrids")
    quality = pd.read_csv(workflow.path(QUALITY), keep_default_na=False).set_index("utt_id")
    assert (quality.status == "aligned").all()
    assert (
        quality.reason["u0"] == "left out, without phones: '\u0928\u0947'"
        and (quality.reason.drop("u0") == "").all()
    )
    intervals = pd.read_parquet(workflow.path("results/mfa/alignment/intervals.parquet"))
    second = intervals[intervals.utt_id == "u1"]
    assert second[second.tier == "phone"].label.tolist() == [
        "k",
        "i\u02e9",
        "t\u0361\u0282",
        "a\u02d0",
        "p",
        "u\u02d0",
    ]
    segments = pd.read_parquet(workflow.path("results/mfa/samples/segments.parquet"))
    assert {"t\u0361\u0282", "i\u02e9", "\u0915\u093f\u0924\u093e"} <= set(segments.label)
    learned = workflow.path("results/mfa/alignment/mfa/learned.dict").read_text(encoding="utf-8")
    assert learned.splitlines() == [
        "\u0915\u093f\u0924\u093e\t0.99\t0.2\t1.1\t0.9\tk i\u02e9 t\u0361\u0282 a\u02d0",
        "\u092a\u0942\t0.99\t0.2\t1.1\t0.9\tp u\u02d0",
    ]
    calls = map(json.loads, workflow.path("standin/calls.jsonl").read_text().splitlines())
    used = [call["argv"] for call in calls if call["argv"][0] == "align"]
    assert len(used) == 2 and all(call[2].endswith("learned.dict") for call in used)

    workflow.path("mfa.yaml").write_text(LANGUAGE.replace("phone_set: keep, ", ""))
    english = workflow.snakemake(QUALITY, check=False)
    assert english.returncode != 0 and "'i\u02e9'" in english.output and "phone_set: keep" in english.output


@pytest.mark.parametrize(
    ("change", "content", "said"),
    [
        ("dictionary: no/such.dict", None, "`alignment.mfa.dictionary`: no/such.dict: no such file"),
        ("dictionary: words.dict", b"", "words.dict is empty"),
        ("dictionary: words.dict", "\u0915 k\n".encode("utf-16"), "not in UTF-8"),
        ("dictionary: words.dict", "\u0915 k\n".encode(), "none of the 3 words of the corpus"),
    ],
)
def test_an_unfit_dictionary_is_refused_before_the_corpus_is_packed(workflow, change, content, said):
    plan(workflow)
    if content is not None:
        workflow.path("words.dict").write_bytes(content)
    config = CONFIG.replace("dictionary: mini", change).replace("  lexicon: lexicon.txt\n", "")
    workflow.path("mfa.yaml").write_text(config)
    refused = workflow.snakemake(QUALITY, check=False)
    assert refused.returncode != 0 and said in refused.output
    assert "Packing the corpus" not in refused.output and not workflow.path("standin/calls.jsonl").exists()
