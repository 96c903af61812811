"""The layer-wise analyses by name, and how one is run over all layers of a model."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
from threadpoolctl import threadpool_limits

from layerwise.cca.crossval import Epsilons, score_parts
from layerwise.cca.moments import NotFiniteError
from layerwise.cca.results import SCORE_COLUMNS, SIMILARITY_COLUMNS, layer_index
from layerwise.cca.targets.base import Analysis, Problem, Protocol, Request, SplitBy
from layerwise.cca.targets.intra import INTRA, INTRA_CONV
from layerwise.cca.targets.labels import PHONE, WORD
from layerwise.cca.targets.mel import MEL
from layerwise.errors import AnalysisError
from layerwise.features.source import FeatureSource
from layerwise.seeds import derive_seed

ANALYSES: dict[str, Analysis] = {
    "cca-intra": INTRA,
    "cca-intra-conv": INTRA_CONV,
    "cca-mel": MEL,
    "cca-phone": PHONE,
    "cca-word": WORD,
}


def run_analysis(
    name: str,
    source: FeatureSource,
    sample: pd.DataFrame,
    sample_number: int = 0,
    *,
    logmel: FeatureSource | None = None,
    speakers: Mapping[str, str] | None = None,
    protocol: Protocol = "corrected",
    split_by: SplitBy = "utterance",
    seed: int = 0,
    parts: int = 10,
    trials: int = 3,
    epsilons: Epsilons | None = None,
    bootstrap: int = 1000,
    similarities: bool = False,
    threads: int = 1,
    device: str = "cpu",
) -> pd.DataFrame:
    """Score every layer of a model in one analysis and one sample set.

    ``name`` is a key of ANALYSES; ``sample`` is samples/{sample_number}.parquet (kind, utt_id, speaker,
    label, segment); ``logmel`` is the store of the log-mel baseline. Returns the columns SCORE_COLUMNS, one
    row per layer and trial, from the lowest layer upwards.

    ``corrected`` keeps utterances (or speakers) whole and pairs frames by their centres; ``paper`` shuffles
    single frames, stratifies segments by label, and scores with mode="paper". In both, intervals resample
    utterances (or speakers). The same seed gives all layers and models the same parts as far as their rows
    agree. View x is the layer and y the target, except in cca-intra and cca-intra-conv, where y is the layer.

    ``similarities`` adds SIMILARITY_COLUMNS; ``device`` is where second moments are summed (cpu or cuda).
    ``threads`` layers are scored at a time, each with single-threaded BLAS, so that the numbers do not depend
    on it. Raises AnalysisError naming model, layer, cause and, where one row is to blame, what that row is.
    """
    if name not in ANALYSES:
        raise AnalysisError(f"unknown analysis {name!r}; known: {', '.join(ANALYSES)}")
    analysis = ANALYSES[name]
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
    )
    try:
        comparison = analysis.prepare(request)
    except AnalysisError as error:
        raise AnalysisError(f"{source.model}, sample {sample_number}: {error}") from error

    def score(layer: str) -> pd.DataFrame:
        problem = None
        try:
            problem = comparison.problem(layer)
            scores = score_parts(
                problem.x,
                problem.y,
                problem.part,
                resample=problem.units,
                permute=analysis.permute,
                trials=trials,
                epsilons=epsilons,
                mode=protocol,
                seed=request.seed,
                bootstrap=bootstrap,
                similarities=similarities,
                device=device,
            )
        except AnalysisError as error:
            where = f"{source.model}, layer {layer}, {name}, sample {sample_number}"
            raise AnalysisError(f"{where}: {error}{_named_row(error, problem)}") from error
        return scores.assign(
            model=source.model,
            layer=layer,
            layer_index=layer_index(layer, source.layers),
            analysis=name,
            sample=sample_number,
        )

    layers = sorted(comparison.layers, key=lambda layer: layer_index(layer, source.layers))
    with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
        tables = list(pool.map(score, layers))
    columns = [*SCORE_COLUMNS, *(SIMILARITY_COLUMNS if similarities else ())]
    return pd.concat(tables, ignore_index=True)[columns]


def _named_row(error: AnalysisError, problem: Problem | None) -> str:
    """Say what the row that an error names is: an utterance and frame, or a segment."""
    if isinstance(error, NotFiniteError) and problem:
        return f" (that is {problem.name_row(error.row)})"
    return ""
