"""Extraction into a store, reading it back, and its digest."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import zarr
from numpy.typing import NDArray

from layerwise.errors import AudioError, ModelError, StoreError
from layerwise.features import writer
from layerwise.features.digest import verify, write_digest
from layerwise.features.extract import extract, store_bytes
from layerwise.features.store import FeatureStore
from layerwise.models.base import Grid, Layer, SpeechModel, Waveform

SAMPLES = {"utt1": 16_000, "utt2": 4_000, "utt3": 24_123, "utt4": 8_000, "utt5": 12_345}
WAVEFORMS = {
    utt_id: np.random.default_rng(samples).standard_normal(samples).astype(np.float32)
    for utt_id, samples in SAMPLES.items()
}
MANIFEST = pd.DataFrame(
    {
        "utt_id": list(SAMPLES),
        "audio_path": [f"{utt_id}.wav" for utt_id in SAMPLES],
        "samples": list(SAMPLES.values()),
        "sample_rate": 16_000,
    }
)
SEGMENTS = pd.DataFrame(
    [
        ("phone", "utt1", 0.06, 0.24),
        ("phone", "utt3", 0.58, 0.6),
        ("phone", "utt3", 0.6, 0.72),
        ("word", "utt1", 0.06, 0.5),
        ("word", "utt4", 0.1, 0.49),
    ],
    columns=["kind", "utt_id", "start", "end"],
)
FRAMES = ["utt3", "utt1", "utt5"]
STORED = ["utt1", "utt3", "utt5"]


class Blocks(SpeechModel):
    """Each frame is the waveform under it, scaled per layer: exact to recompute by hand."""

    def __init__(self, scale: float = 1.0) -> None:
        self.source, self.device, self.scale = "blocks", torch.device("cpu"), scale
        self.batches: list[list[int]] = []
        conv = Layer(80, Grid.unpadded(80, 80), "5 ms of samples")
        top = Layer(320, Grid.unpadded(320, 320), "20 ms of samples")
        self.table = {"C1": conv, "T0": top, "T1": top, "T1+ln": top}

    def num_frames(self, samples: int, layer: str) -> int:
        return samples // self.grid(layer).stride

    def _forward(self, waveforms: Sequence[Waveform]) -> dict[str, torch.Tensor]:
        self.batches.append([len(waveform) for waveform in waveforms])
        padded = torch.zeros(len(waveforms), -(-max(map(len, waveforms)) // 320) * 320)
        for row, waveform in zip(padded, waveforms, strict=True):
            row[: len(waveform)] = torch.from_numpy(waveform)
        return {
            layer: (self.scale * (1 + i) * padded).unflatten(1, (-1, self.dim(layer)))
            for i, layer in enumerate(self.layers)
        }


def read(path: str) -> Waveform:
    return WAVEFORMS[path.removesuffix(".wav")]


def run(path: Path, **changes: object) -> Blocks:
    arguments: dict[str, object] = {
        "model": Blocks(),
        "manifest": MANIFEST,
        "segments": SEGMENTS,
        "frame_utterances": FRAMES,
        "store_path": path,
        "name": "blocks",
        "dtype": "float32",
        "batch_seconds": 3,
        "block_seconds": 2,
        "read": read,
        "provenance": {"manifest": "abc"},
    }
    extract(**{**arguments, **changes})  # type: ignore[arg-type]
    model = {**arguments, **changes}["model"]
    assert isinstance(model, Blocks)
    return model


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    path = tmp_path_factory.mktemp("store") / "blocks.zarr"
    run(path)
    return FeatureStore(path)


def by_hand(utt_id: str, size: int, scale: int) -> NDArray[np.float32]:
    waveform = WAVEFORMS[utt_id]
    return scale * waveform[: len(waveform) // size * size].reshape(-1, size)


def test_describes_itself(store: FeatureStore) -> None:
    assert store.model == "blocks"
    assert store.layers == ("C1", "T0", "T1", "T1+ln")
    assert store.utterances == tuple(STORED)
    assert (store.stride("C1"), store.stride("T1")) == (Fraction(1, 100), Fraction(1, 50))
    assert store.dim("C1") == 80
    # C1: 5 averaged frames of 80 samples every 80 reach over 400 samples
    assert store.first_centre("C1") == Fraction(399, 32_000)
    assert store.first_centre("T1") == Fraction(319, 32_000)
    assert store.header.provenance == {"manifest": "abc"}
    assert store.header.mean_utterances == tuple(SAMPLES)


@pytest.mark.parametrize(("layer", "scale"), [("T0", 2), ("T1", 3), ("T1+ln", 4)])
def test_frames(store: FeatureStore, layer: str, scale: int) -> None:
    frames, offsets = store.frames(layer)
    expected = [by_hand(utt_id, 320, scale) for utt_id in STORED]
    assert frames.dtype == np.float32
    assert offsets.tolist() == np.cumsum([0, *map(len, expected)]).tolist()
    np.testing.assert_allclose(frames, np.concatenate(expected), rtol=1e-6)


def test_frames_of_chosen_utterances_come_in_the_order_asked_for(store: FeatureStore) -> None:
    frames, offsets = store.frames("T0", ["utt5", "utt1", "utt5"])
    expected = [by_hand(utt_id, 320, 2) for utt_id in ("utt5", "utt1", "utt5")]
    assert offsets.tolist() == np.cumsum([0, *map(len, expected)]).tolist()
    np.testing.assert_allclose(frames, np.concatenate(expected), rtol=1e-6)
    frames, offsets = store.frames("T0", [])
    assert (frames.shape, offsets.tolist()) == ((0, 320), [0])


def test_a_view_reads_blocks_of_frames(store: FeatureStore) -> None:
    frames, offsets = store.frames("T0")
    view = store.frames_view("T0")
    assert view.shape == frames.shape
    for rows in (slice(None), slice(10, 60), slice(90, 10**6), slice(5, 5), slice(40, 3, -7)):
        assert view[rows].dtype == np.float32
        assert np.array_equal(view[rows], frames[rows])
    shuffled = np.random.default_rng(0).integers(0, len(frames), 50)
    assert np.array_equal(view[shuffled], frames[shuffled])
    assert store.frame_offsets("T0").tolist() == np.stack([offsets[:-1], offsets[1:]], 1).tolist()
    first, last = store.frame_offsets("C1", ["utt5", "utt1"]).T
    assert (last - first).tolist() == [len(store.frames("C1", [utt_id])[0]) for utt_id in ("utt5", "utt1")]
    assert np.array_equal(store.frames_view("C1")[first[0] : last[0]], store.frames("C1", ["utt5"])[0])
    with pytest.raises(StoreError, match=r"rows outside 0\.\."):
        view[np.array([len(frames)])]


def test_a_view_reads_only_the_chunks_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "CHUNK_BYTES", 320 * 4 * 3)
    run(tmp_path / "s.zarr", shard_chunks=2)
    view = FeatureStore(tmp_path / "s.zarr").frames_view("T0")
    for shard in (tmp_path / "s.zarr" / "frames" / "T0" / "c").iterdir():
        if shard.name != "2":
            (shard / "0").write_bytes(b"broken")
    assert view[slice(12, 18)].shape == (6, 320)


def test_fast_conv_layers_are_averaged_to_10_ms(store: FeatureStore) -> None:
    frames, offsets = store.frames("C1", ["utt1"])
    native = by_hand("utt1", 80, 1)
    expected = np.stack([native[k : k + 5].mean(0) for k in range(0, len(native) - 4, 2)])
    assert offsets.tolist() == [0, len(expected)]
    np.testing.assert_allclose(frames, expected, atol=1e-6)


def test_segments_are_pooled_from_native_frames(store: FeatureStore) -> None:
    first, third = by_hand("utt1", 320, 3), by_hand("utt3", 320, 3)
    phones = np.stack([first[6:9].mean(0), third[29], third[32:34].mean(0)])
    np.testing.assert_allclose(store.segments("phone", "T1"), phones, atol=1e-6)
    np.testing.assert_allclose(store.segments("phone", "T1", np.array([2, 0])), phones[[2, 0]], atol=1e-6)
    words = [by_hand("utt1", 80, 1)[12:100].mean(0), by_hand("utt4", 80, 1)[20:98].mean(0)]
    np.testing.assert_allclose(store.segments("word", "C1"), np.stack(words), atol=1e-6)


def test_utterance_means(store: FeatureStore) -> None:
    np.testing.assert_allclose(
        store.utterance_means("T0", ["utt4", "utt2"]),
        [by_hand("utt4", 320, 2).mean(0), by_hand("utt2", 320, 2).mean(0)],
        atol=1e-6,
    )
    assert store.utterance_means("T0").shape == (3, 320)


def test_unknown_layers_utterances_and_stores_are_named(store: FeatureStore, tmp_path: Path) -> None:
    for call, message in [
        (lambda: store.frames("T9"), "no layer 'T9'; stored layers: C1, T0, T1, T1\\+ln"),
        (lambda: store.frames("T0", ["utt2"]), "frames of 1 utterances not stored, e.g. utt2"),
        (lambda: store.utterance_means("T0", ["x"]), "the mean of 1 utterances not stored, e.g. x"),
        (lambda: store.segments("phone", "T0", np.array([3])), r"rows outside 0..2"),
        (lambda: FeatureStore(tmp_path / "none.zarr"), "none.zarr: missing or not a feature store"),
    ]:
        with pytest.raises(StoreError, match=message):
            call()


def test_many_small_shards_read_back_the_same(
    store: FeatureStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "CHUNK_BYTES", 320 * 4 * 3)
    run(tmp_path / "s.zarr", shard_chunks=2)
    small = FeatureStore(tmp_path / "s.zarr")
    array = zarr.open_array(tmp_path / "s.zarr" / "frames" / "T0", mode="r")
    assert (array.chunks, array.shards) == ((3, 320), (6, 320))
    for utt_ids in (None, ["utt5", "utt1"], ["utt3"]):
        assert np.array_equal(small.frames("T0", utt_ids)[0], store.frames("T0", utt_ids)[0])
    assert sorted(path.name for path in (tmp_path / "s.zarr").iterdir()) == [
        "encoded", "frames", "offsets", "phones", "utterances", "words", "zarr.json",
    ]  # fmt: skip


def test_blocks_and_batches_change_nothing(store: FeatureStore, tmp_path: Path) -> None:
    model = run(tmp_path / "one.zarr", batch_seconds=0.1, block_seconds=100)
    assert model.batches == [[samples] for samples in sorted(SAMPLES.values(), reverse=True)]
    one = FeatureStore(tmp_path / "one.zarr")
    for layer in store.layers:
        assert np.array_equal(one.frames(layer)[0], store.frames(layer)[0])
        assert np.array_equal(one.segments("word", layer), store.segments("word", layer))


def test_no_segments_and_no_frames(tmp_path: Path) -> None:
    run(tmp_path / "s.zarr", segments=SEGMENTS[:0], frame_utterances=[])
    store = FeatureStore(tmp_path / "s.zarr")
    assert store.frames("T0")[0].shape == (0, 320)
    assert store.segments("phone", "T0").shape == (0, 320)
    assert store.utterance_means("T0", ["utt2"]).shape == (1, 320)


def test_float16_stores_round(tmp_path: Path) -> None:
    run(tmp_path / "s.zarr", dtype="float16")
    expected = np.concatenate([by_hand(utt_id, 320, 2) for utt_id in STORED]).astype(np.float16)
    assert np.array_equal(FeatureStore(tmp_path / "s.zarr").frames("T0")[0], expected.astype(np.float32))


class OneLargeLayer(Blocks):
    """The layer C1 overflows float16 from one utterance on, as a layer of WavLM-large does."""

    def _forward(self, waveforms: Sequence[Waveform]) -> dict[str, torch.Tensor]:
        values = super()._forward(waveforms)
        if any(np.array_equal(waveform, WAVEFORMS["utt3"]) for waveform in waveforms):
            values["C1"] = values["C1"] * 1e6
        return values


def test_a_layer_that_overflows_float16_is_stored_as_float32_by_itself(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    small: dict[str, Any] = {"model": OneLargeLayer(), "batch_seconds": 0.01, "block_seconds": 0.01}
    run(tmp_path / "s.zarr", dtype="float16", **small)
    assert "layer C1, utterance utt3" in caplog.text and "stored as float32" in caplog.text
    run(tmp_path / "wide.zarr", dtype="float32", **small)
    store, wide = FeatureStore(tmp_path / "s.zarr"), FeatureStore(tmp_path / "wide.zarr")
    np.testing.assert_array_equal(store.utterance_means("C1"), wide.utterance_means("C1"))
    np.testing.assert_array_equal(
        store.frames("T0")[0], wide.frames("T0")[0].astype(np.float16).astype(np.float32)
    )
    assert [layer.dtype for layer in store.header.layers] == ["float32", "", "", ""]
    assert not list(tmp_path.glob(".*"))


def test_a_killed_extraction_knows_the_layers_that_overflow(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"dtype": "float16", "batch_seconds": 0.01, "block_seconds": 0.01}
    seen: list[str] = []

    def interrupted(path: str) -> Waveform:
        seen.append(path)
        if len(seen) > len(WAVEFORMS) + 2:  # in the second try, after some utterances
            raise RuntimeError("killed")
        return read(path)

    with pytest.raises(RuntimeError, match="killed"):
        run(tmp_path / "s.zarr", model=OneLargeLayer(), read=interrupted, **settings)
    assert list(tmp_path.glob(".*.wide.json"))
    again: list[str] = []

    def counted(path: str) -> Waveform:
        again.append(path)
        return read(path)

    run(tmp_path / "s.zarr", model=OneLargeLayer(), read=counted, **settings)
    assert len(again) < len(WAVEFORMS)
    run(tmp_path / "t.zarr", model=OneLargeLayer(), **settings)
    one, other = FeatureStore(tmp_path / "s.zarr"), FeatureStore(tmp_path / "t.zarr")
    np.testing.assert_array_equal(one.frames("C1")[0], other.frames("C1")[0])


def test_a_value_that_is_not_finite_names_model_layer_and_utterance(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model blocks, layer C1, utterance utt\d: NaN or infinite"):
        run(tmp_path / "s.zarr", model=Blocks(scale=float("inf")))


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"frame_utterances": ["nobody"]}, StoreError, "not in the manifest, e.g. nobody"),
        ({"segments": SEGMENTS.replace("utt4", "utt9")}, StoreError, "segments: 1 .*e.g. utt9"),
        ({"manifest": MANIFEST[::-1]}, StoreError, "sorted by utt_id"),
        ({"segments": SEGMENTS[::-1]}, StoreError, "sorted by utt_id"),
        ({"dtype": "float8"}, StoreError, "float8"),
        (
            {"read": lambda path: WAVEFORMS["utt1"][:100]},
            AudioError,
            r"utterance utt1 \(utt1.wav\): 100 samples",
        ),
    ],
)
def test_inputs_that_do_not_fit(
    changes: dict[str, object], error: type[Exception], message: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=message):
        run(tmp_path / "s.zarr", **changes)
    assert not list(tmp_path.iterdir())


@pytest.fixture
def digested(tmp_path: Path) -> tuple[Path, Path]:
    run(tmp_path / "s.zarr")
    write_digest(tmp_path / "s.zarr", tmp_path / "s.digest.json")
    return tmp_path / "s.zarr", tmp_path / "s.digest.json"


def test_two_extractions_are_byte_identical(digested: tuple[Path, Path], tmp_path: Path) -> None:
    run(tmp_path / "again.zarr")
    write_digest(tmp_path / "again.zarr", tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == digested[1].read_bytes()
    assert verify(*digested) == []
    run(tmp_path / "other.zarr", model=Blocks(scale=1.001))
    assert len(verify(tmp_path / "other.zarr", digested[1])) > 10


def flip_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:1000])


WORDS = "chunk 0 (rows 0 to 1)"
CHUNKS = "chunk 0 (rows 40 to 49), chunk 1 (rows 50 to 59), chunk 2 (rows 60 to 69), chunk 3 (rows 70 to 79)"


@pytest.mark.parametrize(
    ("damage", "name", "message"),
    [
        (
            flip_byte,
            "frames/T1+ln/c/1/0",
            "array frames/T1+ln, shard file c/1/0 differs from its digest: chunk 2 (rows 60 to 69)",
        ),
        (cut, "words/C1/c/0/0", f"array words/C1, shard file c/0/0 differs from its digest: {WORDS}"),
        (cut, "frames/T0/c/1/0", f"array frames/T0, shard file c/1/0 differs from its digest: {CHUNKS}"),
        (flip_byte, "offsets/T0/c/0", "array offsets/T0, shard file c/0 differs from its digest"),
        (Path.unlink, "words/C1/c/0/0", "array words/C1, shard file c/0/0 is missing"),
        (flip_byte, "frames/T0/zarr.json", "metadata file frames/T0/zarr.json differs from its digest"),
        (Path.unlink, "frames/T0/zarr.json", "metadata file frames/T0/zarr.json is missing"),
    ],
)
def test_damage_is_found_and_named(
    damage: Callable[[Path], None],
    name: str,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writer, "CHUNK_BYTES", 320 * 4 * 10)
    store, digest = tmp_path / "s.zarr", tmp_path / "s.digest.json"
    run(store, shard_chunks=4)
    write_digest(store, digest)
    damage(store / name)
    assert verify(store, digest) == [f"{store}: {message}"]
    group, layer = name.split("/")[:2]
    with pytest.raises(StoreError, match=rf"s\.zarr.*{group}/{re.escape(layer)}.*"):
        FeatureStore(store).frames(layer) if group != "words" else FeatureStore(store).segments("word", layer)


def test_a_shard_of_another_extraction_is_found(digested: tuple[Path, Path], tmp_path: Path) -> None:
    run(tmp_path / "other.zarr", model=Blocks(scale=2))
    shard = "frames/T0/c/0/0"
    (digested[0] / shard).write_bytes((tmp_path / "other.zarr" / shard).read_bytes())
    assert "written by another extraction" in verify(*digested)[0]


def test_an_emptied_shard_is_an_error_when_read(digested: tuple[Path, Path]) -> None:
    (digested[0] / "frames/T0/c/0/0").write_bytes(b"")
    with pytest.raises(StoreError, match=r"frames/T0/c/0/0: rows 0 to \d+ cannot be read"):
        FeatureStore(digested[0]).frames("T0")


def test_a_foreign_file_and_a_missing_store_are_found(digested: tuple[Path, Path], tmp_path: Path) -> None:
    store, digest = digested
    (store / "frames" / "T0" / "c" / "9").mkdir()
    (store / "frames" / "T0" / "c" / "9" / "0").write_text("x")
    assert verify(store, digest) == [f"{store}: array frames/T0, shard file c/9/0 is not in the digest"]
    assert all("is missing" in line for line in verify(tmp_path / "none.zarr", digest))
    with pytest.raises(StoreError, match="no such feature store"):
        write_digest(tmp_path / "none.zarr", tmp_path / "none.json")
    with pytest.raises(StoreError, match=r"none.json: no readable digest"):
        verify(store, tmp_path / "none.json")


def test_an_edited_digest_is_found(digested: tuple[Path, Path]) -> None:
    store, digest = digested
    digest.write_text(digest.read_text().replace("frames/T0/zarr.json", "frames/T0/other.json"))
    assert any("does not match its own file list" in line for line in verify(store, digest))


def test_a_store_of_another_format_is_refused(tmp_path: Path) -> None:
    run(tmp_path / "s.zarr")
    header = replace(FeatureStore(tmp_path / "s.zarr").header, format=99)
    zarr.open_group(tmp_path / "s.zarr", mode="r+").attrs.update(header.to_attributes())
    with pytest.raises(StoreError, match="format 99"):
        FeatureStore(tmp_path / "s.zarr")


def test_a_store_of_tasks_holds_the_layers_and_the_means_that_they_need(
    store: FeatureStore, tmp_path: Path
) -> None:
    nothing = SEGMENTS.head(0)
    layers = ["T0", "T1+ln"]
    run(tmp_path / "means.zarr", segments=nothing, frame_utterances=[], layers=layers)
    means = FeatureStore(tmp_path / "means.zarr")
    assert means.layers == ("T0", "T1+ln") and means.utterances == ()
    everyone = list(SAMPLES)
    for layer in layers:
        expected = store.utterance_means(layer, everyone)
        np.testing.assert_allclose(means.utterance_means(layer, everyone), expected, atol=1e-6)
    with pytest.raises(StoreError, match="frames of 1 utterances not stored"):
        means.frames("T0", ["utt1"])
    run(tmp_path / "nothing.zarr", manifest=MANIFEST.head(0), segments=nothing, frame_utterances=[])
    empty = FeatureStore(tmp_path / "nothing.zarr")
    assert empty.header.mean_utterances == () and write_digest(empty.path, tmp_path / "digest.json")


@pytest.mark.parametrize("frames", [[], FRAMES, list(SAMPLES)])
def test_the_size_of_a_store_is_known_before(tmp_path: Path, frames: list[str]) -> None:
    layers = ["T0", "T1"]
    said = store_bytes(Blocks(), MANIFEST, SEGMENTS.head(0), frames, layers=layers, dtype="float32")
    run(tmp_path / "a.zarr", segments=SEGMENTS.head(0), frame_utterances=frames, layers=layers)
    store = FeatureStore(tmp_path / "a.zarr")
    arrays = [store.frames(layer)[0] for layer in layers]
    arrays += [store.utterance_means(layer, list(SAMPLES)) for layer in layers]
    assert said == sum(array.nbytes for array in arrays)
