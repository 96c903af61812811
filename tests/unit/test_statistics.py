"""P values and intervals on simulated corpora: a small version of benchmarks/calibration.py."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks import calibration
from benchmarks.simulated import World, draw, of_twelve_speakers
from layerwise.options.scoring import ScoringOptions

OPTIONS = ScoringOptions(permutations=19, null_cost=0.1, control=False)
WITHOUT_NULL = ScoringOptions(permutations=0, control=False)
NOTHING = World("labels", "labels", (0.0, 0.0))
THERE = World("labels", "labels", (0.2, 0.4, 0.4))


def values(rows):
    return pd.DataFrame(list(rows), columns=calibration.FIGURES).set_index("what")["value"]


def test_a_corpus_is_drawn_the_same_again_and_has_what_real_ones_have():
    world = of_twelve_speakers(World("frames", "frames", (0.5, 0.5), length=60))
    corpus, again = (draw(world, np.random.default_rng(3)) for _ in range(2))
    assert all((a == b).all() for a, b in zip(corpus.layers, again.layers, strict=True))
    lengths = np.bincount(corpus.utterance)
    assert lengths.max() > 2 * lengths.min()
    assert len(np.unique(corpus.unit)) == 12
    deviations = corpus.layers[0].std(axis=0)
    assert deviations[0] > 1e3 * np.median(deviations)
    inside = corpus.utterance[1:] == corpus.utterance[:-1]
    assert np.corrcoef(corpus.target[:-1, 0][inside], corpus.target[1:, 0][inside])[0, 1] > 0.8


@pytest.mark.parametrize("world", [NOTHING, World("frames", "frames", (0.0, 0.0), length=80)])
def test_chance_is_seldom_called_an_effect(world):
    found = values(calibration.errors(world, 20, OPTIONS))
    assert list(found.index) == ["p of a contrast", "p of a layer", "p of the peak"]
    assert found.le(0.2).all()


def test_an_effect_is_found():
    scores = calibration.score(draw(THERE, np.random.default_rng(0)), OPTIONS, 0)
    last = scores.scored[-1]
    assert (last.null["score"] < last.trials["score"].mean()).all()
    assert scores.contrast(-1, 0, 1)[3] < 0.01
    assert scores.contrast(0, -1, 1)[3] > 0.01


def test_intervals_hold_the_mean_over_corpora():
    found = values(calibration.coverage(THERE, 25, WITHOUT_NULL))
    covered = found[["score", "difference", "difference of differences", "score of a part"]]
    assert covered.between(0.85, 1).all()
    assert 0.8 < found["score: half width / 1.96 deviations"] < 1.6


def test_seeds_of_one_corpus_agree_within_its_interval():
    found = values(calibration.seeds(THERE, 3, WITHOUT_NULL))
    assert found["scores inside the interval"] == 1
    assert found["deviation / half width"] < 0.4


def test_words_that_are_only_phones_vanish_given_phones_and_others_stay():
    found = values(calibration.partial(replace(calibration.WORDS, length=20), 8, OPTIONS))
    assert found["phones only: score"] > 0.3
    assert abs(found["phones only: calibrated, given phones"]) < 0.03
    assert found["phones only"] <= 0.25
    assert found["words too: calibrated, given phones"] > 0.03
