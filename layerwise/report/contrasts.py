"""Differences between models, with intervals: what the report may claim and what it may not."""

from collections.abc import Sequence
from itertools import combinations

import pandas as pd

from layerwise.cca.paired import Difference, holm
from layerwise.contracts.run_tables import columns
from layerwise.layers import is_normed
from layerwise.report.curves import block_layers, peak_of
from layerwise.report.evidence import Evidence
from layerwise.report.facts import ModelFacts, RunFacts

Row = tuple[object, ...]


def control_contrasts(evidence: Evidence, peaks: pd.DataFrame, facts: RunFacts) -> pd.DataFrame:
    """Peak of each trained model minus the peak of each of its controls, per content analysis.

    Controls are the model's random twin (at the twin's own best layer) and the baselines. Differences are
    paired over units. An analysis in which each model is its own reference has no control.
    """
    rows: list[tuple[Row, Difference]] = []
    for analysis in map(facts.analysis, sorted(set(evidence.scores["analysis"]))):
        if analysis.own_reference:
            continue
        for model in facts.of_kind("trained"):
            best = peak_of(peaks, model.name, analysis.name)
            twin = facts.twin(model.name)
            for control in ([twin] if twin else []) + list(facts.of_kind("baseline")):
                other = peak_of(peaks, control.name, analysis.name)
                if best is None or other is None:
                    continue
                layers = str(best["layer"]), str(other["layer"])
                weights = {(model.name, layers[0]): 1.0, (control.name, layers[1]): -1.0}
                found = evidence.contrast(analysis.name, weights)
                rows.append(((model.name, analysis.name, layers[0], control.name, layers[1]), found))
    return _table("control_contrasts", rows)


def curve_contrasts(evidence: Evidence, facts: RunFacts) -> pd.DataFrame:
    """How far two models of different objectives are above their random twins, and the difference, by layer.

    Two architectures differ without any training; what training adds is a layer's score minus that of the
    same layer of the model's random twin. Compared are self-supervised models (or recipes: means over their
    pre-training seeds) that have twins, at the block layers that all have; paired over units. The reference
    layer of an analysis, the same by definition, is left out.
    """
    rows: list[tuple[Row, Difference, Row]] = []
    recipes = facts.recipes()
    for name in sorted(set(evidence.scores["analysis"])):
        reference = facts.analysis(name).reference
        part = block_layers(evidence.scores[evidence.scores["analysis"] == name])
        order = part[part["layer"] != reference].drop_duplicates("layer").sort_values("layer_index")
        for (a, first), (b, second) in combinations(recipes.items(), 2):
            if first[0].objective == second[0].objective:
                continue
            for layer in map(str, order["layer"]):
                sides = [_above_twins(evidence, facts, name, layer, side) for side in (first, second)]
                if not (sides[0] and sides[1]):
                    continue
                weights = {**_weights(sides[0], 1.0), **_weights(sides[1], -1.0)}
                seeds = [
                    [sum(sign * evidence.mean(name, key) for key, sign in seed.items()) for seed in side]
                    for side in sides
                ]
                found = evidence.contrast(name, weights, seeds)
                rows.append(((a, b, name, layer), found, (len(sides[0]), len(sides[1]))))
    return _table("curve_contrasts", rows)


def _above_twins(
    evidence: Evidence, facts: RunFacts, analysis: str, layer: str, models: Sequence[ModelFacts]
) -> list[dict[tuple[str, str], float]]:
    """For each seed that has a twin, the weights of the layer's score minus its twin's."""
    found = []
    for model in models:
        twin = facts.twin(model.name)
        keys = [(entry.name, layer) for entry in (model, twin) if entry]
        if len(keys) == 2 and all(evidence.knows(analysis, key) for key in keys):
            found.append(dict(zip(keys, (1.0, -1.0), strict=True)))
    return found


def _weights(side: Sequence[dict[tuple[str, str], float]], sign: float) -> dict[tuple[str, str], float]:
    """The weights of the mean over seeds."""
    return {key: sign * weight / len(side) for seed in side for key, weight in seed.items()}


def last_block_contrasts(evidence: Evidence, facts: RunFacts) -> pd.DataFrame:
    """Last block minus each block layer of the same model, itself included, paired over units.

    Only for analyses in which each model is its own reference: there it says whether a curve that falls
    rises again.
    """
    rows: list[tuple[Row, Difference]] = []
    for name in sorted(set(evidence.scores["analysis"])):
        if not facts.analysis(name).own_reference:
            continue
        part = block_layers(evidence.scores[evidence.scores["analysis"] == name])
        for model in facts.in_order(part["model"]):
            mine = part[part["model"] == model.name].drop_duplicates("layer").sort_values("layer_index")
            layers = list(map(str, mine["layer"]))
            last = [layer for layer in layers if not is_normed(layer)][-1]
            for layer in layers:
                weights = {(model.name, last): 1.0, (model.name, layer): -1.0}
                # The last block minus itself is one entry of weight 0.
                found = evidence.contrast(name, weights if layer != last else {(model.name, last): 0.0})
                rows.append(((model.name, name, last, layer), found))
    return _table("last_block_contrasts", rows)


def _table(name: str, rows: Sequence[tuple[Row, Difference] | tuple[Row, Difference, Row]]) -> pd.DataFrame:
    """A table of differences; p_holm is corrected for all its rows."""
    corrected = holm([row[1].p for row in rows])
    records = []
    for (key, found, *more), p_holm in zip(rows, corrected, strict=True):
        limits = (found.difference, found.low, found.high, found.p, p_holm, found.n)
        records.append((*key, *limits, *(more[0] if more else ())))
    return pd.DataFrame(records, columns=columns(name))
