"""Analyses and measures of a layer side by side, and whether they rank layers alike."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layerwise.contracts.run_tables import columns
from layerwise.layers import is_normed, layer_index
from layerwise.report.curves import block_layers
from layerwise.report.evidence import Evidence
from layerwise.report.facts import RunFacts
from layerwise.report.ranking import correlations, undefined
from layerwise.report.run_tables import of
from layerwise.seeds import derive_seed
from layerwise.tasks.ranks import centred_ranks, percentiles, ranks_correlation

DRAWS = 500
NORMAL = 1.959963985  # limits of 95 % in standard errors

Floats = NDArray[np.float64]


def side_by_side(summary: pd.DataFrame, measures: pd.DataFrame, facts: RunFacts) -> pd.DataFrame:
    """Return a row for each layer of each model: the score of each analysis, the value of each variant.

    A column is named as the analysis, or ``measure:variant``; both in the order of the config.
    """
    scores = summary[["model", "layer", "analysis", "score"]].rename(
        columns={"analysis": "what", "score": "value"}
    )
    values = measures.assign(what=measures["measure"] + ":" + measures["variant"])[
        ["model", "layer", "what", "value"]
    ]
    parts = [part for part in (scores, values) if len(part)]
    if not parts:
        return pd.DataFrame(columns=columns("side_by_side"))
    wide = pd.concat(parts).pivot(index=["model", "layer"], columns="what", values="value").reset_index()
    named = [analysis.name for analysis in facts.analyses]
    named += [f"{measure.name}:{each.name}" for measure in facts.measures for each in measure.variants]
    order = {model.name: place for place, model in enumerate(facts.models)}
    wide = wide.assign(
        place=wide["model"].map(order), index=[layer_index(str(layer)) for layer in wide["layer"]]
    ).sort_values(["place", "index", "layer"], kind="stable", ignore_index=True)
    return wide[["model", "layer", *(name for name in named if name in wide)]].rename_axis(columns=None)


@dataclass(frozen=True)
class Curve:
    """The curve of one model: signed values (layers,) upwards, and draws (draws, layers) or None."""

    name: str
    variant: str
    layers: list[str]
    values: Floats = field(repr=False)
    drawn: Floats | None = field(repr=False)
    ranked: dict[tuple[str, ...], Floats] = field(default_factory=dict, repr=False)  # those made before

    def on(self, layers: Sequence[str]) -> Floats:
        """Return the values of some layers."""
        return self.values[[self.layers.index(layer) for layer in layers]]

    def ranks(self, layers: tuple[str, ...]) -> Floats:
        """Return centred ranks of some layers in each draw, or in the values where there are no draws."""
        if layers not in self.ranked:
            places = [self.layers.index(layer) for layer in layers]
            self.ranked[layers] = centred_ranks(
                (self.values if self.drawn is None else self.drawn)[..., places]
            )
        return self.ranked[layers]


def measure_agreement(
    evidence: Evidence, summary: pd.DataFrame, measures: pd.DataFrame, facts: RunFacts
) -> pd.DataFrame:
    """Rank correlation over block layers of each two analyses or variants of measures, by model.

    Values are signed so that a positive correlation means agreement; ``TL+ln`` and the reference layer of an
    analysis are left out. The interval counts what is not known of either side: scores of analyses are
    resampled over their units, values of measures drawn from the normal distribution that has their interval.
    Errors of layers of a measure are drawn independently, which makes the interval wide; it is widened to
    hold the correlation itself. It is empty where neither side has an interval. Pairs with fewer than 3
    shared layers or a constant curve have no row.
    """
    rows = []
    for model in facts.models:
        curves = [
            *_analysis_curves(evidence, summary, model.name, facts),
            *_measure_curves(measures, model.name, facts),
        ]
        for first, second in combinations(curves, 2):
            shared = [layer for layer in first.layers if layer in second.layers]
            a, b = first.on(shared), second.on(shared)
            if undefined(a, b):
                continue
            rho, tau = correlations(a, b)
            low = high = np.nan
            if first.drawn is not None or second.drawn is not None:
                ranks = (curve.ranks(tuple(shared)) for curve in (first, second))
                low, high = percentiles(ranks_correlation(*ranks))
                low, high = min(low, rho), max(high, rho)
            names = (first.name, first.variant, second.name, second.variant)
            rows.append((model.name, *names, rho, tau, low, high, len(shared)))
    return pd.DataFrame(rows, columns=columns("measure_agreement"))


def _analysis_curves(
    evidence: Evidence, summary: pd.DataFrame, model: str, facts: RunFacts
) -> Iterator[Curve]:
    for analysis in facts.analyses:
        mine = _curve(of(summary, model=model, analysis=analysis.name))
        mine = mine[mine["layer"] != analysis.reference]
        layers = [str(layer) for layer in mine["layer"]]
        if not layers:
            continue
        seed = derive_seed(facts.seed, "yardsticks", model, analysis.name)
        drawn = evidence.resampled(analysis.name, [(model, layer) for layer in layers], seed, DRAWS)
        if drawn is None:
            drawn = _normal(mine, "score", seed)
        values = mine["score"].to_numpy(dtype=np.float64)
        signed = None if drawn is None else analysis.sign * drawn
        yield Curve(analysis.name, "", layers, analysis.sign * values, signed)


def _measure_curves(measures: pd.DataFrame, model: str, facts: RunFacts) -> Iterator[Curve]:
    for measure in facts.measures:
        for variant in measure.variants:
            mine = _curve(of(measures, model=model, measure=measure.name, variant=variant.name))
            if mine.empty:
                continue
            seed = derive_seed(facts.seed, "yardsticks", model, measure.name, variant.name)
            drawn = _normal(mine, "value", seed)
            values = mine["value"].to_numpy(dtype=np.float64)
            signed = None if drawn is None else variant.sign * drawn
            layers = [str(layer) for layer in mine["layer"]]
            yield Curve(measure.name, variant.name, layers, variant.sign * values, signed)


def _curve(rows: pd.DataFrame) -> pd.DataFrame:
    """Block layers upwards, without ``TL+ln``."""
    blocks = block_layers(rows)
    blocks = blocks[np.array([not is_normed(str(layer)) for layer in blocks["layer"]], dtype=bool)]
    return blocks.sort_values("layer", key=lambda names: names.map(layer_index), kind="stable")


def _normal(curve: pd.DataFrame, column: str, seed: int) -> Floats | None:
    """Draw values (draws, layers) from their intervals; None where no layer has one."""
    values = curve[column].to_numpy(dtype=np.float64)
    half = (curve["high"] - curve["low"]).to_numpy(dtype=np.float64) / 2
    errors = np.where(np.isfinite(half), half, 0.0) / NORMAL
    if not errors.any():
        return None
    return values + errors * np.random.default_rng(seed).standard_normal((DRAWS, len(values)))
