"""What other stores hold is carried over and not encoded: the store is that of a fresh extraction."""

import hashlib
import os
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import zarr
from extraction_job import PROCESSES, Rows, read

from layerwise.errors import StoreError
from layerwise.features import writer
from layerwise.features.digest import verify, write_digest
from layerwise.features.extract import extract
from layerwise.features.reuse import Carried
from layerwise.jobs.stores import digest_of

RNG = np.random.default_rng(3)
SAMPLES = {f"u{number:02d}": int(RNG.integers(4_000, 60_000)) for number in range(24)}
MANIFEST = pd.DataFrame(
    {
        "utt_id": list(SAMPLES),
        "audio_path": [f"{index}:{count}" for index, count in enumerate(SAMPLES.values())],
        "samples": list(SAMPLES.values()),
        "sample_rate": 16_000,
        "sha256": [hashlib.sha256(utt_id.encode()).hexdigest() for utt_id in SAMPLES],
    }
)
SEGMENTS = pd.DataFrame(
    [
        (kind, utt_id, 0.05 * step, 0.05 * step + 0.1)
        for kind in ("phone", "word")
        for utt_id, count in SAMPLES.items()
        for step in range(count // 8000)
    ],
    columns=["kind", "utt_id", "start", "end"],
)
FRAMES = list(SAMPLES)[::2]
PROVENANCE = {"files": {"weights": "1"}, "code": "2", "selection": "3"}


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "CHUNK_BYTES", 320 * 4 * 16)


def store_of(
    target: Path,
    utt_ids: Sequence[str] = tuple(SAMPLES),
    reuse: Sequence[Path] = (),
    segments: pd.DataFrame = SEGMENTS,
    **changes: Any,
) -> list[Carried]:
    """Extract some of the utterances with their segments; each is encoded alone. Write the digest."""
    arguments: dict[str, Any] = {
        "manifest": MANIFEST[MANIFEST.utt_id.isin(utt_ids)],
        "frame_utterances": [utt_id for utt_id in FRAMES if utt_id in utt_ids],
        "name": "rows",
        "dtype": "float32",
        "batch_seconds": 0.1,
        "block_seconds": 6,
        "shard_chunks": 4,
        "provenance": PROVENANCE,
        "read": read,
    } | changes
    carried = extract(
        Rows(target.with_suffix(".log")),
        segments=segments[segments.utt_id.isin(utt_ids)],
        store_path=target,
        reuse=reuse,
        **arguments,
    )
    write_digest(target, digest_of(target))
    return carried


def encoded(target: Path) -> list[int]:
    """Lengths of the utterances that an extraction gave to the model."""
    log = target.with_suffix(".log")
    return list(map(int, log.read_text().split())) if log.exists() else []


def files(store: Path) -> dict[str, bytes]:
    return {p.relative_to(store).as_posix(): p.read_bytes() for p in store.rglob("*") if p.is_file()}


