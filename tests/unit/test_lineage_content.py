"""The content index, what is checked of a running job, and the graph of records."""

import os
import subprocess
from pathlib import Path

import pytest

from layerwise.cli import main as command_line
from layerwise.errors import LineageError
from layerwise.files import sha256_file, write_json
from layerwise.lineage import index as index_module
from layerwise.lineage.circumstances import COMMAND, circumstances, git_state, now
from layerwise.lineage.graph import brought, steps_to
from layerwise.lineage.index import MISSING, ContentIndex
from layerwise.lineage.watch import Code, check_contents, check_products, unlike_records


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A file whose times are long past; that of its inode is not, so the index must not wait for it."""
    path = tmp_path / "audio.wav"
    path.write_bytes(b"abc")
    os.utime(path, (1e9, 1e9))
    return path


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that are read, with nothing to wait for."""
    names: list[str] = []

    def counted(path: str) -> str:
        names.append(Path(path).name)
        return sha256_file(path)

    monkeypatch.setattr(index_module, "sha256_file", counted)
    monkeypatch.setattr(index_module, "SETTLED_NS", 0)
    return names


def test_a_file_is_read_once_also_by_the_next_start(old: Path, reads: list[str], tmp_path: Path) -> None:
    kept = tmp_path / "kept/content.json"
    index = ContentIndex(kept)
    assert index.digest(old) == index.digest(old) == sha256_file(old)
    index.save()
    assert ContentIndex(kept).digest(old) == sha256_file(old)
    assert reads == ["audio.wav"]


@pytest.mark.parametrize("how", ["moved", "in place", "in place, size and time as before"])
def test_another_file_in_its_place_is_read_whatever_its_size_and_time(
    old: Path, reads: list[str], tmp_path: Path, how: str
) -> None:
    index = ContentIndex(tmp_path / "content.json")
    before = index.digest(old)
    if how == "moved":
        other = tmp_path / "other"
        other.write_bytes(b"xyz")
        os.utime(other, (1e9, 1e9))
        other.replace(old)
    else:
        old.write_bytes(b"xyz")
        os.utime(old, (1e9, 1e9) if how.endswith("before") else (5e8, 5e8))
    assert index.digest(old) == sha256_file(old) != before


def test_a_file_that_has_just_changed_is_not_kept(tmp_path: Path) -> None:
    path, kept = tmp_path / "new", tmp_path / "content.json"
    path.write_bytes(b"abc")
    index = ContentIndex(kept)
    index.digest(path)
    index.save()
    assert not kept.exists()


def test_an_index_that_cannot_be_read_or_written_costs_time_only(old: Path, tmp_path: Path) -> None:
    kept = tmp_path / "content.json"
    for junk in (b"\xff", b"[1]", b"{", b"null"):
        kept.write_bytes(junk)
        assert ContentIndex(kept).digest(old) == sha256_file(old)
    index = ContentIndex(old / "below a file")
    index.digest(old)
    index.save()


def test_one_digest_of_many_files_follows_names_and_contents_not_their_order(tmp_path: Path) -> None:
    index = ContentIndex(tmp_path / "content.json")
    names = [str(tmp_path / name) for name in "abc"]
    for name in names[:2]:
        Path(name).write_text("same")
    whole = index.digest_of(names)
    assert index.digest_of(names[::-1]) == whole
    assert index.digest_of(names[:2]) != whole, "one that is missing counts"
    assert index.digest(names[2]) == MISSING
    assert index.digest_of([]) == ""


def test_content_that_changes_under_a_job_is_named(tmp_path: Path) -> None:
    files = [str(tmp_path / name) for name in ("a.wav", "b.wav")]
    for name in files:
        Path(name).write_text("before")
    planned = {"audio": ContentIndex(tmp_path / "content.json").digest_of(files), "lexicon": ""}
    inputs = {"audio": files}
    check_contents(ContentIndex(tmp_path / "content.json"), planned, inputs, "now")
    Path(files[1]).write_text("after")
    with pytest.raises(LineageError, match=r"audio \(.*a\.wav, .*b\.wav\): the content was changed now"):
        check_contents(ContentIndex(tmp_path / "content.json"), planned, inputs, "now")


