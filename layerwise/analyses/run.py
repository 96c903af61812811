"""The layer-wise analyses by name."""

import pandas as pd

from layerwise.analyses.engine import Beside, score_layers
from layerwise.errors import AnalysisError
from layerwise.features.source import FeatureSource
from layerwise.options.protocol import Protocol
from layerwise.options.scoring import ScoringOptions
from layerwise.options.section import Section
from layerwise.options.vectors import VectorTarget
from layerwise.specs.analyses import vector_analysis
from layerwise.specs.code import load_object
from layerwise.specs.registry import registry
from layerwise.specs.spec import AnalysisSpec

NOTHING = Beside()
DEFAULTS = ScoringOptions()


def run_analysis(
    name: str,
    source: FeatureSource,
    sample: pd.DataFrame,
    sample_number: int = 0,
    *,
    options: ScoringOptions = DEFAULTS,
    own: Section | None = None,
    beside: Beside = NOTHING,
    protocol: Protocol = "corrected",
    seed: int = 0,
    threads: int = 1,
) -> pd.DataFrame:
    """Score every layer of a model in one analysis and one sample set.

    ``name`` is that of an analysis (`layerwise.specs.analyses`), or any name where ``own`` are
    a `VectorTarget` and ``beside`` holds vectors of words or phones; ``sample`` is
    samples/{sample_number}.parquet (kind, utt_id, speaker, label, segment). ``options`` say how it is scored
    in all analyses, ``own`` holds the options that only this one has (None: their defaults). Returns the
    columns of `contracts.scores.SCORES`, one row per layer and trial, from the lowest layer upwards.

    ``corrected`` keeps utterances (or speakers) whole and pairs frames by their centres; ``paper`` shuffles
    single frames, stratifies segments by label, and scores with mode="paper". In both, intervals resample
    utterances (or speakers). The same seed gives all layers and models the same parts as far as their rows
    agree. View x is the layer and y the target, except in cca-intra and cca-intra-conv, where y is the layer.

    With ``options.similarities`` there are mean_cca, svcca and cka too (NaN for mutual information).
    ``threads`` layers are scored at a time, each with single-threaded BLAS, so that the numbers do not depend
    on it. Raises AnalysisError naming model, layer, cause and, where one row is to blame, what that row is.
    """
    spec = _spec(name, own)
    return score_layers(
        load_object(spec.code),
        name,
        source,
        sample,
        sample_number,
        options=options,
        own=spec.options() if own is None and spec.options else own,
        beside=beside,
        protocol=protocol,
        seed=seed,
        threads=threads,
    )


def _spec(name: str, own: Section | None) -> AnalysisSpec:
    if isinstance(own, VectorTarget):
        return vector_analysis(name, own)
    known = registry().all(AnalysisSpec)
    if name not in known:
        raise AnalysisError(f"unknown analysis {name!r}; known: {', '.join(known)}")
    return known[name]