def linked_to(store: Path, other: Path) -> list[str]:
    """Shards that two stores share on the disk."""
    return [
        name for name in files(store) if (other / name).exists() and (store / name).samefile(other / name)
    ]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of all utterances, extracted at once."""
    target = tmp_path_factory.mktemp("whole") / "whole.zarr"
    writer.CHUNK_BYTES, before = 320 * 4 * 16, writer.CHUNK_BYTES
    store_of(target)
    writer.CHUNK_BYTES = before
    return target


IDS = list(SAMPLES)
MANY = {
    "first half": IDS[:12],
    "every third": IDS[::3],
    "last half": IDS[12:],
    "all but one": IDS[:7] + IDS[8:],
}


@pytest.mark.parametrize("there", MANY.values(), ids=MANY)
def test_what_is_missing_is_encoded_and_nothing_else(there: list[str], whole: Path, tmp_path: Path) -> None:
    store_of(tmp_path / "part.zarr", there)
    (carried,) = store_of(tmp_path / "new.zarr", reuse=[tmp_path / "part.zarr"])
    assert files(tmp_path / "new.zarr") == files(whole)
    assert sorted(encoded(tmp_path / "new.zarr")) == sorted(SAMPLES[u] for u in SAMPLES if u not in there)
    assert (carried.store, carried.utterances) == (str(tmp_path / "part.zarr"), len(there))
    assert not verify(tmp_path / "new.zarr", digest_of(tmp_path / "new.zarr"))
    if there == IDS[:12]:
        assert "frames/T0/c/0/0" in linked_to(tmp_path / "new.zarr", tmp_path / "part.zarr")


def test_part_of_a_store_is_a_store(whole: Path, tmp_path: Path) -> None:
    store_of(tmp_path / "fresh.zarr", IDS[3:17])
    store_of(tmp_path / "new.zarr", IDS[3:17], reuse=[whole])
    assert files(tmp_path / "new.zarr") == files(tmp_path / "fresh.zarr")
    assert not encoded(tmp_path / "new.zarr")


def test_a_renamed_model_shares_the_disk(whole: Path, tmp_path: Path) -> None:
    store_of(tmp_path / "fresh.zarr", name="other")
    changed = {**PROVENANCE, "selection": "4"}
    store_of(tmp_path / "new.zarr", reuse=[whole], name="other", provenance=changed)
    assert not encoded(tmp_path / "new.zarr")
    linked = linked_to(tmp_path / "new.zarr", whole)
    assert {name for name in files(whole) if "/c/" in name and name[:7] not in ("encoded", "offsets")} == set(
        linked
    )
    here, there = files(tmp_path / "new.zarr"), files(tmp_path / "fresh.zarr")
    assert b'"selection": "4"' in here.pop("zarr.json")
    del there["zarr.json"]
    assert here == there


def test_new_segments_and_frames_are_extracted_where_they_are_missing(whole: Path, tmp_path: Path) -> None:
    fewer = SEGMENTS[SEGMENTS.index % 7 > 0]
    store_of(tmp_path / "fewer.zarr", segments=fewer, frame_utterances=FRAMES[:-1])
    store_of(tmp_path / "new.zarr", reuse=[tmp_path / "fewer.zarr"])
    touched = {*SEGMENTS.utt_id[SEGMENTS.index % 7 == 0], FRAMES[-1]}
    assert 0 < len(touched) < len(SAMPLES)
    assert sorted(encoded(tmp_path / "new.zarr")) == sorted(SAMPLES[utt_id] for utt_id in touched)
    assert files(tmp_path / "new.zarr") == files(whole)


@pytest.mark.parametrize(
    "changes",
    [
        {"provenance": {**PROVENANCE, "code": "other"}},
        {"provenance": {**PROVENANCE, "files": {"weights": "other"}}},
        {"manifest": MANIFEST.assign(sha256="11" * 32)},
        {"manifest": MANIFEST.drop(columns="sha256")},
    ],
    ids=["code", "weights", "audio", "unknown audio"],
)
def test_another_encoding_carries_nothing_over(
    changes: Mapping[str, Any], whole: Path, tmp_path: Path
) -> None:
    assert not store_of(tmp_path / "new.zarr", reuse=[whole], **changes)
    assert len(encoded(tmp_path / "new.zarr")) == len(SAMPLES)


def test_a_damaged_store_is_passed_over(
    whole: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store_of(tmp_path / "other.zarr")
    shard = tmp_path / "other.zarr/phones/T1/c/0/0"
    shard.write_bytes(shard.read_bytes()[:-100] + b"\1" * 100)
    assert not store_of(tmp_path / "new.zarr", reuse=[tmp_path / "other.zarr"])
    assert "shard file c/0/0 differs from its digest" in caplog.text
    assert files(tmp_path / "new.zarr") == files(whole)


def test_several_stores_and_one_without_a_digest(whole: Path, tmp_path: Path) -> None:
    for name, there in {"a": IDS[:10], "b": IDS[8:18], "c": IDS}.items():
        store_of(tmp_path / f"{name}.zarr", there)
    digest_of(tmp_path / "c.zarr").unlink()
    stores = [tmp_path / f"{name}.zarr" for name in "abcd"]
    assert [each.utterances for each in store_of(tmp_path / "new.zarr", reuse=stores)] == [10, 8]
    assert files(tmp_path / "new.zarr") == files(whole)


def test_without_hard_links_files_are_copied(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr("layerwise.features.reuse.os", SimpleNamespace(link=refused))
    store_of(tmp_path / "new.zarr", reuse=[whole])
    assert not encoded(tmp_path / "new.zarr")
    assert files(tmp_path / "new.zarr") == files(whole)


@pytest.mark.parametrize("there", ["float32", "float16"])
def test_numbers_of_another_format(there: str, tmp_path: Path) -> None:
    """Float32 is rounded as it would have been; float16 is not enough for float32."""
    wanted = {"float32": "float16", "float16": "float32"}[there]
    store_of(tmp_path / "there.zarr", dtype=there)
    store_of(tmp_path / "fresh.zarr", dtype=wanted)
    store_of(tmp_path / "new.zarr", dtype=wanted, reuse=[tmp_path / "there.zarr"])
    assert files(tmp_path / "new.zarr") == files(tmp_path / "fresh.zarr")
    assert len(encoded(tmp_path / "new.zarr")) == (0 if there == "float32" else len(SAMPLES))


def test_an_edit_of_one_store_leaves_the_other_readable(whole: Path, tmp_path: Path) -> None:
    store_of(tmp_path / "new.zarr", reuse=[whole], name="other")
    zarr.open_group(tmp_path / "new.zarr", mode="r+").attrs["note"] = "edited"
    assert not verify(whole, digest_of(whole))


def slowly(target: Path, reuse: list[Path]) -> None:
    """Carry over in a process of its own, with a pause after each file that is linked or written."""
    from layerwise.features import reuse as module

    writer.CHUNK_BYTES = 320 * 4 * 16
    link, write = module.link_file, writer.StoreWriter.write

    def slow_link(*paths: Path) -> None:
        link(*paths)
        time.sleep(0.002)

    def slow_write(*given: Any) -> None:
        write(*given)
        time.sleep(0.0005)

    module.link_file, writer.StoreWriter.write = slow_link, slow_write  # type: ignore[method-assign, assignment]
    store_of(target, reuse=reuse)


def test_killed_while_carrying_over(whole: Path, tmp_path: Path) -> None:
    """Wherever a carrying over is killed, nothing looks whole, and the next start makes the whole store."""
    there, target = tmp_path / "part.zarr", tmp_path / "new.zarr"
    store_of(there, IDS[::3] + IDS[16:])
    before, killed = files(there), 0
    for moment in sorted(np.random.default_rng(5).uniform(0, 0.6, 8)):
        process = PROCESSES.Process(target=slowly, args=(target, [there]))
        process.start()
        while not target.with_name(".new.zarr.partial").exists() and process.is_alive():
            time.sleep(0.001)
        time.sleep(moment)
        if process.is_alive():
            os.kill(process.pid or 0, signal.SIGKILL)
            killed += 1
        process.join()
        assert not target.exists() or files(target) == files(whole)
        if target.exists():
            break
    assert killed > 2
    store_of(target, reuse=[there])
    assert files(target) == files(whole)
    assert files(there) == before
    assert not target.with_name(".new.zarr.partial").exists()


def batched(target: Path, reuse: Sequence[Path] = (), part: tuple[int, int] | None = None) -> list[Carried]:
    """An extraction in batches of several utterances, or a part of it."""
    return store_of(target, reuse=reuse, part=part, batch_seconds=4)


@pytest.mark.parametrize("parts", [2, 5, 40])
def test_parts_are_joined_into_the_bytes_of_the_whole(parts: int, tmp_path: Path) -> None:
    whole, joined = tmp_path / "whole.zarr", tmp_path / "joined.zarr"
    batched(whole)
    stores = [tmp_path / f"{number}.zarr" for number in range(parts)]
    for number, store in enumerate(stores):
        batched(store, part=(number, parts))
    batches = [store.with_suffix(".log").read_text() for store in stores if encoded(store)]
    assert "".join(batches) == whole.with_suffix(".log").read_text(), "the same batches in the same order"
    carried = batched(joined, reuse=stores)
    assert not encoded(joined)
    assert sum(each.utterances for each in carried) == len(SAMPLES)
    assert files(joined) == files(whole)
    if parts == 2:
        shared = [name for store in stores for name in linked_to(joined, store) if name.startswith("frames")]
        there = [name for name in files(whole) if name.startswith("frames") and "/c/" in name]
        assert len(there) - len(shared) <= 2 * len({name.partition("/c/")[0] for name in there})


def test_a_part_that_is_damaged_is_encoded_anew(tmp_path: Path) -> None:
    batched(tmp_path / "whole.zarr")
    stores = [tmp_path / f"{number}.zarr" for number in range(3)]
    for number, store in enumerate(stores):
        batched(store, part=(number, 3))
    next(stores[1].glob("frames/T0/c/*/0")).write_bytes(b"")
    batched(tmp_path / "joined.zarr", reuse=stores)
    assert sorted(encoded(tmp_path / "joined.zarr")) == sorted(encoded(stores[1]))
    assert files(tmp_path / "joined.zarr") == files(tmp_path / "whole.zarr")


def test_parts_whose_place_was_reckoned_wrong_are_copied(tmp_path: Path) -> None:
    """Of audio that is resampled the length is known afterwards: here it is a frame off."""
    manifest = MANIFEST.assign(samples=MANIFEST.samples // 2 - 400, sample_rate=8_000)
    for number in range(2):
        store_of(tmp_path / f"{number}.zarr", part=(number, 2), manifest=manifest)
    store_of(tmp_path / "whole.zarr", manifest=manifest)
    store_of(tmp_path / "joined.zarr", reuse=[tmp_path / f"{n}.zarr" for n in range(2)], manifest=manifest)
    assert not encoded(tmp_path / "joined.zarr")
    assert files(tmp_path / "joined.zarr") == files(tmp_path / "whole.zarr")


def test_a_length_that_the_manifest_has_wrong_is_refused_beside_links(whole: Path, tmp_path: Path) -> None:
    store_of(tmp_path / "part.zarr", IDS[:12])
    wrong = MANIFEST.assign(samples=MANIFEST.samples.where(MANIFEST.utt_id != IDS[-1], 4_000))
    with pytest.raises(StoreError, match=rf"utterance {IDS[-1]} .*: \d+ samples, and 4000 in the manifest"):
        store_of(tmp_path / "new.zarr", reuse=[tmp_path / "part.zarr"], manifest=wrong)
    assert not (tmp_path / "new.zarr").exists()
