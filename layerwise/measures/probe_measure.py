"""The measure `probes`: what linear probes find of phones and words in a layer, in closed form."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layerwise.cca.moments import Index
from layerwise.cca.splits import assign_parts, rare_classes
from layerwise.cca.views import OneHot
from layerwise.errors import AnalysisError, InfeasibleError
from layerwise.measures.base import Measure, Measured, MeasureRequest, over_layers
from layerwise.measures.estimates import Estimate, drawn_units
from layerwise.measures.probes import compression, nearest_mean_accuracy, ridge_r2
from layerwise.options.probes import ProbesOptions, ProbeTarget


class Segments(NamedTuple):
    """Segments of a kind: their rows in the store, labels, parts, utterances, and units of intervals."""

    rows: Index
    labels: NDArray[np.str_]
    part: Index
    utterances: NDArray[np.str_]
    drawn: NDArray[np.str_]


def measure_probes(request: MeasureRequest) -> Measured:
    """Probe the sampled segments of each layer for their labels; utterances are kept whole."""
    own = request.own if isinstance(request.own, ProbesOptions) else ProbesOptions()
    found: dict[ProbeTarget, Segments] = {}
    left_out: list[tuple[str, str]] = []
    reasons = []
    for target in own.targets:
        try:
            found[target] = _segments(request, target, own.parts, left_out)
        except InfeasibleError as error:
            reasons.append(str(error).removeprefix(f"{request.name}: "))
    if not found:
        raise InfeasibleError(f"{request.name}: {'; '.join(reasons)}")
    left_out += [("a target", reason) for reason in reasons]

    def of_layer(layer: str) -> Iterator[dict[str, Any]]:
        for target, (rows, labels, part, utterances, drawn) in found.items():
            x = request.source.segments(target, layer, rows)
            values = {
                "accuracy": nearest_mean_accuracy(x, labels, part, drawn),
                "r2": ridge_r2(x, OneHot(labels), part, drawn, request.seed),
                "compression": Estimate(compression(x, labels, utterances, request.seed), np.nan, np.nan),
            }
            for probe, value in values.items():
                yield {"variant": f"{target}-{probe}", **value._asdict(), "n": len(labels)}

    return Measured(over_layers(request, of_layer), left_out)


def _segments(
    request: MeasureRequest, target: ProbeTarget, parts: int, left_out: list[tuple[str, str]]
) -> Segments:
    table = request.segments(target)
    rare = set(rare_classes(table["label"].to_numpy(str), table["utt_id"].to_numpy(str)))
    kept: pd.DataFrame = table[~table["label"].isin(rare)]
    if kept["label"].nunique() < 2:
        raise InfeasibleError(
            f"{request.name}: fewer than two {target}s are in three utterances: use more data"
        )
    if rare:
        left_out.append(
            (
                f"{len(rare)} {target}s, {len(table) - len(kept)} segments",
                "in fewer than three utterances, too rare to train and test",
            )
        )
    labels, utterances = kept["label"].to_numpy(str), kept["utt_id"].to_numpy(str)
    try:
        part = assign_parts(len(kept), groups=utterances, labels=labels, parts=parts, seed=request.seed)
    except AnalysisError as error:
        raise InfeasibleError(f"{request.name}: {target}s: {error}") from error
    drawn = drawn_units(utterances, kept["speaker"].to_numpy(str))
    return Segments(kept["segment"].to_numpy(np.int64), labels, part, utterances, drawn)


PROBES = Measure(measure_probes, own=ProbesOptions)
