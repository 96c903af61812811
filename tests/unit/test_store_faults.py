"""Extraction under faults: killed, out of disk, out of memory, broken models and readers; flat memory."""

import json
import logging
import os
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from extraction_job import PROCESSES, Rows, corpus, job, limited_job, measured_job, read, started

from layerwise.errors import ModelError, StoreError
from layerwise.features import writer
from layerwise.features.background import Background, read_ahead
from layerwise.features.digest import write_digest
from layerwise.features.extract import extract
from layerwise.features.partial import partial_store
from layerwise.models.base import Waveform
from layerwise.models.batching import plan_batches

# all different, so that the length of a waveform names its utterance
SAMPLES = [int(count) for count in np.random.default_rng(1).permutation(np.arange(2000, 26_000, 600))]


@pytest.fixture(autouse=True)
def _chunk_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "CHUNK_BYTES", writer.CHUNK_BYTES)  # the job makes them small


def digest(store: Path) -> str:
    return write_digest(store, store.with_suffix(".json"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Digest of an uninterrupted extraction."""
    target = tmp_path_factory.mktemp("whole") / "s.zarr"
    job(target, SAMPLES)
    return digest(target)


def shards(store: Path) -> dict[str, tuple[int, int]]:
    """Inode and time of each shard that is finished (its spool file is gone)."""
    found = {}
    for path in (store / "store").rglob("c/*/0"):
        if "encoded" in path.parts:  # small tables, written again at the end
            continue
        array, _, shard = path.relative_to(store / "store").as_posix().partition("/c/")
        if not (store / "spool" / array / shard.split("/")[0]).exists():
            found[path.relative_to(store / "store").as_posix()] = (
                path.stat().st_ino,
                path.stat().st_mtime_ns,
            )
    return found


def encoded(target: Path) -> list[int]:
    """Lengths of the waveforms that went into the model so far."""
    log = target.with_suffix(".log")
    return [int(line) for line in log.read_text().splitlines()] if log.exists() else []


def finished_samples(partial: Path) -> list[int]:
    journal = partial / "journal.json"
    return json.loads(journal.read_text())["samples"] if journal.exists() else []


def kill(target: Path, utterances: int, seconds: float = 0, options: Mapping[str, object] = {}) -> None:
    """Start the job and kill it so many seconds after so many more utterances went into the model."""
    end = len(encoded(target)) + utterances
    process = started(target, SAMPLES, options)
    while process.is_alive() and len(encoded(target)) < end:
        time.sleep(0.001)
    process.join(seconds)
    process.kill()
    process.join()


def finish(target: Path) -> None:
    process = started(target, SAMPLES)
    process.join()
    assert process.exitcode == 0


def test_killed_at_ten_random_moments(whole: str, tmp_path: Path) -> None:
    """A rerun ends with the same bytes; neither finished shards nor finished utterances are made again."""
    resumed = 0
    random = np.random.default_rng(2)
    for number in range(10):
        target, partial = tmp_path / f"{number}.zarr", tmp_path / f".{number}.zarr.partial"
        kill(target, int(random.integers(len(SAMPLES) + 1)), random.uniform(0, 0.1))
        assert not (target.exists() and partial.exists())
        kept, done, before = shards(partial), finished_samples(partial), encoded(target)
        if not target.exists():
            finish(target)
            again = encoded(target)[len(before) :]
            assert sorted([*done, *again]) == sorted(SAMPLES)
        assert digest(target) == whole
        assert not partial.exists()
        for name, identity in kept.items():
            status = (target / name).stat()
            assert (status.st_ino, status.st_mtime_ns) == identity, name
        resumed += bool(done and kept)
    assert resumed >= 3


def test_killed_again_and_again(whole: str, tmp_path: Path) -> None:
    target, partial = tmp_path / "s.zarr", tmp_path / ".s.zarr.partial"
    progress: list[int] = []
    while not target.exists() and len(progress) < 30:
        kill(target, 15)
        progress.append(len(finished_samples(partial)))
    assert progress[:-1] == sorted(progress[:-1]) and 2 < len(progress) < 30
    assert digest(target) == whole
    assert max(Counter(encoded(target)).values()) < len(progress)


def test_killed_before_the_first_block_ends(tmp_path: Path) -> None:
    """Batches of an unfinished block are kept once the clock says so, and the bytes are those of one go."""
    target, journal = tmp_path / "s.zarr", tmp_path / ".s.zarr.partial/journal.json"
    one_block = {"block_seconds": 1000}
    job(tmp_path / "one-go.zarr", SAMPLES, one_block)
    kept: list[int] = []
    for _ in range(3):
        kill(target, 12, options={**one_block, "commit_seconds": 0})
        noted = json.loads(journal.read_text())
        assert noted["samples"] == [] and set(kept) <= set(noted["done"])
        kept = noted["done"]
    before = encoded(target)
    assert len(kept) > 6
    job(target, SAMPLES, {**one_block, "commit_seconds": 0})
    assert sorted(encoded(target)[len(before) :]) == sorted(
        samples for index, samples in enumerate(SAMPLES) if index not in kept
    )
    assert digest(target) == digest(tmp_path / "one-go.zarr")


def test_rows_of_an_unfinished_block_that_are_missing_are_noticed(tmp_path: Path) -> None:
    target, options = tmp_path / "s.zarr", {"block_seconds": 1000, "commit_seconds": 0}
    kill(target, 12, options=options)
    for path in (tmp_path / ".s.zarr.partial/spool/frames/T1").iterdir():
        os.truncate(path, 320 * 4)
    with pytest.raises(StoreError, match=r"rows of frames/T1 are missing; delete it and run"):
        job(target, SAMPLES, options)


def test_within_a_minute_only_whole_blocks_are_noted(tmp_path: Path) -> None:
    target = tmp_path / "s.zarr"
    kill(target, 12, options={"block_seconds": 1000})
    assert json.loads((tmp_path / ".s.zarr.partial/journal.json").read_text())["done"] == []


def test_batches_that_are_left_are_those_of_the_whole_plan() -> None:
    random = np.random.default_rng(3)
    for _ in range(200):
        lengths = random.integers(1, 20, int(random.integers(1, 30))).tolist()
        keys = random.integers(0, 3, len(lengths)).tolist()
        budget = int(random.integers(5, 60))
        batches = plan_batches(lengths, budget, keys)
        left = sorted(index for batch in batches[int(random.integers(len(batches))) :] for index in batch)
        again = plan_batches([lengths[index] for index in left], budget, [keys[index] for index in left])
        assert {tuple(left[index] for index in batch) for batch in again} <= set(map(tuple, batches))


def test_a_killed_extraction_of_something_else_is_not_gone_on_with(whole: str, tmp_path: Path) -> None:
    target = tmp_path / "s.zarr"
    kill(target, 20)
    assert finished_samples(tmp_path / ".s.zarr.partial")
    job(target, SAMPLES, {"provenance": {"code": "changed"}})
    job(tmp_path / "t.zarr", SAMPLES, {"provenance": {"code": "changed"}})
    assert digest(target) == digest(tmp_path / "t.zarr") != whole


def test_missing_rows_and_a_broken_journal_are_noticed(whole: str, tmp_path: Path) -> None:
    target, partial = tmp_path / "s.zarr", tmp_path / ".s.zarr.partial"
    kill(target, 20)
    for path in (partial / "spool").rglob("*"):
        if path.is_file():
            path.write_bytes(b"")
    with pytest.raises(StoreError, match=r"spool/.*: rows are missing; delete .*s\.zarr\.partial and run"):
        job(target, SAMPLES)
    (partial / "journal.json").write_text("{")
    job(target, SAMPLES)
    assert digest(target) == whole


def test_two_processes_cannot_write_one_store(tmp_path: Path) -> None:
    with (
        partial_store(tmp_path / "s.zarr", "key", lambda partial: partial.store.mkdir()),
        pytest.raises(StoreError, match=r"s\.zarr\.partial: another process is extracting into it"),
    ):
        job(tmp_path / "s.zarr", SAMPLES)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2500k", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a tmpfs needs root")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk(whole: str, small_disk: Path) -> None:
    target = small_disk / "s.zarr"
    with pytest.raises(StoreError, match=r"s\.zarr: no space left on the disk .*Free space and run again"):
        job(target, SAMPLES)
    done = finished_samples(small_disk / ".s.zarr.partial")
    assert 0 < len(done) < len(SAMPLES)
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    target.with_suffix(".log").unlink()
    job(target, SAMPLES)
    assert digest(target) == whole
    assert sorted([*done, *encoded(target)]) == sorted(SAMPLES)


def test_a_file_size_limit(tmp_path: Path) -> None:
    """The same as a full disk, for machines where tests may not mount one."""
    target = tmp_path / "s.zarr"
    process = PROCESSES.Process(target=limited_job, args=(target, SAMPLES, 600_000))
    process.start()
    process.join()
    message = target.with_suffix(".error").read_text()
    assert message.startswith("StoreError") and "Free space and run again" in message
    done = finished_samples(tmp_path / ".s.zarr.partial")
    assert f"with {len(done)} of {len(SAMPLES)} utterances stored" in message
    assert 0 < len(done) < len(SAMPLES)
    before = len(encoded(target))
    job(target, SAMPLES, {"shard_chunks": 50})
    job(tmp_path / "t.zarr", SAMPLES, {"shard_chunks": 50})
    assert digest(target) == digest(tmp_path / "t.zarr")
    assert sorted([*done, *encoded(target)[before:]]) == sorted(SAMPLES)


def limited(target: Path, limit: float) -> None:
    manifest, segments = corpus(SAMPLES)
    extract(
        Rows(target.with_suffix(".log"), limit),
        manifest,
        segments,
        manifest["utt_id"].tolist(),
        target,
        name="rows",
        dtype="float32",
        batch_seconds=6,
        read=read,
    )


def test_out_of_memory_halves_the_batch_and_changes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    limited(tmp_path / "all.zarr", float("inf"))
    with caplog.at_level(logging.WARNING):
        limited(tmp_path / "few.zarr", 30_000)
    assert 1 <= len(caplog.records) <= 2
    assert "did not fit in the memory of cpu; going on with batches of" in caplog.text
    assert digest(tmp_path / "all.zarr") == digest(tmp_path / "few.zarr")


def test_an_utterance_that_does_not_fit_is_named(tmp_path: Path) -> None:
    longest = SAMPLES.index(max(SAMPLES))
    with pytest.raises(ModelError, match=rf"utterance {longest:05d} \(1\.6 s\) does not fit .* even alone"):
        limited(tmp_path / "s.zarr", 25_000)


class Broken(Rows):
    """NaN in one frame of T1 of one utterance."""

    def _forward(self, waveforms):
        values = super()._forward(waveforms)
        for row, waveform in zip(values["T1"], waveforms, strict=True):
            if len(waveform) == SAMPLES[17]:
                row[3, 5] = float("nan")
        return values


def test_a_nan_producing_model_is_stopped(tmp_path: Path) -> None:
    manifest, segments = corpus(SAMPLES)
    with pytest.raises(ModelError, match="model mine, layer T1, utterance 00017: NaN or infinite"):
        extract(Broken(tmp_path / "log"), manifest, segments, [], tmp_path / "s.zarr", name="mine", read=read)
    assert not (tmp_path / "s.zarr").exists()


def test_a_reader_that_fails_halfway_leaves_a_resumable_store(whole: str, tmp_path: Path) -> None:
    def fails(path: str) -> Waveform:
        if path.startswith("00025"):
            raise ValueError("unreadable")
        return read(path)

    with pytest.raises(ValueError, match="unreadable"):
        job(tmp_path / "s.zarr", SAMPLES, {"read": fails})
    assert finished_samples(tmp_path / ".s.zarr.partial")
    job(tmp_path / "s.zarr", SAMPLES)
    assert digest(tmp_path / "s.zarr") == whole


def test_background_calls_stop_at_the_first_error() -> None:
    done: list[int] = []

    def fail() -> None:
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"), Background(depth=2) as background:
        background.submit(lambda: done.append(1))
        background.submit(fail)
        for number in range(100):
            background.submit(partial(done.append, number + 2))
    assert done == [1]


def test_read_ahead_keeps_order_and_holds_two_blocks() -> None:
    seen = []

    def blocks() -> Iterator[list[int]]:
        for start in range(0, 20, 4):
            seen.append(start)
            yield list(range(start, start + 4))

    for number, (block, values) in enumerate(read_ahead(blocks(), lambda item: 10 * item)):
        assert values == [10 * item for item in block]
        assert len(seen) <= number + 2


def test_memory_does_not_grow_with_the_corpus(tmp_path: Path) -> None:
    peaks = []
    for minutes in (2, 20):
        target = tmp_path / f"{minutes}.zarr"
        process = PROCESSES.Process(target=measured_job, args=(target, [160_000] * 6 * minutes))
        process.start()
        process.join()
        peaks.append(float(target.with_suffix(".peak").read_text()))
    assert peaks[1] < 1.2 * peaks[0]
