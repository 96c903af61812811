"""Differences between models, with intervals: what the report may claim and what it may not."""

from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student

from layerwise.contracts.run_tables import columns
from layerwise.report.curves import block_layers, curve_of, last_block, peak_layer
from layerwise.report.facts import RunFacts


def resampled_interval(
    differences: NDArray[np.float64], test_train: float, level: float = 0.95
) -> tuple[float, float, float]:
    """Mean and confidence limits of paired differences over sample sets and trials.

    Trials share training data, so the plain t interval is too narrow. The variance of the mean is
    (1/n + n_test/n_train) s^2 (Nadeau and Bengio 2003, "Inference for the generalization error").
    A single difference has no interval: the limits are infinite.
    """
    n = len(differences)
    mean = float(np.mean(differences))
    if n < 2:
        return mean, float("-inf"), float("inf")
    spread = float(np.std(differences, ddof=1)) * float(np.sqrt(1 / n + test_train))
    half = float(student.ppf(0.5 + level / 2, n - 1)) * spread
    return mean, mean - half, mean + half


def control_contrasts(scores: pd.DataFrame, summary: pd.DataFrame, facts: RunFacts) -> pd.DataFrame:
    """Peak of each trained model minus the peak of each of its controls, per content analysis.

    Controls are the model's random twin (at the twin's own best layer) and the baselines. Differences are
    paired by sample set and trial. An analysis in which each model is its own reference has no control.
    """
    rows = []
    for analysis in map(facts.analysis, sorted(set(scores["analysis"]))):
        if analysis.own_reference:
            continue
        for model in facts.of_kind("trained"):
            layer = peak_layer(summary, model.name, analysis)
            twin = facts.twin(model.name)
            for control in ([twin] if twin else []) + list(facts.of_kind("baseline")):
                other = peak_layer(summary, control.name, analysis)
                if layer is None or other is None:
                    continue
                values, ratio = _paired(scores, analysis.name, (model.name, layer), (control.name, other))
                if len(values):
                    interval = resampled_interval(values, ratio)
                    names = (model.name, analysis.name, layer, control.name, other)
                    rows.append((*names, *interval, len(values)))
    return pd.DataFrame(rows, columns=columns("control_contrasts"))


def curve_contrasts(scores: pd.DataFrame, facts: RunFacts) -> pd.DataFrame:
    """Layer-by-layer difference in the shape of two models' curves, for pairs of different objectives.

    Only self-supervised models with the same block layers are compared. Each sample and trial gives one
    curve per model, centred by its mean over layers, so that only shape counts (without the reference
    layer of cca-intra, which scores 1 by definition); the differences of the centred curves are paired
    by sample and trial. The limits hold for all layers of a pair at once (Bonferroni): the shapes differ
    where an interval leaves out 0.
    """
    rows = []
    references = {name: facts.analysis(name).reference for name in set(scores["analysis"])}
    compared = scores[scores["layer"] != scores["analysis"].map(references)]
    wide = {
        key: block_layers(group).pivot(index=["sample", "trial"], columns="layer_index", values="score")
        for key, group in compared.groupby(["analysis", "model"], sort=True)
    }
    own = [model for model in facts.of_kind("trained") if model.supervision == "self-supervised"]
    names = scores.drop_duplicates("layer_index").set_index("layer_index")["layer"]
    for analysis in sorted(set(scores["analysis"])):
        ratio = _test_train(scores[scores["analysis"] == analysis])
        for a, b in combinations(own, 2):
            first, second = wide.get((analysis, a.name)), wide.get((analysis, b.name))
            if a.objective == b.objective or first is None or second is None:
                continue
            if len(first.columns) < 2 or not first.columns.equals(second.columns):
                continue
            shapes = [curve.sub(curve.mean(axis=1), axis=0) for curve in (first, second)]
            difference = (shapes[0] - shapes[1]).dropna()
            if difference.empty:
                continue
            level = 1 - 0.05 / difference.shape[1]
            for index in difference.columns:
                values = difference[index].to_numpy(dtype=float)
                interval = resampled_interval(values, ratio, level)
                rows.append((a.name, b.name, analysis, names[index], *interval, len(values)))
    return pd.DataFrame(rows, columns=columns("curve_contrasts"))


def last_block_contrasts(scores: pd.DataFrame, summary: pd.DataFrame, facts: RunFacts) -> pd.DataFrame:
    """Last block minus each block layer of the same model, itself included, paired by sample and trial.

    Only for analyses in which each model is its own reference: there it says whether a curve that falls
    rises again.
    """
    rows = []
    for analysis in sorted(set(scores["analysis"])):
        if not facts.analysis(analysis).own_reference:
            continue
        for model in facts.in_order(scores.loc[scores["analysis"] == analysis, "model"]):
            curve = curve_of(summary, model.name, analysis)
            if curve.empty:
                continue
            last = last_block(curve)
            for layer in map(str, curve.index):
                values, ratio = _paired(scores, analysis, (model.name, last), (model.name, layer))
                interval = resampled_interval(values, ratio)
                rows.append((model.name, analysis, last, layer, *interval, len(values)))
    return pd.DataFrame(rows, columns=columns("last_block_contrasts"))


def _paired(
    scores: pd.DataFrame, analysis: str, first: tuple[str, str], second: tuple[str, str]
) -> tuple[NDArray[np.float64], float]:
    part = scores[scores["analysis"] == analysis]
    curves = []
    for model, layer in (first, second):
        rows = part[(part["model"] == model) & (part["layer"] == layer)]
        curves.append(rows.set_index(["sample", "trial"])["score"].astype(float))
    difference = (curves[0] - curves[1]).dropna().sort_index()
    return np.asarray(difference, dtype=np.float64), _test_train(part)


def _test_train(scores: pd.DataFrame) -> float:
    return float((scores["n_test"].astype(float) / scores["n_train"].astype(float)).mean())
