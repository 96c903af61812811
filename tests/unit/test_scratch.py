"""Stores on a node's own disk: copied whole, removed at the end, never taken for whole when they are not."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from layerwise.errors import StoreError
from layerwise.features.scratch import PREFIX, near

READ = (
    "import sys; from layerwise.features.scratch import near; print(near(sys.argv[1]), flush=True); input()"
)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    folder = tmp_path / "shared/m.zarr"
    (folder / "T0/c").mkdir(parents=True)
    (folder / "zarr.json").write_text("{}")
    (folder / "T0/c/0").write_bytes(bytes(1000))
    return folder


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setenv("NODE", str(folder))
    monkeypatch.setenv("LAYERWISE_SCRATCH", "$NODE")
    return folder


def reader(store: Path, repository: Path) -> tuple[subprocess.Popen[str], Path]:
    """A process that holds a copy until it gets a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", READ, str(store)],
        env=os.environ | {"PYTHONPATH": str(repository)},
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout
    return process, Path(process.stdout.readline().strip())


def test_without_scratch_the_store_itself_is_read(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAYERWISE_SCRATCH", raising=False)
    assert near(store) == store


def test_a_copy_lives_as_long_as_its_process(store: Path, scratch: Path, repository: Path) -> None:
    process, copy = reader(store, repository)
    assert copy.is_relative_to(scratch) and copy.name == "m.zarr"
    assert (copy / "T0/c/0").read_bytes() == bytes(1000)
    other, second = reader(store, repository)
    assert second != copy and copy.exists(), "one that is read is not removed by the next"
    process.communicate("\n")
    other.communicate("\n")
    assert not list(scratch.iterdir())


def test_what_a_killed_process_left_is_removed_by_the_next(
    store: Path, scratch: Path, repository: Path
) -> None:
    process, copy = reader(store, repository)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    (copy / "T0/c/0").unlink()  # as if it had been killed in the middle of the copy
    assert copy.exists()
    after, new = reader(store, repository)
    assert not copy.exists()
    assert (new / "T0/c/0").exists()
    after.communicate("\n")
    assert not list(scratch.glob(f"{PREFIX}*"))


def test_no_room_reads_the_store_where_it_is(
    store: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    usage = shutil.disk_usage(scratch)._replace(free=900)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    assert near(store) == store
    assert "no room for" in caplog.text


def test_a_folder_that_is_not_there_is_named(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAYERWISE_SCRATCH", "/nowhere/at/all")
    with pytest.raises(StoreError, match="LAYERWISE_SCRATCH=/nowhere/at/all"):
        near(store)


def test_a_store_that_changes_meanwhile_is_refused(
    store: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = shutil.copytree

    def copy_while_changed(source: Path, target: Path, *rest: Any) -> None:
        (store / "T0/c/1").write_bytes(b"new")
        copy(source, target, *rest)

    monkeypatch.setattr(shutil, "copytree", copy_while_changed)
    with pytest.raises(StoreError, match="changed while it was copied"):
        near(store)
