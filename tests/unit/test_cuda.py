"""On a CUDA GPU: what the CPU says, and the same bytes each time (other tests have `device: auto`)."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from task_corpora import task, toy_corpus, train
from tiny_models import CONFIGS, WAVEFORMS, assert_close, noise, save

from layerwise.cca import cross_validate
from layerwise.features.digest import write_digest
from layerwise.features.extract import extract
from layerwise.models import load_model

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU here")

LONG = [waveform for waveform in WAVEFORMS if len(waveform) > 1000]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    return cache(lambda name: save(name, tmp_path_factory.mktemp(name)))


@pytest.mark.parametrize("name", CONFIGS)
def test_layers_are_those_of_the_cpu(name: str, saved: Callable[[str], str]) -> None:
    here, there = (load_model(saved(name), device=device).encode(LONG) for device in ("cpu", "cuda"))
    for number, (ours, theirs) in enumerate(zip(there, here, strict=True)):
        for layer, values in theirs.items():
            assert_close(ours[layer], torch.from_numpy(values), f"{name} {number} {layer}")


def test_an_extraction_writes_the_same_bytes_twice(saved: Callable[[str], str], tmp_path: Path) -> None:
    audio = {str(number): noise(seconds, number) for number, seconds in enumerate((0.4, 3.0, 1.1, 2.2, 0.7))}
    manifest = pd.DataFrame(
        {"utt_id": list(audio), "audio_path": list(audio), "samples": [len(each) for each in audio.values()]}
    ).assign(sample_rate=16_000)
    segments = pd.DataFrame(
        [("phone", name, start, start + 0.1) for name in audio for start in (0.0, 0.15)],
        columns=["kind", "utt_id", "start", "end"],
    )
    digests = []
    for number in range(2):
        model, store = load_model(saved("wav2vec2-base"), device="cuda"), tmp_path / f"{number}.zarr"
        extract(
            *(model, manifest, segments, list(audio), store),
            name="tiny",
            dtype="float32",
            batch_seconds=4,
            read=audio.__getitem__,
        )
        digests.append(write_digest(store, tmp_path / f"{number}.txt"))
    assert digests[0] == digests[1]


def test_scores_are_those_of_the_cpu() -> None:
    rng = np.random.default_rng(0)
    y = rng.standard_normal((600, 8))
    x = y @ rng.standard_normal((8, 40)) + rng.standard_normal((600, 40))
    here, there = (
        cross_validate(x, y, groups=np.arange(600) // 5, permutations=19, device=device)
        for device in ("cpu", "cuda")
    )
    pd.testing.assert_frame_equal(here, there, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("known", "entry"),
    [("pr", {}), ("asr", {}), ("classification", {"label": "first"})],
    ids=lambda v: str(v),
)
def test_training_learns_as_on_the_cpu_and_gives_the_same_bytes_twice(known: str, entry: dict) -> None:
    source, manifest, intervals = toy_corpus()
    results = [
        train(source, manifest, intervals, task(known, 5, **entry), epochs=6, bootstrap=50, device=device)
        for device in ("cpu", "cuda", "cuda")
    ]
    first, again = ({name: table.to_csv() for name, table in vars(result).items()} for result in results[1:])
    assert first == again
    here, there = (
        result.scores.query("split == 'test'").set_index(["layer", "metric"]) for result in results[:2]
    )
    assert (here["value"] - there["value"]).abs().max() < 0.1
