"""The guards around the command `mfa`, with a stand-in for it on the PATH."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
import pytest
import soundfile

from layerwise.align.mfa_command import align_shard, fetch_model, train_model
from layerwise.align.mfa_corpus import pack_corpus
from layerwise.align.mfa_process import MfaError
from layerwise.align.run import align_with

TEXTS = {"a": "yes no", "b": "no 42", "c": "yes", "d": "no"}


class StandIn:
    """The stand-in, what it shall do, and what it was called with."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def plan(self, **what: object) -> None:
        (self.folder / "plan.json").write_text(json.dumps(what))

    def calls(self, command: str) -> list[list[str]]:
        lines = (self.folder / "calls.jsonl").read_text().splitlines()
        return [call["argv"] for call in map(json.loads, lines) if call["argv"][0] == command]

    def roots(self) -> set[str]:
        lines = (self.folder / "calls.jsonl").read_text().splitlines()
        return {call["root"] for call in map(json.loads, lines)}

    def pids(self) -> list[int]:
        deadline = time.monotonic() + 30
        while not (self.folder / "pids").exists():
            assert time.monotonic() < deadline, "the stand-in was never called"
            time.sleep(0.02)
        return [int(pid) for pid in (self.folder / "pids").read_text().split()]


@pytest.fixture
def mfa(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    folder = tmp_path / "standin"
    folder.mkdir()
    source = (Path(__file__).parent / "mfa_standin.py").read_text()
    program = folder / "mfa"
    program.write_text(f"#!{sys.executable}\n{source}")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("MFA_STANDIN", str(folder))
    monkeypatch.setenv("MFA_ROOT_DIR", str(tmp_path / "user-root"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    standin = StandIn(folder)
    standin.plan()
    return standin


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    (tmp_path / "words.dict").write_text("yes\t0.9\t0.1\t1.0\t1.0\tY EH1 S\nno\tN OW1\n")
    with zipfile.ZipFile(tmp_path / "acoustic.zip", "w") as packed:
        packed.writestr("meta.json", "{}")
    pack_corpus(manifest(tmp_path), [tmp_path / "corpus.zip"])
    return {name.split(".")[0]: tmp_path / name for name in ("words.dict", "acoustic.zip", "corpus.zip")}


def manifest(folder: Path) -> pd.DataFrame:
    rows = []
    for utt_id, text in TEXTS.items():
        path = folder / f"{utt_id}.wav"
        soundfile.write(path, 0.1 * np.sin(np.arange(8000) / 10), 16_000)
        rows.append((utt_id, f"speaker-{utt_id < 'c'}", path.as_posix(), 8000, 16_000, text))
    columns = ["utt_id", "speaker", "audio_path", "samples", "sample_rate", "text"]
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture
def run(files: dict[str, Path], tmp_path: Path) -> Callable[..., pd.DataFrame]:
    def run(**options: object) -> pd.DataFrame:
        """Align the shard and return the quality table."""
        output = tmp_path / "aligned.zip"
        align_shard(files["corpus"], files["words"], files["acoustic"], output, **options)  # type: ignore[arg-type]
        return align_with(manifest(tmp_path), "mfa", options={"archives": [output]})[1].set_index("utt_id")

    return run


def test_a_shard_is_aligned(mfa: StandIn, run: Callable[..., pd.DataFrame], tmp_path: Path) -> None:
    quality = run(threads=3)
    assert (quality.status == "aligned").all()
    assert quality.reason.to_dict() == {
        "a": "",
        "b": "left out, without phones: '42'",
        "c": "",
        "d": "",
    }
    assert quality.score.tolist() == [-48.25] * 4
    (call,) = mfa.calls("align")
    assert call[5:] == [
        *("--output_format", "json"),
        *("--temporary_directory", call[8], "--clean", "--num_jobs", "3"),
    ]
    before = (tmp_path / "aligned.zip").read_bytes()
    run()
    assert (tmp_path / "aligned.zip").read_bytes() == before


def test_the_corpus_folder_is_named_by_its_content(
    mfa: StandIn, run: Callable[..., pd.DataFrame], files: dict[str, Path], tmp_path: Path
) -> None:
    run()
    run()
    pack_corpus(manifest(tmp_path).iloc[1:], [files["corpus"]])
    run()
    first, second, other = (Path(call[1]).name for call in mfa.calls("align"))
    assert first == second != other


def test_each_call_has_a_world_of_its_own(
    mfa: StandIn, run: Callable[..., pd.DataFrame], tmp_path: Path
) -> None:
    run()
    run()
    first, second = mfa.calls("align")
    assert first[8] != second[8]
    assert len(mfa.roots()) == 2 and str(tmp_path / "user-root") not in mfa.roots()
    assert not (tmp_path / "user-root").exists()
    assert not list((tmp_path / "tmp").iterdir())


def test_absent_files_are_tried_again_with_wider_beams(
    mfa: StandIn, run: Callable[..., pd.DataFrame]
) -> None:
    mfa.plan(narrow=["a", "c"], hopeless=["c"])
    quality = run()
    assert quality.status.to_dict() == {"a": "aligned", "b": "aligned", "c": "failed", "d": "aligned"}
    assert quality.reason["a"] == "second try, with wider beams"
    assert "nor with wider beams" in quality.reason["c"]
    first, second = mfa.calls("align")
    assert second[7:11] == ["--beam", "100", "--retry_beam", "400"]
    assert Path(first[1]).name != Path(second[1]).name


def test_files_that_failed_the_last_pass_are_tried_again_and_given_up_if_they_fail_again(
    mfa: StandIn, run: Callable[..., pd.DataFrame], capfd: pytest.CaptureFixture[str]
) -> None:
    mfa.plan(doubtful=["a"], narrow=["b"], unscored=["c"])
    quality = run()
    assert quality.status.to_dict() == {"a": "aligned", "b": "aligned", "c": "failed", "d": "aligned"}
    assert quality.reason["a"] == "second try, with wider beams"
    assert "what it exported has no likelihood" in quality.reason["c"]
    said = capfd.readouterr().out
    assert "3 of 4 files came out unaligned; 2 of them were exported all the same" in said
    assert "1 of 3 files came out unaligned; 1 of them" in said


def test_last_phones_that_overlap_are_cut(mfa: StandIn, run: Callable[..., pd.DataFrame]) -> None:
    mfa.plan(to_the_end=True)
    quality = run()
    assert (quality.status == "aligned").all()
    assert quality.reason["c"] == "1 interval(s) of tier 'phones' stretched to its end, cut at the next"
    assert quality.phones["c"] == 3


@pytest.mark.parametrize("fault", ["crash", "hang"])
def test_a_second_try_that_fails_gives_its_files_up(
    mfa: StandIn, run: Callable[..., pd.DataFrame], capfd: pytest.CaptureFixture[str], fault: str
) -> None:
    mfa.plan(hopeless=["c"], **{fault: "second"})
    quality = run(seconds=3)
    assert quality.status.to_dict() == {"a": "aligned", "b": "aligned", "c": "failed", "d": "aligned"}
    assert (
        f"given up: `mfa align` {'failed' if fault == 'crash' else 'did not end'}" in capfd.readouterr().out
    )


def test_no_alignments_at_all_is_a_loss_and_no_crash(
    mfa: StandIn, files: dict[str, Path], tmp_path: Path
) -> None:
    mfa.plan(hopeless=list(TEXTS))
    align_shard(files["corpus"], files["words"], files["acoustic"], tmp_path / "aligned.zip")
    with zipfile.ZipFile(tmp_path / "aligned.zip") as packed:
        assert packed.namelist() == []
    assert len(mfa.calls("align")) == 2


def test_a_crash_is_quoted_and_leaves_no_output(
    mfa: StandIn, run: Callable[..., pd.DataFrame], tmp_path: Path
) -> None:
    mfa.plan(crash="first")
    with pytest.raises(MfaError, match=r"`mfa align` failed with exit status 1(.|\n)*KaldiFatalError"):
        run()
    assert not (tmp_path / "aligned.zip").exists()
    assert not list((tmp_path / "tmp").iterdir())


def test_a_hang_is_stopped_with_all_its_children(mfa: StandIn, run: Callable[..., pd.DataFrame]) -> None:
    mfa.plan(hang="first")
    with pytest.raises(MfaError, match=r"did not end within 3 s .*`alignment\.mfa\.timeout_minutes`"):
        run(seconds=3)
    assert_gone(mfa.pids())


def test_a_database_left_by_a_killed_job_harms_nobody(
    mfa: StandIn, files: dict[str, Path], tmp_path: Path, repository: Path
) -> None:
    """kill -9 in the middle of `mfa align`: the temporary folder stays; the next job does not meet it."""
    mfa.plan(hang="first")
    job = start(repository, files, tmp_path / "aligned.zip")
    pids = mfa.pids()
    job.kill()
    job.wait()
    for pid in pids:
        psutil.Process(pid).kill()
    assert list((tmp_path / "tmp").rglob("*.db"))
    mfa.plan()
    job = start(repository, files, tmp_path / "aligned.zip")
    assert job.wait() == 0
    assert len(list((tmp_path / "tmp").iterdir())) == 1
    with zipfile.ZipFile(tmp_path / "aligned.zip") as packed:
        assert "1/speaker-True/a.json" in packed.namelist()


def test_a_stopped_job_stops_mfa(
    mfa: StandIn, files: dict[str, Path], tmp_path: Path, repository: Path
) -> None:
    mfa.plan(hang="first")
    job = start(repository, files, tmp_path / "aligned.zip")
    pids = mfa.pids()
    job.send_signal(signal.SIGTERM)
    assert job.wait() != 0
    assert_gone(pids)
    assert not list((tmp_path / "tmp").iterdir())


def test_an_empty_shard_needs_no_mfa(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    pack_corpus(manifest(tmp_path).iloc[:0], [files["corpus"]])
    align_shard(files["corpus"], files["words"], files["acoustic"], tmp_path / "aligned.zip")
    assert zipfile.is_zipfile(tmp_path / "aligned.zip")


def test_without_mfa_the_error_says_how_to_get_it(
    run: Callable[..., pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(MfaError, match=r"--sdm conda.*conda create .*aligner: pocketsphinx"):
        run()


@pytest.mark.parametrize("version", ["4.0.1", "2.2.17", "unknown"])
def test_another_major_version_is_refused(
    mfa: StandIn, run: Callable[..., pd.DataFrame], version: str
) -> None:
    mfa.plan(version=version)
    with pytest.raises(MfaError, match=f"{version}.*version 3 is needed"):
        run()
    assert mfa.calls("align") == []


def test_g2p_spells_unknown_words(mfa: StandIn, run: Callable[..., pd.DataFrame], tmp_path: Path) -> None:
    (tmp_path / "g2p.zip").write_text("model")
    quality = run(g2p=tmp_path / "g2p.zip")
    assert list(quality.loc["b", ["reason", "words"]]) == ["", 2]


def test_training_on_all_shards(mfa: StandIn, files: dict[str, Path], tmp_path: Path) -> None:
    table = manifest(tmp_path)
    shards = [tmp_path / "0.zip", tmp_path / "1.zip"]
    pack_corpus(table, shards)
    train_model(shards, files["words"], tmp_path / "trained.zip", threads=2)
    with zipfile.ZipFile(tmp_path / "trained.zip") as packed:
        assert json.loads(packed.read("meta.json")) == list(TEXTS)
    (call,) = mfa.calls("train")
    assert call[4:] == ["--temporary_directory", call[5], "--clean", "--num_jobs", "2"]
    mfa.plan(no_model=True)
    with pytest.raises(MfaError, match="wrote no model"):
        train_model(shards, files["words"], tmp_path / "other.zip")


def test_the_dictionary_with_learned_probabilities_is_kept_and_completed(
    mfa: StandIn, files: dict[str, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    files["words"].write_text("Yes\tY EH1 S\nno\tN OW1\nsofa\tS OW1 F AH0\n")
    learned = tmp_path / "learned.dict"
    train_model([files["corpus"]], files["words"], tmp_path / "trained.zip", learned=learned)
    assert learned.read_text().splitlines() == [
        "no\t0.99\t0.2\t1.1\t0.9\tN OW1",
        "yes\t0.99\t0.2\t1.1\t0.9\tY EH1 S",
        "sofa\tS OW1 F AH0",
    ]
    mfa.plan(no_dictionary=True)
    train_model([files["corpus"]], files["words"], tmp_path / "trained.zip", learned=learned)
    assert learned.read_text() == files["words"].read_text()
    assert "learned no probabilities" in capfd.readouterr().out


def test_installed_models_are_found_and_left_alone(mfa: StandIn, tmp_path: Path) -> None:
    folder = tmp_path / "user-root" / "pretrained_models" / "dictionary"
    folder.mkdir(parents=True)
    (folder / "english_us_arpa.dict").write_text("no\tN OW1\n")
    fetch_model("dictionary", "english_us_arpa", tmp_path / "d.dict")
    assert (tmp_path / "d.dict").read_text() == "no\tN OW1\n"
    assert not (mfa.folder / "calls.jsonl").exists()


def test_other_models_are_downloaded_elsewhere(mfa: StandIn, tmp_path: Path) -> None:
    mfa.plan(network="no\tN OW1\n")
    fetch_model("acoustic", "english_us_arpa", tmp_path / "acoustic.zip")
    assert zipfile.is_zipfile(tmp_path / "acoustic.zip")
    assert mfa.calls("model") == [["model", "download", "acoustic", "english_us_arpa"]]
    assert not (tmp_path / "user-root").exists()


def test_a_model_that_cannot_be_had_is_named(mfa: StandIn, tmp_path: Path) -> None:
    with pytest.raises(MfaError, match=r"'klingon' is not installed in .*user-root(.|\n)*ConnectionError"):
        fetch_model("acoustic", "klingon", tmp_path / "acoustic.zip")


def test_the_standin_is_as_strict_as_it_must_be(mfa: StandIn) -> None:
    for arguments in (
        ["align", "--beam", "100", "c", "d", "a", "o"],
        ["align", "c", "d", "a", "o", "--bema", "1"],
        ["aline"],
    ):
        assert subprocess.run([mfa.folder / "mfa", *arguments], capture_output=True).returncode == 2


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("words.csv", "yes Y EH1 S\n", "correct extension"),
        ("words.dict", "", "No words were found"),
        ("words.dict", "yes\n", "did not have a pronunciation"),
    ],
)
def test_the_standin_refuses_dictionaries_as_mfa_does(
    mfa: StandIn, files: dict[str, Path], tmp_path: Path, name: str, content: str, said: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(MfaError, match=said):
        align_shard(files["corpus"], tmp_path / name, files["acoustic"], tmp_path / "aligned.zip")


def test_the_standin_has_rows_for_absent_files_and_marks_unknown_words(
    mfa: StandIn, run: Callable[..., pd.DataFrame], tmp_path: Path
) -> None:
    mfa.plan(hopeless=["c"], unk=True)
    quality = run()
    assert quality.status["c"] == "failed" and "no alignment found" in quality.reason["c"]
    assert quality.reason["b"] == "left out as no words: '<unk>'; words differ from the transcript"
    with zipfile.ZipFile(tmp_path / "aligned.zip") as packed:
        assert packed.read("1/alignment_analysis.csv").decode().count("\nc,") == 1


def start(repository: Path, files: dict[str, Path], output: Path) -> "subprocess.Popen[bytes]":
    """Start the script as its rule does, in a bare interpreter: MFA's environment lacks our packages."""
    python = shutil.which("python3")
    arguments: list[Any] = ["align", "--corpus", files["corpus"], "--dictionary", files["words"]]
    models: list[Any] = [
        "--acoustic",
        files["acoustic"],
        "--g2p",
        "--timeout-minutes",
        "5",
        "--output",
        output,
    ]
    script = repository / "scripts" / "align_mfa.py"
    return subprocess.Popen([str(python), "-S", str(script), *arguments, *models], stdout=subprocess.DEVNULL)


def assert_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        alive = [pid for pid in pids if psutil.pid_exists(pid)]
        if all(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE for pid in alive):
            return
        time.sleep(0.05)
    raise AssertionError(f"still running: {alive}")
