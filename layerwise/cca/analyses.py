"""The layer-wise analyses by name, and how one is run over all layers of a model."""

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from layerwise.cca.crossval import Epsilons, score_parts
from layerwise.cca.moments import Index, View
from layerwise.cca.results import SCORE_COLUMNS, layer_index
from layerwise.cca.splits import assign_parts, rare_classes
from layerwise.cca.targets import Grid, Protocol, one_hot, pair_frames
from layerwise.errors import AnalysisError
from layerwise.features.source import FeatureSource, SegmentKind
from layerwise.seeds import derive_seed

logger = logging.getLogger(__name__)

LOGMEL_LAYER = "T0"


@dataclass(frozen=True)
class Analysis:
    """What each layer is compared with.

    Either frames with frames (of ``target``: log-mel, the model's T0 or its last conv layer), or pooled
    segments (``kind``) with their labels.
    """

    description: str
    target: Literal["logmel", "T0", "last conv", "label"]
    kind: SegmentKind | None = None

    @property
    def needs_logmel(self) -> bool:
        """Whether ``run_analysis`` needs the log-mel store."""
        return self.target == "logmel"


ANALYSES: dict[str, Analysis] = {
    "cca-intra": Analysis("similarity to the input of the transformer (T0)", "T0"),
    "cca-intra-conv": Analysis("similarity to the output of the conv layers", "last conv"),
    "cca-mel": Analysis("similarity to log-mel filterbanks", "logmel"),
    "cca-phone": Analysis("phone identity", "label", "phone"),
    "cca-word": Analysis("word identity", "label", "word"),
}


class _Problem(NamedTuple):
    """Two views of the same rows, what is resampled as a whole, and the part of each row."""

    x: View
    y: View
    units: NDArray[Any]
    part: Index


def run_analysis(
    name: str,
    source: FeatureSource,
    sample: pd.DataFrame,
    sample_number: int = 0,
    *,
    logmel: FeatureSource | None = None,
    protocol: Protocol = "corrected",
    split_by: Literal["utterance", "speaker"] = "utterance",
    seed: int = 0,
    parts: int = 10,
    trials: int = 3,
    epsilons: Epsilons | None = None,
    bootstrap: int = 1000,
    threads: int = 1,
) -> pd.DataFrame:
    """Score every layer of a model in one analysis and one sample set.

    ``name`` is a key of ANALYSES; ``sample`` is samples/{sample_number}.parquet (kind, utt_id, speaker,
    label, segment); ``logmel`` is the store of the log-mel baseline. Returns the columns SCORE_COLUMNS, one
    row per layer and trial, from the lowest layer upwards.

    ``corrected`` keeps utterances (or speakers) whole and pairs frames by their centres; ``paper`` shuffles
    single frames, stratifies segments by label, and scores with mode="paper". In both, intervals resample
    utterances (or speakers). The same seed gives all layers and models the same parts as far as their rows
    agree. Layers with another stride than the target of cca-intra or cca-intra-conv are not part of
    the analysis. View x is the layer and y the target, except in these two, where y is the layer: with
    equal dimensions the weights are then the layer's, as published. Classes too rare to be in training,
    dev and test parts, and frames without a partner, are left out and logged.

    ``threads`` layers are scored at a time, each with single-threaded BLAS, so that the numbers do not depend
    on it. Raises AnalysisError naming model, layer and cause.
    """
    if name not in ANALYSES:
        raise AnalysisError(f"unknown analysis {name!r}; known: {', '.join(ANALYSES)}")
    analysis = ANALYSES[name]
    if analysis.needs_logmel and logmel is None:
        raise AnalysisError(f"{name} needs the log-mel store: add the model `logmel`")
    rows = sample[sample["kind"] == (analysis.kind or "utterance")]
    if rows.empty:
        raise AnalysisError(f"{name}: sample {sample_number} has no {analysis.kind or 'utterance'} rows")
    splitter = _Splitter(protocol, parts, derive_seed(seed, name, sample_number))
    problems = (
        _Frames(name, source, logmel or source, rows, split_by, splitter)
        if analysis.kind is None
        else _Segments(name, source, rows, split_by, splitter)
    )

    def score(layer: str) -> pd.DataFrame:
        try:
            problem = problems.problem(layer)
            scores = score_parts(
                problem.x,
                problem.y,
                problem.part,
                resample=problem.units,
                permute=analysis.kind is not None,
                trials=trials,
                epsilons=epsilons,
                mode=protocol,
                seed=splitter.seed,
                bootstrap=bootstrap,
                floor=True,
            )
        except AnalysisError as error:
            where = f"{source.model}, layer {layer}, {name}, sample {sample_number}"
            raise AnalysisError(f"{where}: {error}") from error
        return scores.assign(
            model=source.model,
            layer=layer,
            layer_index=layer_index(layer, source.layers),
            analysis=name,
            sample=sample_number,
        )

    layers = sorted(problems.layers, key=lambda layer: layer_index(layer, source.layers))
    with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
        tables = list(pool.map(score, layers))
    return pd.concat(tables, ignore_index=True)[list(SCORE_COLUMNS)]


