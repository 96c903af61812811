"""What every target shares: the request it answers, the two views of a layer, and how they are scored."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layerwise.cca.crossval import score_parts
from layerwise.cca.moments import Index, View
from layerwise.cca.splits import assign_parts
from layerwise.errors import AnalysisError
from layerwise.features.source import FeatureSource
from layerwise.options.protocol import Protocol
from layerwise.options.scoring import ScoringOptions
from layerwise.options.section import Section

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
    """How two views are scored.

    ``options`` are those of all analyses (the section `cca` of a config), ``own`` those that only this one
    has, or None. ``permute`` is that of the analysis; ``seed`` that of this analysis and sample set.
    """

    protocol: Protocol
    permute: bool
    options: ScoringOptions
    seed: int
    own: Section | None = None


def score_pwcca(views: ViewPair, scoring: Scoring) -> pd.DataFrame:
    """Cross-validate PWCCA: one row per trial, the columns of ``cross_validate``."""
    return score_parts(
        views.x,
        views.y,
        views.part,
        scoring.options,
        units=views.units,
        permute=scoring.permute,
        mode=scoring.protocol,
        seed=scoring.seed,
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
    ``own`` are the options that only this analysis has; ``seed`` is that of this analysis and sample set.
    """

    name: str
    source: FeatureSource
    sample: pd.DataFrame
    protocol: Protocol
    options: ScoringOptions
    seed: int
    own: Section | None = None
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
        return rows["utt_id" if self.options.split_by == "utterance" else "speaker"].to_numpy(str)

    def deal(self, units: NDArray[Any], labels: NDArray[Any] | None = None) -> Index:
        """Return the part of each row: ``corrected`` keeps units whole, ``paper`` deals single rows."""
        groups = units if self.protocol == "corrected" else None
        return assign_parts(
            len(units), groups=groups, labels=labels, parts=self.options.parts, seed=self.seed
        )

    def deal_rows(self, labels: NDArray[Any]) -> Index:
        """Return the part of each row, single rows being dealt, stratified by label, in both protocols."""
        return assign_parts(len(labels), labels=labels, parts=self.options.parts, seed=self.seed)

    def deal_types(self, labels: NDArray[Any]) -> Index:
        """Return the part of each row, all rows of a label in one part."""
        return assign_parts(len(labels), groups=labels, parts=self.options.parts, seed=self.seed)


@dataclass(frozen=True)
class Analysis:
    """The code of an analysis; what config, planning and report need to know of it is in its spec.

    ``prepare`` makes the target ready for one model and sample set. ``permute``: the floor permutes targets
    within parts (labels); else it shifts them in a circle (frames). ``score`` scores two views. ``own`` are
    the options that only this analysis has, the same class as in its spec.
    """

    prepare: Callable[[Request], PreparedTarget]
    permute: bool
    score: Callable[[ViewPair, Scoring], pd.DataFrame] = score_pwcca
    own: type[Section] | None = None


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