def test_code_that_changes_under_a_job_is_refused_and_a_comment_is_not(tmp_path: Path) -> None:
    (tmp_path / "layerwise").mkdir()
    module, script = tmp_path / "layerwise/__init__.py", tmp_path / "script.py"
    module.write_text("X = 1\n")
    script.write_text("import layerwise\n")
    code = Code(script, [], tmp_path)
    planned = code.digest
    module.write_text("X = 1  # one\n")
    code.check(planned, "now")
    module.write_text("X = 2\n")
    with pytest.raises(LineageError, match=r"script\.py or code that it imports was edited now"):
        code.check(planned, "now")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of two jobs: scores from audio, a table from scores."""
    monkeypatch.chdir(tmp_path)
    folder = Path("results/small")
    for name in ("audio.wav", "results/small/scores.csv", "results/small/table.csv"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(name)
    chain = ["audio.wav", "results/small/scores.csv", "results/small/table.csv"]
    for rule, read, made in (("cca", *chain[:2]), ("tables", *chain[1:])):
        record = {
            "rule": rule,
            "artifacts": {made: sha256_file(made)},
            "inputs": {"read": {read: sha256_file(read)}},
            "params": {"code": "c0de", "environment": "10c4", "seed": 1},
        }
        write_json(record, folder / f"lineage/{rule}.json")
    return folder


def test_an_edited_product_is_refused_and_named(run: Path) -> None:
    names = [str(run / "scores.csv"), "audio.wav"]
    check_products(names, run / "lineage")
    (run / "scores.csv").write_text("better")
    with pytest.raises(LineageError, match=r"scores\.csv: changed since rule `cca` wrote it; delete it"):
        check_products(names, run / "lineage")


def test_all_that_is_not_as_recorded_is_listed(run: Path) -> None:
    assert unlike_records(run / "lineage") == []
    (run / "scores.csv").write_text("better")
    (run / "table.csv").unlink()
    Path("audio.wav").write_text("another")
    (run / "lineage/torn.json").write_text('{"rule": ')
    assert [f"{Path(path).name} {what}" for path, what in unlike_records(run / "lineage")] == [
        "torn.json cannot be read as a record",
        "scores.csv differs from what rule `cca` wrote",
        "table.csv is missing; rule `tables` made it",
        "audio.wav differs from what rule `cca` read",
    ]


def test_the_chain_of_an_artifact_ends_at_what_users_brought(run: Path) -> None:
    steps = steps_to("results/small/table.csv", run / "lineage")
    assert [step.rule for step in steps] == ["tables", "cca"]
    assert steps[0].options == {"seed": 1}
    assert brought(steps, run / "lineage") == {"audio.wav": sha256_file("audio.wav")}
    with pytest.raises(LineageError, match=r"no record in .* says how it was made"):
        steps_to("results/small/other.csv", run / "lineage")


def test_commands_answer_and_name_what_is_wrong(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["why", "results/small/table.csv"]) == 0
    told = capsys.readouterr().out
    assert "rule tables, code c0de, lock 10c4" in told
    assert "reads read: audio.wav" in told
    assert command_line.main(["verify", "small"]) == 0
    assert capsys.readouterr().out == "0 stores and 2 files are as they were recorded\n"
    (run / "scores.csv").write_text("better")
    assert command_line.main(["verify", "small"]) == 1
    assert "scores.csv differs from what rule `cca` wrote" in capsys.readouterr().err
    for arguments, told in (
        (["verify", "other"], "no run 'other'"),
        (["verify", "small", "--model", "none"], "no model 'none'"),
        (["why", "audio.wav"], "in no folder of a run"),
    ):
        assert command_line.main(arguments) == 1
        assert told in capsys.readouterr().err


def test_circumstances_name_commit_command_and_machine_but_no_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(COMMAND, f"snakemake --configfile {Path.cwd()}/own.yaml")
    monkeypatch.setenv("SLURM_JOB_ID", "12")
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    assert git_state(tmp_path) == {"commit": "", "dirty": False}
    (tmp_path / "file").touch()
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for arguments in (["add", "file"], [*who, "commit", "-qm", "one"]):
        subprocess.run(["git", "-C", tmp_path, *arguments], check=True)
    told = circumstances(tmp_path, now(), 2, {"cca": {"device": "cpu"}, "seed": 1})
    assert len(told["git"]["commit"]) == 40
    assert not told["git"]["dirty"]
    assert (told["command"], told["device"], told["threads"]) == ("snakemake --configfile own.yaml", "cpu", 2)
    assert told["slurm_job"] == "12"
    assert told["started"] <= told["ended"]
    assert 10 < told["peak_mb"] < 100_000
    assert told["host"]["processor"]
    (tmp_path / "file").write_text("edited")
    assert git_state(tmp_path)["dirty"]
    assert git_state(tmp_path / "none") == {"commit": "", "dirty": False}


def test_a_row_of_a_table_leads_to_its_own_model_and_analysis(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scores = [f"results/small/cca/{model}/{name}.csv" for model in ("a", "b") for name in ("mel", "phone")]
    read = [*scores, "results/small/downstream/a/pr.csv", "results/small/corpus/manifest.parquet"]
    table = Path("results/small/summary.csv")
    table.write_text("model,analysis,score\na,mel,0.1\nb,phone,0.25\n")
    record = {"rule": "tables", "artifacts": {table.as_posix(): "0"}, "params": {}}
    write_json(record | {"inputs": {"scores": dict.fromkeys(read, "1")}}, run / "lineage/summary.json")
    assert command_line.main(["why", f"{table}:2"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("row 2: model=b, analysis=phone, score=0.25\n")
    assert "reads scores: 2 files, results/small/cca/b/phone.csv" in told
    assert command_line.main(["why", f"{table}:3"]) == 1
    assert "there is no row 3; it has 2" in capsys.readouterr().err
