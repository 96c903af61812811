"""One analysis over all layers of a model: what the jobs call."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pandas as pd
from threadpoolctl import threadpool_limits

from layerwise.analyses.base import Analysis, Request, Scoring, ViewPair
from layerwise.cca.moments import NotFiniteError
from layerwise.contracts.scores import SCORES
from layerwise.errors import AnalysisError
from layerwise.features.source import FeatureSource
from layerwise.layers import layer_index
from layerwise.options.protocol import Protocol
from layerwise.options.scoring import ScoringOptions
from layerwise.options.section import Section
from layerwise.seeds import derive_seed


@dataclass(frozen=True)
class Beside:
    """What some analyses need beside the features of the model.

    ``logmel`` is the store of the log-mel baseline; ``speakers`` maps utterances to speakers; ``vectors`` is
    a table of vectors of words or phones (``read_vectors``).
    """

    logmel: FeatureSource | None = None
    speakers: Mapping[str, str] = field(default_factory=dict)
    vectors: pd.DataFrame | None = None


def score_layers(
    analysis: Analysis,
    name: str,
    source: FeatureSource,
    sample: pd.DataFrame,
    sample_number: int,
    *,
    options: ScoringOptions,
    own: Section | None,
    beside: Beside,
    protocol: Protocol,
    seed: int,
    threads: int,
) -> pd.DataFrame:
    """Score every layer of a model in one analysis and one sample set: see ``run_analysis``."""
    stream = derive_seed(seed, name, sample_number)
    request = Request(
        name=name,
        source=source,
        sample=sample,
        protocol=protocol,
        options=options,
        seed=stream,
        own=own,
        logmel=beside.logmel,
        speakers=beside.speakers,
        vectors=beside.vectors,
    )
    scoring = Scoring(protocol, analysis.permute, options, stream, own)
    try:
        target = analysis.prepare(request)
    except AnalysisError as error:
        raise AnalysisError(f"{source.model}, sample {sample_number}: {error}") from error

    def score(layer: str) -> pd.DataFrame:
        views = None
        try:
            views = target.views(layer)
            scores = analysis.score(views, scoring)
        except AnalysisError as error:
            where = f"{source.model}, layer {layer}, {name}, sample {sample_number}"
            raise AnalysisError(f"{where}: {error}{named_row(error, views)}") from error
        return scores.assign(
            model=source.model,
            layer=layer,
            layer_index=layer_index(layer, source.layers),
            analysis=name,
            sample=sample_number,
        )

    layers = sorted(target.layers, key=lambda layer: layer_index(layer, source.layers))
    with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
        tables = list(pool.map(score, layers))
    columns = [*SCORES.required, *(SCORES.optional if options.similarities else ())]
    return pd.concat(tables, ignore_index=True).reindex(columns=columns)


def named_row(error: AnalysisError, views: ViewPair | None) -> str:
    """Say what the row that an error names is: an utterance and frame, or a segment; else nothing."""
    if isinstance(error, NotFiniteError) and views:
        return f" (that is {views.name_row(error.row)})"
    return ""
