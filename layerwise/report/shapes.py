"""The shape of a curve over block layers, as a word that its numbers allow."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from layerwise.cca.paired import holm
from layerwise.cca.summary import chance_p
from layerwise.contracts.run_tables import columns
from layerwise.report.curves import block_layers, turn
from layerwise.report.evidence import Evidence
from layerwise.report.facts import RunFacts

LEVEL = 0.05
FEWEST_UNITS = 5  # below that, t has quantiles so large that a tie says nothing
FEWEST_LAYERS = 3


@dataclass(frozen=True)
class Curve:
    """The block layers of a model in one analysis, upwards; ``sign`` is -1 where the lowest is sought."""

    evidence: Evidence
    analysis: str
    model: str
    layers: tuple[str, ...]
    sign: int

    @property
    def best(self) -> str:
        """The layer with the best mean score (ties: the lower)."""
        scores = [self.sign * self.evidence.mean(self.analysis, (self.model, layer)) for layer in self.layers]
        return self.layers[int(np.argmax(scores))]

    def above(self, layer: str, others: tuple[str, ...], by: float = 0.0) -> dict[str, bool]:
        """Whether a layer beats each of others by more than ``by``: paired, 5 %, Holm over them."""
        found = [
            self.evidence.contrast(self.analysis, {(self.model, layer): 1.0, (self.model, other): -1.0})
            for other in others
        ]
        sure = holm([entry.p for entry in found]) < LEVEL
        return {
            other: bool(clear and self.sign * entry.difference > by)
            for other, entry, clear in zip(others, found, sure, strict=True)
        }

    def ties(self, by: float = 0.0) -> tuple[str, ...]:
        """The tie set: the best layer and those that it does not beat by more than ``by``."""
        best = self.best
        beaten = self.above(best, tuple(layer for layer in self.layers if layer != best), by)
        return tuple(layer for layer in self.layers if not beaten.get(layer, False))

    def enough(self) -> bool:
        """Whether there are layers and units, or trials, for a word on the shape."""
        if len(self.layers) < FEWEST_LAYERS:
            return False
        step = {(self.model, self.layers[0]): 1.0, (self.model, self.layers[-1]): -1.0}
        return self.evidence.contrast(self.analysis, step).n >= FEWEST_UNITS

    def shape(self, smallest: float = 0.0) -> str:
        """One of `contracts.run_tables.SHAPES`; ``smallest`` is the smallest difference worth naming.

        too little data: fewer than three layers, or than five units (or trials). contradiction: each layer is
        beaten, by a difference worth naming, by the best one of some sample set. flat: all layers tie. U:
        both ends beat a layer between them. rises, falls: the last, or the first, layer is in the tie set,
        the other end is not, and no step in between goes clearly the other way. peak: the tie set is one
        layer; plateau: it is a run of neighbours; tie: it is not.

        Words go by the height of the scores, whichever end is better.
        """
        if not self.enough():
            return "too little data"
        if self.contradicts(smallest):
            return "contradiction"
        ties = self.ties()
        if len(ties) == len(self.layers):
            return "flat"
        if self._turns():
            return "U"
        first, last = self.layers[0] in ties, self.layers[-1] in ties
        if first != last and not self._steps_back(1 if last else -1):
            return "rises" if last == (self.sign > 0) else "falls"
        places = [self.layers.index(layer) for layer in ties]
        if len(ties) == 1:
            return "peak"
        return "plateau" if places[-1] - places[0] + 1 == len(places) else "tie"

    def contradicts(self, smallest: float) -> bool:
        """Whether the sample sets, each by itself, have no layer in common that may be the best."""
        shared = set(self.layers)
        for sample in self.evidence.samples:
            part = Curve(self.evidence.of_sample(sample), self.analysis, self.model, self.layers, self.sign)
            shared &= set(part.ties(smallest))
        return not shared

    def _turns(self) -> bool:
        """Whether the scores are clearly higher at both ends than at one and the same layer between them."""
        high = Curve(self.evidence, self.analysis, self.model, self.layers, 1)
        inner = self.layers[1:-1]
        left = high.above(self.layers[0], self.layers[1:])
        right = high.above(self.layers[-1], self.layers[:-1])
        return any(left[layer] and right[layer] for layer in inner)

    def _steps_back(self, direction: int) -> bool:
        """Whether some step from a layer to the next is clearly for the worse, going up (1) or down (-1)."""
        order = self.layers[::direction]
        steps = [
            self.evidence.contrast(self.analysis, {(self.model, b): 1.0, (self.model, a): -1.0})
            for a, b in pairwise(order)
        ]
        clear = holm([step.p for step in steps]) < LEVEL
        return any(sure and self.sign * step.difference < 0 for step, sure in zip(steps, clear, strict=True))


def peaks(evidence: Evidence, facts: RunFacts) -> pd.DataFrame:
    """The best block layer of each curve, its tie set and the curve's shape (`contracts.run_tables`).

    Where each model is its own reference, the lowest layer is sought. p is the share of permutations whose
    best score over layers is at least as good as the peak; it is empty where the lowest layer is sought.
    """
    rows = []
    for name in sorted(set(evidence.scores["analysis"])):
        analysis = facts.analysis(name)
        part = evidence.scores[evidence.scores["analysis"] == name]
        for model in sorted(set(part["model"])):
            mine = block_layers(part[part["model"] == model])
            order = mine.drop_duplicates("layer").sort_values("layer_index")
            if order.empty:
                continue
            layers = tuple(map(str, order["layer"]))
            curve = Curve(evidence, name, str(model), layers, turn(analysis))
            best, ties = curve.best, curve.ties()
            score = evidence.mean(name, (curve.model, best))
            draws = evidence.best_draws(name, curve.model, layers, analysis.sign)
            p = np.nan
            if not analysis.own_reference:
                p = chance_p(score, draws, higher_is_better=analysis.higher_is_better)
            index = float(order.set_index("layer")["layer_index"][best])
            shape = curve.shape(facts.smallest_effect)
            rows.append(
                (
                    model,
                    name,
                    best,
                    index,
                    score,
                    p,
                    np.nan,
                    " ".join(ties),
                    len(ties),
                    len(layers),
                    shape,
                )
            )
    table = pd.DataFrame(rows, columns=columns("peaks"))
    return table.assign(p_holm=holm(table["p"].to_numpy(dtype=float)))
