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
from layerwise.cca.scored import Scored
from layerwise.cca.splits import assign_partitions
from layerwise.errors import AnalysisError, InfeasibleError
from layerwise.features.source import FeatureSource
from layerwise.options.analyses import Split
from layerwise.options.protocol import Protocol
from layerwise.options.scoring import ScoringOptions
from layerwise.options.section import Section

Unit = Literal["utterance", "phone", "word"]

# With fewer speakers than this there is no telling how speakers vary.
MANY_SPEAKERS = 10


class ViewPair(NamedTuple):
    """Two views of the same rows, the unit of each row, and its part in each partition.

    x is (n, dx); y is (n, dy), or the labels (n,) of each row for mutual information; ``units`` are (n,):
    what intervals take as drawn from the population; ``part`` is (partitions, n). ``within`` (n,): what the
    null keeps targets within, if not the units; ``speakers`` (n,): who spoke them.
    ``layer``: which view is the layer's. ``name_row`` says what a row is (an utterance and frame, a segment),
    for messages. ``given`` (n, dz) is regressed out of both views; ``control`` (n, dc) are control targets
    (`layerwise.analyses.control`).
    """

    x: View
    y: View
    units: NDArray[Any]
    part: Index
    name_row: Callable[[int], str]
    given: View | None = None
    control: View | None = None
    within: NDArray[Any] | None = None
    speakers: NDArray[Any] | None = None
    layer: Literal["x", "y"] = "x"


@dataclass(frozen=True)
class Scoring:
    """How two views are scored.

    ``options`` are those of all analyses (the section `cca` of a config), ``own`` those that only this one
    has, or None. ``permute`` is that of the analysis; ``seed`` that of this analysis and sample set.
    ``tested`` test parts are scored, None: all.
    """

    protocol: Protocol
    permute: bool
    options: ScoringOptions
    seed: int
    own: Section | None = None
    tested: int | None = None


def score_pwcca(views: ViewPair, scoring: Scoring) -> Scored:
    """Cross-validate PWCCA (``score_parts``)."""
    return score_parts(
        views.x,
        views.y,
        views.part,
        scoring.options,
        units=views.units,
        within=views.within,
        speakers=views.speakers,
        permute=scoring.permute,
        mode=scoring.protocol,
        seed=scoring.seed,
        given=views.given,
        control=views.control,
        layer=views.layer,
        tested=scoring.tested,
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
    ``logmel`` and ``prosody`` are stores of these baselines; ``vectors`` has a row for each label
    (``read_vectors``); ``intervals`` is the alignment; ``own`` are the options that only this analysis has;
    ``given`` is what is regressed out, by name; ``split`` is what parts keep whole; ``seed`` is that of this
    analysis, without what is given, and sample set.
    """

    name: str
    source: FeatureSource
    sample: pd.DataFrame
    protocol: Protocol
    options: ScoringOptions
    seed: int
    own: Section | None = None
    logmel: FeatureSource | None = None
    prosody: FeatureSource | None = None
    speakers: Mapping[str, str] = field(default_factory=dict)
    vectors: pd.DataFrame | None = None
    intervals: pd.DataFrame | None = None
    given: "Mapping[str, Given]" = field(default_factory=dict)
    split: Split = "utterance"

    def rows(self, kind: Unit) -> pd.DataFrame:
        """Return the sampled rows of one kind. Raises InfeasibleError if there are none."""
        rows = self.sample[self.sample["kind"] == kind]
        if rows.empty and kind == "word":  # the samples have two at least where the alignment has any
            raise InfeasibleError(
                f"{self.name}: the sample has no word rows, the alignment has phones only: align words too, "
                "or leave the analysis out"
            )
        if rows.empty:
            raise InfeasibleError(f"{self.name}: the sample has no {kind} rows: use more data")
        return rows

    def check_utterances(self) -> None:
        """Raise InfeasibleError where utterances are kept whole and are too few for the parts."""
        if self.protocol == "corrected":
            self.deal(self.units(self.rows("utterance")))

    def aligned(self) -> pd.DataFrame:
        """Return the alignment. Raises AnalysisError without one."""
        if self.intervals is None:
            raise AnalysisError(f"{self.name} needs the alignment: ask for the need `intervals` in its spec")
        return self.intervals

    def describe(self, rows: pd.DataFrame) -> NDArray[Any] | None:
        """Return what is given of sampled rows, (len(rows), dz), or None if nothing is.

        Raises InfeasibleError for something that is the same in all rows.
        """
        views = {name: given(self, rows) for name, given in self.given.items()}
        for name, view in views.items():
            if not np.ptp(view, axis=0).any():
                raise InfeasibleError(
                    f"{self.name}: `given: {name}` is the same in all {len(rows)} rows, so nothing can be "
                    "regressed out: leave it out, or use a more varied corpus"
                )
        return np.concatenate(list(views.values()), axis=1) if views else None

    def units(self, rows: pd.DataFrame) -> NDArray[Any]:
        """Return what parts keep whole: the utterance or speaker of each row."""
        return rows["utt_id" if self.options.split_by == "utterance" else "speaker"].to_numpy(str)

    def drawn(self, rows: pd.DataFrame) -> NDArray[Any]:
        """Return what intervals take as drawn: the speaker where there are ten, else the utterance."""
        many = rows["speaker"].nunique() >= MANY_SPEAKERS or self.options.split_by == "speaker"
        return rows["speaker" if many else "utt_id"].to_numpy(str)

    def deal(self, units: NDArray[Any], labels: NDArray[Any] | None = None) -> Index:
        """Return the parts of rows, (partitions, n): ``corrected`` keeps units whole, ``paper`` no two rows.

        Raises InfeasibleError, as the two below do, where the parts cannot be filled.
        """
        return self._deal(units if self.protocol == "corrected" else None, labels, len(units))

    def deal_rows(self, labels: NDArray[Any]) -> Index:
        """Return the parts of rows, which are dealt singly, stratified by label, in both protocols."""
        return self._deal(None, labels, len(labels))

    def deal_types(self, types: NDArray[Any], labels: NDArray[Any] | None = None) -> Index:
        """Return the parts of rows, all rows of a type in one part, in both protocols."""
        return self._deal(types, labels, len(types))

    def _deal(self, groups: NDArray[Any] | None, labels: NDArray[Any] | None, n: int) -> Index:
        many = self.options.partitions if self.protocol == "corrected" else 1
        try:
            return assign_partitions(
                n, groups=groups, labels=labels, parts=self.options.parts, partitions=many, seed=self.seed
            )
        except AnalysisError as error:
            raise InfeasibleError(f"{self.name}: {error}") from error


# What is given of sampled rows, (len(rows), dz): the code of a `GivenSpec`.
Given = Callable[[Request, pd.DataFrame], NDArray[Any]]


@dataclass(frozen=True)
class Analysis:
    """The code of an analysis; what config, planning and report need to know of it is in its spec.

    ``prepare`` makes the target ready for one model and sample set. ``permute``: the null permutes targets
    (labels) within units; else it shifts them in a circle (frames). ``score`` scores two views. ``own`` are
    the options that only this analysis has, the same class as in its spec.
    """

    prepare: Callable[[Request], PreparedTarget]
    permute: bool
    score: Callable[[ViewPair, Scoring], Scored] = score_pwcca
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
