"""The last line of a failed run, and the logs of earlier starts."""

from pathlib import Path

import pytest

from layerwise.jobs.failures import KEPT, Failure, keep_log, last_error, planning_cause, shortened

SAID = "SLURM-job '12' failed, SLURM status is: '{}'. Detailed failure reason unavailable."
LOG = """12:00:00 Encoding with hubert
12:00:01 StoreError: results/x.zarr: no space left on the disk; free it and run again
"""
TRACE = """12:00:01 unexpected error in rule cca
Traceback (most recent call last):
  File "x.py", line 2, in <module>
    raise ValueError("three\\nlines")
ValueError: three
lines
"""


def failed(tmp_path: Path, text: str | None, said: str = "", more: str = "", **asked: int) -> Failure:
    log, slurm = tmp_path / "cca.log", tmp_path / "12.log"
    if text is not None:
        log.write_text(text, encoding="utf-8")
    slurm.write_text(more, encoding="utf-8")
    return Failure("cca", {"model": "m", "analysis": "a"}, said, (str(log), str(slurm)), **asked)


def test_the_line_names_rule_wildcards_cause_and_log(tmp_path: Path) -> None:
    line = failed(tmp_path, LOG).line()
    assert line == (
        "Failed: cca [model=m, analysis=a]: StoreError: results/x.zarr: no space left on the disk; free it "
        f"and run again (log: {tmp_path}/cca.log)"
    )
    assert failed(tmp_path, TRACE).cause() == "ValueError: three"


@pytest.mark.parametrize(
    ("status", "phrase"),
    [
        (
            "OUT_OF_MEMORY",
            "over memory: it asked for 4000 MB; give it more: --set-resources cca:mem_mb=80",
        ),
        ("TIMEOUT", "over time: it asked for 60 minutes; give it more: --set-resources cca:runtime=120"),
        ("CANCELLED", "cancelled by scancel; run again"),
        ("NODE_FAIL", "its node failed; run again"),
    ],
)
def test_what_the_scheduler_says_comes_with_its_remedy(tmp_path: Path, status: str, phrase: str) -> None:
    failure = failed(tmp_path, "12:00:00 Encoding\n", SAID.format(status), mem_mb=4000, runtime=60)
    assert failure.cause().startswith(phrase)


@pytest.mark.parametrize(
    ("said", "more", "start"),
    [
        (
            SAID.format("FAILED"),
            "slurmstepd: error: Detected 1 oom_kill event in StepId=12.0.",
            "over memory",
        ),
        (
            SAID.format("FAILED"),
            "slurmstepd: error: StepId=12.0 exceeded memory limit (9 > 5)",
            "over memory",
        ),
        (SAID.format("FAILED"), "slurmstepd: error: *** JOB 12 CANCELLED DUE TO TIME LIMIT ***", "over time"),
        (
            SAID.format("FAILED"),
            "srun: error: Unable to create step: no GRES",
            "srun: error: Unable to create",
        ),
        (
            "Command 'x' died with <Signals.SIGKILL: 9>.",
            "",
            "killed (signal 9), most often because the machine",
        ),
        (
            "Command 'x' returned non-zero exit status 1.",
            "",
            "it ended with exit status 1 before it could log",
        ),
        ("", "", "no cause was logged"),
    ],
)
def test_a_job_that_could_not_say_why(tmp_path: Path, said: str, more: str, start: str) -> None:
    assert failed(tmp_path, None, said, more).cause().startswith(start)


def test_an_error_of_the_job_itself_is_believed_first(tmp_path: Path) -> None:
    """A model that does not fit says so; the words "out of memory" in it are no kill by the scheduler."""
    text = "12:00:01 ModelError: utterance u does not fit: CUDA out of memory\n"
    assert failed(tmp_path, text, SAID.format("FAILED")).cause().startswith("ModelError: utterance u")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12:00:01 CorpusError: a.tsv: no row\n", True),
        ("12:00:01 ModelError: m: no such file\n", True),
        (LOG, False),  # a full disk may be emptied
        ("12:00:01 DownloadError: no network\n", False),
        (TRACE, False),
        (None, False),
    ],
)
def test_which_failures_a_second_try_cannot_mend(tmp_path: Path, text: str | None, expected: bool) -> None:
    assert failed(tmp_path, text).for_the_user() is expected


def test_no_log_and_many_inputs(tmp_path: Path) -> None:
    assert Failure("all", {}, "", ()).line().endswith("(log: none was written)")
    assert shortened([str(number) for number in range(550)]) == ["0", "1", "2", "and 547 more"]
    assert shortened(["a", "b"]) == ["a", "b"]
    assert last_error("12:00:00 done\n") == ""


def test_logs_of_earlier_starts_stay(tmp_path: Path) -> None:
    log = tmp_path / "cca.log"
    keep_log(log)  # the first start: nothing is there
    for start in range(KEPT + 3):
        log.write_text(f"start {start}", encoding="utf-8")
        keep_log(log)
    assert not log.exists()
    kept = sorted(tmp_path.iterdir(), key=lambda path: int(path.name.split(".")[1]))
    assert [path.read_text(encoding="utf-8") for path in kept] == [
        f"start {start}" for start in range(3, KEPT + 3)
    ]
    log.write_text("", encoding="utf-8")
    keep_log(log)
    assert log.exists()


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (
            'WorkflowError in file "/a/Snakefile", line 17:\nc.yaml: bad key\n  File "/a/Snakefile", line 17',
            "c.yaml: bad key",
        ),
        (
            'InputFunctionException in rule r in file "/x", line 6:\nError:\n  OSError: no x\nWildcards:\n'
            "  model=m\nTraceback:\n",
            "OSError: no x",
        ),
        ("WorkflowError:\nno disk\nno network", "no disk; no network"),
        ("one line only:", "one line only:"),
    ],
)
def test_an_error_of_planning_is_cut_to_its_cause(text: str, cause: str) -> None:
    assert planning_cause(text) == cause
