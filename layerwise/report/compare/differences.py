"""Differences of scores between runs, paired over units where these agree, and said where they do not."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm, spearmanr
from scipy.stats import t as student

from layerwise.cca.paired import CONFIDENCE, Difference, holm, unit_difference
from layerwise.report.compare.runs import ComparedRun, Series, Side
from layerwise.report.curves import curve_of, peak_of
from layerwise.report.run_tables import of

PAIRED, PARTLY, NOT = "paired", "partly paired", "not paired"
SIDES = ["series", "run_a", "model_a", "run_b", "model_b"]
DIFFERENCE = ["difference", "low", "high", "p", "p_holm", "n", "shared", "pairing", "reason"]
CURVES = ["analysis", *SIDES, "layer", "layer_index", "score_a", "score_b", *DIFFERENCE]
PEAKS = ["analysis", *SIDES, "layer_a", "layer_b", "tie_a", "tie_b", "moved", "spearman", "n_layers"]
SPREAD = ["analysis", "series", "layer", "layer_index", "runs", "mean", "least", "most", "sd", "half_width"]
UNDECIDED = ("too little data", "contradiction")
FEWEST = 3  # layers of a rank correlation, and runs of a spread
STANDARD = float(norm.ppf(0.5 + CONFIDENCE / 2))


class Compared(NamedTuple):
    """A difference, how many units both sides share, and whether and why (not) it is paired."""

    found: Difference
    shared: int
    pairing: str
    reason: str


class Mean(NamedTuple):
    """A score with the variance of its mean (NaN: unknown) and the units or trials behind it."""

    score: float
    variance: float
    n: int


def same_units(a: ComparedRun, b: ComparedRun) -> str:
    """Return why units of one name are not the same in two runs; empty where they are."""
    shared = a.seconds.index.intersection(b.seconds.index)
    if shared.empty:
        return "the corpora have no utterance in common"
    if not np.allclose(a.seconds[shared], b.seconds[shared], rtol=0, atol=1e-6):
        return "utterances of one name differ in length"
    return ""


def curve_differences(series: Sequence[Series]) -> pd.DataFrame:
    """Return the scores of each layer that the first side and another have, and their difference (b - a).

    One row per analysis, series, pair and layer (`CURVES`). Contributions of units to the errors are
    subtracted unit by unit where the runs have units of the same utterances (pairing ``paired``; ``partly
    paired`` where some units are in one of them only, which count as they are); elsewhere variances are added
    and t has the fewer degrees of freedom. p_holm is corrected over the rows of
    a pair of runs and an analysis.
    """
    rows = []
    for entry in series:
        first = entry.sides[0]
        for other in entry.sides[1:]:
            apart = same_units(first.run, other.run)
            left, right = (of(side.run.tables.layer_summary, model=side.model) for side in (first, other))
            both = left.merge(right, on=["analysis", "layer"], suffixes=("_a", "_b"))
            for row in both.to_dict("records"):
                made = _compare(first, other, row, apart)
                rows.append(
                    (
                        *(row["analysis"], *_names(entry, first, other), row["layer"], row["layer_index_a"]),
                        *(row["score_a"], row["score_b"]),
                        *(*made.found[:4], np.nan, made.found.n, *made[1:]),
                    )
                )
    table = pd.DataFrame(rows, columns=CURVES)
    table["p_holm"] = table.groupby(["analysis", "run_a", "run_b"])["p"].transform(holm)
    order = ["analysis", "series", "layer_index", "layer"]
    return table.sort_values(order, kind="stable", ignore_index=True)


def _names(entry: Series, first: Side, other: Side) -> tuple[str, ...]:
    return (entry.name, first.run.label, first.model, other.run.label, other.model)


def _compare(first: Side, other: Side, row: Mapping[Hashable, Any], apart: str) -> Compared:
    keys = [(str(row["analysis"]), side.model, str(row["layer"])) for side in (first, other)]
    a, b = (side.run.errors.get(key) for side, key in zip((first, other), keys, strict=True))
    means = [_mean(row, end) for end in ("_a", "_b")]
    if apart or a is None or b is None:
        sides = zip((first, other), (a, b), strict=True)
        lacking = dict.fromkeys(side.run.label for side, found in sides if found is None)
        why = apart or f"no units of {' and '.join(lacking)}"
        return Compared(independent(*means), 0, NOT, why)
    units = a.index.union(b.index)
    shared = len(a.index.intersection(b.index))
    if not shared:
        return Compared(independent(*means), 0, NOT, "no unit has the same name in both")
    together = b.reindex(units, fill_value=0.0) - a.reindex(units, fill_value=0.0)
    found = unit_difference(means[1].score - means[0].score, together)
    alone = len(units) - shared
    return Compared(found, shared, PARTLY if alone else PAIRED, f"{alone} units in one only" if alone else "")


def _mean(row: Mapping[Hashable, Any], end: str) -> Mean:
    score, low, high = (float(row[f"{name}{end}"]) for name in ("score", "low", "high"))
    n = int(row[f"n_units{end}"]) or int(row[f"n{end}"])
    half = (high - low) / 2
    variance = (half / float(student.ppf(0.5 + CONFIDENCE / 2, n - 1))) ** 2 if n > 1 else np.nan
    return Mean(score, variance, n)


def independent(first: Mean, second: Mean) -> Difference:
    """Return the second mean minus the first, for means that have nothing in common.

    Variances are added; t has the degrees of freedom of the side with fewer units (Welch's test takes a few
    more). n counts the units of both.
    """
    difference, n = second.score - first.score, first.n + second.n
    variance, freedom = first.variance + second.variance, min(first.n, second.n) - 1
    if not np.isfinite(variance) or freedom < 1:
        return Difference(difference, -np.inf, np.inf, np.nan, n)
    error = float(np.sqrt(variance))
    half = float(student.ppf(0.5 + CONFIDENCE / 2, freedom)) * error
    p = float(2 * student.sf(abs(difference) / error, freedom)) if error > 0 else float(difference == 0)
    return Difference(difference, difference - half, difference + half, p, n)


def peak_differences(series: Sequence[Series]) -> pd.DataFrame:
    """Return the best layers of each curve in two runs, and how alike the curves are (`PEAKS`).

    ``moved`` is ``yes`` where the tie sets have no layer in common, ``no`` where they have, ``unknown`` where
    one run cannot name its best layer. ``spearman`` is the rank correlation of the curves over the block
    layers of both, NaN for fewer than three.
    """
    rows = []
    for entry in series:
        first = entry.sides[0]
        for other in entry.sides[1:]:
            names = sorted(set(first.run.tables.analyses) & set(other.run.tables.analyses))
            for analysis in names:
                peaks = [peak_of(side.run.tables.peaks, side.model, analysis) for side in (first, other)]
                if peaks[0] is None or peaks[1] is None:
                    continue
                ties = [str(peak["tie"]) for peak in peaks if peak is not None]
                moved = "no" if set(ties[0].split(" ")) & set(ties[1].split(" ")) else "yes"
                if any(peak is not None and peak["shape"] in UNDECIDED for peak in peaks):
                    moved = "unknown"
                curves = [
                    curve_of(side.run.tables.layer_summary, side.model, analysis)["score"]
                    for side in (first, other)
                ]
                both = pd.concat(curves, axis=1, join="inner").to_numpy(dtype=float)
                layers = str(peaks[0]["layer"]), str(peaks[1]["layer"])
                rank = _rank_correlation(both)
                rows.append((analysis, *_names(entry, first, other), *layers, *ties, moved, rank, len(both)))
    table = pd.DataFrame(rows, columns=PEAKS)
    return table.sort_values(["analysis", "series"], kind="stable", ignore_index=True)


def _rank_correlation(both: NDArray[np.float64]) -> float:
    if len(both) < FEWEST or (np.ptp(both, axis=0) == 0).any():
        return float("nan")
    return float(spearmanr(both[:, 0], both[:, 1]).statistic)


def spread(series: Sequence[Series]) -> pd.DataFrame:
    """Return how scores scatter over three runs or more (`SPREAD`), not over checkpoints.

    ``sd`` is their standard deviation, ``half_width`` the mean of half their 95 % intervals: intervals that
    tell all that runs may differ in have an sd of about half that.
    """
    rows = []
    for entry in series:
        if entry.sides[0].step is not None:  # a course, not a scatter
            continue
        parts = [
            of(side.run.tables.layer_summary, model=side.model).assign(place=place)
            for place, side in enumerate(entry.sides)
        ]
        table = pd.concat(parts)
        for (analysis, layer), group in table.groupby(["analysis", "layer"], sort=True):
            if len(group) < max(FEWEST, len(entry.sides)):
                continue
            scores = group["score"].astype(float)
            half = float(((group["high"] - group["low"]) / 2).astype(float).mean())
            numbers = (scores.mean(), scores.min(), scores.max(), scores.std(ddof=1), half)
            rows.append((analysis, entry.name, layer, group["layer_index"].iloc[0], len(group), *numbers))
    table = pd.DataFrame(rows, columns=SPREAD)
    return table.sort_values(["analysis", "series", "layer_index"], kind="stable", ignore_index=True)
