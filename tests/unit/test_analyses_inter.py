"""Every layer of one model against every layer of another."""

from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fakes import FakeSource

from layerwise.analyses.inter import run_inter
from layerwise.contracts.scores import INTER
from layerwise.errors import AnalysisError
from layerwise.options.inter import InterOptions
from layerwise.options.scoring import ScoringOptions

UTTERANCES = [f"u{number:02d}" for number in range(12)]
SAMPLE = pd.DataFrame({"kind": "utterance", "utt_id": UTTERANCES, "speaker": "s"})
OWN = InterOptions(utterances=12)
OPTIONS: dict[str, Any] = {
    "own": OWN,
    "options": ScoringOptions(parts=4, trials=2, epsilons=(1e-4,)),
    "seed": 2,
}


def source(model, shares, stride=Fraction(1, 50), frames=24, seed=0):
    """Layers that hold a share of one common signal at 10 ms, and noise."""
    rng = np.random.default_rng(seed)
    common = np.random.default_rng(9).standard_normal((len(UTTERANCES), 48, 5))[:, :: 48 // frames]
    features = {
        layer: {
            utt: (share * common[i] + (1 - share) * rng.standard_normal(common[i].shape)).astype(np.float32)
            for i, utt in enumerate(UTTERANCES)
        }
        for layer, share in shares.items()
    }
    return FakeSource(features, model=model, stride=stride)


def matrix(table):
    return table.pivot(index="layer_a", columns="layer_b", values="score")


def test_every_pair_of_block_layers_is_scored():
    a = source("a", {"C1": 0.5, "T0": 1.0, "T1": 0.0})
    b = source("b", {"T0": 0.0, "T1": 0.6, "T2": 1.0}, seed=1)
    table = run_inter(a, b, SAMPLE, **OPTIONS)
    assert tuple(table.columns) == INTER.required and len(table) == 2 * 3
    scores = matrix(table)
    assert scores.loc["T0", "T2"] == pytest.approx(1, abs=1e-3)
    assert 0.5 < scores.loc["T0", "T1"] < 0.99
    assert (scores["T0"].abs() < 0.15).all() and (scores.loc["T1"].abs() < 0.15).all()
    assert table.null.isna().all() and (table.low <= table.high).all()
    assert table.equals(run_inter(a, b, SAMPLE, **OPTIONS, threads=2))
    assert set(
        run_inter(a, b, SAMPLE, **{**OPTIONS, "own": InterOptions(utterances=12, layers="all")}).layer_a
    ) == {"C1", "T0", "T1"}


def test_frames_of_multiple_strides_are_paired_in_either_order():
    slow, fast = source("slow", {"T0": 1.0}), source("fast", {"T0": 1.0}, Fraction(1, 100), frames=48, seed=3)
    for first, second in ((slow, fast), (fast, slow)):
        table = run_inter(first, second, SAMPLE, **OPTIONS)
        assert table.score[0] == pytest.approx(1, abs=1e-3)
        assert table.n_train[0] + table.n_dev[0] + table.n_test[0] == 12 * 24


def test_frames_of_any_strides_are_paired_in_time():
    a, b = source("a", {"T0": 1.0}), source("b", {"T0": 1.0}, Fraction(3, 100), frames=16)
    table = run_inter(a, b, SAMPLE, **OPTIONS)
    assert table.n_train[0] + table.n_dev[0] + table.n_test[0] == 12 * 16


def test_utterances_are_a_seeded_subset():
    a, b = source("a", {"T0": 1.0}), source("b", {"T0": 1.0}, seed=1)
    table = run_inter(a, b, SAMPLE, **{**OPTIONS, "own": InterOptions(utterances=5)})
    assert table.n_train[0] + table.n_dev[0] + table.n_test[0] == 5 * 24


def test_errors_name_both_models_and_layers():
    a = source("a", {"T0": 1.0})
    b = source("b", {"T0": 1.0, "T1": 1.0})
    b.features["T1"]["u05"][3] = np.nan
    message = r"a, layer T0, and b, layer T1, cca-inter: row \d+ of y holds NaN.*that is frame 3 of u05"
    with pytest.raises(AnalysisError, match=message):
        run_inter(a, b, SAMPLE, **OPTIONS)