class _Splitter(NamedTuple):
    """How rows are dealt to parts: by the protocol's rule."""

    protocol: Protocol
    parts: int
    seed: int

    def part(self, units: NDArray[Any], labels: NDArray[Any] | None = None) -> Index:
        groups = units if self.protocol == "corrected" else None
        return assign_parts(len(units), groups=groups, labels=labels, parts=self.parts, seed=self.seed)


class _Segments:
    """Pooled segments of each layer with their labels."""

    def __init__(
        self, name: str, source: FeatureSource, rows: pd.DataFrame, split_by: str, splitter: _Splitter
    ) -> None:
        self.source, self.kind, self.layers = source, ANALYSES[name].kind, source.layers
        unit_column = "utt_id" if split_by == "utterance" else "speaker"
        rare = rare_classes(
            rows["label"].to_numpy(str),
            rows[unit_column].to_numpy(str) if splitter.protocol == "corrected" else None,
        )
        kept = rows[~rows["label"].isin(rare)]
        if rare:
            logger.warning(
                "%s: %d of %d classes (%d of %d segments) left out, too rare to train and test: %s",
                name,
                len(rare),
                rows["label"].nunique(),
                len(rows) - len(kept),
                len(rows),
                ", ".join(rare),
            )
        if kept["label"].nunique() < 2:
            raise AnalysisError(f"{name}: fewer than two classes are frequent enough: use more data")
        labels = kept["label"].to_numpy(str)
        self.rows = kept["segment"].to_numpy(np.int64)
        self.units = kept[unit_column].to_numpy(str)
        self.target = one_hot(labels)[0]
        self.part = splitter.part(self.units, labels)

    def problem(self, layer: str) -> _Problem:
        assert self.kind is not None
        return _Problem(self.source.segments(self.kind, layer, self.rows), self.target, self.units, self.part)


class _Frames:
    """Frames of each layer with those of the target."""

    def __init__(
        self,
        name: str,
        source: FeatureSource,
        logmel: FeatureSource,
        rows: pd.DataFrame,
        split_by: str,
        splitter: _Splitter,
    ) -> None:
        self.name, self.source, self.splitter = name, source, splitter
        self.utterances = rows["utt_id"].tolist()
        self.units = rows["utt_id" if split_by == "utterance" else "speaker"].to_numpy(str)
        self.layers = list(source.layers)
        self.layer_first = ANALYSES[name].needs_logmel
        store, layer = source, "T0"
        if ANALYSES[name].needs_logmel:
            store, layer = logmel, LOGMEL_LAYER
        elif ANALYSES[name].target == "last conv":
            conv = [layer for layer in source.layers if layer.startswith("C")]
            if not conv:
                raise AnalysisError(f"{source.model} has no conv layers: leave {name} out for it")
            layer = max(conv, key=lambda layer: layer_index(layer, source.layers))
        if not self.layer_first:
            self.layers = [other for other in source.layers if source.stride(other) == source.stride(layer)]
        self.target, self.target_grid = self._read(store, layer)

    def _read(self, store: FeatureSource, layer: str) -> tuple[View, Grid]:
        frames, offsets = store.frames(layer, self.utterances)
        return frames, Grid(offsets, store.stride(layer), store.first_centre(layer))

    def problem(self, layer: str) -> _Problem:
        frames, grid = self._read(self.source, layer)
        pairs = pair_frames(grid, self.target_grid, self.splitter.protocol)
        if pairs.dropped:
            logger.info(
                "%s, layer %s: %d of %d frames have no partner and are left out",
                self.name,
                layer,
                pairs.dropped,
                len(frames),
            )
        layer_view, target = frames[pairs.layer], self.target[pairs.target]
        x, y = (layer_view, target) if self.layer_first else (target, layer_view)
        units = self.units[pairs.utterance]
        return _Problem(x, y, units, self.splitter.part(units))
