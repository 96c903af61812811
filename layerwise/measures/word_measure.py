"""The measure `word-map`: how well word tokens of a layer find their like."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layerwise.errors import InfeasibleError
from layerwise.measures.base import Measure, Measured, MeasureRequest, over_layers
from layerwise.measures.estimates import Estimate, drawn_units, grouped, jackknife
from layerwise.measures.layer_frames import LayerFrames, by_layers
from layerwise.measures.retrieval import retrieve
from layerwise.measures.tokens import pool_tokens
from layerwise.options.word_map import WordMapOptions

# Groups of units that the jackknife leaves out in turn: fewer cost less, more need not be better.
MOST_GROUPS = 40


def measure_words(request: MeasureRequest) -> Measured:
    """Measure word MAP by both definitions, and whether the nearest neighbour is the word or the speaker."""
    own = request.own if isinstance(request.own, WordMapOptions) else WordMapOptions()
    table = request.tokens("word") if own.tokens == "frames" else request.segments("word")
    counts = table["label"].value_counts()
    lone = int((counts == 1).sum())
    if lone == len(counts):
        raise InfeasibleError(f"{request.name}: none of {lone} words is said twice: use more data")
    left_out = [(f"{lone} words", "said once: there is nothing to find")] if lone else []
    table = table[table["label"].map(counts) > 1].reset_index(drop=True)
    labels, speakers = table["label"].to_numpy(str), table["speaker"].to_numpy(str)
    groups = grouped(drawn_units(table["utt_id"].to_numpy(str), speakers), MOST_GROUPS, request.seed)
    lost: dict[str, int] = {}

    def of_layer(layer: str) -> Iterator[dict[str, Any]]:
        means, kept = _means(request, own, layer, table, lost)
        found = retrieve(means, labels[kept], speakers=speakers[kept], groups=groups[kept])
        values = {
            "equation3": found.equation3,
            "tool": found.tool,
            "word-neighbour": found.word,
            "speaker-neighbour": found.speaker,
        }
        for variant, each in values.items():
            yield {"variant": variant, **_estimate(each)._asdict(), "n": found.tokens}

    values = over_layers(request, of_layer)
    left_out += by_layers(request.source.layers, lost, "words", "no frame stands in them")
    return Measured(values, left_out)


def _means(
    request: MeasureRequest,
    own: WordMapOptions,
    layer: str,
    table: pd.DataFrame,
    lost: dict[str, int],
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    if own.tokens == "stored":
        rows = table["segment"].to_numpy(np.int64)
        return request.source.segments("word", layer, rows), np.arange(len(rows))
    pooled = pool_tokens(LayerFrames(request.source, layer), table, 1 / request.source.stride(layer))
    lost[layer] = len(table) - len(pooled.kept)
    return pooled.means, pooled.kept


def _estimate(values: NDArray[np.float64]) -> Estimate:
    without = values[1:]
    return jackknife(float(values[0]), without[np.isfinite(without)])


WORD_MAP = Measure(measure_words, own=WordMapOptions)
