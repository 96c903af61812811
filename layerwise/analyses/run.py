"""The layer-wise analyses by name, and how one is run over all layers of a model."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, NamedTuple

import pandas as pd
from threadpoolctl import threadpool_limits

from layerwise.analyses.base import Analysis, Protocol, Request, Scoring, SplitBy, ViewPair
from layerwise.analyses.intra import INTRA, INTRA_CONV
from layerwise.analyses.labels import PHONE, WORD
from layerwise.analyses.mel import MEL
from layerwise.analyses.results import SCORE_COLUMNS, SIMILARITY_COLUMNS
from layerwise.analyses.speaker import SPEAKER
from layerwise.analyses.vectors import vector_analysis
from layerwise.cca.crossval import Epsilons
from layerwise.cca.moments import NotFiniteError
from layerwise.errors import AnalysisError
from layerwise.features.source import FeatureSource, SegmentKind
from layerwise.layers import layer_index
from layerwise.measures.clusters import MI_PHONE, MI_WORD
from layerwise.seeds import derive_seed

ANALYSES: dict[str, Analysis] = {
    "cca-intra": INTRA,
    "cca-intra-conv": INTRA_CONV,
    "cca-mel": MEL,
    "cca-phone": PHONE,
    "cca-word": WORD,
    "cca-speaker": SPEAKER,
    "mi-phone": MI_PHONE,
    "mi-word": MI_WORD,
}
CLUSTERS = {"phone": 500, "word": 5000}  # as published


class LabelVectors(NamedTuple):
    """Vectors of words or phones (``read_vectors``) and what a part keeps whole (see ``vector_analysis``)."""

    table: pd.DataFrame
    unit: SegmentKind
    split: Literal["utterance", "type"] = "utterance"


def run_analysis(
    name: str,
    source: FeatureSource,
    sample: pd.DataFrame,
    sample_number: int = 0,
    *,
    logmel: FeatureSource | None = None,
    speakers: Mapping[str, str] | None = None,
    vectors: LabelVectors | None = None,
    protocol: Protocol = "corrected",
    split_by: SplitBy = "utterance",
    seed: int = 0,
    parts: int = 10,
    trials: int = 3,
    epsilons: Epsilons | None = None,
    bootstrap: int = 1000,
    clusters: Mapping[str, int] = CLUSTERS,
    cluster_seeds: int = 3,
    similarities: bool = False,
    threads: int = 1,
    device: str = "cpu",
) -> pd.DataFrame:
    """Score every layer of a model in one analysis and one sample set.

    ``name`` is a key of ANALYSES, or any name with ``vectors``, a table of vectors of words or phones;
    ``sample`` is samples/{sample_number}.parquet (kind, utt_id, speaker, label, segment); ``logmel`` is the
    store of the log-mel baseline; ``speakers`` maps utterances to speakers (for cca-speaker). Returns the
    columns SCORE_COLUMNS, one row per layer and trial, from the lowest layer upwards.

    ``corrected`` keeps utterances (or speakers) whole and pairs frames by their centres; ``paper`` shuffles
    single frames, stratifies segments by label, and scores with mode="paper". In both, intervals resample
    utterances (or speakers). The same seed gives all layers and models the same parts as far as their rows
    agree. View x is the layer and y the target, except in cca-intra and cca-intra-conv, where y is the layer.
    Mutual information uses ``clusters`` k-means clusters for phones and words, with ``cluster_seeds`` seeds.

    ``similarities`` adds SIMILARITY_COLUMNS (NaN for mutual information); ``device`` is where second moments
    are summed (cpu or cuda).
    ``threads`` layers are scored at a time, each with single-threaded BLAS, so that the numbers do not depend
    on it. Raises AnalysisError naming model, layer, cause and, where one row is to blame, what that row is.
    """
    if vectors is not None:
        analysis = vector_analysis(name, vectors.unit, vectors.split)
    elif name in ANALYSES:
        analysis = ANALYSES[name]
    else:
        raise AnalysisError(f"unknown analysis {name!r}; known: {', '.join(ANALYSES)}")
    request = Request(
        name=name,
        source=source,
        sample=sample,
        protocol=protocol,
        split_by=split_by,
        parts=parts,
        seed=derive_seed(seed, name, sample_number),
        logmel=logmel,
        speakers=speakers or {},
        vectors=None if vectors is None else vectors.table,
    )
    scoring = Scoring(
        protocol=protocol,
        permute=analysis.permute,
        trials=trials,
        epsilons=epsilons,
        seed=request.seed,
        bootstrap=bootstrap,
        clusters=clusters[analysis.unit] if analysis.clustered else 0,
        cluster_seeds=cluster_seeds,
        similarities=similarities,
        device=device,
    )
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
    columns = [*SCORE_COLUMNS, *(SIMILARITY_COLUMNS if similarities else ())]
    return pd.concat(tables, ignore_index=True).reindex(columns=columns)


def named_row(error: AnalysisError, views: ViewPair | None) -> str:
    """Say what the row that an error names is: an utterance and frame, or a segment; else nothing."""
    if isinstance(error, NotFiniteError) and views:
        return f" (that is {views.name_row(error.row)})"
    return ""
