"""Two models against each other: every layer of one with every layer of the other (Pasad et al. 2021)."""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from layerwise.analyses.base import Scoring, ViewPair, frame_namer, score_pwcca
from layerwise.analyses.engine import named_row
from layerwise.analyses.frames import FrameTimes, open_frames, pair_frames
from layerwise.cca.moments import RowsOf
from layerwise.cca.splits import assign_partitions
from layerwise.contracts.scores import INTER
from layerwise.errors import AnalysisError
from layerwise.features.source import FeatureSource
from layerwise.layers import is_block, layer_index
from layerwise.options.inter import InterOptions
from layerwise.options.protocol import Protocol
from layerwise.options.scoring import ScoringOptions
from layerwise.seeds import derive_seed

logger = logging.getLogger(__name__)

DEFAULTS = ScoringOptions()

NAME = "cca-inter"


def run_inter(
    a: FeatureSource,
    b: FeatureSource,
    sample: pd.DataFrame,
    *,
    own: InterOptions,
    options: ScoringOptions = DEFAULTS,
    protocol: Protocol = "corrected",
    seed: int = 0,
    threads: int = 1,
) -> pd.DataFrame:
    """Score every layer of model ``a`` against every layer of model ``b`` on frames.

    There are layers times layers problems, so they are kept small by ``own``: at most so many of the sample's
    utterances, drawn with ``seed``, few trials (which replace those of ``options``), and block layers only
    (T0 to TL, TL+ln) unless its ``layers`` is ``all``. Frames are paired by their centres (``pair_frames``),
    the layer with the larger stride first. View x is the layer of ``a`` and y that of ``b``, so that with
    equal dimensions the weights are b's. Nothing is permuted.

    Returns the columns of `contracts.scores.INTER`, one row per pair of layers and trial. Raises
    AnalysisError naming both models and layers.
    """
    rows = sample[sample["kind"] == "utterance"]
    order = np.random.default_rng(derive_seed(seed, NAME, "utterances")).permutation(len(rows))
    rows = rows.iloc[np.sort(order[: own.utterances])]
    utt_ids = rows["utt_id"].tolist()
    units = rows["utt_id" if options.split_by == "utterance" else "speaker"].to_numpy(str)
    # Both models see the same parts: the seed does not depend on their names.
    few = {"trials": own.trials, "similarities": False, "permutations": 0, "partitions": 1}
    options = options.model_copy(update=few)
    scoring = Scoring(protocol, False, options, derive_seed(seed, NAME), tested=own.trials)
    chosen = [_chosen(source, own.layers) for source in (a, b)]
    frames = [
        {layer: open_frames(source, layer, utt_ids) for layer in names}
        for source, names in zip((a, b), chosen, strict=True)
    ]

    def score(pair: tuple[str, str]) -> pd.DataFrame:
        layer_a, layer_b = pair
        where = f"{a.model}, layer {layer_a}, and {b.model}, layer {layer_b}, {NAME}"
        pair_views = None
        try:
            pair_views = _views(frames[0][layer_a], frames[1][layer_b], utt_ids, units, scoring)
            scores = score_pwcca(pair_views, scoring).trials
        except AnalysisError as error:
            raise AnalysisError(f"{where}: {error}{named_row(error, pair_views)}") from error
        return scores.assign(
            model_a=a.model,
            layer_a=layer_a,
            layer_index_a=layer_index(layer_a, a.layers),
            model_b=b.model,
            layer_b=layer_b,
            layer_index_b=layer_index(layer_b, b.layers),
            analysis=NAME,
        )

    with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
        tables = list(pool.map(score, product(*chosen)))
    return pd.concat(tables, ignore_index=True)[list(INTER.required)]


def _chosen(source: FeatureSource, layers: str) -> Sequence[str]:
    names = [layer for layer in source.layers if layers == "all" or is_block(layer)]
    return sorted(names, key=lambda layer: layer_index(layer, source.layers))


def _views(
    a: tuple[RowsOf, FrameTimes],
    b: tuple[RowsOf, FrameTimes],
    utt_ids: list[str],
    units: NDArray[np.str_],
    scoring: Scoring,
) -> ViewPair:
    (frames_a, grid_a), (frames_b, grid_b) = a, b
    if grid_a.stride >= grid_b.stride:
        pairs = pair_frames(grid_a, grid_b, scoring.protocol)
        rows_a, rows_b = pairs.layer, pairs.target
    else:
        pairs = pair_frames(grid_b, grid_a, scoring.protocol)
        rows_a, rows_b = pairs.target, pairs.layer
    groups = units[pairs.utterance]
    part = assign_partitions(
        len(groups),
        groups=groups if scoring.protocol == "corrected" else None,
        parts=scoring.options.parts,
        seed=scoring.seed,
    )
    name_row = frame_namer(utt_ids, grid_a.offsets, rows_a)
    x = RowsOf(frames_a.view, frames_a.rows[rows_a])
    y = RowsOf(frames_b.view, frames_b.rows[rows_b])
    return ViewPair(x, y, groups, part, name_row, within=pairs.utterance)
