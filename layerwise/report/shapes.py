"""The shape of a curve over block layers, as a word that its numbers allow."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd

from layerwise.cca.paired import Difference, holm
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
    """The block layers of a model in one analysis, upwards.

    ``sign`` is -1 where the lowest is sought; a difference within ``smallest`` is not worth naming.
    """

    evidence: Evidence
    analysis: str
    model: str
    layers: tuple[str, ...]
    sign: int
    smallest: float

    @property
    def best(self) -> str:
        """The layer with the best mean score (ties: the lower)."""
        scores = [self.sign * self.evidence.mean(self.analysis, (self.model, layer)) for layer in self.layers]
        return self.layers[int(np.argmax(scores))]

    def above(self, layer: str, others: tuple[str, ...]) -> dict[str, bool]:
        """Whether a layer beats each of others: paired, 5 %, Holm over them, and by more than a trifle."""
        found = [self._difference(layer, other) for other in others]
        clear = self._clear(found)
        return {
            other: bool(sure and self.sign * entry.difference > 0)
            for other, entry, sure in zip(others, found, clear, strict=True)
        }

    def ties(self) -> tuple[str, ...]:
        """The tie set: the best layer and those that it does not beat."""
        best = self.best
        beaten = self.above(best, tuple(layer for layer in self.layers if layer != best))
        return tuple(layer for layer in self.layers if not beaten.get(layer, False))

    def _difference(self, first: str, second: str) -> Difference:
        return self.evidence.contrast(self.analysis, {(self.model, first): 1.0, (self.model, second): -1.0})

    def _clear(self, found: list[Difference]) -> list[bool]:
        """Whether differences leave out 0, for all that are tested, and are not negligible."""
        sure = holm([entry.p for entry in found]) < LEVEL
        return [
            bool(known) and not (-self.smallest < entry.low and entry.high < self.smallest)
            for known, entry in zip(sure, found, strict=True)
        ]

    def enough(self) -> bool:
        """Whether there are layers and units, or trials, for a word on the shape."""
        if len(self.layers) < FEWEST_LAYERS:
            return False
        return self._difference(self.layers[0], self.layers[-1]).n >= FEWEST_UNITS

    def shape(self) -> str:
        """One of `contracts.run_tables.SHAPES`.

        too little data: fewer than three layers, or than five units (or trials). contradiction: each layer is
        beaten by the best one of some sample set. flat: all layers tie. U:
        both ends beat a layer between them. rises, falls: the last, or the first, layer is in the tie set,
        the other end is not, and no step in between goes clearly the other way. peak: the tie set is one
        layer; plateau: it is a run of neighbours; tie: it is not.

        Words go by the height of the scores, whichever end is better.
        """
        if not self.enough():
            return "too little data"
        if self.contradicts():
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

    def contradicts(self) -> bool:
        """Whether the sample sets, each by itself, have no layer in common that may be the best."""
        shared = set(self.layers)
        for sample in self.evidence.samples:
            part = replace(self, evidence=self.evidence.of_sample(sample))
            shared &= set(part.ties())
        return not shared

    def _turns(self) -> bool:
        """Whether the scores are clearly higher at both ends than at one and the same layer between them."""
        high = replace(self, sign=1)
        inner = self.layers[1:-1]
        left = high.above(self.layers[0], self.layers[1:])
        right = high.above(self.layers[-1], self.layers[:-1])
        return any(left[layer] and right[layer] for layer in inner)

    def _steps_back(self, direction: int) -> bool:
        """Whether some step from a layer to the next is clearly for the worse, going up (1) or down (-1)."""
        order = self.layers[::direction]
        steps = [self._difference(b, a) for a, b in pairwise(order)]
        return any(
            clear and self.sign * step.difference < 0
            for step, clear in zip(steps, self._clear(steps), strict=True)
        )


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
            curve = Curve(evidence, name, str(model), layers, turn(analysis), facts.smallest_effect)
            best, ties = curve.best, curve.ties()
            score = evidence.mean(name, (curve.model, best))
            draws = evidence.best_draws(name, curve.model, layers, analysis.sign)
            p = np.nan
            if not analysis.own_reference:
                p = chance_p(score, draws, higher_is_better=analysis.higher_is_better)
            index = float(order.set_index("layer")["layer_index"][best])
            shape = curve.shape()
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
