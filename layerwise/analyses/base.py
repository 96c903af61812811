"""What every target shares: the request it answers, the two views of a layer, and how they are scored."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layerwise.cca.crossval import Epsilons, score_parts
from layerwise.cca.moments import Index, View
from layerwise.cca.splits import assign_parts
from layerwise.errors import AnalysisError
from layerwise.features.source import FeatureSource
from layerwise.options.scoring import ScoringOptions

Protocol = Literal["corrected", "paper"]
SplitBy = Literal["utterance", "speaker"]
Unit = Literal["utterance", "phone", "word"]


class ViewPair(NamedTuple):
    """Two views of the same rows, what is resampled as a whole, and the part of each row.

    x is (n, dx); y is (n, dy), or the labels (n,) of each row for mutual information; units and part are
    (n,). ``name_row`` says what a row is (an utterance and frame, a segment), for messages.
    """

    x: View
    y: View
    units: NDArray[Any]
    part: Index
    name_row: Callable[[int], str]


@dataclass(frozen=True)
class Scoring:
    """How two views are scored: see ``run_analysis``. ``permute`` is that of the analysis."""

    protocol: Protocol
    permute: bool
    trials: int
    epsilons: Epsilons | None
    seed: int
    bootstrap: int
    clusters: int = 0
    cluster_seeds: int = 1
    similarities: bool = False
    device: str = "cpu"


def score_pwcca(views: ViewPair, scoring: Scoring) -> pd.DataFrame:
    """Cross-validate PWCCA: one row per trial, the columns of ``cross_validate``."""
    return score_parts(
        views.x,
        views.y,
        views.part,
        ScoringOptions.model_construct(
            trials=scoring.trials,
            bootstrap=scoring.bootstrap,
            similarities=scoring.similarities,
            device=scoring.device,
        ),
        units=views.units,
        permute=scoring.permute,
        mode=scoring.protocol,
        seed=scoring.seed,
        pairs=scoring.epsilons,
    )


class PreparedTarget(ABC):
    """A target made ready for one model and sample set: its ``layers``, and the views of each of them."""

    layers: tuple[str, ...]

    @abstractmethod
    def views(self, layer: str) -> ViewPair:
        """Return the views of one layer. Raises AnalysisError where they cannot be made."""


@dataclass(frozen=True)
class Request:
    """One analysis of one model in one sample set.

    ``sample`` is samples/{n}.parquet; ``speakers`` maps every utterance of the manifest to its speaker;
    ``logmel`` is the store of the log-mel baseline; ``vectors`` has a row for each label (``read_vectors``);
    ``seed`` is that of this analysis and sample set.
    """

    name: str
    source: FeatureSource
    sample: pd.DataFrame
    protocol: Protocol
    split_by: SplitBy
    parts: int
    seed: int
    logmel: FeatureSource | None = None
    speakers: Mapping[str, str] = field(default_factory=dict)
    vectors: pd.DataFrame | None = None

    def rows(self, kind: Unit) -> pd.DataFrame:
        """Return the sampled rows of one kind. Raises AnalysisError if there are none."""
        rows = self.sample[self.sample["kind"] == kind]
        if rows.empty:
            raise AnalysisError(f"{self.name}: the sample has no {kind} rows")
        return rows

    def units(self, rows: pd.DataFrame) -> NDArray[Any]:
        """Return what is kept whole and resampled as a whole: the utterance or speaker of each row."""
        return rows["utt_id" if self.split_by == "utterance" else "speaker"].to_numpy(str)

    def deal(self, units: NDArray[Any], labels: NDArray[Any] | None = None) -> Index:
        """Return the part of each row: ``corrected`` keeps units whole, ``paper`` deals single rows."""
        groups = units if self.protocol == "corrected" else None
        return assign_parts(len(units), groups=groups, labels=labels, parts=self.parts, seed=self.seed)

    def deal_rows(self, labels: NDArray[Any]) -> Index:
        """Return the part of each row, single rows being dealt, stratified by label, in both protocols."""
        return assign_parts(len(labels), labels=labels, parts=self.parts, seed=self.seed)

    def deal_types(self, labels: NDArray[Any]) -> Index:
        """Return the part of each row, all rows of a label in one part."""
        return assign_parts(len(labels), groups=labels, parts=self.parts, seed=self.seed)


@dataclass(frozen=True)
class Analysis:
    """A target and how it is told. Everything that the workflow and the report need to know of it is here.

    ``title`` stands in figures (``short (what)``), ``method`` in the report's text on methods. ``unit`` is
    what is compared: utterances (or their frames), phones or words. ``permute``: the floor permutes targets
    within parts (labels); else it shifts them in a circle (frames). ``score`` scores two views, and
    ``measure`` names the score. ``clustered``: it needs the number of clusters for its unit. ``needs_logmel``
    and ``needs_speakers``: what ``run_analysis`` must be given. ``of_logmel``: the log-mel baseline takes
    part. ``reference``: the layer that is compared with itself and scores 1. ``own_reference``: each model is
    its own reference, so scores of models are not compared.
    """

    title: str
    method: str
    prepare: Callable[[Request], PreparedTarget]
    unit: Unit
    permute: bool
    score: Callable[[ViewPair, Scoring], pd.DataFrame] = score_pwcca
    measure: str = "PWCCA score"
    clustered: bool = False
    needs_logmel: bool = False
    needs_speakers: bool = False
    of_logmel: bool = True
    own_reference: bool = False
    reference: str | None = None


def row_namer(rows: pd.DataFrame) -> Callable[[int], str]:
    """Return what names row i of pooled segments: label, segment and utterance."""

    def name(row: int) -> str:
        token = rows.iloc[row]
        return f"{token['kind']} {token['label']!r}, segment {token['segment']} in {token['utt_id']}"

    return name


def frame_namer(utterances: list[str], offsets: Index, frames: Index) -> Callable[[int], str]:
    """Return what names row i of frames: its utterance and its number there."""

    def name(row: int) -> str:
        frame = int(frames[row])
        place = int(np.searchsorted(offsets, frame, side="right")) - 1
        return f"frame {frame - int(offsets[place])} of {utterances[place]}"

    return name
