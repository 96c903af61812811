"""A full disk is told from other errors, whoever raises it, and in one line that says what to do."""

import errno
import os
from pathlib import Path

import pytest

from layerwise.files import write_aside
from layerwise.jobs.failures import Failure, planning_cause
from layerwise.jobs.full_disk import STATUS, full_disk

FULL = os.strerror(errno.ENOSPC)


def chained(inner: BaseException) -> BaseException:
    try:
        try:
            raise inner
        except BaseException as error:
            raise ValueError("cannot write the table") from error
    except ValueError as outer:
        return outer


@pytest.mark.parametrize(
    ("error", "named"),
    [
        (OSError(errno.ENOSPC, FULL, "results/x/cca/m/a.csv"), "results/x/cca/m/a.csv"),
        (OSError(errno.ENOSPC, FULL, "results/x/.a.csv.aside-12/a.csv"), "results/x/a.csv"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "results/out"),
        (RuntimeError("failed to write PDF file (No space left on device (os error 28))"), "results/out"),
        (chained(OSError(errno.ENOSPC, FULL, "results/x")), "results/x"),
    ],
)
def test_the_file_and_the_remedy_are_named(error: BaseException, named: str) -> None:
    cause = full_disk(error, "results/out")
    assert cause.startswith(f"DiskFullError: {named}: no space left on the disk")
    assert "free space and run again" in cause and "\n" not in cause


def test_snakemake_without_room_for_its_notes_is_explained() -> None:
    said = "WorkflowError:\nError recording metadata for finished job ([Errno 28] No space left on device)."
    assert planning_cause(said).startswith("DiskFullError: Snakemake's notes (.snakemake): no space left")
    assert planning_cause("WorkflowError:\nno rule makes x") == "no rule makes x"


@pytest.mark.parametrize("error", [OSError(errno.ENOENT, "No such file", "x"), ValueError("spaces left")])
def test_other_errors_are_none(error: BaseException) -> None:
    assert not full_disk(error, "results/out")


def test_a_real_full_device(tmp_path: Path) -> None:
    with pytest.raises(OSError) as raised, open("/dev/full", "w", buffering=1) as stream:  # noqa: PTH123
        stream.write("x\n")
    assert full_disk(raised.value, "a.csv").startswith("DiskFullError: ")
    with pytest.raises(OSError), write_aside(tmp_path / "a.csv") as partial:
        partial.write_text("half")
        raise raised.value
    assert not list(tmp_path.iterdir())


def test_a_job_without_room_for_its_log_is_explained(tmp_path: Path) -> None:
    said = f"Command 'python x.py' returned non-zero exit status {STATUS}."
    (tmp_path / "a.log").touch()
    line = Failure("cca", {"model": "m"}, said, (str(tmp_path / "a.log"),)).line()
    assert line.startswith("Failed: cca [model=m]: DiskFullError: ") and "free space and run again" in line
