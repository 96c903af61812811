"""Toy corpora for tasks: features in memory where one layer shows the phone, and tasks on them."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from fakes import FakeSource

from layerwise.options.training import TrainingOptions
from layerwise.tasks import run

PHONES = ("AA", "B", "S")
SPLIT_SIZES = {"train": 24, "dev": 8, "test": 8}


def toy_corpus(informative="T1", layers=("T0", "T1", "T2"), dim: int = 6, seed: int = 0, sizes=SPLIT_SIZES):
    """Phones of 3 frames with gaps of 1 frame; one layer shows which phone it is, the others are noise."""
    random = np.random.default_rng(seed)
    manifest, intervals = [], []
    features: dict[str, Any] = {layer: {} for layer in ("C1", *layers)}
    for split, size in sizes.items():
        for number in range(size):
            utt_id = f"{split}{number:02}"
            labels = random.integers(len(PHONES), size=random.integers(2, 7))
            frames = 4 * len(labels) + 1
            text = "".join("abs"[label] for label in labels)
            manifest.append(
                (utt_id, split, f"speaker{number % 3}", PHONES[labels[0]], f"{text[:2]} {text[2:]}", text)
            )
            for layer in features:
                features[layer][utt_id] = random.normal(size=(frames, dim)).astype(np.float32)
            for position, label in enumerate(labels):
                start = 4 * position + 1
                features[informative][utt_id][start : start + 3, label] += 8
                times = start * 0.02, (start + 3) * 0.02
                intervals.append((utt_id, "phone", *times, PHONES[label], position // 2))
    return (
        FakeSource(features),
        pd.DataFrame(manifest, columns=["utt_id", "split", "speaker", "first", "text", "letters"]),
        pd.DataFrame(intervals, columns=["utt_id", "tier", "start", "end", "label", "word_index"]),
    )


def task(known: str, batch_size: int, protocol="corrected", **entry):
    """A known task with smaller batches."""
    found = run.known_task(known, protocol, **entry)
    return replace(found, recipe=replace(found.recipe, batch_size=batch_size))


def train(*corpus_and_task, **settings):
    """``train_task`` with the fields of its options as keywords."""
    source, manifest, intervals, chosen = corpus_and_task
    fields = {name: settings.pop(name) for name in list(settings) if name in TrainingOptions.model_fields}
    options = TrainingOptions(**{"device": "cpu", **fields})
    return run.train_task(
        source, manifest, chosen, intervals=intervals, options=options, **{"seed": 1, **settings}
    )
