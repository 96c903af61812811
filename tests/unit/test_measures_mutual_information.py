"""Mutual information of clusters and labels: against scikit-learn, planted clusters and random features."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import entropy
from sklearn.metrics import mutual_info_score

from layerwise.analyses.base import Scoring, ViewPair
from layerwise.errors import AnalysisError
from layerwise.measures.mutual_information import normalised_information, score_clusters
from layerwise.options.mutual_information import MutualInformationOptions
from layerwise.options.scoring import ScoringOptions

OWN = MutualInformationOptions(phone_clusters=8, seeds=2)
SCORING = Scoring("corrected", True, ScoringOptions(trials=2), seed=4, own=OWN)


def scoring(options=(), own=()):
    return replace(
        SCORING,
        options=SCORING.options.model_copy(update=dict(options)),
        own=OWN.model_copy(update=dict(own)),
    )


def scored(views, scoring):
    return score_clusters(views, scoring, unit="phone")


def problem(x, labels, utterances=40):
    units = np.arange(len(x)) % utterances
    return ViewPair(x, np.array(labels), units, units % 10, lambda row: f"row {row}")


def planted(spread, n=400, classes=4, seed=0):
    """``classes`` clouds; a spread of 0 is a point for each class."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, n)
    x = 10 * np.eye(classes, 6)[labels] + spread * rng.standard_normal((n, 6))
    return x.astype(np.float16), np.array(list("ABCD"))[labels]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=60))
def test_information_is_that_of_scikit_learn_over_the_entropy_of_the_labels(pairs):
    clusters, labels = np.array(pairs).T
    uncertainty = entropy(np.bincount(labels))
    expected = mutual_info_score(labels, clusters) / uncertainty if uncertainty > 0 else 0.0
    assert normalised_information(clusters, labels) == pytest.approx(expected, abs=1e-12)


def test_planted_clusters_determine_the_labels():
    table = scored(problem(*planted(0.1)), SCORING)
    assert list(table.trial) == [0, 1]
    assert (table.score > 0.999).all() and (table.null < 0.2).all()
    assert (table.n_train == 320).all() and (table.n_dev == 0).all() and (table.n_test == 80).all()
    assert (table.dim_y == 8).all() and table.epsilon_x.isna().all()


def test_random_features_score_their_null():
    x, labels = planted(0.1)
    x = np.random.default_rng(1).standard_normal(x.shape)
    table = scored(problem(x, labels), scoring(options={"trials": 5}, own={"seeds": 3}))
    assert table.null.mean() > 0.05  # the plug-in estimate is biased: 0 is not what chance scores
    assert table.score.mean() == pytest.approx(table.null.mean(), abs=0.04)


def test_interval_covers_other_draws_of_utterances():
    scores = [scored(problem(*planted(5.0, seed=seed)), SCORING) for seed in range(12)]
    table = scores[0]
    assert ((table.low < table.score) & (table.score < table.high)).all()
    spread = np.std([table.score[0] for table in scores])
    width = (table.high - table.low).mean()
    assert 2 * spread < width < 8 * spread


def test_scores_are_repeatable_and_depend_on_the_seed():
    data = problem(*planted(5.0))
    table = scored(data, SCORING)
    assert table.equals(scored(data, SCORING))
    assert not table.score.equals(scored(data, replace(SCORING, seed=5)).score)
    assert scored(data, scoring(own={"bootstrap": 0})).low.isna().all()


def test_impossible_requests_are_named():
    x, labels = planted(1.0)
    with pytest.raises(AnalysisError, match=r"321 clusters .* there are 320: lower .*`mutual_information`"):
        scored(problem(x, labels), scoring(own={"phone_clusters": 321}))
    x[7, 1] = np.nan
    with pytest.raises(AnalysisError, match="row 7 of x holds NaN"):
        scored(problem(x, labels), SCORING)
